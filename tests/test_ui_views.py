"""The other views of the page: library, conversations, money, two answers side by side."""

from __future__ import annotations

import ast
import re
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pdfs
import pytest

pytest.importorskip("streamlit")

from ledger_writer import reserve, settle
from test_ui_states import LEASE, Page

from kimiqa.cli import run
from kimiqa.document import Document
from kimiqa.ledger import Ledger
from kimiqa.plan import Started
from kimiqa.planner import block_tokens
from kimiqa.reading.parts import Page as Leaf
from kimiqa.settings import Settings, save_settings, saved_keys
from kimiqa.spreadsheet import calls_csv
from kimiqa.store import Store, Stored
from kimiqa.testing import KimiServer
from kimiqa.ui import quotes
from kimiqa.ui.engine import engine

QUESTION = "Who may terminate on written notice?"
UI = Path(__file__).resolve().parent.parent / "kimiqa" / "ui"


@pytest.fixture
def kimi(server: KimiServer, monkeypatch: pytest.MonkeyPatch) -> KimiServer:
    """The loopback server, with its key configured."""
    assert server.key
    monkeypatch.setenv("KIMIQA_BASE_URL", server.base_url)
    monkeypatch.setenv("KIMIQA_API_KEY", server.key)
    return server


@pytest.fixture
def asked(kimi: KimiServer, home: Path) -> Page:
    """A page with one answer of Kimi's to the lease."""
    return Page().upload(("lease.pdf", pdfs.make_pdf(LEASE))).ask(QUESTION)


def stock(home: Path, count: int) -> Store:
    """A library of synthetic rows."""
    store = Store(home)
    for n in range(count):
        pages = [Leaf(1, f"Contract {n} ends.", "text"), Leaf(2, "", "empty")]
        row = Stored(f"{n:064x}", f"contract {n:04}.pdf", "text/plain", 9, 2, False)
        store.save(row, pages, {"kimi_k3 splintr": (20, 5)})
    return store


def book(home: Path, amount: str, **changes: Any) -> None:
    with Ledger.open(home) as ledger:
        settle(ledger, reserve(ledger, "0.10", **changes), amount)


def view(page: Page, name: str) -> Page:
    return page.click(f"view-{name}")


def field(page: Page, label: str) -> Any:
    return next(each for each in page.at.text_input if each.label == label)


def ticks(page: Page) -> list[str]:
    """The names in the list, without their warnings."""
    found = [each.label for each in page.at.checkbox if (each.key or "").startswith("tick-")]
    return [label.partition(" :orange")[0] for label in found]


def tables(page: Page) -> str:
    return "\n".join(each.value for each in page.at.markdown if each.value.startswith("| "))


# Library ----------------------------------------------------------------------------------------


def test_an_empty_library_says_that_documents_stay(home: Path) -> None:
    page = view(Page(), "library")

    assert "Each document that you open stays until you delete it." in page.words
    assert page.url["v"] == "library" or page.url["v"] == ["library"]


def test_the_library_shows_pages_tokens_warnings_and_what_was_spent(home: Path) -> None:
    stock(home, 3)
    book(home, "0.25", documents=[(f"{1:064x}", "contract 0001.pdf")])

    page = view(Page(), "library")

    today = time.strftime("%Y-%m-%d")
    assert ticks(page) == ["contract 0002.pdf", "contract 0001.pdf", "contract 0000.pdf"]
    assert "2 pages · 47 tokens" in page.words  # 25 of its pages, 22 of what stands round them
    assert page.at.checkbox[0].label.endswith("orange-badge[1 page without text]")
    assert f"last asked {today} · spent $0.25" in page.words


def test_the_librarys_tokens_are_those_of_the_block(asked: Page) -> None:
    document = Document.stored(
        asked.url["d"][0] if isinstance(asked.url["d"], list) else asked.url["d"]
    )
    assert document is not None

    page = view(asked, "library")

    assert f"3 pages · {block_tokens(document, 'kimi-k3')} tokens" in page.words


def test_the_library_is_searched_and_ordered(home: Path) -> None:
    stock(home, 30)
    book(home, "0.25", documents=[(f"{7:064x}", "contract 0007.pdf")])
    page = view(Page(), "library")
    assert len(ticks(page)) == 20
    assert "30 documents" in page.words

    page.at.selectbox(key="library-order").set_value("spent").run()
    assert ticks(page)[0] == "contract 0007.pdf"
    field(page, "Search").set_value("CONTRACT 002").run()

    assert "11 of 30 documents" in page.words
    assert len(ticks(page)) == 11


def test_several_documents_go_into_one_question(home: Path) -> None:
    stock(home, 3)
    page = view(Page(), "library")

    page.at.checkbox(key=f"tick-{0:064x}").check().run()
    page.at.checkbox(key=f"tick-{2:064x}").check().run()
    page.click("ask-ticked")

    assert sorted(page.url["d"]) == [f"{0:064x}", f"{2:064x}"]
    assert "2 documents" in page.words
    assert page.at.text_area


def test_ticks_stay_while_the_list_is_searched(home: Path) -> None:
    stock(home, 3)
    page = view(Page(), "library")
    page.at.checkbox(key=f"tick-{0:064x}").check().run()

    field(page, "Search").set_value("0002").run()
    assert ticks(page) == ["contract 0002.pdf"]
    page.at.checkbox(key=f"tick-{2:064x}").check().run()

    assert any(each.label == "Ask about 2 documents" for each in page.at.button)


def test_deleting_asks_first_and_then_removes_bytes_text_counts_and_answers(
    asked: Page, home: Path
) -> None:
    document = next(iter(Store(home).documents())).id
    page = view(asked, "library")
    page.at.checkbox(key=f"tick-{document}").check().run()

    page.click("delete-ticked")
    assert "file, text and counts are removed" in page.words
    assert Store(home).find(document) is not None
    page.click("delete-yes")

    with Ledger.open(home) as ledger:
        assert ledger.conversations() == []
        assert len(ledger.calls()) == 1
    assert Store(home).documents() == []
    left = [path.read_bytes() for path in home.rglob("*") if path.is_file()]
    for trace in (b"written notice", document.encode()):
        assert all(trace not in each for each in left)
    assert "d" not in page.url
    assert not page.at.exception


def test_a_deletion_that_is_thought_over_deletes_nothing(home: Path) -> None:
    stock(home, 2)
    page = view(Page(), "library")
    page.at.checkbox(key=f"tick-{0:064x}").check().run()

    page.click("delete-ticked").click("delete-no")

    assert len(Store(home).documents()) == 2
    assert page.buttons("delete-yes") == []


def test_a_thousand_documents_are_listed_at_once(home: Path) -> None:
    stock(home, 1000)
    page = view(Page(), "library")
    began = time.perf_counter()

    page.at.run()

    assert time.perf_counter() - began < 1
    assert "1,000 documents" in page.words
    assert len(ticks(page)) == 20


# Conversations ----------------------------------------------------------------------------------


def test_conversations_are_named_after_their_first_question_until_they_get_a_name(
    asked: Page, home: Path
) -> None:
    page = view(asked, "conversations")
    talk = page.buttons("go-on-")[0]
    assert talk.label == QUESTION
    assert "lease.pdf · 1 question" in page.words

    page.click(f"renaming-{talk.key.removeprefix('go-on-')}")
    field(page, "Name").set_value("Notice")
    page.press("Save the name")

    assert page.buttons("go-on-")[0].label == "Notice"
    with Ledger.open(home) as ledger:
        assert ledger.conversations()[0].title == "Notice"


def test_naming_is_left_by_the_same_button_and_by_deleting(asked: Page) -> None:
    page = view(asked, "conversations")
    talk = page.buttons("go-on-")[0].key.removeprefix("go-on-")

    def naming() -> bool:
        return any(each.label == "Name" for each in page.at.text_input)

    for way_out in ("renaming", "forgetting"):
        page.click(f"renaming-{talk}")
        assert naming()
        page.click(f"{way_out}-{talk}")
        assert not naming()


def test_a_conversation_goes_on_where_it_ended(asked: Page) -> None:
    conversation = asked.url["c"]
    page = view(Page(), "conversations")

    page.click(page.buttons("go-on-")[0].key)

    assert page.url["c"] == conversation
    assert page.url["d"] == asked.url["d"]
    assert page.marks
    assert page.at.text_area[0].label == "Your next question"


def test_conversations_are_searched_by_their_answers(asked: Page) -> None:
    page = view(asked.click("new"), "conversations")

    field(page, "Search").set_value("six months").run()
    assert len(page.buttons("go-on-")) == 1
    field(page, "Search").set_value("no such words").run()

    assert page.buttons("go-on-") == []
    assert "0 of 1 conversation" in page.words


def test_a_conversation_is_deleted_after_a_word(asked: Page, home: Path) -> None:
    page = view(asked, "conversations")
    talk = page.buttons("go-on-")[0].key.removeprefix("go-on-")

    page.click(f"forgetting-{talk}")
    assert "Receipts stay in the ledger." in page.words
    page.click(f"forget-yes-{talk}")

    assert "No question was asked yet." in page.words
    with Ledger.open(home) as ledger:
        assert ledger.conversations() == []
        assert len(ledger.calls()) == 1


@pytest.mark.parametrize("by", ["conversation", "document"])
def test_of_what_is_deleted_no_answer_comes_back_by_its_url(asked: Page, by: str) -> None:
    page = asked.ask("What is the rent?")  # the first answer is in the engine's memory too
    before = Page(**page.url)
    assert before.marks
    if by == "conversation":
        page = view(page, "conversations").press("Delete").press("Delete for good")
    else:
        page = view(page, "library")
        page.at.checkbox(key=f"tick-{before.url['d']}").check().run()
        page.click("delete-ticked").click("delete-yes")

    for each in (Page(**before.url), before.reloaded()):
        assert QUESTION not in each.words
        assert "What is the rent?" not in each.words
        assert each.marks == []
    assert not engine().latest(before.url["c"])


def test_a_conversation_is_found_while_its_first_answer_is_on_its_way(
    kimi: KimiServer, home: Path
) -> None:
    kimi.tokens_per_second = 10  # it takes until it is stopped
    kimi.answer = "One word after another. " * 1_000
    page = Page().upload(("lease.pdf", pdfs.make_pdf(LEASE))).type(QUESTION).click("ask")
    job = engine().latest(page.url["c"])
    assert job is not None
    while not job.of(Started):
        assert not job.ended.wait(0.05)

    other = view(Page(), "conversations")
    assert "lease.pdf · being answered" in other.words
    other.press(QUESTION)

    assert other.url["c"] == page.url["c"]
    assert QUESTION in other.words
    job.stop()
    assert job.ended.wait(30)


def test_a_conversation_whose_document_is_gone_can_be_taken_along_still(
    asked: Page, home: Path
) -> None:
    Store(home).delete(Store(home).documents()[0].id)

    page = view(Page(), "conversations")

    assert "No longer here" in page.words
    assert page.buttons("go-on-")[0].disabled
    assert not Page(c=asked.url["c"]).at.exception


# Money ------------------------------------------------------------------------------------------


def test_the_books_say_when_nothing_was_spent(home: Path) -> None:
    page = view(Page(), "money")

    assert "Nothing was spent in the last thirty days." in page.words
    assert "Nothing was asked yet." in page.words
    assert "No quote has been tested by a receipt yet." in page.words


def test_what_was_free_is_the_same_nothing_in_every_sum(home: Path) -> None:
    page = Page().upload(("lease.pdf", pdfs.make_pdf(LEASE))).ask(QUESTION)
    page = view(page, "money")

    told = {each.label: str(each.value).replace("\\", "") for each in page.at.metric}
    assert {told[sum_] for sum_ in ("Today", "This month", "Since the beginning")} == {"$0.00"}
    assert "| lease.pdf | 1 | $0.00 |" in page.words
    assert "spent $0.00" in view(page, "library").words


def test_the_sums_are_what_is_known_and_name_what_is_not(home: Path) -> None:
    book(home, "0.25")
    with Ledger.open(home) as ledger:
        reserve(ledger, "0.40")

    page = view(Page(), "money")
    metrics = {each.label: each.value.replace("\\", "") for each in page.at.metric}

    assert metrics["Today"] == metrics["Since the beginning"] == "$0.25"
    assert "up to $0.40 more is not known" in page.words.replace("\\", "")


def test_the_books_sum_by_document_model_way_and_label(home: Path) -> None:
    save_settings(Settings(day_cap=Decimal("5")), home)
    book(home, "0.25", documents=[("1", "=lease $1 $2.pdf")], label="Smith")
    book(home, "0.50", model="kimi-k2.6", strategy="chunks")

    page = view(Page(), "money")
    metrics = {each.label: each.value.replace("\\", "") for each in page.at.metric}
    by_document = tables(page)

    assert metrics["Today"] == metrics["Since the beginning"] == "$0.75"
    assert "of $5.00" in page.words.replace("\\", "")
    assert r"| \=lease \$1 \$2.pdf | 1 | \$0.25 | 26% |" in by_document
    for kind, name in (("model", "kimi-k2.6"), ("strategy", "chunks"), ("label", "Smith")):
        page.at.selectbox(key="books-by").set_value(kind).run()
        assert name in tables(page)
    assert "of 2 receipts cost what was quoted" in page.words
    assert not page.at.exception


def test_the_page_shows_the_same_scores_as_the_terminal(
    asked: Page, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = view(asked, "money")
    run(["ledger", "--accuracy"])
    head, row, *_ = capsys.readouterr().out.splitlines()

    with Ledger.open(home) as ledger:
        (scores,) = ledger.scores()
    shown = scores.in_words()

    assert head.split()[:3] == ["model", "way", "effort"]
    assert " ".join(head.split()[3:]) == " ".join(shown)
    assert row.split()[3:] == list(shown.values())
    assert set(shown) == {name for figures in (quotes.FIRST, *quotes.MORE) for name in figures}
    for figures in (quotes.FIRST, *quotes.MORE):
        assert " | ".join(shown[name] for name in figures) in tables(page)


def test_the_files_of_the_books_hold_no_formula(home: Path) -> None:
    book(home, "0.25", documents=[("1", "=HYPERLINK(evil).pdf")])
    page = view(Page(), "money")

    with Ledger.open(home) as ledger:
        rows = calls_csv(ledger.calls()).splitlines()

    assert page.buttons("save-") == [] or page.at.get("download_button")
    assert "'=HYPERLINK(evil).pdf" in rows[1]


def test_the_break_even_of_the_open_document_is_said_in_words(asked: Page) -> None:
    page = view(asked, "money")

    assert "the whole document is cheaper than chunks" in page.words or (
        "Chunks stay cheaper" in page.words
    )
    assert not page.errors


# Under an answer --------------------------------------------------------------------------------


def test_an_answer_has_its_hindsight(asked: Page) -> None:
    assert "Used 2 of 3 pages; chunks would have cost $0.0" in asked.words


def test_a_free_answer_has_no_price_in_its_hindsight(home: Path) -> None:
    page = Page().upload(("lease.pdf", pdfs.make_pdf(LEASE))).ask(QUESTION)

    assert "of 3 pages." in page.words
    assert page.buttons("again-") == []


def test_an_answer_is_copied_and_saved_with_footnotes(asked: Page) -> None:
    asked.click("copy-0")

    copied = asked.at.code[0].value
    labels = [each.proto.label for each in asked.at.get("download_button")]

    assert "[^1]: lease.pdf, page 2: ✓ verified" in copied
    assert labels == ["Save as Markdown", "Save as HTML"]


def test_each_copy_is_opened_and_closed_alone_and_not_in_another_conversation(
    asked: Page,
) -> None:
    asked.ask("What is the rent?").click("copy-0").click("copy-1")
    assert [each.value.partition("\n")[0] for each in asked.at.code] == [
        f"# {QUESTION}",
        "# What is the rent?",
    ]

    assert len(asked.click("copy-0").at.code) == 1
    asked.click("new").ask(QUESTION)
    assert len(asked.at.code) == 0


def test_the_same_question_another_way_stands_beside_the_first_answer(
    kimi: KimiServer, asked: Page, home: Path
) -> None:
    asked.click("again-0")
    assert any(each.label.startswith("Ask again · about") for each in asked.at.button)
    asked.at.selectbox(key="again-way-0").set_value("chunks").run()

    asked.click("again-yes-0").settle()

    assert asked.url["v"] in ("compare", ["compare"])
    assert "Whole document · kimi-k3" in asked.words
    assert "Chosen chunks · kimi-k3" in asked.words
    assert "rests on 2 pages" in asked.words
    assert len(kimi.chats) == 2
    with Ledger.open(home) as ledger:
        assert sorted(each.turns for each in ledger.conversations()) == [1, 1]
        assert ledger.totals() == {"USD": kimi.billed}


def test_only_a_way_that_can_run_is_suggested_for_asking_again(
    kimi: KimiServer, home: Path
) -> None:
    clauses = (f"Clause {n}. The tenant pays instalment {n} in time." for n in range(25_000))
    page = Page().upload(("long.txt", "\n\n".join(clauses).encode()))
    next(each for each in page.at.selectbox if each.label == "Model").set_value("kimi-k2.6").run()
    page.click("way-chunks").ask("When is instalment 7 paid?")

    page.click("again-0")

    assert page.at.selectbox(key="again-way-0").value == "chunks"
    assert any(each.label.startswith("Ask again · about") for each in page.at.button)


def test_the_comparison_comes_back_by_its_url_and_from_the_conversation(asked: Page) -> None:
    asked.click("again-0").click("again-yes-0").settle()

    assert "Two answers" in asked.reloaded().words
    asked.click("back")
    assert asked.buttons("compare-0-1")
    asked.click("compare-0-1").click("go-on-second")

    assert asked.at.text_area[0].label == "Your next question"
    assert not asked.at.exception


def test_a_later_question_is_asked_again_with_what_was_said_before(
    kimi: KimiServer, asked: Page
) -> None:
    asked.ask("And when does the lease end?")

    asked.click("again-1").click("again-yes-1").settle()

    first, second = kimi.chats[-2:]
    assert QUESTION in str(second["messages"])
    assert len(second["messages"]) == len(first["messages"])
    assert "Two answers" in asked.words


def test_the_same_question_over_the_cap_is_asked_once_with_the_numbers(
    kimi: KimiServer, asked: Page
) -> None:
    asked.at.text_input(key="choice-cap").set_value("0.01").run()

    asked.click("again-0")
    assert "the cap per question is $0.01" in asked.words
    assert len(kimi.chats) == 1
    assert asked.at.button(key="again-yes-0").label.startswith("Ask all the same, at most")
    asked.click("again-yes-0").settle()

    assert len(kimi.chats) == 2
    assert "Two answers" in asked.words


def test_the_same_question_is_never_sent_at_a_price_that_was_not_shown(
    kimi: KimiServer, asked: Page
) -> None:
    asked.click("again-0")
    # As in the browser, where the side is drawn anew without the answers above it.
    asked.at.session_state["page"].choices.cap = "0.01"

    asked.click("again-yes-0").settle()

    assert len(kimi.chats) == 1
    assert "the cap per question is $0.01" in asked.words


def test_a_cap_of_the_day_holds_for_the_same_question_too(
    kimi: KimiServer, asked: Page, home: Path
) -> None:
    save_settings(Settings(day_cap=Decimal("0.01")), home)

    asked.click("again-0")

    assert "this day's cap is $0.01" in asked.words
    assert asked.buttons("again-yes") == []


def test_the_same_question_is_asked_of_the_pages_and_booked_as_is_chosen_now(
    kimi: KimiServer, asked: Page, home: Path
) -> None:
    asked.at.text_input(key="choice-pages").set_value("2").run()
    asked.at.session_state["page"].choices.label = "Smith & Sons"

    asked.click("again-0").click("again-yes-0").settle()

    sent = kimi.chats[-1]["messages"][1]["content"]
    assert LEASE[1] in sent
    assert LEASE[2] not in sent
    with Ledger.open(home) as ledger:
        assert {each.label for each in ledger.calls()} == {None, "Smith & Sons"}


# First start ------------------------------------------------------------------------------------


def test_the_first_start_offers_key_and_no_key_beside_the_documents(home: Path) -> None:
    page = Page()

    assert "Who shall answer?" in page.words
    assert page.at.file_uploader
    assert page.buttons("begin-free")


def test_beginning_without_a_key_is_asked_once(home: Path) -> None:
    page = Page().click("begin-free")

    assert "Who shall answer?" not in page.words
    assert "Who shall answer?" not in Page().words
    assert page.at.file_uploader


def test_another_endpoint_is_asked_for_by_its_url(home: Path) -> None:
    page = Page().click("begin-other")

    assert page.at.selectbox(key="preset-0").value == "other"
    assert field(page, "Base URL").value == ""


def test_a_document_begins_as_well(home: Path) -> None:
    Page().upload(("lease.pdf", pdfs.make_pdf(LEASE)))

    assert "Who shall answer?" not in Page().words


def test_with_a_key_in_the_environment_nothing_is_offered(kimi: KimiServer, home: Path) -> None:
    assert "Who shall answer?" not in Page().words


def test_the_first_key_is_kept_for_its_endpoint_and_leaves_the_page(home: Path) -> None:
    page = Page()
    page.at.selectbox(key="first-endpoint").set_value("lmstudio").run()
    field(page, "API key").set_value("sk-0123456789abcdefghij")

    page.press("Save and test")

    assert [key.reveal() for key in saved_keys(home).values()] == ["sk-0123456789abcdefghij"]
    assert "Who shall answer?" not in page.words
    assert "sk-0123456789abcdefghij" not in f"{page.words}{page.at.session_state}"
    assert ":red[✗] The endpoint answers" in page.words or page.errors


# Every string can be translated -----------------------------------------------------------------

_SHOWING = {
    "button", "caption", "checkbox", "code", "download_button", "error", "expander", "header",
    "info", "markdown", "metric", "popover", "progress", "segmented_control", "selectbox",
    "slider", "subheader", "success", "text", "text_area", "text_input", "title", "toggle",
    "warning", "form_submit_button", "file_uploader", "radio", "multiselect", "toast", "spinner",
    "vega_lite_chart", "image", "countdown", "skeleton",
}  # fmt: skip
_WORDED = ("placeholder", "help", "label", "text", "alt", "body", "value", "over")
_NAMES = {"kimiqa", "warmth"}


def _untranslated(tree: ast.AST) -> list[str]:
    """What is shown without going through gettext."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    shown = [
        argument
        for call in calls
        if isinstance(call.func, ast.Attribute) and call.func.attr in _SHOWING
        if ast.unparse(call.func.value) != "log"
        for argument in [*call.args[:2], *_named(call, *_WORDED)]
    ]
    return [text for argument in shown for text in _literals(argument) if _is_words(text)]


def _named(call: ast.Call, *names: str) -> list[ast.expr]:
    return [each.value for each in call.keywords if each.arg in names]


def _literals(node: ast.expr) -> list[str]:
    """The literal words of an argument, those inside of a call of a function aside."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.JoinedStr):
        return [text for part in node.values for text in _literals(part)]
    if isinstance(node, ast.IfExp):
        return _literals(node.body) + _literals(node.orelse)
    return []


def _is_words(text: str) -> bool:
    bare = re.sub(r"(:[a-z]+)?-badge\[|:material/\w+:|:[a-z-]+\[|~/\S+", "", text)
    return text not in _NAMES and re.search(r"[^\W\d_]{2,}", bare) is not None


@pytest.mark.parametrize("path", sorted(UI.glob("*.py")), ids=lambda path: path.name)
def test_every_string_that_is_shown_goes_through_gettext(path: Path) -> None:
    assert _untranslated(ast.parse(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("path", sorted(UI.glob("*.py")), ids=lambda path: path.name)
def test_a_module_of_the_page_stays_small(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 250


def test_the_rule_for_strings_finds_what_breaks_it() -> None:
    code = 'st.button("Ask me"); st.caption(f"{n} pages"); st.title(_("Fine")); st.text("·")'

    assert _untranslated(ast.parse(code)) == ["Ask me", " pages"]

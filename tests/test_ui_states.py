"""The page's states, one by one: what a person sees, and that nothing else is there."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pdfs
import pytest
from asking import price_book, report
from ledger_writer import reserve

pytest.importorskip("streamlit")

from streamlit.testing.v1 import AppTest

from kimiqa.document import Document
from kimiqa.ledger import Ledger
from kimiqa.planner import block_tokens
from kimiqa.settings import Settings, load_settings, save_settings, saved_keys
from kimiqa.testing import KimiServer
from kimiqa.ui.engine import engine
from kimiqa.ui.state import State

APP = Path(__file__).resolve().parent.parent / "app.py"
LEASE = (
    "The lease begins on 1 May 2026 and ends on 30 April 2031.",
    "Either party may terminate on six months' written notice to the other.",
    "The rent is 1,200 dollars and is paid on the first day of each month.",
)

WRITTEN = (
    "title", "header", "subheader", "markdown", "caption", "text", "error", "warning", "info",
    "success",
)  # fmt: skip
_UNDRESSED = str.maketrans("", "", "\\*\u2060")


class Page:
    """The page as a person meets it."""

    def __init__(self, **query: Any) -> None:
        self.at = AppTest.from_file(str(APP), default_timeout=30)
        for name, value in query.items():
            self.at.query_params[name] = value
        self.at.run()

    def settle(self) -> Page:
        """Let the engine's work end, as a person would wait for it."""
        for _ in range(3):
            for job in list(engine()._jobs.values()):
                assert job.ended.wait(30)
            self.at.run()
        return self

    def upload(self, *files: tuple[str, bytes]) -> Page:
        if not self.at.file_uploader:
            self.unfold("add-documents")
        self.at.file_uploader[0].set_value(
            [(name, content, "application/octet-stream") for name, content in files]
        ).run()
        return self.settle()

    def type(self, question: str) -> Page:
        self.at.text_area[0].set_value(question).run()
        return self

    def click(self, key: str) -> Page:
        self.at.button(key=key).click().run()
        return self

    def press(self, label: str) -> Page:
        next(each for each in self.at.button if each.label == label).click().run()
        return self

    def ask(self, question: str) -> Page:
        return self.type(question).click("ask").settle()

    @property
    def words(self) -> str:
        """Everything that is written on the page."""
        shown = [str(each.value) for kind in WRITTEN for each in getattr(self.at, kind)]
        labels = [each.label for kind in ("expander", "metric") for each in getattr(self.at, kind)]
        prices = [str(each.value) for each in self.at.metric]
        return "\n".join(shown + labels + prices).translate(_UNDRESSED)

    @property
    def errors(self) -> str:
        return "\n".join(each.value for each in self.at.error).replace("\\", "")

    def buttons(self, prefix: str) -> list[Any]:
        return [each for each in self.at.button if (each.key or "").startswith(prefix)]

    def unfold(self, key: str) -> Page:
        """Open an expander, as a click on it does."""
        self.at.session_state[key] = True
        self.at.run()
        return self

    def fold(self, key: str) -> Page:
        """Close it again."""
        self.at.session_state[key] = False
        self.at.run()
        return self

    def how_it_is_read(self) -> Page:
        """Open what is told of the first document's reading."""
        state: State = self.at.session_state["page"]
        return self.unfold(f"reading-{state.documents[0]}")

    def open_mark(self, turn: int, number: int) -> Page:
        """Open a citation's page, as the browser does at a click on its mark."""
        state: State = self.at.session_state["page"]
        state.cited[turn] = number
        self.at.run()
        return self

    @property
    def marks(self) -> list[str]:
        """The marks of the citations in the answers, each as it is shown."""
        return [
            mark.replace("\\", "")
            for each in self.at.markdown
            for mark in re.findall(r"-badge\[([^]]*)\]\]\(#cite-", each.value)
        ]

    @property
    def url(self) -> dict[str, Any]:
        return dict(self.at.query_params)

    def reloaded(self) -> Page:
        return Page(**self.url)


@pytest.fixture
def lease(home: Path) -> Page:
    return Page().upload(("lease.pdf", pdfs.make_pdf(LEASE)))


@pytest.fixture
def kimi(server: KimiServer, monkeypatch: pytest.MonkeyPatch) -> KimiServer:
    """The loopback server, with its key configured."""
    assert server.key
    monkeypatch.setenv("KIMIQA_BASE_URL", server.base_url)
    monkeypatch.setenv("KIMIQA_API_KEY", server.key)
    return server


# Opening ----------------------------------------------------------------------------------------


def test_an_empty_page_says_what_to_do_first(home: Path) -> None:
    page = Page()

    assert "Ask a long document" in page.words
    assert page.buttons("sample")
    assert not page.at.exception


def test_the_sample_opens_with_one_click(home: Path) -> None:
    page = Page().click("sample").settle()

    sample = Document.stored(page.url["d"])
    assert sample is not None
    assert f"50 pages · {block_tokens(sample, 'kimi-k3'):,} tokens" in page.words


def test_a_document_shows_its_pages_and_its_tokens(lease: Page) -> None:
    document = Document.stored(lease.url["d"])

    assert document is not None
    assert f"3 pages · {block_tokens(document, 'kimi-k3'):,} tokens" in lease.words
    assert len(lease.unfold("add-documents").at.file_uploader[0].value or ()) == 0


def test_pages_without_text_are_listed(home: Path) -> None:
    page = Page().upload(("gaps.pdf", pdfs.make_pdf([LEASE[0], "", LEASE[1], ""])))

    assert "2 pages without text" in page.words
    assert "empty: 2, 4" in page.words


def test_a_refused_file_says_why_and_the_others_go_on(home: Path) -> None:
    page = Page().upload(("notes.txt", b"One line of notes."), ("a.pdf", b"MZ\x90\x00" + bytes(99)))

    assert "a.pdf was not opened." in page.words
    assert "not a document that kimiqa reads" in page.words
    assert "notes.txt" in page.words
    assert not page.at.exception


def test_an_empty_file_is_named_as_empty(home: Path) -> None:
    page = Page().upload(("nothing.pdf", b""))

    assert "nothing.pdf is empty: it has 0 bytes." in page.words


def test_a_protected_file_asks_for_its_password_in_place(home: Path) -> None:
    page = Page().upload(("secret.pdf", pdfs.make_encrypted_pdf(LEASE, "open sesame")))
    assert "secret.pdf is protected by a password." in page.words

    _enter(page, "wrong")
    assert "That password does not open it." in page.words
    _enter(page, "open sesame")

    assert "3 pages" in page.words
    assert "open sesame" not in page.words


def _enter(page: Page, password: str) -> None:
    field = next(each for each in page.at.text_input if each.label == "Password")
    field.set_value(password)
    form = next(each for each in page.at.button if "password-" in (each.key or ""))
    form.click().run()
    page.settle()


def test_a_scan_is_not_priced_as_if_it_could_be_read(home: Path) -> None:
    page = Page().upload(("scan.pdf", pdfs.make_image_pdf(2)))

    assert "There is no text on the pages asked for in scan.pdf" in page.words
    assert "Read them by OCR, send them as pictures, have Kimi extract the text" in page.words
    assert page.buttons("ask") == []


def test_a_path_on_this_computer_opens(home: Path, samples: Path) -> None:
    page = Page()
    page.at.text_input[0].set_value(str(samples / "lease.md"))
    page.press("Open").settle()

    assert "lease.md" in page.words


def test_a_path_that_leads_nowhere_says_so(home: Path) -> None:
    page = Page()
    page.at.text_input[0].set_value("/no/such/lease.pdf")
    page.press("Open").settle()

    assert "lease.pdf does not exist or may not be read." in page.words


# Prices -----------------------------------------------------------------------------------------


def test_without_a_key_kimi_is_priced_beside_the_free_quotes(lease: Page) -> None:
    prices = {
        each.label.replace("\\", ""): each.value.replace("\\", "") for each in lease.at.metric
    }

    assert prices["Quotes by word match"] == "free"
    assert prices["Whole document · kimi-k3"].startswith("$0.")
    assert "There is no key yet" in lease.words
    assert lease.buttons("add-key")


def test_prices_stand_before_anything_is_typed(lease: Page) -> None:
    assert "Prices are for a question of ordinary length" in lease.words
    assert "at most $" in lease.words


def test_choosing_pages_prices_anew(home: Path) -> None:
    page = Page().click("sample").settle()
    before = page.words

    next(each for each in page.at.text_input if each.label == "Pages").set_value("1-5").run()

    assert "50 of 50 pages" in before
    assert "5 of 50 pages" in page.words


def test_pages_that_cannot_be_read_are_a_sentence(lease: Page) -> None:
    next(each for each in lease.at.text_input if each.label == "Pages").set_value("9-1").run()

    assert "run backwards" in lease.errors


def test_asking_kimi_without_a_key_is_not_offered(lease: Page) -> None:
    lease.type("Who may terminate?").click("way-full")

    assert lease.at.button(key="ask").disabled
    assert "Asking Kimi needs a key; its price needs none." in lease.words


# Answers ----------------------------------------------------------------------------------------


def test_the_embedded_endpoint_quotes_with_checked_pages(lease: Page) -> None:
    lease.ask("Who may terminate on written notice?")

    assert "no language model was asked" in lease.words
    assert lease.marks[0] == "✓ D1 p. 2"
    assert "Verified: these words stand on this page" in lease.words
    assert "3 of 3 pages · free" in lease.words
    assert len(lease.at.image) == 1


def test_a_text_document_shows_its_words_marked(home: Path) -> None:
    page = Page().upload(("lease.txt", "\f".join(LEASE).encode()))

    page.ask("Who may terminate on written notice?")

    assert ":orange-background[Either party may terminate" in page.words


def test_an_answer_of_kimi_has_its_thinking_proof_and_receipt(kimi: KimiServer, home: Path) -> None:
    page = Page().upload(("lease.pdf", pdfs.make_pdf(LEASE)))

    page.ask("Who may terminate on written notice?").unfold("receipt-0")

    assert len(kimi.chats) == 1
    assert any(each.label.startswith("Thinking ·") for each in page.at.expander)
    assert page.marks
    assert "quoted $0.0" in page.words
    assert "settled by the endpoint's own count" in page.words
    with Ledger.open(home) as ledger:
        assert ledger.totals() == {"USD": kimi.billed}


def test_a_citation_of_no_page_says_how_many_there_are(kimi: KimiServer, home: Path) -> None:
    kimi.answer = "It ends in May [D1 p. 7]."

    page = Page().upload(("note.txt", b"The lease ends in May.")).ask("When does it end?")

    assert page.marks == ["✗ D1 p. 7"]
    assert "note.txt: it has 1 page." in page.words


def test_a_second_question_goes_on_and_shows_the_warm_cache(kimi: KimiServer, home: Path) -> None:
    page = Page().click("sample").settle()

    page.ask("Where do configuration files live?")
    assert "while warm" in page.words
    page.ask("And where do logs live?")

    first, second = kimi.chats
    assert len(second["messages"]) == len(first["messages"]) + 2
    assert len(page.buttons("receipt")) == 0
    assert len([each for each in page.at.markdown if "And where do logs" in each.value]) == 1


def test_a_hostile_answer_shows_as_words(kimi: KimiServer, home: Path) -> None:
    kimi.answer = (
        "It costs $5 and $6. ![x](http://evil.test/a.png) [here](http://evil.test/b) "
        "<img src=http://evil.test/c> :red[alarm] **bold**"
    )
    page = Page().upload(("lease.pdf", pdfs.make_pdf(LEASE)))

    page.ask("What does it cost?")

    shown = next(each.value for each in page.at.markdown if "It costs" in each.value)
    assert r"\$5 and \$6" in shown
    assert "](http" not in shown
    assert "<img" not in shown.replace(r"\<img", "")
    assert r"\:red\[alarm\]" in shown
    assert "**bold**" in shown


def test_a_name_cannot_dress_up_as_markup(home: Path) -> None:
    page = Page().upload(("![a](http://x.test) $1 $2.pdf", pdfs.make_pdf(LEASE)))

    assert all("](" not in each.value for each in [*page.at.header, *page.at.markdown])


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [("quota", "quota"), ("html_200", "not"), ("permission_denied", "403")],
)
def test_what_the_endpoint_refuses_is_a_sentence(
    kimi: KimiServer, home: Path, fault: str, sentence: str
) -> None:
    kimi.fault(fault)
    page = Page().upload(("lease.pdf", pdfs.make_pdf(LEASE)))

    page.ask("Who may terminate?")

    assert page.errors
    assert "Traceback" not in page.words
    assert str(kimi.key) not in page.words
    assert page.buttons("again-")


def test_asking_again_is_a_decision_and_keeps_the_question(kimi: KimiServer, home: Path) -> None:
    kimi.fault("quota")
    page = Page().upload(("lease.pdf", pdfs.make_pdf(LEASE))).ask("Who may terminate?")

    page.click(page.buttons("again-")[0].key)

    assert page.at.text_area[0].value == "Who may terminate?"
    assert len(kimi.chats) == 1


def test_a_reply_that_was_cut_says_so_beside_its_receipt(kimi: KimiServer, home: Path) -> None:
    kimi.fault("stream_eof")
    page = Page().upload(("lease.pdf", pdfs.make_pdf(LEASE)))

    page.ask("Who may terminate on written notice?")

    assert any("may be incomplete" in each.value for each in page.at.warning)


# Money ------------------------------------------------------------------------------------------


def test_over_the_cap_a_person_is_asked_once_with_the_numbers(kimi: KimiServer, home: Path) -> None:
    save_settings(Settings(max_cost=Decimal("0.01")), home)
    page = Page().upload(("lease.pdf", pdfs.make_pdf(LEASE)))

    page.ask("Who may terminate on written notice?")
    assert "the cap per question is $0.01" in page.words
    assert kimi.chats == []
    page.click("over-cap-yes").settle()

    assert len(kimi.chats) == 1
    assert page.marks


def test_a_cap_is_told_once_above_the_cards_that_are_over_it(kimi: KimiServer, home: Path) -> None:
    save_settings(Settings(max_cost=Decimal("0.01")), home)
    page = Page().upload(("lease.pdf", pdfs.make_pdf(LEASE))).type("Who may terminate?")

    assert page.words.count("The cap per question is $0.01.") == 1
    assert page.words.count("Over the cap") == len(page.buttons("way-")) > 2
    assert "This question may cost" not in page.words
    assert " USD" not in page.words


def test_of_ways_that_are_all_over_the_cap_the_one_that_asking_takes_is_marked(
    kimi: KimiServer, home: Path
) -> None:
    save_settings(Settings(max_cost=Decimal("0.01")), home)
    page = Page().upload(("lease.pdf", pdfs.make_pdf(LEASE))).ask("Who may terminate?")
    chosen = [each.key for each in page.buttons("way-") if each.label.startswith("Chosen")]

    page.click("over-cap-yes").settle()

    page.unfold("receipt-0")
    assert chosen == ["way-full"]
    assert "Whole document · kimi-k3" in [each.value for each in page.at.caption]
    assert page.buttons("unfold")  # the others are folded away behind it


def test_a_swarm_larger_than_the_window_is_over_the_cap_alone(kimi: KimiServer, home: Path) -> None:
    row = {"context_window": 20_000, "prompt": "3.00", "completion": "15.00"}
    price_book(home, small=row)
    save_settings(Settings(model="small", max_cost=Decimal("0.05")), home)
    pages = [each.text for each in report(90).pages]

    page = Page().upload(("report.pdf", pdfs.make_pdf(pages)))

    assert page.at.button(key="way-full").disabled
    assert not page.at.button(key="way-swarm").disabled


def test_what_is_not_agreed_to_is_not_sent(kimi: KimiServer, home: Path) -> None:
    save_settings(Settings(max_cost=Decimal("0.01")), home)
    page = Page().upload(("lease.pdf", pdfs.make_pdf(LEASE))).ask("Who may terminate?")

    page.click("over-cap-no").settle()

    assert kimi.chats == []
    assert page.buttons("over-cap") == []
    assert page.at.text_area[0].value == "Who may terminate?"


def test_a_cap_of_the_day_cannot_be_lifted_on_the_page(kimi: KimiServer, home: Path) -> None:
    save_settings(Settings(day_cap=Decimal("0.01")), home)
    page = Page().upload(("lease.pdf", pdfs.make_pdf(LEASE)))

    page.ask("Who may terminate?")

    assert "this day's cap is $0.01" in page.words
    assert page.buttons("over-cap") == []
    assert kimi.chats == []


def test_above_the_threshold_a_person_is_asked_first(kimi: KimiServer, home: Path) -> None:
    save_settings(Settings(confirm_above=Decimal("0.001")), home)
    page = Page().upload(("lease.pdf", pdfs.make_pdf(LEASE))).ask("Who may terminate?")
    assert "above the threshold" in page.words
    assert kimi.chats == []

    page.click("over-cap-yes").settle()

    assert len(kimi.chats) == 1


def test_what_may_come_on_top_of_what_was_spent_is_told_beside_it(home: Path) -> None:
    with Ledger.open(home) as ledger:
        ledger.unknown(reserve(ledger, "0.101"), "no reply")

    page = Page().click("sample").settle()

    assert "Today: $0.00 · up to $0.11 more is not known" in page.words


def test_what_was_spent_stands_at_the_side(kimi: KimiServer, home: Path) -> None:
    save_settings(Settings(day_cap=Decimal("5.00")), home)
    page = Page().click("sample").settle()

    page.ask("Where do configuration files live?")

    assert "Today: $0.0" in page.words
    assert "of $5.00" in page.words
    assert "Today: $0.00 " not in page.words


# Nothing is lost --------------------------------------------------------------------------------


def test_a_reload_keeps_documents_answers_and_the_draft(lease: Page) -> None:
    lease.ask("Who may terminate on written notice?").type("And when does it")

    again = lease.reloaded()

    assert "lease.pdf" in again.words
    assert "Who may terminate on written notice?" in again.words
    assert again.marks
    assert again.at.text_area[0].value == "And when does it"


def test_a_second_tab_sees_the_running_answer_and_can_stop_it(kimi: KimiServer, home: Path) -> None:
    kimi.latency = 20
    page = Page().upload(("lease.pdf", pdfs.make_pdf(LEASE)))
    page.type("Who may terminate?").click("ask")

    other = page.reloaded()
    assert other.buttons("ask") == []
    other.click("stop").settle()

    assert "Stopped." in other.words
    with Ledger.open(home) as ledger:
        assert [call.state for call in ledger.calls()] != ["reserved"]


def test_a_document_read_before_opens_again_without_its_file(lease: Page) -> None:
    fresh = Page()

    fresh.click(f"open-{lease.url['d']}")

    assert "3 pages" in fresh.words
    assert fresh.buttons("ask")


def test_a_deleted_document_is_gone_from_the_disk(lease: Page, home: Path) -> None:
    Page().click(f"leave-{lease.url['d']}").click(f"delete-{lease.url['d']}")

    assert Document.stored(lease.url["d"]) is None
    assert not list(home.rglob("source"))


def test_a_new_conversation_begins_over_the_same_documents(lease: Page) -> None:
    lease.ask("Who may terminate on written notice?")
    before = lease.url["c"]

    lease.click("new")

    assert lease.url["c"] != before
    assert lease.marks == []
    assert "lease.pdf" in lease.words


def test_an_unknown_id_in_the_url_is_a_sentence(home: Path) -> None:
    page = Page(d="0" * 64, c="../../etc")

    assert "It is no longer here." in page.words
    assert not page.at.exception


# Settings ---------------------------------------------------------------------------------------


def _settings(page: Page) -> Page:
    return page.click("settings")


def _fill(page: Page, **values: str) -> None:
    for label, value in values.items():
        wanted = label.replace("_", " ")
        next(each for each in page.at.text_input if each.label == wanted).set_value(value)


def test_a_key_is_saved_for_its_host_and_never_shown_again(home: Path, server: KimiServer) -> None:
    server.key = "sk-0123456789abcdefghij"
    page = _settings(Page())
    page.at.selectbox(key="preset-0").set_value("other").run()

    _fill(page, Base_URL=server.base_url, API_key=server.key, Model="kimi-k3")
    page.press("Save and test")

    assert [key.reveal() for key in saved_keys(home).values()] == [server.key]
    assert "The key is accepted" in page.words
    assert "sk-…ghij" in page.words
    everything = f"{page.words}{page.at.session_state}"
    assert server.key not in everything
    assert all(server.key not in str(each.value) for each in page.at.text_input)


def test_an_endpoint_of_ones_own_is_shown_as_one_once_it_is_saved(
    home: Path, server: KimiServer
) -> None:
    page = _settings(Page())  # the form of the first provider

    _fill(page, Base_URL=server.base_url, API_key="sk-0123456789abcdefghij")
    page.press("Save")

    assert page.at.selectbox(key="preset-1").value == "other"
    assert "Key saved: sk-…ghij" in page.words
    assert page.buttons("forget-key")


def test_what_an_endpoints_test_cost_is_told_like_every_price(kimi: KimiServer) -> None:
    page = _settings(Page()).click("try-endpoint").settle()

    assert re.search(r"It cost \$0\.\d+ \(settled\), quoted \$0\.\d+ – 0\.\d+\.", page.words)


def test_a_wrong_key_is_named_as_such(home: Path, server: KimiServer) -> None:
    page = _settings(Page())
    page.at.selectbox(key="preset-0").set_value("other").run()

    _fill(page, Base_URL=server.base_url, API_key="sk-wrong-wrong-wrong", Model="kimi-k3")
    page.press("Save and test")

    assert ":red[✗] The key is accepted" in page.words
    assert "Whether it offers kimi-k3 is not known" in page.words
    assert page.errors


def test_a_url_that_is_none_is_refused_before_anything_is_saved(home: Path) -> None:
    page = _settings(Page())
    page.at.selectbox(key="preset-0").set_value("other").run()

    _fill(page, Base_URL="http://example.com/v1", API_key="sk-some-key")
    page.press("Save")

    assert "unencrypted" in page.errors
    assert saved_keys(home) == {}


def test_caps_are_saved(home: Path) -> None:
    page = _settings(Page())

    _fill(page, **{"Per_day_(USD)": "5.00"})
    page.press("Save caps")

    assert load_settings(home).day_cap == Decimal("5.00")


def test_the_settings_tell_the_caps_in_other_currencies_and_keep_them(home: Path) -> None:
    (home / "settings.toml").write_text('[caps.CNY]\nday = "70.00"\n')
    page = _settings(Page())

    assert "15.00 CNY a question, 70.00 CNY a day" in page.words
    _fill(page, **{"Per_day_(USD)": "5.00"})
    page.press("Save caps")

    assert load_settings(home).caps == {"CNY": {"day": Decimal("70.00")}}


def test_a_cap_that_is_no_amount_is_refused(home: Path) -> None:
    page = _settings(Page())

    _fill(page, **{"Per_day_(USD)": "five"})
    page.press("Save caps")

    assert "is not an amount of money" in page.errors
    assert load_settings(home).day_cap is None

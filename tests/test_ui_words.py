"""A second language: a catalogue in a folder is found, shown, and counts as its grammar does."""

from __future__ import annotations

import ast
import re
import struct
from collections.abc import Mapping
from pathlib import Path

import pdfs
import pytest

pytest.importorskip("streamlit")

from decimal import Decimal

from test_ui_states import LEASE, Page, kimi

from kimiqa.document import Document
from kimiqa.errors import NotADocumentError
from kimiqa.personal.identities import IDENTITIES
from kimiqa.personal.looking import in_words
from kimiqa.plurals import counted as counted_by_library
from kimiqa.saying import NOTHING, joined, say, say_of
from kimiqa.settings import Settings, save_settings
from kimiqa.testing import KimiServer
from kimiqa.ui import intake
from kimiqa.ui.calm import sentence
from kimiqa.ui.sayings import sayings
from kimiqa.ui.state import Refused
from kimiqa.ui.strings import collected, everything, template
from kimiqa.ui.text import escape, for_readers
from kimiqa.ui.words import _, counted, in_this_language, recalled, spoken, told

__all__ = ["kimi"]

UI = Path(__file__).resolve().parent.parent / "kimiqa" / "ui"
PLURALS = "nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);"
POLISH = {
    "": f"Content-Type: text/plain; charset=UTF-8\nPlural-Forms: {PLURALS}\n",
    "Ask a long document": "Zapytaj długi dokument",
    "Try a sample": "Wypróbuj przykład",
    "page\0pages": "strona\0strony\0stron",
    "{number:,} {noun}": "{number:,} {noun}",
    "Nothing was sent.": "Nic nie wysłano.",
    "{name} has {pages}.": "{pages} ma {name}.",
    "{number:,} file was read\0{number:,} files were read": "odczytano {number:,} plik\0"
    "odczytano {number:,} pliki\0odczytano {number:,} plików",
    "There is no document {name}; there are {documents}.": "Nie ma {dokumentu}.",
    "This question may cost up to {ceiling}; this day's cap is {limit}, of "
    "which {used} are spent or reserved, so {left} are left.": "Zostało {left} "
    "z {limit}; to pytanie może kosztować {ceiling}.",
    "Wait for the next day, raise its cap in the settings, or choose a cheaper way.": "Poczekaj "
    "do jutra.",
    "{name} begins like a PDF, but neither of 2 engines can open it: it is damaged or cut off.": (
        "Żaden z 2 silników nie otworzył {name}."
    ),
    "Download or export it again.": "Pobierz ponownie.",
    "It holds {found}.": "Są tu: {found}.",
    "{count:,} {what} (p. {pages})": "{count:,} {what} (s. {pages})",
    "e-mail address\0e-mail addresses": "adres\0adresy\0adresów",
    "token\0tokens": "token\0tokeny\0tokenów",
    "full: the only page has only {tokens}\0full: all {number:,} pages are only {tokens}": (
        "jedna strona, {tokens}\0tylko {number:,} strony, {tokens}\0{number:,} stron, {tokens}"
    ),
    "read by pypdf: where its words stand on the page is not known": "czyta pypdf",
    "{document}, {place}: {shape} {state}.": "{shape} {document}, {place}: {state}.",
    "page {page:,}": "strona {page:,}",
    "verified: these words stand there": "potwierdzone",
    "not verified": "niepotwierdzone",
    "It holds no file that kimiqa reads.": "Nie ma tu nic do czytania.",
    "Note:": "Uwaga:",
    "free, no language model was asked": "za darmo",
}


def catalogue(words: Mapping[str, str]) -> bytes:
    """A compiled catalogue, as `msgfmt` makes it of translations."""
    rows = [(key.encode(), words[key].encode()) for key in sorted(words)]
    start = 28 + 16 * len(rows)
    tables, texts = [b"", b""], b""
    for column in (0, 1):
        for row in rows:
            tables[column] += struct.pack("<2I", len(row[column]), start + len(texts))
            texts += row[column] + b"\0"
    head = struct.pack("<7I", 0x950412DE, 0, len(rows), 28, 28 + 8 * len(rows), 0, start)
    return head + tables[0] + tables[1] + texts


def install(home: Path, language: str, words: Mapping[str, str]) -> None:
    folder = home / "locale" / language / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "kimiqa.mo").write_bytes(catalogue(words))


@pytest.fixture
def polish(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(home, "pl", POLISH)
    monkeypatch.setenv("KIMIQA_LANGUAGE", "pl-PL")


def test_the_page_speaks_a_second_language(polish: None) -> None:
    page = Page()

    assert "Zapytaj długi dokument" in page.words
    assert "Wypróbuj przykład" in [each.label for each in page.at.button]
    assert "Documents" not in page.words


def test_pages_are_counted_as_the_grammar_wants(polish: None) -> None:
    page = Page().upload(("umowa.pdf", pdfs.make_pdf(LEASE)))

    assert "3 strony" in page.words
    assert [counted(n, "page", "pages") for n in (1, 5, 22)] == ["1 strona", "5 stron", "22 strony"]


def test_what_is_not_translated_stays_as_it_is_written(polish: None) -> None:
    assert _("New conversation") == "New conversation"


def test_a_language_without_a_catalogue_is_english(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIMIQA_LANGUAGE", "tlh")

    assert _("Ask a long document") == "Ask a long document"
    assert counted(2, "page", "pages") == "2 pages"


# Translations with a slip -----------------------------------------------------------------------

SLIPS = {
    "another name": "Zapytaj za {kwota}",
    "no name": "Zapytaj za {}",
    "what is inside of a value": "Zapytaj za {amount.__class__}",
    "another form": "Zapytaj za {amount:,.2f}",
    "a brace that is not closed": "Zapytaj za {amount",
}


@pytest.mark.parametrize("slip", SLIPS.values(), ids=SLIPS)
def test_a_translation_that_cannot_be_filled_in_leaves_its_sentence_english(
    home: Path, monkeypatch: pytest.MonkeyPatch, slip: str
) -> None:
    install(home, "pl", POLISH | {"Ask · about {amount}": slip})
    monkeypatch.setenv("KIMIQA_LANGUAGE", "pl")

    assert _("Ask · about {amount}").format(amount="$0.03") == "Ask · about $0.03"
    assert told(say("Ask · about {amount}", amount="$0.03")) == "Ask · about $0.03"
    assert _("Try a sample") == "Wypróbuj przykład"


def test_a_translation_may_leave_places_out_and_order_them_otherwise(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(home, "pl", POLISH | {"{done:,} of {total:,} answered": "z {total} już {done:,}"})
    monkeypatch.setenv("KIMIQA_LANGUAGE", "pl")

    words = _("{done:,} of {total:,} answered")

    assert words.format(done=1_000, total=2_000) == "z 2000 już 1,000"


def test_one_slip_leaves_the_rest_of_the_page_as_it_is(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slips = {
        "{done:,} of {number:,} page\0{done:,} of {number:,} pages": "{a} strona\0{a}\0{a} stron",
        "{prompt:,} prompt tokens": "{tokenów:,}",
    }
    install(home, "pl", POLISH | slips)
    monkeypatch.setenv("KIMIQA_LANGUAGE", "pl")

    page = Page().upload(("umowa.pdf", pdfs.make_pdf(LEASE)))

    assert "3 of 3 pages" in page.words
    assert "prompt tokens" in page.words
    assert "3 strony" in page.words
    assert "This part of the page could not be shown" not in page.words


def test_what_is_said_where_no_page_is_drawn_is_told_on_each_in_its_language(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    install(home, "pl", POLISH)

    [refused] = [e for e in intake._copied(tmp_path / "empty") if isinstance(e, Refused)]
    monkeypatch.setenv("KIMIQA_LANGUAGE", "pl")

    assert refused.reason == "It holds no file that kimiqa reads."
    assert told(refused.reason) == "Nie ma tu nic do czytania."


# What is taken along ----------------------------------------------------------------------------


def test_an_answer_is_taken_along_in_the_other_language(polish: None) -> None:
    page = Page().upload(("umowa.pdf", pdfs.make_pdf(LEASE))).ask("Who may terminate?")

    page.click("copy-0")

    copied = page.at.code[0].value
    assert re.search(r"^\[\^1\]: ✓ umowa\.pdf, strona \d: potwierdzone\. “", copied, re.MULTILINE)
    assert "za darmo" in copied


def test_a_file_speaks_the_language_of_the_page_that_offers_it(
    polish: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = in_this_language(lambda: (_("Try a sample"), spoken()))
    monkeypatch.delenv("KIMIQA_LANGUAGE")

    assert make() == ("Wypróbuj przykład", "pl-PL")
    assert (_("Try a sample"), spoken()) == ("Try a sample", "en")


# What the library says --------------------------------------------------------------------------


def test_what_the_library_says_is_told_with_its_values(polish: None) -> None:
    sentence = say("{name} has {pages}.", name="a {b}.pdf", pages=counted_by_library(5, "page"))

    assert sentence == "a {b}.pdf has 5 pages."
    assert told(sentence) == "5 stron ma a {b}.pdf."
    assert told(joined([sentence, say("Nothing was sent.")])).endswith("pdf. Nic nie wysłano.")
    assert escape(sentence).startswith("5 stron ma a ")


@pytest.mark.parametrize(
    ("number", "shown"), [(1, "1 plik"), (3, "3 pliki"), (1_005, "1,005 plików")]
)
def test_what_the_library_counts_agrees_in_the_other_language(
    polish: None, number: int, shown: str
) -> None:
    said = say_of(number, "{number:,} file was read", "{number:,} files were read")

    assert told(said) == f"odczytano {shown}"


def test_a_translation_with_a_slip_leaves_the_sentence_english(polish: None) -> None:
    said = say("There is no document {name}; there are {documents}.", name="D9", documents=2)

    assert told(said) == "There is no document D9; there are 2."


def test_what_is_meant_for_code_goes_and_the_brackets_of_a_name_stay(polish: None) -> None:
    error = NotADocumentError(
        say("{name} has {pages}.", name="Report (draft_v2, --force).pdf", pages="none"),
        "Raise the cap (max_cost), or choose a cheaper way.",
    )

    assert sentence(error) == (
        "none ma Report (draft_v2, --force).pdf.\nRaise the cap, or choose a cheaper way."
    )


def test_nothing_is_told_as_nothing_and_not_as_what_a_catalogue_says_of_itself(
    polish: None,
) -> None:
    assert told(NOTHING) == ""
    assert told(say("{name} has {pages}.", name="a.pdf", pages=NOTHING)) == " ma a.pdf."


def test_a_refusal_over_a_cap_is_told_in_the_other_language(
    polish: None, kimi: KimiServer, home: Path
) -> None:
    save_settings(Settings(day_cap=Decimal("0.01")), home)
    page = Page().upload(("lease.pdf", pdfs.make_pdf(LEASE)))

    page.ask("Who may terminate?")

    assert "Zostało $0.01 z $0.01; to pytanie może kosztować $0." in page.words
    assert "Poczekaj do jutra." in page.words
    assert "this day's cap" not in page.words


def test_a_file_that_cannot_be_read_is_told_in_the_other_language(polish: None) -> None:
    page = Page().upload(("umowa {x}.pdf", b"%PDF-1.7\nbroken"))

    assert "Żaden z 2 silników nie otworzył umowa {x}.pdf. Pobierz ponownie." in page.words


def test_what_speaks_for_a_way_is_told_in_the_other_language(
    polish: None, kimi: KimiServer
) -> None:
    page = Page().upload(("lease.pdf", pdfs.make_pdf(LEASE)))

    told = [each.help for each in page.at.metric if each.help]

    tokens = re.findall(r"tylko 3 strony, ([\d,]+) (token\w*)", "\n".join(told))
    assert len(tokens) == 1
    assert tokens[0][1] == counted(int(tokens[0][0].replace(",", "")), "token", "tokens").split()[1]


def test_what_was_kept_as_text_is_told_where_nothing_stood_in_it(polish: None) -> None:
    assert (
        recalled("read by pypdf: where its words stand on the page is not known") == "czyta pypdf"
    )
    assert recalled("a.pdf has 2 pages.") == "a.pdf has 2 pages."


def test_what_personal_data_is_found_is_counted_in_the_other_language(polish: None) -> None:
    document = Document.from_pages(["Ask ann@example.org, or bob@example.org or cy@example.org."])

    assert "3 adresy (s. 1)" in told(in_words(document.personal_data()))


def test_each_kind_of_personal_data_is_among_the_strings_for_translators() -> None:
    plurals = everything().plurals

    assert ("e-mail address", "e-mail addresses") in plurals
    assert {(each.what, f"{each.what}s") for each in IDENTITIES} <= set(plurals)


def test_what_the_library_says_names_no_option_on_the_page() -> None:
    """But for the one that `kimiqa app` takes too."""
    found = sayings()
    sentences = [*found.strings, *(each for pair in found.plurals for each in pair)]

    named = [each for each in sentences if re.search(r"--[a-z]", for_readers(each))]

    assert [each for each in named if "--home" not in each] == []


# For translators --------------------------------------------------------------------------------


def test_every_string_of_the_page_can_be_collected() -> None:
    found = collected()

    assert found.unknown == []
    assert len(found.strings) > 300
    assert {"settled", "estimated"} <= set(found.strings)  # how sure a cost is


def test_every_sentence_of_the_library_can_be_collected() -> None:
    found = sayings()

    assert found.unknown == []
    assert len(found.strings) > 400
    assert "The question is empty." in found.strings
    assert ("page", "pages") in found.plurals


def untold(tree: ast.AST) -> list[str]:
    """The words of errors that no translator is given."""
    return [
        ast.unparse(words)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("Error")
        for words in node.args
        if isinstance(words, ast.Constant | ast.JoinedStr)
    ]


@pytest.mark.parametrize("path", sorted(UI.glob("*.py")), ids=lambda path: path.name)
def test_every_error_of_the_page_is_given_to_translators(path: Path) -> None:
    assert untold(ast.parse(path.read_text(encoding="utf-8"))) == []


def test_the_rule_for_errors_finds_what_breaks_it() -> None:
    code = """OwnError(f"No {x}.", "Try again."); OwnError(_("One."), say("Two."))"""

    assert untold(ast.parse(code)) == ["f'No {x}.'", "'Try again.'"]


def glued(tree: ast.AST) -> list[str]:
    """Words that stand beside a value with nothing between them but a space: what belongs together
    is one sentence for a translator, whose language may order it otherwise."""
    found = []
    for node in ast.walk(tree):
        parts = node.values if isinstance(node, ast.JoinedStr) else []
        for before, gap, after in zip(parts, parts[1:], parts[2:], strict=False):
            beside = isinstance(before, ast.FormattedValue) and isinstance(
                after, ast.FormattedValue
            )
            if beside and isinstance(gap, ast.Constant) and not str(gap.value).strip():
                found += [text for each in (before, after) if (text := _fragment(each))]
    return found


def _fragment(part: ast.expr) -> str:
    match part:
        case ast.FormattedValue(
            value=ast.Call(func=ast.Name(id="_"), args=[ast.Constant(value=str(text))])
        ) if not text.endswith("."):
            return text
    return ""


@pytest.mark.parametrize("path", sorted(UI.glob("*.py")), ids=lambda path: path.name)
def test_no_sentence_of_the_page_is_glued_together(path: Path) -> None:
    assert glued(ast.parse(path.read_text(encoding="utf-8"))) == []


def test_the_rule_against_glue_finds_what_breaks_it() -> None:
    code = (
        """f"{n} {_('of')} {m} · {_('free')}"; f"{_('One.')} {_('Two.')}"; f"{_('Key')}: {key}" """
    )

    assert glued(ast.parse(code)) == ["of", "of"]


def test_translators_get_the_pages_strings_and_the_librarys() -> None:
    strings = everything().strings

    assert set(strings) == set(collected().strings) | set(sayings().strings)


SAYING = """
from kimiqa.saying import Said, say, say_of
HINT = "Choose another."
NEXT = {"day": "Wait a day.", "month": "Wait a month."}
class OwnError(KimiqaError): pass
def made(n) -> Said: return say_of(n, "one file", "{number} files")
def other(): return "words"
def failing(name, cap, why):
    message = say("No {name}.", name=name)
    raise OwnError(message, HINT if name else made(3))
    raise OwnError(say(NEXT[cap], cap=cap), message="Nothing.")
    raise OwnError(f"Not {name}.", why)
    raise OwnError(other(), say("It {why}.", why="is too large"))
"""


def test_what_the_library_says_is_found_and_what_cannot_be_told_is_named(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(SAYING)

    found = sayings(tmp_path)

    assert set(found.strings) == {
        "No {name}.", "Choose another.", "Wait a day.", "Wait a month.", "Nothing.", "It {why}.",
    }  # fmt: skip
    assert list(found.plurals) == [("one file", "{number} files")]
    assert {each.partition(" ")[2] for each in found.unknown} == {
        "f'Not {name}.'", "why", "other()", "'is too large'",
    }  # fmt: skip


CODE = """
STATES = {"ok": "It stands there"}
print(f"{_('Inside of an f-string')} {_('one' if x else 'other')}")
for each in [_(head) for head in ("Column", "Another")]: pass
print(_(STATES[state]), counted(3, "page", "pages"), _(unknown))
"""


def test_strings_in_f_strings_tables_and_lists_are_found_and_others_named(tmp_path: Path) -> None:
    (tmp_path / "page.py").write_text(CODE)

    found = collected(tmp_path)

    wanted = {"Inside of an f-string", "one", "other", "Column", "Another", "It stands there"}
    assert set(found.strings) == wanted
    assert list(found.plurals) == [("page", "pages")]
    assert found.unknown == ["page.py:5 unknown"]


def test_tables_of_one_name_in_two_modules_are_both_found(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text('STATES = {"a": "Here"}\n_(STATES[a])')
    (tmp_path / "two.py").write_text('STATES = {"a": "There"}\n_(STATES[a])')

    assert set(collected(tmp_path).strings) == {"Here", "There"}


def test_the_template_names_each_string_once(tmp_path: Path) -> None:
    (tmp_path / "page.py").write_text('_("page"), counted(2, "page", "pages"), _(\'say "so"\')')

    lines = "\n".join(template(collected(tmp_path))).splitlines()

    named = [line for line in lines if line.startswith("msgid ")]
    assert named == ['msgid ""', 'msgid "say \\"so\\""', 'msgid "page"']

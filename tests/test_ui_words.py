"""A second language: a catalogue in a folder is found, shown, and counts as its grammar does."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path

import pdfs
import pytest

pytest.importorskip("streamlit")

from test_ui_states import LEASE, Page

from kimiqa.ui.strings import collected, template
from kimiqa.ui.words import _, counted

PLURALS = "nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);"
POLISH = {
    "": f"Content-Type: text/plain; charset=UTF-8\nPlural-Forms: {PLURALS}\n",
    "Ask a long document": "Zapytaj długi dokument",
    "Try a sample": "Wypróbuj przykład",
    "page\0pages": "strona\0strony\0stron",
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


# For translators --------------------------------------------------------------------------------


def test_every_string_of_the_page_can_be_collected() -> None:
    found = collected()

    assert found.unknown == []
    assert len(found.strings) > 300


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


def test_the_template_names_each_string_once(tmp_path: Path) -> None:
    (tmp_path / "page.py").write_text('_("page"), counted(2, "page", "pages"), _(\'say "so"\')')

    lines = "\n".join(template(collected(tmp_path))).splitlines()

    named = [line for line in lines if line.startswith("msgid ")]
    assert named == ['msgid ""', 'msgid "say \\"so\\""', 'msgid "page"']

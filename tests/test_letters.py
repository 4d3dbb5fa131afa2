"""Fonts without a map to characters: their letters are read by name, or said to be unreadable."""

from __future__ import annotations

import io
import logging
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pdfs
import pypdf
import pytest
from carriers import Carrier

from kimiqa import Client
from kimiqa.document import Document
from kimiqa.errors import NoTextError
from kimiqa.reading.notes import UNREADABLE

SAID = "The rent is 500 euros per month, due on the first day."
CODES = {letter: code for code, letter in enumerate(sorted(set(SAID) - {" "}), start=1)}


def _in_codes(name_of: Callable[[str], str], said: str = SAID) -> Carrier:
    """A page in a font whose codes are its own, and whose glyphs have these names."""
    names = " ".join(map(name_of, CODES))
    font = (
        "<< /Type /Font /Subtype /Type1 /BaseFont /ABCDEF+MSTT31c20b"
        f" /Encoding << /Type /Encoding /Differences [1 {names}] >>"
        f" /FirstChar 1 /LastChar {len(CODES)} /Widths [{'500 ' * len(CODES)}] >>"
    )
    # As a printer driver does it: each word at its place, and no code for a space.
    shown, words = "", said.split()
    for at, word in enumerate(words):
        codes = "".join(f"{CODES[letter]:02x}" for letter in word)
        left, down = 72 + 90 * (at % 4), 700 - 20 * (at // 4)
        shown += f"BT /G 12 Tf 1 0 0 1 {left} {down} Tm <{codes}> Tj ET\n"
    return Carrier(shown, resources="/G 7 0 R|", objects=(font.encode(),))


def _named_by_code(letter: str) -> str:
    return f"/G{ord(letter):02X}"


def _named_by_nothing(letter: str) -> str:
    return f"/glyph{CODES[letter]}"


def test_letters_that_are_named_by_their_codes_are_read(home: Path) -> None:
    document = Document.open(_in_codes(_named_by_code).pdf(), home=home).checked()

    page = document.pages[0]
    assert page.text.split() == SAID.split()
    assert (page.status, page.engine, page.hidden) == ("text", "pdfium", ())


def test_pypdf_alone_reads_their_names(home: Path) -> None:
    content = _in_codes(_named_by_code).pdf()

    assert "/G54/G68/G65" in pypdf.PdfReader(io.BytesIO(content)).pages[0].extract_text()
    assert "/G" not in Document.open(content, home=home).pages[0].text


def test_a_quote_of_such_a_page_has_its_boxes_also_in_a_new_worker(home: Path) -> None:
    document = Document.open(_in_codes(_named_by_code).pdf(), home=home)
    start = document.pages[0].text.index("euros")

    (box,) = document.boxes(1, start, start + len("euros"))

    assert (round(box.left), round(box.right)) == pytest.approx((72, 102), abs=3)
    assert box.top == pytest.approx(842 - 700 + 20 - 12, abs=12)


def test_a_page_whose_letters_nothing_explains_is_no_text_and_is_not_paid_for(home: Path) -> None:
    document = Document.open(_in_codes(_named_by_nothing).pdf(), home=home)

    page = document.pages[0]
    assert (page.text, page.status, page.note) == ("", "image", UNREADABLE)
    with pytest.raises(NoTextError, match="OCR"):
        Client(model="kimi-k3", home=home).plan("What is the rent?", [document], strategy="full")


def test_names_that_may_be_decimal_are_not_guessed(home: Path) -> None:
    content = _in_codes(lambda letter: f"/G{CODES[letter] + 32}").pdf()

    assert Document.open(content, home=home).pages[0].status == "image"


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler's pdftotext is missing")
def test_a_report_of_a_printer_driver_s_fonts_is_read_as_poppler_reads_it(
    data: Path, home: Path
) -> None:
    (path,) = (data / "qa" / "pdfs").glob("mmlb__afe620*.pdf")
    command = ["pdftotext", "-q", "-l", "7", str(path), "-"]
    theirs = subprocess.run(command, capture_output=True, check=True, text=True).stdout.split()

    document = Document.open(path, home=home)

    ours = " ".join(page.text for page in document.pages[:7]).split()
    assert len(ours) == pytest.approx(len(theirs), rel=0.02)
    assert len(set(ours) & set(theirs)) > 0.97 * len(set(theirs))


def test_the_letters_of_a_locked_file_are_left_to_ocr(home: Path) -> None:
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    content = _in_codes(_named_by_code).pdf()
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(content))
    writer.encrypt("key", algorithm="AES-256")
    locked = io.BytesIO()
    writer.write(locked)

    document = Document.open(locked.getvalue(), password="key", home=home)

    assert document.pages[0].status == "image"


def test_ordinary_signs_of_odd_fonts_do_not_make_a_page_unreadable(home: Path) -> None:
    page = Document.open(pdfs.make_pdf([SAID + "\n\x95 one\n\x95 two"]), home=home).pages[0]

    assert page.status == "text"

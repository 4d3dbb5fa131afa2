"""Filled fields and notes: read where a reader sees them, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pdfs
import pytest
from carriers import Carrier, text

from kimiqa import Client
from kimiqa.document import Document
from kimiqa.reading.notes import UNDRAWN

FIELD = "/Subtype /Widget /FT /Tx /T (rent) /V (500 euros)"
NOTE = "/Subtype /FreeText /Contents (Paid by the tenant)"
DRAWN = "/AP << /N 7 0 R >>"
_FORM = "/AcroForm << /Fields [8 0 R] /NeedAppearances true /DR << /Font << /F1 3 0 R >> >> >>"


def _annotated(
    annotation: str, *, drawn: str = "500 euros", ink: str = "0 g", more: str = ""
) -> bytes:
    """A page with one annotation below a line of text; `drawn` is what its appearance shows."""
    look = pdfs._stream(
        f"{ink} BT /F 12 Tf 2 4 Td ({drawn}) Tj ET".encode(),
        "/Type /XObject /Subtype /Form /BBox [0 0 230 20] /Resources << /Font << /F 3 0 R >> >>",
    )
    place = "" if "/Rect" in annotation else "/Rect [200 600 430 620]"
    flags = "" if "/F " in annotation else "/F 4"
    held = f"<< /Type /Annot {place} {flags} {annotation} >>"
    annotated = Carrier(
        text("The rent of the flat:"),
        catalog=_FORM,
        extra=f"/Annots [8 0 R] {more}",
        objects=(look, held.encode()),
    )
    return annotated.pdf()


@pytest.mark.parametrize(
    ("annotation", "said"),
    [
        (f"{FIELD} {DRAWN}", "500 euros"),
        (f"{FIELD} /DA (/F1 12 Tf 0 g)", "500 euros"),
        (f"{NOTE} {DRAWN}", "500 euros"),
    ],
    ids=["field", "field without an appearance", "note"],
)
def test_what_fields_and_notes_show_is_read_and_boxed(
    annotation: str, said: str, home: Path
) -> None:
    document = Document.open(_annotated(annotation), home=home).checked()

    shown = document.pages[0].text
    assert shown.split("\n") == ["The rent of the flat:", said]
    (box,) = document.boxes(1, shown.index(said), len(shown))
    assert 195 < box.left < box.right < 435
    assert 215 < box.top < box.bottom < 245


@pytest.mark.parametrize(
    "annotation",
    [
        f"{FIELD} {DRAWN} /F 2",
        f"{NOTE} {DRAWN} /F 32",
        f"{NOTE} {DRAWN} /Rect [900 600 1130 620]",
        f"/Subtype /Popup /Contents (500 euros) {DRAWN}",
    ],
    ids=["hidden", "not to be viewed", "off the page", "popup"],
)
def test_what_they_do_not_show_is_not(annotation: str, home: Path) -> None:
    document = Document.open(_annotated(annotation), home=home).checked()

    assert document.pages[0].text.strip() == "The rent of the flat:"


def test_a_field_in_the_colour_of_its_ground_is_hidden(home: Path) -> None:
    document = Document.open(_annotated(f"{FIELD} {DRAWN}", ink="1 g"), home=home)
    assert "500 euros" in document.pages[0].text

    document.checked()

    assert document.pages[0].text.strip() == "The rent of the flat:"
    assert document.hidden_passages == 1


def test_a_field_is_read_as_it_is_drawn_whatever_its_value_says(home: Path) -> None:
    page = Document.open(_annotated(f"{FIELD} {DRAWN}", drawn="900 euros"), home=home).pages[0]

    assert "900 euros" in page.text
    assert "500 euros" not in page.text


def test_a_note_that_cannot_be_drawn_is_told_before_anything_is_sent(home: Path) -> None:
    document = Document.open(_annotated(NOTE), name="a.pdf", home=home)

    plan = Client(model="kimi-k3", home=home).plan("Who pays?", [document], strategy="full")

    assert document.pages[0].note == UNDRAWN
    assert "a.pdf: a note on page 1 has no picture in the file and was not read." in plan.warnings


@pytest.mark.parametrize("turn", [0, 90, 270])
def test_a_filled_page_keeps_its_size_and_its_turn(turn: int, home: Path) -> None:
    more = f"/CropBox [100 300 500 800] /Rotate {turn}"
    document = Document.open(_annotated(f"{FIELD} {DRAWN}", more=more), home=home)
    shown = document.pages[0].text

    box = document.boxes(1, shown.index("500"), len(shown))[0]

    wide, high = (400, 500) if turn == 0 else (500, 400)
    assert (box.page_width, box.page_height) == (wide, high)
    assert 0 < box.left < box.right < wide
    assert 0 < box.top < box.bottom < high

"""Places: boxes stand round a quote's words, by the account of an engine of another make."""

from __future__ import annotations

import io
import random
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import pdfs
import pytest

from kimiqa.document import Box, Document
from kimiqa.reading.notes import NO_PLACES

sys.path.insert(0, str(Path(__file__).parent / "bench"))
import places

TWO_COLUMNS = [
    ("The tenant shall pay the", 60, 700), ("rent on the first day of", 60, 685),
    ("each month, in advance.", 60, 670), ("The landlord shall keep", 320, 700),
    ("the roof and the walls in", 320, 685), ("good order at all times.", 320, 670),
]  # fmt: skip


@pytest.fixture(scope="module")
def _poppler() -> None:
    if shutil.which("pdftotext") is None:
        pytest.skip("poppler's pdftotext is missing")


def _wrong(path: Path, home: Path, longest: int = 30) -> tuple[int, list[str]]:
    """How many quotes were asked for, and those whose boxes poppler does not agree with."""
    document = Document.open(path, home=home).checked()
    chance = random.Random(path.name)
    asked = [
        quote
        for page in document.pages[10:16] or document.pages
        for quote in places.quotes(document, path, page.number, chance, tries=12, longest=longest)
    ]
    wrong = [
        quote
        for quote in asked
        if not places.is_right(document.boxes(quote.page, quote.start, quote.end), quote)
    ]
    return len(asked), [" ".join(word.text for word in quote.words) for quote in wrong]


@pytest.mark.usefixtures("_poppler")
def test_boxes_of_a_real_document_agree_with_poppler_s_words(samples: Path, home: Path) -> None:
    asked, wrong = _wrong(samples / "fhs-3.0.pdf", home)

    assert asked > 20
    assert wrong == []


@pytest.mark.usefixtures("_poppler")
@pytest.mark.parametrize("turn", [0, 90, 180, 270])
@pytest.mark.parametrize("crop", [None, (60, 200, 500, 790)], ids=["whole", "cropped"])
def test_boxes_on_turned_and_cropped_pages_agree_with_poppler_s_words(
    turn: int, crop: tuple[int, int, int, int] | None, tmp_path: Path, home: Path
) -> None:
    lines = [" ".join(f"word{8 * line + place}" for place in range(8)) for line in range(36)]
    path = tmp_path / "words.pdf"
    path.write_bytes(pdfs.make_pdf(["\n".join(lines)], rotate=turn, crop=crop))

    asked, wrong = _wrong(path, home, longest=6)  # sideways, engines order lines differently

    assert asked > 4
    assert wrong == []


def _columns() -> bytes:
    content = "".join(f"BT /F 12 Tf {x} {y} Td ({line}) Tj ET\n" for line, x, y in TWO_COLUMNS)
    return pdfs._assemble([(content.encode(), "", "")])


def test_a_quote_over_lines_and_a_column_s_end_has_a_box_for_each_line(home: Path) -> None:
    document = Document.open(_columns(), home=home)
    text = document.pages[0].text
    start, end = text.index("each month"), text.index("walls in") + len("walls in")

    boxes = document.boxes(1, start, end)

    assert [(round(box.left), round(box.top / 15)) for box in boxes] == _around(boxes, 3)
    assert all(box.right < 310 or box.left > 310 for box in boxes)


def _around(boxes: Sequence[Box], lines: int) -> list[tuple[int, int]]:
    assert len(boxes) == lines
    return [(60, 11), (320, 9), (320, 10)]


def test_a_page_that_only_pypdf_reads_says_that_it_has_no_boxes(data: Path, home: Path) -> None:
    document = Document.open(data / "pdf-bad" / "qpdf__bad34.pdf", home=home)

    page = document.pages[0]
    assert page.engine == "pypdf"
    assert NO_PLACES in (page.note or "")
    assert not document.boxable(1)
    assert document.boxes(1, 0, 5) == []
    assert any("read by pypdf and ha" in each for each in document.notices)


def test_the_cited_page_of_a_long_file_shows_with_its_boxes(manual: Path, home: Path) -> None:
    document = Document.open(manual, home=home)
    number = len(document.pages) // 2

    boxes = document.boxes(number, 0, 200)
    picture = document.render(number, 110, boxes)  # how soon: tests/bench/places.py

    assert boxes
    assert io.BytesIO(picture).read(4) == b"\x89PNG"

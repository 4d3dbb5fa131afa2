"""The second pass over a document: what of its text no reader would see."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Sequence
from dataclasses import replace

from kimiqa.errors import DocumentError
from kimiqa.opening import scans
from kimiqa.plan import Progress
from kimiqa.reading import ocr, passages
from kimiqa.reading.checking import Checked, check_pages
from kimiqa.reading.engines import Source
from kimiqa.reading.parts import Page
from kimiqa.reading.rereading import lying
from kimiqa.reading.unseen import unseen


def look(
    pages: Sequence[Page], source: Source | None, *, kept: bool, deep: bool
) -> Generator[Progress, None, Checked]:
    """Look at every page: its characters here, its picture in the worker where there is a
    `source` to draw it from. Pages that were given as text, not `kept` in a store, are left
    unchanged."""
    found = Checked()
    drawn = [page.number for page in pages if page.text and page.engine == "pdfium"]
    if drawn and source is not None:
        found = yield from _told(check_pages(source, drawn, deep=deep), len(drawn))
        yield from _reread(pages, source, found)
    others = (page.number for page in pages if page.text and page.engine == "pypdf")
    found.unchecked += others
    if kept:
        for page in pages:
            if beside := [*page.asides, *unseen(passages.whole(page))]:
                found.hidden[page.number] = [*found.hidden.get(page.number, ()), *beside]
    return found


def _reread(
    pages: Sequence[Page], source: Source, found: Checked
) -> Generator[Progress, None, None]:
    """Hold OCR layers against their scans, where Tesseract is here to read these: it says how
    sure it is, and leaves out no line of a scan that lies askew."""
    numbers = sorted(found.layers)
    if not numbers or "tesseract" not in ocr.engines():
        return
    left = dict.fromkeys(numbers)
    reading = ocr.read_pages(
        numbers, lambda number: scans.drawn(source, number), engine="tesseract", languages=None
    )
    # A page that cannot be drawn or read is named as not checked, and costs no other its check.
    with contextlib.suppress(DocumentError):
        for read in reading:
            text = passages.whole(pages[read.number - 1])
            words = scans.printed(source, read)
            lies = lying(text, found.layers[read.number], words, read.sure or 0.0)
            if lies:
                found.hidden[read.number] = [*found.hidden.get(read.number, ()), *lies]
            if not read.lost and lies is not None:
                del left[read.number]
            yield Progress("checking", len(numbers) - len(left), len(numbers))
    found.unchecked += left


def cut(pages: Sequence[Page], found: Checked) -> tuple[Page, ...]:
    """The pages without what was found on them, which each lists as `hidden`."""
    left = list(pages)
    for number, ranges in found.hidden.items():
        page = left[number - 1]
        if page.status == "ocr":  # what was found was found in the text it had before
            continue
        text = passages.whole(page)
        read = replace(page, text=text, hidden=(), kept=False)
        left[number - 1] = passages.without(read, passages.merged(text, ranges))
    return tuple(left)


def _told(looking: Generator[int, None, Checked], pages: int) -> Generator[Progress, None, Checked]:
    """A check with its progress. Pages that are looked at twice count once."""
    done = 0
    while True:
        try:
            done += next(looking)
        except StopIteration as end:
            found: Checked = end.value
            return found
        yield Progress("checking", min(done, pages), pages)

"""Pages without a text layer, read by OCR: once for each content, kept in the store."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kimiqa.pages import spans
from kimiqa.plan import Progress
from kimiqa.reading import engines, ocr, shown
from kimiqa.reading.parts import Box, Page
from kimiqa.reading.rereading import Printed
from kimiqa.saying import say, say_of
from kimiqa.store import Seen, Store, WordRow


@dataclass(frozen=True, slots=True)
class Scans:
    """A document whose pages are to be read, and what with."""

    id: str
    source: engines.Source
    store: Store
    engine: str | None = None
    languages: str | None = None

    def draw(self, number: int) -> Path:
        """A page's picture, in a file beside its document."""
        return drawn(self.source, number)

    def known(self, number: int) -> bool:
        """Whether a page was read before, by this engine and in these languages where any are
        named: it is then not read again."""
        seen = self.store.ocr(self.id, number)
        if seen is None:
            return False
        languages = (self.languages or "").replace(",", "+")
        return languages in ("", seen.languages) and self.engine in (None, seen.engine)


def drawn(source: engines.Source, number: int) -> Path:
    """A page's picture for OCR, in a file beside its document."""
    content = shown.draw(source, number, ocr.DPI)
    folder = Path(source.path).parent
    handle, path = tempfile.mkstemp(prefix=".ocr-", suffix=".png", dir=folder)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    return Path(path)


def read(
    scans: Scans, pages: Sequence[Page], numbers: Sequence[int]
) -> Generator[Progress, None, tuple[Page, ...]]:
    """The pages, those of `numbers` as OCR reads them; what was read is kept page by page, so
    that stopping loses nothing.

    *Raises* `NoTextError`: no engine is installed, or it has no data for a language.
    """
    left = list(pages)
    todo = [number for number in numbers if not scans.known(number)]
    done = len(numbers) - len(todo)
    if done:  # perhaps through another holder of this document
        now = {page.number: page for page in scans.store.pages(scans.id)}
        left = [now[p.number] if p.number in numbers and p.number in now else p for p in left]
    yield Progress("ocr", done, len(numbers))
    if todo:
        engine = ocr.chosen(scans.engine)
        reading = ocr.read_pages(todo, scans.draw, engine=engine, languages=scans.languages)
        for found in reading:
            left[found.number - 1] = _kept(scans, left[found.number - 1], found, engine)
            done += 1
            yield Progress("ocr", done, len(numbers))
    return tuple(left)


def _kept(scans: Scans, page: Page, found: ocr.Read, engine: str) -> Page:
    """The page as it was read, kept; one that was lost may be tried again."""
    if found.lost:
        return replace(page, note=found.lost)
    if found.text:
        who = say(
            "read by OCR ({reader}, {languages}): words may be misread",
            reader=found.reader,
            languages=found.languages,
        )
        page = replace(
            page, text=found.text, status="ocr", engine=engine, note=who, hidden=(), kept=False
        )
    else:
        page = replace(page, note=say("{reader} found no words on it", reader=found.reader))
    ((width, height),) = shown.sizes(scans.source, [page.number])
    words = [_row(word, width / max(1, found.width)) for word in found.words]
    seen = Seen(engine, found.languages, words, width, height)
    scans.store.save_ocr(scans.id, page, seen)
    return page


def printed(source: engines.Source, found: ocr.Read) -> list[Printed]:
    """The words that were read on a page, with their places in points."""
    if found.lost or not found.words:
        return []
    ((width, _),) = shown.sizes(source, [found.number])
    points = width / max(1, found.width)
    return [
        Printed(found.text[word.start : word.end], *_row(word, points)[3:]) for word in found.words
    ]


def _row(word: ocr.Word, points: float) -> WordRow:
    """A word's place in points of the page as it is shown."""
    places = (word.left, word.top, word.right, word.bottom)
    left, top, right, bottom = (round(place * points, 2) for place in places)
    return word.start, word.end, word.line, left, top, right, bottom


def notices(name: str, read: Sequence[int]) -> list[str]:
    """That pages were read by OCR, which may misread them."""
    if not read:
        return []
    return [
        say_of(
            len(read),
            "{name}: page {pages} was read by OCR: words may be misread.",
            "{name}: pages {pages} were read by OCR: words may be misread.",
            name=name,
            pages=spans(read),
        )
    ]


def boxes(seen: Seen, start: int, end: int) -> list[Box]:
    """Where a range of an OCR page's text stands: a box for each line's stretch of words."""
    lines: dict[int, list[WordRow]] = {}
    for word in seen.words:
        if word[0] < end and start < word[1]:
            lines.setdefault(word[2], []).append(word)
    return [_round(held, seen) for held in lines.values()]


def _round(words: Sequence[WordRow], seen: Seen) -> Box:
    _, _, _, left, top, right, bottom = zip(*words, strict=True)
    return Box(min(left), min(top), max(right), max(bottom), seen.width, seen.height)

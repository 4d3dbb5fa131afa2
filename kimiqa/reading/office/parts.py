"""Parts: what stands for pages in documents that have none, and how text is cut into them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from kimiqa.reading.clean import clean_text

PART_CHARACTERS = 3_000
"""About a printed page: citations stay as fine as in a PDF."""

_LONGEST_LABEL = 80
_WHITE = re.compile(r"\s+")

Span = tuple[str, str | None]
"""Some text, and why a reader would not see it; None where one would."""


@dataclass(slots=True)
class Part:
    """A part: its label, its text, and the ranges of it that a reader would not see."""

    label: str | None = None
    text: str = ""
    asides: list[tuple[int, int, str]] = field(default_factory=list)
    picture: bool = False
    """Whether it shows a picture, which is not read."""

    def add(self, spans: Sequence[Span]) -> None:
        """One more line, or several."""
        if not any(text for text, _ in spans):
            return
        self.text += "\n" if self.text else ""
        for text, why in spans:
            clean = clean_text(text)
            start = len(self.text)
            self.text += clean
            if why and clean.strip():
                self.asides.append((start, len(self.text), why))

    @property
    def row(self) -> tuple[str | None, str, list[tuple[int, int, str]], bool]:
        """The part as it goes over a pipe."""
        return self.label, self.text, self.asides, self.picture


def shortened(label: str) -> str:
    """A label in one line, not endless."""
    line = " ".join(clean_text(label).split())
    return line if len(line) <= _LONGEST_LABEL else line[: _LONGEST_LABEL - 1].rstrip() + "…"


def in_one_line(spans: Iterable[Span]) -> list[Span]:
    """A text in one line, whatever its looks."""
    found: list[Span] = []
    for text, why in spans:
        plain = _WHITE.sub(" ", text)
        if not found or found[-1][0].endswith(" "):
            plain = plain.lstrip()
        if plain:
            found.append((plain, why))
    if found:
        found[-1] = (found[-1][0].rstrip(), found[-1][1])
    return [(text, why) for text, why in found if text]


class Cutter:
    """Cuts a running text into parts: at the author's own page breaks, at headings once a part
    has some length, and between paragraphs where it grows long."""

    def __init__(self, *, longest: int = PART_CHARACTERS) -> None:
        self._longest = longest
        self._part = Part()
        self._heading: str | None = None

    def heading(self, text: str) -> Iterator[Part]:
        """A heading begins: the part before it, where that is long enough to stand alone."""
        if len(self._part.text) >= self._longest // 3:
            yield from self.cut()
        self._heading = shortened(text) or self._heading
        if not self._part.text or self._part.label is None:
            self._part.label = self._heading

    def line(self, spans: Sequence[Span]) -> Iterator[Part]:
        """A paragraph or a row; the part before it, where it is full."""
        size = sum(len(text) for text, _ in spans)
        if self._part.text and len(self._part.text) + size > self._longest:
            yield from self.cut()
        for piece in _pieces(spans, self._longest):
            if len(self._part.text) + sum(len(text) for text, _ in piece) > self._longest:
                yield from self.cut()
            self._part.add(piece)

    def picture(self) -> None:
        """There is a picture here, which is not read."""
        self._part.picture = True

    def cut(self) -> Iterator[Part]:
        """End the part, if it holds anything; the next goes on under the same heading."""
        if self._part.text.strip() or self._part.picture:
            yield self._part
        self._part = Part(self._heading)


def _pieces(spans: Sequence[Span], longest: int) -> Iterator[list[Span]]:
    """A paragraph longer than a part in several, cut between words."""
    if sum(len(text) for text, _ in spans) <= longest:
        yield list(spans)
        return
    for text, why in spans:
        while len(text) > longest:
            end = text.rfind(" ", longest // 2, longest) + 1 or longest
            yield [(text[:end], why)]
            text = text[end:]
        if text:
            yield [(text, why)]

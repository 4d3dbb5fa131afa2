"""A source file in pages of whole lines, each headed by its path and its lines."""

from __future__ import annotations

from collections.abc import Iterator

from kimiqa.reading.clean import clean_text
from kimiqa.reading.lines import label
from kimiqa.reading.parts import Page

MOST_LINES = 120
MOST_CHARACTERS = 6_000
_SAME_LINE = str.maketrans({"\x0b": " ", "\x0c": " ", "\x85": " ", "\u2028": " ", "\u2029": " "})
"""No editor counts a line at these."""


def pages_of(path: str, text: str, first: int) -> Iterator[Page]:
    """The file's pages, numbered from `first`.

    >>> [page] = pages_of("a.py", "x = 1\\ny = 2\\n", 7)
    >>> page.number, page.label, page.text
    (7, 'a.py, lines 1-2', 'a.py, lines 1-2:\\nx = 1\\ny = 2')
    """
    shown = clean_text(path.replace("\n", " "))
    for number, (line, piece) in enumerate(_pieces(text), start=first):
        named = label(shown, line, line + len(piece) - 1)
        body = "\n".join(piece)
        yield Page(number, f"{named}:\n{body}", "text", label=named, line=line)


def _pieces(text: str) -> Iterator[tuple[int, list[str]]]:
    """Runs of lines with the number of their first: cut at gaps between blocks of code."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n").translate(_SAME_LINE)
    lines = clean_text(plain).removesuffix("\n").split("\n")
    start = 0
    while start < len(lines):
        if len(lines[start]) > MOST_CHARACTERS:
            yield from _long_line(start + 1, lines[start])
            start += 1
            continue
        end = _gap(lines, start, _full(lines, start))
        if any(line.strip() for line in lines[start:end]):
            yield start + 1, lines[start:end]
        start = end


def _full(lines: list[str], start: int) -> int:
    """Where a page that begins at `start` is full."""
    size = 0
    for at in range(start, len(lines)):
        size += len(lines[at]) + 1
        if at > start and (at - start >= MOST_LINES or size > MOST_CHARACTERS):
            return at
    return len(lines)


def _gap(lines: list[str], start: int, end: int) -> int:
    """The last good place to cut in the second half: before what is not indented."""
    if end == len(lines):
        return end
    for at in range(end, (start + end) // 2, -1):
        if not lines[at - 1].strip() and lines[at][:1].strip():
            return at
    return end


def _long_line(number: int, line: str) -> Iterator[tuple[int, list[str]]]:
    for at in range(0, len(line), MOST_CHARACTERS):
        yield number, [line[at : at + MOST_CHARACTERS]]

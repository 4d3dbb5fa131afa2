"""pdfium's text of a page → the same characters with cells told apart, columns and
right-to-left lines in reading order, and the way back to pdfium's places.

Geometry costs more than text, so it is asked only of what may need it: lines with figures in
them, and pages on which a look at a few rectangles shows columns on one line.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from kimiqa.reading import bidi, columns
from kimiqa.reading.columns import Line
from kimiqa.reading.gaps import Box, parted, rectangle, rows
from kimiqa.reading.native import native

_FIGURE = re.compile(
    r"[\d\u2012-\u2015](?:(?<=\d)[\d.,:/]*[)\]%*]*|(?<=\d)(?<![\w.,]\d)[\d.,]*[a-f]{1,4}"
    r"|(?<=[\u2012-\u2015]))(?=[ \r]|\Z)"
)
"""A table's figure, also with the letters of its footnotes: "54bd". What it begins with stands
first, which is four times as fast as a choice of beginnings."""
_NEXT_AMOUNT = re.compile(
    r"(?<=[\d)%\u2012-\u2015\-]) (?=[$€£¥] ?[\d(\u2012-\u2015\-])"  # the gap may be a narrow one
)
_FIRST_AMOUNT = re.compile(r"(?<=[^\W\d_]|[)]) (?=[$€£¥] [\d(\u2012-\u2015])")
"""A long label may reach to the sign of the first amount, which stands apart from its number."""
_LINE = re.compile(r"[^\r\n]+")
_JOINED_BEFORE = tuple("$€£¥")
_JOINED_AFTER = tuple("%)")
_LEAST_FIGURES = 2
_FIGURES_ASKED = 2
_LONGEST_HEAD = 90
"""Characters of a line beside a table that may belong to it."""
_LOOKED_AT = 10
"""Rectangles from the middle of a page that show whether it has columns."""
_WITHIN = 1_200
"""Characters in the middle of a page that these rectangles are taken from."""
_GAPS_SEEN = 3
_LONG = 7.0
"""A piece of a column's line is so many times as long as it is high."""


@dataclass(frozen=True, slots=True)
class Laid:
    """A page's text in reading order, and the engine's place of each character; None where
    every character is at its own."""

    text: str
    places: array[int] | None = None


def laid(textpage: int, raw: str, *, filled: bool = False) -> Laid:
    """`raw`, the engine's text of the page, as it is to be read. `filled`: fields and notes were
    drawn into it, which the engine takes for one line."""
    turned = bidi.places(textpage, raw) if bidi.has_right_to_left(raw) else None
    if turned is not None:
        return Laid("".join(map(raw.__getitem__, turned)), array("L", turned))
    beside = _shows_columns(textpage)
    lines = _lines_with_gaps(textpage, raw, everywhere=beside or filled)
    if not lines:
        return Laid(raw)
    text = _with_tabs(raw, lines)
    order = columns.order(text, lines) if beside else None
    if order is None:
        return Laid(text)
    return Laid("".join(each for _, each in order), array("L", [place for place, _ in order]))


def _lines_with_gaps(textpage: int, raw: str, *, everywhere: bool) -> list[Line]:
    """The lines that were looked at; none where none of them has a gap."""
    figures = [found.start() for found in _FIGURE.finditer(raw)]
    if len(figures) < _LEAST_FIGURES and not everywhere:
        return []
    spans = [line.span() for line in _LINE.finditer(raw)]
    wanted: Iterable[int] = range(len(spans))
    if not everywhere:
        wanted = (
            number
            for number, held in _with_figures(figures, spans)
            if spans[number][0] == held[0]
            or any(parted(textpage, raw, figure) for figure in held[-_FIGURES_ASKED:])
        )
    looked = {each: rows(textpage, raw, *spans[each], everywhere=everywhere) for each in wanted}
    lines = {each: found for each, (found, _) in looked.items()}
    rooms = {each: room for each, (_, room) in looked.items() if _gaps(lines[each])}
    for each in sorted(rooms, key=rooms.__getitem__, reverse=True):
        whole, _ = rows(textpage, raw, *spans[each], everywhere=True)
        if _gaps(whole) <= _gaps(lines[each]):
            break  # words in the roomiest row stand as close as words do: so do all others
        lines[each] = whole
    for near in _beside(lines, spans):
        lines[near], _ = rows(textpage, raw, *spans[near], everywhere=True)
    found = [line for each in sorted(lines) for line in lines[each]]
    return found if any(line.gaps or line.breaks for line in found) else []


def _gaps(lines: Sequence[Line]) -> int:
    return sum(len(line.gaps) for line in lines)


def _with_figures(
    figures: Sequence[int], spans: Sequence[tuple[int, int]]
) -> Iterator[tuple[int, Sequence[int]]]:
    """Lines that hold as many figures as a table's row, and where these begin."""
    starts = [start for start, _ in spans]
    for number, group in groupby(figures, lambda figure: bisect(starts, figure) - 1):
        held = list(group)
        if len(held) >= _LEAST_FIGURES:
            yield number, held


def _beside(lines: dict[int, list[Line]], spans: Sequence[tuple[int, int]]) -> list[int]:
    """A table's head, and rows of words between rows of figures."""
    held = [each for each, found in lines.items() if any(line.gaps for line in found)]
    near = {each + step for each in held for step in (-1, 1)} - lines.keys()
    return sorted(
        each
        for each in near
        if 0 <= each < len(spans) and spans[each][1] - spans[each][0] <= _LONGEST_HEAD
    )


def _shows_columns(textpage: int) -> bool:
    """Whether some of the page's rectangles stand on one line and far apart, each of them as
    long as a column's line."""
    characters = native.FPDFText_CountChars(textpage)
    begin = max(0, (characters - _WITHIN) // 2)
    count = native.FPDFText_CountRects(textpage, begin, _WITHIN)
    first = max(0, (count - _LOOKED_AT) // 2)
    seen = 0
    before: Box | None = None
    for index in range(first, min(count, first + _LOOKED_AT)):
        place = rectangle(textpage, index)
        if place[1] - place[0] < _LONG * (place[3] - place[2]):
            before = None
            continue
        seen += before is not None and _apart(before, place)
        before = place
    return seen >= _GAPS_SEEN


def _apart(one: Box, other: Box) -> bool:
    """Whether both are on one line, with a wide gap between them."""
    height = min(one[3] - one[2], other[3] - other[2])
    shared = min(one[3], other[3]) - max(one[2], other[2])
    return shared > 0.5 * height and other[0] - one[1] > height


def _with_tabs(raw: str, lines: list[Line]) -> str:
    """A tab for the last space of each gap, and a line end where a row ends: no character
    moves. A sign of money stays with its amount, and a bullet with its line."""
    letters = list(raw)
    for line in lines:
        for gap in line.gaps:
            joined = raw[gap.start - 1] in _JOINED_BEFORE or raw[gap.end] in _JOINED_AFTER
            bullet = gap.start - line.start <= 2 and not raw[line.start : gap.start].isalnum()
            if not joined and not bullet:
                letters[gap.end - 1] = "\t"
        if line.gaps:
            for amounts in (_FIRST_AMOUNT, _NEXT_AMOUNT):
                for amount in amounts.finditer(raw, line.start, line.end):
                    letters[amount.start()] = "\t"
        if line.breaks:
            letters[line.end] = "\n"
    return "".join(letters)

"""White space within a line of pdfium's text: how wide it is on the page.

Every question to pdfium counts here. A row of figures is asked for the white space beside its
figures alone, unless the words before or after them take more room than words do.
"""

from __future__ import annotations

import ctypes
import re
from array import array
from collections.abc import Iterator, Sequence
from itertools import chain, repeat

from kimiqa.reading.columns import Gap, Line
from kimiqa.reading.native import native

WIDE = 1.2
"""The gap between cells or columns, in heights of the line's letters, from which on it is one."""

ROOMY = 0.95
"""Room for a letter, in heights of the line's letters, beyond which there is a gap among them."""

_SPACES = re.compile(r"(?<=\S) +(?=\S)")
_BESIDE_FIGURES = re.compile(
    r"(?<=[\d)%\]\u2012-\u2015]) +(?=\S)|(?<=\S) +(?=[($€£¥+\-\u2212]{0,3}[\d\u2012-\u2015])"
)
_JOINED = frozenset(" $€£¥([+-\u2212")
_LONGEST_LINE = 1_000

_SIDES = (ctypes.c_double * 4)()
_LEFT, _RIGHT, _BOTTOM, _TOP = (ctypes.addressof(_SIDES) + 8 * place for place in range(4))

Box = tuple[float, float, float, float]
"""Left, right, bottom, top."""

_Space = tuple[int, int, float, float]
"""White space within a line: its place in the text, and from where to where it goes."""


def rows(
    textpage: int, raw: str, start: int, end: int, *, everywhere: bool
) -> tuple[list[Line], float]:
    """A line's ends and its wide gaps; several, where the engine took rows for one line. And the
    most room that words take whose spaces were not asked for: 0 where all were."""
    first = native.FPDFText_GetCharIndexFromTextIndex(textpage, start)
    last = native.FPDFText_GetCharIndexFromTextIndex(textpage, end - 1)
    if first < 0 or last - first != end - 1 - start or end - start > _LONGEST_LINE:
        return [Line(start, end)], 0.0
    if not everywhere:
        found, room = _rows(textpage, raw, start, end, first - start, _BESIDE_FIGURES)
        if room <= ROOMY:
            return found, room
    return _rows(textpage, raw, start, end, first - start, _SPACES)[0], 0.0


def _rows(
    textpage: int, raw: str, start: int, end: int, shift: int, spaces: re.Pattern[str]
) -> tuple[list[Line], float]:
    """The line's rows, and the most room that its words take: for a letter, in heights."""
    white = [space.span() for space in spaces.finditer(raw, start, end)]
    beside = chain.from_iterable((shift + one - 1, shift + other) for one, other in white)
    asked = [shift + start, *beside, shift + _last_ink(raw, white[-1][1] if white else start, end)]
    ink = _boxes(textpage, asked)
    left, _, level, top = next(ink)
    height, begun, room = top - level, left, 0.0
    found: list[Line] = []
    gaps: list[_Space] = []
    after_gap = start
    for (one, other), before, after in zip(white, ink, ink, strict=False):
        height = max(height, before[3] - before[2], after[3] - after[2])
        room = max(room, _room(raw, after_gap, one, before[1] - begun, height))
        begun, after_gap = after[0], other
        if _is_below(after, before):
            wide = _wide(gaps, height)
            found.append(Line(start, one, left, before[1], wide, level, breaks=True))
            start, left, level, gaps = other, after[0], after[2], []
        else:
            gaps.append((one, other, before[1], after[0]))
    right = next(ink)[1]
    room = max(room, _room(raw, after_gap, end, right - begun, height))
    return [*found, Line(start, end, left, right, _wide(gaps, height), level)], room


def _room(raw: str, start: int, end: int, width: float, height: float) -> float:
    """A single word may be as wide as it likes."""
    single = raw.find(" ", start, end) < 0
    return 0.0 if single or height <= 0 else width / (height * (end - start))


def _wide(gaps: list[_Space], height: float) -> tuple[Gap, ...]:
    least = WIDE * height
    return tuple(Gap(*gap) for gap in gaps if gap[3] - gap[2] > least)


def _is_below(after: Box, before: Box) -> bool:
    """Whether a character begins another line than the one before it."""
    return after[3] <= before[2] and after[0] < before[0] and after[3] > after[2]


def _last_ink(raw: str, start: int, end: int) -> int:
    return start + max(0, len(raw[start:end].rstrip()) - 1)


def parted(textpage: int, raw: str, figure: int) -> bool:
    """Whether white space as wide as between cells stands before a figure: prose has none."""
    end = figure
    while end > 1 and raw[end - 1] in _JOINED:
        end -= 1
    first = native.FPDFText_GetCharIndexFromTextIndex(textpage, end)
    last = native.FPDFText_GetCharIndexFromTextIndex(textpage, figure)
    if min(first, last) < 1:
        return False
    _, left, low, high = box(textpage, first - 1)
    right, _, bottom, top = box(textpage, last)
    return right - left > max(high - low, top - bottom) or top <= low or right < left


def box(textpage: int, index: int) -> Box:
    """Where a character's ink is; nothing where it has no place."""
    if not native.FPDFText_GetCharBox(textpage, index, _LEFT, _RIGHT, _BOTTOM, _TOP):
        return 0.0, 0.0, 0.0, 0.0
    left, right, bottom, top = _SIDES
    return left, right, bottom, top


def _boxes(textpage: int, indices: Sequence[int]) -> Iterator[Box]:
    """The same of many characters, asked without a step of Python's in between."""
    sides = array("d", bytes(32 * len(indices)))
    at, _ = sides.buffer_info()
    places = (range(at + 8 * side, at + 8 * side + 32 * len(indices), 32) for side in range(4))
    list(map(native.FPDFText_GetCharBox, repeat(textpage), indices, *places))
    return zip(*(sides[side::4] for side in range(4)), strict=True)


def rectangle(textpage: int, index: int) -> Box:
    """One of the rectangles that pdfium has counted round the page's text."""
    native.FPDFText_GetRect(textpage, index, _LEFT, _TOP, _RIGHT, _BOTTOM)
    left, right, bottom, top = _SIDES
    return left, right, bottom, top

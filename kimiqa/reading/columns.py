"""Columns of prose that a file draws line by line across the page, put one after the other.

Most files draw a column to its end before the next begins, and their order is kept. Where
lines hold a piece of each column, they all have a gap at the same place, and prose on both
sides of it; a table has figures there, or few words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

_FEWEST_LINES = 6
_LEAST_SHARE = 0.6
"""The share of the lines across the gutter that have a gap there."""
_LEAST_LETTERS = 18
"""Letters that a line of prose has on either side, on average."""
_MOST_DIGITS = 0.15
_SLACK = 3.0
_STEP = 1.8
"""A line so many times as far down as the one before begins something new."""


@dataclass(frozen=True, slots=True)
class Gap:
    """White space within a line: its place in the text, and from where to where it goes."""

    start: int
    end: int
    left: float
    right: float


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the engine's text, its ends on the page, and its wide gaps."""

    start: int
    end: int
    left: float = 0.0
    right: float = 0.0
    gaps: tuple[Gap, ...] = ()
    level: float = 0.0
    """How high on the page its first letter stands."""
    breaks: bool = False
    """Whether the white space behind it is a line end that the engine did not see."""


Placed = tuple[int, str]
"""The engine's place of a character, and what is read there."""


def order(text: str, lines: Sequence[Line]) -> list[Placed] | None:
    """The characters in the order of columns; None where the lines hold no columns."""
    gutter = _gutter(text, lines)
    if gutter is None:
        return None
    placed: list[Placed] = []
    at = 0
    for block in _blocks(lines, gutter):
        start, end = block[0].start, _line_end(text, block[-1].end)
        placed += _kept(text, at, start)
        placed += _columns(text, block, gutter)
        at = end
    placed += _kept(text, at, len(text))
    return placed


def _gutter(text: str, lines: Sequence[Line]) -> float | None:
    """The middle of the gap that runs down through the lines, where prose is on both sides."""
    middles = sorted((gap.left + gap.right) / 2 for line in lines for gap in line.gaps)
    best = max(middles, key=lambda x: len(list(_split(lines, x))), default=0.0)
    split = list(_split(lines, best))
    across = sum(line.left < best - _SLACK and line.right > best + _SLACK for line in lines)
    if len(split) < _FEWEST_LINES or len(split) < _LEAST_SHARE * across:
        return None
    sides = (
        [text[line.start : gap.start] for line, gap in split],
        [text[gap.end : line.end] for line, gap in split],
    )
    return best if all(map(_is_prose, sides)) else None


def _split(lines: Sequence[Line], x: float) -> Iterator[tuple[Line, Gap]]:
    for line in lines:
        if (gap := _gap_at(line, x)) is not None:
            yield line, gap


def _gap_at(line: Line, x: float) -> Gap | None:
    return next((gap for gap in line.gaps if gap.left < x < gap.right), None)


def _is_prose(pieces: Sequence[str]) -> bool:
    whole = "".join(pieces)
    letters, digits = (sum(map(kind, whole)) for kind in (str.isalpha, str.isdigit))
    return letters >= _LEAST_LETTERS * len(pieces) and digits <= _MOST_DIGITS * letters


def _blocks(lines: Sequence[Line], gutter: float) -> Iterator[list[Line]]:
    """Runs of lines that stand beside the gutter, long enough to be columns."""
    block: list[Line] = []
    for line in [*lines, None]:
        follows = not block or (line is not None and _follows(line, block))
        if line is not None and follows and _beside(line, gutter):
            block.append(line)
            continue
        if sum(_gap_at(each, gutter) is not None for each in block) >= _FEWEST_LINES:
            yield block
        block = [line] if line is not None and _beside(line, gutter) else []


def _follows(line: Line, block: Sequence[Line]) -> bool:
    """Whether a line is the next one, and no farther down than the lines before it."""
    steps = [one.level - other.level for one, other in pairwise([*block[-2:], line])]
    return line.start - block[-1].end <= 2 and (len(steps) < 2 or steps[1] < _STEP * steps[0])


def _beside(line: Line, gutter: float) -> bool:
    return bool(_gap_at(line, gutter)) or line.right < gutter or line.left > gutter


def _columns(text: str, block: Sequence[Line], gutter: float) -> list[Placed]:
    """The pieces on the left of the gutter, then those on the right."""
    left: list[Placed] = []
    right: list[Placed] = []
    for line in block:
        gap = _gap_at(line, gutter)
        if gap is not None:
            left += [*_kept(text, line.start, gap.start), (gap.start, "\n")]
            right += _piece(text, gap.end, line.end)
        else:
            (right if line.left > gutter else left).extend(_piece(text, line.start, line.end))
    return [*left, *right]


def _piece(text: str, start: int, end: int) -> list[Placed]:
    """A piece with its line end; one is made where the text ends without."""
    whole = _kept(text, start, _line_end(text, end))
    return whole if whole[-1][1] == "\n" else [*whole, (end - 1, "\n")]


def _line_end(text: str, end: int) -> int:
    while text[end : end + 1] in ("\r", "\n"):
        end += 1
        if text[end - 1] == "\n":
            break
    return end


def _kept(text: str, start: int, end: int) -> list[Placed]:
    return list(enumerate(text[start:end], start))

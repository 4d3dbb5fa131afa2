"""Whether an OCR layer says what its scan shows: the scan is read once more, line by line.

Two readers never agree in every letter, and one reads what the other leaves out. A line lies
where print was read in its place, and a long stretch of it stands nowhere in that print.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from kimiqa.reading.parts import LayerLine

WHY = "an OCR layer that says something else than its scan"

_PIECE = 5
"""Letters in a row that are no chance."""
_STRETCH = 20
"""Letters in a row that were not read: of 1,050 lines of honest scans none had more than 11."""
_SHORT = 0.6
"""So much of a line's length is to be read in its place: where less is, nothing is known."""
_SURE = 75.0
"""How sure of its words (of 100) a reader must be who finds little of the layer on a page."""
_READ = 0.6
"""The share of the lines that are found on a page which can be read."""
_OTHER_SCRIPT = 0.5
_LAST_LATIN = "\u024f"
_ON = 0.5
_ROUND = 1.0
"""Heights of a line, above and below, within which print is on it, or on one beside it: a scan
that lies askew has the end of a line where the next one begins."""
_MOST_WORK = 2_000_000
"""Words and letters that are looked through for a page: a few seconds. Of one that is printed
close with small type it is a tenth."""
_PLAIN = str.maketrans("đłøıħŧ", "dloiht")
"""Letters with a stroke, which is no mark."""
_MARKED = re.compile("[\u0100-\u024f\u1e00-\u1eff]")
"""Letters that English, French and German have not: a stretch is as long as its others."""


@dataclass(frozen=True, slots=True)
class Printed:
    """A word that was read on the scan: its text, and where it stands in points."""

    text: str
    left: float
    top: float
    right: float
    bottom: float


def lying(
    text: str, lines: Sequence[LayerLine], read: Sequence[Printed], sure: float
) -> list[tuple[int, int, str]] | None:
    """The ranges of a page's `text` whose `lines` say something else than was `read` there; None
    where there is more of both than can be held against each other."""
    scan = _Scan(read)
    known: list[tuple[LayerLine, int]] = []
    for line in lines:
        missed = _missed(text, line, scan)
        if scan.work > _MOST_WORK:
            return None
        if missed is not None:
            known.append((line, missed))
    lies = [(line[0], line[1], WHY) for line, missed in known if missed >= _STRETCH]
    if len(lies) > (1 - _READ) * len(known) and sure < _SURE:
        return []
    return lies


class _Scan:
    """The letters that were read on a page, by where they stand."""

    def __init__(self, read: Sequence[Printed]) -> None:
        self.work = 0
        """Words and letters that were looked through so far."""
        self._words = [(_letters(each.text), each.left, each.right) for each in read]
        middles = sorted(((each.top + each.bottom) / 2, at) for at, each in enumerate(read))
        self._middles = [middle for middle, _ in middles]
        self._order = [at for _, at in middles]

    def at(self, line: LayerLine, heights: float) -> str:
        """What was read where a line stands, and so many of its heights round it."""
        _, _, left, top, right, bottom = line
        beside = bottom - top
        about = heights * beside
        first = bisect_left(self._middles, top - about)
        last = bisect_right(self._middles, bottom + about)
        words = [self._words[at] for at in sorted(self._order[first:last])]
        found = "".join(
            letters
            for letters, start, end in words
            if end >= left - beside and start <= right + beside
        )
        self.work += len(words) + len(found)
        return found


def _missed(text: str, line: LayerLine, scan: _Scan) -> int | None:
    """The longest stretch of a line, in letters, that was not read in its place; None where it
    cannot be told."""
    spelled = _spelled(text[line[0] : line[1]])
    said = "".join(letter for letter, _ in spelled)
    if len(said) < _STRETCH or len(scan.at(line, _ON)) < _SHORT * len(said):
        return None
    seen = scan.at(line, _ROUND)
    if abs(_foreign(said) - _foreign(seen)) > _OTHER_SCRIPT:
        return None  # the reader may not know the letters of the line
    pieces = {seen[at : at + _PIECE] for at in range(len(seen) - _PIECE + 1)}
    found = bytearray(len(said))
    for at in range(len(said) - _PIECE + 1):
        if said[at : at + _PIECE] in pieces:
            found[at : at + _PIECE] = b"1" * _PIECE
    longest = stretch = 0
    for was_read, (_, known) in zip(found, spelled, strict=True):
        stretch = 0 if was_read else stretch + known
        longest = max(longest, stretch)
    return longest


def _foreign(letters: str) -> float:
    """The share of letters that are not Latin."""
    return sum(each > _LAST_LATIN for each in letters) / max(1, len(letters))


def _letters(text: str) -> str:
    return "".join(letter for letter, _ in _spelled(text))


def _spelled(text: str) -> list[tuple[str, bool]]:
    """The letters of a text without their marks, which a reader without data for a language
    leaves out; and whether any reader of Latin letters knows each, as it stood there."""
    return [
        (letter, not _MARKED.match(each))
        for each in unicodedata.normalize("NFKC", text.casefold())
        for letter in unicodedata.normalize("NFKD", each).translate(_PLAIN)
        if letter.isalnum()
    ]

"""Whether an OCR layer says what its scan shows: the scan is read once more, line by line.

Two readers never agree in every letter, and one reads what the other leaves out. A line lies
where print was read in its place, and a long stretch of it stands nowhere in that print.
"""

from __future__ import annotations

import unicodedata
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
) -> list[tuple[int, int, str]]:
    """The ranges of a page's `text` whose `lines` say something else than was `read` there."""
    known = [(line, missed) for line in lines if (missed := _missed(text, line, read)) is not None]
    lies = [(line[0], line[1], WHY) for line, missed in known if missed >= _STRETCH]
    if len(lies) > (1 - _READ) * len(known) and sure < _SURE:
        return []
    return lies


def _missed(text: str, line: LayerLine, read: Sequence[Printed]) -> int | None:
    """The longest stretch of a line, in letters, that was not read in its place; None where it
    cannot be told."""
    said = _letters(text[line[0] : line[1]])
    if len(said) < _STRETCH or len(_read_at(line, read, _ON)) < _SHORT * len(said):
        return None
    seen = _read_at(line, read, _ROUND)
    if abs(_foreign(said) - _foreign(seen)) > _OTHER_SCRIPT:
        return None  # the reader may not know the letters of the line
    pieces = {seen[at : at + _PIECE] for at in range(len(seen) - _PIECE + 1)}
    found = bytearray(len(said))
    for at in range(len(said) - _PIECE + 1):
        if said[at : at + _PIECE] in pieces:
            found[at : at + _PIECE] = b"1" * _PIECE
    return max(map(len, bytes(found).split(b"1")))


def _read_at(line: LayerLine, read: Sequence[Printed], heights: float) -> str:
    """The letters that were read where a line stands, and so many of its heights round it."""
    _, _, left, top, right, bottom = line
    beside = bottom - top
    about = heights * beside
    return _letters(
        "".join(
            each.text
            for each in read
            if top - about <= (each.top + each.bottom) / 2 <= bottom + about
            and each.right >= left - beside
            and each.left <= right + beside
        )
    )


def _foreign(letters: str) -> float:
    """The share of letters that are not Latin."""
    return sum(each > _LAST_LATIN for each in letters) / max(1, len(letters))


def _letters(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "".join(each for each in plain if each.isalnum())

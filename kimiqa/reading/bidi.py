"""Right-to-left lines in the order in which they are read.

pdfium takes letters to be drawn from left to right and turns Hebrew and Arabic round. Some
programs draw them from right to left, and those come out backwards: where the letters go
shows it. Each line is asked for itself.
"""

from __future__ import annotations

import ctypes
import re
import unicodedata
from collections.abc import Iterator

from kimiqa.reading.native import native

_LETTER = "\u0590-\u05ea\u05ef-\u065f\u066e-\u06ef\u06fa-\u08ff\ufb1d-\ufdff\ufe70-\ufefc"
_HAS = re.compile(f"[{_LETTER}]")
_RUN = re.compile(f"[{_LETTER}](?:[^\\w\\r\\n]*[{_LETTER}])*")
_LINE = re.compile(r"[^\r\n]+")
_PAIR = re.compile(f"[{_LETTER}](?=[{_LETTER}])")
_MOST_PAIRS = 40

_SIDES = (ctypes.c_double * 4)()
_AT = [ctypes.addressof(_SIDES) + 8 * place for place in range(4)]


def has_right_to_left(text: str) -> bool:
    """Whether there is a Hebrew or Arabic letter in it."""
    return not text.isascii() and bool(_HAS.search(text))


def places(textpage: int, raw: str) -> list[int] | None:
    """The engine's places in reading order; None where they are in order already."""
    found = list(range(len(raw)))
    backwards = [line.span() for line in _LINE.finditer(raw) if _is_backwards(textpage, raw, line)]
    for start, end in backwards:
        for run in _RUN.finditer(raw, start, end):
            found[run.start() : run.end()] = reversed(range(*run.span()))
    return found if backwards else None


def _is_backwards(textpage: int, raw: str, line: re.Match[str]) -> bool:
    """Whether most letters of the line's words stand to the right of the one before them."""
    rightwards = leftwards = 0
    for one, other in _steps(textpage, raw, line):
        rightwards += other > one
        leftwards += other < one
    return rightwards > leftwards


def _steps(textpage: int, raw: str, line: re.Match[str]) -> Iterator[tuple[float, float]]:
    """Where letters that follow each other within a word stand; marks stand over others."""
    asked = 0
    for pair in _PAIR.finditer(raw, *line.span()):
        if unicodedata.combining(raw[pair.start()]) or unicodedata.combining(raw[pair.end()]):
            continue
        one, other = _across(textpage, pair.start()), _across(textpage, pair.end())
        if one is not None and other is not None:
            yield one, other
        asked += 1
        if asked >= _MOST_PAIRS:
            return


def _across(textpage: int, place: int) -> float | None:
    index = native.FPDFText_GetCharIndexFromTextIndex(textpage, place)
    if index < 0 or not native.FPDFText_GetCharBox(textpage, index, *_AT):
        return None
    return (_SIDES[0] + _SIDES[1]) / 2

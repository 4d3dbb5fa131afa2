"""Hidden objects → the stretches of the clean text that came from them."""

from __future__ import annotations

import ctypes
from ctypes import byref
from itertools import compress, repeat
from typing import Any

from kimiqa.reading.check import Check, Found
from kimiqa.reading.clean import Cleaned
from kimiqa.reading.geometry import Rectangle
from kimiqa.reading.native import native

_LEAST_LETTERS = 2


def ranges(check: Check, cleaned: Cleaned) -> list[Found]:
    """The hidden objects' stretches of the clean text."""
    reasons = _by_place(check)
    found: list[list[Any]] = []
    for index, place in enumerate(cleaned.positions):
        why = reasons.get(place)
        if why is None:
            continue
        if found and not cleaned.text[found[-1][1] : index].strip():
            found[-1][1] = index + 1
        else:
            found.append([index, index + 1, why])
    return [
        (start, end, why) for start, end, why in found if _says_something(cleaned.text[start:end])
    ]


def _by_place(check: Check) -> dict[int, str]:
    """The engine's positions of hidden characters, each with its reason."""
    textpage = check.textpage
    reasons: dict[int, str] = {}
    count = max(0, native.FPDFText_CountChars(textpage))
    handles = list(map(native.FPDFText_GetTextObject, repeat(textpage), range(count)))
    told = check.hidden.keys() | check.partly.keys()
    for index in compress(range(count), map(told.__contains__, handles)):
        key = handles[index]
        why = check.hidden.get(key)
        if why is None:
            seen, reason = check.partly[key]
            why = None if _seen_in(textpage, index, seen) else reason
        if why is not None:
            place = native.FPDFText_GetTextIndexFromCharIndex(textpage, index)
            if place >= 0:
                reasons[place] = why
    return reasons


def _seen_in(textpage: Any, index: int, seen: Rectangle) -> bool:
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    if not native.FPDFText_GetCharBox(textpage, index, *map(byref, (left, right, bottom, top))):
        return True
    across, down = (left.value + right.value) / 2, (bottom.value + top.value) / 2
    return seen[0] - 1 <= across <= seen[2] + 1 and seen[1] - 1 <= down <= seen[3] + 1


def _says_something(text: str) -> bool:
    """One letter, a bullet or a rule is no passage; one Han character is."""
    letters = [each for each in text if each.isalnum()]
    return len(letters) >= _LEAST_LETTERS or any(each > "\u2e80" for each in letters)

"""What decides whether texts can be seen, asked of many of them at once.

A file that draws every glyph by itself has thousands of text objects on a page. Each question
goes through all of them in one `map`, without a step of Python's in between: that is what
keeps the second pass within a few times the first.
"""

from __future__ import annotations

import ctypes
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat
from typing import Any

from kimiqa.reading.geometry import NOWHERE, Rectangle
from kimiqa.reading.native import native

Colour = tuple[int, int, int]
Ink = tuple[Colour, int]
"""A colour and its opacity, 0 to 255."""

Answers = tuple[Rectangle, int, int, Ink | None, int, int]
"""Where a text stands in its own space, the paths that clip it (-1: there can be none), its mode,
what fills it, the marks it stands under, and whether it is mixed with what is below it."""

_STEP = 4


def many(handles: Sequence[Any]) -> Iterator[Answers]:
    """The answers for each of these texts."""
    clips = map(native.FPDFClipPath_CountPaths, map(native.FPDFPageObj_GetClipPath, handles))
    modes = map(native.FPDFTextObj_GetTextRenderMode, handles)
    marks = map(native.FPDFPageObj_CountMarks, handles)
    mixed = map(native.FPDFPageObj_HasTransparency, handles)
    return zip(_bounds(handles), clips, modes, _fills(handles), marks, mixed, strict=True)


def _bounds(handles: Sequence[Any]) -> Iterable[Rectangle]:
    told, sides = _asked(native.FPDFPageObj_GetBounds, handles, "f")
    places = zip(*repeat(iter(sides), _STEP), strict=True)
    if all(told):
        return places
    return (place if good else NOWHERE for good, place in zip(told, places, strict=True))


def _fills(handles: Sequence[Any]) -> Iterable[Ink | None]:
    told, channels = _asked(native.FPDFPageObj_GetFillColor, handles, "I")
    colours = list(zip(*repeat(iter(channels), _STEP), strict=True))
    inks: dict[tuple[int, ...], Ink] = {each: (each[:3], each[3]) for each in set(colours)}
    found = map(inks.__getitem__, colours)
    if all(told):
        return found
    return (ink if good else None for good, ink in zip(told, found, strict=True))


def _asked(question: Any, handles: Sequence[Any], kind: str) -> tuple[list[int], array[Any]]:
    """Four numbers for each handle, and whether they were given."""
    numbers = array(kind, bytes(_STEP * 4 * len(handles)))
    first, _ = numbers.buffer_info()
    width = _STEP * ctypes.sizeof(ctypes.c_float)
    ends = first + width * len(handles)
    places = (range(first + 4 * side, ends + 4 * side, width) for side in range(_STEP))
    return list(map(question, handles, *places)), numbers


def scales(handles: Sequence[Any], owners: Sequence[int]) -> list[tuple[Any, ...]]:
    """Each text's size in its own space, what its matrix does to it, and its owner: many texts
    have the same, so that only a few different ones are left to be looked at."""
    ems = array("f", bytes(4 * len(handles)))
    matrices = array("f", bytes(24 * len(handles)))
    at, _ = ems.buffer_info()
    list(map(native.FPDFTextObj_GetFontSize, handles, range(at, at + 4 * len(handles), 4)))
    at, _ = matrices.buffer_info()
    list(map(native.FPDFPageObj_GetMatrix, handles, range(at, at + 24 * len(handles), 24)))
    return list(zip(ems, *(matrices[place::6] for place in range(4)), owners, strict=True))

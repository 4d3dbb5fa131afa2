"""What decides whether texts can be seen, asked of many of them at once.

A file that draws every glyph by itself has thousands of text objects on a page. Each question
goes through all of them in one `map`, without a step of Python's in between: that is what
keeps the second pass within a few times the first.
"""

from __future__ import annotations

import ctypes
from array import array
from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import Any

from kimiqa.reading.geometry import NOWHERE, Rectangle
from kimiqa.reading.native import native

Colour = tuple[int, int, int]
Ink = tuple[Colour, int]
"""A colour and its opacity, 0 to 255."""

Answers = tuple[Rectangle, int, int, Ink | None, int, int]
"""Where a text stands in its own space, the paths that clip it, its mode, what fills it, the
marks it stands under, and whether it is mixed with what is below it."""

_STEP = 4


def many(handles: Sequence[Any]) -> Iterator[Answers]:
    """The answers for each of these texts."""
    clips = map(_paths, map(native.FPDFPageObj_GetClipPath, handles))
    modes = map(native.FPDFTextObj_GetTextRenderMode, handles)
    marks = map(native.FPDFPageObj_CountMarks, handles)
    mixed = map(native.FPDFPageObj_HasTransparency, handles)
    return zip(_bounds(handles), clips, modes, _fills(handles), marks, mixed, strict=True)


def _paths(clip: Any) -> int:
    return max(0, native.FPDFClipPath_CountPaths(clip)) if clip else 0


def _bounds(handles: Sequence[Any]) -> Iterator[Rectangle]:
    told, sides = _asked(native.FPDFPageObj_GetBounds, handles, "f")
    places = zip(*repeat(iter(sides), _STEP), strict=True)
    return (place if good else NOWHERE for good, place in zip(told, places, strict=True))


def _fills(handles: Sequence[Any]) -> Iterator[Ink | None]:
    told, channels = _asked(native.FPDFPageObj_GetFillColor, handles, "I")
    inks: dict[tuple[int, ...], Ink] = {}
    for good, each in zip(told, zip(*repeat(iter(channels), _STEP), strict=True), strict=True):
        if not good:
            yield None
            continue
        if each not in inks:
            inks[each] = (each[:3], each[3])
        yield inks[each]


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

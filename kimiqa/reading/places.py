"""A range of a page's text → the boxes round it: one for each stretch of a line."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Iterator
from typing import Any

import pypdfium2.raw as raw  # type: ignore[import-untyped]

from kimiqa.reading.geometry import Rectangle

_UPRIGHT = 0.01
"""Radians from which on a character counts as turned."""
_SAME_LINE = 0.5
"""The share of the smaller height that two boxes of a line have in common."""
_WIDEST_GAP = 1.2
"""How wide a gap may be inside a stretch, in heights of the line."""


def rectangles(textpage: Any, places: Iterable[int]) -> list[Rectangle]:
    """Where these characters of pdfium's text stand, in the page's own coordinates."""
    found: list[Rectangle] = []
    turned = False
    for index in _characters(textpage, places):
        place, angle = _place(textpage, index)
        if place is None:
            continue
        if found and angle == turned and _adjoins(found[-1], place, turned=angle):
            found[-1] = _round(found[-1], place)
        else:
            found.append(place)
        turned = angle
    return found


def _characters(textpage: Any, places: Iterable[int]) -> Iterator[int]:
    """The page's characters behind places of its text; some places are made up."""
    for place in places:
        index = raw.FPDFText_GetCharIndexFromTextIndex(textpage, place)
        if index >= 0 and raw.FPDFText_IsGenerated(textpage, index) != 1:
            yield index


def _place(textpage: Any, index: int) -> tuple[Rectangle | None, bool]:
    """A character's box, as high as its line where it stands upright; and whether it does not."""
    ink = _ink(textpage, index)
    if ink is None:
        return None, False
    angle = raw.FPDFText_GetCharAngle(textpage, index)
    if not (angle < _UPRIGHT or angle > 6.283 - _UPRIGHT):
        return ink, True
    loose = raw.FS_RECTF()
    if not raw.FPDFText_GetLooseCharBox(textpage, index, loose):
        return ink, False
    height = loose.top - loose.bottom
    if not 0 < height < 4 * max(1.0, _size(textpage, index)):
        return ink, False
    return _round(ink, (loose.left, loose.bottom, loose.right, loose.top)), False


def _ink(textpage: Any, index: int) -> Rectangle | None:
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    if not raw.FPDFText_GetCharBox(textpage, index, left, right, bottom, top):
        return None
    return left.value, bottom.value, right.value, top.value


def _size(textpage: Any, index: int) -> float:
    """The size a character is shown in: its font's by its matrix."""
    matrix = raw.FS_MATRIX()
    size = float(raw.FPDFText_GetFontSize(textpage, index))
    if raw.FPDFText_GetMatrix(textpage, index, matrix):
        size *= max(0.001, (matrix.c**2 + matrix.d**2) ** 0.5)
    return size


def _round(one: Rectangle, other: Rectangle) -> Rectangle:
    return (
        min(one[0], other[0]),
        min(one[1], other[1]),
        max(one[2], other[2]),
        max(one[3], other[3]),
    )


def _adjoins(held: Rectangle, place: Rectangle, *, turned: bool) -> bool:
    """Whether a character goes on with the stretch, in either direction of writing."""
    along, across = (1, 0) if turned else (0, 1)
    height = max(held[across + 2] - held[across], 0.01)
    shared = min(held[across + 2], place[across + 2]) - max(held[across], place[across])
    smaller = min(height, place[across + 2] - place[across])
    gap = max(place[along] - held[along + 2], held[along] - place[along + 2])
    return shared >= _SAME_LINE * smaller and gap <= _WIDEST_GAP * height

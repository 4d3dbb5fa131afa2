"""Where a picture shows print: strokes that stand out from what is round them."""

from __future__ import annotations

from typing import Any

_STANDS_OUT = 16
"""How far (of 255) a pixel must be from what is round it; a picture that only goes from light
to dark has no strokes."""
_ROUND = 2
_LONG = 2.0
"""A place so many times as long as it is high holds a line: a short word has its strokes
anywhere in it."""
_FEW = 8
_CELL = 3
"""Pixels of a cell, in which a stroke is or is not."""


class Print:
    """The strokes of one picture, cell by cell."""

    def __init__(self, picture: Any) -> None:
        from PIL import Image, ImageChops, ImageFilter

        grey = picture.convert("L")
        apart = ImageChops.difference(grey, grey.filter(ImageFilter.BoxBlur(_ROUND)))
        inked = apart.point([255 if level > _STANDS_OUT else 0 for level in range(256)])
        self._wide, self._high = (max(1, -(-side // _CELL)) for side in inked.size)
        cells = inked.resize((self._wide, self._high), Image.Resampling.BOX)
        self._cells: bytes = cells.tobytes()

    def share(self, left: float, top: float, right: float, bottom: float) -> float:
        """The share of a place's length, in pixels, along which there are strokes."""
        first, last = _cells(left, right, self._wide)
        upper, lower = _cells(top, bottom, self._high)
        lines = [
            self._cells[self._wide * line + first : self._wide * line + last]
            for line in range(upper, lower)
        ]
        if _LONG * (bottom - top) < right - left:
            return sum(map(any, zip(*lines, strict=True))) / (last - first)
        if _LONG * (right - left) < bottom - top and len(lines) > _FEW:
            return sum(map(any, lines)) / len(lines)
        return float(any(map(any, lines)))


def _cells(start: float, end: float, most: int) -> tuple[int, int]:
    """The cells from `start` to `end`, at least one."""
    first = min(max(0, int(start / _CELL)), most - 1)
    return first, min(most, max(first + 1, int(end / _CELL) + 1))

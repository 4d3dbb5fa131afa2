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
        wide, cells = self._wide, self._cells
        first, last = _cells(left, right, wide)
        upper, lower = _cells(top, bottom, self._high)
        length, starts = last - first, range(wide * upper + first, wide * lower + first, wide)
        if _LONG * (bottom - top) < right - left:
            # A number of so many bytes: what stands in any of the lines stands in all of them.
            strokes = 0
            for start in starts:
                strokes |= int.from_bytes(cells[start : start + length], "big")
            return 1 - strokes.to_bytes(length, "big").count(0) / length
        inked = [cells.count(0, start, start + length) < length for start in starts]
        if _LONG * (right - left) < bottom - top and len(inked) > _FEW:
            return sum(inked) / len(inked)
        return float(any(inked))


def _cells(start: float, end: float, most: int) -> tuple[int, int]:
    """The cells from `start` to `end`, at least one."""
    first = min(max(0, int(start / _CELL)), most - 1)
    return first, min(most, max(first + 1, int(end / _CELL) + 1))

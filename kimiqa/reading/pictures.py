"""A page rendered with and without its texts, where only the picture can tell what is seen."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from ctypes import byref
from typing import Any

from kimiqa.reading.geometry import Rectangle
from kimiqa.reading.many import Colour
from kimiqa.reading.native import native
from kimiqa.reading.objects import Scene, Text

_MOST_PIXELS = 2_000_000
_FINE = 1000
_CHANGE = 12
"""How far (of 255) a pixel must change for an eye to see it."""


class Pictures:
    """The pictures of one page, each made when it is first needed."""

    def __init__(self, page: Any) -> None:
        self._page = page
        self._size = page.get_size()
        area = max(1.0, self._size[0] * self._size[1])
        self._scale = min(1.0, (_MOST_PIXELS / area) ** 0.5)
        self._whole: Any = None
        self._bare: Any = None

    @property
    def whole(self) -> Any:
        """The page as it is."""
        if self._whole is None:
            self._whole = self._drawn()
        return self._whole

    def without(self, texts: Sequence[Text]) -> Any:
        """The page without some of its texts."""
        for text in texts:
            native.FPDFPageObj_SetIsActive(text.handle, False)
        try:
            return self._drawn()
        finally:
            for text in texts:
                native.FPDFPageObj_SetIsActive(text.handle, True)

    def ground(self, text: Text, scene: Scene) -> tuple[Colour, Colour]:
        """The least and the most of each channel where `text` stands, all text taken away."""
        if self._bare is None:
            self._bare = self.without(scene.texts)
        extremes = self._bare.crop(self.place(text)).getextrema()
        low, high = zip(*extremes, strict=True)
        return low, high

    def changes(self, texts: Sequence[Text]) -> list[bool]:
        """For each of `texts`, whether the page looks different there without them all."""
        from PIL import ImageChops

        changed = ImageChops.difference(self.whole, self.without(texts))
        return [self.differs(changed, text) for text in texts]

    def differs(self, difference: Any, text: Text) -> bool:
        extremes = difference.crop(self.place(text)).getextrema()
        return bool(max(high for _, high in extremes) > _CHANGE)

    def place(self, text: Text) -> tuple[int, int, int, int]:
        """A text's pixels, at least one."""
        x0, y0, x1, y1 = (self._scale * each for each in self.exact(text.place))
        width, height = self._drawn_size
        x0, y0 = min(max(0, int(x0)), width - 1), min(max(0, int(y0)), height - 1)
        return x0, y0, min(width, max(x0 + 1, int(x1 + 1))), min(height, max(y0 + 1, int(y1 + 1)))

    def exact(self, place: Rectangle) -> Rectangle:
        """A place as it is shown: left, top, right, bottom in points from the top left."""
        left, bottom, right, top = place
        corners = [self._device(left, bottom), self._device(right, top)]
        (x0, x1), (y0, y1) = (sorted(each) for each in zip(*corners, strict=True))
        return x0, y0, x1, y1

    @property
    def _drawn_size(self) -> tuple[int, int]:
        drawn = self._bare if self._whole is None else self._whole
        size: tuple[int, int] = (drawn if drawn is not None else self.whole).size
        return size

    def _device(self, x: float, y: float) -> tuple[float, float]:
        across, down = ctypes.c_int(), ctypes.c_int()
        size = (round(each * _FINE) for each in self._size)
        native.FPDF_PageToDevice(self._page, 0, 0, *size, 0, x, y, byref(across), byref(down))
        return across.value / _FINE, down.value / _FINE

    def _drawn(self) -> Any:
        bitmap = self._page.render(scale=self._scale, may_draw_forms=False, draw_annots=False)
        return bitmap.to_pil().convert("RGB")

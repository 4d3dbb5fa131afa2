"""A page rendered with and without its texts, where only the picture can tell what is seen."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from ctypes import byref
from functools import cached_property
from typing import Any

import pypdfium2.raw as raw  # type: ignore[import-untyped]

from kimiqa.reading.geometry import Matrix, Rectangle
from kimiqa.reading.many import Colour
from kimiqa.reading.native import native
from kimiqa.reading.objects import Scene, Text
from kimiqa.reading.print import Print

_MOST_PIXELS = 2_000_000
_FINE = 1000
_CHANGE = 12
"""How far (of 255) a pixel must change for an eye to see it."""
_COARSE = 0.5
"""The scale at which print still shows, and a scan is drawn in half the time."""
_FAR = 1000.0
_ABOUT = 2.0
"""Points round a text in which OCR may have seen it."""
_UNPAINTED = raw.FPDF_TEXTRENDERMODE_INVISIBLE
_PRINTED = 0.5
"""The share of a text's length along which print must stand."""


class Pictures:
    """The pictures of one page, each made when it is first needed."""

    def __init__(self, page: Any) -> None:
        self._page = page
        self._size = page.get_size()
        area = max(1.0, self._size[0] * self._size[1])
        self._scale = min(1.0, (_MOST_PIXELS / area) ** 0.5)
        self._whole: Any = None
        self._bare: Any = None
        self._ink: Print | None = None

    @property
    def whole(self) -> Any:
        """The page as it is."""
        if self._whole is None:
            self._whole = self._drawn(self._scale, notes=True)
        return self._whole

    def without(self, texts: Sequence[Text]) -> Any:
        """The page without some of its texts."""
        return self._without(texts, self._scale, notes=True)

    def _without(self, texts: Sequence[Text], scale: float, *, notes: bool) -> Any:
        for text in texts:
            native.FPDFPageObj_SetIsActive(text.handle, False)
        try:
            return self._drawn(scale, notes=notes)
        finally:
            for text in texts:
                native.FPDFPageObj_SetIsActive(text.handle, True)

    def printed(self, texts: Sequence[Text], scene: Scene) -> list[Text]:
        """Those along whose place strokes of ink stand, all text taken away."""
        if not texts:
            return []
        scale = _COARSE * self._scale
        if self._ink is None:
            painted = [each for each in scene.texts if each.mode != _UNPAINTED]
            self._ink = Print(self._without(painted, scale, notes=False))
        share, exact = self._ink.share, self.exact
        found = []
        for text in texts:
            left, top, right, bottom = exact(text.place)
            left, top = scale * (left - _ABOUT), scale * (top - _ABOUT)
            if share(left, top, scale * (right + _ABOUT), scale * (bottom + _ABOUT)) >= _PRINTED:
                found.append(text)
        return found

    def ground(self, text: Text, scene: Scene) -> tuple[Colour, Colour]:
        """The least and the most of each channel where `text` stands, all text taken away."""
        if self._bare is None:
            self._bare = self._without(scene.texts, self._scale, notes=False)
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
        a, b, c, d, e, f = self._to_device
        x0, y0 = a * left + c * bottom + e, b * left + d * bottom + f
        x1, y1 = a * right + c * top + e, b * right + d * top + f
        if x1 < x0:
            x0, x1 = x1, x0
        return (x0, y1, x1, y0) if y1 < y0 else (x0, y0, x1, y1)

    @cached_property
    def _to_device(self) -> Matrix:
        """From the page's own coordinates to points from the top left, by three places."""
        (e, f), (a, b), (c, d) = (self._device(*each) for each in ((0, 0), (_FAR, 0), (0, _FAR)))
        return (a - e) / _FAR, (b - f) / _FAR, (c - e) / _FAR, (d - f) / _FAR, e, f

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

    def _drawn(self, scale: float, *, notes: bool) -> Any:
        """The page, with the boxes and stamps of its annotations where they may cover text."""
        bitmap = self._page.render(scale=scale, may_draw_forms=False, draw_annots=notes)
        return bitmap.to_pil().convert("RGB")

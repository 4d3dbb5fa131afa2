"""The deep check: the picture of a page against its text. Slow, and asked for by name.

Text that something was painted over changes nothing when it is taken away. Text whose map to
characters lies has glyphs that look like other letters than it says.
"""

from __future__ import annotations

import ctypes
from collections import defaultdict
from ctypes import byref
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from kimiqa.reading.crowds import seen
from kimiqa.reading.geometry import Rectangle, area
from kimiqa.reading.native import native
from kimiqa.reading.objects import INVISIBLE_MODES
from kimiqa.reading.scans import shown

if TYPE_CHECKING:
    from kimiqa.reading.check import Check

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_FEWEST = 18
"""Different letters of a font from which on it can be judged."""
_ALIKE = 0.15
"""The share of letters that look like what they say, below which a font lies: honest ones
have 0.25 and more, slanted and narrow ones the least, and a shuffled alphabet has 0.05."""
_GRID = 10
_FINE = 3.0


def examine(check: Check) -> None:
    """Add what the picture tells to what is known to be hidden."""
    _covered(check)
    _lying(check)


def _covered(check: Check) -> None:
    asked = [text for text in check.scene.texts if text.handle not in check.hidden]
    unseen = [
        text
        for text, is_seen in zip(asked, seen(check.pictures, asked), strict=True)
        if not is_seen and area(text.place) > 0
    ]
    check.hidden |= {text.handle: "covered" for text in unseen}
    for text in shown(check, unseen):
        del check.hidden[text.handle]


# Maps that lie ----------------------------------------------------------------------------------


def _lying(check: Check) -> None:
    samples = _samples(check)
    if not any(len(letters) >= _FEWEST for letters in samples.values()):
        return
    picture = check.page.render(scale=_FINE, may_draw_forms=False, draw_annots=False)
    drawn = picture.to_pil().convert("L")
    for font, letters in samples.items():
        if len(letters) >= _FEWEST and _share_alike(check, drawn, letters) < _ALIKE:
            for text in check.scene.texts:
                if _font(text.handle) == font:
                    check.hidden[text.handle] = "glyphs that show something else"


def _samples(check: Check) -> dict[int, dict[str, Rectangle]]:
    """For each font a place of each Latin letter or digit it is said to show."""
    textpage = check.textpage
    unpainted = {text.handle for text in check.scene.texts if text.mode in INVISIBLE_MODES}
    left_out = check.hidden.keys() | unpainted
    found: defaultdict[int, dict[str, Rectangle]] = defaultdict(dict)
    for index in range(max(0, native.FPDFText_CountChars(textpage))):
        letter = chr(native.FPDFText_GetUnicode(textpage, index))
        handle = native.FPDFText_GetTextObject(textpage, index) if letter in _LETTERS else None
        if not handle or handle in left_out:
            continue
        letters = found[_font(handle)]
        if letter not in letters and (place := _place(textpage, index)) is not None:
            letters[letter] = place
    return found


def _font(handle: Any) -> int:
    return int(native.FPDFTextObj_GetFont(handle) or 0)


def _place(textpage: Any, index: int) -> Rectangle | None:
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    if not native.FPDFText_GetCharBox(textpage, index, *map(byref, (left, right, bottom, top))):
        return None
    if right.value - left.value < 1 or top.value - bottom.value < 3:
        return None
    return left.value, bottom.value, right.value, top.value


def _share_alike(check: Check, drawn: Any, letters: dict[str, Rectangle]) -> float:
    seen = {each: _glyph(_cut(check, drawn, place)) for each, place in letters.items()}
    judged = {each: glyph for each, glyph in seen.items() if glyph is not None}
    if len(judged) < _FEWEST:
        return 1.0
    return sum(_looks_like(glyph, each) for each, glyph in judged.items()) / len(judged)


def _cut(check: Check, drawn: Any, place: Rectangle) -> Any:
    left, top, right, bottom = check.pictures.exact(place)
    edges = (left * _FINE - 1, top * _FINE - 1, right * _FINE + 2, bottom * _FINE + 2)
    return drawn.crop(tuple(int(edge) for edge in edges))


def _glyph(picture: Any) -> bytes | None:
    """A glyph's ink in a small square, whatever its size and colours; its shape in the last
    byte. None where there is none."""
    from PIL import ImageOps

    if picture.width < 2 or picture.height < 2:
        return None
    low, high = picture.getextrema()
    if high - low < 60:
        return None
    ink = ImageOps.autocontrast(picture)
    if ink.tobytes()[0] > 127:
        ink = ImageOps.invert(ink)
    box = ink.point([255 if level > 90 else 0 for level in range(256)]).getbbox()
    if box is None:
        return None
    inked = ink.crop(box)
    shape = min(255, round(100 * inked.width / inked.height))
    return bytes(inked.resize((_GRID, _GRID)).tobytes()) + bytes([shape])


@lru_cache(50_000)
def _looks_like(glyph: bytes, letter: str) -> bool:
    """Whether `letter` is among the four that the glyph is most like, in either case."""
    ranked = sorted(_LETTERS, key=lambda each: _distance(glyph, _reference()[each]))
    return letter.lower() in [each.lower() for each in ranked[:4]]


def _distance(one: bytes, other: bytes) -> int:
    shapes = 8 * abs(one[-1] - other[-1])
    return sum(abs(a - b) for a, b in zip(one, other, strict=True)) + shapes


@cache
def _reference() -> dict[str, bytes]:
    """The letters as an ordinary sans serif draws them."""
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.load_default(size=48)
    glyphs = {}
    for letter in _LETTERS:
        picture = Image.new("L", (96, 96), 255)
        ImageDraw.Draw(picture).text((20, 12), letter, font=font, fill=0)
        glyphs[letter] = _glyph(picture) or bytes(_GRID * _GRID + 1)
    return glyphs

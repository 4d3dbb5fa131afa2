"""pdfium, as the worker uses it: never imported by the app's own process.

pdfium may be called from one thread only, and can end the process it runs in. Both hold for
the worker: it has one thread, and is replaced when it is lost.
"""

from __future__ import annotations

import ctypes
import io
import time
from array import array
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pypdfium2.raw as raw  # type: ignore[import-untyped]

from kimiqa.reading import hidden
from kimiqa.reading.check import Found
from kimiqa.reading.clean import Cleaned, clean, clean_text
from kimiqa.reading.layers import lines
from kimiqa.reading.layout import laid
from kimiqa.reading.mending import legible
from kimiqa.reading.native import address, native
from kimiqa.reading.notes import UNREADABLE
from kimiqa.reading.objects import load_text, text_handle
from kimiqa.reading.parts import LayerLine
from kimiqa.reading.places import rectangles
from kimiqa.reading.shelf import Mended, OpenDocument, Shelf
from kimiqa.reading.stretches import ranges

__all__ = ["OpenDocument", "Shelf", "boxes", "check", "picture", "read", "render", "sizes"]

PageRow = tuple[int, str, str, str | None]
"""Number, text, status, note."""

CheckRow = tuple[int, list[tuple[int, int, str]] | None, bool, list[LayerLine]]
"""Number, what cannot be seen (None: not checked), whether layers may hide more, and in a deep
check the lines of an OCR layer."""

_DRAWN_GLYPHS = 40
"""Paths on a page without text from which on it is a drawing of text rather than a blank."""
_BLOCK_CHARACTERS = 4_000_000
"""A block ends after so many characters: what is on its way takes memory three times over."""
_MOST_PIXELS = 16_000_000
_QUALITY = 85
_FINE = 1000
"""pdfium gives device places as whole numbers: thousandths of a point are fine enough."""
_MARK = (255, 214, 0, 96)


def read(
    document: OpenDocument, numbers: Iterable[int], seconds: float, at: Callable[[int], None]
) -> list[PageRow]:
    """The pages of `numbers`, in that order, as far as `seconds` reach; at least one."""
    rows: list[PageRow] = []
    characters = 0
    end = time.monotonic() + seconds
    for number in numbers:
        at(number)
        rows.append(_row(document, number))
        characters += len(rows[-1][1])
        if time.monotonic() > end or characters > _BLOCK_CHARACTERS:
            break
    return rows


def _row(document: OpenDocument, number: int) -> PageRow:
    try:
        return (number, *_read_page(document, number - 1))
    except Mended:
        return _row(document, number)
    except Exception as error:
        return (number, "", "failed", f"pdfium: {type(error).__name__}")


def _read_page(document: OpenDocument, index: int) -> tuple[str, str, str | None]:
    """Text, status and note."""
    page = document.page(index)
    try:
        text = _read_text(document, page, index)
        if text is None:
            return "", "image", UNREADABLE
        status = "text" if _says_something(text) else _without_text(page, text)
        return text, status, document.lacks(index)
    finally:
        page.close()
        document.refresh()


def _says_something(text: str) -> bool:
    """A page number alone does not make a scan readable."""
    return len(text) > 20 or any(map(str.isalpha, text))


def _without_text(page: Any, text: str) -> str:
    kinds = [each.type for each in page.get_objects(max_depth=4)]
    if raw.FPDF_PAGEOBJ_IMAGE in kinds or kinds.count(raw.FPDF_PAGEOBJ_PATH) > _DRAWN_GLYPHS:
        return "image"
    return "text" if text.strip() else "empty"


def _read_text(document: OpenDocument, page: Any, index: int) -> str | None:
    """The page's text; None where it is made of codes that nothing explains."""
    textpage = text_handle(page)
    try:
        raw_text = _text_of(textpage)
        if not legible(raw_text):
            if document.mend():
                raise Mended
            return None
        found = laid(textpage, raw_text, filled=document.is_filled(index))
        return clean_text(found.text, divides_words=document.divides_words)
    finally:
        native.FPDFText_ClosePage(textpage)


def _mapped(document: OpenDocument, textpage: Any, index: int) -> Cleaned:
    """The same text, each character with its place in pdfium's. *Raises* `Mended`."""
    raw_text = _text_of(textpage)
    if not legible(raw_text) and document.mend():
        raise Mended
    found = laid(address(textpage), raw_text, filled=document.is_filled(index))
    return clean(found.text, divides_words=document.divides_words, places=found.places)


def _text_of(textpage: Any) -> str:
    """The whole text, one character for each of pdfium's: halves of pairs are kept here,
    for what is dropped before the map is made would put every later box off its place."""
    count = native.FPDFText_CountChars(textpage)
    if count <= 0:
        return ""
    units = array("H", bytes(4 * count + 4))  # a buffer of ctypes' would be a new type each time
    at, _ = units.buffer_info()
    written = native.FPDFText_GetText(textpage, 0, count, at)
    return units[: max(0, written - 1)].tobytes().decode("utf-16-le", "surrogatepass")


def check(
    document: OpenDocument,
    numbers: Iterable[int],
    seconds: float,
    at: Callable[[int], None],
    *,
    layers: bool,
    deep: bool,
) -> list[CheckRow]:
    """What of the pages' text cannot be seen on them, as far as `seconds` reach."""
    rows: list[CheckRow] = []
    end = time.monotonic() + seconds
    for number in numbers:
        at(number)
        rows.append(_check_row(document, number, layers=layers, deep=deep))
        if time.monotonic() > end:
            break
    return rows


def _check_row(document: OpenDocument, number: int, *, layers: bool, deep: bool) -> CheckRow:
    try:
        return (number, *_check_page(document, number - 1, layers=layers, deep=deep))
    except Mended:
        return _check_row(document, number, layers=layers, deep=deep)
    except Exception:
        return (number, None, False, [])


def _check_page(
    document: OpenDocument, index: int, *, layers: bool, deep: bool
) -> tuple[list[Found], bool, list[LayerLine]]:
    page = document.page(index)
    try:
        check = hidden.examine(page, layers=layers, deep=deep)
        try:
            layer = deep and bool(check.layer)
            if not check.hidden and not check.partly and not layer:
                return [], check.layered, []
            cleaned = _mapped(document, check.textpage, index)
            stand = lines(check, cleaned) if layer else []
            return ranges(check, cleaned), check.layered, stand
        finally:
            check.close()
    finally:
        page.close()
        document.refresh()


def boxes(document: OpenDocument, number: int, ranges: Sequence[tuple[int, int]]) -> dict[str, Any]:
    """Where ranges of the clean text stand on the page as it is shown."""
    try:
        return _boxes(document, number, ranges)
    except Mended:
        return _boxes(document, number, ranges)


def _boxes(
    document: OpenDocument, number: int, ranges: Sequence[tuple[int, int]]
) -> dict[str, Any]:
    page = document.page(number - 1)
    textpage = load_text(page)
    try:
        cleaned = _mapped(document, textpage, number - 1)
        width, height = page.get_size()
        places = [
            _shown(page, each)
            for start, end in ranges
            for each in rectangles(textpage, cleaned.engine_places(start, end))
        ]
        return {"width": width, "height": height, "boxes": places}
    finally:
        textpage.close()
        page.close()


def _shown(page: Any, rectangle: tuple[float, float, float, float]) -> list[float]:
    """From the page's own coordinates to points from the top left, crop and rotation applied."""
    left, bottom, right, top = rectangle
    corners = [_device(page, left, bottom), _device(page, right, top)]
    across, down = zip(*corners, strict=True)
    return [min(across), min(down), max(across), max(down)]


def _device(page: Any, x: float, y: float) -> tuple[float, float]:
    width, height = page.get_size()
    across, down = ctypes.c_int(), ctypes.c_int()
    size = (round(width * _FINE), round(height * _FINE))
    raw.FPDF_PageToDevice(page, 0, 0, *size, 0, x, y, across, down)
    return across.value / _FINE, down.value / _FINE


def render(
    document: OpenDocument, number: int, dpi: float, marks: Sequence[Sequence[float]]
) -> bytes:
    """The page as a PNG with `marks` (left, top, right, bottom in points) laid over it."""
    page = document.pdf[number - 1]
    try:
        scale = _scale(page.get_size(), dpi)
        picture = page.render(scale=scale).to_pil().convert("RGB")
    finally:
        page.close()
    if marks:
        picture = _marked(picture, [[scale * place for place in mark] for mark in marks])
    png = io.BytesIO()
    picture.save(png, "PNG", compress_level=3)
    return png.getvalue()


def picture(document: OpenDocument, number: int, dpi: float) -> bytes:
    """The page as a picture to be sent: PNG, or JPEG where that is smaller, as of photographs
    and scans."""
    page = document.pdf[number - 1]
    try:
        drawn = page.render(scale=_scale(page.get_size(), dpi)).to_pil().convert("RGB")
    finally:
        page.close()
    found = []
    for kind, how in (("PNG", {"compress_level": 6}), ("JPEG", {"quality": _QUALITY})):
        file = io.BytesIO()
        drawn.save(file, kind, **how)
        found.append(file.getvalue())
    return min(found, key=len)


def sizes(document: OpenDocument, numbers: Iterable[int]) -> list[tuple[float, float]]:
    """Width and height of pages as they are shown, in points."""
    return [_size_of(document, number - 1) for number in numbers]


def _size_of(document: OpenDocument, index: int) -> tuple[float, float]:
    page = document.pdf[index]
    try:
        width, height = page.get_size()
        return float(width), float(height)
    finally:
        page.close()


def _scale(size: tuple[float, float], dpi: float) -> float:
    """`dpi` as a factor, held down where a giant page would need gigabytes."""
    area = max(1.0, size[0] * size[1])
    return float(min(dpi / 72, (_MOST_PIXELS / area) ** 0.5))


def _marked(picture: Any, marks: Sequence[Sequence[float]]) -> Any:
    from PIL import Image, ImageDraw

    layer = Image.new("RGBA", picture.size, (0, 0, 0, 0))
    draw = ImageDraw.Draw(layer)
    for left, top, right, bottom in marks:
        draw.rectangle((left - 1, top - 1, right + 1, bottom + 1), fill=_MARK)
    return Image.alpha_composite(picture.convert("RGBA"), layer).convert("RGB")

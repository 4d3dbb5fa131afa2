"""pdfium, as the worker uses it: never imported by the app's own process.

pdfium may be called from one thread only, and can end the process it runs in. Both hold for
the worker: it has one thread, and is replaced when it is lost.
"""

from __future__ import annotations

import ctypes
import io
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pypdfium2  # type: ignore[import-untyped]
import pypdfium2.raw as raw  # type: ignore[import-untyped]

from kimiqa.reading import hidden
from kimiqa.reading.check import Found
from kimiqa.reading.clean import Cleaned, clean, clean_text
from kimiqa.reading.layout import laid
from kimiqa.reading.objects import load_text
from kimiqa.reading.parts import WorkerRefused
from kimiqa.reading.places import rectangles
from kimiqa.reading.stretches import ranges

PageRow = tuple[int, str, str, str | None]
"""Number, text, status, note."""

CheckRow = tuple[int, list[tuple[int, int, str]] | None, bool]
"""Number, what cannot be seen (None: not checked), and whether layers may hide more."""

_KEPT_OPEN = 3
_PAGES_BETWEEN_OPENINGS = 400
_DRAWN_GLYPHS = 40
"""Paths on a page without text from which on it is a drawing of text rather than a blank."""
_BLOCK_CHARACTERS = 4_000_000
"""A block ends after so many characters: what is on its way takes memory three times over."""
_MOST_PIXELS = 16_000_000
_QUALITY = 85
_FINE = 1000
"""pdfium gives device places as whole numbers: thousandths of a point are fine enough."""
_TYPESETTERS = ("tex", "indesign", "quark", "framemaker", "ghostscript", "distiller", "troff")
_MARK = (255, 214, 0, 96)


class OpenDocument:
    """One open file and what is known about it."""

    def __init__(self, path: str, password: str | None) -> None:
        self._path, self._password = path, password
        self._pages_read = 0
        self.pdf = _load(path, password)
        self.divides_words = _divides_words(self.pdf)

    def refresh(self) -> None:
        """Open the file anew after many pages: pdfium keeps what it has parsed of each, and
        a long file would fill the worker's memory."""
        self._pages_read += 1
        if self._pages_read % _PAGES_BETWEEN_OPENINGS == 0:
            self.pdf.close()
            self.pdf = _load(self._path, self._password)

    def close(self) -> None:
        self.pdf.close()


class Shelf:
    """The few documents that are open. Opening is cheap, keeping them open is not."""

    def __init__(self) -> None:
        self._open: OrderedDict[str, tuple[str | None, OpenDocument]] = OrderedDict()

    def get(self, path: str, password: str | None) -> OpenDocument:
        held = self._open.get(path)
        if held is None or held[0] != password:
            self.forget(path)
            held = (password, OpenDocument(path, password))
            self._open[path] = held
            while len(self._open) > _KEPT_OPEN:
                self.forget(next(iter(self._open)))
        self._open.move_to_end(path)
        return held[1]

    def forget(self, path: str) -> None:
        held = self._open.pop(path, None)
        if held is not None:
            held[1].close()


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
        text, status = _read_page(document, number - 1)
    except Exception as error:
        return (number, "", "failed", f"pdfium: {type(error).__name__}")
    return (number, text, status, None)


def _read_page(document: OpenDocument, index: int) -> tuple[str, str]:
    page = document.pdf[index]
    try:
        text = _read_text(page, divides_words=document.divides_words)
        return text, "text" if _says_something(text) else _without_text(page, text)
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


def _read_text(page: Any, *, divides_words: bool) -> str:
    textpage = load_text(page)
    try:
        raw_text = laid(textpage, _text_of(textpage)).text
        return clean_text(raw_text, divides_words=divides_words)
    finally:
        textpage.close()


def _mapped(document: OpenDocument, textpage: Any) -> Cleaned:
    """The same text, each character with its place in pdfium's."""
    found = laid(textpage, _text_of(textpage))
    return clean(found.text, divides_words=document.divides_words, places=found.places)


def _text_of(textpage: Any) -> str:
    """The whole text, one character for each of pdfium's: halves of pairs are kept here,
    for what is dropped before the map is made would put every later box off its place."""
    count = raw.FPDFText_CountChars(textpage)
    if count <= 0:
        return ""
    buffer = (ctypes.c_ushort * (2 * count + 2))()
    written = raw.FPDFText_GetText(textpage, 0, count, buffer)
    return bytes(memoryview(buffer)[: max(0, written - 1)]).decode("utf-16-le", "surrogatepass")


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
        try:
            rows.append((number, *_check_page(document, number - 1, layers=layers, deep=deep)))
        except Exception:
            rows.append((number, None, False))
        if time.monotonic() > end:
            break
    return rows


def _check_page(
    document: OpenDocument, index: int, *, layers: bool, deep: bool
) -> tuple[list[Found], bool]:
    page = document.pdf[index]
    try:
        check = hidden.examine(page, layers=layers, deep=deep)
        try:
            if not check.hidden and not check.partly:
                return [], check.layered
            return ranges(check, _mapped(document, check.textpage)), check.layered
        finally:
            check.close()
    finally:
        page.close()
        document.refresh()


def boxes(document: OpenDocument, number: int, ranges: Sequence[tuple[int, int]]) -> dict[str, Any]:
    """Where ranges of the clean text stand on the page as it is shown."""
    page = document.pdf[number - 1]
    textpage = load_text(page)
    try:
        cleaned = _mapped(document, textpage)
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


def _load(path: str, password: str | None) -> Any:
    try:
        return pypdfium2.PdfDocument(path, password=password)
    except pypdfium2.PdfiumError as error:
        locked = _is_locked(error) and _is_locked_still(path, password)
        raise WorkerRefused("password" if locked else "damaged", str(error)) from None


def _is_locked(error: Exception | None) -> bool:
    return bool(getattr(error, "err_code", None) == raw.FPDF_ERR_PASSWORD)


def _is_locked_still(path: str, password: str | None) -> bool:
    """Whether the file itself is locked. Some failures set no error of their own, and what
    pdfium then reports is that of an earlier file: so another error is put in its place."""
    return not _is_locked(_error_of(b"no PDF", None)) and _is_locked(_error_of(path, password))


def _error_of(file: str | bytes, password: str | None) -> Exception | None:
    try:
        pypdfium2.PdfDocument(file, password=password).close()
    except pypdfium2.PdfiumError as error:
        found: Exception = error
        return found
    return None


def _divides_words(pdf: Any) -> bool:
    """Whether the program that made the file is one that divides words at line ends."""
    made_by = " ".join(pdf.get_metadata_value(key) for key in ("Producer", "Creator")).lower()
    return any(name in made_by for name in _TYPESETTERS)

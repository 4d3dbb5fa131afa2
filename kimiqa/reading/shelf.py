"""The few files that pdfium holds open, and how each of them is opened."""

from __future__ import annotations

import contextlib
import os
from collections import OrderedDict
from typing import Any

import pypdfium2  # type: ignore[import-untyped]
import pypdfium2.raw as raw  # type: ignore[import-untyped]

from kimiqa.reading.annotations import draw_in
from kimiqa.reading.fields import may_have_words
from kimiqa.reading.mending import mended
from kimiqa.reading.parts import WorkerRefused

_KEPT_OPEN = 3
_PAGES_BETWEEN_OPENINGS = 400
_SMALL = 4 << 20
_TYPESETTERS = ("tex", "indesign", "quark", "framemaker", "ghostscript", "distiller", "troff")


class Mended(Exception):
    """The document was given the map its fonts lacked: the page is to be opened again."""


class OpenDocument:
    """One open file and what is known about it."""

    def __init__(self, path: str, password: str | None) -> None:
        self._path, self._password = path, password
        self._pages_read = 0
        self._copy: bytes | None = None
        self._asked_to_mend = False
        self._before: Any = None
        self._filled: dict[int, str | None] = {}
        file = self._bytes()
        self.pdf = _load(file, password)
        self.divides_words = _divides_words(self.pdf)
        self._may_have_words = may_have_words(file)

    def _bytes(self) -> str | bytes:
        """What pdfium is to read: of a small file its bytes, which costs it less than the many
        little pieces it takes from a path."""
        if self._copy is None and os.stat(self._path).st_size <= _SMALL:
            with open(self._path, "rb") as file:
                return file.read()
        return self._copy or self._path

    def refresh(self) -> None:
        """Open the file anew after many pages: pdfium keeps what it has parsed of each, and
        a long file would fill the worker's memory."""
        self._pages_read += 1
        if self._pages_read % _PAGES_BETWEEN_OPENINGS == 0:
            self.close()
            self.pdf = _load(self._bytes(), self._password)

    def page(self, index: int) -> Any:
        """A page with the words of its annotations in it."""
        page = self.pdf[index]
        if not self._may_have_words or index in self._filled:
            return page
        drawn, lacks = draw_in(page)
        if not drawn:
            return page
        self._filled[index] = lacks
        page.close()
        return self.pdf[index]

    def is_filled(self, index: int) -> bool:
        """Whether annotations are drawn into a page that was opened."""
        return index in self._filled

    def lacks(self, index: int) -> str | None:
        """What of its annotations cannot be read."""
        return self._filled.get(index)

    def mend(self) -> bool:
        """Whether the file is another now, in which a page that was illegible may be read."""
        if self._asked_to_mend:
            return False
        self._asked_to_mend = True
        with contextlib.suppress(Exception):
            self._copy = mended(self._path)
        if self._copy is not None:
            # A page of it is still open: it is closed with the mended one.
            self._before, self.pdf = self.pdf, _load(self._copy, self._password)
            self._filled.clear()
        return self._copy is not None

    def close(self) -> None:
        self._filled.clear()
        self.pdf.close()
        if self._before is not None:
            self._before.close()
            self._before = None


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


def _load(file: str | bytes, password: str | None) -> Any:
    try:
        return pypdfium2.PdfDocument(file, password=password)
    except pypdfium2.PdfiumError as error:
        locked = _is_locked(error) and _is_locked_still(file, password)
        raise WorkerRefused("password" if locked else "damaged", str(error)) from None


def _is_locked(error: Exception | None) -> bool:
    return bool(getattr(error, "err_code", None) == raw.FPDF_ERR_PASSWORD)


def _is_locked_still(file: str | bytes, password: str | None) -> bool:
    """Whether the file itself is locked. Some failures set no error of their own, and what
    pdfium then reports is that of an earlier file: so another error is put in its place."""
    return not _is_locked(_error_of(b"no PDF", None)) and _is_locked(_error_of(file, password))


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

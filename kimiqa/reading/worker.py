"""The reading worker: `python -m kimiqa.reading.worker`. It serves one parent over pipes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kimiqa.reading import contents, pdfium
from kimiqa.reading.frames import Frame
from kimiqa.reading.serving import Board, Header, serve

MEMORY_LIMIT = 1 << 30
BLOCK_SECONDS = 0.25
"""A block ends after this time, so that a cited page is not kept waiting behind a long file."""


class Service:
    """What the worker can be asked. Each answer is one frame; none takes long by design."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._shelf = pdfium.Shelf()
        self._second: tuple[str, Any] | None = None

    def answer(self, header: Header) -> Frame:
        operations: dict[str, Callable[[Header], Frame]] = {
            "ping": lambda _: ({}, b""),
            "open": self._open,
            "read": self._read,
            "check": self._check,
            "boxes": self._boxes,
            "render": self._render,
            "picture": self._picture,
            "sizes": self._sizes,
            "forget": self._forget,
            "second_open": self._second_open,
            "second_read": self._second_read,
            "facts": self._facts,
            "about": self._about,
        }
        try:
            return operations[header["op"]](header)
        finally:
            self._board.at(0)

    def end(self) -> None:
        """Nothing here outlives the process."""

    def _open(self, header: Header) -> Frame:
        document = self._shelf.get(header["path"], header["password"])
        pages = len(document.pdf)
        order = _spread(pages, header["sample"])
        rows = pdfium.read(document, order, header["seconds"], self._board.at) if order else []
        about = _said(document.pdf)
        whole = len(rows) == pages
        if whole:
            self._shelf.forget(header["path"])
        return {"pages": pages, "rows": rows, "about": about, "closed": whole}, b""

    def _read(self, header: Header) -> Frame:
        document = self._shelf.get(header["path"], header["password"])
        rows = pdfium.read(document, header["pages"], BLOCK_SECONDS, self._board.at)
        return {"rows": rows}, b""

    def _check(self, header: Header) -> Frame:
        document = self._shelf.get(header["path"], header["password"])
        how = {"layers": header["layers"], "deep": header["deep"]}
        pages = header["pages"]
        rows = pdfium.check(document, pages, BLOCK_SECONDS, self._board.at, **how)
        return {"rows": rows}, b""

    def _boxes(self, header: Header) -> Frame:
        self._board.at(header["page"])
        document = self._shelf.get(header["path"], header["password"])
        return pdfium.boxes(document, header["page"], header["ranges"]), b""

    def _render(self, header: Header) -> Frame:
        self._board.at(header["page"])
        document = self._shelf.get(header["path"], header["password"])
        return {}, pdfium.render(document, header["page"], header["dpi"], header["marks"])

    def _picture(self, header: Header) -> Frame:
        self._board.at(header["page"])
        document = self._shelf.get(header["path"], header["password"])
        return {}, pdfium.picture(document, header["page"], header["dpi"])

    def _sizes(self, header: Header) -> Frame:
        document = self._shelf.get(header["path"], header["password"])
        return {"sizes": pdfium.sizes(document, header["pages"])}, b""

    def _forget(self, header: Header) -> Frame:
        self._shelf.forget(header["path"])
        return {}, b""

    def _second_open(self, header: Header) -> Frame:
        from kimiqa.reading import pypdf_reader

        return {"pages": pypdf_reader.count(self._reader(header)), "rows": []}, b""

    def _second_read(self, header: Header) -> Frame:
        from kimiqa.reading import pypdf_reader

        reader = self._reader(header)
        rows = pypdf_reader.read(reader, header["pages"], BLOCK_SECONDS, self._board.at)
        return {"rows": rows}, b""

    def _facts(self, header: Header) -> Frame:
        from kimiqa.reading import pypdf_reader

        ask: dict[str, Callable[[Any], Any]] = {
            "metadata": pypdf_reader.metadata,
            "outline": pypdf_reader.outline,
            "labels": pypdf_reader.labels,
            "layers": pypdf_reader.hides_layers,
        }
        return {"facts": ask[header["about"]](self._reader(header))}, b""

    def _about(self, header: Header) -> Frame:
        ask: dict[str, Callable[[Any], Any]] = {
            "metadata": contents.metadata,
            "outline": contents.outline,
            "labels": contents.labels,
        }
        document = self._shelf.get(header["path"], header["password"])
        return {"facts": ask[header["about"]](document.pdf)}, b""

    def _reader(self, header: Header) -> Any:
        from kimiqa.reading import pypdf_reader

        if self._second is None or self._second[0] != header["path"]:
            self._second = (header["path"], pypdf_reader.load(header["path"], header["password"]))
        return self._second[1]


def _said(pdf: Any) -> dict[str, str] | None:
    """What the file says of itself, told with its first pages: to be asked for it alone, the
    file would be opened once more."""
    try:
        return contents.metadata(pdf)
    except Exception:
        return None


def _spread(pages: int, wanted: int) -> list[int]:
    """Page 1 and then pages from all over the document, so that any beginning of the list
    is a fair sample: steps of the golden ratio never bunch."""
    if pages <= wanted:
        return list(range(1, pages + 1))
    chosen = dict.fromkeys(
        [1, *(1 + int(pages * (k * 0.6180339887 % 1)) for k in range(1, wanted))]
    )
    return list(chosen)


if __name__ == "__main__":
    serve(Service, MEMORY_LIMIT)

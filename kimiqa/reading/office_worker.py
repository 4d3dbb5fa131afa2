"""The worker that reads office files: `python -m kimiqa.reading.office_worker`."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from typing import Any

from kimiqa.reading.frames import Frame
from kimiqa.reading.office import epub, html, sheets, slides, word
from kimiqa.reading.office.kinds import kind_of
from kimiqa.reading.office.package import MOST_PART_BYTES, Package
from kimiqa.reading.office.parts import Part
from kimiqa.reading.parts import WorkerRefused
from kimiqa.reading.serving import Board, Header, serve

MEMORY_LIMIT = 1 << 30
_BLOCK_SECONDS = 0.5
_BLOCK_CHARACTERS = 1_000_000
_EMBEDDED = ("/embeddings/", "/activeX/", "vbaProject.bin")


class Service:
    """Reads one file at a time, in blocks of parts."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._at: tuple[str, int] | None = None
        self._parts: Iterator[Part] = iter(())

    def answer(self, header: Header) -> Frame:
        try:
            if header["op"] == "kind":
                self._board.at(1)
                return {"kind": kind_of(header["path"])}, b""
            return self._read(header["path"], header["kind"], header["skip"]), b""
        except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
            raise WorkerRefused("damaged", f"{type(error).__name__} in its parts") from None
        finally:
            self._board.at(0)

    def end(self) -> None:
        """Nothing was started."""

    def _read(self, path: str, kind: str, skip: int) -> dict[str, Any]:
        """The parts after the first `skip`, for about half a second. Whoever asks of a worker
        that took another's place gets the same."""
        self._board.at(skip + 1)
        if self._at != (path, skip):
            self._parts = itertools.islice(parts(path, kind), skip, None)
        until = time.monotonic() + _BLOCK_SECONDS
        rows: list[Any] = []
        size, done = 0, True
        for part in self._parts:
            rows.append(part.row)
            size += len(part.text)
            self._board.at(skip + len(rows) + 1)
            if time.monotonic() > until or size > _BLOCK_CHARACTERS:
                done = False
                break
        self._at = (path, skip + len(rows))
        return {"rows": rows, "done": done, "remarks": _remarks(path, kind) if done else []}


def parts(path: str, kind: str) -> Iterator[Part]:
    """The parts of a file of a kind."""
    if kind == "html":
        with open(path, "rb") as page:
            return html.parts(page.read(MOST_PART_BYTES))
    package = Package(path)
    if kind == "xlsx":
        return sheets.parts(path, package)
    return {"docx": word.parts, "pptx": slides.parts, "epub": epub.parts}[kind](package)


def _remarks(path: str, kind: str) -> list[str]:
    """What lies in the file and was not read."""
    if kind == "html":
        return []
    names = Package(path).names
    embedded = sorted(each for each in names if any(mark in each for mark in _EMBEDDED))
    macros = [each for each in embedded if each.endswith("vbaProject.bin")]
    charts = any("/charts/" in each for each in names)  # these keep their numbers in workbooks
    files = [
        each
        for each in embedded
        if "/embeddings/" in each and not (charts and each.endswith(".xlsx"))
    ]
    said = ["its macros were not read and not run"] if macros else []
    if files:
        count = len(files)
        said.append(f"{count} embedded {'file was' if count == 1 else 'files were'} not opened")
    return said


if __name__ == "__main__":
    serve(Service, MEMORY_LIMIT)

"""The OCR worker: `python -m kimiqa.reading.ocr_worker`. It reads pictures, one at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kimiqa.reading.frames import Frame
from kimiqa.reading.ocr_engines import Rapid, Tesseract
from kimiqa.reading.serving import Board, Header, serve

MEMORY_LIMIT = 3 << 30


class Service:
    """What the OCR worker can be asked."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._engines: dict[str, Any] = {"tesseract": Tesseract(), "rapidocr": Rapid()}

    def answer(self, header: Header) -> Frame:
        operations: dict[str, Callable[[Any, Header], Frame]] = {
            "ping": lambda *_: ({}, b""),
            "about": lambda engine, _: (engine.about(), b""),
            "script": lambda engine, asked: ({"script": engine.script(asked["picture"])}, b""),
            "ocr": self._ocr,
        }
        engine = self._engines.get(header.get("engine", ""))
        try:
            return operations[header["op"]](engine, header)
        finally:
            self._board.at(0)

    def _ocr(self, engine: Any, header: Header) -> Frame:
        self._board.at(header["page"])
        lines = engine.read(header["picture"], header["languages"], header["dpi"])
        return {"lines": lines}, b""

    def end(self) -> None:
        for engine in self._engines.values():
            engine.end()


if __name__ == "__main__":
    serve(Service, MEMORY_LIMIT)

"""Office files read through their worker: what they are, and their parts as pages."""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass
from importlib.util import find_spec

from kimiqa.errors import (
    DeadlineError,
    DocumentError,
    EngineCrashedError,
    NotADocumentError,
    PasswordRequiredError,
)
from kimiqa.reading import engines
from kimiqa.reading.parts import Page, WorkerLost, WorkerRefused
from kimiqa.reading.pool import CALL_SECONDS, office_pool
from kimiqa.saying import say

MEDIA = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "epub": "application/epub+zip",
    "html": "text/html",
}
NAMES = {
    "docx": say("a Word document"),
    "pptx": say("a PowerPoint presentation"),
    "xlsx": say("an Excel workbook"),
    "epub": say("an EPUB book"),
    "html": say("a web page (HTML)"),
}
ENGINE = "office"
_WEB = ("selectolax", "tinycss2")
_NEEDED = {"xlsx": ("openpyxl",), "epub": _WEB, "html": _WEB}
_READS = "It reads PDF, Word, PowerPoint, Excel, EPUB, HTML, plain text, Markdown and source code."


@dataclass(frozen=True, slots=True)
class Block:
    """Some pages, and with the last ones what is to be said of the file."""

    pages: list[Page]
    remarks: tuple[str, ...] = ()


def kind_of(path: str, name: str) -> str:
    """Which kind of office file a ZIP is. *Raises* `NotADocumentError` that says what else."""
    try:
        kind: str = office_pool().call("kind", path=path)[0]["kind"]
    except WorkerRefused as error:
        raise _refused(name, error) from None
    except WorkerLost as lost:
        raise _lost(name, lost) from None
    return kind


def need(kind: str, name: str) -> None:
    """*Raises* `NotADocumentError` where the library that reads a kind is not installed."""
    if any(find_spec(library) is None for library in _NEEDED.get(kind, ())):
        raise NotADocumentError(
            say(
                "{name} is {kind}, and what reads these is not installed.",
                name=name,
                kind=NAMES[kind],
            ),
            "Run: pip install 'kimiqa[office]'.",
        )


def read(path: str, name: str, kind: str) -> Generator[Block, None, None]:
    """The parts of a file as pages, block by block, within the limits of every document.

    A file whose reader is lost in the middle keeps the pages it had, and one that says that
    the rest is missing. *Raises* `DocumentError` where there is not one.
    """
    need(kind, name)
    started, left, count = time.monotonic(), engines.MOST_CHARACTERS, 0
    done = False
    try:
        while not done:
            used = time.monotonic() - started
            wait = min(CALL_SECONDS, engines.deadline_seconds(count) - used)
            try:
                if wait <= 0:
                    raise WorkerLost("hung", guilty=True, page=count + 1)
                block, done = _block(path, kind, count, wait)
            except (WorkerLost, WorkerRefused) as error:
                if not count:
                    raise _error(name, error) from None
                yield Block([_missing(count + 1, error)])
                return
            pages: list[Page] = []
            for page in block.pages:
                left -= len(page.text)
                if page.number > engines.MOST_PAGES or left < 0:
                    beyond = engines.BEYOND_CHARACTERS if left < 0 else engines.BEYOND_PAGES
                    pages.append(Page(page.number, "", "failed", ENGINE, beyond, label=page.label))
                    done = True
                    break
                pages.append(page)
            count += len(pages)
            yield Block(pages, block.remarks)
    finally:
        office_pool().rest()


def _block(path: str, kind: str, skip: int, limit: float) -> tuple[Block, bool]:
    call = {"path": path, "kind": kind, "skip": skip}
    answer, _ = office_pool().call("read", limit=limit, **call)
    pages = [_page(number, *row) for number, row in enumerate(answer["rows"], start=skip + 1)]
    return Block(pages, tuple(answer["remarks"])), answer["done"]


def _page(
    number: int, label: str | None, text: str, asides: list[tuple[int, int, str]], picture: bool
) -> Page:
    status = "text" if text.strip() else "image" if picture else "empty"
    held = tuple((start, end, why) for start, end, why in asides)
    return Page(number, text, status, ENGINE, label=label, asides=held)  # type: ignore[arg-type]


def _missing(number: int, error: WorkerLost | WorkerRefused) -> Page:
    if isinstance(error, WorkerLost):
        return Page(number, "", "failed", ENGINE, _LOST[error.reason])
    note = say("not read from here on: the reader gave up: {why}", why=error.detail)
    return Page(number, "", "failed", ENGINE, note)


_LOST = {
    "crashed": say("not read from here on: the reader crashed here"),
    "hung": say("not read from here on: the reader hung here"),
}


def _error(name: str, error: WorkerLost | WorkerRefused) -> DocumentError:
    return _refused(name, error) if isinstance(error, WorkerRefused) else _lost(name, error)


def _refused(name: str, error: WorkerRefused) -> DocumentError:
    if error.kind == "foreign":
        return NotADocumentError(
            say(
                "{name} is {detail}, not a document that kimiqa reads.",
                name=name,
                detail=error.detail,
            ),
            _READS,
        )
    if error.kind == "password":
        return PasswordRequiredError(
            say("{name} is protected: {detail}.", name=name, detail=error.detail),
            "Save a copy without protection.",
        )
    if error.kind == "too_large":
        return NotADocumentError(
            say(
                "{name} unpacks to more than is read of a file: {detail}.",
                name=name,
                detail=error.detail,
            ),
            "Split it, or export what matters of it.",
        )
    if error.kind == "damaged":
        return NotADocumentError(
            say("{name} is damaged: {detail}.", name=name, detail=error.detail),
            "Open it in its own program and save it again.",
        )
    return EngineCrashedError(
        say("{name} was given up by its reader ({detail}).", name=name, detail=error.detail),
        "Open it in its own program and save it again, or as PDF.",
    )


def _lost(name: str, lost: WorkerLost) -> DocumentError:
    hint = "Open it in its own program and save it as PDF."
    if lost.reason == "hung":
        return DeadlineError(
            say(
                "Reading {name} brought nothing for {call_seconds:.0f} seconds.",
                name=name,
                call_seconds=CALL_SECONDS,
            ),
            hint,
        )
    return EngineCrashedError(
        say("{name} ended the engine that reads such files.", name=name), hint
    )

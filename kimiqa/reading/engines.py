"""Reading a PDF through the workers: blocks of pages, recovery from losses, second opinions."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from typing import Any

from kimiqa.errors import (
    DeadlineError,
    EmptyDocumentError,
    EngineCrashedError,
    NotADocumentError,
    PasswordRequiredError,
)
from kimiqa.reading.notes import NO_PLACES
from kimiqa.reading.parts import Page, WorkerLost, WorkerRefused
from kimiqa.reading.pool import CALL_SECONDS, Pending, Pool, fast_pool, second_pool
from kimiqa.saying import say

BLOCK_PAGES = 64
LAST_PAGES = 16
SAMPLE_PAGES = 60
SAMPLE_SECONDS = 0.06
"""What the sample for the rough size may take: the preview waits for it."""

_TOTAL_SECONDS = 20.0
_SECONDS_PER_PAGE = 0.05
LEAST_SECONDS = 1.0
_BLANKS_ASKED_TWICE = 40

MOST_PAGES = 20_000
MOST_CHARACTERS = 50_000_000
"""Beyond either a document is partial: its other pages are named as not read."""

BEYOND_PAGES = say(
    "not read: beyond the {most:,} pages that are read of a document", most=MOST_PAGES
)
BEYOND_CHARACTERS = say(
    "not read: beyond the {most:,} characters that are read of a document", most=MOST_CHARACTERS
)
MOST_NAMED = 5 * MOST_PAGES
"""Pages that are still named one by one; a higher count is one that the file only claims."""

_ON_THIS_PAGE = "on this page"

LATE = say("not read: the document's deadline had passed")
"""The note of a page that another try, on a quieter machine, may well read."""


@dataclass(frozen=True, slots=True)
class Source:
    """A PDF on disk. `name` is its label for messages; `password` opens it."""

    path: str
    name: str
    password: str | None = None

    @property
    def key(self) -> dict[str, Any]:
        return {"path": self.path, "password": self.password}


@dataclass(frozen=True, slots=True)
class Opened:
    """An open PDF: its page count, and pages from all over it that were read at once."""

    pages: int
    engine: str
    sample: tuple[Page, ...]
    suspect: int | None = None
    """The page on which the worker died while it read the sample."""
    about: dict[str, str] | None = None
    """What the file says of itself; None where that is not known yet."""
    closed: bool = False
    """Whether the sample was all of it, so that the worker has closed the file again."""


@dataclass(frozen=True, slots=True)
class Engine:
    """How one of the two libraries is asked."""

    name: str
    pool: Pool
    read: str

    def rows(self, frame: dict[str, Any]) -> list[Page]:
        note = NO_PLACES if self.name == "pypdf" else None
        return [
            Page(n, text, status, self.name, why or (note if text else None))
            for n, text, status, why in frame["rows"]
        ]


def _pdfium() -> Engine:
    return Engine("pdfium", fast_pool(), "read")


def _pypdf() -> Engine:
    return Engine("pypdf", second_pool(), "second_read")


def open_pdf(source: Source) -> Opened:
    """Open `source` with pdfium, else with pypdf.

    *Raises* `PasswordRequiredError`, `EmptyDocumentError`, `NotADocumentError`,
    `EngineCrashedError`, `DeadlineError`.
    """
    try:
        opened = _open(source, _pdfium(), "open")
    except (WorkerLost, WorkerRefused) as error:
        refuse_locked(source, error)
        opened = _open_second(source, error)
    if opened.pages == 0 and opened.engine == "pdfium":
        with contextlib.suppress(WorkerLost, WorkerRefused):
            opened = _open(source, _pypdf(), "second_open")
    if opened.pages == 0:
        raise EmptyDocumentError(
            say("{name} is a PDF of 0 pages.", name=source.name),
            "Export it again, or choose another file.",
        )
    return opened


def _open(source: Source, engine: Engine, op: str) -> Opened:
    try:
        header, _ = engine.pool.call(op, **source.key, sample=SAMPLE_PAGES, seconds=SAMPLE_SECONDS)
    except WorkerLost as lost:
        if op != "open" or lost.page is None:
            raise
        return _open_without_sample(source, engine, lost.page, lost)
    sample = [page for page in engine.rows(header) if page.number <= MOST_PAGES]
    pages = min(header["pages"], MOST_NAMED)
    about, closed = header.get("about"), header.get("closed", False)
    budgeted = tuple(_Budget(0).within(sample))
    return Opened(pages, engine.name, budgeted, about=about, closed=closed)


def _open_without_sample(source: Source, engine: Engine, page: int, lost: WorkerLost) -> Opened:
    """Open a file whose sample cost a worker. A page that hung is not waited for again."""
    header, _ = engine.pool.call("open", **source.key, sample=0, seconds=0)
    pages = min(header["pages"], MOST_NAMED)
    if lost.reason == "hung":
        return Opened(pages, engine.name, (_lost(page, engine.name, lost),))
    return Opened(pages, engine.name, (), page)


def _open_second(source: Source, first: WorkerLost | WorkerRefused) -> Opened:
    try:
        return _open(source, _pypdf(), "second_open")
    except (WorkerLost, WorkerRefused) as second:
        refuse_locked(source, second)
        raise _unreadable(source, first, second) from None


def refuse_locked(source: Source, error: Exception) -> None:
    if not isinstance(error, WorkerRefused) or error.kind != "password":
        return
    if source.password is None:
        raise PasswordRequiredError(
            say("{name} is encrypted and needs a password.", name=source.name),
            "Give the password it is opened with.",
        ) from None
    raise PasswordRequiredError(
        say("The password does not open {name}.", name=source.name), "Check it and give it again."
    ) from None


def _unreadable(source: Source, *errors: Exception) -> Exception:
    """What to say when neither engine opens a file."""
    lost = [error for error in errors if isinstance(error, WorkerLost)]
    if any(error.reason == "hung" for error in lost):
        return DeadlineError(
            say(
                "Opening {name} brought nothing for {call_seconds:.0f} seconds.",
                name=source.name,
                call_seconds=CALL_SECONDS,
            ),
            "The file is damaged or hostile: print it to a new PDF and open that.",
        )
    if lost:
        return EngineCrashedError(
            say(
                "{name} ended {lost} of 2 reading engines; the other found no pages.",
                name=source.name,
                lost=len(lost),
            ),
            "The file is damaged or hostile: print it to a new PDF and open that.",
        )
    return NotADocumentError(
        say(
            "{name} begins like a PDF, but neither of 2 engines can open it: it is "
            "damaged or cut off.",
            name=source.name,
        ),
        "Download or export it again.",
    )


def deadline_seconds(pages: int) -> float:
    """How long so many pages may take in all."""
    return _TOTAL_SECONDS + _SECONDS_PER_PAGE * min(pages, MOST_PAGES)


def read_pages(source: Source, opened: Opened) -> Generator[list[Page], None, None]:
    """All pages beyond the sample in blocks, each with a status; none is left out.

    The next block is asked for before one is handed over, so that the caller's work and the
    worker's overlap. Pages that failed come last, after a second opinion.
    """
    deadline = time.monotonic() + deadline_seconds(opened.pages)
    have = {page.number for page in opened.sample}
    last = min(opened.pages, MOST_PAGES)
    todo = [number for number in range(1, last + 1) if number not in have]
    budget = _Budget(sum(len(page.text) for page in opened.sample))
    engine = _pdfium() if opened.engine == "pdfium" else _pypdf()
    failed = [page for page in opened.sample if page.status == "failed"]
    blanks: list[Page] = []
    some_text = any(page.text for page in opened.sample)
    try:
        for block in _blocks(engine, source, todo, deadline, opened.suspect):
            block = budget.within(block)
            failed += [page for page in block if page.status == "failed"]
            blanks += [page for page in block if page.status == "empty"]
            some_text = some_text or any(page.text for page in block)
            have.update(page.number for page in block)
            yield block
            if budget.left <= 0:
                break
        yield from _beyond(opened, have)
        if opened.engine == "pdfium":
            blanks += [page for page in opened.sample if page.status == "empty"]
            asked = failed + ([] if some_text else blanks[:_BLANKS_ASKED_TWICE])
            yield from _second_opinion(source, asked, deadline)
    finally:
        if not opened.closed:
            forget(source.path)
        if opened.engine == "pypdf":
            second_pool().rest()


class _Budget:
    """The characters that may still be read of a document."""

    def __init__(self, spent: int) -> None:
        self.left = MOST_CHARACTERS - spent

    def within(self, block: list[Page]) -> list[Page]:
        """The block's pages, those that go beyond without their text."""
        return [self._within(page) for page in sorted(block, key=lambda page: page.number)]

    def _within(self, page: Page) -> Page:
        self.left -= len(page.text)
        if self.left >= 0 or not page.text:
            return page
        return Page(page.number, "", "failed", page.engine, BEYOND_CHARACTERS)


def _beyond(opened: Opened, have: set[int]) -> Iterator[list[Page]]:
    """The pages that were left unread, each with its reason."""
    last = min(opened.pages, MOST_NAMED)
    left = [number for number in range(1, last + 1) if number not in have]
    if left:
        yield [
            Page(
                number,
                "",
                "failed",
                opened.engine,
                BEYOND_PAGES if number > MOST_PAGES else BEYOND_CHARACTERS,
            )
            for number in left
        ]


def _blocks(
    engine: Engine,
    source: Source,
    todo: list[int],
    deadline: float,
    suspect: int | None = None,
) -> Iterator[list[Page]]:
    """The pages of `todo` in blocks. One block is under way while another is handed over."""
    reading = _Reading(engine, source, todo, suspect)
    pages: list[Page] = []
    while reading.todo:
        left = deadline - time.monotonic()
        if left <= 0:
            pages += [_late(number, engine.name) for number in reading.todo]
            break
        pending = reading.start(min(CALL_SECONDS, max(LEAST_SECONDS, left)))
        if pages:
            yield pages
        pages = reading.settle(pending)
    if pages:
        yield pages


class _Reading:
    """Which pages are still to be read, and what to do after a loss.

    A page on which the worker died is tried once more alone: a long file may have filled the
    worker's memory before it. A page on which it hung is not: that would cost its time twice.
    """

    def __init__(
        self, engine: Engine, source: Source, todo: list[int], suspect: int | None
    ) -> None:
        self._engine, self._source = engine, source
        self.todo = todo
        self._alone = suspect
        self._deaths = Counter([] if suspect is None else [suspect])

    def start(self, limit: float) -> Pending:
        self._block = self.todo[: self._next()] if self._alone is None else [self._alone]
        engine = self._engine
        return engine.pool.start(engine.read, limit=limit, **self._source.key, pages=self._block)

    def _next(self) -> int:
        """How many pages are asked for. Towards the end they become fewer: what is done with the
        last ones is what their caller waits for after the worker."""
        return min(BLOCK_PAGES, max(LAST_PAGES, len(self.todo) // 3))

    def settle(self, pending: Pending) -> list[Page]:
        """The pages that came, or the one that failed; none where it is to be tried again."""
        self._alone = None
        try:
            pages = self._engine.rows(pending.result()[0])
        except WorkerRefused as error:
            pages = [_failed(number, self._engine.name, error.detail) for number in self._block]
        except WorkerLost as lost:
            pages = self._after(lost)
        done = {page.number for page in pages}
        self.todo = [number for number in self.todo if number not in done]
        return pages

    def _after(self, lost: WorkerLost) -> list[Page]:
        guilty = lost.page if lost.page in self._block else self._block[0]
        self._deaths[guilty] += 1
        if lost.reason == "crashed" and self._deaths[guilty] == 1:
            self._alone = guilty
            return []
        return [_lost(guilty, self._engine.name, lost)]


def _failed(number: int, engine: str, why: str) -> Page:
    return Page(number, "", "failed", engine, say("{engine}: {why}", engine=engine, why=why))


def _lost(number: int, engine: str, lost: WorkerLost) -> Page:
    return _failed(number, engine, _LOST[lost.reason])


_LOST = {
    "crashed": say("the engine crashed on this page"),
    "hung": say("the engine hung on this page"),
}


def was_lost(page: Page) -> bool:
    """Whether a page ended an engine, rather than being refused by it."""
    return page.status == "failed" and (page.note or "").endswith(_ON_THIS_PAGE)


def _late(number: int, engine: str) -> Page:
    return Page(number, "", "failed", engine, LATE)


def _second_opinion(source: Source, pages: list[Page], deadline: float) -> Iterator[list[Page]]:
    """What pypdf finds on pages that pdfium lost. Pages on which it finds nothing stay."""
    asked = [page.number for page in pages if page.note not in (LATE, BEYOND_CHARACTERS)]
    if not asked:
        return
    try:
        for block in _blocks(_pypdf(), source, asked, deadline):
            found = [page for page in block if page.text.strip()]
            if found:
                yield [
                    replace(page, note=say("pdfium failed; {note}", note=NO_PLACES))
                    for page in found
                ]
    finally:
        second_pool().rest()


def forget(path: str) -> None:
    """Have the workers close the file, without waiting for it: they may be busy with another."""
    fast_pool().tell("forget", path=path)


def facts(source: Source, about: str) -> Any:
    """What pypdf knows of the whole file; None where it cannot read it."""
    try:
        return second_pool().call("facts", **source.key, about=about)[0]["facts"]
    except (WorkerLost, WorkerRefused):
        return None
    finally:
        second_pool().rest()

"""Document: bytes → pages, each with a status. Opening one is the same for every face of kimiqa."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, field, replace

from kimiqa.errors import EmptyDocumentError, NotADocumentError
from kimiqa.opening import first, stored
from kimiqa.opening.counting import TokenCounter, counted
from kimiqa.opening.file import PDF, TEXT, File, Preview, Read
from kimiqa.opening.intake import DEFAULT, Home, Input, store_of, taken
from kimiqa.opening.looking import cut, look
from kimiqa.opening.names import label
from kimiqa.pages import spans
from kimiqa.plan import Progress
from kimiqa.reading import engines, lines, passages
from kimiqa.reading.checking import Checked
from kimiqa.reading.parts import Box, Hidden, OutlineEntry, Page, Status
from kimiqa.store import Store

__all__ = ["Box", "Document", "Hidden", "OutlineEntry", "Page", "Preview", "Status", "label"]

_BEYOND = (engines.BEYOND_PAGES, engines.BEYOND_CHARACTERS)
_HALF = re.compile("[\ud800-\udfff]")


@dataclass(slots=True)
class _Look:
    """What the second pass found; `seen` once it has been over the document."""

    seen: bool = False
    deep: bool = False
    unchecked: tuple[int, ...] = ()


Reading = Generator["Preview | Progress | Document", None, None]


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Document:
    """A document that has been read. Two documents are the same if their bytes are.

    A second pass, `checked`, leaves out of the pages what no reader would see; it has been
    over every document before any of it is sent.
    """

    id: str
    name: str
    pages: tuple[Page, ...] = field(repr=False)
    media: str = TEXT
    _counts: dict[str, tuple[int, ...]] = field(default_factory=dict, repr=False)
    _store: Store | None = field(default=None, repr=False)
    _password: str | None = field(default=None, repr=False)
    _look: _Look = field(default_factory=_Look, repr=False)
    _remarks: tuple[str, ...] = field(default=(), repr=False)

    @classmethod
    def open(
        cls,
        source: Input,
        *,
        name: str | None = None,
        password: str | None = None,
        on_progress: Callable[[Progress], object] | None = None,
        home: Home = DEFAULT,
    ) -> Document:
        """Read a path, bytes or a binary file; the same bytes again come from the store.

        *Raises* the errors under `DocumentError`, each with its code and the next step.
        """
        for step in cls.reading(source, name=name, password=password, home=home):
            if isinstance(step, Document):
                return step
            if isinstance(step, Progress) and on_progress is not None:
                on_progress(step)
        raise AssertionError("a reading ends with its document")

    @classmethod
    def reading(
        cls,
        source: Input,
        *,
        name: str | None = None,
        password: str | None = None,
        home: Home = DEFAULT,
    ) -> Reading:
        """The same step by step: a `Preview` at once, `Progress` for each block of pages,
        then the `Document`. Closing the generator ends the reading."""
        file = taken(source, name, password, home)
        try:
            with contextlib.closing(stored.known(file) or first.read(file)) as steps:
                for step in steps:
                    yield cls._of(step) if isinstance(step, Read) else step
        except (NotADocumentError, EmptyDocumentError):
            file.store.discard(file.id)
            raise

    @classmethod
    def from_pages(cls, texts: Iterable[str], *, name: str = "document") -> Document:
        """A document of pages that are text already; the texts are kept unchanged."""
        # Half of a character is no text, and no endpoint takes it.
        whole = (_HALF.sub("\ufffd", text) for text in texts)
        pages = tuple(
            Page(number, text, "text" if text.strip() else "empty")
            for number, text in enumerate(whole, start=1)
        )
        content = json.dumps([page.text for page in pages], separators=(",", ":"))
        return cls(hashlib.sha256(content.encode()).hexdigest(), label(name), pages)

    @classmethod
    def stored(
        cls, document_id: str, *, password: str | None = None, home: Home = DEFAULT
    ) -> Document | None:
        """The document that was read before under this id; None where the store has none.

        *Raises* `PasswordRequiredError` where its file asks for a password.
        """
        store = store_of(home)
        row = store.find(document_id)
        if row is None:
            return None
        file = File(store, row.id, row.name, row.bytes, password)
        found = (step for step in stored.known(file) or () if isinstance(step, Read))
        return next(map(cls._of, found), None)

    @classmethod
    def _of(cls, read: Read) -> Document:
        """The document of what was read; what the second pass found there before is left out."""
        file = read.file
        document = cls(
            file.id,
            file.name,
            read.pages,
            read.media,
            _counts=read.counts,
            _store=file.store,
            _password=file.password,
            _remarks=read.remarks,
        )
        if read.check is not None:
            document._take(read.check, deep=False)
        return document

    def __eq__(self, other: object) -> bool:
        return self.id == other.id if isinstance(other, Document) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.id)

    def pages_with(self, *statuses: Status) -> tuple[int, ...]:
        """The numbers of the pages with one of these statuses."""
        return tuple(page.number for page in self.pages if page.status in statuses)

    def checked(
        self,
        *,
        keep_hidden: bool = False,
        deep: bool = False,
        on_progress: Callable[[Progress], object] | None = None,
    ) -> Document:
        """This document after the second pass, which is made once and kept in the store.

        Hidden passages are left out of its pages and listed there as `hidden`; with
        `keep_hidden` a twin is given whose pages hold them. `deep` also compares each page
        with its picture: for text under other things, and glyphs that show something else.
        """
        for step in self.checking(deep=deep):
            if on_progress is not None:
                on_progress(step)
        if not (keep_hidden and self.hidden_passages):
            return self
        kept = tuple(map(passages.keeping, self.pages))
        return replace(self, pages=kept, _counts={})

    def checking(self, *, deep: bool = False) -> Generator[Progress, None, None]:
        """The second pass step by step."""
        if self._look.seen and (self._look.deep or not deep):
            return
        known = self._store.check(self.id, deep=deep) if self._store is not None else None
        if known is not None:
            self._take(Checked(*known), deep=deep)
            return
        source = self._source() if self.drawable else None
        kept = self._store is not None
        found = yield from look(self.pages, source, kept=kept, deep=deep)
        if self._store is not None and not found.late:
            self._store.save_check(self.id, found.hidden, found.unchecked, deep=deep)
        self._take(found, deep=deep)

    @property
    def hidden_passages(self) -> int | None:
        """How many passages no reader would see; None before the second pass."""
        return sum(len(page.hidden) for page in self.pages) if self._look.seen else None

    @property
    def notices(self) -> list[str]:
        """What an answer cannot see of the document, in words, beside pages without text."""
        beyond = [page for page in self.pages if page.note in _BEYOND]
        partial = (
            [f"{self.name} is read in part: not pages {spans(p.number for p in beyond)}."]
            if beyond
            else []
        )
        return [
            *partial,
            *self._remarks,
            *passages.notices(self.name, self.pages, self.unchecked_pages),
        ]

    @property
    def partial(self) -> bool:
        """Whether it is longer than what is read of a document."""
        return any(page.note in _BEYOND for page in self.pages)

    @property
    def unchecked_pages(self) -> tuple[int, ...]:
        """The pages that the second pass could not look at."""
        return self._look.unchecked

    def block_tokens(self, counter: TokenCounter) -> tuple[int, ...]:
        """The tokens of each page inside its tags: their sum is that of the whole block's
        pages, which the sum of the bare texts is not."""
        return counted(self.id, self.pages, counter, self._counts, self._store)

    def place(
        self, page_number: int, start: int | None = None, end: int | None = None
    ) -> str | None:
        """What a page is where it is no sheet of paper: "slide 3"; of lines of a file those of
        `text[start:end]`: "src/main.py, line 132". None where the page's number says it all."""
        page = self._page(page_number)
        if page.line is None or start is None or end is None:
            return page.label
        return lines.place(page, start, end)

    def boxable(self, page_number: int) -> bool:
        """Whether it is known where the words of a page stand; its `note` says why not."""
        return self.drawable and self._page(page_number).engine == "pdfium"

    def boxes(self, page_number: int, start: int, end: int) -> list[Box]:
        """Where `text[start:end]` of a page stands on it; none where the page has no picture,
        or where its text did not come from the engine that draws it."""
        if not self.boxable(page_number):
            return []
        held = passages.stretches(self._page(page_number), start, end)
        return engines.boxes(self._source(), page_number, held)

    def render(self, page_number: int, dpi: float = 100, marks: Sequence[Box] = ()) -> bytes:
        """The page as a PNG, with `marks` laid over it. Only a PDF's page can be drawn."""
        self._page(page_number)
        if not self.drawable:
            raise NotADocumentError(
                f"{self.name} has no page pictures: it is text.", "Show the page's text instead."
            )
        return engines.render(self._source(), page_number, dpi, marks)

    def outline(self) -> list[OutlineEntry]:
        """The document's own table of contents, where it has one."""
        return engines.outline(self._source()) if self.drawable else []

    def metadata(self) -> dict[str, str]:
        """Title, author and so on, where the file names them."""
        return engines.metadata(self._source()) if self.drawable else {}

    @property
    def drawable(self) -> bool:
        """Whether pages can be shown as pictures: a PDF whose bytes are still in the store."""
        kept = self._store is not None and self._store.source(self.id).exists()
        return self.media == PDF and kept

    def _take(self, found: Checked, *, deep: bool) -> None:
        """Leave out what was found. In place: offsets into a page's text, which plans and
        citations give, are then right for whoever holds this document."""
        object.__setattr__(self, "pages", cut(self.pages, found))
        seen = _Look(True, deep, tuple(sorted({*found.unchecked})))
        object.__setattr__(self, "_look", seen)

    def _page(self, number: int) -> Page:
        if not 1 <= number <= len(self.pages):
            raise IndexError(f"{self.name} has pages 1 to {len(self.pages)}, not {number}")
        return self.pages[number - 1]

    def _source(self) -> engines.Source:
        assert self._store is not None
        path = self._store.source(self.id)
        return engines.Source(str(path), self.name, self._password)

"""Document: bytes → pages, each with a status. Opening one is the same for every face of kimiqa."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from kimiqa import picturing
from kimiqa.errors import NotADocumentError
from kimiqa.opening import first, leftovers, scans, stored
from kimiqa.opening.counting import TokenCounter, counted, counts_key, edition
from kimiqa.opening.file import PDF, TEXT, File, Preview, Read
from kimiqa.opening.intake import DEFAULT, Home, Input, store_of, taken
from kimiqa.opening.looking import cut, look
from kimiqa.opening.names import label
from kimiqa.pages import Pages, choose_pages, spans
from kimiqa.plan import Progress
from kimiqa.reading import about, engines, lines, notes, passages, shown
from kimiqa.reading.checking import Checked
from kimiqa.reading.parts import Box, Hidden, OutlineEntry, Page, Status
from kimiqa.saying import say
from kimiqa.store import Store

if TYPE_CHECKING:
    from kimiqa.personal.looking import PersonalData

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
    _about: dict[str, str] | None = field(default=None, repr=False)
    memo: dict[str, Any] = field(default_factory=dict, init=False, repr=False)
    """What others have computed of it, which is let go of with it."""

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
        on_pages: Callable[[Sequence[Page]], object] | None = None,
        home: Home = DEFAULT,
    ) -> Reading:
        """The same step by step: a `Preview` at once, `Progress` for each block of pages,
        then the `Document`. Closing the generator ends the reading, and what was not read to
        its end is not kept.

        `on_pages` is given the pages as they are read, in any order, to work on while others
        are read; one that another engine reads after it failed comes once more, and none comes
        of a document that was read before."""
        file = taken(source, name, password, home)
        waits = source == file.store.source(file.id)  # its bytes were here, and not by this call
        read: Read | None = None
        with (
            leftovers.taken_away(file, waits=waits),
            contextlib.closing(stored.known(file) or first.read(file)) as steps,
        ):
            for step in steps:
                if isinstance(step, Read):
                    read = step
                elif not isinstance(step, list):
                    yield step
                elif on_pages is not None:
                    on_pages(step)
        assert read is not None
        yield cls._of(read)

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
            _about=read.about,
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
        with its picture: for text under other things, glyphs that show something else, and
        with Tesseract for lines of an OCR layer that its scan does not show.
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

    def as_read(self) -> Document:
        """This document as if the second pass had found nothing, where it is still to be made:
        what is priced meanwhile can only become less. Nothing is sent of it."""
        return self if self._look.seen else replace(self, _look=_Look(seen=True))

    def with_ocr(
        self,
        *,
        pages: Pages = None,
        languages: str | None = None,
        engine: str | None = None,
        on_progress: Callable[[Progress], object] | None = None,
    ) -> Document:
        """This document with its pages without a text layer read by OCR, on this machine and
        for nothing; a page is read once and then comes from the store, also when the file is
        opened again. It has the status "ocr", and its note says who read it.

        `pages` names other pages to read; `languages` are Tesseract's ("chi_sim+eng"); where
        none are named, those in which it is surest of the first page's words. `engine` is
        "tesseract" or "rapidocr", the first that is installed unless named.

        *Raises* `NoTextError`: no engine is installed, or it does not know a language.
        """
        steps = self.reading_ocr(pages=pages, languages=languages, engine=engine)
        for step in steps:
            if isinstance(step, Document):
                return step
            if on_progress is not None:
                on_progress(step)
        raise AssertionError("a reading ends with its document")

    def reading_ocr(
        self, *, pages: Pages = None, languages: str | None = None, engine: str | None = None
    ) -> Generator[Progress | Document, None, None]:
        """The same step by step: `Progress` for each page, then the document. What was read
        before the generator is closed is kept."""
        (named,) = choose_pages(pages, [len(self.pages)])
        numbers = self.pages_with("image") if named is None else sorted(named)
        if named is None and (languages or engine):
            numbers = self.pages_with("image", "ocr")
        if not numbers:
            yield self
            return
        self._require_pictures()
        assert self._store is not None
        wanted = scans.Scans(self.id, self._source(), self._store, engine, languages)
        read = yield from scans.read(wanted, self.pages, numbers)
        yield replace(self, pages=read, _counts={})

    @property
    def edition(self) -> str:
        """Names its text beside its bytes: with OCR, or with what is hidden, it is another."""
        kept = " kept" if any(page.kept for page in self.pages) else ""
        return edition(self.pages) + kept

    @property
    def hidden_passages(self) -> int | None:
        """How many passages no reader would see; None before the second pass."""
        return sum(len(page.hidden) for page in self.pages) if self._look.seen else None

    @property
    def notices(self) -> list[str]:
        """What an answer cannot see of the document, in words, beside pages without text."""
        known, pages, unchecked = self.memo.get("notices"), self.pages, self.unchecked_pages
        if known is None or known[0] is not pages or known[1] != unchecked:
            self.memo["notices"] = known = (pages, unchecked, self._notices())
        return list(known[2])

    def _notices(self) -> list[str]:
        beyond = [page for page in self.pages if page.note in _BEYOND]
        partial = (
            [
                say(
                    "{name} is read in part: not pages {pages}.",
                    name=self.name,
                    pages=spans(p.number for p in beyond),
                )
            ]
            if beyond
            else []
        )
        return [
            *partial,
            *self._remarks,
            *notes.notices(self.name, self.pages),
            *scans.notices(self.name, self.pages_with("ocr")),
            *passages.notices(self.name, self.pages, self.unchecked_pages),
        ]

    @property
    def partial(self) -> bool:
        """Whether it is longer than what is read of a document."""
        return any(page.note in _BEYOND for page in self.pages)

    @property
    def deeply_checked(self) -> bool:
        """Whether the second pass has compared its pages with their pictures."""
        return self._look.deep

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
        page = self._page(page_number)
        return self.drawable and (page.engine == "pdfium" or page.status == "ocr")

    def boxes(self, page_number: int, start: int, end: int) -> list[Box]:
        """Where `text[start:end]` of a page stands on it; none where the page has no picture,
        or where its text did not come from the engine that draws it."""
        if not self.boxable(page_number):
            return []
        if self._page(page_number).status == "ocr":
            assert self._store is not None
            seen = self._store.ocr(self.id, page_number)
            return [] if seen is None else scans.boxes(seen, start, end)
        held = passages.stretches(self._page(page_number), start, end)
        return shown.boxes(self._source(), page_number, held)

    def render(self, page_number: int, dpi: float = 100, marks: Sequence[Box] = ()) -> bytes:
        """The page as a PNG, with `marks` laid over it. Only a PDF's page can be drawn."""
        self._page(page_number)
        self._require_pictures()
        return shown.render(self._source(), page_number, dpi, marks)

    def picture_size(self, page_number: int) -> tuple[int, int]:
        """Width and height, in pixels, of the page's picture as it would be sent."""
        self._page(page_number)
        self._require_pictures()
        return picturing.size(self.id, self._source(), page_number)

    def picture(self, page_number: int) -> bytes:
        """The page as it is sent to a model that sees: PNG or JPEG, drawn once and then kept."""
        self._page(page_number)
        self._require_pictures()
        assert self._store is not None
        return picturing.picture(self.id, self._source(), self._store, page_number)

    def outline(self) -> list[OutlineEntry] | None:
        """The document's own table of contents, empty where it has none; None where it could
        not be read."""
        return about.outline(self._source()) if self.drawable else []

    def labels(self) -> list[str] | None:
        """The printed labels of its pages ("iv", "A-3"), in order, none where it has none; None
        where they could not be read."""
        return about.labels(self._source()) if self.drawable else []

    def metadata(self) -> dict[str, str]:
        """Title, author and so on, where the file names them; `created` and `modified` are ISO
        dates."""
        if self._about is not None:
            return about.dated(self._about)
        return about.metadata(self._source()) if self.drawable else {}

    def personal_data(self) -> tuple[PersonalData, ...]:
        """The personal data found in the document, counted per kind with its pages: e-mail
        addresses, phone, card and bank numbers, identity numbers. Found on this machine, once.
        Names and addresses are not found, nor numbers that nothing marks as what they are."""
        from kimiqa.personal import looking

        return looking.summary(looking.look(self.id, self.pages, self._store))

    def embed(self, *, on_progress: Callable[[Progress], object] | None = None) -> int:
        """Make the vectors by which chunks are chosen by meaning too, on this machine, once; how
        many it has. They stay beside its pages and go with them.

        *Raises* `BadRequestError` where the extra `semantic` is not installed.
        """
        from kimiqa import semantic

        def told(done: int, total: int) -> None:
            if on_progress is not None:
                on_progress(Progress("vectors", done, total))

        return semantic.build([self], told)

    def restrict(self, *places: str) -> None:
        """Let this document go only to these places: hosts, providers by name ("moonshot"),
        regions ("eu", "cn", "local") where an endpoint's region is known. None lifts the rule.

        The rule holds for whoever asks this document in its home, in `plan` and when sending.
        *Raises* `BadRequestError` for a place that is none.
        """
        from kimiqa import rules

        rules.restrict(self, places)

    @property
    def only(self) -> tuple[str, ...]:
        """The places that this document may go to; none named: anywhere."""
        from kimiqa import rules

        return rules.places_of(self)

    @property
    def store(self) -> Store | None:
        """Where it is kept; None for pages that were given as text."""
        return self._store

    def twin(
        self, id: str, name: str, pages: tuple[Page, ...], counter: TokenCounter, counts: list[int]
    ) -> Document:
        """This document with other texts on its pages, counted already; kept nowhere."""
        made = replace(self, id=id, name=name, pages=pages, _counts={}, _store=None)
        made._counts[counts_key(pages, counter)] = tuple(counts)
        return made

    @property
    def drawable(self) -> bool:
        """Whether pages can be shown as pictures: a PDF whose bytes are still in the store."""
        kept = self._store is not None and self._store.source(self.id).exists()
        return self.media == PDF and kept

    def _require_pictures(self) -> None:
        if not self.drawable:
            raise NotADocumentError(
                say("{name} has no page pictures: it is text.", name=self.name),
                "Show the page's text instead.",
            )

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

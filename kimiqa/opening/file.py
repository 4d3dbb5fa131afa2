"""A file in the store, and what reading it gives step by step."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field

from kimiqa.plan import Progress
from kimiqa.reading.checking import Checked
from kimiqa.reading.engines import Source
from kimiqa.reading.parts import Page
from kimiqa.store import Store

PDF = "application/pdf"
TEXT = "text/plain"


@dataclass(frozen=True, slots=True)
class Preview:
    """What is known of a document at once: exact pages, and about how many tokens."""

    name: str
    pages: int
    first_text: str
    bytes: int
    rough_tokens: int


@dataclass(frozen=True, slots=True)
class File:
    """A file whose bytes are in the store."""

    store: Store
    id: str
    name: str
    size: int
    password: str | None = field(repr=False)

    @property
    def source(self) -> Source:
        return Source(str(self.store.source(self.id)), self.name, self.password)


@dataclass(frozen=True, slots=True)
class Read:
    """A file that has been read: its pages as read, their tokens by vocabulary, what the second
    pass found where it has been over them, what is to be said of the
    whole, and what the file says of itself where it has been asked."""

    file: File
    pages: tuple[Page, ...] = field(repr=False)
    media: str
    counts: dict[str, tuple[int, ...]] = field(repr=False)
    check: Checked | None = None
    remarks: tuple[str, ...] = ()
    about: dict[str, str] | None = None


Steps = Generator[Preview | Progress | list[Page] | Read, None, None]
"""What reading gives step by step. Pages come in blocks, in any order; one that was read again
comes again."""

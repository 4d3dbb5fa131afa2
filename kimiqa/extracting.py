"""Kimi's file extraction as a reader: only when asked for, and told what it sends before."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from kimiqa import rules
from kimiqa.document import Document
from kimiqa.errors import (
    BadRequestError,
    EmptyDocumentError,
    FileNotFoundError,
    NoKeyError,
    NoTextError,
)
from kimiqa.opening.intake import Home, store_of
from kimiqa.opening.names import label
from kimiqa.personal import keeping
from kimiqa.reading.plain import pages_of
from kimiqa.saying import joined, say
from kimiqa.store import Stored

if TYPE_CHECKING:
    from kimiqa.asking import Asker

File = str | PathLike[str] | bytes


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that would be sent to be extracted: what, how much of it, where to."""

    name: str
    size: int
    host: str
    content: bytes = field(repr=False)
    document_id: str

    @property
    def notice(self) -> str:
        """What to tell before it is sent."""
        return (
            f"{self.name}, the whole file of {self.size:,} bytes, is sent to {self.host} to have "
            "its text extracted (free), under a name of no meaning, and is deleted there "
            "afterwards."
        )


def is_offered(base_url: str) -> bool:
    """Whether an endpoint extracts the text of files."""
    from kimiqa.endpoint import extracting

    try:
        extracting.offered(base_url)
    except BadRequestError:
        return False
    return True


def upload_of(asker: Asker, source: File, name: str | None = None) -> Upload:
    """What would be sent of a file; nothing is.

    *Raises* `FileNotFoundError`, `EmptyDocumentError`, `BadRequestError` where the endpoint
    extracts nothing, `NotAllowedError` where the document may not go there.
    """
    from kimiqa.endpoint import extracting

    setup = asker.setup
    extracting.offered(setup.target.base_url)
    content, shown = _content(source)
    shown = label(name or shown)
    if not content:
        raise EmptyDocumentError(
            say("{shown} is empty: it has 0 bytes.", shown=shown), "Choose another file."
        )
    digest = hashlib.sha256(content).hexdigest()
    upload = Upload(shown, len(content), setup.host, content, digest)
    rules.check([_original(asker, upload)], setup.target.base_url)
    return upload


def _content(source: File) -> tuple[bytes, str]:
    if isinstance(source, bytes):
        return source, "document"
    path = Path(source)
    if not path.is_file():
        raise FileNotFoundError(
            say("{path} does not exist.", path=label(str(path))), "Check the path."
        )
    try:
        return path.read_bytes(), path.name
    except OSError:
        raise FileNotFoundError(
            say("{path} may not be read.", path=label(str(path))), "Check its permissions."
        ) from None


def _original(asker: Asker, upload: Upload) -> Document:
    """The file as rules know it, though it need not be readable here."""
    return Document(upload.document_id, upload.name, (), _store=store_of(asker.setup.home))


async def extract(asker: Asker, upload: Upload) -> Document:
    """The document that Kimi makes of the file: text in pages that are not the file's own.

    *Raises* `NoKeyError`, `EndpointError`, `NoTextError`; the file is deleted there all the same.
    """
    setup = asker.setup
    if setup.target.needs_key:
        raise NoKeyError(say("There is no key for {host}.", host=setup.host), setup.target.key_hint)
    rules.check([_original(asker, upload)], setup.target.base_url)
    text, left = await asker.endpoint().extracted(upload.name, upload.content)
    rules.note_sent([_original(asker, upload)], setup.target.base_url)
    if not text.strip():
        hint = say("It reads no pictures: use OCR (--ocr) or send pictures (--pictures scanned).")
        raise NoTextError(
            say("{host} found no text in {name}.", host=setup.host, name=upload.name),
            joined([hint, left]),
        )
    return _document(asker, upload, pages_of(text), left)


def _document(asker: Asker, upload: Upload, texts: Sequence[str], left: str) -> Document:
    made = Document.from_pages(texts, name=upload.name)
    note = say(
        "read by Kimi's file extraction at {host}: not the pages of the file", host=upload.host
    )
    note = joined([note, left], ". ") if left else note
    pages = tuple(replace(page, engine="kimi", note=note) for page in made.pages)
    document = replace(made, pages=pages)
    if places := rules.places_of(_original(asker, upload)):
        rules.restrict(document, places)  # what was made of a document goes where it may go
    return document


def keep(document: Document, home: Home) -> Document:
    """An extracted document in the store of a home: it opens again, and is listed and deleted
    like every other."""
    store = store_of(home)
    size = sum(len(page.text.encode()) for page in document.pages)
    row = Stored(document.id, document.name, document.media, size, len(document.pages), False)
    store.save(row, document.pages)
    if places := document.only:
        keeping.save_rule(store, document.id, places)
    return Document.stored(document.id, home=home) or document

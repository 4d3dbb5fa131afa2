"""What was read, by content hash: a file's bytes, its pages, and its token counts.

    home/documents/store.sqlite3     documents, pages, counts
    home/documents/<sha256>/source   the bytes

A name given from outside is a label in a row and never part of a path.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import sqlite3
import tempfile
import threading
import time
import weakref
from array import array
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

from kimiqa.reading.parts import Page, Status
from kimiqa.saying import joined, say, say_of

READER = 8
"""Raised when pages would be read differently: documents read before are then read anew."""

CHECKER = 3
"""Raised when hidden text would be found differently: it is then looked for anew."""

_BLOCK = 1 << 20
_NEW = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)
_LISTED = "id, name, media, bytes, pages, locked"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, media TEXT NOT NULL, bytes INTEGER NOT NULL,
    pages INTEGER NOT NULL, locked INTEGER NOT NULL, reader INTEGER NOT NULL, stored REAL NOT NULL);
CREATE TABLE IF NOT EXISTS pages (
    document TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE, number INTEGER NOT NULL,
    text TEXT NOT NULL, status TEXT NOT NULL, engine TEXT, note TEXT,
    PRIMARY KEY (document, number)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS labels (
    document TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE, number INTEGER NOT NULL,
    label TEXT, line INTEGER, asides TEXT NOT NULL, PRIMARY KEY (document, number)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS remarks (
    document TEXT PRIMARY KEY REFERENCES documents (id) ON DELETE CASCADE, remarks TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS abouts (
    document TEXT PRIMARY KEY REFERENCES documents (id) ON DELETE CASCADE, about TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS counts (
    document TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE, vocabulary TEXT NOT NULL,
    tokens BLOB NOT NULL, PRIMARY KEY (document, vocabulary)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS checks (
    document TEXT PRIMARY KEY REFERENCES documents (id) ON DELETE CASCADE,
    checker INTEGER NOT NULL, deep INTEGER NOT NULL, unchecked TEXT NOT NULL,
    hidden TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS ocr (
    document TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE, number INTEGER NOT NULL,
    engine TEXT NOT NULL, languages TEXT NOT NULL, words TEXT NOT NULL, width REAL NOT NULL,
    height REAL NOT NULL, PRIMARY KEY (document, number)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS personal (
    document TEXT PRIMARY KEY REFERENCES documents (id) ON DELETE CASCADE, texts TEXT NOT NULL,
    found TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS vectors (
    document TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE, model TEXT NOT NULL,
    texts TEXT NOT NULL, places BLOB NOT NULL, numbers BLOB NOT NULL, scale BLOB NOT NULL,
    PRIMARY KEY (document, model, texts));
CREATE TABLE IF NOT EXISTS digests (
    document TEXT NOT NULL, model TEXT NOT NULL, texts TEXT NOT NULL, wording INTEGER NOT NULL,
    pages TEXT NOT NULL, content TEXT NOT NULL,
    PRIMARY KEY (document, model, texts, wording, pages)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS rules (document TEXT PRIMARY KEY, places TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS sent (
    document TEXT NOT NULL, host TEXT NOT NULL, first REAL NOT NULL,
    PRIMARY KEY (document, host)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS placeholders (
    mark TEXT NOT NULL, value TEXT NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (mark, value),
    UNIQUE (mark, number));
CREATE TABLE IF NOT EXISTS placeholder_uses (
    document TEXT NOT NULL, mark TEXT NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (document, mark, value)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS placeholder_counts (mark TEXT PRIMARY KEY, last INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS pages_without_text ON pages (status, document) WHERE status != 'text';
"""

# Outlive a new reading of the document, and go when it is deleted.
_OF_A_DOCUMENT = ("rules", "sent", "placeholder_uses", "digests")
_UNUSED = """DELETE FROM placeholders WHERE NOT EXISTS (SELECT 1 FROM placeholder_uses AS uses
    WHERE uses.mark = placeholders.mark AND uses.value = placeholders.value)"""


Ranges = dict[int, list[tuple[int, int, str]]]
"""Page → start, end and reason of each hidden range of its text."""


_AT_ONCE = 16
"""So many documents are written together where one is read after the other."""

_WAIT_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Stored:
    """A document as the store lists it. `locked`: its pages need its password."""

    id: str
    name: str
    media: str
    bytes: int
    pages: int
    locked: bool


_About = Mapping[str, str] | None

_Finished = tuple[Stored, Sequence[Page], Mapping[str, Sequence[int]], Sequence[str], _About]
"""A document that has been read: its pages, their counts, what was said of it, and what it says
of itself."""

WordRow = tuple[int, int, int, float, float, float, float]
"""Start and end in the page's text, line, left, top, right, bottom in points."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What OCR saw on a page: who read it, in which languages, and where each word stands."""

    engine: str
    languages: str
    words: list[WordRow]
    width: float
    height: float


class Store:
    """A folder of documents, for any number of threads and processes.

    Without a home, or where the home cannot be written, everything goes to a private folder
    of this process that is removed at its end; `warning` then says why.
    """

    def __init__(self, home: Path | None) -> None:
        self.warning: str | None = None
        self._lock = threading.Lock()
        self._held = threading.local()
        self.brought: set[str] = set()
        """The files that came here by this store and were not read yet."""
        self.folder = self._private() if home is None else home / "documents"
        try:
            self._prepare()
        except (OSError, sqlite3.Error) as error:
            self.warning = say(
                "{folder} cannot be written ({kind}): what is read now is forgotten when the "
                "program ends.",
                folder=self.folder,
                kind=type(error).__name__,
            )
            self.folder = self._private()
            self._prepare()

    def _private(self) -> Path:
        folder = tempfile.mkdtemp(prefix="kimiqa-documents-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return Path(folder)

    def _prepare(self) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._connection() as database:
            database.executescript(_SCHEMA)
        probe = self.folder / f".probe-{os.getpid()}-{threading.get_ident()}"
        probe.touch()
        probe.unlink()

    @contextlib.contextmanager
    def _connection(self, *, write: bool = False) -> Iterator[sqlite3.Connection]:
        """A connection for one task, closed after it unless it is held; a write is one
        transaction."""
        if write:
            self._write_waiting()
        held: sqlite3.Connection | None = getattr(self._held, "connection", None)
        database = held or self._connected()
        try:
            if write:
                database.execute("BEGIN IMMEDIATE")
            yield database
            if write:
                database.execute("COMMIT")
        except BaseException:
            if database.in_transaction:
                database.execute("ROLLBACK")
            raise
        finally:
            if held is None:
                database.close()

    def _connected(self) -> sqlite3.Connection:
        database = sqlite3.connect(self.folder / "store.sqlite3", timeout=5, isolation_level=None)
        database.execute("PRAGMA foreign_keys = ON")
        # What is deleted is overwritten, not only forgotten.
        database.execute("PRAGMA secure_delete = ON")
        return database

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keep this thread's connection open meanwhile, and write several documents at once: for
        who reads one after the other, a connection and a transaction for each cost more than
        what is written."""
        if getattr(self._held, "connection", None) is not None:
            yield
            return
        self._held.connection, self._held.waiting = self._connected(), []
        try:
            yield
        finally:
            try:
                self._write_waiting()
            finally:
                self._held.connection.close()
                self._held.connection = self._held.waiting = None

    def database(self, *, write: bool = False) -> AbstractContextManager[sqlite3.Connection]:
        """A connection for what other modules keep beside the documents."""
        return self._connection(write=write)

    # Bytes ------------------------------------------------------------------------------------

    def take(self, stream: BinaryIO) -> tuple[str, int]:
        """Copy `stream` into the store; its SHA-256 and its size."""
        handle, spool = tempfile.mkstemp(prefix=".spool-", dir=self.folder)
        try:
            with os.fdopen(handle, "wb") as copy:
                digest, size = _hashed(stream, copy)
            if size:
                self._keep(Path(spool), digest)
        finally:
            Path(spool).unlink(missing_ok=True)
        return digest, size

    def take_path(self, path: Path) -> tuple[str, int]:
        """The same for a file on disk, which is not copied where its bytes are here already."""
        with path.open("rb") as stream:
            head = stream.read(_BLOCK)
            if len(head) < _BLOCK:
                return self._take_bytes(head)
            stream.seek(0)
            digest, size = _hashed(stream)
            if not self.source(digest).exists():
                stream.seek(0)
                return self.take(stream)
        return digest, size

    def _take_bytes(self, content: bytes) -> tuple[str, int]:
        """The same for a file that is small enough to be held: of a thousand of them, reading
        each twice takes longer than writing it."""
        digest = hashlib.sha256(content).hexdigest()
        if content and not self.source(digest).exists():
            spool = self.folder / f".spool-{os.getpid()}-{threading.get_ident()}"
            try:
                with os.fdopen(os.open(spool, _NEW, 0o600), "wb") as copy:
                    copy.write(content)
                self._keep(spool, digest)
            finally:
                spool.unlink(missing_ok=True)
        return digest, len(content)

    def source(self, document_id: str) -> Path:
        """Where a document's bytes are, if they are here."""
        return _source(self.folder, document_id)

    def discard(self, document_id: str) -> None:
        """Remove the bytes alone. An id that is none of ours names no folder."""
        if not re.fullmatch("[0-9a-f]{64}", document_id):
            return
        self.brought.discard(document_id)
        shutil.rmtree(self.folder / document_id, ignore_errors=True)

    def _keep(self, spool: Path, digest: str) -> None:
        """Move a finished copy to its place; who comes second leaves the first one's."""
        place = self.source(digest)
        place.parent.mkdir(exist_ok=True)
        if not place.exists():
            with contextlib.suppress(PermissionError):
                spool.replace(place)
                self.brought.add(digest)

    # Pages and counts -------------------------------------------------------------------------

    def save(
        self,
        document: Stored,
        pages: Sequence[Page],
        counts: Mapping[str, Sequence[int]] | None = None,
        remarks: Sequence[str] = (),
        about: _About = None,
    ) -> None:
        """Remember a document that has been read, replacing what was known of it.

        Where that fails, `warning` says so: a document that was read is not lost to its
        reader because a disk is full.
        """
        self.brought.discard(document.id)
        waiting: list[_Finished] | None = getattr(self._held, "waiting", None)
        finished = (document, pages, counts or {}, remarks, about)
        if waiting is None:
            self._write([finished])
            return
        if not waiting:
            self._held.since = time.monotonic()
        waiting.append(finished)
        if len(waiting) >= _AT_ONCE:
            self._write_waiting()

    def catch_up(self) -> None:
        """Write what has waited for a while: for who reads something long meanwhile."""
        if time.monotonic() - getattr(self._held, "since", 0.0) >= _WAIT_SECONDS:
            self._write_waiting()

    def _write_waiting(self) -> None:
        """Write the documents that were read since, which nobody has to wait for."""
        waiting: list[_Finished] | None = getattr(self._held, "waiting", None)
        if waiting:
            self._held.waiting = []
            self._write(waiting)

    def _write(self, finished: Sequence[_Finished]) -> None:
        try:
            with self._connection(write=True) as database:
                for each in finished:
                    _insert(database, *each)
        except (OSError, sqlite3.Error) as error:
            lost = say_of(
                len(finished),
                "{names} was read but not kept in {folder}: {error}.",
                "{names} were read but not kept in {folder}: {error}.",
                names=", ".join(document.name for document, *_ in finished),
                folder=self.folder,
                error=str(error),
            )
            self.warning = joined([self.warning or "", lost])

    def find(self, document_id: str) -> Stored | None:
        """The document, where its pages are here and were read by this reader."""
        known = f"SELECT {_LISTED} FROM documents WHERE id = ? AND reader = ?"
        with self._connection() as database:
            row = database.execute(known, (document_id, READER)).fetchone()
        return None if row is None else _stored(row)

    def kept(self, document_id: str) -> Stored | None:
        """The document, also where an older reader read it: opened, it is read anew."""
        query = f"SELECT {_LISTED} FROM documents WHERE id = ?"
        with self._connection() as database:
            row = database.execute(query, (document_id,)).fetchone()
        return None if row is None else _stored(row)

    def pages(self, document_id: str) -> tuple[Page, ...]:
        """The document's pages, in order."""
        query = (
            "SELECT p.number, text, status, engine, note, label, line, asides FROM pages p"
            " LEFT JOIN labels l ON l.document = p.document AND l.number = p.number"
            " WHERE p.document = ? ORDER BY p.number"
        )
        with self._connection() as database:
            return tuple(_page(*row) for row in database.execute(query, (document_id,)))

    def remarks(self, document_id: str) -> tuple[str, ...]:
        """What was said of the document when it was read."""
        query = "SELECT remarks FROM remarks WHERE document = ?"
        with self._connection() as database:
            row = database.execute(query, (document_id,)).fetchone()
        return () if row is None else tuple(json.loads(row[0]))

    def about(self, document_id: str) -> dict[str, str] | None:
        """What the file says of itself, as its engine told it; None where it was not asked."""
        query = "SELECT about FROM abouts WHERE document = ?"
        with self._connection() as database:
            row = database.execute(query, (document_id,)).fetchone()
        return None if row is None else dict(json.loads(row[0]))

    def save_counts(self, document_id: str, vocabulary: str, tokens: Sequence[int]) -> None:
        """Remember the tokens of each page's block in a vocabulary."""
        row = (document_id, vocabulary, _packed(tokens), document_id)
        known = "WHERE EXISTS (SELECT 1 FROM documents WHERE id = ?)"
        insert = f"INSERT OR REPLACE INTO counts SELECT ?, ?, ? {known}"
        with contextlib.suppress(OSError, sqlite3.Error), self._connection(write=True) as database:
            database.execute(insert, row)

    def counts(self, document_id: str, vocabulary: str) -> tuple[int, ...] | None:
        """The tokens of each page's block, where they were counted."""
        query = "SELECT tokens FROM counts WHERE document = ? AND vocabulary = ?"
        with self._connection() as database:
            row = database.execute(query, (document_id, vocabulary)).fetchone()
        return None if row is None else tuple(array("I", row[0]))

    # What is hidden ---------------------------------------------------------------------------

    def save_check(
        self, document_id: str, hidden: Ranges, unchecked: Sequence[int], *, deep: bool
    ) -> None:
        """Remember which ranges of which pages cannot be seen, and which pages were not checked."""
        row = (document_id, CHECKER, deep, json.dumps(list(unchecked)), json.dumps(hidden))
        known = "WHERE EXISTS (SELECT 1 FROM documents WHERE id = ?)"
        insert = f"INSERT OR REPLACE INTO checks SELECT ?, ?, ?, ?, ? {known}"
        with contextlib.suppress(OSError, sqlite3.Error), self._connection(write=True) as database:
            database.execute(insert, (*row, document_id))

    def check(self, document_id: str, *, deep: bool = False) -> tuple[Ranges, list[int]] | None:
        """What `save_check` was given, where it was: a deep check does for the other."""
        query = (
            "SELECT hidden, unchecked FROM checks WHERE document = ? AND checker = ? AND deep >= ?"
        )
        with self._connection() as database:
            row = database.execute(query, (document_id, CHECKER, deep)).fetchone()
        if row is None:
            return None
        return {int(page): found for page, found in json.loads(row[0]).items()}, json.loads(row[1])

    # What OCR read ----------------------------------------------------------------------------

    def save_ocr(self, document_id: str, page: Page, seen: Seen) -> None:
        """Put a page that OCR has read in the place of the page without text; the counts of the
        document as it was are forgotten."""
        known = "WHERE EXISTS (SELECT 1 FROM documents WHERE id = ?)"
        insert = f"INSERT OR REPLACE INTO ocr SELECT ?, ?, ?, ?, ?, ?, ? {known}"
        held = (seen.engine, seen.languages, json.dumps(seen.words), seen.width, seen.height)
        row = (document_id, page.number, *held, document_id)
        update = "UPDATE pages SET text = ?, status = ?, engine = ?, note = ?"
        now = (page.text, page.status, page.engine, page.note, document_id, page.number)
        with contextlib.suppress(OSError, sqlite3.Error), self._connection(write=True) as database:
            database.execute(insert, row)
            database.execute(f"{update} WHERE document = ? AND number = ?", now)
            database.execute("DELETE FROM counts WHERE document = ?", (document_id,))

    def ocr(self, document_id: str, number: int) -> Seen | None:
        """What OCR saw on a page; None where it has not read it."""
        query = "SELECT engine, languages, words, width, height FROM ocr"
        query += " WHERE document = ? AND number = ?"
        with self._connection() as database:
            row = database.execute(query, (document_id, number)).fetchone()
        if row is None:
            return None
        engine, languages, words, width, height = row
        return Seen(engine, languages, [tuple(each) for each in json.loads(words)], width, height)

    # The shelf --------------------------------------------------------------------------------

    def documents(self) -> list[Stored]:
        """All documents that are kept, also those an older reader read; the last stored first."""
        return [stored for stored, _ in self.shelf()]

    def shelf(self) -> list[tuple[Stored, float]]:
        """The same with the time when each was stored."""
        query = f"SELECT {_LISTED}, stored FROM documents ORDER BY stored DESC"
        with self._connection() as database:
            return [(_stored(row[:-1]), float(row[-1])) for row in database.execute(query)]

    def missing(self, documents: Sequence[str]) -> dict[str, int]:
        """How many pages of each of these documents have no text; those with none are left out."""
        query = (
            "SELECT document, COUNT(*) FROM pages WHERE status != 'text' AND status != 'ocr'"
            f" AND document IN ({', '.join('?' * len(documents))}) GROUP BY document"
        )
        with self._connection() as database:
            return dict(database.execute(query, tuple(documents)).fetchall())

    def token_sums(self, documents: Sequence[str], vocabulary: str) -> dict[str, int]:
        """The tokens of these documents' pages together, where they were counted; what is left
        once hidden passages are out, where those were looked for."""
        query = (
            "SELECT document, tokens FROM counts"
            " WHERE (vocabulary = ? OR vocabulary LIKE ? || ' %')"
            f" AND document IN ({', '.join('?' * len(documents))}) ORDER BY length(vocabulary)"
        )
        keys = (vocabulary, vocabulary)
        with self._connection() as database:
            rows = database.execute(query, (*keys, *documents))
            return {document: sum(array("I", tokens)) for document, tokens in rows}

    def remember_name(self, document_id: str, name: str) -> None:
        """Give a document a new label."""
        with contextlib.suppress(OSError, sqlite3.Error), self._connection(write=True) as database:
            database.execute("UPDATE documents SET name = ? WHERE id = ?", (name, document_id))

    def delete(self, document_id: str, *, keep_rule: bool = False) -> None:
        """Forget a document: its bytes, pages, counts, digests, placeholders, and unless it is to
        hold for the same bytes again its rule."""
        with self._connection(write=True) as database:
            database.execute("DELETE FROM documents WHERE id = ?", (document_id,))
            for table in _OF_A_DOCUMENT:
                if table == "rules" and keep_rule:
                    continue
                database.execute(f"DELETE FROM {table} WHERE document = ?", (document_id,))
            database.execute(_UNUSED)
        self.discard(document_id)


def _insert(
    database: sqlite3.Connection,
    document: Stored,
    pages: Sequence[Page],
    counts: Mapping[str, Sequence[int]],
    remarks: Sequence[str],
    about: _About,
) -> None:
    rows = ((document.id, p.number, p.text, p.status, p.engine, p.note) for p in pages)
    database.execute("DELETE FROM documents WHERE id = ?", (document.id,))
    database.execute(
        "INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            document.id,
            document.name,
            document.media,
            document.bytes,
            document.pages,
            document.locked,
            READER,
            time.time(),
        ),
    )
    database.executemany("INSERT INTO pages VALUES (?, ?, ?, ?, ?, ?)", rows)
    labels = (
        (document.id, p.number, p.label, p.line, json.dumps(p.asides))
        for p in pages
        if p.label is not None or p.asides
    )
    database.executemany("INSERT INTO labels VALUES (?, ?, ?, ?, ?)", labels)
    said = (document.id, json.dumps(list(remarks)))
    database.execute("INSERT INTO remarks VALUES (?, ?)", said)
    if about is not None:
        database.execute("INSERT INTO abouts VALUES (?, ?)", (document.id, json.dumps(about)))
    packed = ((document.id, each, _packed(counts[each])) for each in counts)
    database.executemany("INSERT INTO counts VALUES (?, ?, ?)", packed)


def _page(
    number: int,
    text: str,
    status: Status,
    engine: str | None,
    note: str | None,
    label: str | None,
    line: int | None,
    asides: str | None,
) -> Page:
    beside = tuple((start, end, why) for start, end, why in json.loads(asides or "[]"))
    return Page(number, text, status, engine, note, label=label, line=line, asides=beside)


def _packed(tokens: Sequence[int]) -> bytes:
    return array("I", tokens).tobytes()


def _stored(row: Sequence[Any]) -> Stored:
    document_id, name, media, size, pages, locked = row
    return Stored(document_id, name, media, size, pages, bool(locked))


def _hashed(stream: BinaryIO, copy: BinaryIO | None = None) -> tuple[str, int]:
    """The SHA-256 and size of what is left of `stream`, copied on the way."""
    digest, size = hashlib.sha256(), 0
    while block := stream.read(_BLOCK):
        digest.update(block)
        size += len(block)
        if copy is not None:
            copy.write(block)
    return digest.hexdigest(), size


@lru_cache(maxsize=64)
def _source(folder: Path, document_id: str) -> Path:
    return Path(f"{folder}{os.sep}{document_id}{os.sep}source")


_stores: dict[tuple[int, str | None], Store] = {}
_stores_lock = threading.Lock()


def store_for(home: Path | None) -> Store:
    """This process's store for a home; one private store for all that have none."""
    key = (os.getpid(), None if home is None else str(home))
    with _stores_lock:
        if key not in _stores:
            _stores[key] = Store(home)
        return _stores[key]

"""A document's vectors: made once, kept in the store of its pages, and gone with it."""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from kimiqa.chunking import chunk_text
from kimiqa.semantic.model import Embedder, Vectors

if TYPE_CHECKING:
    from kimiqa.document import Document
    from kimiqa.reading.parts import Page
    from kimiqa.store import Store

UNIT_PIECES = 200
"""Word pieces of a text that becomes one vector: measured best of what MiniLM reads at once."""

AT_ONCE = 64
"""Texts between two steps of progress: some seconds."""

MOST_UNITS = 100_000
"""As many vectors as are held in memory: 150 MB of MiniLM's."""

OnProgress = Callable[[int, int], object]


@dataclass(frozen=True, slots=True, eq=False)
class DocumentVectors:
    """Stretches of a document's pages, each with its vector."""

    places: NDArray[np.int32]
    """Page (from 0), start and end of each stretch, in order."""
    vectors: Vectors

    def __len__(self) -> int:
        return len(self.places)

    def likeness(self, page: NDArray[np.int32], middle: NDArray[np.int32], to: Vectors) -> Vectors:
        """How alike the stretch that holds each place and `to` are, from -1 to 1."""
        if not len(self):
            return np.zeros(len(page), np.float32)
        starts = self.places[:, 0].astype(np.int64) << 32 | self.places[:, 1]
        places = page.astype(np.int64) << 32 | middle
        held = np.searchsorted(starts, places, side="right") - 1
        found: Vectors = (self.vectors @ to)[np.maximum(held, 0)]
        return found


Key = tuple[str, str, str]


class Kept:
    """Vectors by content and model: those used last, up to a number over all of them."""

    def __init__(self, most: int = MOST_UNITS) -> None:
        self._most = most
        self._held: OrderedDict[Key, DocumentVectors] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, key: Key) -> DocumentVectors | None:
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
            return self._held.get(key)

    def keep(self, key: Key, vectors: DocumentVectors) -> None:
        with self._lock:
            self._held[key] = vectors
            while len(self._held) > 1 and sum(map(len, self._held.values())) > self._most:
                self._held.popitem(last=False)

    def forget(self, document_id: str) -> None:
        with self._lock:
            for key in [key for key in self._held if key[0] == document_id]:
                del self._held[key]


_kept = Kept()
forget = _kept.forget


def find(document: Document, model: str) -> DocumentVectors | None:
    """The vectors that were made of these texts with this model; None where there are none."""
    key = (document.id, model, _texts_of(document))
    store = document.store
    kept = _kept.find(key)
    if store is None:
        return kept
    if kept is not None:
        if _is_stored(store, key):
            return kept
        _kept.forget(document.id)  # deleted since, perhaps by another process
        return None
    found = _load(store, key)
    if found is not None:
        _kept.keep(key, found)
    return found


def make(
    document: Document, embedder: Embedder, on_progress: OnProgress | None = None
) -> DocumentVectors:
    """The document's vectors, kept for later. `on_progress` is told how many are made, of how
    many: a page takes about a fifth of a second of one core."""
    known = find(document, embedder.name)
    if known is not None:
        return known
    places = list(_places(document.pages, embedder))
    made: list[Vectors] = []
    for start in range(0, len(places), AT_ONCE):
        some = places[start : start + AT_ONCE]
        made.append(embedder.embed([document.pages[p].text[a:b] for p, a, b in some]))
        if on_progress is not None:
            on_progress(start + len(some), len(places))
    vectors = np.concatenate(made) if made else np.empty((0, 0), np.float32)
    # As they are kept, so that the same chunks are chosen before and after a new start.
    found = DocumentVectors(np.array(places, np.int32).reshape(-1, 3), _loose(*_tight(vectors)))
    key = (document.id, embedder.name, _texts_of(document))
    if document.store is not None:
        with contextlib.suppress(OSError, sqlite3.Error):
            _save(document.store, key, found)
    _kept.keep(key, found)
    return found


def _places(pages: Sequence[Page], embedder: Embedder) -> Iterator[tuple[int, int, int]]:
    for number, page in enumerate(pages):
        for span in chunk_text(page.text, embedder, UNIT_PIECES):
            yield number, span.start, span.end


_named: WeakKeyDictionary[Document, tuple[Sequence[Page], str]] = WeakKeyDictionary()


def _texts_of(document: Document) -> str:
    """The name of its texts, made once: every price of every question asks for it."""
    known = _named.get(document)
    if known is None or known[0] is not document.pages:
        _named[document] = known = (document.pages, _texts(document.pages))
    return known[1]


def _texts(pages: Sequence[Page]) -> str:
    """Names the texts: the same bytes may have been read to others, with OCR or without."""
    digest = hashlib.sha256()
    for page in pages:
        digest.update(page.text.encode("utf-8", "surrogatepass"))
        digest.update(b"\0")
    return digest.hexdigest()


# In the store -----------------------------------------------------------------------------------


def _tight(vectors: Vectors) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Each vector in whole numbers to 127, and what one of them is worth."""
    scale = np.maximum(np.abs(vectors).max(axis=1, initial=0), 1e-9) / 127
    return np.rint(vectors / scale[:, None]).astype(np.int8), scale.astype(np.float32)


def _loose(numbers: NDArray[np.int8], scale: NDArray[np.float32]) -> Vectors:
    made: Vectors = numbers.astype(np.float32) * scale[:, None]
    return made


def _save(store: Store, key: Key, found: DocumentVectors) -> None:
    numbers, scale = _tight(found.vectors)
    blobs = (found.places.tobytes(), numbers.tobytes(), scale.tobytes())
    known = "WHERE EXISTS (SELECT 1 FROM documents WHERE id = ?)"
    insert = f"INSERT OR REPLACE INTO vectors SELECT ?, ?, ?, ?, ?, ? {known}"
    with store.database(write=True) as database:
        database.execute(insert, (*key, *blobs, key[0]))


def _is_stored(store: Store, key: Key) -> bool:
    query = "SELECT 1 FROM vectors WHERE document = ? AND model = ? AND texts = ?"
    with store.database() as database:
        return database.execute(query, key).fetchone() is not None


def _load(store: Store, key: Key) -> DocumentVectors | None:
    query = (
        "SELECT places, numbers, scale FROM vectors WHERE document = ? AND model = ? AND texts = ?"
    )
    with store.database() as database:
        row = database.execute(query, key).fetchone()
    if row is None:
        return None
    places = np.frombuffer(row[0], np.int32).reshape(-1, 3)
    scale = np.frombuffer(row[2], np.float32)
    numbers = np.frombuffer(row[1], np.int8).reshape(len(places), -1)
    return DocumentVectors(places, _loose(numbers, scale))

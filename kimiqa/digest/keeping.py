"""What digests are made of, kept beside their document's pages and gone with them.

A row holds what one call made of some pages of one document. It stays also when the document is
read anew, for it was paid for; it counts only for the very texts that it was made of.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from kimiqa.digest.wording import VERSION
from kimiqa.money import plain
from kimiqa.pages import spans

if TYPE_CHECKING:
    from kimiqa.document import Document
    from kimiqa.reading.parts import Page
    from kimiqa.store import Store

_HELD_DOCUMENTS = 256
"""Of documents that no store keeps, so many have their digest in memory."""

Key = tuple[str, str, str, int]
"""The document, the model, the name of its texts, and the version of the wording."""


@dataclass(frozen=True, slots=True)
class Piece:
    """What one call made of some pages of a document, which it cites as D1."""

    pages: tuple[int, ...]
    text: str
    made: float
    """When, in wall-clock seconds."""
    amount: Decimal | None
    currency: str
    cut: bool = False
    """Whether the model came to its limit before it had ended."""

    def to_json(self) -> dict[str, Any]:
        return {
            "pages": list(self.pages),
            "text": self.text,
            "made": self.made,
            "amount": None if self.amount is None else plain(self.amount),
            "currency": self.currency,
            "cut": self.cut,
        }

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Piece:
        amount = None if row["amount"] is None else Decimal(row["amount"])
        return cls(
            tuple(row["pages"]), row["text"], row["made"], amount, row["currency"], row["cut"]
        )


_held: OrderedDict[Key, dict[str, Piece]] = OrderedDict()
_lock = threading.Lock()


def find(document: Document, model: str, *, in_memory: bool = False) -> list[Piece]:
    """The pieces that were made of these texts, in page order; none that holds no page more than
    those before it. `in_memory` says that nothing may be kept beyond this process."""
    key = _key(document, model)
    with _lock:
        pieces = list(_held.get(key, {}).values())
    if document.store is not None and not in_memory:
        pieces += _load(document.store, key)
    kept: list[Piece] = []
    seen: set[int] = set()
    for piece in sorted(pieces, key=lambda each: (each.pages[0], -len(each.pages))):
        if not seen >= set(piece.pages):
            kept.append(piece)
            seen.update(piece.pages)
    return kept


def keep(document: Document, model: str, piece: Piece, *, in_memory: bool = False) -> None:
    """Keep a piece beside the document's pages, or in memory where they are kept nowhere."""
    key = _key(document, model)
    if document.store is not None and not in_memory and _save(document.store, key, piece):
        return
    with _lock:
        _held.setdefault(key, {})[spans(piece.pages)] = piece
        _held.move_to_end(key)
        while len(_held) > _HELD_DOCUMENTS:
            _held.popitem(last=False)


def forget(document_id: str) -> None:
    """Drop what is in memory about a document that is deleted."""
    with _lock:
        for key in [key for key in _held if key[0] == document_id]:
            del _held[key]


def _key(document: Document, model: str) -> Key:
    return document.id, model, _texts_of(document), VERSION


_named: WeakKeyDictionary[Document, tuple[Sequence[Page], str]] = WeakKeyDictionary()


def _texts_of(document: Document) -> str:
    """Names its texts, which OCR or hidden passages change: every price asks for it."""
    known = _named.get(document)
    if known is None or known[0] is not document.pages:
        digest = hashlib.sha256()
        for page in document.pages:
            digest.update(page.text.encode("utf-8", "surrogatepass"))
            digest.update(b"\0")
        _named[document] = known = (document.pages, digest.hexdigest())
    return known[1]


# In the store -----------------------------------------------------------------------------------

_SAME = "document = ? AND model = ? AND texts = ? AND wording = ?"


def _load(store: Store, key: Key) -> list[Piece]:
    with store.database() as database:
        rows = database.execute(f"SELECT content FROM digests WHERE {_SAME}", key).fetchall()
    return [Piece.from_json(json.loads(content)) for (content,) in rows]


def _save(store: Store, key: Key, piece: Piece) -> bool:
    """Whether it stands in the store now: a document that was never kept there has no row."""
    row = (*key, spans(piece.pages), json.dumps(piece.to_json()), key[0])
    known = "WHERE EXISTS (SELECT 1 FROM documents WHERE id = ?)"
    insert = f"INSERT OR REPLACE INTO digests SELECT ?, ?, ?, ?, ?, ? {known}"
    with contextlib.suppress(OSError, sqlite3.Error), store.database(write=True) as database:
        return database.execute(insert, row).rowcount > 0
    return False

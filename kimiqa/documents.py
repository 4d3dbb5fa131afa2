"""The documents that are kept here: what each is, what it cost, and deleting it for good."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kimiqa.digest import keeping as digests
from kimiqa.errors import BadRequestError, DocumentInUseError
from kimiqa.money import plain
from kimiqa.opening import leftovers
from kimiqa.opening.counting import counted_by, first_counter
from kimiqa.opening.leftovers import Unread
from kimiqa.personal import keeping
from kimiqa.plurals import counted
from kimiqa.saying import Said, say, say_of
from kimiqa.store import Store, Stored, store_for

if TYPE_CHECKING:
    from kimiqa.ledger import Call, Ledger

UNREAD = "(not read)"
"""What a file is called that was not read: only its bytes are known."""

_DAY = 86_400
_SHOWN = 5
_LEAST_PREFIX = 4


@dataclass(frozen=True, slots=True)
class Kept:
    """A document as it is kept."""

    id: str
    name: str
    pages: int
    tokens: int | None
    """Counted for the default model; None where that was not done yet."""
    bytes: int
    stored: float
    last_asked: float | None
    spent: dict[str, Decimal]
    """What questions cost that it was part of, in each currency."""
    only: tuple[str, ...]
    """Where it may go; empty: anywhere."""
    read: bool = True
    """False of a file that is here and was not read to its end."""

    @property
    def used(self) -> float:
        """When it was last asked about, or else read."""
        return max(self.stored, self.last_asked or 0.0)

    def to_json(self) -> dict[str, Any]:
        asked = self.last_asked
        return {
            "id": self.id,
            "name": self.name,
            "pages": self.pages,
            "tokens": self.tokens,
            "bytes": self.bytes,
            "last_asked": None if asked is None else _moment(asked),
            "stored": _moment(self.stored),
            "spent": {currency: plain(amount) for currency, amount in self.spent.items()},
            "only": list(self.only),
            "status": "read" if self.read else "not read",
        }


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


class Documents:
    """The documents of a home, with what its ledger knows of them."""

    def __init__(
        self, home: Path | None, ledger: Ledger, clock: Callable[[], float] = time.time
    ) -> None:
        self._store: Store = store_for(home)
        self._ledger = ledger
        self._clock = clock

    def listed(self) -> list[Kept]:
        """All of them, the last stored first, and then the files that were not read: one that
        waits for its password, or what a program left that was ended."""
        shelf = self._store.shelf()
        vocabulary = counted_by(first_counter())
        tokens = self._store.token_sums([each.id for each, _ in shelf], vocabulary)
        read = [self._kept(each, tokens.get(each.id), at) for each, at in shelf]
        return [*read, *map(self._unread, leftovers.unread(self._store))]

    def _unread(self, each: Unread) -> Kept:
        only = keeping.rule(self._store, each.id)
        return Kept(each.id, UNREAD, 0, None, each.bytes, each.since, None, {}, only, read=False)

    def _kept(self, each: Stored, tokens: int | None, stored: float) -> Kept:
        calls = self._ledger.calls_about(each.id)
        return Kept(
            each.id,
            each.name,
            each.pages,
            tokens,
            each.bytes,
            stored,
            max((call.created for call in calls), default=None),
            _spent(calls),
            keeping.rule(self._store, each.id),
        )

    def find(self, named: str) -> Stored:
        """The one document of this name, or whose id begins so.

        Raises
        ------
        BadRequestError
            There is none, or more than one: they are listed then.
        """
        stored = [each for each, _ in self._store.shelf()]
        stored += [
            Stored(each.id, UNREAD, "", each.bytes, 0, False)
            for each in leftovers.unread(self._store)
        ]
        wanted = named.strip()
        found = [each for each in stored if each.id == wanted.lower()] or [
            each
            for each in stored
            if (each.name == wanted and each.name != UNREAD)
            or (len(wanted) >= _LEAST_PREFIX and each.id.startswith(wanted.lower()))
        ]
        if len(found) == 1:
            return found[0]
        if not found:
            raise BadRequestError(
                say("There is no document {named}.", named=repr(named)),
                "`kimiqa documents` lists those there are.",
            )
        several = "; ".join(f"{each.id[:12]} {each.name}" for each in found[:_SHOWN])
        raise BadRequestError(
            say(
                "{named} may be any of {documents}: {several}.",
                named=repr(named),
                documents=counted(len(found), "document"),
                several=several,
            ),
            "Name it by its id.",
        )

    def delete(
        self, document_id: str, *, conversations: bool = True, keep_rule: bool = False
    ) -> int:
        """Delete a document for good: its bytes, text, pictures, index, digests and placeholders,
        its rule, and the conversations about it; how many those were. Receipts keep their money.
        With `keep_rule` it may still go only where its rule says once it is opened again.

        Raises
        ------
        DocumentInUseError
            A question about it is running; nothing was deleted.
        """
        running = self._running(document_id)
        if running is not None:
            raise DocumentInUseError(
                say(
                    "Question {id} about it is running at {endpoint}. Nothing was deleted.",
                    id=running.id,
                    endpoint=running.endpoint,
                ),
                "Wait for its answer, or stop it.",
            )
        self._store.delete(document_id, keep_rule=keep_rule)
        digests.forget(document_id)
        return self._ledger.forget_document(document_id, conversations=conversations)

    def rule(self, document_id: str) -> tuple[str, ...]:
        """Where a document may go; empty: anywhere."""
        return keeping.rule(self._store, document_id)

    def _running(self, document_id: str) -> Call | None:
        self._ledger.recover()
        calls = self._ledger.calls_about(document_id)
        return next((call for call in calls if call.state == "reserved"), None)

    def unused(self, days: float) -> list[Kept]:
        """The documents that were neither read nor asked about for so many days."""
        before = self._clock() - days * _DAY
        return [each for each in self.listed() if each.used < before]

    def clear(self, days: float | None) -> list[Kept]:
        """Delete what was not used for so many days, and is not needed now; None keeps all but
        files that were not read and that nobody can be reading any more. Rules stay: nobody
        has decided that what is opened again may go anywhere."""
        leftovers.sweep(self._store, self._clock())
        if days is None:
            return []
        return [each for each in self.unused(days) if self._deleted(each.id)]

    def _deleted(self, document_id: str) -> bool:
        try:
            self.delete(document_id, keep_rule=True)
        except DocumentInUseError:
            return False
        return True


def cleared_in_words(cleared: Sequence[Kept], days: float) -> Said:
    """What was cleared, in a sentence; empty where nothing was."""
    if not cleared:
        return Said("")
    shown = ", ".join(each.name for each in cleared[:_SHOWN])
    more = len(cleared) - _SHOWN
    return say_of(
        len(cleared),
        "Deleted {number:,} document not used for {days:g} days: {names}.",
        "Deleted {number:,} documents not used for {days:g} days: {names}.",
        days=days,
        names=say("{names} and {more:,} more", names=shown, more=more) if more > 0 else shown,
    )


def _spent(calls: Iterable[Call]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for call in calls:
        if call.cost is not None and call.cost.amount is not None:
            sums[call.cost.currency] = sums.get(call.cost.currency, Decimal(0)) + call.cost.amount
    return sums

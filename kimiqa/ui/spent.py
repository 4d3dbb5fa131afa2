"""What was spent on each document, and when it was last asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from kimiqa.ledger import Call
from kimiqa.ledger.spending import groups
from kimiqa.ui import desk
from kimiqa.ui.latest import Latest
from kimiqa.ui.state import State


@dataclass(frozen=True, slots=True)
class Spent:
    """What was spent on a document, and when it was last asked."""

    last: float
    total: dict[str, Decimal]

    def dearest(self) -> Decimal:
        """The largest of the sums, whatever its currency."""
        return max(self.total.values(), default=Decimal(0))


Books = dict[str | None, Spent]
NEVER = Spent(0.0, {})


@dataclass(slots=True)
class Summed:
    """The books as they were summed last."""

    books: Latest[Books] = field(default_factory=Latest)


def by_document(state: State) -> Books:
    """What was spent on each document, summed again once the ledger holds something newer."""
    ledger = desk.client(state).ledger
    newest = ledger.calls(1)
    key = (newest[0].id, newest[0].state) if newest else None
    return state.of(Summed).books.made_for(key, lambda: _summed(ledger.calls()))


def forget(state: State) -> None:
    """Have them summed again: a document is gone."""
    state.of(Summed).books.forget()


def _summed(calls: Sequence[Call]) -> Books:
    last: dict[str | None, float] = {}
    for call in calls:
        for document_id, _name in call.documents:
            last[document_id] = max(call.created, last.get(document_id, 0.0))
    sums = groups(calls, "document")
    return {each.key: Spent(last.get(each.key, 0.0), each.total) for each in sums}

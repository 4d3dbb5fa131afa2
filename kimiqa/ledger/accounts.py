"""The books, read: calls and their receipts, sums of them, and balances held against them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from kimiqa.ledger import balances, entries, learning, scoring, spending
from kimiqa.ledger.balances import Balance, Span
from kimiqa.ledger.memory import Memory, host_of
from kimiqa.ledger.records import Accuracy, Call, State, amounts_to_json
from kimiqa.ledger.scoring import Scores
from kimiqa.ledger.spending import Group, GroupBy
from kimiqa.money import Cost

_OPEN: dict[str, State] = {"uncertain": "unknown", "reserved": "reserved"}


class Accounts(Memory):
    """What was spent, for what, and whether the endpoint agrees."""

    # Receipts

    def call(self, call_id: str) -> Call | None:
        """One call; None where there is none of that id."""
        column = self._database.tables.calls.c.id
        found = self._select(None, column == entries.number_of(call_id))
        return found[0] if found else None

    def calls(
        self,
        limit: int | None = None,
        *,
        since: float | None = None,
        until: float | None = None,
        state: State | None = None,
        model: str | None = None,
        conversation: str | None = None,
        label: str | None = None,
    ) -> list[Call]:
        """The calls made from `since` up to and without `until`, newest first."""
        calls = self._database.tables.calls
        same = {"state": state, "model": model, "conversation": conversation, "label": label}
        where = [calls.c[name] == value for name, value in same.items() if value is not None]
        return self._select(limit, *where, *entries.between(calls, (since, until)))

    def _select(self, limit: int | None, *where: Any) -> list[Call]:
        table = self._database.tables.calls
        query = table.select().where(*where).order_by(table.c.id.desc()).limit(limit)
        with self._database.read() as connection:
            return [entries.to_call(row) for row in connection.execute(query)]

    def labels(self) -> list[str]:
        """The labels that questions were asked under, the one used last first."""
        calls = self._database.tables.calls
        query = calls.select().with_only_columns(calls.c.label).where(calls.c.label.is_not(None))
        from sqlalchemy import func  # here, for the library takes its time

        query = query.group_by(calls.c.label).order_by(func.max(calls.c.created).desc())
        with self._database.read() as connection:
            return [str(label) for label in connection.execute(query).scalars() if label]

    def totals(self, since: float | None = None, until: float | None = None) -> dict[str, Decimal]:
        """What is known to be spent, per currency: settled and estimated calls."""
        return entries.sums(self._database, "cost", "settled", "estimated", times=(since, until))

    def groups(
        self, by: GroupBy, since: float | None = None, until: float | None = None
    ) -> list[Group]:
        """The calls made from `since` up to and without `until`, summed by what they have in
        common: rows for a table or a chart."""
        return spending.groups(self.calls(since=since, until=until), by)

    def to_json(
        self, limit: int | None = None, since: float | None = None, until: float | None = None
    ) -> dict[str, Any]:
        """The calls, newest first, and over *all* calls of those times what is known to be spent
        (`total`) and what may have been: the ceilings of calls that are unknown or still open."""
        times = (since, until)
        ceilings = {
            name: entries.sums(self._database, "ceiling", state, times=times)
            for name, state in _OPEN.items()
        }
        return {
            "calls": [call.to_json() for call in self.calls(limit, since=since, until=until)],
            "total": amounts_to_json(self.totals(since, until)),
            **{name: amounts_to_json(amounts) for name, amounts in ceilings.items()},
        }

    def scores(
        self,
        limit: int = 1000,
        *,
        model: str | None = None,
        since: float | None = None,
        until: float | None = None,
    ) -> list[Scores]:
        """How good the quotes of the newest settled calls were, per model, strategy and effort."""
        return scoring.scores(self._quoted(limit, model, since, until))

    def accuracy(
        self,
        limit: int = 1000,
        *,
        model: str | None = None,
        since: float | None = None,
        until: float | None = None,
    ) -> Accuracy:
        """How good the estimates of the newest settled calls were."""
        return learning.accuracy(self._quoted(limit, model, since, until))

    def _quoted(
        self, limit: int, model: str | None, since: float | None, until: float | None
    ) -> list[Call]:
        """The settled calls whose quotes are judged: not those that only tried an endpoint."""
        found = self.calls(limit, state="settled", model=model, since=since, until=until)
        return [call for call in found if call.label != learning.TEST_LABEL]

    # Balances

    def note_balance(self, endpoint: str, left: Cost) -> Balance:
        """Keep what an endpoint said just now is left in the account."""
        return balances.note(self._database, host_of(endpoint), left, self._clock())

    def balances(self, endpoint: str | None = None) -> list[Balance]:
        """What endpoints said was left in the account, oldest first."""
        return balances.noted(self._database, None if endpoint is None else host_of(endpoint))

    def reconcile(self, endpoint: str) -> list[Span]:
        """The endpoint's balances held against its calls, from each balance to the next."""
        host = host_of(endpoint)
        column = self._database.tables.calls.c.endpoint
        return balances.spans(self.balances(host), self._select(None, column == host))

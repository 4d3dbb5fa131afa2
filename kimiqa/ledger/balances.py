"""Balances that an endpoint told, and whether the money that went is the money that was booked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

from kimiqa.ledger.records import Call
from kimiqa.money import Cost, plain
from kimiqa.saying import say

if TYPE_CHECKING:
    from kimiqa.ledger.database import Database

LAG_SECONDS = 600.0
"""How long after a call a platform may take to book it: their pages speak of ten minutes."""

FINEST = Decimal("0.00001")
"""Kimi's platform tells balances to five decimals; finer differences are rounding."""

Verdict = Literal["matches", "uncertain", "topped_up", "unexplained"]
"""Equal; different by no more than what is uncertain; the balance rose; or none of these."""


@dataclass(frozen=True, slots=True)
class Balance:
    """What an endpoint said was left in the account."""

    created: float
    endpoint: str
    """The endpoint's host."""
    left: Cost

    def to_json(self) -> dict[str, Any]:
        return {"created": _moment(self.created), "endpoint": self.endpoint, **self.left.to_json()}


@dataclass(frozen=True, slots=True)
class Suspect:
    """A call that may be why balance and books differ. `least` and `most` say by how much the
    account may have been charged more (below zero: less) than was booked for it."""

    call: Call
    why: str
    least: Decimal
    most: Decimal

    def to_json(self) -> dict[str, Any]:
        return {"id": self.call.id, "state": self.call.state, "why": self.why}


@dataclass(frozen=True, slots=True)
class Span:
    """The time between two balances: what the account lost and what the ledger booked."""

    since: Balance
    until: Balance
    booked: Decimal
    calls: int
    suspects: tuple[Suspect, ...]

    @property
    def taken(self) -> Decimal:
        """What the account lost; below zero where it was topped up."""
        return _amount(self.since) - _amount(self.until)

    @property
    def difference(self) -> Decimal:
        """What the account lost and the ledger does not know; below zero: booked, not taken."""
        return self.taken - self.booked

    @property
    def verdict(self) -> Verdict:
        grain = _grain(self.since, self.until)
        if abs(self.difference) <= grain:
            return "matches"
        least = sum((each.least for each in self.suspects), Decimal(0))
        most = sum((each.most for each in self.suspects), Decimal(0))
        if least - grain <= self.difference <= most + grain:
            return "uncertain"
        return "topped_up" if self.taken < -grain else "unexplained"

    def could_be(self, suspect: Suspect) -> bool:
        """Whether a call could be why balance and books differ, in this direction."""
        if self.verdict == "matches":
            return False
        return suspect.most > 0 if self.difference > 0 else suspect.least < 0

    def to_json(self) -> dict[str, Any]:
        return {
            "endpoint": self.until.endpoint,
            "since": _moment(self.since.created),
            "until": _moment(self.until.created),
            "currency": self.until.left.currency,
            "taken": plain(self.taken),
            "booked": plain(self.booked),
            "difference": plain(self.difference),
            "calls": self.calls,
            "verdict": self.verdict,
            "candidates": [each.to_json() for each in self.suspects],
        }


def note(database: Database, endpoint: str, left: Cost, now: float) -> Balance:
    """Keep what an endpoint said just now."""
    balances = database.tables.balances
    row = {"created": now, "endpoint": endpoint, "currency": left.currency}
    with database.write(say("The balance itself was told.")) as connection:
        connection.execute(balances.insert().values(**row, amount=plain(left.amount)))
    return Balance(now, endpoint, left)


def noted(database: Database, endpoint: str | None) -> list[Balance]:
    """The balances of one endpoint or of all, oldest first."""
    balances = database.tables.balances
    query = balances.select().order_by(balances.c.created, balances.c.id)
    if endpoint is not None:
        query = query.where(balances.c.endpoint == endpoint)
    with database.read() as connection:
        return [
            Balance(row.created, row.endpoint, Cost(Decimal(row.amount), row.currency))
            for row in connection.execute(query)
        ]


def spans(balances: Sequence[Balance], calls: Sequence[Call]) -> list[Span]:
    """One endpoint's balances, oldest first, held against its calls."""
    found: list[Span] = []
    for since, until in pairwise(balances):
        if since.left.currency == until.left.currency:
            settled = bool(found) and found[-1].verdict == "matches"
            found.append(_span(since, until, calls, late=not settled))
    return found


def _span(since: Balance, until: Balance, calls: Sequence[Call], *, late: bool) -> Span:
    """`late` says whether calls from before may still have been charged: not where everything
    was, up to the first balance."""
    currency = until.left.currency
    calls = [call for call in calls if _currency(call) == currency]
    within = [call for call in calls if since.created <= call.created < until.created]
    before = [call for call in calls if call.created < since.created] if late else []
    suspects = [each for call in within for each in _within(call, until.created)]
    suspects += [each for call in before for each in _before(call, since.created)]
    booked = sum(map(_cost, within), Decimal(0))
    whole = Span(since, until, booked, len(within), tuple(suspects))
    return replace(whole, suspects=tuple(filter(whole.could_be, suspects)))


def _before(call: Call, since: float) -> Iterator[Suspect]:
    cost = _cost(call)
    if cost and _ended(call) >= since - LAG_SECONDS:
        yield Suspect(
            call, say("made before, and perhaps charged after the first balance"), Decimal(0), cost
        )


def _within(call: Call, until: float) -> Iterator[Suspect]:
    cost, ceiling = _cost(call), _ceiling(call)
    if call.state in ("reserved", "unknown"):
        yield Suspect(call, say("sent, and its cost is not known"), Decimal(0), ceiling)
    elif call.state == "estimated":
        yield Suspect(
            call, say("its cost is our own count"), -cost, max(Decimal(0), ceiling - cost)
        )
    elif cost and _ended(call) >= until - LAG_SECONDS:
        why = say(
            "platforms may take {minutes:.0f} minutes to charge a call", minutes=LAG_SECONDS / 60
        )
        yield Suspect(call, why, -cost, Decimal(0))


def _ended(call: Call) -> float:
    return call.created + (call.seconds or 0)


def _currency(call: Call) -> str | None:
    money = call.ceiling or call.cost
    return money.currency if money else None


def _cost(call: Call) -> Decimal:
    return Decimal(0) if call.cost is None else call.cost.amount or Decimal(0)


def _ceiling(call: Call) -> Decimal:
    return Decimal(0) if call.ceiling is None else call.ceiling.amount or Decimal(0)


def _amount(balance: Balance) -> Decimal:
    return balance.left.amount or Decimal(0)


def _grain(*balances: Balance) -> Decimal:
    """To what the balances are told: the last decimal of the finer one, at most five."""
    finest = min(int(_amount(each).as_tuple().exponent) for each in balances)
    return max(FINEST, Decimal(1).scaleb(min(finest, -2)))


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")

"""Calls in the database: reserved before they are sent, finished after, counted against caps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal

from kimiqa.ledger.caps import CapName, Case, Scope, start_of
from kimiqa.ledger.records import Call, State
from kimiqa.money import Cost, Usage, plain, total
from kimiqa.saying import say

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, Table

    from kimiqa.ledger.database import Database

Sums = dict[str, Decimal]
"""Money per currency."""

SLACK_SECONDS = 60.0
"""How long after its deadline a reservation may still be settled by its own process."""

FROM: dict[State, tuple[State, ...]] = {
    # The true usage is welcome late: a machine that slept through a deadline finds its call
    # `unknown`, and so does a reconciliation with the endpoint's own bill.
    "settled": ("reserved", "unknown"),
    "estimated": ("reserved",),
    "unknown": ("reserved",),
    "released": ("reserved",),
}


@dataclass(frozen=True, slots=True)
class Reservation:
    """What is to be written before anything is sent."""

    ceiling: Decimal | None
    currency: str | None
    expires: float
    scope: Scope


def hold(
    database: Database, connection: Connection, wanted: Reservation, now: float, *, spare: bool
) -> int:
    """Write a reservation; its number. `spare` says whether calls are still to draw from it:
    a reservation without is drawn whole by the one call that is written next."""
    ceiling = plain(wanted.ceiling)
    return _add(
        connection,
        database.tables.reservations,
        created=now,
        expires=wanted.expires,
        currency=wanted.currency,
        ceiling=ceiling,
        spare=ceiling if spare else None,
        conversation=wanted.scope.conversation,
        label=wanted.scope.label,
    )


def draw(
    database: Database, connection: Connection, held: int, row: Mapping[str, Any], now: float
) -> int:
    """Write a call that draws its ceiling from a reservation; its number."""
    drawn = {"reservation": held, "state": "reserved", "counted": row["ceiling"]}
    return _add(connection, database.tables.calls, **drawn, created=now, **row)


def _add(connection: Connection, table: Table, **values: Any) -> int:
    """Write one row; its number."""
    key = connection.execute(table.insert().values(**values)).inserted_primary_key
    assert key is not None  # a single insert has one
    return int(key[0])


def spent(
    database: Database, connection: Connection, cap: CapName, case: Case, now: float
) -> Decimal:
    """What the calls under a cap count for, and what reservations under it still hold.

    A call counts for the day of its reservation, which was held against that day's cap.
    """
    calls, reservations = database.tables.calls, database.tables.reservations
    if cap in ("day", "month"):
        under = reservations.c.created >= start_of("day" if cap == "day" else "month", now)
    elif cap == "label":
        under = reservations.c.label == case.scope.label
    else:
        under = reservations.c.conversation == case.scope.conversation
    counted = calls.join(reservations).select().with_only_columns(calls.c.counted)
    counted = counted.where(under, calls.c.currency == case.currency)
    spare = reservations.select().with_only_columns(reservations.c.spare)
    spare = spare.where(under, reservations.c.currency == case.currency)
    amounts = chain(connection.execute(counted).scalars(), connection.execute(spare).scalars())
    return sum((Decimal(amount) for amount in amounts if amount is not None), Decimal(0))


Times = tuple[float | None, float | None]
"""From a moment, up to and without another; None leaves that side open."""


def between(calls: Table, times: Times) -> list[ColumnElement[bool]]:
    """What a call fulfils that was made within these times."""
    since, until = times
    conditions = []
    if since is not None:
        conditions.append(calls.c.created >= since)
    if until is not None:
        conditions.append(calls.c.created < until)
    return conditions


def sums(
    database: Database,
    column: Literal["cost", "ceiling"],
    *states: State,
    times: Times = (None, None),
) -> Sums:
    """The sum of `column` per currency, over the calls of those times in one of `states`."""
    calls = database.tables.calls
    columns = calls.select().with_only_columns(calls.c[column], calls.c.currency)
    known = columns.where(calls.c.state.in_(states), calls.c[column].is_not(None))
    known = known.where(*between(calls, times))
    with database.read() as connection:
        rows = connection.execute(known.order_by(calls.c.id)).all()
    return total([Cost(Decimal(amount), currency) for amount, currency in rows])


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a call ended."""

    state: State
    usage: Usage | None = None
    cost: Cost | None = None
    seconds: float | None = None
    note: str | None = None
    final: bool = True
    """Whether the cost cannot be too low."""

    def columns(self, ceiling: str | None, currency: str | None) -> dict[str, Any]:
        """The columns that change. A call whose cost is unknown, or may be too low, weighs its
        ceiling; one that was refused before any work weighs and costs nothing."""
        changes: dict[str, Any] = {"state": self.state, "note": self.note, "currency": currency}
        if self.state == "unknown":
            return changes | {"counted": ceiling}
        if self.state == "released":
            return changes | {"counted": "0", "cost": "0"}
        if self.cost is not None and self.cost.amount is not None:
            weighs = self.cost.amount
            if not self.final and ceiling is not None and self.cost.currency == currency:
                weighs = max(weighs, Decimal(ceiling))
            changes |= {"currency": self.cost.currency, "counted": plain(weighs)}
            changes |= {"cost": plain(self.cost.amount)}
        else:
            changes |= {"counted": ceiling}
        if self.usage is not None:
            changes |= {name: getattr(self.usage, name) for name in USAGE}
        return changes | {"seconds": self.seconds}


USAGE = (
    "prompt_tokens",
    "completion_tokens",
    "cached_tokens",
    "reasoning_tokens",
    "cache_write_tokens",
)


def finish(database: Database, call_id: str, outcome: Outcome) -> None:
    """Write how a call ended.

    Raises:
        KeyError: there is no such call.
        ValueError: the call has ended already, otherwise than this could follow.
        KimiqaError: it cannot be written; the call stays reserved, at its ceiling.
    """
    calls = database.tables.calls
    aftermath = say("Call {call} was sent and stays reserved there, at its ceiling.", call=call_id)
    with database.write(aftermath) as connection:
        row = connection.execute(
            calls.select().where(calls.c.id == number_of(call_id))
        ).one_or_none()
        if row is None:
            raise KeyError(f"no call {call_id} in the ledger")
        if row.state not in FROM[outcome.state]:
            raise ValueError(f"call {call_id} is {row.state}: it cannot become {outcome.state}")
        changes = outcome.columns(row.ceiling, row.currency)
        connection.execute(calls.update().where(calls.c.id == row.id).values(**changes))
        if row.currency == changes["currency"]:
            _give_back(database, connection, row.reservation, row.counted, changes["counted"])


def _give_back(
    database: Database, connection: Connection, held: int, drawn: str | None, counts: str | None
) -> None:
    """What a call drew and did not need is there for the next, while the reservation holds."""
    reservations = database.tables.reservations
    this = reservations.c.id == held
    query = reservations.select().with_only_columns(reservations.c.spare).where(this)
    spare = connection.execute(query).scalar_one()
    if None in (spare, drawn, counts):
        return
    left = max(Decimal(0), Decimal(spare) + Decimal(str(drawn)) - Decimal(str(counts)))
    connection.execute(reservations.update().where(this).values(spare=plain(left)))


def take(database: Database, connection: Connection, held: int, ceiling: Decimal) -> Decimal | None:
    """Draw `ceiling` from a reservation; where it is over what is left, that, and nothing is
    drawn."""
    reservations = database.tables.reservations
    this = reservations.c.id == held
    query = reservations.select().with_only_columns(reservations.c.spare).where(this)
    left = Decimal(connection.execute(query).scalar_one() or 0)
    if ceiling > left:
        return left
    connection.execute(reservations.update().where(this).values(spare=plain(left - ceiling)))
    return None


def left(database: Database, held: int) -> Decimal | None:
    """What of a reservation no call has drawn; None where there is no price, or it is free."""
    reservations = database.tables.reservations
    query = reservations.select().with_only_columns(reservations.c.spare)
    with database.read() as connection:
        spare = connection.execute(query.where(reservations.c.id == held)).scalar_one()
    return None if spare is None else Decimal(spare)


def free(database: Database, held: int) -> None:
    """No call draws from this reservation any more: what it held is given back to the caps."""
    reservations = database.tables.reservations
    aftermath = say("Reservation {number} stays until its time has passed.", number=held)
    with database.write(aftermath) as connection:
        connection.execute(
            reservations.update().where(reservations.c.id == held).values(spare=None)
        )


def number_of(call_id: str) -> int:
    """The row's number; no row has number 0."""
    return int(call_id) if call_id.isascii() and call_id.isdigit() else 0


def recover(database: Database, now: float) -> int:
    """Turn reservations whose time has passed into `unknown`: whoever made them was stopped.

    Younger ones stay, for another process may be waiting for their answers. Returns how many.
    """
    calls, reservations = database.tables.calls, database.tables.reservations
    late = (calls.c.state == "reserved", calls.c.expires < now)
    idle = (reservations.c.expires < now, reservations.c.spare.is_not(None))
    with database.read() as connection:
        looks = (calls.select().where(*late), reservations.select().where(*idle))
        if not any(connection.execute(look.limit(1)).first() for look in looks):
            return 0
    note = "kimiqa was stopped before a reply came; it may have been billed"
    with database.write() as connection:
        changed = connection.execute(
            calls.update().where(*late).values(state="unknown", counted=calls.c.ceiling, note=note)
        )
        # What no call had drawn was never sent.
        connection.execute(reservations.update().where(*idle).values(spare=None))
        return int(changed.rowcount)


def to_call(row: Any) -> Call:
    """A row as it is given out."""
    unit = row.currency or "USD"
    return Call(
        id=str(row.id),
        created=row.created,
        model=row.model,
        endpoint=row.endpoint,
        strategy=row.strategy,
        effort=row.effort,
        state=row.state,
        usage=usage_of(row),
        cost=_cost(row, unit),
        ceiling=None if row.ceiling is None else Cost(Decimal(row.ceiling), unit),
        estimate=row.estimate,
        prices=row.prices,
        documents=tuple((id, name) for id, name in row.documents),
        question_sha256=row.question_sha256,
        conversation=row.conversation,
        label=row.label,
        note=row.note,
        seconds=row.seconds,
    )


def usage_of(row: Any) -> Usage | None:
    """The usage of a row, where the endpoint or we counted it."""
    if row.prompt_tokens is None or row.completion_tokens is None:
        return None
    return Usage(*(getattr(row, name) for name in USAGE))


def _cost(row: Any, currency: str) -> Cost | None:
    """Null until the call has ended; without an amount where its price was not known."""
    if row.state in ("reserved", "unknown"):
        return None
    return Cost(None if row.cost is None else Decimal(row.cost), currency)

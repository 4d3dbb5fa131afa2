"""Whether an account may be asked again already: its limits, held against the ledger's calls.

All processes that share a ledger share an account's limits too. The look and the reservation
are one transaction, so that two of them never both take the last place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kimiqa.saying import say

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from kimiqa.ledger.database import Database
    from kimiqa.settings import Limits

MINUTE = 60.0
DAY = 86_400.0
LOOK_AGAIN = 0.5
"""Seconds after which a call that waits for another's end looks again."""


@dataclass(frozen=True, slots=True)
class Asking:
    """A call that wants its turn at an endpoint."""

    endpoint: str
    limits: Limits
    tokens: int
    """What it counts for: its prompt tokens and its `max_completion_tokens`."""


class NotYetError(Exception):
    """The account's limits leave no room yet; nothing was reserved and nothing sent."""

    def __init__(self, seconds: float, why: str) -> None:
        super().__init__(why)
        self.seconds = seconds
        """After how many seconds there may be room."""
        self.why = why

    @property
    def told(self) -> str:
        """What a person reads while it waits."""
        return say("Waiting for its turn: {why}.", why=self.why)


class OverDayError(NotYetError):
    """The day's tokens are used up, as far as these books know: too long to wait for."""

    @property
    def told(self) -> str:
        return say("The endpoint may refuse this: {why}.", why=self.why)


@dataclass(frozen=True, slots=True)
class _Made:
    """A call that was made within the last minute."""

    at: float
    tokens: int


def check(database: Database, connection: Connection, asking: Asking, now: float) -> None:
    """Raise `NotYetError` where the call has to wait, with the limit it waits for."""
    limits = asking.limits
    if limits.concurrency is not None:
        _check_running(database, connection, asking, limits.concurrency, now)
    if limits.tpd is not None:
        _check_day(database, connection, asking, limits.tpd, now)
    if limits.rpm is None and limits.tpm is None:
        return
    made = _made(database, connection, asking.endpoint, now)
    if limits.rpm is not None and len(made) >= limits.rpm:
        seconds = made[-limits.rpm].at + MINUTE - now
        raise NotYetError(
            seconds, say("the account may ask {most:,} times a minute", most=limits.rpm)
        )
    if limits.tpm is not None:
        _check_tokens(made, asking.tokens, limits.tpm, now)


def _check_running(
    database: Database, connection: Connection, asking: Asking, most: int, now: float
) -> None:
    calls = database.tables.calls
    query = calls.select().with_only_columns(calls.c.id).limit(most)
    query = query.where(
        calls.c.endpoint == asking.endpoint, calls.c.state == "reserved", calls.c.expires > now
    )
    if len(connection.execute(query).all()) >= most:
        raise NotYetError(LOOK_AGAIN, say("the account may ask {most:,} at once", most=most))


def _check_day(
    database: Database, connection: Connection, asking: Asking, most: int, now: float
) -> None:
    """What was used in the last 24 hours counts as it was used, what is open as it may be."""
    calls = database.tables.calls
    used = (calls.c.prompt_tokens, calls.c.completion_tokens)
    query = calls.select().with_only_columns(calls.c.created, calls.c.estimate, *used)
    query = query.where(
        calls.c.endpoint == asking.endpoint,
        calls.c.created > now - DAY,
        calls.c.state != "released",
    )
    rows = connection.execute(query.order_by(calls.c.created)).all()
    known = sum(_used(estimate, prompt, completion) for _, estimate, prompt, completion in rows)
    if rows and known + asking.tokens > most:
        why = say(
            "the account may use {most:,} tokens a day, and {known:,} are used or open",
            most=most,
            known=known,
        )
        raise OverDayError(rows[0].created + DAY - now, why)


def _used(estimate: Any, prompt: int | None, completion: int | None) -> int:
    return _tokens(estimate) if prompt is None else prompt + (completion or 0)


def _made(database: Database, connection: Connection, endpoint: str, now: float) -> list[_Made]:
    """What counts for the last minute, oldest first: what was refused does not."""
    calls = database.tables.calls
    query = calls.select().with_only_columns(calls.c.created, calls.c.estimate)
    query = query.where(
        calls.c.endpoint == endpoint, calls.c.created > now - MINUTE, calls.c.state != "released"
    )
    rows = connection.execute(query.order_by(calls.c.created)).all()
    # A clock that was set back leaves calls in the future: they count as made just now.
    return [_Made(min(created, now), _tokens(estimate)) for created, estimate in rows]


def _tokens(estimate: Any) -> int:
    """What a call counted for: as it was written down, or at the least its prompt."""
    known = estimate or {}
    return int(known.get("admitted_tokens") or known.get("prompt_tokens") or 0)


def _check_tokens(made: Sequence[_Made], tokens: int, most: int, now: float) -> None:
    """Wait until so many of the oldest calls are a minute old that the rest leaves room. A call
    that is larger than the limit waits for an empty minute, and for nothing else."""
    over = sum(each.tokens for each in made) + tokens - most
    for each in made:
        if over <= 0:
            return
        over -= each.tokens
        if over <= 0 or each is made[-1]:
            raise NotYetError(
                each.at + MINUTE - now,
                say("the account may use {most:,} tokens a minute", most=most),
            )

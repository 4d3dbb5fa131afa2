"""Which prefixes a provider's cache still holds, as far as we know, and until when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any

from kimiqa.plan import Segment
from kimiqa.saying import say

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, Select, Table

    from kimiqa.ledger.database import Database

_AT_ONCE = 500
"""Digests in one statement: databases limit how many values a statement takes."""

_LAST_FEW = 16
"""How many of a prompt's last digests are looked up before the rest."""

_LONGEST = 24 * 3600.0
_LOOK_AT = 20
"""How far back a prompt may lie that is still warm, and how many are looked at."""

_IN_A_ROW = 3
_WORTH_A_LOOK = 1_024
"""How many calls have to miss in a row, with hits of how many tokens, until none is promised."""

Known = tuple[float, float]
"""Until when a prefix is kept, and for how many seconds a hit renews it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a prefix is cached: nothing is shared between hosts, models or efforts."""

    endpoint: str
    model: str
    effort: str | None

    @property
    def columns(self) -> dict[str, str]:
        return {"endpoint": self.endpoint, "model": self.model, "effort": self.effort or ""}


@dataclass(frozen=True, slots=True)
class WarmPrompt:
    """A prompt that the provider's cache still holds, and what it was asked with."""

    tokens: int
    model: str
    effort: str | None
    strategy: str
    documents: tuple[str, ...]
    """Their ids."""
    expires: float
    tools: str = ""
    """Names the tools it was asked with."""


def remember(
    database: Database, place: Place, segments: Sequence[Segment], ttl: float, now: float
) -> None:
    """Note that every prefix of an answered prompt is cached for `ttl` seconds at least."""
    prefixes = database.tables.prefixes
    digests = list(dict.fromkeys(segment.digest for segment in segments))
    with database.write(say("The answer is not touched by this.")) as connection:
        connection.execute(prefixes.delete().where(prefixes.c.expires <= now))
        known = _expiries(database, connection, place, digests)
        for some in _batches(digests):
            connection.execute(prefixes.delete().where(*_among(database, place, some)))
        rows = [
            place.columns | {"digest": digest} | _renewed(known.get(digest), ttl, now)
            for digest in digests
        ]
        if rows:
            connection.execute(prefixes.insert(), rows)


def _renewed(known: Known | None, ttl: float, now: float) -> dict[str, float]:
    """Until when a prefix is kept, and for how long each hit renews it."""
    expires, kept = known or (0.0, 0.0)
    longer = max(ttl, kept)
    return {"expires": max(now + longer, expires), "ttl": longer}


def longest(
    database: Database, place: Place, segments: Sequence[Segment], now: float
) -> tuple[Segment, float] | None:
    """The longest prefix that is still cached, and until when.

    A digest names the prompt from its start, so the last one that is known is the longest: it
    is looked for from the end, where a conversation's stands.
    """
    with database.read() as connection:
        for some in _from_the_end(segments):
            known = _expiries(database, connection, place, [each.digest for each in some])
            for segment in reversed(some):
                expires, _ = known.get(segment.digest, (0.0, 0.0))
                if expires > now:
                    return segment, expires
    return None


def _from_the_end(segments: Sequence[Segment]) -> Iterable[Sequence[Segment]]:
    end = len(segments)
    for size in chain((_LAST_FEW,), repeat(_AT_ONCE)):
        if end <= 0:
            return
        yield segments[max(0, end - size) : end]
        end -= size


def last_prompt(
    database: Database,
    endpoint: str,
    conversation: str | None,
    documents: Sequence[str],
    now: float,
) -> WarmPrompt | None:
    """The newest prompt that is still cached: of a conversation or, where it has none, about one
    of `documents`."""
    calls, wanted = database.tables.calls, set(documents)
    query = calls.select().where(
        calls.c.endpoint == endpoint,
        calls.c.created > now - _LONGEST,
        calls.c.prefix.is_not(None),
        calls.c.prompt_tokens.is_not(None),
    )
    with database.read() as connection:
        rows = connection.execute(query.order_by(calls.c.id.desc()).limit(_LOOK_AT)).all()
        same = [row for row in rows if row.conversation == conversation and conversation]
        others = [row for row in rows if wanted & {id for id, _ in row.documents}]
        for row in same or others:
            place = Place(endpoint, row.model, row.effort)
            known = _expiries(database, connection, place, [row.prefix]).get(row.prefix)
            if known and known[0] > now:
                return _prompt(row, known[0])
    return None


def _prompt(row: Any, expires: float) -> WarmPrompt:
    documents = tuple(id for id, _ in row.documents)
    tools = (row.estimate or {}).get("tools", "")
    strategy = row.strategy.partition(":")[0]  # whichever step of it the call was
    return WarmPrompt(row.prompt_tokens, row.model, row.effort, strategy, documents, expires, tools)


def disappoints(database: Database, endpoint: str, model: str) -> bool:
    """Whether the last calls that should have been read from the cache there all were not: it
    keeps nothing, or does not tell, and then no hit may be promised."""
    calls = database.tables.calls
    query = calls.select().with_only_columns(calls.c.estimate, calls.c.cached_tokens)
    query = query.where(
        calls.c.endpoint == endpoint,
        calls.c.model == model,
        calls.c.state.in_(("settled", "estimated")),
        calls.c.prompt_tokens.is_not(None),
    )
    with database.read() as connection:
        rows = connection.execute(query.order_by(calls.c.id.desc()).limit(_LOOK_AT)).all()
    read = [
        cached or 0
        for estimate, cached in rows
        if max((estimate or {}).get("cached_tokens") or 0, cached or 0) >= _WORTH_A_LOOK
    ]
    return len(read) >= _IN_A_ROW and not any(read[:_IN_A_ROW])


def asked_at(
    database: Database, endpoint: str, model: str, documents: Sequence[str], now: float
) -> list[float]:
    """When, over the last day, one of `documents` was asked about, oldest first."""
    calls, wanted = database.tables.calls, set(documents)
    query = calls.select().with_only_columns(calls.c.created, calls.c.documents)
    query = query.where(
        calls.c.endpoint == endpoint,
        calls.c.model == model,
        calls.c.created > now - _LONGEST,
        calls.c.prompt_tokens.is_not(None),
    )
    with database.read() as connection:
        rows = connection.execute(query.order_by(calls.c.id)).all()
    return [created for created, asked in rows if wanted & {id for id, _ in asked}]


def _expiries(
    database: Database, connection: Connection, place: Place, digests: Sequence[str]
) -> dict[str, Known]:
    prefixes = database.tables.prefixes
    found: dict[str, Known] = {}
    for some in _batches(digests):
        rows = connection.execute(_known(prefixes), place.columns | {"digests": some})
        found |= {row.digest: (row.expires, row.ttl or 0.0) for row in rows}
    return found


@cache
def _known(prefixes: Table) -> Select[Any]:
    """The statement that looks digests up, made once: it is asked before every question."""
    import sqlalchemy as sa

    same = [prefixes.c[name] == sa.bindparam(name) for name in ("endpoint", "model", "effort")]
    among = prefixes.c.digest.in_(sa.bindparam("digests", expanding=True))
    return prefixes.select().where(*same, among)


def _among(database: Database, place: Place, digests: Sequence[str]) -> list[ColumnElement[bool]]:
    columns: Any = database.tables.prefixes.c
    same = [columns[name] == value for name, value in place.columns.items()]
    return [*same, columns.digest.in_(digests)]


def _batches(digests: Sequence[str]) -> Iterable[Sequence[str]]:
    return (digests[start : start + _AT_ONCE] for start in range(0, len(digests), _AT_ONCE))

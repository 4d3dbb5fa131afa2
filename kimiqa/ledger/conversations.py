"""Conversations: what each turn needs to be laid out again, byte for byte."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kimiqa.ledger.records import ConversationRecord
from kimiqa.saying import say

if TYPE_CHECKING:
    from kimiqa.ledger.database import Database

_AFTERMATH = say("The answer itself is kept; its turn of the conversation is not.")


def save(
    database: Database, conversation: str, number: int, content: Mapping[str, Any], now: float
) -> None:
    """Keep one turn, in place of an earlier one of the same number."""
    turns = database.tables.turns
    packed = _packed(content)
    same = (turns.c.conversation == conversation, turns.c.number == number)
    with database.write(_AFTERMATH) as connection:
        connection.execute(turns.delete().where(*same))
        connection.execute(
            turns.insert().values(
                conversation=conversation, number=number, created=now, content=packed
            )
        )


def load(database: Database, conversation: str) -> list[dict[str, Any]]:
    """The turns of a conversation in order; none where there is no such conversation."""
    turns = database.tables.turns
    with database.read() as connection:
        packed = connection.execute(
            turns.select()
            .with_only_columns(turns.c.content)
            .where(turns.c.conversation == conversation)
            .order_by(turns.c.number)
        ).scalars()
        return [_unpacked(content) for content in packed]


def stamp(database: Database, conversation: str) -> tuple[tuple[int, float], ...]:
    """The number and the time of each turn: what changes with every turn that is kept."""
    turns = database.tables.turns
    query = turns.select().with_only_columns(turns.c.number, turns.c.created)
    query = query.where(turns.c.conversation == conversation).order_by(turns.c.number)
    with database.read() as connection:
        return tuple((row.number, row.created) for row in connection.execute(query))


def listed(database: Database) -> list[ConversationRecord]:
    """All conversations, the one with the newest turn first."""
    turns = database.tables.turns
    with database.read() as connection:
        rows = connection.execute(
            turns.select()
            .with_only_columns(turns.c.conversation, turns.c.number, turns.c.created)
            .order_by(turns.c.number)
        ).all()
        first = {row.conversation: row.number for row in reversed(rows)}
        contents = connection.execute(
            turns.select()
            .with_only_columns(turns.c.conversation, turns.c.number, turns.c.content)
            .where(turns.c.number.in_(set(first.values())))
        ).all()
    times: dict[str, list[float]] = {}
    for row in rows:
        times.setdefault(row.conversation, []).append(row.created)
    known = {row.conversation: row.content for row in contents if first[row[0]] == row.number}
    records = [_record(each, times[each], _unpacked(known[each])) for each in times]
    return sorted(records, key=lambda record: record.updated, reverse=True)


def _record(conversation: str, at: list[float], first: Mapping[str, Any]) -> ConversationRecord:
    return ConversationRecord(
        conversation,
        len(at),
        min(at),
        max(at),
        str(first.get("name") or ""),
        str(first.get("question") or ""),
        tuple((id, name) for id, name in first.get("documents") or ()),
    )


def holding(database: Database, words: str) -> set[str]:
    """The conversations in whose names, questions, answers or documents these words stand."""
    wanted = words.casefold()
    turns = database.tables.turns
    query = turns.select().with_only_columns(turns.c.conversation, turns.c.content)
    with database.read() as connection:
        rows = connection.execute(query)
        return {row.conversation for row in rows if wanted in _words(_unpacked(row.content))}


def _words(turn: Mapping[str, Any]) -> str:
    names = [name for _, name in turn.get("documents") or ()]
    texts = [turn.get(part) or "" for part in ("name", "question", "answer")]
    return "\n".join([*texts, *names]).casefold()


def rename(database: Database, conversation: str, name: str) -> None:
    """Give a conversation a name, which its first turn keeps; none where there is no turn."""
    turns = database.tables.turns
    with database.write() as connection:
        row = connection.execute(
            turns.select().where(turns.c.conversation == conversation).order_by(turns.c.number)
        ).first()
        if row is not None:
            packed = _packed({**_unpacked(row.content), "name": name})
            same = (turns.c.conversation == conversation, turns.c.number == row.number)
            connection.execute(turns.update().where(*same).values(content=packed))


def delete(database: Database, conversation: str) -> bool:
    """Forget a conversation's turns; its receipts stay. Whether there was one."""
    turns = database.tables.turns
    with database.write() as connection:
        gone = connection.execute(turns.delete().where(turns.c.conversation == conversation))
        return gone.rowcount > 0


def _packed(content: Mapping[str, Any]) -> bytes:
    # ASCII escapes carry any text of a PDF, unpaired surrogates included.
    return zlib.compress(json.dumps(content).encode("ascii"))


def _unpacked(content: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(zlib.decompress(content))
    return found

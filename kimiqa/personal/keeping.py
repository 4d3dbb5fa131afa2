"""What is kept of personal data, in the store of its documents and nowhere else.

Of what was found only places and kinds are kept, no values. Placeholders need the values they
stand for: they go with the last document that holds them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

    from kimiqa.personal.finding import Finding
    from kimiqa.store import Store

Value = tuple[str, str]
"""The mark of a kind, EMAIL, and a value as it is written, its white space made single."""


def save_findings(
    store: Store, document: str, key: str, found: Mapping[int, list[Finding]]
) -> None:
    """Remember where personal data stands in a document's texts, which `key` names."""
    rows = {page: [list(each) for each in here] for page, here in found.items() if here}
    insert = "INSERT OR REPLACE INTO personal SELECT ?, ?, ? WHERE EXISTS "
    known = "(SELECT 1 FROM documents WHERE id = ?)"
    with store.database(write=True) as database:
        database.execute(insert + known, (document, key, json.dumps(rows), document))


def findings(store: Store, document: str, key: str) -> dict[int, list[Finding]] | None:
    """What `save_findings` was given, where it was."""
    from kimiqa.personal.finding import Finding

    query = "SELECT found FROM personal WHERE document = ? AND texts = ?"
    with store.database() as database:
        row = database.execute(query, (document, key)).fetchone()
    if row is None:
        return None
    rows = json.loads(row[0]).items()
    return {int(page): [Finding(*each) for each in here] for page, here in rows}


# Placeholders ------------------------------------------------------------------------------------


def numbers(store: Store, values: Sequence[Value], documents: Sequence[str]) -> dict[Value, int]:
    """The number of each value's placeholder, given once and never again to another."""
    with store.database() as database:
        known = {value: _number(database, value) for value in values}
        used = _uses(database, documents)
    fresh = [value for value in values if known[value] is None]
    unused = {(each, *value) for each in documents for value in values} - used
    if fresh or unused:
        with store.database(write=True) as database:
            for value in fresh:
                known[value] = _number(database, value) or _give(database, value)
            insert = "INSERT OR IGNORE INTO placeholder_uses VALUES (?, ?, ?)"
            database.executemany(insert, sorted(unused))
    return {value: number for value, number in known.items() if number is not None}


def _number(database: sqlite3.Connection, value: Value) -> int | None:
    query = "SELECT number FROM placeholders WHERE mark = ? AND value = ?"
    row = database.execute(query, value).fetchone()
    return None if row is None else int(row[0])


def _give(database: sqlite3.Connection, value: Value) -> int:
    """The next number of a kind. It counts on when values are deleted: what stood in an old
    answer must never stand for something else."""
    count = (
        "INSERT INTO placeholder_counts VALUES (?, 1) "
        "ON CONFLICT (mark) DO UPDATE SET last = last + 1 RETURNING last"
    )
    number = int(database.execute(count, value[:1]).fetchone()[0])
    database.execute("INSERT INTO placeholders VALUES (?, ?, ?)", (*value, number))
    return number


def _uses(database: sqlite3.Connection, documents: Sequence[str]) -> set[tuple[str, str, str]]:
    marks = ", ".join("?" * len(documents))
    query = f"SELECT document, mark, value FROM placeholder_uses WHERE document IN ({marks})"
    return set(database.execute(query, tuple(documents)).fetchall())


# Rules, and where a document has been ------------------------------------------------------------


def save_rule(store: Store, document: str, places: Sequence[str]) -> None:
    """Remember where a document may go; nothing named: anywhere."""
    with store.database(write=True) as database:
        database.execute("DELETE FROM rules WHERE document = ?", (document,))
        if places:
            row = (document, json.dumps(list(places)))
            database.execute("INSERT INTO rules VALUES (?, ?)", row)


def rule(store: Store, document: str) -> tuple[str, ...]:
    """Where a document may go; empty: anywhere."""
    query = "SELECT places FROM rules WHERE document = ?"
    with store.database() as database:
        row = database.execute(query, (document,)).fetchone()
    return tuple(json.loads(row[0])) if row else ()


def note_sent(store: Store, documents: Iterable[str], host: str, now: float) -> None:
    """Remember that documents went to a host, and when first."""
    rows = [(document, host, now) for document in documents]
    with store.database(write=True) as database:
        database.executemany("INSERT OR IGNORE INTO sent VALUES (?, ?, ?)", rows)


def was_sent(store: Store, document: str, host: str) -> bool:
    """Whether a document went to a host before."""
    query = "SELECT 1 FROM sent WHERE document = ? AND host = ?"
    with store.database() as database:
        return database.execute(query, (document, host)).fetchone() is not None

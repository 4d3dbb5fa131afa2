"""A deleted document in the ledger: its conversations go, and receipts keep the money alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kimiqa.ledger import conversations, findings
from kimiqa.ledger.entries import to_call
from kimiqa.ledger.records import Call

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from kimiqa.ledger.database import Database

DELETED = ("", "a deleted document")
"""What a receipt says in place of the document's id and name."""


def calls_about(database: Database, document: str) -> list[Call]:
    """The calls that a document was part of, newest first."""
    calls = database.tables.calls
    query = calls.select().where(_names(calls, document)).order_by(calls.c.id.desc())
    with database.read() as connection:
        return [to_call(row) for row in connection.execute(query)]


def forget(database: Database, document: str, *, talks: bool) -> int:
    """Take a document's id and name out of all receipts and, with `talks`, delete the
    conversations about it. Returns how many conversations went."""
    findings.drop_about(database, document)
    gone = 0
    for talk in conversations.listed(database) if talks else ():
        if any(id == document for id, _ in talk.documents):
            gone += conversations.delete(database, talk.id)
    calls = database.tables.calls
    with database.write() as connection:
        rows = connection.execute(
            calls.select()
            .with_only_columns(calls.c.id, calls.c.documents)
            .where(_names(calls, document))
        ).all()
        for number, documents in rows:
            left = [list(DELETED) if each[0] == document else each for each in documents]
            connection.execute(calls.update().where(calls.c.id == number).values(documents=left))
    return gone


def _names(calls: Any, document: str) -> ColumnElement[bool]:
    """Ids are hashes: none stands in another row's text by chance."""
    import sqlalchemy as sa  # here, for the library takes its time

    return sa.cast(calls.c.documents, sa.Text).contains(document, autoescape=True)

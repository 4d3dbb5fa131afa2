"""What is SQLite's own way: where it lies, how it locks, and what its failures mean.

Another database brings a module like this one; nothing else in the ledger knows which it is.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.pool import StaticPool

from kimiqa.saying import Said, say

BUSY_SECONDS = 30.0
"""How long one process waits for another. SQLite's waiting is not fair, so this is far more
than a write takes."""

_SETTINGS = (
    # Not WAL: before SQLite 3.51.3 two writers could damage it, and Python brings older ones.
    # TRUNCATE spares the directory a change at every commit, and syncs the journal's end.
    "PRAGMA journal_mode = TRUNCATE",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    # What is deleted is overwritten, not only forgotten.
    "PRAGMA secure_delete = ON",
)

_FREE_SPACE = say("Free some space on that disk, then ask again.")
_ANOTHER_FOLDER = say("Choose a folder you may write to with KIMIQA_HOME or --home.")
_REASONS = (
    ("is full", say("the disk is full"), _FREE_SPACE),
    ("disk i/o error", say("the disk reports an error"), _FREE_SPACE),
    (
        "locked",
        say("another process has held it for {seconds:.0f} seconds", seconds=BUSY_SECONDS),
        say("Try again."),
    ),
    ("readonly", say("it may not be written to"), _ANOTHER_FOLDER),
    ("unable to open", say("it may not be opened there"), _ANOTHER_FOLDER),
    (
        "not a database",
        say("the file is not a ledger"),
        say("Move the file away; a new one is made."),
    ),
    ("malformed", say("the file is damaged"), say("Move the file away; a new one is made.")),
)


def file_engine(path: Path) -> sa.Engine:
    """An engine over the file at `path`, which is made readable for its owner alone."""
    if not path.exists():
        path.touch(mode=0o600, exist_ok=True)
    url = sa.URL.create("sqlite", database=str(path.absolute()))
    return _prepared(sa.create_engine(url, hide_parameters=True, connect_args=_arguments()))


def memory_engine() -> sa.Engine:
    """An engine over one connection in memory, shared by all threads: callers must take turns."""
    arguments = _arguments() | {"check_same_thread": False}
    return _prepared(
        sa.create_engine(
            "sqlite://", hide_parameters=True, poolclass=StaticPool, connect_args=arguments
        )
    )


def explain(reason: str) -> tuple[Said, Said]:
    """A failure of SQLite in plain words, and the next step."""
    for mark, words, hint in _REASONS:
        if mark in reason.lower():
            return words, hint
    return (
        say("the database says: {reason}", reason=reason),
        say("kimiqa doctor shows where it lies."),
    )


def _arguments() -> dict[str, Any]:
    # With `isolation_level=None` the driver opens no transactions of its own (SQLAlchemy's
    # recipe for pysqlite); ours begin in `_begin`.
    return {"isolation_level": None, "timeout": BUSY_SECONDS}


def _prepared(engine: sa.Engine) -> sa.Engine:
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "begin", _begin)
    return engine


def _set_up(connection: Any, _record: object) -> None:
    for setting in _SETTINGS:
        connection.execute(setting)


def _begin(connection: sa.Connection) -> None:
    """A transaction that will write takes the write lock before it reads: one that took it
    later would be refused at once where another wrote in between."""
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

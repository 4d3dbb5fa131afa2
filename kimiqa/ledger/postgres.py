"""What is PostgreSQL's own way: how it is reached, how it locks, and what its failures mean.

For a team: one ledger for all, named by KIMIQA_LEDGER as postgresql://user@host/database.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import ArgumentError

from kimiqa.errors import LedgerError
from kimiqa.saying import Said, say

LOCK = 0x6B696D697161
"""The advisory lock of those who write: "kimiqa" in ASCII."""

WAIT_SECONDS = 30
"""How long one writer waits for another, and a start for the server."""

_REACH = say("Check KIMIQA_LEDGER and whether the server runs, then ask again.")
_REASONS = (
    ("disk full", say("its disk is full"), say("Free some space there, then ask again.")),
    ("no space left", say("its disk is full"), say("Free some space there, then ask again.")),
    (
        "lock timeout",
        say("another process has held it for {seconds:.0f} seconds", seconds=WAIT_SECONDS),
        say("Try again."),
    ),
    ("read-only", say("it may only be read"), say("Name a server that may be written to.")),
    ("authentication failed", say("the server refused the user or the password"), _REACH),
    ("does not exist", say("there is no such user, database or schema"), _REACH),
    ("permission denied", say("this user may not"), say("Ask whoever runs the server.")),
    ("connection", say("the server cannot be reached"), _REACH),
)


def engine(address: str) -> tuple[sa.Engine, str]:
    """An engine for a URL, and how the database may be named: without user and password.

    Raises:
        LedgerError: it is no URL of PostgreSQL, or its driver is not installed.
    """
    url = _read(address)
    try:
        made = sa.create_engine(
            url,
            hide_parameters=True,
            pool_pre_ping=True,
            connect_args={"connect_timeout": WAIT_SECONDS},
        )
    except ModuleNotFoundError:
        raise LedgerError(
            "The driver for PostgreSQL is not installed. Nothing was sent.",
            "Run: pip install 'kimiqa[postgres]'.",
        ) from None
    event.listen(made, "begin", _begin)
    return made, f"{url.database or 'postgres'} at {url.host or 'this machine'}"


def explain(reason: str) -> tuple[Said, Said]:
    """A failure of PostgreSQL in plain words, and the next step."""
    for mark, words, hint in _REASONS:
        if mark in reason.lower():
            return words, hint
    return say("the database refused"), _REACH


def _read(address: str) -> sa.URL:
    try:
        url = sa.make_url(address)
    except (ArgumentError, ValueError):
        url = None
    if url is None or url.drivername.partition("+")[0] not in ("postgresql", "postgres"):
        raise LedgerError(
            "KIMIQA_LEDGER is no address of a PostgreSQL database. Nothing was sent.",
            "It looks like postgresql://user@host/database.",
        )
    return url.set(drivername="postgresql+psycopg")


def _begin(connection: sa.Connection) -> None:
    """Writers take turns, as at a file: each sees all that those before it reserved."""
    if connection.get_execution_options().get("writes", False):
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{WAIT_SECONDS}s'")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")

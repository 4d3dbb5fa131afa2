"""The ledger's tables, and the steps that bring an older ledger up to them."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Column, Float, Integer, String, Table, Text

from kimiqa.errors import LedgerError
from kimiqa.saying import say

VERSION = 4

metadata = sa.MetaData()

_Json = sa.JSON(none_as_null=True)
# Money is text: a decimal string is exact in every database, and sums are made in Python.
_Money = Text


def _id() -> Column[int]:
    return Column("id", Integer, primary_key=True, autoincrement=True)


version = Table("schema_version", metadata, Column("version", Integer, primary_key=True))

# A plan reserves its whole ceiling once. Its calls draw from that: `spare` is what none has
# drawn yet, and counts against the caps like the ceilings of open calls. It is null where no
# call is to draw any more.
reservations = Table(
    "reservations",
    metadata,
    _id(),
    Column("created", Float, nullable=False, index=True),
    Column("expires", Float, nullable=False),
    Column("currency", String(8)),
    Column("ceiling", _Money),
    Column("spare", _Money),
    Column("conversation", Text),
    Column("label", Text),
    sqlite_autoincrement=True,
)

calls = Table(
    "calls",
    metadata,
    _id(),
    Column("reservation", Integer, sa.ForeignKey("reservations.id"), nullable=False),
    Column("created", Float, nullable=False, index=True),
    Column("expires", Float, nullable=False),
    Column("model", Text, nullable=False),
    Column("endpoint", Text, nullable=False),
    Column("strategy", Text, nullable=False),
    Column("effort", Text),
    Column("state", String(16), nullable=False),
    Column("currency", String(8)),
    Column("ceiling", _Money),
    Column("counted", _Money),  # what it weighs against the caps, in its present state
    Column("cost", _Money),
    Column("prompt_tokens", Integer),
    Column("completion_tokens", Integer),
    Column("cached_tokens", Integer),
    Column("reasoning_tokens", Integer),
    Column("cache_write_tokens", Integer),
    Column("seconds", Float),
    Column("messages", Integer),
    Column("own_tokens", Integer),  # of the text that was sent, without a chat template's
    Column("prefix", String(64)),  # the digest of the whole prompt, as `prefixes` names it
    Column("estimate", _Json),
    Column("prices", _Json),
    Column("documents", _Json, nullable=False),
    Column("question_sha256", String(64)),
    Column("conversation", Text, index=True),
    Column("label", Text, index=True),
    Column("note", Text),
    sa.Index("calls_learning", "model", "strategy", "effort", "state"),
    sa.Index("calls_state", "state"),
    sqlite_autoincrement=True,
)

prefixes = Table(
    "prefixes",
    metadata,
    Column("endpoint", Text, primary_key=True),
    Column("model", Text, primary_key=True),
    Column("effort", Text, primary_key=True),
    Column("digest", String(64), primary_key=True),
    Column("expires", Float, nullable=False, index=True),
    Column("ttl", Float),  # for how many seconds a hit renews it
)

# What a model's chat template adds, where the endpoint's own count was asked.
templates = Table(
    "templates",
    metadata,
    Column("endpoint", Text, primary_key=True),
    Column("model", Text, primary_key=True),
    Column("per_message", Integer, nullable=False),
    Column("per_request", Integer, nullable=False),
    Column("created", Float, nullable=False),
)

# What an endpoint said is left in the account, each time that it was asked.
balances = Table(
    "balances",
    metadata,
    _id(),
    Column("created", Float, nullable=False),
    Column("endpoint", Text, nullable=False, index=True),
    Column("currency", String(8), nullable=False),
    Column("amount", _Money, nullable=False),
    sqlite_autoincrement=True,
)

turns = Table(
    "turns",
    metadata,
    Column("conversation", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("created", Float, nullable=False),
    Column("content", sa.LargeBinary, nullable=False),
)

# What one call of a longer run has found and was paid for, until the run has ended: a run that
# was stopped goes on from here.
findings = Table(
    "findings",
    metadata,
    Column("endpoint", Text, primary_key=True),
    Column("model", Text, primary_key=True),
    Column("effort", Text, primary_key=True),
    Column("prefix", String(64), primary_key=True),
    Column("created", Float, nullable=False, index=True),
    Column("documents", _Json, nullable=False),
    Column("content", sa.LargeBinary, nullable=False),
)


# The statements that lead from each version to the next; a new ledger is made at the newest.
# New tables need none.
STEPS: dict[int, tuple[str, ...]] = {
    1: (
        "ALTER TABLE calls ADD COLUMN messages INTEGER",
        "ALTER TABLE calls ADD COLUMN own_tokens INTEGER",
        "ALTER TABLE calls ADD COLUMN prefix VARCHAR(64)",
        "ALTER TABLE prefixes ADD COLUMN ttl FLOAT",
    ),
    2: (
        "ALTER TABLE reservations ADD COLUMN conversation TEXT",
        "ALTER TABLE reservations ADD COLUMN label TEXT",
        # Until then each reservation had one call, which had drawn all of it.
        "UPDATE reservations SET spare = NULL",
        """UPDATE reservations SET
            conversation = (SELECT conversation FROM calls WHERE reservation = reservations.id),
            label = (SELECT label FROM calls WHERE reservation = reservations.id)""",
    ),
    3: (),
}


def stored_version(connection: sa.Connection) -> int | None:
    """The version of the tables that are there; None in a new database."""
    if not sa.inspect(connection).has_table(version.name):
        return None
    return int(connection.execute(sa.select(version.c.version)).scalar_one())


def migrate(connection: sa.Connection, where: str) -> None:
    """Bring the tables up to `VERSION`, inside the caller's transaction."""
    found = stored_version(connection)
    if found is None:
        metadata.create_all(connection)
        connection.execute(version.insert().values(version=VERSION))
        return
    check_readable(found, where)
    for step in range(found, VERSION):
        for statement in STEPS[step]:
            connection.execute(sa.text(statement))
    metadata.create_all(connection)
    connection.execute(version.update().values(version=VERSION))


def check_readable(found: int, where: str) -> None:
    """A newer ledger may hold what this code would overlook, so it is not written to.

    Raises:
        LedgerError: the ledger was written by a newer kimiqa.
    """
    if found > VERSION:
        raise LedgerError(
            say(
                "The ledger {where} has version {found}; this kimiqa knows {version}. "
                "Nothing was sent.",
                where=where,
                found=found,
                version=VERSION,
            ),
            "Upgrade kimiqa, or choose another folder with KIMIQA_HOME.",
        )

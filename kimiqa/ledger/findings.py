"""What a run of several calls has found so far: kept until it has ended, so that it can go on."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kimiqa.ledger.warm import Place
from kimiqa.saying import say

if TYPE_CHECKING:
    from kimiqa.ledger.database import Database

KEPT_SECONDS = 7 * 24 * 3_600
_STEP = 500
"""So many names are asked for at once."""


def keep(
    database: Database,
    place: Place,
    prefix: str,
    content: Mapping[str, Any],
    documents: Sequence[str],
    now: float,
) -> None:
    """Keep what a call has found, in place of what it found before; drop what is too old."""
    findings = database.tables.findings
    packed = zlib.compress(json.dumps(content, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    same = [findings.c[name] == value for name, value in _key(place, prefix).items()]
    with database.write(say("What it found is used now, but could not be kept.")) as connection:
        connection.execute(findings.delete().where(findings.c.created < now - KEPT_SECONDS))
        connection.execute(findings.delete().where(*same))
        connection.execute(
            findings.insert().values(
                **_key(place, prefix), created=now, documents=list(documents), content=packed
            )
        )


def find(
    database: Database, endpoint: str, model: str, prefixes: Sequence[str], now: float
) -> dict[str, dict[str, Any]]:
    """What was found in these prompts and is not too old, by prompt: the newest, whatever effort
    it was asked with. Who lowers the effort to get further does not pay for the rest again."""
    findings = database.tables.findings
    same = [findings.c.endpoint == endpoint, findings.c.model == model]
    found: dict[str, dict[str, Any]] = {}
    with database.read() as connection:
        for start in range(0, len(prefixes), _STEP):
            rows = connection.execute(
                findings.select()
                .where(*same, findings.c.created >= now - KEPT_SECONDS)
                .where(findings.c.prefix.in_(prefixes[start : start + _STEP]))
                .order_by(findings.c.created)
            )
            found |= {row.prefix: json.loads(zlib.decompress(row.content)) for row in rows}
    return found


def drop(database: Database, endpoint: str, model: str, prefixes: Sequence[str]) -> None:
    """Forget what was found in these prompts: the run has ended."""
    findings = database.tables.findings
    same = [findings.c.endpoint == endpoint, findings.c.model == model]
    with database.write() as connection:
        for start in range(0, len(prefixes), _STEP):
            some = findings.c.prefix.in_(prefixes[start : start + _STEP])
            connection.execute(findings.delete().where(*same, some))


def drop_about(database: Database, document: str) -> int:
    """Forget what was found in a document that is deleted; how many findings there were."""
    findings = database.tables.findings
    with database.write() as connection:
        rows = connection.execute(findings.select().with_only_columns(*_named(findings))).all()
        gone = [row for row in rows if document in row.documents]
        for row in gone:
            same = [findings.c[name] == getattr(row, name) for name in _NAMES]
            connection.execute(findings.delete().where(*same))
    return len(gone)


_NAMES = ("endpoint", "model", "effort", "prefix")


def _named(findings: Any) -> list[Any]:
    return [findings.c[name] for name in (*_NAMES, "documents")]


def _key(place: Place, prefix: str) -> dict[str, str]:
    return {**place.columns, "prefix": prefix}

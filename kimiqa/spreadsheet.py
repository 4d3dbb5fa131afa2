"""The ledger's books for a spreadsheet: every call and every group as comma-separated values."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kimiqa.money import plain

if TYPE_CHECKING:
    from kimiqa.ledger import Call, Group

_FORMULA = tuple("=+-@\t\r\n＝＋－＠")
"""How a cell begins that a spreadsheet would calculate or run."""

_CALL = (
    "id", "created", "model", "endpoint", "strategy", "effort", "state", "currency", "cost",
    "ceiling", "prompt_tokens", "cached_tokens", "completion_tokens", "reasoning_tokens",
    "seconds", "documents", "conversation", "label", "note",
)  # fmt: skip
_GROUP = (
    "name", "key", "calls", "currency", "total", "estimated", "uncertain", "prompt_tokens",
    "cached_tokens", "completion_tokens",
)  # fmt: skip


def inert(cell: object) -> str:
    """A cell as text that no spreadsheet takes for a formula.

    >>> from decimal import Decimal
    >>> inert("=1+1"), inert(None), inert(Decimal("0.10"))
    ("'=1+1", '', '0.10')
    """
    text = "" if cell is None else str(cell)
    shown = f"'{text}" if text.startswith(_FORMULA) else text
    return " ".join(shown.splitlines())


def written(rows: Iterable[Sequence[object]]) -> str:
    """Rows as comma-separated values."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([inert(cell) for cell in row] for row in rows)
    return out.getvalue()


def calls_csv(calls: Iterable[Call]) -> str:
    """Every call with its receipt; what is not known is empty, never zero."""
    return written([_CALL, *map(_cells, calls)])


def _cells(call: Call) -> Sequence[object]:
    usage, cost = call.usage, call.cost or call.ceiling
    counts = (
        [usage.prompt_tokens, usage.cached_tokens, usage.completion_tokens, usage.reasoning_tokens]
        if usage
        else [None] * 4
    )
    return [
        call.id,
        datetime.fromtimestamp(call.created, UTC).isoformat(timespec="seconds"),
        call.model,
        call.endpoint,
        call.strategy,
        call.effort,
        call.state,
        cost.currency if cost else None,
        plain(call.cost.amount) if call.cost else None,
        plain(call.ceiling.amount) if call.ceiling else None,
        *counts,
        None if call.seconds is None else round(call.seconds, 3),
        "; ".join(name for _, name in call.documents),
        call.conversation,
        call.label,
        call.note,
    ]


def groups_csv(groups: Iterable[Group]) -> str:
    """Every group, one line per currency."""
    return written([_GROUP, *(row for group in groups for row in _lines(group))])


def _lines(group: Group) -> Iterable[Sequence[object]]:
    for currency in sorted(group.total | group.uncertain) or [""]:
        yield [
            group.name,
            group.key,
            group.calls,
            currency,
            plain(group.total.get(currency)),
            plain(group.estimated.get(currency)),
            plain(group.uncertain.get(currency)),
            group.prompt_tokens,
            group.cached_tokens,
            group.completion_tokens,
        ]

"""The ledger's books on a terminal or in a spreadsheet: groups, rows, and balances."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from kimiqa.cli.show import money, short, table
from kimiqa.money import plain

if TYPE_CHECKING:
    from kimiqa.ledger import Call, Group, GroupBy, Span

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

VERDICTS = {
    "matches": "matches",
    "uncertain": "may match: see below",
    "topped_up": "topped up meanwhile",
    "unexplained": "does not match",
}


# A spreadsheet ----------------------------------------------------------------------------------


def inert(cell: object) -> str:
    """A cell as text that no spreadsheet takes for a formula.

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


# A terminal -------------------------------------------------------------------------------------


def groups_table(
    groups: Sequence[Group], by: GroupBy, nothing: str = "Nothing was asked yet."
) -> str:
    """The groups with what they cost, and what they may have cost besides."""
    if not groups:
        return nothing
    head = [by, "calls", "cost", "of it own count", "at most besides", "prompt", "completion"]
    body = [row for group in groups for row in _group_rows(group)]
    shown = table([head, *body], right=(1, 2, 3, 4, 5, 6))
    if any(group.shared for group in groups):
        shown += "\n\nA call over several documents counts in full under each."
    return shown


def _group_rows(group: Group, of: str = "") -> list[list[str]]:
    """A row for the group, and one for each of its parts."""
    row = [
        f"{of}{short(group.name)}",
        f"{group.calls:,}",
        amounts(group.total) or "0",
        amounts(group.estimated),
        amounts(group.uncertain),
        f"{group.prompt_tokens:,}",
        f"{group.completion_tokens:,}",
    ]
    return [
        row,
        *(each for part in group.parts for each in _group_rows(part, f"{short(group.name)}: ")),
    ]


def amounts(sums: dict[str, Decimal]) -> str:
    """Money in every currency."""
    return ", ".join(money(amount, currency) for currency, amount in sums.items())


def spans_lines(spans: Sequence[Span]) -> list[str]:
    """What each time between two balances shows, and which calls may be why they differ."""
    if not spans:
        return [
            "This is the first balance that was noted for this account: the next "
            "kimiqa ledger --reconcile compares what went until then with the books."
        ]
    rows = [["from", "until", "calls", "taken", "booked", "difference", ""]]
    rows += [_span(span) for span in spans]
    lines = [table(rows, right=(2, 3, 4, 5))]
    for span in spans:
        if span.verdict != "matches":
            lines += ["", *_reasons(span)]
    return lines


def _span(span: Span) -> list[str]:
    currency = span.until.left.currency
    return [
        _when(span.since.created),
        _when(span.until.created),
        f"{span.calls:,}",
        *(exact(each, currency) for each in (span.taken, span.booked, span.difference)),
        VERDICTS[span.verdict],
    ]


def _reasons(span: Span) -> list[str]:
    head = f"Until {_when(span.until.created)}: {_in_words(span)}"
    return [head, *(f"  call {each.call.id}: {each.why}" for each in span.suspects)]


def _in_words(span: Span) -> str:
    gap = exact(abs(span.difference), span.until.left.currency)
    more = "more was taken than was booked" if span.difference > 0 else "less was taken than booked"
    closing = {
        "uncertain": "These calls may be why:",
        "topped_up": "The balance rose, so the account was topped up by at least that much.",
    }
    otherwise = (
        "No call explains it: another program may use this account."
        if span.difference > 0
        else "A small top-up or a voucher may be why."
    )
    if span.suspects:
        otherwise += " These calls are uncertain, but not by that much:"
    return f"{gap} {more}. {closing.get(span.verdict, otherwise)}"


def exact(amount: Decimal, currency: str) -> str:
    """An amount to the last decimal that a balance is told in."""
    whole, _, decimals = format(amount.quantize(Decimal("0.00001")), "f").partition(".")
    return f"{whole}.{decimals.rstrip('0').ljust(2, '0')} {currency}"


def _when(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M:%S")

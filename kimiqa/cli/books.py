"""The ledger's books on a terminal: groups, rows, and balances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from kimiqa.cli.show import short, table
from kimiqa.figures import amounts, steps_of

if TYPE_CHECKING:
    from kimiqa.ledger import Group, GroupBy, Span

Steps = Mapping[str, Mapping[str, Decimal]]
"""The last decimal of each sum, by its name and its currency."""
SUMS = ("total", "estimated", "uncertain")
VERDICTS = {
    "matches": "matches",
    "uncertain": "may match: see below",
    "topped_up": "topped up meanwhile",
    "unexplained": "does not match",
}


def groups_table(
    groups: Sequence[Group], by: GroupBy, nothing: str = "Nothing was asked yet."
) -> str:
    """The groups with what they cost, and what they may have cost besides."""
    if not groups:
        return nothing
    head = [by, "calls", "cost", "of it own count", "at most besides", "prompt", "completion"]
    every = [each for group in groups for each in (group, *group.parts)]
    steps = {name: steps_of([getattr(each, name) for each in every]) for name in SUMS}
    body = [row for group in groups for row in _group_rows(group, steps)]
    shown = table([head, *body], right=(1, 2, 3, 4, 5, 6))
    if any(group.shared for group in groups):
        shown += "\n\nA call over several documents counts in full under each."
    return shown


def _group_rows(group: Group, steps: Steps, of: str = "") -> list[list[str]]:
    """A row for the group, and one for each of its parts."""
    total, estimated, uncertain = (amounts(getattr(group, name), steps[name]) for name in SUMS)
    row = [
        f"{of}{short(group.name)}",
        f"{group.calls:,}",
        total or "-",
        estimated,
        uncertain,
        f"{group.prompt_tokens:,}",
        f"{group.completion_tokens:,}",
    ]
    of_it = f"{short(group.name)}: "
    return [row, *(each for part in group.parts for each in _group_rows(part, steps, of_it))]


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

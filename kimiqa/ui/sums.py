"""Sums of money in words, and tables of them."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal

from kimiqa import figures
from kimiqa.ledger import Ledger, Period
from kimiqa.ledger.caps import start_of
from kimiqa.ui.text import clock, escape
from kimiqa.ui.words import _


def amounts(sums: Mapping[str, Decimal], steps: Mapping[str, Decimal] | None = None) -> str:
    """Money in every currency it was spent in, as `figures.amounts` writes it; a dash where nothing
    was booked; not yet escaped.

    >>> amounts({"USD": Decimal("1.5")}), amounts({"USD": Decimal(0)}), amounts({})
    ('$1.50', '$0.00', '–')
    """
    return figures.amounts(sums, steps) or "–"


def spent(ledger: Ledger, period: Period, unit: str) -> tuple[Decimal, Decimal]:
    """What this day or month is known to have cost, and what may come on top of it: calls that
    run, and calls whose cost the endpoint never told. Caps count both."""
    known = ledger.totals(since=start_of(period, time.time())).get(unit, Decimal(0))
    return known, max(ledger.spent(period, unit) - known, Decimal(0))


def beside(unknown: Decimal, cap: Decimal | None, unit: str) -> str:
    """What stands under a sum: its cap, and what is not known yet; not yet escaped.

    >>> beside(Decimal(0), None, "USD"), beside(Decimal("0.24"), Decimal(2), "USD")
    ('no cap', 'of $2.00 · up to $0.24 more is not known')
    """
    words = _("no cap") if cap is None else of_cap(cap, unit)
    return f"{words} · {not_known(unknown, unit)}" if unknown else words


def of_cap(cap: Decimal, unit: str) -> str:
    """The cap of a sum, behind it."""
    return _("of {cap}").format(cap=figures.exact(cap, unit))


def not_known(unknown: Decimal, unit: str) -> str:
    """What may come on top of a sum: rounded up, as a ceiling is."""
    return _("up to {sum} more is not known").format(sum=figures.at_most(unknown, unit))


def day(moment: float) -> str:
    """The day of a moment on this machine.

    >>> len(day(0))
    10
    """
    return clock(moment)[:10]


def table(head: Sequence[str], rows: Sequence[Sequence[str]], numbers: Collection[int]) -> str:
    """A table in Markdown, each cell escaped; the columns `numbers` to the right.

    >>> print(table(["Model", "Cost"], [["kimi-k3", "5 USD"]], [1]))
    | Model | Cost |
    |---|---:|
    | kimi-k3 | 5 USD |
    """
    rule = "|".join("---:" if n in numbers else "---" for n in range(len(head)))
    return "\n".join([_line(head), f"|{rule}|", *map(_line, rows)])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(map(escape, cells))} |"

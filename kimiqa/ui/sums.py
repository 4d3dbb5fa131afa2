"""Sums of money in words, and tables of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal

from kimiqa.ui.text import clock, escape, money
from kimiqa.ui.words import _


def amounts(sums: Mapping[str, Decimal]) -> str:
    """Money in every currency it was spent in; not yet escaped.

    >>> amounts({"USD": Decimal("1.5"), "CNY": Decimal(2)}), amounts({})
    ('$1.50, 2.00 CNY', '–')
    """
    paid = {currency: amount for currency, amount in sums.items() if amount}
    if sums and not paid:
        return _("free")
    return ", ".join(money(amount, currency) for currency, amount in paid.items()) or "–"


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

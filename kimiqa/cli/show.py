"""How the command line writes: JSON, tables, money, and text that cannot steer a terminal."""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import click

from kimiqa import figures
from kimiqa.money import Cost
from kimiqa.plan import Estimate

SCHEMA = 1


def write_json(fields: dict[str, Any]) -> None:
    """One JSON object on standard output, in ASCII so that any pipe can carry it."""
    click.echo(json.dumps({"schema": SCHEMA, **fields}))


def safe(text: str) -> str:
    """`text` without what could steer a terminal: escape sequences, control characters and
    marks that turn the direction of writing. Line ends and tabs stay.

    >>> safe("a\\x1b]0;title\\x07b\\n")
    'a]0;titleb\\n'
    """
    return "".join(
        each
        for each in text
        if each in "\n\t" or unicodedata.category(each) not in ("Cc", "Cf", "Cs", "Zl", "Zp")
    )


def one_line(text: str) -> str:
    """`text` in one safe line."""
    return " ".join(safe(text.replace("\n", " ").replace("\t", " ")).split())


def short(text: str, longest: int = 60) -> str:
    """A name for a cell of a table: a longer one would push the numbers off the screen.

    >>> short("client 7, the matter of the lease", 12)
    'client 7, t…'
    """
    line = one_line(text)
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def price_range(estimate: Estimate) -> str:
    """Low to high, as learned."""
    return span(estimate.cost.low, estimate.cost.high, estimate.cost.currency)


def span(low: Decimal | None, high: Decimal | None, currency: str | None) -> str:
    """Low to high, in letters that every terminal has.

    >>> span(Decimal("0.0325"), Decimal("0.145"), "USD"), span(None, None, "USD")
    ('$0.03 - 0.15', 'unknown')
    """
    if low is None or high is None:
        return figures.UNKNOWN
    return figures.span(low, high, currency).replace("–", "-")


def at_most(ceiling: Decimal | None, currency: str | None) -> str:
    """A ceiling, rounded up: it may not be passed.

    >>> at_most(Decimal("0.0651"), "USD"), at_most(None, "USD")
    ('$0.066', 'unknown')
    """
    return figures.UNKNOWN if ceiling is None else figures.at_most(ceiling, currency)


def column(costs: Sequence[Cost | None], unknown: str) -> list[str]:
    """Costs under each other: those in one currency end at the same decimal."""
    known = [{each.currency: each.amount} for each in costs if each and each.amount is not None]
    steps = figures.steps_of(known)
    return [
        unknown
        if each is None
        else figures.UNKNOWN
        if each.amount is None
        else figures.in_steps(each.amount, steps[each.currency], each.currency)
        for each in costs
    ]


def duration(seconds: float) -> str:
    """Seconds as a person reads them.

    >>> duration(4.2), duration(75)
    ('4 s', '1 min 15 s')
    """
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"


def table(rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> str:
    """Rows in aligned columns, the first row their heads; `right` columns align right."""
    cells = [[one_line(cell) for cell in row] for row in rows]
    widths = [max(_width(row[i]) for row in cells) for i in range(len(cells[0]))]
    return "\n".join(
        "  ".join(_padded(cell, widths[i], i in right) for i, cell in enumerate(row)).rstrip()
        for row in cells
    )


def _width(text: str) -> int:
    """Columns on a terminal: East Asian characters take two."""
    return sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text)


def _padded(text: str, width: int, right: bool) -> str:
    room = " " * (width - _width(text))
    return f"{room}{text}" if right else f"{text}{room}"


class Status:
    """One line of progress on a terminal's standard error; silent when piped."""

    def __init__(self, quiet: bool = False) -> None:
        self._shown = 0
        self._on = not quiet and sys.stderr.isatty()

    def show(self, text: str) -> None:
        """Replace the line."""
        if self._on:
            line = one_line(text)[:100]
            click.echo(f"\r{line}{' ' * max(0, self._shown - len(line))}", nl=False, err=True)
            self._shown = len(line)

    def clear(self) -> None:
        """Take the line away."""
        if self._on and self._shown:
            click.echo(f"\r{' ' * self._shown}\r", nl=False, err=True)
            self._shown = 0

"""What a run of several calls does, a line for each step, on standard error."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import click

from kimiqa.cli.show import one_line
from kimiqa.figures import money

if TYPE_CHECKING:
    from kimiqa.plan import Step

_LONGEST = 160
_QUIET = ("waiting", "running")


class Trace:
    """The steps as they end, with what they found and what has been spent so far."""

    def __init__(self, quiet: bool = False) -> None:
        self._quiet = quiet
        self._spent = Decimal(0)

    def show(self, step: Step) -> None:
        """Say a step that has ended; one that is under way is said by its status."""
        if step.cost is not None and step.cost.amount is not None:
            self._spent += step.cost.amount
        if self._quiet or step.state in _QUIET:
            return
        place = f"{step.number:,}" + (f" of {step.total:,}" if step.total else "")
        state = "" if step.state == "done" else f" ({step.state})"
        about = f": {one_line(step.message)}" if step.message else ""
        click.echo(f"{step.kind} {place}{state}{about}"[:_LONGEST] + self._so_far(step), err=True)

    def _so_far(self, step: Step) -> str:
        if step.cost is None or step.cost.amount is None:
            return ""
        return f" · {money(self._spent, step.cost.currency)} spent so far"

"""`kimiqa doctor --ask`: one small question, its price first, and what the endpoint told."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_CEILING, Decimal
from typing import TYPE_CHECKING, Any

import click

from kimiqa.cli.books import exact

if TYPE_CHECKING:
    from kimiqa.plan import Plan
    from kimiqa.setup import Setup
    from kimiqa.trying import Trial

Row = tuple[str, bool | None, str]
_SMALLEST = Decimal("0.00001")


def asked(setup: Setup) -> Iterator[Row]:
    """Say what it will cost, ask, and tell what came back.

    Raises
    ------
    RefusedError, EndpointError
        It may not be asked, or was refused.
    """
    from kimiqa.portal import wait_for
    from kimiqa.trying import trial_plan, try_endpoint

    if setup.embedded:
        yield "question", None, "not asked: the embedded endpoint needs no test"
        return
    plan = trial_plan(setup)
    click.echo(f"Asking {setup.model.id} one small question: {_price(plan)}.", err=True)
    yield from _told(wait_for(try_endpoint(setup, plan)), plan)


def _price(plan: Plan) -> str:
    cost = plan.estimate.cost
    if cost.expected is None or cost.ceiling is None or cost.currency is None:
        return "its price is unknown"
    most = exact(cost.ceiling.quantize(_SMALLEST, rounding=ROUND_CEILING), cost.currency)
    return f"about {exact(cost.expected, cost.currency)}, at most {most}"


def _told(trial: Trial, plan: Plan) -> Iterator[Row]:
    yield "streaming", trial.streams, "piece by piece" if trial.streams else "all at once"
    where = " and ".join(trial.usage)
    yield "usage", bool(where), f"in {where}" if where else "not told: costs are our own count"
    cached = " and ".join(trial.cached)
    yield "cached tokens", bool(cached) or None, f"in {cached}" if cached else "not told"
    yield "prompt count", _near(trial), _counts(trial)
    paid = trial.answer.cost
    cost = "unknown" if paid.amount is None else exact(paid.amount, paid.currency)
    yield "question", True, f"cost {cost} ({trial.answer.state}), quoted {_price(plan)}"


def _near(trial: Trial) -> bool | None:
    """A template adds tokens of its own: only a large difference is a fault."""
    if trial.off is None:
        return None
    return abs(trial.off) * 5 <= trial.counted


def _counts(trial: Trial) -> str:
    if trial.reported is None:
        return f"{trial.counted:,} by our count; the endpoint told none to go by"
    return f"{trial.reported:,} tokens there, {trial.counted:,} quoted ({trial.off:+,})"


def checks(setup: Setup) -> list[dict[str, Any]]:
    """The rows as `doctor` shows them."""
    return [{"name": name, "ok": ok, "detail": detail} for name, ok, detail in asked(setup)]

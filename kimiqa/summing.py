"""A plan of several calls: each call as a plan of its own, and what all of them came to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kimiqa import estimating
from kimiqa.models import get_model
from kimiqa.money import Cost, Usage
from kimiqa.plan import Answer, Plan, Request, Stage


def part_of(plan: Plan, request: Request, stage: str, *, cached_tokens: int = 0) -> Plan:
    """One call of the plan as a plan of its own, priced anew before it draws."""
    model = get_model(plan.model, base_url=plan.endpoint)
    guess = estimating.estimate(
        replace(model, price=plan.price),
        plan.effort,
        prompt_tokens=request.prompt_tokens,
        cached_tokens=min(cached_tokens, request.prompt_tokens),
        messages=request.message_count,
        limit=request.max_completion_tokens,
        margin=plan.estimate.margin,
    )
    return replace(plan, stages=(Stage(stage, (request,)),), estimate=guess, warnings=())


def summed(answers: Sequence[Answer]) -> Usage | None:
    """What all calls used; None where one of them is not known."""
    known = [answer.usage for answer in answers if answer.usage is not None]
    return sum(known[1:], known[0]) if known and len(known) == len(answers) else None


def paid(answers: Sequence[Answer]) -> Cost:
    """What all calls cost; no amount where one of them is not known."""
    amounts = [answer.cost.amount for answer in answers]
    known = [amount for amount in amounts if amount is not None]
    currency = answers[-1].cost.currency
    return Cost(sum(known[1:], known[0]) if len(known) == len(amounts) else None, currency)

"""What several questions cost together, asked side by side over the same documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from kimiqa.breakeven import Asking
from kimiqa.models import Model
from kimiqa.parallel import prefix_first
from kimiqa.plan import Plan


@dataclass(frozen=True, slots=True)
class Together:
    """The price of several plans. None: a price is not known."""

    questions: int
    expected: Decimal | None
    """Of those that share a prefix one is read cold and the others find it in the cache."""
    ceiling: Decimal | None
    """As if none found anything there: what is reserved."""
    currency: str | None
    seconds: float
    """Until the first of each prefix, and then the slowest of the others, has ended."""
    warm: int
    """How many of them find the documents in the cache that another one has warmed."""


def together(plans: Sequence[Plan], model: Model) -> Together:
    """What these plans cost when they are asked side by side."""
    expected: list[Decimal | None] = []
    seconds, warm = 0.0, 0
    for group in prefix_first(plans):
        first, rest = plans[group[0]], [plans[n] for n in group[1:]]
        expected += [first.estimate.cost.expected, *(_after(first, each, model) for each in rest)]
        slowest = max((each.estimate.seconds.expected for each in rest), default=0.0)
        seconds = max(seconds, first.estimate.seconds.expected + slowest)
        warm += len(rest)
    ceilings = [plan.estimate.cost.ceiling for plan in plans]
    currency = plans[0].estimate.cost.currency if plans else None
    return Together(len(plans), _sum(expected), _sum(ceilings), currency, seconds, warm)


def _after(first: Plan, plan: Plan, model: Model) -> Decimal | None:
    """What a plan costs once the first of its prefix has been read."""
    guess = plan.estimate
    if plan.price is None:
        return None
    block = model.cache_block or 1
    tokens = _shared(first, plan) // block * block
    asked = Asking(
        guess.prompt_tokens,
        max(tokens, guess.cached_tokens) if model.cache_block else 0,
        guess.completion_tokens.expected,
        writes=bool(model.cache_block),
    )
    return asked.cost(plan.price, warm=True)


def _shared(first: Plan, plan: Plan) -> int:
    """The tokens of the prefix that both prompts begin with."""
    if not (first.requests and plan.requests):
        return 0
    known = {each.digest for each in first.requests[0].segments}
    found = (each.tokens for each in plan.requests[0].segments if each.digest in known)
    return max(found, default=0)


def _sum(amounts: Sequence[Decimal | None]) -> Decimal | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal(0)) if len(known) == len(amounts) else None

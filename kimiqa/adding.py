"""The estimates of calls that are made one after the other, some of them perhaps not, as one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from kimiqa.money import UNPRICED, CostRange, Range
from kimiqa.plan import Estimate


@dataclass(frozen=True, slots=True)
class Part:
    """A call's estimate, and how likely it is to be made."""

    estimate: Estimate
    share: Decimal = Decimal(1)


def in_turn(parts: Sequence[Part]) -> Estimate:
    """What is certain at the low end, each part by its share as expected, everything at the high
    end and for the ceiling."""
    return Estimate(
        prompt_tokens=_expected(parts, lambda each: each.prompt_tokens),
        cached_tokens=_expected(parts, lambda each: each.cached_tokens),
        completion_tokens=Range(
            sum(each.estimate.completion_tokens.low for each in parts if each.share == 1),
            _expected(parts, lambda each: each.completion_tokens.expected),
            sum(each.estimate.completion_tokens.high for each in parts),
        ),
        seconds=Range(
            round(sum(each.estimate.seconds.low for each in parts if each.share == 1), 1),
            round(sum(float(p.share) * p.estimate.seconds.expected for p in parts), 1),
            round(sum(each.estimate.seconds.high for each in parts), 1),
        ),
        cost=_cost([(each.estimate.cost, each.share) for each in parts]),
        margin=max(each.estimate.margin for each in parts),
    )


def _expected(parts: Sequence[Part], count: Callable[[Estimate], int]) -> int:
    return round(sum(each.share * count(each.estimate) for each in parts))


def _cost(costs: Sequence[tuple[CostRange, Decimal]]) -> CostRange:
    first, _ = costs[0]
    if any(cost.ceiling is None for cost, _ in costs):
        return UNPRICED
    return CostRange(
        _sum(cost.low for cost, share in costs if share == 1),
        _sum(_times(cost.expected, share) for cost, share in costs),
        _sum(cost.high for cost, _ in costs),
        ceiling=_sum(cost.ceiling for cost, _ in costs),
        cold=_sum(_times(cost.cold, share) for cost, share in costs),
        currency=first.currency,
        price_basis=first.price_basis,
        price_date=first.price_date,
    )


def _times(amount: Decimal | None, share: Decimal) -> Decimal | None:
    return None if amount is None else round(amount * share, 9)


def _sum(amounts: Iterable[Decimal | None]) -> Decimal:
    return sum((each or Decimal(0) for each in amounts), Decimal(0))

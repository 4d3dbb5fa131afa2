"""What a swarm costs and how long it takes: its readers' estimates and its merges', as one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from kimiqa import estimating
from kimiqa.money import UNPRICED, CostRange, Range
from kimiqa.plan import Estimate
from kimiqa.prompts import RULES
from kimiqa.swarm.side_by_side import AT_ONCE
from kimiqa.swarm.sizing import HEAD_TOKENS
from kimiqa.swarm.work import Call, Swarm, Terms, merge_ceilings, merge_sizes


def estimate(swarm: Swarm, terms: Terms) -> Estimate:
    """Readers side by side, then the merge: costs add up, and what they vary by adds up as that
    of independent calls does, by its squares."""
    guesses = [_guess(swarm, call, terms) for call in swarm.missing]
    merges = _merge_guesses(swarm, terms)
    both = [*guesses, *merges]
    ceilings = [each.cost.ceiling for each in guesses] + [*merge_ceilings(swarm, terms)]
    return Estimate(
        prompt_tokens=sum(each.prompt_tokens for each in both),
        cached_tokens=sum(each.cached_tokens for each in both),
        completion_tokens=_counted([each.completion_tokens for each in both]),
        seconds=_seconds(guesses, merges, swarm, terms),
        cost=_widened(_cost([each.cost for each in both], ceilings), swarm, terms),
        margin=swarm.margin,
    )


def _guess(swarm: Swarm, call: Call, terms: Terms) -> Estimate:
    planner = swarm.planner
    return estimating.estimate(
        planner.model,
        swarm.effort,
        prompt_tokens=call.layout.prompt_tokens,
        cached_tokens=call.cached,
        messages=2,
        limit=terms.found,
        margin=swarm.margin,
        known=swarm.readings,
    )


FOUND_TOKENS = Range(16, 150, 600)
"""What a reader's findings have without its thinking. Receipts count both together, for most
endpoints do not tell them apart."""


def _merge_guesses(swarm: Swarm, terms: Terms, each: int = FOUND_TOKENS.expected) -> list[Estimate]:
    """The merges as they are likely to be, where a reader's findings have so many tokens: one,
    where its prompt holds them all."""
    parts = [n for calls in terms.merge.rounds for n in calls]
    sizes = merge_sizes(swarm, terms)
    readers = len(swarm.calls)
    if swarm.task_tokens + readers * (each + HEAD_TOKENS) <= sizes[-1][0]:
        parts, sizes = [readers], sizes[-1:]
    return [_merge_guess(swarm, n, size, each) for n, size in zip(parts, sizes, strict=True)]


def _merge_guess(swarm: Swarm, findings: int, size: tuple[int, int], each: int) -> Estimate:
    """One merge of findings of so many tokens each."""
    planner, (most, limit) = swarm.planner, size
    return estimating.estimate(
        planner.model,
        swarm.effort,
        prompt_tokens=min(most, swarm.task_tokens + findings * each),
        cached_tokens=_warm_rules(swarm),
        messages=2,
        limit=limit,
        margin=swarm.margin,
        known=swarm.mergings,
    )


def _warm_rules(swarm: Swarm) -> int:
    """The rules of a merge's prompt stand in the cache: the readers have just sent them."""
    block = swarm.planner.model.cache_block
    if not block:
        return 0
    return (swarm.draft.counter.count(RULES) + swarm.draft.template.per_message) // block * block


def _widened(cost: CostRange, swarm: Swarm, terms: Terms) -> CostRange:
    """The range, as much wider as findings may be shorter or longer: all merges read the same, so
    here nothing evens out."""
    if cost.low is None or cost.expected is None or cost.high is None:
        return cost
    sums = [
        sum(
            (guess.cost.expected or Decimal(0) for guess in _merge_guesses(swarm, terms, each)),
            Decimal(0),
        )
        for each in (FOUND_TOKENS.low, FOUND_TOKENS.expected, FOUND_TOKENS.high)
    ]
    less, more = sums[1] - sums[0], sums[2] - sums[1]
    return replace(cost, low=max(Decimal(0), cost.low - less), high=cost.high + more)


def _counted(ranges: Sequence[Range[int]]) -> Range[int]:
    known = [(Decimal(each.low), Decimal(each.expected), Decimal(each.high)) for each in ranges]
    low, expected, high = _summed(known)
    return Range(max(0, int(low)), int(expected), -int(-high // 1))


def _cost(costs: Sequence[CostRange], ceilings: Sequence[Decimal | None]) -> CostRange:
    first = costs[0]
    known = [
        (each.low, each.expected, each.high)
        for each in costs
        if each.low is not None and each.expected is not None and each.high is not None
    ]
    if len(known) < len(costs) or None in ceilings:
        return UNPRICED
    low, expected, high = _summed(known)
    return CostRange(
        max(Decimal(0), round(low, 9)),
        expected,
        round(high, 9),
        ceiling=sum((each or Decimal(0) for each in ceilings), Decimal(0)),
        cold=sum((each.cold or Decimal(0) for each in costs), Decimal(0)),
        currency=first.currency,
        price_basis=first.price_basis,
        price_date=first.price_date,
    )


def _summed(ranges: Sequence[tuple[Decimal, Decimal, Decimal]]) -> tuple[Decimal, Decimal, Decimal]:
    """Low, expected and high of a sum of independent calls: the distances to its ends add up by
    their squares. One call's are uneven, for its tail is long; of many both sides are alike."""
    uneven = Decimal(1) / Decimal(len(ranges)).sqrt()
    below = above = Decimal(0)
    for low, middle, high in ranges:
        half = (high - low) / 2
        below += (uneven * (middle - low) + (1 - uneven) * half) ** 2
        above += (uneven * (high - middle) + (1 - uneven) * half) ** 2
    expected = sum((middle for _, middle, _ in ranges), Decimal(0))
    return expected - below.sqrt(), expected, expected + above.sqrt()


def _seconds(
    readers: Sequence[Estimate], merges: Sequence[Estimate], swarm: Swarm, terms: Terms
) -> Range[float]:
    """Readers in waves of as many as run at once, no faster than the account admits; then the
    rounds of merging in waves of their own."""
    limits = swarm.planner.limits
    at_once = limits.concurrency or AT_ONCE
    waves = -(-len(readers) // at_once)
    rounds = terms.merge.rounds if len(merges) > 1 else ((1,),)
    merge_waves = sum(-(-len(calls) // at_once) for calls in rounds)

    def span(name: str) -> float:
        read = max((getattr(each.seconds, name) for each in readers), default=0.0) * waves
        tokens = sum(each.prompt_tokens + each.completion_tokens.high for each in readers)
        by_tokens = 60 * (tokens / limits.tpm - 1) if limits.tpm else 0.0
        by_count = 60 * (len(readers) / limits.rpm - 1) if limits.rpm else 0.0
        merged: float = max((getattr(each.seconds, name) for each in merges), default=0.0)
        return float(round(max(read, by_tokens, by_count) + merged * merge_waves, 1))

    return Range(span("low"), span("expected"), span("high"))


def nothing(swarm: Swarm) -> Estimate:
    """The estimate of what cannot be divided at all: the prompt alone."""
    tokens = sum(sum(each.block_tokens(swarm.draft.counter)) for each in swarm.draft.documents)
    return Estimate(tokens, 0, Range(0, 0, 0), Range(0.0, 0.0, 0.0), UNPRICED)

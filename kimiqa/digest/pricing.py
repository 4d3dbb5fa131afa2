"""What digests cost and how long they take to make: each call's estimate, and their sum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from kimiqa import estimating
from kimiqa.adding import Part, in_turn
from kimiqa.digest.work import ANSWER, Call, Work
from kimiqa.estimating import NO_EXPERIENCE
from kimiqa.money import UNPRICED, CostRange, Price, Range
from kimiqa.plan import Estimate

LINE_TOKENS = Range(10, 26, 45)
"""What a line of a digest has: few are filled to the brim, and documents differ."""

AT_ONCE = 8
"""How many calls run at once where no limit of the account is known."""


def digest_tokens(call: Call) -> int:
    """How many tokens the digest of some pages is likely to have."""
    return call.lines * LINE_TOKENS.expected


def makings(work: Work, limit: int) -> list[Estimate]:
    """Each of the calls that make what is missing."""
    pairs = zip(work.calls, work.cached, strict=True)
    return [_making(work, call, cached, limit) for call, cached in pairs]


def _making(work: Work, call: Call, cached: int, limit: int) -> Estimate:
    planner, layout, known = work.planner, call.layout, work.makings
    counts = known.range(_prior(work, call), lambda each: each.usage.completion_tokens)
    completion = Range(*(min(int(n), limit) for n in (counts.low, counts.expected, counts.high)))
    prompt = layout.prompt_tokens
    return Estimate(
        prompt_tokens=prompt,
        cached_tokens=cached,
        completion_tokens=completion,
        seconds=estimating.seconds_range(prompt, cached, completion, known=known),
        cost=estimating.cost_range(
            planner.model.price,
            prompt,
            cached,
            completion,
            ceiling_prompt=estimating.ceiling_prompt(prompt, 2, planner.margin),
            limit=limit,
            writes=bool(planner.model.cache_block),
        ),
        margin=planner.margin,
    )


def _prior(work: Work, call: Call) -> Range[float]:
    """Thinking as for any answer, and as many lines as are asked for."""
    model = work.planner.model
    thought = estimating.completion_range(model, work.effort, 1_000_000, NO_EXPERIENCE)
    lines = LINE_TOKENS
    return Range(
        float(thought.low + call.lines * lines.low),
        float(thought.expected + call.lines * lines.expected),
        float(thought.high + call.lines * lines.high),
    )


def answering(work: Work, prompt: int, cached: int, limit: int, most_prompt: int) -> Estimate:
    """The answer that follows: its prompt as it is likely to be, its ceiling by the longest."""
    planner = work.planner
    known = planner.experience(f"digest:{ANSWER}", work.effort)
    completion = estimating.completion_range(planner.model, work.effort, limit, known)
    return Estimate(
        prompt_tokens=prompt,
        cached_tokens=cached,
        completion_tokens=completion,
        seconds=estimating.seconds_range(prompt, cached, completion, known=known),
        cost=estimating.cost_range(
            planner.model.price,
            prompt,
            cached,
            completion,
            ceiling_prompt=estimating.ceiling_prompt(most_prompt, 2, planner.margin),
            limit=limit,
            writes=bool(planner.model.cache_block),
        ),
        margin=planner.margin,
    )


def together(work: Work, calls: Sequence[Estimate], answer: Estimate | None) -> Estimate:
    """All calls as one estimate. Their ranges add up end to end: they are few, and a document
    that takes a long digest takes it in each of its parts."""
    parts = [Part(each) for each in (*calls, *([answer] if answer else []))]
    if not parts:
        free = _free(work.planner.model.price)
        return Estimate(0, 0, Range(0, 0, 0), Range(0.0, 0.0, 0.0), free, work.planner.margin)
    return replace(in_turn(parts), seconds=_seconds(work, calls, answer))


def _free(price: Price | None) -> CostRange:
    """What it costs where all is kept."""
    no = Decimal(0)
    if price is None:
        return UNPRICED
    return CostRange(
        no,
        no,
        no,
        ceiling=no,
        cold=no,
        currency=price.currency,
        price_basis=price.basis,
        price_date=price.checked,
    )


def _seconds(work: Work, calls: Sequence[Estimate], answer: Estimate | None) -> Range[float]:
    """Calls in waves of as many as run at once, then the answer."""
    limits = work.planner.limits
    waves = -(-len(calls) // (limits.concurrency or AT_ONCE))

    def span(name: str) -> float:
        made = max((getattr(each.seconds, name) for each in calls), default=0.0) * waves
        tokens = sum(each.prompt_tokens + each.completion_tokens.high for each in calls)
        paced = 60 * (tokens / limits.tpm - 1) if limits.tpm else 0.0
        last: float = getattr(answer.seconds, name) if answer else 0.0
        return float(round(max(made, paced) + last, 1))

    return Range(span("low"), span("expected"), span("high"))


def nothing(work: Work) -> Estimate:
    """The estimate of what cannot be made at all: the pages alone, and no price."""
    draft = work.draft
    tokens = sum(sum(each.block_tokens(draft.counter)) for each in draft.documents)
    return Estimate(tokens, 0, Range(0, 0, 0), Range(0.0, 0.0, 0.0), UNPRICED)

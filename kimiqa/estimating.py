"""How many tokens, seconds and how much money a request will take, before it is sent.

Prompt tokens are counted. What comes back cannot be: it is a range, from this installation's
own receipts of the same model, strategy and effort; while those are few, from receipts of other
strategies with that model and effort, and before there are any, from priors.

The priors are wide on purpose. Thinking models spend thousands of tokens before the first word
of an answer, and the same question asked again varies by up to 9.7 times (arXiv 2603.23971);
third parties saw Kimi K3 at low effort reason for 3,000 to 7,100 tokens on one task, and easy
questions take far less.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from kimiqa.models import Model
from kimiqa.money import UNPRICED, CostRange, Price, Range, Usage, cost
from kimiqa.plan import Estimate
from kimiqa.ranges import blended, learned

ENOUGH_RECEIPTS = 10
"""Receipts of one model, strategy and effort from which they alone are asked. Fewer of them are
blended with what is known otherwise, by their number."""

NARROWEST = 0.8
"""The low end of what receipts teach is at most this share of the expected, the high end at least
the expected over it: receipts that agree to the token, as those of one question asked again, say
little about the next question."""

DEFAULT_COMPLETION = 16_384
LEAST_COMPLETION = 4_096
_ENDLESS = 1_000_000_000
"""More completion tokens than any limit: where they cost nothing no cap is reached."""

_THINKING = {
    "minimal": Range(80, 1_000, 5_000),
    "low": Range(150, 2_500, 8_000),
    "medium": Range(300, 4_000, 11_000),
    "high": Range(500, 6_000, 14_000),
    "max": Range(1_000, 9_000, 16_384),
}
_PLAIN = Range(80, 350, 1_500)
_LOCAL = Range(40, 150, 400)

# Tokens a second and seconds of start-up: low, expected, high of the *time* they lead to.
# A long prompt is read at 10 to 50 thousand tokens a second (assumed), cached ones ten times
# as fast; hosted models write 25 to 120 tokens a second.
_READ = (50_000, 25_000, 10_000)
_WRITE = (120, 60, 25)
_START = (0.5, 1.5, 4.0)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What one finished call used, and how long it took."""

    usage: Usage
    seconds: float


@dataclass(frozen=True, slots=True)
class Experience:
    """What receipts there are: of this model, strategy and effort, and of the same model and
    effort with any strategy; newest first."""

    own: Sequence[Receipt] = ()
    kin: Sequence[Receipt] = ()

    def range(self, prior: Range[float], value: Callable[[Receipt], float]) -> Range[float]:
        """The range of what `value` reads off a receipt, for the next call."""
        known = prior
        groups = (self.own,) if len(self.own) >= ENOUGH_RECEIPTS else (self.kin, self.own)
        for receipts in filter(None, groups):
            share = min(1.0, len(receipts) / ENOUGH_RECEIPTS)
            found = learned([value(each) for each in receipts])
            known = found if share == 1.0 else blended(found, known, share)
        return Range(
            min(known.low, known.expected * NARROWEST),
            known.expected,
            max(known.high, known.expected / NARROWEST),
        )


NO_EXPERIENCE = Experience()


def completion_range(
    model: Model, effort: str | None, limit: int, known: Experience = NO_EXPERIENCE
) -> Range[int]:
    """Completion tokens, reasoning included: 5 %, expected, 95 %; none above `limit`."""
    prior = _prior(model, effort)
    counts = known.range(
        Range(float(prior.low), float(prior.expected), float(prior.high)),
        lambda receipt: receipt.usage.completion_tokens,
    )
    return Range(
        min(int(counts.low), limit),
        min(round(counts.expected), limit),
        min(_up(counts.high), limit),
    )


def _prior(model: Model, effort: str | None) -> Range[int]:
    if model.id == "local":
        return _LOCAL
    if not model.reasons:
        return _PLAIN
    if not model.efforts:
        return _THINKING["medium"]  # it thinks as it likes, and nobody told it to think its most
    return _THINKING.get(effort or "max", _THINKING["max"])


def _up(value: float) -> int:
    return -int(-value // 1)


def seconds_range(
    prompt_tokens: int,
    cached_tokens: int,
    completion: Range[int],
    *,
    local: bool = False,
    known: Experience = NO_EXPERIENCE,
) -> Range[float]:
    """Wall-clock seconds to the end of the answer. Receipts count by how much slower or faster
    than usual they were for what they read and wrote."""
    counts = (completion.low, completion.expected, completion.high)
    took = [_seconds(prompt_tokens, cached_tokens, each, at) for at, each in enumerate(counts)]
    if local:
        took = [(0.2 + prompt_tokens / 1_000_000) * factor for factor in (0.5, 1, 3)]
    found = known.range(
        Range(*took),
        lambda each: (
            _seconds(prompt_tokens, cached_tokens, each.usage.completion_tokens) * _pace(each)
        ),
    )
    return Range(*(round(each, 1) for each in (found.low, found.expected, found.high)))


def _seconds(prompt_tokens: int, cached_tokens: int, written: int, at: int = 1) -> float:
    """The seconds a hosted model takes: at its best (0), as usual (1), at its worst (2)."""
    read = (prompt_tokens - cached_tokens) + cached_tokens / 10
    return _START[at] + read / _READ[at] + written / _WRITE[at]


def _pace(receipt: Receipt) -> float:
    used = receipt.usage
    return receipt.seconds / _seconds(
        used.prompt_tokens, used.cached_tokens or 0, used.completion_tokens
    )


def cost_range(
    price: Price | None,
    prompt_tokens: int,
    cached_tokens: int,
    completion: Range[int],
    *,
    ceiling_prompt: int,
    limit: int,
    writes: bool = False,
) -> CostRange:
    """What the request would cost; all None where there is no price. `writes` says that what is
    not read from the provider's cache is written to it."""
    if price is None:
        return UNPRICED

    def at(count: int, cached: int) -> Decimal:
        written = prompt_tokens - cached if writes else None
        return cost(Usage(prompt_tokens, count, cached, cache_write_tokens=written), price)

    counts = (completion.low, completion.expected, completion.high)
    low, expected, high = (at(count, cached_tokens) for count in counts)
    return CostRange(
        low,
        expected,
        high,
        ceiling=ceiling(price, ceiling_prompt, limit),
        cold=at(completion.expected, 0),
        currency=price.currency,
        price_basis=price.basis,
        price_date=price.checked,
    )


def ceiling(price: Price, prompt_tokens: int, limit: int) -> Decimal:
    """The cost that cannot be passed by a prompt of at most so many tokens: all of them read
    afresh, read from the cache or written to it, whichever is dearest, and every completion
    token used."""
    return max(
        _dearest(each, size, limit)
        for each in _prices(price)
        for size in _sizes(each, prompt_tokens)
    )


def _prices(price: Price) -> tuple[Price, ...]:
    """What it may cost: the bill is by the hour at which the answer comes."""
    return (price, *price.hours)


def _sizes(price: Price, prompt_tokens: int) -> list[int]:
    """The prompts that may be dearest: the longest, and the longest below each tier, for the
    server may count fewer tokens, and a longer prompt may cost less."""
    edges = (tier.above for tier in price.tiers)
    return [prompt_tokens, *(edge for edge in edges if edge < prompt_tokens)]


def _dearest(price: Price, size: int, limit: int) -> Decimal:
    fates = ((0, 0), (size, 0), (0, size))
    return max(cost(Usage(size, limit, cached, None, written), price) for cached, written in fates)


def ceiling_prompt(prompt_tokens: int, messages: int, margin: Decimal) -> int:
    """The most prompt tokens the server may count: the own count, the vocabulary's margin,
    half a percent, and what a chat template might put round each message."""
    return int(prompt_tokens * (Decimal("1.005") + margin)) + 64 * messages + 64


def affordable_completion(cap: Decimal, price: Price, prompt_tokens: int) -> int:
    """How many completion tokens `cap` leaves after a prompt of at most this size."""
    return min(
        _affordable(cap, each, size)
        for each in _prices(price)
        for size in _sizes(each, prompt_tokens)
    )


def _affordable(cap: Decimal, price: Price, size: int) -> int:
    left, each = cap - _dearest(price, size, 0), price.at(size).completion
    if each == 0:
        return _ENDLESS if left >= 0 else 0
    return max(0, int(left * 1_000_000 / each))


def estimate(
    model: Model,
    effort: str | None,
    *,
    prompt_tokens: int,
    cached_tokens: int,
    messages: int,
    limit: int,
    margin: Decimal,
    known: Experience = NO_EXPERIENCE,
) -> Estimate:
    """The estimate of one request."""
    completion = completion_range(model, effort, limit, known)
    return Estimate(
        prompt_tokens=prompt_tokens,
        cached_tokens=cached_tokens,
        completion_tokens=completion,
        seconds=seconds_range(
            prompt_tokens, cached_tokens, completion, local=model.id == "local", known=known
        ),
        cost=cost_range(
            model.price,
            prompt_tokens,
            cached_tokens,
            completion,
            ceiling_prompt=ceiling_prompt(prompt_tokens, messages, margin),
            limit=limit,
            writes=bool(model.cache_block),
        ),
        margin=margin,
    )

"""How good the quotes were, group by group: what `kimiqa ledger --accuracy` and the app show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import fmean, median
from typing import Any

from kimiqa.ledger.records import Call

ALPHA = 0.10
"""What a range from 5 to 95 % leaves outside."""


@dataclass(frozen=True, slots=True)
class Scores:
    """How good the quotes of some settled calls were. None: no call says anything about it.

    Shares are of 1. `width` and `interval_score` are in multiples of what the calls cost:
    the score is the width, and twenty times the distance of each cost outside of its range.
    """

    model: str
    strategy: str
    effort: str | None
    calls: int
    cost_within: float
    width: float
    interval_score: float
    cost_error: float
    """The median distance from what was expected, relative to the cost."""
    ceilings_passed: int
    prompt_exact: float
    prompt_error: float
    """The largest distance of a counted prompt from the server's count, relative to that."""
    cached_exact: float | None
    """How often the cached tokens were predicted to the token, where the endpoint tells them."""
    cached_share: float | None
    """The part of all prompt tokens that was read from the provider's cache."""
    seconds_within: float | None

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}

    def in_words(self) -> dict[str, str]:
        """Every figure as it is shown, under its name: alike on a terminal and on a page."""
        return {
            "calls": f"{self.calls:,}",
            "cost in range": _share(self.cost_within),
            "width": f"{self.width:.2f}",
            "score": f"{self.interval_score:.2f}",
            "off by": _share(self.cost_error),
            "ceilings passed": f"{self.ceilings_passed:,}",
            "prompt exact": _share(self.prompt_exact),
            "cache exact": _share(self.cached_exact),
            "from cache": _share(self.cached_share),
            "time in range": _share(self.seconds_within),
        }


def _share(value: float | None) -> str:
    return "?" if value is None else f"{value:.1%}"


@dataclass(frozen=True, slots=True)
class _Judged:
    """One call: its receipt beside its quote."""

    cost: float
    low: float
    expected: float
    high: float
    passed: bool
    prompt: tuple[int, int]
    cached: tuple[int, int] | None
    seconds: bool | None

    @property
    def outside(self) -> float:
        return max(0.0, self.low - self.cost, self.cost - self.high)


def scores(calls: Sequence[Call]) -> list[Scores]:
    """The scores per model, strategy and effort, those with most calls first."""
    groups: dict[tuple[str, str, str | None], list[_Judged]] = {}
    for call in calls:
        judged = _judge(call)
        if judged:
            groups.setdefault((call.model, call.strategy, call.effort), []).append(judged)
    found = [_scores(*kind, group) for kind, group in groups.items()]
    return sorted(found, key=lambda each: -each.calls)


def _judge(call: Call) -> _Judged | None:
    """None for a call that says nothing: not settled, without an estimate, or free."""
    if call.state != "settled" or not (call.cost and call.usage and call.estimate):
        return None
    quoted, amount = call.estimate["cost"], call.cost.amount
    if not amount or any(quoted[name] is None for name in ("low", "expected", "high", "ceiling")):
        return None
    low, expected, high = (float(quoted[name]) for name in ("low", "expected", "high"))
    used = call.usage
    cached = used.cached_tokens
    return _Judged(
        cost=float(amount),
        low=low,
        expected=expected,
        high=high,
        passed=amount > Decimal(quoted["ceiling"]),
        prompt=(call.estimate["prompt_tokens"], used.prompt_tokens),
        cached=None if cached is None else (call.estimate["cached_tokens"], cached),
        seconds=_seconds_within(call.estimate, call.seconds),
    )


def _seconds_within(estimate: Mapping[str, Any], seconds: float | None) -> bool | None:
    if seconds is None:
        return None
    quoted = estimate["seconds"]
    # Quotes are rounded to a tenth of a second.
    return bool(quoted["low"] - 0.05 <= seconds <= quoted["high"] + 0.05)


def _scores(model: str, strategy: str, effort: str | None, group: Sequence[_Judged]) -> Scores:
    paid = sum(each.cost for each in group)
    width = sum(each.high - each.low for each in group)
    outside = sum(each.outside for each in group)
    told = [each.cached for each in group if each.cached is not None]
    timed = [each.seconds for each in group if each.seconds is not None]
    prompts = sum(each.prompt[1] for each in group if each.cached is not None)
    return Scores(
        model,
        strategy,
        effort,
        len(group),
        cost_within=fmean(not each.outside for each in group),
        width=width / paid,
        interval_score=(width + 2 / ALPHA * outside) / paid,
        cost_error=median(abs(each.expected - each.cost) / each.cost for each in group),
        ceilings_passed=sum(each.passed for each in group),
        prompt_exact=fmean(ours == theirs for ours, theirs in (each.prompt for each in group)),
        prompt_error=max(
            abs(ours - theirs) / max(1, theirs) for ours, theirs in (each.prompt for each in group)
        ),
        cached_exact=fmean(ours == theirs for ours, theirs in told) if told else None,
        cached_share=sum(theirs for _, theirs in told) / prompts if prompts else None,
        seconds_within=fmean(timed) if timed else None,
    )

"""A question for a swarm, priced: what every reader will be sent, and what the merge may need."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from typing import Any

from kimiqa import estimating, seeing
from kimiqa.errors import BadRequestError, ContextWindowError, OverCapError, RefusedError
from kimiqa.estimating import DEFAULT_COMPLETION
from kimiqa.money import UNPRICED, CostRange, Range
from kimiqa.plan import Bounds, Estimate, Plan, Request, Segment, Stage, canonical
from kimiqa.planner import Planner, Question, Sized
from kimiqa.prompts import RULES
from kimiqa.refusals import unpriced
from kimiqa.strategies.layout import Layout
from kimiqa.swarm import sizing, wording
from kimiqa.swarm.sizing import HEAD_TOKENS, Merge, Reader, coverage, merge_of, shares

READ, MERGE = "read", "merge"

LIMITS = ((8_192, DEFAULT_COMPLETION), (4_096, 8_192), (2_048, 4_096))
"""The most completion tokens of a reader and of the answer; the next lower pair where a cap, or
the model's window, leaves no room for the one before."""


@dataclass(frozen=True, slots=True)
class Call:
    """One reader's call: its prompt, counted, and what is likely to be read from the cache."""

    reader: Reader
    layout: Layout
    segments: tuple[Segment, ...]
    cached: int

    @property
    def prefix(self) -> str:
        """Names the whole prompt: what was found in it is kept under this."""
        return self.segments[-1].digest


class Swarm:
    """A question, divided among readers; some may have been paid by a run that was stopped."""

    def __init__(self, planner: Planner, question: Question) -> None:
        self.planner, self.question = planner, question
        draft = planner.draft(question, "swarm")
        said = wording.asked(draft.question, draft.turns, draft.counter)
        self.draft = replace(draft, question=said, turns=())
        self.effort = planner.effort_for(question)

    @cached_property
    def calls(self) -> list[Call]:
        room = self.planner.reading_room(self.question)
        readers = [Reader.of(self.draft, share) for share in shares(self.draft, room)]
        return [self._call(reader) for reader in readers]

    def _call(self, reader: Reader) -> Call:
        layout = reader.layout(build=False)
        segments = layout.segments
        cached, _ = self.planner.warm(layout, segments, self.question)
        return Call(reader, layout, segments, cached)

    @cached_property
    def margin(self) -> Decimal:
        """The share by which any of its counts may be off, that of pictures with it."""
        pictures = (seeing.margin(call.layout) for call in self.calls)
        return self.planner.margin + max(pictures, default=Decimal(0))

    @cached_property
    def kept(self) -> frozenset[str]:
        """The prompts whose findings an earlier run has paid for."""
        planner = self.planner
        prefixes = [call.prefix for call in self.calls]
        return frozenset(
            planner.ledger.findings(planner.host, planner.model.id, self.effort, prefixes)
        )

    def unseen(self, call: Call) -> RefusedError | None:
        """Why a reader's pictures cannot be sent."""
        return seeing.refusal(self.draft, call.layout, sizing)

    @property
    def missing(self) -> list[Call]:
        """The calls that are still to be made."""
        return [call for call in self.calls if call.prefix not in self.kept]

    def merge(self, found_tokens: int) -> Merge | None:
        """How the findings come together; None where no prompt holds two of them."""
        room = self.planner.room.prompt(self.question)
        return merge_of(len(self.calls), found_tokens, room, self.task_tokens)

    @cached_property
    def task_tokens(self) -> int:
        """What a merge's prompt has beside the findings."""
        count = self.draft.counter.count
        task = count(wording.condensing(self.draft.question, ()))
        return count(RULES) + task + self.draft.template.tokens(2) + 16


@dataclass(frozen=True, slots=True)
class Terms:
    """The limits under which a swarm runs."""

    found: int
    """The most completion tokens of a reader, and of a merge in between."""
    answer: int
    """The most completion tokens of the answer."""
    merge: Merge


def size(planner: Planner, question: Question) -> Sized:
    """Count and price a question for a swarm.

    Raises
    ------
    BadRequestError, NoTextError
        As for any strategy.
    """
    if planner.model.id == "local":
        raise BadRequestError(
            "The embedded endpoint has no model that could put findings together.",
            "Name a model, or ask by full or chunks.",
        )
    swarm = Swarm(planner, question)
    refusal: RefusedError | None = None
    try:
        terms, refusal = _terms(swarm)
        refusal = next(filter(None, map(swarm.unseen, swarm.calls)), refusal)
    except ContextWindowError as error:
        terms, refusal = None, error
    return Sized(
        strategy="swarm",
        draft=swarm.draft,
        layout=Layout((), (), coverage(swarm.draft)),
        limit=terms.answer if terms else LIMITS[-1][1],
        estimate=_estimate(swarm, terms) if terms else _nothing(swarm),
        warm_until=None,
        refusal=refusal,
        warnings=(
            *planner.warnings(question),
            *seeing.warnings(swarm.draft),
            *_about_kept(swarm, terms),
        ),
    )


def planned(planner: Planner, question: Question, sized: Sized, reason: str = "") -> Plan:
    """The plan of a question that was sized and may run."""
    swarm = Swarm(planner, question)
    terms, refusal = _terms(swarm)
    if refusal or terms is None:
        raise refusal or RuntimeError("a swarm without terms is refused")
    guess = _estimate(swarm, terms)
    return Plan(
        question=question.text,
        strategy="swarm",
        model=planner.model.id,
        endpoint=planner.base_url,
        documents=question.documents,
        stages=_stages(swarm, terms),
        estimate=guess,
        coverage=coverage(swarm.draft),
        price=planner.model.price,
        effort=swarm.effort,
        reason=reason or f"swarm: {len(swarm.calls):,} readers over all pages, then a merge",
        max_cost=question.max_cost,
        conversation=question.conversation,
        label=question.label,
        warnings=(*sized.warnings, *planner.first_time(question)),
        caches=bool(planner.model.cache_block),
        cover=swarm.draft.cover,
        asked=swarm.draft.question,
    )


def _stages(swarm: Swarm, terms: Terms) -> tuple[Stage, ...]:
    """The readers' requests, and the limits of the merge. What an earlier run has paid for is
    named, and not sent again."""
    requests = [_request(swarm, call, terms.found) for call in swarm.missing]
    kept = tuple(call.prefix for call in swarm.calls if call.prefix in swarm.kept)
    price = swarm.planner.model.price
    ceiling = None if price is None else sum(_merge_ceilings(swarm, terms), Decimal(0))
    sizes = _merge_sizes(swarm, terms)
    bounds = Bounds(
        max_calls=terms.merge.calls,
        max_prompt_tokens=sum(prompt for prompt, _ in sizes),
        max_completion_tokens=sum(limit for _, limit in sizes),
        ceiling=ceiling,
        calls=tuple(sizes),
        rounds=terms.merge.rounds,
    )
    return (
        Stage(READ, tuple(requests), kept=kept),
        Stage(MERGE, bounds=bounds),
    )


def _request(swarm: Swarm, call: Call, limit: int) -> Request:
    """A reader's request. Its content is laid out now, for the digest, and anew when it is sent:
    all readers' prompts together would be the documents once more."""
    planner, effort, reader = swarm.planner, swarm.effort, call.reader

    def body() -> dict[str, Any]:
        return planner.body(reader.layout(build=True).messages, limit, effort)

    request = Request.of(
        body(),
        prompt_tokens=call.layout.prompt_tokens,
        max_completion_tokens=limit,
        segments=call.segments,
        own_tokens=0 if swarm.draft.pictures else call.layout.own_tokens,
        about=reader.share.label,
    )

    def source() -> str:
        with _laying_out:
            return canonical(body())

    return request.unkept(source)


_laying_out = threading.Lock()
"""One prompt is laid out at a time: side by side they would take their memory all at once."""


# Limits and estimates ---------------------------------------------------------------------------


def _terms(swarm: Swarm) -> tuple[Terms | None, RefusedError | None]:
    """The widest limits that the window and the caps leave; else the narrowest, and why not."""
    planner, question = swarm.planner, swarm.question
    found: tuple[Terms | None, RefusedError | None] = (None, None)
    for reader, answer in LIMITS:
        terms = _with_limits(swarm, reader, answer)
        if terms is None:
            refusal: RefusedError = ContextWindowError(
                f"{planner.model.id} holds no two readers' findings beside each other.",
                "Choose a model with a larger context window, or raise the limit.",
            )
            found = (found[0], refusal)
            continue
        if planner.model.price is None:
            return terms, None if planner.allow_unpriced else unpriced(planner.model.id)
        needs = _estimate(swarm, terms).cost.ceiling or Decimal(0)
        currency = planner.model.price.currency
        breach = planner.ledger.breach(
            needs, currency, planner.budget, question.max_cost, scope=question.scope
        )
        if breach is None:
            return terms, None
        error = breach.error()
        readers = f"{len(swarm.missing):,} readers and a merge"
        found = (terms, OverCapError(f"{error.message} That is for {readers}.", error.hint))
    return found


def _with_limits(swarm: Swarm, reader: int, answer: int) -> Terms | None:
    most = swarm.question.max_completion_tokens
    own = swarm.planner.model.max_output_tokens
    answer = min(answer, most or answer, own or answer)
    reader = min(reader, own or reader)
    merge = swarm.merge(reader)
    return None if merge is None else Terms(reader, answer, merge)


def _merge_sizes(swarm: Swarm, terms: Terms) -> list[tuple[int, int]]:
    """The most prompt tokens and completion tokens of each merge call."""
    *between, last = terms.merge.rounds
    each = terms.found + HEAD_TOKENS
    sizes = [(swarm.task_tokens + n * each, terms.found) for calls in between for n in calls]
    return [*sizes, (swarm.task_tokens + last[0] * each, terms.answer)]


def _merge_ceilings(swarm: Swarm, terms: Terms) -> list[Decimal]:
    price, margin = swarm.planner.model.price, swarm.margin
    if price is None:
        return []
    return [
        estimating.ceiling(price, estimating.ceiling_prompt(prompt, 2, margin), limit)
        for prompt, limit in _merge_sizes(swarm, terms)
    ]


def _estimate(swarm: Swarm, terms: Terms) -> Estimate:
    """Readers side by side, then the merge: costs add up, and what they vary by adds up as that
    of independent calls does, by its squares."""
    guesses = [_guess(swarm, call, terms) for call in swarm.missing]
    merges = _merge_guesses(swarm, terms)
    both = [*guesses, *merges]
    ceilings = [each.cost.ceiling for each in guesses] + [*_merge_ceilings(swarm, terms)]
    return Estimate(
        prompt_tokens=sum(each.prompt_tokens for each in both),
        cached_tokens=sum(each.cached_tokens for each in both),
        completion_tokens=_counted([each.completion_tokens for each in both]),
        seconds=_seconds(guesses, merges, swarm),
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
        known=planner.experience(f"swarm:{READ}", swarm.effort),
    )


FOUND_TOKENS = Range(16, 150, 600)
"""What a reader's findings have without its thinking. Receipts count both together, for most
endpoints do not tell them apart."""


def _merge_guesses(swarm: Swarm, terms: Terms, each: int = FOUND_TOKENS.expected) -> list[Estimate]:
    """The merges as they are likely to be, where a reader's findings have so many tokens."""
    parts = [n for calls in terms.merge.rounds for n in calls]
    sizes = _merge_sizes(swarm, terms)
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
        known=planner.experience(f"swarm:{MERGE}", swarm.effort),
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


def _seconds(readers: Sequence[Estimate], merges: Sequence[Estimate], swarm: Swarm) -> Range[float]:
    """Readers in waves of as many as run at once, no faster than the account admits; then the
    rounds of merging, each as long as one call."""
    limits = swarm.planner.limits
    at_once = limits.concurrency or AT_ONCE
    waves = -(-len(readers) // at_once)

    def span(name: str) -> float:
        read = max((getattr(each.seconds, name) for each in readers), default=0.0) * waves
        tokens = sum(each.prompt_tokens + each.completion_tokens.high for each in readers)
        by_tokens = 60 * (tokens / limits.tpm - 1) if limits.tpm else 0.0
        by_count = 60 * (len(readers) / limits.rpm - 1) if limits.rpm else 0.0
        merged: float = max((getattr(each.seconds, name) for each in merges), default=0.0)
        return float(round(max(read, by_tokens, by_count) + merged, 1))

    return Range(span("low"), span("expected"), span("high"))


AT_ONCE = 8
"""How many readers run at once where no limit of the account is known."""


def _nothing(swarm: Swarm) -> Estimate:
    """The estimate of what cannot be divided at all: the prompt alone."""
    tokens = sum(sum(each.block_tokens(swarm.draft.counter)) for each in swarm.draft.documents)
    return Estimate(tokens, 0, Range(0, 0, 0), Range(0.0, 0.0, 0.0), UNPRICED)


def _about_kept(swarm: Swarm, terms: Terms | None) -> list[str]:
    if terms is None or not swarm.kept:
        return []
    done, all_ = len(swarm.calls) - len(swarm.missing), len(swarm.calls)
    return [f"{done:,} of {all_:,} readers were paid by a run that was stopped, and are not again."]

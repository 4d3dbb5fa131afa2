"""A question for research, priced: its first call as it will be sent, the rest by its limits.

Nobody knows beforehand how many pages a model will want to see. What a run may cost at most is
therefore not the sum of its calls' longest prompts, which no run comes near, but what its caps
leave: each call is priced before it is sent, and one that would leave too little for an answer
is not made.

The estimate is a range from this installation's own runs of research with that model and effort.
Until there are any it rests on a prior: two to eighteen calls, of which six are expected, each
adding 1,500 to 6,000 tokens (4,000 expected: a search and a page or two). That is assumed, not
measured, and wide on purpose.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from kimiqa import estimating
from kimiqa.errors import BadRequestError, ContextWindowError, OverCapError, RefusedError
from kimiqa.money import UNPRICED, CostRange, Price, Range, Usage, cost
from kimiqa.plan import Bounds, Coverage, Estimate, LeftOut, Plan, Stage
from kimiqa.planner import Planner, Question, Sized
from kimiqa.research import web
from kimiqa.research.dialogue import Dialogue
from kimiqa.saying import say
from kimiqa.several import refused
from kimiqa.strategies.layout import Draft, Layout, numbered, readable, unread

THINK, ANSWER = "think", "answer"
USUAL_STEPS, MOST_STEPS = 40, 300
CONTEXT_TOKENS = 200_000
"""No call of research has a longer prompt, whatever the window: every step pays for it again."""

LIMITS = ((8_192, 16_384), (4_096, 8_192), (2_048, 4_096))
"""The most completion tokens of a step and of the answer; the next lower pair where a cap, or
the model's window, leaves no room for the one before."""

MOST_RESULTS, LEAST_RESULTS = 24_000, 600
_LAST_WORDS = 256
"""What tells the model to answer now."""

# Calls, tokens that each adds to the prompt, and the share of a usual answer that it writes.
_PRIOR = ((2, 1_500), (6, 4_000), (18, 6_000))


@dataclass(frozen=True, slots=True)
class Terms:
    """The limits of a run."""

    steps: int
    prompt: int
    """The most prompt tokens of a call."""
    step: int
    answer: int
    searches: int = 0

    @property
    def results(self) -> int:
        """The most tokens that the tools of one reply give back together."""
        return max(LEAST_RESULTS, min(MOST_RESULTS, self.prompt // 6))

    @property
    def grows(self) -> int:
        """The most tokens by which one step makes the next prompt longer."""
        return self.step + self.results + _LAST_WORDS


class Research:
    """A question, with the draft of what may be looked at and the call that begins."""

    def __init__(self, planner: Planner, question: Question) -> None:
        self.planner, self.question = planner, question
        self.draft = planner.draft(question, "research")
        self.effort = planner.effort_for(question)
        self.steps = _steps(question)
        self.searches = web.checked(question)
        self.dialogue = Dialogue.begun(
            self.draft.documents,
            self.draft.question,
            self.draft.turns,
            self.draft.counter,
            self.draft.template,
            plain=planner.model.tools is False,
            web=self.searches,
        )

    @property
    def reach(self) -> tuple[frozenset[int], ...]:
        draft = self.draft
        return tuple(frozenset(readable(draft, n, each)) for n, each in numbered(draft.documents))


def size(planner: Planner, question: Question) -> Sized:
    """Count and price a question for research.

    Raises
    ------
    BadRequestError, NoTextError
        As for any strategy; or there is no such number of steps.
    """
    if planner.model.id == "local":
        raise BadRequestError(
            "The embedded endpoint has no model that could work with tools.",
            "Name a model, or ask by full or chunks.",
        )
    research = Research(planner, question)
    terms, refusal = _terms(research)
    refusal = web.refusal(question, planner.model) or refusal
    return Sized(
        strategy="research",
        draft=research.draft,
        layout=Layout((), (), coverage(research.draft)),
        limit=terms.answer,
        estimate=_estimate(research, terms, refusal),
        warm_until=None,
        refusal=refusal,
        warnings=planner.warnings(question),
    )


def planned(planner: Planner, question: Question, sized: Sized, reason: str = "") -> Plan:
    """The plan of a question that was sized and may run: its first call stands, the others
    are bounded."""
    research = Research(planner, question)
    terms, refusal = _terms(research)
    if refusal:
        raise refusal
    guess = _estimate(research, terms, None)
    body = planner.body((), terms.step, research.effort)
    return Plan(
        question=question.text,
        strategy="research",
        model=planner.model.id,
        endpoint=planner.base_url,
        documents=question.documents,
        stages=(
            Stage(THINK, (research.dialogue.request(body, terms.step),)),
            Stage(ANSWER, bounds=_bounds(research, terms, guess.cost.ceiling)),
        ),
        estimate=guess,
        coverage=coverage(research.draft),
        price=planner.model.price,
        effort=research.effort,
        reason=reason
        or say("research: reads what it needs, in at most {steps:,} calls", steps=terms.steps),
        max_cost=question.max_cost,
        conversation=question.conversation,
        label=question.label,
        warnings=(*sized.warnings, *planner.first_time(question)),
        caches=bool(planner.model.cache_block),
        cover=research.draft.cover,
    )


def coverage(draft: Draft) -> Coverage:
    """Nothing has been seen yet: every page is not chosen, or cannot be read."""
    left: list[LeftOut] = []
    for n, document in numbered(draft.documents):
        rows = {each.reason: set(each.pages) for each in unread(draft, n, document)}
        rows.setdefault("not_chosen", set()).update(readable(draft, n, document))
        left += [
            LeftOut(f"D{n}", tuple(sorted(pages)), why) for why, pages in rows.items() if pages
        ]
    return Coverage(sum(len(each.pages) for each in draft.documents), 0, tuple(left))


def terms_of(plan: Plan) -> Terms:
    """The limits of a planned run."""
    bounds = plan.stages[1].bounds
    assert bounds is not None, "research is bounded"
    (prompt, step), (_, answer) = bounds.calls
    return Terms(bounds.max_calls, prompt, step, answer, bounds.searches)


def _bounds(research: Research, terms: Terms, ceiling: Decimal | None) -> Bounds:
    prompts = _prompts(research, terms)
    return Bounds(
        max_calls=terms.steps,
        max_prompt_tokens=sum(prompts),
        max_completion_tokens=(terms.steps - 1) * terms.step + terms.answer,
        ceiling=ceiling,
        calls=((terms.prompt, terms.step), (terms.prompt, terms.answer)),
        reach=research.reach,
        searches=research.searches,
    )


def _prompts(research: Research, terms: Terms) -> list[int]:
    """The longest prompt of each call."""
    if terms.searches:  # nobody knows how much a search finds
        return [terms.prompt] * terms.steps
    first = research.dialogue.tokens
    return [min(first + at * terms.grows, terms.prompt) for at in range(terms.steps)]


def _steps(question: Question) -> int:
    steps = USUAL_STEPS if question.max_steps is None else question.max_steps
    if type(steps) is not int or not 2 <= steps <= MOST_STEPS:
        raise BadRequestError(
            say("Research cannot have {steps} steps.", steps=repr(steps)),
            say("Choose 2 to {most_steps}.", most_steps=MOST_STEPS),
        )
    return steps


# Limits -----------------------------------------------------------------------------------------


def _terms(research: Research) -> tuple[Terms, RefusedError | None]:
    """The widest limits that the window and the caps leave; else the narrowest, and why not."""
    planner, question = research.planner, research.question
    refusal: RefusedError | None = None
    for step, answer in LIMITS:
        terms = _with_limits(research, step, answer)
        needs = research.dialogue.tokens + terms.grows
        if needs > terms.prompt:
            refusal = ContextWindowError(
                say(
                    "Research needs {needs:,} prompt tokens to look anything up; {prompt:,} "
                    "are left for a prompt.",
                    needs=needs,
                    prompt=terms.prompt,
                ),
                "Choose a model with a larger context window, or raise the limit.",
            )
            continue
        price = planner.model.price
        least = None if price is None else _least(research, terms, price)
        what = say("That is for one look into the documents and an answer.")
        refusal = refused(planner, question, least, what)
        if not isinstance(refusal, OverCapError):
            return terms, refusal
    return terms, refusal


def _with_limits(research: Research, step: int, answer: int) -> Terms:
    planner, question = research.planner, research.question
    own, asked = planner.model.max_output_tokens, question.max_completion_tokens
    answer = min(answer, own or answer, asked or answer)
    step = min(step, own or step)
    longest = max(step, answer)
    window = planner.model.context_window
    room = planner.room.prompt(question)
    free = None if window is None else _usable(window - longest, planner.margin)
    known = [CONTEXT_TOKENS, *(each for each in (room, free) if each is not None)]
    return Terms(research.steps, max(0, min(known)), step, answer, research.searches)


def _usable(tokens: int, margin: Decimal) -> int:
    return int(tokens / (Decimal("1.005") + margin)) - 2_048


def _least(research: Research, terms: Terms, price: Price) -> Decimal:
    """The ceiling of the shortest run: one step, and an answer from what it brought."""
    first = research.dialogue.tokens
    margin = research.planner.margin
    fees = web.reserved(price, terms.searches)
    step = call_ceiling(price, first, 2, margin, terms.step) + fees
    short = min(terms.answer, estimating.LEAST_COMPLETION)
    return step + fees + call_ceiling(price, first + terms.grows, 14, margin, short)


def call_ceiling(price: Price, prompt: int, messages: int, margin: Decimal, limit: int) -> Decimal:
    """What a call may cost at most."""
    return estimating.ceiling(price, estimating.ceiling_prompt(prompt, messages, margin), limit)


# Estimates --------------------------------------------------------------------------------------


def _estimate(research: Research, terms: Terms, refusal: RefusedError | None) -> Estimate:
    planner = research.planner
    receipts = [
        estimating.Receipt(usage, seconds)
        for usage, seconds in planner.ledger.runs(planner.model.id, "research", research.effort)
    ]
    known = estimating.Experience(receipts)
    prior = [_run(research, terms, at) for at in range(3)]

    def counted(values: list[int], pick: str) -> Range[int]:
        start = Range(*(float(each) for each in values))
        found = known.range(start, lambda receipt: getattr(receipt.usage, pick) or 0)
        return Range(int(found.low), round(found.expected), -int(-found.high // 1))

    prompt = counted([each.prompt_tokens for each in prior], "prompt_tokens")
    cached = counted([each.cached_tokens or 0 for each in prior], "cached_tokens")
    completion = counted([each.completion_tokens for each in prior], "completion_tokens")
    took = [
        estimating.seconds_range(each.prompt_tokens, each.cached_tokens or 0, completion)
        for each in prior
    ]
    seconds = known.range(
        Range(took[0].low, took[1].expected, took[2].high), lambda receipt: receipt.seconds
    )
    usages = [
        Usage(max(at_prompt, at_cached + 1), written, at_cached)
        for at_prompt, at_cached, written in zip(
            *((each.low, each.expected, each.high) for each in (prompt, cached, completion)),
            strict=True,
        )
    ]
    return Estimate(
        prompt_tokens=usages[1].prompt_tokens,
        cached_tokens=usages[1].cached_tokens or 0,
        completion_tokens=completion,
        seconds=Range(*(round(each, 1) for each in (seconds.low, seconds.expected, seconds.high))),
        cost=_cost(research, terms, usages, refusal),
        margin=planner.margin,
    )


def _run(research: Research, terms: Terms, at: int) -> Usage:
    """A run as it may go: short, as expected, or long."""
    model, first = research.planner.model, research.dialogue.tokens
    calls, adds = _PRIOR[at]
    calls = min(calls, terms.steps)
    adds += terms.searches * at // 2 * web.USUAL_TOKENS // calls
    prompts = [min(first + each * adds, terms.prompt) for each in range(calls)]
    block = model.cache_block
    cached = sum(each // block * block for each in prompts[:-1]) if block else 0
    usual = estimating.completion_range(model, research.effort, terms.answer)
    said = (usual.low, usual.expected, usual.high)[at]
    return Usage(sum(prompts), said + (calls - 1) * (said // 3), cached)


def _cost(
    research: Research, terms: Terms, usages: list[Usage], refusal: RefusedError | None
) -> CostRange:
    planner, question = research.planner, research.question
    price = planner.model.price
    if price is None:
        return UNPRICED
    # Tiers go by the prompt of one call, not by that of all.
    flat = replace(price.at(terms.prompt), tiers=())
    longest = [
        call_ceiling(price, prompt, 2 + 3 * at, planner.margin, terms.step)
        for at, prompt in enumerate(_prompts(research, terms))
    ]
    most = sum(longest, Decimal(0)) + call_ceiling(
        price, terms.prompt, 2, planner.margin, terms.answer
    )
    most += terms.searches * (price.web_search or 0) + 2 * web.reserved(price, terms.searches)
    left = planner.ledger.headroom(
        price.currency, planner.budget, question.max_cost, scope=question.scope
    )
    least = _least(research, terms, price)
    ceiling = most if left is None else min(most, left)
    ceiling = max(ceiling, least) if refusal else ceiling
    low, expected, high = (
        min(cost(_written(each, planner), flat) + web.expected(price, terms.searches, at), ceiling)
        for at, each in enumerate(usages)
    )
    cold = cost(_written(replace(usages[1], cached_tokens=0), planner), flat)
    return CostRange(
        low,
        expected,
        high,
        ceiling=ceiling,
        cold=min(cold, ceiling),
        currency=price.currency,
        price_basis=price.basis,
        price_date=price.checked,
    )


def _written(usage: Usage, planner: Planner) -> Usage:
    """With what is written to the provider's cache: all that is not read from it."""
    if not planner.model.cache_block:
        return usage
    return replace(usage, cache_write_tokens=usage.prompt_tokens - (usage.cached_tokens or 0))

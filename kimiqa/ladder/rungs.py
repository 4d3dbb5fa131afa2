"""The rungs of a ladder, each priced under what the calls before it leave of the caps."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal

from kimiqa import estimating
from kimiqa.errors import ContextWindowError, OverLimitError, RefusedError
from kimiqa.plan import Estimate, Strategy
from kimiqa.planner import Planner, Question, Sized
from kimiqa.rewriting import Rewriting
from kimiqa.strategies import chunks
from kimiqa.strategies.layout import Draft, Layout
from kimiqa.strategies.prefixes import Part

ANSWER = "answer"
"""The one rung of a question that is only rewritten."""

FIRST, MORE, FULL = "first", "more", "full"

MORE_TIMES = 3
"""So many times the evidence of the first rung is sent by the next."""
ENOUGH_MORE = Decimal("1.3")
"""A prompt that is not so many times the one before is no rung of its own."""
NEARLY_ALL = Decimal("0.6")
"""Where more chunks would hold this share of everything, everything is asked at once."""

_PAGE_TAGS = 16
"""Tokens of the tags round a page."""


def strategy_of(rung: str) -> Strategy:
    """How a rung lays its prompt out."""
    return "full" if rung == FULL else "chunks"


@dataclass(frozen=True, slots=True)
class Rung:
    """One call that may answer."""

    name: str
    draft: Draft
    most: int
    """The most prompt tokens that it may send."""
    limit: int
    estimate: Estimate
    refusal: RefusedError | None
    known: bool
    """Whether its request stands beforehand."""
    share: Decimal = Decimal(1)
    """How likely it is to be asked."""
    warnings: tuple[str, ...] = ()


@dataclass(slots=True)
class Rungs:
    """The rungs of one question, in their order."""

    planner: Planner
    question: Question
    plain: Sized
    spent: Decimal = field(default=Decimal(0))
    """The ceilings of all calls so far."""
    rewritten: bool = False
    """Whether chunks are chosen by searches that are not known yet."""
    whole: Sized | None = None
    """Everything in one prompt, where one holds it."""

    def __post_init__(self) -> None:
        if not self.question.climb:
            return
        whole, reads = self.planner.size(self.question, "full"), self.planner.reads
        too_large = isinstance(whole.refusal, ContextWindowError | OverLimitError)
        if not too_large and (reads is None or whole.layout.prompt_tokens <= reads):
            self.whole = whole

    def first(self, rewriting: Rewriting | None) -> Rung:
        """What is asked first: the chunks that were chosen, or those that will be."""
        self.rewritten = rewriting is not None
        self.spent = rewriting.estimate.cost.ceiling or Decimal(0) if rewriting else Decimal(0)
        name = FIRST if self.question.climb else ANSWER
        return self._rung(name, self.plain, known=not self.rewritten)

    def more(self) -> Rung | None:
        """The same with several times the evidence; None where that is hardly more, or so much
        that everything can be asked instead."""
        plain, budget = self.plain, chunks.budget_of(self.plain.draft)
        if budget is None:
            return None
        evidence = MORE_TIMES * budget
        if self.whole is not None and evidence >= NEARLY_ALL * chunks.everything(plain.draft):
            return None
        draft = replace(plain.draft, evidence=evidence)
        layout = chunks.count(draft)
        if layout.prompt_tokens < ENOUGH_MORE * plain.layout.prompt_tokens:
            return None
        return self._rung(MORE, replace(plain, draft=draft, layout=layout), known=False)

    def full(self) -> Rung | None:
        """Everything; None where that fits no prompt."""
        return None if self.whole is None else self._rung(FULL, self.whole, known=False)

    def take_back(self, rung: Rung) -> None:
        """Count a rung out again that is not planned."""
        self.spent -= rung.estimate.cost.ceiling or Decimal(0)

    def _rung(self, name: str, plain: Sized, *, known: bool) -> Rung:
        open_ = self.rewritten and plain.strategy == "chunks"
        most = _most(plain.draft, plain.layout) if open_ else plain.layout.prompt_tokens
        widest = self.planner.resize(self._left(), replace(plain, layout=_filled(plain, most)))
        cached = self._warm_before(plain.layout) if open_ else widest.estimate.cached_tokens
        guess = self._guess(name, plain, widest, cached)
        self.spent += guess.cost.ceiling or Decimal(0)
        return Rung(
            name,
            plain.draft,
            most,
            widest.limit,
            guess,
            widest.refusal,
            known,
            warnings=widest.warnings,
        )

    def _warm_before(self, layout: Layout) -> int:
        """What is warm of what stands before evidence that is not chosen yet."""
        before = replace(layout, parts=layout.parts[:-1])
        return self.planner.warm(before, before.segments, self.question)[0]

    def _left(self) -> Question:
        """The question, with what is left for its next call as its cap."""
        planner, question, price = self.planner, self.question, self.planner.model.price
        if price is None or not self.spent:
            return question
        left = planner.ledger.headroom(
            price.currency, planner.budget, question.max_cost, scope=question.scope
        )
        return question if left is None else replace(question, max_cost=left - self.spent)

    def _guess(self, name: str, plain: Sized, widest: Sized, cached: int) -> Estimate:
        """The estimate at the size that is expected, with the ceiling of the widest."""
        planner, effort = self.planner, self.planner.effort_for(self.question)
        guess = estimating.estimate(
            planner.model,
            effort,
            prompt_tokens=plain.layout.prompt_tokens,
            cached_tokens=cached,
            messages=len(plain.layout.parts),
            limit=widest.limit,
            margin=widest.estimate.margin,
            known=planner.experience(f"chunks:{name}", effort),
        )
        ceiling = widest.estimate.cost.ceiling
        return replace(guess, cost=replace(guess.cost, ceiling=ceiling))


def _filled(plain: Sized, most: int) -> Layout:
    """The layout with as many tokens as there may be at most: for limits, not to be sent."""
    layout = plain.layout
    *before, last = layout.parts
    more = most - layout.prompt_tokens
    return replace(layout, parts=(*before, (*last, Part(more)))) if more > 0 else layout


def _most(draft: Draft, layout: Layout) -> int:
    """The most prompt tokens of chunks, whichever are chosen: what is sent anyway, and so much
    evidence with its tags. What would be more is left out when they are."""
    fixed = chunks.count(replace(draft, evidence=0)).prompt_tokens
    pages = sum(len(each.pages) for each in draft.documents)
    everything = chunks.everything(draft) + _PAGE_TAGS * pages
    budget = chunks.budget_of(draft)
    evidence = everything if budget is None else min(budget, everything)
    most = fixed + evidence + evidence // 16 + 4 * _PAGE_TAGS * len(draft.documents)
    room = most if draft.room is None else min(most, draft.room)
    return max(room, layout.prompt_tokens)

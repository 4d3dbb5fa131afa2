"""What a question would cost of each of many documents, asked of each by itself.

Priced by their sizes alone: of a thousand documents nobody waits for the choice of chunks in
each. `chunks` therefore stands for the most evidence that it sends, or the whole document
where that is less. No cache is counted on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from kimiqa import estimating
from kimiqa.document import Document
from kimiqa.errors import RefusedError
from kimiqa.money import CostRange, Range
from kimiqa.plan import Estimate, Strategy
from kimiqa.planner import Planner, block_tokens
from kimiqa.plurals import counted
from kimiqa.question import Question
from kimiqa.saying import say
from kimiqa.strategies.evidence import MOST_TOKENS

_REMEMBERED = 64

WAYS: tuple[Strategy, ...] = ("full", "chunks")


@dataclass(frozen=True, slots=True)
class Priced:
    """One document's price on one way."""

    strategy: Strategy
    estimate: Estimate
    refusal: RefusedError | None


class Pricer:
    """Prices one question for document after document."""

    def __init__(self, planner: Planner, question: str, **options: Any) -> None:
        small = Document.from_pages(["a"], name="a")
        self.model = planner.model
        self._planner = planner
        self._asked = Question(question, (small,), **options)
        self._small = planner.size(self._asked, "full")
        alone = self._small.layout.prompt_tokens
        self._round = alone - block_tokens(small, planner.model)
        self._effort = planner.effort_for(self._asked)
        self._known = {way: planner.experience(way, self._effort) for way in WAYS}
        self._alike = self._known[WAYS[0]] == self._known[WAYS[1]]
        self._room = planner.room.still()
        self._sized = lru_cache(_REMEMBERED)(self._size)

    def tokens(self, document: Document) -> int:
        """The tokens of a document's block as it would be sent alone."""
        return block_tokens(document, self.model)

    def prices(self, tokens: int) -> list[Priced]:
        """A document of so many tokens, on every way."""
        return [self._priced(way, self._prompt(way, tokens)) for way in WAYS]

    def _prompt(self, way: Strategy, tokens: int) -> int:
        if way == "full":
            return self._round + tokens
        return self._round + min(tokens, self._most_evidence)

    @property
    def _most_evidence(self) -> int:
        named = self._asked.max_prompt_tokens
        return MOST_TOKENS if named is None else max(0, named - self._round)

    def _priced(self, way: Strategy, prompt: int) -> Priced:
        return Priced(way, *self._sized(prompt, WAYS[0] if self._alike else way))

    def _size(self, prompt: int, way: Strategy) -> tuple[Estimate, RefusedError | None]:
        """A prompt's price. Of a small document the same prompt goes on every way, and of large
        ones the same evidence: what was found is then found again."""
        planner, asked = self._planner, self._asked
        layout: Any = _Size(prompt, self._small.layout)
        limit, refusal = self._room.completion(asked, layout)
        guess = estimating.estimate(
            self.model,
            self._effort,
            prompt_tokens=prompt,
            cached_tokens=0,
            messages=len(layout.parts),
            limit=limit,
            margin=planner.margin,
            known=self._known[way],
        )
        return guess, refusal


class _Size:
    """A layout of which no more is known than its size."""

    def __init__(self, prompt_tokens: int, small: Any) -> None:
        self.prompt_tokens = prompt_tokens
        self.parts, self.coverage = small.parts, small.coverage


@dataclass(slots=True)
class Total:
    """What all documents together would cost on one way. Those that cannot go are counted."""

    strategy: Strategy
    model: str
    documents: int = 0
    fit: int = 0
    estimate: Estimate | None = None
    refusals: dict[str, int] = field(default_factory=dict)

    def add(self, priced: Priced) -> None:
        """One more document."""
        self.documents += 1
        if priced.refusal is not None:
            code = priced.refusal.code
            self.refusals[code] = self.refusals.get(code, 0) + 1
            return
        self.fit += 1
        held = self.estimate
        self.estimate = priced.estimate if held is None else _sum(held, priced.estimate)

    @property
    def reason(self) -> str | None:
        """Why not all of them can go."""
        if not self.refusals:
            return None
        codes = ", ".join(f"{count:,} × {code}" for code, count in self.refusals.items())
        return say(
            "{fit:,} of {documents} fit ({codes})",
            fit=self.fit,
            documents=counted(self.documents, "document"),
            codes=codes,
        )

    def to_json(self) -> dict[str, Any]:
        """The same keys as one question's way has, and how many documents are in it."""
        counted = {"documents": self.documents, "documents_that_fit": self.fit}
        row = {"strategy": self.strategy, "model": self.model, "fits": self.fit > 0}
        guess = self.estimate.to_json() if self.estimate else {}
        return row | {"reason": self.reason} | guess | counted


def totals(model: str) -> dict[Strategy, Total]:
    """A total for each way, empty yet."""
    return {way: Total(way, model) for way in WAYS}


def _sum(a: Estimate, b: Estimate) -> Estimate:
    return replace(
        a,
        prompt_tokens=a.prompt_tokens + b.prompt_tokens,
        cached_tokens=a.cached_tokens + b.cached_tokens,
        completion_tokens=_ranges(a.completion_tokens, b.completion_tokens),
        seconds=_ranges(a.seconds, b.seconds),
        cost=_costs(a.cost, b.cost),
    )


def _ranges(a: Range[Any], b: Range[Any]) -> Range[Any]:
    return Range(a.low + b.low, a.expected + b.expected, a.high + b.high)


def _costs(a: CostRange, b: CostRange) -> CostRange:
    names = ("low", "expected", "high", "ceiling", "cold")
    return replace(a, **{name: _both((getattr(a, name), getattr(b, name))) for name in names})


def _both(amounts: Iterable[Any]) -> Any:
    """A sum of money; not known where one of the amounts is not."""
    held = list(amounts)
    return None if any(each is None for each in held) else sum(held)

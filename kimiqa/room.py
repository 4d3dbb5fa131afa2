"""The room a question has: in the window, under the account's limits and under the caps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from kimiqa import estimating
from kimiqa.errors import OverCapError, RefusedError
from kimiqa.estimating import DEFAULT_COMPLETION, LEAST_COMPLETION
from kimiqa.figures import at_least, exact
from kimiqa.ledger import Budget
from kimiqa.models import Model
from kimiqa.money import Price
from kimiqa.question import Question
from kimiqa.refusals import no_room, over_account, over_limit, over_window, sizes, unpriced, whose
from kimiqa.saying import Said, joined, say
from kimiqa.settings import Limits
from kimiqa.strategies.layout import Layout

if TYPE_CHECKING:
    from kimiqa.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Room:
    """What a model, an account and its caps leave for prompts and answers."""

    model: Model
    ledger: Ledger
    budget: Budget
    limits: Limits
    margin: Decimal
    """The share by which a count of tokens may be off."""
    allow_unpriced: bool = False
    _lefts: dict[tuple[str, Decimal | None], Decimal | None] | None = None
    """What the caps were found to leave, where they are looked at once."""

    def still(self) -> Room:
        """The same for who prices many documents and asks none meanwhile: the caps are looked at
        once. Whoever asks reserves, and is held to them as they are then."""
        return replace(self, _lefts={})

    def prompt(self, question: Question) -> int | None:
        """How many prompt tokens there may be, an answer of the least length left free."""
        window = self.model.context_window
        free = None if window is None else window - self.least(question)
        if free is not None:
            free = int(free / (Decimal("1.005") + self.margin)) - 1_024
        admitted = self._admitted
        if admitted is not None:
            admitted = int((admitted - self.least(question)) / (Decimal("1.005") + self.margin))
            admitted = max(0, admitted - 1_024)
        known = (free, admitted, question.max_prompt_tokens)
        limits = [each for each in known if each is not None]
        return min(limits) if limits else None

    def completion(self, question: Question, layout: Layout) -> tuple[int, RefusedError | None]:
        """The most completion tokens, and what forbids the question if anything does."""
        wanted, least = self._wanted(question), min(self.least(question), self._wanted(question))
        prompt = layout.prompt_tokens
        most = estimating.ceiling_prompt(prompt, len(layout.parts), self.margin)
        window = self.model.context_window
        if question.max_prompt_tokens is not None and prompt > question.max_prompt_tokens:
            return wanted, over_limit(prompt, question.max_prompt_tokens)
        if window is not None and prompt + least > window:
            return wanted, over_window(self.model.id, prompt, window, least)
        if not layout.coverage.sent:
            return wanted, no_room(prompt, self.prompt(question))
        if window is not None:
            wanted = max(least, min(wanted, window - most))
        admitted = self._admitted
        if admitted is not None and prompt + least > admitted:
            return wanted, over_account(self.limits, prompt, least)
        if admitted is not None:
            wanted = max(least, min(wanted, admitted - most))
        if self.model.price is None:
            return wanted, None if self.allow_unpriced else unpriced(self.model.id)
        return self._under_caps(question, self.model.price, prompt, most, wanted, least)

    def _under_caps(
        self, question: Question, price: Price, prompt: int, most: int, wanted: int, least: int
    ) -> tuple[int, RefusedError | None]:
        """The completion tokens that the tightest cap leaves, at least `least`."""
        left = self._left(question, price.currency)
        if left is None:
            return wanted, None
        affordable = estimating.affordable_completion(left, price, most)
        if affordable >= least:
            return min(wanted, affordable), None
        needs = estimating.ceiling(price, most, least)
        breach = self.ledger.breach(
            needs, price.currency, self.budget, question.max_cost, scope=question.scope
        )
        if breach is None:
            return least, None
        error = breach.error()
        return least, OverCapError(
            joined([error.message, sizes(prompt, least)]),
            error.hint,
        )

    def _left(self, question: Question, currency: str) -> Decimal | None:
        """What the tightest cap leaves for a question."""
        key = (currency, question.max_cost)
        if self._lefts is not None and key in self._lefts:
            return self._lefts[key]
        left = self.ledger.headroom(currency, self.budget, question.max_cost, scope=question.scope)
        if self._lefts is not None:
            self._lefts[key] = left
        return left

    def lowered(self, question: Question, layout: Layout, limit: int) -> Said:
        """That an answer may be shorter than it might be otherwise, and what leaves no more;
        empty where nothing was lowered."""
        wanted = self._wanted(question)
        if limit >= wanted:
            return Said("")
        most = estimating.ceiling_prompt(layout.prompt_tokens, len(layout.parts), self.margin)
        return say(
            "The answer may have {limit:,} completion tokens at most, reasoning included, instead "
            "of {wanted:,}: {why}.",
            limit=limit,
            wanted=wanted,
            why=self._tightest(question, most, limit),
        )

    def _tightest(self, question: Question, prompt: int, limit: int) -> Said:
        """What leaves room for no longer an answer, with its numbers."""
        window, known = self.model.context_window, self.limits.request_tokens
        if window is not None and limit >= window - prompt:
            return say(
                "{model} holds {window:,} tokens, prompt and answer together",
                model=self.model.id,
                window=window,
            )
        if known is not None and limit >= known[0] - prompt:
            return say(
                "{whose} admits {most:,} tokens {span}, prompt and answer together",
                whose=whose(self.limits),
                most=known[0],
                span=known[1],
            )
        price = self.model.price
        assert price is not None, "what else lowers the limit is a cap, which binds a price"
        left = self._left(question, price.currency)
        assert left is not None, "such a cap leaves an amount"
        money = exact(at_least(left), price.currency)
        return say(
            "the tightest cap leaves {money}, and the ceiling has to stay under it", money=money
        )

    @property
    def _admitted(self) -> int | None:
        """The most tokens, prompt and answer together, that the account may ask for at once."""
        most = self.limits.request_tokens
        return None if most is None else most[0]

    def least(self, question: Question) -> int:
        return min(question.max_completion_tokens or LEAST_COMPLETION, LEAST_COMPLETION)

    def _wanted(self, question: Question) -> int:
        wanted = question.max_completion_tokens or DEFAULT_COMPLETION
        return min(wanted, self.model.max_output_tokens or wanted)

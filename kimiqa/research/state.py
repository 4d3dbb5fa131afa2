"""What a research has said, seen and paid so far, and what its limits still leave."""

from __future__ import annotations

import time
from collections import Counter as Tally
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from kimiqa import estimating
from kimiqa.desk import Desk
from kimiqa.plan import Answer, Plan, Request
from kimiqa.research import web
from kimiqa.research.candidates import Candidate
from kimiqa.research.dialogue import Dialogue
from kimiqa.research.planning import Terms, call_ceiling, terms_of
from kimiqa.research.tools import Toolbox
from kimiqa.saying import Said, say

AT_ONCE = 8
"""How many tools one reply may call; further ones are told so."""

_LEAST_STEP = 2_048
LEAST_ANSWER = 128
"""With fewer completion tokens than these no last call is made."""


@dataclass(slots=True)
class Run:
    """What a research has said, seen and paid so far."""

    plan: Plan
    desk: Desk
    terms: Terms
    dialogue: Dialogue
    box: Toolbox
    base: dict[str, Any]
    answers: list[Answer] = field(default_factory=list)
    charged: Decimal = Decimal(0)
    best: Candidate | None = None
    why: str = ""
    """Why it had to answer before it wanted to."""
    failed: bool = False
    """Whether its last call failed and may be billed."""
    corrected: bool = False
    nudged: bool = False
    streamed: bool = False
    """The answer was passed on as it came."""
    used: Tally[str] = field(default_factory=Tally)
    searched: int = 0
    """How many web searches were called for: all of them are paid."""
    started: float = field(default_factory=time.monotonic)

    @classmethod
    def of(cls, plan: Plan, desk: Desk) -> Run:
        (first,) = plan.stages[0].requests
        bounds = plan.stages[1].bounds
        assert bounds is not None, "research is bounded"
        template = desk.ledger.template(desk.host, plan.model)
        base = first.body
        dialogue = Dialogue(
            desk.counter,
            template,
            "tools" not in base,
            first.messages,
            first.prompt_tokens,
            bounds.searches,
        )
        box = Toolbox(plan.documents, bounds.reach, desk.counter, plan.cover)
        return cls(plan, desk, terms_of(plan), dialogue, box, base)

    # Limits

    @property
    def left(self) -> Decimal | None:
        """What is left of the ceiling; None where there is no price."""
        ceiling = self.plan.estimate.cost.ceiling
        return None if ceiling is None else ceiling - self.charged

    def step_limit(self) -> int:
        """The completion tokens of another step, after which an answer can still be paid; 0
        where there can be none."""
        limit = self.terms.step
        while not self._affords(limit):
            if limit <= _LEAST_STEP:
                return 0
            limit = max(_LEAST_STEP, limit // 2)
        return limit

    def _affords(self, limit: int) -> bool:
        if self.left is None or self.plan.price is None:
            return True
        return self._ceiling(0, 0, limit) + self._short_answer(self.terms.grows) <= self.left

    def _short_answer(self, more: int) -> Decimal:
        """What a short answer may cost at most behind so many tokens more."""
        short = min(self.terms.answer, estimating.LEAST_COMPLETION)
        return self._ceiling(more, AT_ONCE + 4, short)

    def _ceiling(self, more: int, messages: int, limit: int) -> Decimal:
        """What a call may cost at most, its web searches with it."""
        assert self.plan.price is not None, "asked only where there is a price"
        return self.fees + call_ceiling(
            self.plan.price,
            self.dialogue.tokens + more,
            len(self.dialogue.messages) + messages,
            self.plan.estimate.margin,
            limit,
        )

    @property
    def fees(self) -> Decimal:
        """What the web searches of one call may cost at most."""
        price = self.plan.price
        return Decimal(0) if price is None else web.reserved(price, self.terms.searches)

    def holds(self, tokens: int) -> bool:
        """Whether so many tokens more leave room, and money, for another step and an answer."""
        if self.dialogue.tokens + tokens + self.terms.grows > self.terms.prompt:
            return False
        if self.left is None:
            return True
        return self._short_answer(tokens + self.terms.grows) <= self.left

    def must_end(self) -> Said:
        """Why the next call has to be the answer; empty where it need not."""
        if len(self.answers) >= self.terms.steps - 1:
            return say("All {steps:,} steps but this one are used.", steps=self.terms.steps)
        if self.dialogue.tokens + self.terms.grows > self.terms.prompt:
            return say("The room for what can be read is used up.")
        if not self.step_limit():
            return say("The budget of this question is used up but for an answer.")
        if self.answers and is_cut(self.answers[-1]):
            return say("The last reply was cut off at its limit.")
        return Said("")

    def answer_limit(self) -> int:
        """The completion tokens that are left for the answer."""
        if self.left is None or self.plan.price is None:
            return self.terms.answer
        prompt = estimating.ceiling_prompt(
            self.dialogue.tokens, len(self.dialogue.messages), self.plan.estimate.margin
        )
        return min(
            self.terms.answer,
            estimating.affordable_completion(self.left - self.fees, self.plan.price, prompt),
        )

    def charge(self, answer: Answer, request: Request) -> None:
        """Take off what a call weighs: its cost, or its ceiling where that may be too low."""
        self.answers.append(answer)
        if answer.cost.amount is not None and not answer.uncertain:
            self.charged += answer.cost.amount
        elif self.plan.price is not None and answer.plan is not None:
            self.charged += answer.plan.estimate.cost.ceiling or Decimal(0)
        if answer.usage is not None:
            # The endpoint knows its template better than we do, and bills by its own count:
            # only what is added from here on is ours, so that nothing sums up over many calls.
            self.dialogue.tokens += answer.usage.prompt_tokens - request.prompt_tokens


def is_cut(answer: Answer) -> bool:
    """Whether a reply ended before it had said anything, or in the middle."""
    ended = answer.finish_reason == "length" or not answer.text.strip()
    return ended and not answer.calls

"""After an answer: which of its pages it rests on, and what the other ways would have cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kimiqa.breakeven import Asking
from kimiqa.errors import RefusedError
from kimiqa.money import Cost, plain
from kimiqa.plan import Answer, Citation, Coverage
from kimiqa.planner import STRATEGIES, Planner, Question, Sized
from kimiqa.saying import Said, joined, say, say_of

_RESTS_ON = ("verified", "moved", "supported")
_CALLED = {"full": say("the whole document"), "chunks": say("chunks")}

Places = frozenset[tuple[str, int]]
"""Pages, each as the document's number in the prompt and its own."""


@dataclass(frozen=True, slots=True)
class Other:
    """A way that was not taken, at the length of the answer that came."""

    strategy: str
    cost: Cost
    """Asked cold: with nothing of it in the provider's cache."""
    pages: int
    held: int
    """How many of the pages that the answer rests on it would have sent."""

    def to_json(self) -> dict[str, Any]:
        return {
            "strategy": self.strategy,
            "cost": {"amount": plain(self.cost.amount), "currency": self.cost.currency},
            "pages": self.pages,
            "held": self.held,
        }


@dataclass(frozen=True, slots=True)
class Hindsight:
    """What an answer rests on, of what it read, and the ways that were not taken."""

    used: int
    """Pages on which a citation was verified, moved or supported."""
    sent: int
    others: tuple[Other, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "used": self.used,
            "sent": self.sent,
            "others": [each.to_json() for each in self.others],
        }


@dataclass(frozen=True, slots=True)
class Past:
    """What is known of an answer that was given."""

    strategy: str
    citations: Sequence[Citation]
    sent: int
    completion_tokens: int | None
    """None: not known, so that no other way can be priced."""


def looking_back(planner: Planner, answer: Answer) -> Hindsight:
    """The hindsight of an answer whose plan is at hand; `planner` is that of its model."""
    used = answer.usage.completion_tokens if answer.usage else None
    past = Past(answer.strategy, answer.citations, answer.coverage.sent, used)
    plan = answer.plan
    if plan is None:
        return hindsight(planner, None, past)
    return hindsight(planner, Question(plan.question, plan.documents), past)


def hindsight(planner: Planner, asked: Question | None, past: Past) -> Hindsight:
    """What the answer used, and every other way to have asked the same, priced.

    Without the question or the length of its answer there is nothing to price.
    """
    rests_on = pages_used(past.citations)
    others: tuple[Other, ...] = ()
    if asked is not None and past.completion_tokens is not None:
        ways = [name for name in STRATEGIES if name != past.strategy]
        found = (_other(planner, asked, name, past.completion_tokens, rests_on) for name in ways)
        others = tuple(each for each in found if each is not None)
    return Hindsight(len(rests_on), past.sent, others)


def pages_used(citations: Sequence[Citation]) -> Places:
    """The pages that the citations were found on."""
    found = ((each.document, each.found_page) for each in citations if each.status in _RESTS_ON)
    return frozenset((document, page) for document, page in found if page is not None)


def _other(
    planner: Planner, asked: Question, name: str, completion: int, rests_on: Places
) -> Other | None:
    try:
        sized = planner.size(asked, name)  # type: ignore[arg-type]
    except RefusedError:
        return None
    price, prompt = planner.model.price, sized.estimate.prompt_tokens
    window = planner.model.context_window
    if price is None or (window is not None and prompt + completion > window):
        return None
    writes = bool(planner.model.cache_block)
    amount = Asking(prompt, 0, completion, writes=writes).cost(price, warm=False)
    held = rests_on - _missed(sized.layout.coverage)
    return Other(name, Cost(amount, price.currency), _sent(sized), len(held))


def _sent(sized: Sized) -> int:
    return sized.layout.coverage.sent


def _missed(coverage: Coverage) -> Places:
    return frozenset((left.document, page) for left in coverage.left_out for page in left.pages)


def in_words(found: Hindsight, amounts: Mapping[str, str]) -> Said:
    """The hindsight as a sentence; `amounts` holds each other way's cost as it is shown.

    >>> chunks = Other("chunks", Cost(None, "USD"), 14, 3)
    >>> in_words(Hindsight(3, 212, (chunks,)), {"chunks": "$0.03"})
    'Used 3 of 212 pages; chunks would have cost $0.03, with the same pages.'
    """
    ways = [_way(each, found.used, amounts[each.strategy]) for each in found.others]
    used = say_of(
        found.sent,
        "Used {used:,} of {number:,} page",
        "Used {used:,} of {number:,} pages",
        used=found.used,
    )
    return say("{parts}.", parts=joined([used, *ways], "; "))


def _way(other: Other, used: int, amount: str) -> Said:
    called = _CALLED.get(other.strategy, other.strategy)
    if not used:
        return say("{way} would have cost {amount}", way=called, amount=amount)
    if other.held < used:
        return say(
            "{way} would have cost {amount}, with {held:,} of them",
            way=called,
            amount=amount,
            held=other.held,
        )
    return say_of(
        used,
        "{way} would have cost {amount}, with the same page",
        "{way} would have cost {amount}, with the same pages",
        way=called,
        amount=amount,
    )

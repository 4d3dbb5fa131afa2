"""What speaks for a way or against all of them, in words and with its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from kimiqa.errors import RefusedError
from kimiqa.following import asking
from kimiqa.money import plain
from kimiqa.plan import Estimate
from kimiqa.planner import Question, Sized
from kimiqa.plurals import counted

WORTH_IT = Decimal("1.25")
"""How many times the price of chunks the whole document may cost and still be chosen."""


def all_pages(sized: Sized) -> str:
    """What is sent, where all of it is."""
    pages = sized.layout.coverage.sent
    return "the only page" if pages == 1 else f"all {pages:,} pages"


def of_several(full: Sized, chunks: Sized, question: Question) -> str:
    """Why everything, where several questions are expected and it is worth its price over all of
    them: the first reads it, the others find it in the provider's cache. Empty where it is not."""
    model, others = full.draft.model, question.expected_questions - 1
    price = model.price
    if not others or price is None:
        return ""
    whole, part = (
        (each.estimate.cost.expected or Decimal(0))
        + others * asking(model, each).cost(price, warm=True)
        for each in (full, chunks)
    )
    if whole > part * WORTH_IT:
        return ""
    costs = f"{amount(whole, price.currency)}, by chunks {amount(part, price.currency)}"
    return (
        f"full: {question.expected_questions:,} questions cost about {costs}, for the whole stays "
        "in the cache from the first on"
    )


def not_whole(seen: Mapping[str, Sized]) -> RefusedError:
    """Why nothing that reads everything can run; that a part can is said, and not gone."""
    nearest = seen.get("swarm", seen["full"])
    refusal, part = nearest.refusal, seen["chunks"]
    assert refusal is not None, "asked where neither can run"
    hint = "Raise the cap, or choose fewer pages (--pages)."
    if part.refusal is None:
        seen_of = f"{part.layout.coverage.sent:,} of {counted(part.layout.coverage.pages, 'page')}"
        hint += (
            f" Chunks fit (about {money(part.estimate)}) but would see {seen_of}: "
            "name them to ask all the same (--strategy chunks)."
        )
    return type(refusal)(f"The question asks for the whole document. {refusal.message}", hint)


def money(estimate: Estimate) -> str:
    """What is expected, as it is told."""
    cost = estimate.cost
    return (
        "an unknown price" if cost.expected is None else amount(cost.expected, cost.currency or "")
    )


def amount(value: Decimal, currency: str) -> str:
    """An amount as it is told: to four decimals."""
    return f"{plain(round(value, 4))} {currency}"

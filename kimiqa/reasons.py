"""What speaks for a way or against all of them, in words and with its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from kimiqa import figures
from kimiqa.errors import RefusedError
from kimiqa.following import asking
from kimiqa.plan import Estimate
from kimiqa.planner import Question, Sized
from kimiqa.plurals import counted
from kimiqa.saying import Said, joined, say, say_of

WORTH_IT = Decimal("1.25")
"""How many times the price of chunks the whole document may cost and still be chosen."""


def all_pages(sized: Sized) -> Said:
    """What is sent, where all of it is."""
    pages = sized.layout.coverage.sent
    return say_of(pages, "the only page", "all {number:,} pages")


def of_several(full: Sized, chunks: Sized, question: Question) -> Said:
    """Why everything, where several questions are expected and it is worth its price over all of
    them: the first reads it, the others find it in the provider's cache. Empty where it is not."""
    model, others = full.draft.model, question.expected_questions - 1
    price = model.price
    if not others or price is None:
        return Said("")
    whole, part = (
        (each.estimate.cost.expected or Decimal(0))
        + others * asking(model, each).cost(price, warm=True)
        for each in (full, chunks)
    )
    if whole > part * WORTH_IT:
        return Said("")
    return say(
        "full: {questions:,} questions cost about {whole}, by chunks {part}, for the whole stays "
        "in the cache from the first on",
        questions=question.expected_questions,
        whole=figures.money(whole, price.currency),
        part=figures.money(part, price.currency),
    )


def not_whole(seen: Mapping[str, Sized]) -> RefusedError:
    """Why nothing that reads everything can run; that a part can is said, and not gone."""
    nearest = seen.get("swarm", seen["full"])
    refusal, part = nearest.refusal, seen["chunks"]
    assert refusal is not None, "asked where neither can run"
    hint = say("Raise the cap, or choose fewer pages (--pages).")
    if part.refusal is None:
        chunks = say(
            "Chunks fit (about {amount}) but would see {sent:,} of {pages}: name them to ask all "
            "the same (--strategy chunks).",
            amount=money(part.estimate),
            sent=part.layout.coverage.sent,
            pages=counted(part.layout.coverage.pages, "page"),
        )
        hint = joined([hint, chunks])
    message = joined([say("The question asks for the whole document."), refusal.message])
    return type(refusal)(message, hint)


def money(estimate: Estimate) -> Said:
    """What is expected, as it is told."""
    cost = estimate.cost
    if cost.expected is None:
        return say("an unknown price")
    return Said(figures.money(cost.expected, cost.currency))

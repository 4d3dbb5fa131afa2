"""Whether a digest would pay: what it costs once, what a question costs then, and from which
question on that is cheaper than the whole document."""

from __future__ import annotations

from decimal import Decimal

from kimiqa.breakeven import Asking
from kimiqa.digest import pricing
from kimiqa.digest.kept import found
from kimiqa.digest.terms import terms_of
from kimiqa.digest.work import LIMITS, Work
from kimiqa.payoff import Once
from kimiqa.planner import Planner, Question, Sized
from kimiqa.strategies.evidence import Material, short_tokens


def offer(planner: Planner, question: Question, sized: Sized | None = None) -> Once | None:
    """What a digest of these documents would cost and save; None where the price is not known.
    A question that was `sized` is not counted again.

    Raises
    ------
    KimiqaError
        There can be none: no text, pages or pictures chosen, no prompt holds a page.
    """
    if planner.model.price is None:
        return None
    work: Work = sized.work if sized else Work(planner, question)
    terms, _ = terms_of(work, answer=False)
    limit = terms.make if terms else LIMITS[-1]
    costs = [each.cost.expected or Decimal(0) for each in pricing.makings(work, limit)]
    return Once(sum(costs, Decimal(0)), _asking(work))


def _asking(work: Work) -> Asking:
    """A question over digests: those are what the next one finds in the provider's cache."""
    model, layout = work.planner.model, work.layout
    coming = sum(pricing.digest_tokens(call) for call in work.calls)
    prompt = layout.prompt_tokens + coming
    rules, digests = layout.parts[0][0], layout.parts[1][0]
    shared = rules.tokens + digests.tokens + coming + 2 * layout.template.per_message
    guess = pricing.answering(work, prompt, 0, LIMITS[0], prompt)
    block = model.cache_block
    warm = shared // block * block if block and shared >= model.cache_min_tokens else 0
    return Asking(prompt, warm, guess.completion_tokens.expected, writes=bool(block))


def worth_listing(planner: Planner, question: Question, whole: int, made_of: Material) -> bool:
    """Whether a digest is a way to think of: of what is short (the `whole` in tokens, and what
    the documents are made of) it would save nothing."""
    if planner.model.id == "local" or question.pages is not None or question.pictures is not None:
        return False
    if found(question.documents, planner):
        return True
    return whole > short_tokens(made_of)


def is_kept(sized: Sized) -> bool:
    """Whether a question that was sized needs no digest to be made first."""
    return bool(sized.layout.parts)

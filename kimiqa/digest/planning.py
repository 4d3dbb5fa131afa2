"""A question over digests, priced: one request where all are kept, else what makes them first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from kimiqa import estimating
from kimiqa.digest import pricing, using
from kimiqa.digest.digests import about
from kimiqa.digest.keeping import Piece
from kimiqa.digest.terms import Terms, terms_of
from kimiqa.digest.work import ANSWER, LIMITS, MAKE, Call, Work
from kimiqa.plan import Bounds, Plan, Request, Stage
from kimiqa.planner import Planner, Question, Sized
from kimiqa.saying import Said, say, say_of
from kimiqa.several import laid_out_anew
from kimiqa.strategies.layout import Layout


def size(planner: Planner, question: Question) -> Sized:
    """Count and price a question over digests.

    Raises
    ------
    BadRequestError, NoTextError, NoPicturesError
        As for any strategy; pages or pictures were chosen, or there is no model.
    """
    work = Work(planner, question)
    if work.complete:
        return _with_notes(planner.sized(question, "digest", work.draft, work.layout), work)
    return _staged(work, answer=True)


def planned(planner: Planner, question: Question, sized: Sized, reason: str = "") -> Plan:
    """The plan of a question that was sized and may run."""
    work: Work = sized.work
    if work.complete:
        return planner.planned(question, sized, reason, layout=sized.layout)
    return _plan(work, sized, reason, answer=True)


def planned_making(planner: Planner, question: Question) -> Plan:
    """The plan that makes the digests that are missing, and asks nothing.

    Raises
    ------
    RefusedError
        It cannot run; with the numbers and the next step.
    """
    work = Work(planner, question)
    sized = _staged(work, answer=False)
    if sized.refusal:
        raise sized.refusal
    return _plan(work, sized, "", answer=False)


# All of them are kept ---------------------------------------------------------------------------


def _with_notes(sized: Sized, work: Work) -> Sized:
    """The same with what has to be known of an answer that rests on an outline."""
    warnings = (*sized.warnings, rests_on(work, sized), *about(work.kept))
    return replace(sized, warnings=warnings, work=work)


def rests_on(work: Work, sized: Sized) -> Said:
    """How much an answer sees as text, and that it knows the rest from an outline."""
    pages = sized.layout.coverage.sent
    as_text = len({(chunk.document, chunk.page) for chunk in sized.layout.chunks})
    made = min(piece.made for held in work.kept.values() for piece in held)
    day = datetime.fromtimestamp(made, UTC).date()
    return say(
        "The answer sees the text of {as_text:,} of {pages:,} pages; of the others it knows what a "
        "digest says, which {model} made on {day} from all of them and which may leave things out.",
        as_text=as_text,
        pages=pages,
        model=work.planner.model.id,
        day=str(day),
    )


# Some are still to be made ----------------------------------------------------------------------


def _staged(work: Work, *, answer: bool) -> Sized:
    terms, refusal = terms_of(work, answer=answer)
    return Sized(
        strategy="digest",
        draft=work.draft,
        layout=Layout((), (), work.coverage),
        limit=(terms.answer or terms.make) if terms else LIMITS[-1],
        estimate=terms.estimate if terms else pricing.nothing(work),
        warm_until=None,
        refusal=refusal,
        warnings=(*work.planner.warnings(work.question), *_about_kept(work)),
        work=work,
    )


def _about_kept(work: Work) -> list[str]:
    kept = sum(map(len, work.kept.values()))
    if not kept or work.complete:
        return []
    return [
        say_of(
            kept,
            "{number} part of the digest is kept from before, and not paid again.",
            "{number:,} parts of the digest are kept from before, and not paid again.",
        )
    ]


def _plan(work: Work, sized: Sized, reason: str, *, answer: bool) -> Plan:
    planner, question = work.planner, work.question
    terms, refusal = terms_of(work, answer=answer)
    if refusal or terms is None:
        raise refusal or RuntimeError("digests without terms are refused")
    return Plan(
        question=question.text,
        strategy="digest",
        model=planner.model.id,
        endpoint=planner.base_url,
        documents=question.documents,
        stages=_stages(work, terms),
        estimate=terms.estimate,
        coverage=work.coverage,
        price=planner.model.price,
        effort=work.effort,
        reason=reason or say("digest: it is made first, kept, and used by later questions"),
        max_cost=question.max_cost,
        conversation=question.conversation,
        label=question.label,
        warnings=(*sized.warnings, *planner.first_time(question)),
        caches=bool(planner.model.cache_block),
        cover=work.draft.cover,
        work=work,
    )


def _stages(work: Work, terms: Terms) -> tuple[Stage, ...]:
    """The calls that make what is missing; then the limits of the answer, where one is wanted."""
    requests = tuple(_request(work, call, terms.make) for call in work.calls)
    kept = tuple(str(piece.made) for held in work.kept.values() for piece in held)
    first = Stage(MAKE, requests, kept=kept)
    if terms.answer is None:
        return (first,)
    price = work.planner.model.price
    most = estimating.ceiling_prompt(terms.most_prompt, 2, work.planner.margin)
    bounds = Bounds(
        max_calls=1,
        max_prompt_tokens=terms.most_prompt,
        max_completion_tokens=terms.answer,
        ceiling=None if price is None else estimating.ceiling(price, most, terms.answer),
        calls=((terms.most_prompt, terms.answer),),
    )
    return first, Stage(ANSWER, bounds=bounds)


def _request(work: Work, call: Call, limit: int) -> Request:
    def body() -> dict[str, Any]:
        return work.planner.body(call.messages(), limit, work.effort)

    return laid_out_anew(
        body,
        call.layout,
        limit,
        segments=call.segments,
        own_tokens=call.layout.own_tokens,
        about=call.about,
    )


def answer_request(plan: Plan, pieces: dict[int, list[Piece]]) -> tuple[Request, Layout]:
    """The request that answers, now that the digests are there: within the plan's bounds."""
    work: Work = plan.work
    bounds = plan.stages[-1].bounds
    assert bounds is not None, "an answer that waits for digests is bounded"
    draft = replace(work.draft, room=bounds.max_prompt_tokens)
    layout = using.lay_out(draft, work.blocks(pieces), plan.coverage)
    if layout.prompt_tokens > bounds.max_prompt_tokens:
        bare = using.lay_out(replace(draft, room=0), [], plan.coverage).prompt_tokens
        left = bounds.max_prompt_tokens - bare - 16
        layout = using.lay_out(draft, _fitted(work.blocks(pieces), left, work), plan.coverage)
    limit = bounds.max_completion_tokens
    request = Request.of(
        work.planner.body(layout.messages, limit, work.effort),
        prompt_tokens=layout.prompt_tokens,
        max_completion_tokens=limit,
        segments=layout.segments,
        own_tokens=layout.own_tokens,
    )
    return request, layout


def _fitted(blocks: Sequence[str], tokens: int, work: Work) -> list[str]:
    return using.cut_to(blocks, tokens, work.draft)

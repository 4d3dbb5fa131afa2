"""A question for a swarm, priced: what every reader will be sent, and what the merge may need."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from kimiqa import seeing
from kimiqa.errors import BadRequestError, ContextWindowError, OverCapError, RefusedError
from kimiqa.plan import Bounds, Plan, Request, Stage
from kimiqa.planner import Planner, Question, Sized
from kimiqa.plurals import counted
from kimiqa.saying import say
from kimiqa.several import laid_out_anew, refused
from kimiqa.strategies.layout import Layout
from kimiqa.swarm.pricing import estimate, nothing
from kimiqa.swarm.sizing import coverage
from kimiqa.swarm.work import (
    LIMITS,
    MERGE,
    READ,
    Call,
    Swarm,
    Terms,
    merge_ceilings,
    merge_sizes,
)


def size(planner: Planner, question: Question) -> Sized:
    """Count and price a question for a swarm.

    Raises
    ------
    BadRequestError, NoTextError
        As for any strategy.
    """
    if planner.model.id == "local":
        raise BadRequestError(
            "The embedded endpoint has no model that could put findings together.",
            "Name a model, or ask by full or chunks.",
        )
    swarm = Swarm(planner, question)
    refusal: RefusedError | None = None
    try:
        terms, refusal = _terms(swarm)
        refusal = next(filter(None, map(swarm.unseen, swarm.calls)), refusal)
    except ContextWindowError as error:
        terms, refusal = None, error
    return Sized(
        strategy="swarm",
        draft=swarm.draft,
        layout=Layout((), (), coverage(swarm.draft)),
        limit=terms.answer if terms else LIMITS[-1][1],
        estimate=estimate(swarm, terms) if terms else nothing(swarm),
        warm_until=None,
        refusal=refusal,
        warnings=(
            *planner.warnings(question),
            *seeing.warnings(swarm.draft),
            *_about_kept(swarm, terms),
        ),
    )


def planned(planner: Planner, question: Question, sized: Sized, reason: str = "") -> Plan:
    """The plan of a question that was sized and may run."""
    swarm = Swarm(planner, question)
    terms, refusal = _terms(swarm)
    if refusal or terms is None:
        raise refusal or RuntimeError("a swarm without terms is refused")
    guess = estimate(swarm, terms)
    return Plan(
        question=question.text,
        strategy="swarm",
        model=planner.model.id,
        endpoint=planner.base_url,
        documents=question.documents,
        stages=_stages(swarm, terms),
        estimate=guess,
        coverage=coverage(swarm.draft),
        price=planner.model.price,
        effort=swarm.effort,
        reason=reason
        or say(
            "swarm: {readers} over all pages, then a merge",
            readers=counted(len(swarm.calls), "reader"),
        ),
        max_cost=question.max_cost,
        conversation=question.conversation,
        label=question.label,
        warnings=(*sized.warnings, *planner.first_time(question)),
        caches=bool(planner.model.cache_block),
        cover=swarm.draft.cover,
        asked=swarm.draft.question,
    )


def _stages(swarm: Swarm, terms: Terms) -> tuple[Stage, ...]:
    """The readers' requests, and the limits of the merge. What an earlier run has paid for is
    named, and not sent again."""
    requests = [_request(swarm, call, terms.found) for call in swarm.missing]
    kept = tuple(call.prefix for call in swarm.calls if call.prefix in swarm.kept)
    price = swarm.planner.model.price
    ceiling = None if price is None else sum(merge_ceilings(swarm, terms), Decimal(0))
    sizes = merge_sizes(swarm, terms)
    bounds = Bounds(
        max_calls=terms.merge.calls,
        max_prompt_tokens=sum(prompt for prompt, _ in sizes),
        max_completion_tokens=sum(limit for _, limit in sizes),
        ceiling=ceiling,
        calls=tuple(sizes),
        rounds=terms.merge.rounds,
    )
    return (
        Stage(READ, tuple(requests), kept=kept),
        Stage(MERGE, bounds=bounds),
    )


def _request(swarm: Swarm, call: Call, limit: int) -> Request:
    """A reader's request."""
    planner, effort, reader = swarm.planner, swarm.effort, call.reader

    def body() -> dict[str, Any]:
        return planner.body(reader.layout(build=True).messages, limit, effort)

    return laid_out_anew(
        body,
        call.layout,
        limit,
        segments=call.segments,
        own_tokens=0 if swarm.draft.pictures else call.layout.own_tokens,
        about=reader.share.label,
    )


def _terms(swarm: Swarm) -> tuple[Terms | None, RefusedError | None]:
    """The widest limits that the window and the caps leave; else the narrowest, and why not."""
    planner, question = swarm.planner, swarm.question
    found: tuple[Terms | None, RefusedError | None] = (None, None)
    for reader, answer in LIMITS:
        terms = _with_limits(swarm, reader, answer)
        if terms is None:
            refusal: RefusedError = ContextWindowError(
                say(
                    "{model} holds no two readers' findings beside each other.",
                    model=planner.model.id,
                ),
                "Choose a model with a larger context window, or raise the limit.",
            )
            found = (found[0], refusal)
            continue
        readers = counted(len(swarm.missing), "reader")
        what = say("That is for {readers} and a merge.", readers=readers)
        over = refused(planner, question, estimate(swarm, terms).cost.ceiling, what)
        if not isinstance(over, OverCapError):
            return terms, over
        found = (terms, over)
    return found


def _with_limits(swarm: Swarm, reader: int, answer: int) -> Terms | None:
    most = swarm.question.max_completion_tokens
    own = swarm.planner.model.max_output_tokens
    answer = min(answer, most or answer, own or answer)
    reader = min(reader, own or reader)
    merge = swarm.merge(reader)
    return None if merge is None else Terms(reader, answer, merge)


def _about_kept(swarm: Swarm, terms: Terms | None) -> list[str]:
    if terms is None or not swarm.kept:
        return []
    done, all_ = len(swarm.calls) - len(swarm.missing), len(swarm.calls)
    return [
        say(
            "{done:,} of {readers:,} readers were paid by an earlier run, and are not again.",
            done=done,
            readers=all_,
        )
    ]

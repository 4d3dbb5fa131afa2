"""A question over digests at work: what is missing is made, then the question answered."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from decimal import Decimal

import anyio.to_thread

from kimiqa import calling
from kimiqa.desk import Desk
from kimiqa.digest.digests import Digest, about, digest_of
from kimiqa.digest.making import Run, make_all
from kimiqa.digest.planning import answer_request
from kimiqa.digest.work import ANSWER, MAKE, Work
from kimiqa.errors import EndpointError, KimiqaError
from kimiqa.money import Cost
from kimiqa.plan import Answer, Event, Finished, Plan, Started, Step
from kimiqa.reserving import held
from kimiqa.saying import joined, say
from kimiqa.summing import paid, part_of, summed


async def run(plan: Plan, desk: Desk) -> AsyncGenerator[Event]:
    """Answer from what is kept; where something is missing, reserve the whole ceiling once, make
    it, and then answer, if there is a question.

    Raises
    ------
    OverCapError, PriceUnknownError
        The ledger refused the reservation; nothing was sent.
    EndpointError, DeadlineError
        A call failed; what others have made is kept.
    """
    running = _from_kept(plan, desk) if plan.stages[0].name == ANSWER else _made_first(plan, desk)
    async with aclosing(running) as events:
        async for event in events:
            yield event


async def _from_kept(plan: Plan, desk: Desk) -> AsyncGenerator[Event]:
    async with aclosing(calling.run(plan, desk)) as events:
        async for event in events:
            yield event


async def _made_first(plan: Plan, desk: Desk) -> AsyncGenerator[Event]:
    work: Work = plan.work
    state = Run(plan, desk, {n: list(pieces) for n, pieces in work.kept.items()})
    if not plan.requests and len(plan.stages) == 1:
        yield Finished(_all_kept(state))
        return
    async with held(plan, desk) as desk:
        state.desk = desk
        yield Started(plan, "")
        for number, label in enumerate(_labels(state), 1):
            yield Step(MAKE, number, state.total, "kept", label)
        async with aclosing(make_all(state)) as events:
            async for event in events:
                yield event
        if state.failed:
            raise _incomplete(state)
        if len(plan.stages) == 1:
            yield Finished(_only_made(state))
            return
        async with aclosing(_answered(state)) as events:
            async for event in events:
                yield event


def _labels(state: Run) -> list[str]:
    return [
        f"D{n} pp. {piece.pages[0]}-{piece.pages[-1]}"
        for n, pieces in sorted(state.pieces.items())
        for piece in pieces
    ]


# What comes of it -------------------------------------------------------------------------------


async def _answered(state: Run) -> AsyncGenerator[Event]:
    """The answer from the digests, drawn from what the plan reserved for it."""
    plan = state.plan
    step = Step(ANSWER, 1, 1, "running")
    yield step
    request, layout = await anyio.to_thread.run_sync(answer_request, plan, state.pieces)
    cover = plan.cover
    found = cover.chunks(layout.chunks) if cover else layout.chunks
    part = replace(part_of(plan, request, ANSWER), chunks=found)
    async with aclosing(calling.call(part, request, state.desk)) as events:
        async for event in events:
            if isinstance(event, Finished):
                yield replace(step, state="done", cost=event.answer.cost)
                last = event.answer
                yield Finished(_whole(state, replace(last, plan=replace(plan, chunks=found))))
            elif not isinstance(event, Started):
                yield event


def _whole(state: Run, last: Answer) -> Answer:
    """The answer, with what all calls of this run together used and cost."""
    plan, answers = state.plan, [*state.answers, last]
    notes = [each for answer in answers for each in answer.warnings]
    return replace(
        last,
        strategy="digest",
        coverage=plan.coverage,
        usage=summed(answers),
        cost=paid(answers),
        estimate=plan.estimate,
        warnings=tuple(dict.fromkeys((*plan.warnings, *about(state.pieces), *notes))),
        seconds=time.monotonic() - state.started,
        state="settled" if all(each.state == "settled" for each in answers) else "estimated",
    )


def _only_made(state: Run) -> Answer:
    """The digests alone, where nothing was asked."""
    answers = state.answers
    found = _digest(state)
    ends = [each.finish_reason for each in answers]
    return replace(
        answers[-1],
        text=found.text,
        strategy="digest",
        citations=found.citations,
        coverage=found.coverage,
        usage=summed(answers),
        cost=paid(answers),
        estimate=state.plan.estimate,
        finish_reason=next((each for each in ends if each != "stop"), "stop"),
        warnings=tuple(dict.fromkeys((*state.plan.warnings, *found.warnings))),
        reasoning="",
        seconds=time.monotonic() - state.started,
        state="settled" if all(each.state == "settled" for each in answers) else "estimated",
        question=state.plan.question,
        plan=state.plan,
    )


def _all_kept(state: Run) -> Answer:
    """What is kept already: nothing is sent, and nothing is paid."""
    plan, found = state.plan, _digest(state)
    return Answer(
        text=found.text,
        strategy="digest",
        model=plan.model,
        citations=found.citations,
        coverage=found.coverage,
        usage=None,
        cost=Cost(Decimal(0), found.cost.currency),
        estimate=plan.estimate,
        finish_reason="stop",
        warnings=found.warnings,
        question=plan.question,
        plan=plan,
    )


def _digest(state: Run) -> Digest:
    plan = state.plan
    return digest_of(plan.documents, state.pieces, plan.coverage, plan.model)


def _incomplete(state: Run) -> KimiqaError:
    """Why it ended early, and what is kept of it."""
    first, failed = state.failed[0], state.total - state.done
    message = say(
        "{failed:,} of {total:,} parts of the digest were not made: {why}",
        failed=failed,
        total=state.total,
        why=first.message,
    )
    if state.done:
        message = joined([message, say("The other {done:,} are kept.", done=state.done)])
    hint = joined([first.hint, say("Ask the same again: only what is missing is paid.")])
    if isinstance(first, EndpointError):
        return type(first)(message, hint, billed=first.billed)
    return type(first)(message, hint)

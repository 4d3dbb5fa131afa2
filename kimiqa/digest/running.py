"""Digests at work: made side by side, each kept as soon as it is paid, then the answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from decimal import Decimal

import anyio.to_thread

from kimiqa import calling
from kimiqa.desk import Desk
from kimiqa.digest import keeping, wording
from kimiqa.digest.digests import Digest, about, digest_of
from kimiqa.digest.keeping import Piece
from kimiqa.digest.planning import answer_request
from kimiqa.digest.pricing import AT_ONCE
from kimiqa.digest.work import ANSWER, MAKE, Call, Work
from kimiqa.errors import BrokenReplyError, EndpointError, KimiqaError
from kimiqa.money import Cost
from kimiqa.plan import Answer, Event, Finished, Plan, Progress, Request, Started, Step
from kimiqa.reserving import held
from kimiqa.summing import paid, part_of, summed


@dataclass(slots=True)
class Run:
    """What has been made and paid so far."""

    plan: Plan
    desk: Desk
    pieces: dict[int, list[Piece]]
    """Of each document, by its number: what was kept before among them."""
    answers: list[Answer] = field(default_factory=list)
    failed: list[KimiqaError] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)

    @property
    def work(self) -> Work:
        work: Work = self.plan.work
        return work

    @property
    def total(self) -> int:
        """All parts, those that an earlier run has paid for among them."""
        stage = self.plan.stages[0]
        return len(stage.requests) + len(stage.kept)

    @property
    def done(self) -> int:
        return sum(map(len, self.pieces.values()))


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
        async with aclosing(_make_all(state)) as events:
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


# Making -----------------------------------------------------------------------------------------


async def _make_all(state: Run) -> AsyncGenerator[Event]:
    """Every part that is missing, as many at once as the account and good sense admit."""
    events: asyncio.Queue[Event | None] = asyncio.Queue()
    gate, first = asyncio.Semaphore(state.desk.limits.concurrency or AT_ONCE), state.done + 1
    jobs = zip(state.work.calls, state.plan.stages[0].requests, strict=True)
    tasks = [
        asyncio.create_task(_one(state, call, request, number, gate, events))
        for number, (call, request) in enumerate(jobs, first)
    ]
    ended = asyncio.create_task(_ended(tasks, events))
    try:
        while (event := await events.get()) is not None:
            yield event
    finally:
        # What is under way is stopped, and booked, before anybody goes on.
        for task in (*tasks, ended):
            task.cancel()
        results = await asyncio.gather(*tasks, ended, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result


async def _ended(tasks: Sequence[asyncio.Task[None]], events: asyncio.Queue[Event | None]) -> None:
    await asyncio.gather(*tasks, return_exceptions=True)
    events.put_nowait(None)


async def _one(
    state: Run,
    call: Call,
    request: Request,
    number: int,
    gate: asyncio.Semaphore,
    events: asyncio.Queue[Event | None],
) -> None:
    """One call, and what it made, kept. A failure stops those that have not begun: what is wrong
    with one is mostly wrong with all."""
    step = Step(MAKE, number, state.total, "waiting", request.about)
    events.put_nowait(step)
    async with gate:
        if state.failed:
            return
        events.put_nowait(replace(step, state="running"))
        try:
            answer = await _answer(state, call, request, events)
            try:
                await anyio.to_thread.run_sync(lambda: _keep(state, call, answer))
            except asyncio.CancelledError:
                _keep(state, call, answer)  # it was paid for: stopping does not lose it
                raise
        except KimiqaError as error:
            state.failed.append(error)
            message = f"{request.about}: {error.message}"
            events.put_nowait(replace(step, state="failed", message=message))
            return
    events.put_nowait(replace(step, state="done", cost=answer.cost))
    events.put_nowait(Progress(MAKE, state.done, state.total))


async def _answer(
    state: Run, call: Call, request: Request, events: asyncio.Queue[Event | None]
) -> Answer:
    """The call's answer, its places held against its own document, which it knows as D1."""
    part = part_of(state.plan, request, MAKE)
    part = replace(part, documents=(state.plan.documents[call.number - 1],))
    async with aclosing(calling.call(part, request, state.desk)) as running:
        async for event in running:
            if isinstance(event, Progress):
                events.put_nowait(event)
            if isinstance(event, Finished):
                state.answers.append(event.answer)
                return event.answer
    raise RuntimeError("a call ends with Finished or an error")


def _keep(state: Run, call: Call, answer: Answer) -> None:
    """Keep what was made, once.

    Raises
    ------
    BrokenReplyError
        Nothing was written: the model was cut off while it thought.
    """
    if any(piece.pages == call.pages for piece in state.pieces[call.number]):
        return
    if not answer.text.strip():
        raise BrokenReplyError(
            f"The digest of {call.about} has no text (finish reason: {answer.finish_reason}).",
            "Ask again with a lower effort.",
            billed="unknown",
        )
    piece = Piece(
        pages=call.pages,
        text=wording.marked(answer.text, answer.citations),
        made=time.time(),
        amount=answer.cost.amount,
        currency=answer.cost.currency,
        cut=answer.finish_reason != "stop",
    )
    document = state.plan.documents[call.number - 1]
    keeping.keep(document, state.plan.model, piece, in_memory=state.work.in_memory)
    pieces = [*state.pieces[call.number], piece]
    state.pieces[call.number] = sorted(pieces, key=lambda each: each.pages)


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
    parts = f"{failed:,} of {state.total:,} parts of the digest were not made"
    kept = f" The other {state.done:,} are kept." if state.done else ""
    message = f"{parts}: {first.message}{kept}"
    hint = f"{first.hint} Ask the same again: only what is missing is paid."
    if isinstance(first, EndpointError):
        return type(first)(message, hint, billed=first.billed)
    return type(first)(message, hint)

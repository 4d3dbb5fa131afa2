"""Digests being made: side by side, each kept as soon as it is paid."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace

import anyio.to_thread

from kimiqa import calling
from kimiqa.desk import Desk
from kimiqa.digest import keeping, wording
from kimiqa.digest.keeping import Piece
from kimiqa.digest.pricing import AT_ONCE
from kimiqa.digest.work import MAKE, Call, Work
from kimiqa.errors import BrokenReplyError, KimiqaError
from kimiqa.plan import Answer, Event, Finished, Plan, Progress, Request, Step
from kimiqa.saying import say
from kimiqa.summing import part_of


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


async def make_all(state: Run) -> AsyncGenerator[Event]:
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
            message = say("{about}: {why}", about=request.about, why=error.message)
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
            say(
                "The digest of {about} has no text (finish reason: {finish_reason}).",
                about=call.about,
                finish_reason=answer.finish_reason,
            ),
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

"""A swarm at work: readers side by side, what they find kept at once, then the merge."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import partial

import anyio.to_thread

from kimiqa import calling
from kimiqa.desk import Desk
from kimiqa.errors import EndpointError, KimiqaError
from kimiqa.plan import Answer, Event, Finished, Plan, Progress, Request, Started, Step
from kimiqa.reserving import held
from kimiqa.summing import paid, part_of, summed
from kimiqa.swarm import merging, wording
from kimiqa.swarm.merging import Finding
from kimiqa.swarm.work import AT_ONCE, READ


@dataclass(slots=True)
class Run:
    """What a swarm has found and paid so far."""

    plan: Plan
    desk: Desk
    findings: dict[str, Finding] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)
    """Of the calls of this run; those of an earlier one are not paid again."""
    failed: list[KimiqaError] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)

    @property
    def readers(self) -> int:
        """All readers, those that an earlier run has paid for among them."""
        return len(self.plan.stages[0].requests) + len(self.plan.stages[0].kept)


async def run(plan: Plan, desk: Desk) -> AsyncGenerator[Event]:
    """Reserve the whole ceiling once, read side by side, merge.

    What a reader has found is kept as soon as it is paid for: where the run is stopped or breaks
    off, the same question goes on from there.

    Raises
    ------
    OverCapError, PriceUnknownError
        The ledger refused the reservation; nothing was sent.
    EndpointError, DeadlineError
        Readers failed; what the others found is kept.
    """
    async with held(plan, desk) as desk:
        yield Started(plan, "")
        state = Run(plan, desk)
        for step in await anyio.to_thread.run_sync(lambda: _recalled(state)):
            yield step
        async with aclosing(_read_all(state)) as events:
            async for event in events:
                yield event
        if state.failed:
            raise _incomplete(state)
        async with aclosing(merging.merged(plan, desk, _in_order(state))) as events:
            async for event in events:
                if isinstance(event, Finished) and merging.is_last(event):
                    await anyio.to_thread.run_sync(lambda: _forget(state))
                    yield Finished(_whole(state, event.answer))
                elif isinstance(event, Finished):
                    state.answers.append(event.answer)
                else:
                    yield event


def _recalled(state: Run) -> list[Step]:
    """The findings that an earlier run has paid for, as steps that are done."""
    plan, desk = state.plan, state.desk
    kept = plan.stages[0].kept
    found = desk.ledger.findings(desk.host, plan.model, plan.effort, kept)
    state.findings |= {prefix: Finding.from_json(each) for prefix, each in found.items()}
    ordered = sorted(state.findings.values(), key=lambda finding: finding.place)
    return [
        Step(READ, number, state.readers, "kept", each.pages)
        for number, each in enumerate(ordered, 1)
    ]


async def _read_all(state: Run) -> AsyncGenerator[Event]:
    """Every reader that is missing, as many at once as the account and good sense admit."""
    requests = state.plan.stages[0].requests
    events: asyncio.Queue[Event | None] = asyncio.Queue()
    gate, first = asyncio.Semaphore(_at_once(state)), len(state.findings) + 1
    tasks = [
        asyncio.create_task(_one(state, request, number, gate, events))
        for number, request in enumerate(requests, first)
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


def _at_once(state: Run) -> int:
    return state.desk.limits.concurrency or AT_ONCE


async def _ended(tasks: Sequence[asyncio.Task[None]], events: asyncio.Queue[Event | None]) -> None:
    await asyncio.gather(*tasks, return_exceptions=True)
    events.put_nowait(None)


async def _one(
    state: Run,
    request: Request,
    number: int,
    gate: asyncio.Semaphore,
    events: asyncio.Queue[Event | None],
) -> None:
    """One reader: its call, and what it found, kept. A failure is kept too, and stops those that
    have not begun: what is wrong with one is mostly wrong with all."""

    def say(step: Step) -> None:
        events.put_nowait(step)

    step = Step(READ, number, state.readers, "waiting", request.about)
    say(step)
    async with gate:
        if state.failed:
            return
        say(replace(step, state="running"))
        try:
            answer = await _answer(state, request, events)
        except KimiqaError as error:
            state.failed.append(error)
            say(replace(step, state="failed", message=f"{request.about}: {error.message}"))
            return
    found = state.findings[_prefix(request)]
    nothing = wording.is_nothing(found.text)
    say(replace(step, state="nothing" if nothing else "done", cost=answer.cost))
    events.put_nowait(Progress(READ, len(state.findings), state.readers))


async def _answer(state: Run, request: Request, events: asyncio.Queue[Event | None]) -> Answer:
    """What a reader answers, kept as soon as it is booked: stopping does not lose it."""
    part, keep = part_of(state.plan, request, READ), partial(_keep, state, request)
    async with aclosing(calling.call(part, request, state.desk, keep=keep)) as running:
        async for event in running:
            if isinstance(event, Progress):
                events.put_nowait(event)
            if isinstance(event, Finished):
                return event.answer
    raise RuntimeError("a call ends with Finished or an error")


def _prefix(request: Request) -> str:
    """Names a reader's prompt: what was found in it is kept under this."""
    return request.segments[-1].digest


def _keep(state: Run, request: Request, answer: Answer) -> None:
    """Keep what was found.

    Raises
    ------
    BrokenReplyError
        The reader was cut off before it had written anything.
    """
    state.answers.append(answer)
    finding, prefix = Finding.of(request.about, answer), _prefix(request)
    state.findings[prefix] = finding
    plan, desk = state.plan, state.desk
    documents = [each.id for each in plan.documents]
    desk.ledger.keep_finding(
        desk.host, plan.model, plan.effort, prefix, finding.to_json(), documents
    )


def _forget(state: Run) -> None:
    plan, desk = state.plan, state.desk
    desk.ledger.drop_findings(desk.host, plan.model, plan.effort, list(state.findings))


def _in_order(state: Run) -> list[Finding]:
    return sorted(state.findings.values(), key=lambda finding: finding.place)


def _incomplete(state: Run) -> KimiqaError:
    """Why the swarm ended early, and what is kept of it."""
    first, failed = state.failed[0], state.readers - len(state.findings)
    message = (
        f"{failed:,} of {state.readers:,} readers did not finish: {first.message} "
        f"What the other {len(state.findings):,} found is kept for a week."
    )
    hint = f"{first.hint} Ask the same again: only what is missing is paid."
    if isinstance(first, EndpointError):
        return type(first)(message, hint, billed=first.billed)
    return type(first)(message, hint)


def _whole(state: Run, last: Answer) -> Answer:
    """The answer of the merge, with what all calls of this run together used and cost."""
    plan, answers = state.plan, [*state.answers, last]
    warnings = [each for answer in answers for each in answer.warnings]
    cut = sum(answer.finish_reason == "length" for answer in state.answers)
    if cut:
        warnings.append(f"{cut:,} of {state.readers:,} readers were cut off at their limit.")
    return replace(
        last,
        strategy="swarm",
        coverage=plan.coverage,
        usage=summed(answers),
        cost=paid(answers),
        estimate=plan.estimate,
        warnings=tuple(dict.fromkeys((*plan.warnings, *warnings))),
        seconds=time.monotonic() - state.started,
        state="settled" if all(each.state == "settled" for each in answers) else "estimated",
        question=plan.question,
        plan=plan,
    )

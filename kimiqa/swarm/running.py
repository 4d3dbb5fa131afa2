"""A swarm at work: readers side by side, what they find kept at once, then the merge."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

import anyio.to_thread

from kimiqa.desk import Desk
from kimiqa.errors import BrokenReplyError, EndpointError, KimiqaError
from kimiqa.plan import Event, Finished, Plan, Started, Step
from kimiqa.reserving import held
from kimiqa.saying import joined, say
from kimiqa.swarm import merging
from kimiqa.swarm.again import read_again
from kimiqa.swarm.condensing import Terms
from kimiqa.swarm.ending import whole
from kimiqa.swarm.finding import Finding
from kimiqa.swarm.reading import Run, reader
from kimiqa.swarm.rounds import Rounds
from kimiqa.swarm.side_by_side import side_by_side
from kimiqa.swarm.work import READ


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
        async with aclosing(_read(state)) as events:
            async for event in events:
                yield event
        rounds = Rounds(Terms(plan, desk, state.answers), _in_order(state))
        async with aclosing(rounds.run()) as events:
            async for event in events:
                yield event
        last = merging.answered(plan, desk, rounds.findings, rounds.made + 1)
        async with aclosing(last) as events:
            async for event in events:
                if not isinstance(event, Finished):
                    yield event
                    continue
                if event.answer.text.strip() and not state.unread:
                    await anyio.to_thread.run_sync(lambda: _forget(state, rounds))
                yield Finished(whole(state, event.answer))


async def _read(state: Run) -> AsyncGenerator[Event]:
    """Every reader that is missing; those that wrote nothing, a second time."""
    for step in await anyio.to_thread.run_sync(lambda: _recalled(state)):
        yield step
    first = len(state.findings) + 1
    works = [
        reader(state, request, Step(READ, number, state.readers, "waiting", request.about))
        for number, request in enumerate(state.plan.stages[0].requests, first)
    ]
    async with aclosing(side_by_side(works, state.desk)) as events:
        async for event in events:
            yield event
    if state.failed:
        raise _incomplete(state)
    async with aclosing(read_again(state)) as events:
        async for event in events:
            yield event
    if not state.findings:
        raise state.refused[0] if state.refused else _nothing_written(state)


def _recalled(state: Run) -> list[Step]:
    """The findings that an earlier run has paid for, as steps that are done."""
    plan, desk = state.plan, state.desk
    found = desk.ledger.findings(desk.host, plan.model, plan.stages[0].kept)
    state.findings |= {prefix: Finding.from_json(each) for prefix, each in found.items()}
    return [
        Step(READ, number, state.readers, "kept", each.pages)
        for number, each in enumerate(_in_order(state), 1)
    ]


def _forget(state: Run, rounds: Rounds) -> None:
    kept = [*state.findings, *rounds.keys]
    state.desk.ledger.drop_findings(state.desk.host, state.plan.model, kept)


def _in_order(state: Run) -> list[Finding]:
    return sorted(state.findings.values(), key=lambda finding: finding.place)


def _incomplete(state: Run) -> KimiqaError:
    """Why the swarm ended early, and what is kept of it."""
    first, failed = state.failed[0], state.readers - len(state.findings)
    message = say(
        "{failed:,} of {readers:,} readers did not finish: {why} What the other {found:,} found is "
        "kept for a week.",
        failed=failed,
        readers=state.readers,
        why=first.message,
        found=len(state.findings),
    )
    hint = joined([first.hint, say("Ask the same again: only what is missing is paid.")])
    if isinstance(first, EndpointError):
        return type(first)(message, hint, billed=first.billed)
    return type(first)(message, hint)


def _nothing_written(state: Run) -> BrokenReplyError:
    first = state.unread[0].request
    return BrokenReplyError(
        say(
            "None of {readers:,} readers wrote anything; that of {about} wrote "
            "nothing within {max_completion_tokens:,} completion tokens.",
            readers=state.readers,
            about=first.about,
            max_completion_tokens=first.max_completion_tokens,
        ),
        "Ask again with a lower effort, or choose another model.",
        billed="unknown",
    )

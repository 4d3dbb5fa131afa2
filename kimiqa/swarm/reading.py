"""Readers at work: what each finds is kept as soon as it is paid for."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import partial

from kimiqa import calling, saying
from kimiqa.desk import Desk
from kimiqa.errors import ContentFilterError, KimiqaError
from kimiqa.plan import Answer, Finished, Plan, Progress, Reason, Request, Step
from kimiqa.summing import part_of
from kimiqa.swarm.finding import Finding
from kimiqa.swarm.side_by_side import Say, Work
from kimiqa.swarm.work import READ


@dataclass(frozen=True, slots=True)
class Silent:
    """A reader that wrote nothing, or whose pages the endpoint's filter refused."""

    request: Request
    answer: Answer | None = None

    @property
    def cut(self) -> bool:
        """Whether it was cut off while it thought, so that a higher limit may help."""
        return self.answer is not None and self.answer.finish_reason == "length"


@dataclass(frozen=True, slots=True)
class Unread:
    """A reader whose pages the answer does not see, and why."""

    request: Request
    reason: Reason


@dataclass(slots=True)
class Run:
    """What a swarm has found and paid so far."""

    plan: Plan
    desk: Desk
    findings: dict[str, Finding] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)
    """Of the calls of this run; those of an earlier one are not paid again."""
    failed: list[KimiqaError] = field(default_factory=list)
    silent: list[Silent] = field(default_factory=list)
    refused: list[ContentFilterError] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)

    @property
    def readers(self) -> int:
        """All readers, those that an earlier run has paid for among them."""
        return len(self.plan.stages[0].requests) + len(self.plan.stages[0].kept)


def reader(state: Run, request: Request, step: Step) -> Work:
    """One reader's call, told by its step. A failure is kept too, and stops those that have not
    begun: what is wrong with one is mostly wrong with all. Not so where a filter refuses pages:
    it would refuse them again each time, and the others have theirs."""

    async def work(say: Say, gate: asyncio.Semaphore) -> None:
        say(step)
        async with gate:
            if state.failed:
                return
            say(replace(step, state="running"))
            try:
                answer = await _answer(state, request, say)
            except KimiqaError as error:
                if isinstance(error, ContentFilterError):
                    state.refused.append(error)
                    state.silent.append(Silent(request))
                else:
                    state.failed.append(error)
                why = saying.say("{about}: {why}", about=request.about, why=error.message)
                say(replace(step, state="failed", message=why))
                return
        say(_ended(state, request, replace(step, cost=answer.cost)))
        say(Progress(READ, len(state.findings), state.readers))

    return work


async def _answer(state: Run, request: Request, say: Say) -> Answer:
    """What a reader answers, kept as soon as it is booked: stopping does not lose it."""
    part, keep = part_of(state.plan, request, READ), partial(_keep, state, request)
    async with aclosing(calling.call(part, request, state.desk, keep=keep)) as running:
        async for event in running:
            if isinstance(event, Progress):
                say(event)
            if isinstance(event, Finished):
                return event.answer
    raise RuntimeError("a call ends with Finished or an error")


def _ended(state: Run, request: Request, step: Step) -> Step:
    finding = state.findings.get(prefix_of(request))
    if finding is None:
        silent = saying.say(
            "{about}: no word within {limit:,} completion tokens",
            about=request.about,
            limit=request.max_completion_tokens,
        )
        return replace(step, state="failed", message=silent)
    return replace(step, state="nothing" if finding.is_nothing else "done")


def prefix_of(request: Request) -> str:
    """Names a reader's prompt: what was found in it is kept under this."""
    return request.segments[-1].digest


def _keep(state: Run, request: Request, answer: Answer) -> None:
    """Keep what was found; or that nothing was written."""
    state.answers.append(answer)
    finding, prefix = Finding.of(request.about, answer), prefix_of(request)
    if finding is None:
        state.silent.append(Silent(request, answer))
        return
    state.findings[prefix] = finding
    plan, desk = state.plan, state.desk
    documents = [each.id for each in plan.documents]
    desk.ledger.keep_finding(
        desk.host, plan.model, plan.effort, prefix, finding.to_json(), documents
    )

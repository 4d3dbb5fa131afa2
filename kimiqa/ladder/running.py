"""A question by `chunks` in several calls, at work: rewritten, asked, and asked again with more."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any

import anyio.to_thread

from kimiqa import calling
from kimiqa.desk import Desk
from kimiqa.errors import DeadlineError, EndpointError, KimiqaError
from kimiqa.ladder.checking import better, candidate_of, why_not
from kimiqa.ladder.rungs import ANSWER, FIRST, FULL, MORE, strategy_of
from kimiqa.models import get_model
from kimiqa.plan import (
    Answer,
    Cited,
    Event,
    Finished,
    Plan,
    Progress,
    Reasoning,
    Request,
    Stage,
    Started,
    Step,
    Text,
)
from kimiqa.planner import STRATEGIES
from kimiqa.plurals import counted
from kimiqa.research.candidates import Candidate
from kimiqa.reserving import held
from kimiqa.rewriting import REWRITE, Rewritten, rewritten
from kimiqa.saving import saving_of
from kimiqa.saying import Said, joined, say
from kimiqa.strategies.layout import Draft
from kimiqa.summing import paid, part_of, summed

RUNG = "rung"

IN_WORDS = {
    ANSWER: say("chunks"),
    FIRST: say("chunks"),
    MORE: say("more chunks"),
    FULL: say("everything"),
}


@dataclass(slots=True)
class Run:
    """What was searched for, answered and paid so far."""

    plan: Plan
    desk: Desk
    searches: Rewritten = field(default_factory=Rewritten)
    answers: list[Answer] = field(default_factory=list)
    """Of the rungs."""
    best: Candidate | None = None
    notes: list[str] = field(default_factory=list)
    uncertain: bool = False
    """A rung failed that may be billed."""
    started: float = field(default_factory=time.monotonic)

    def consider(self, stage: Stage) -> Said:
        """Take the newest answer where it is the better one; why it does not hold, if so."""
        now = candidate_of(self.answers[-1])
        self.best = better(self.best, now)
        why = why_not(now)
        if why and stage is not self.rungs[-1]:
            self.notes.append(
                say("From {way}: {why}; more was asked.", way=IN_WORDS[stage.name], why=why)
            )
        return why

    def failed(self, stage: Stage, error: KimiqaError) -> None:
        """Keep what there is, and say what failed."""
        sent = isinstance(error, EndpointError | DeadlineError)
        self.uncertain = sent and getattr(error, "billed", "unknown") != "no"
        billed = say("It may be billed.") if self.uncertain else ""
        failed = say("Asking {way} failed: {why}", way=IN_WORDS[stage.name], why=error.message)
        self.notes.append(joined([failed, billed]))

    def done(self, step: Step, why: str) -> Step:
        """The step of a rung that has ended; with the best answer, in case there is no other."""
        text = self.best.answer.text if self.best else ""
        told = self._told(step.message, why)
        return replace(step, state="done", message=told, cost=self.answers[-1].cost, text=text)

    def _told(self, what: str, why: str) -> Said:
        made = self.answers[-1].plan
        why = why or say("the answer holds")
        if not made:
            return say("{way}: {why}", way=what, why=why)
        return say(
            "{way}, {sent:,} of {pages}: {why}",
            way=what,
            sent=made.coverage.sent,
            pages=counted(made.coverage.pages, "page"),
            why=why,
        )

    @property
    def rungs(self) -> tuple[Stage, ...]:
        return tuple(stage for stage in self.plan.stages if stage.name != REWRITE)


async def run(plan: Plan, desk: Desk) -> AsyncGenerator[Event]:
    """Reserve the whole ceiling once; rewrite where that is planned; ask.

    Raises
    ------
    OverCapError, PriceUnknownError
        The ledger refused the reservation; nothing was sent.
    EndpointError, DeadlineError
        A call failed before there was an answer. What it and those before it cost is booked.
    """
    async with held(plan, desk) as desk:
        yield Started(plan, "")
        state = Run(plan, desk)
        if plan.stages[0].name == REWRITE:
            async with aclosing(rewritten(plan, desk, state.searches)) as events:
                async for event in events:
                    yield event
        async with aclosing(_climbed(state)) as events:
            async for event in events:
                yield event
        assert state.best is not None, "the first rung answers or raises"
        answer = _whole(state, state.best.answer)
        if len(state.rungs) > 1:
            yield Text(answer.text)
            for citation in answer.citations:
                yield Cited(citation)
        yield Finished(answer)


async def _climbed(state: Run) -> AsyncGenerator[Event]:
    """Rung after rung, until an answer holds. Nothing that may be taken back is passed on."""
    alone = len(state.rungs) == 1
    for number, stage in enumerate(state.rungs, 1):
        step = Step(RUNG, number, None, "running", IN_WORDS[stage.name])
        if not alone:
            yield step
        try:
            async with aclosing(_asked(state, stage)) as events:
                async for event in events:
                    if alone or isinstance(event, Reasoning | Progress):
                        yield event
        except KimiqaError as error:
            if state.best is None:
                raise
            state.failed(stage, error)
            yield replace(
                step,
                state="failed",
                message=say("{way}: {why}", way=step.message, why=error.message),
            )
            return
        why = state.consider(stage)
        if not alone:
            yield state.done(step, why)
        if not why:
            return


async def _asked(state: Run, stage: Stage) -> AsyncGenerator[Event]:
    """One rung: what streams in of it; its answer goes into the run."""
    plan, request = await anyio.to_thread.run_sync(_laid_out, state, stage)
    cached = await anyio.to_thread.run_sync(_warm, state, request)
    part = part_of(plan, request, stage.name, cached_tokens=cached)
    async with aclosing(calling.call(part, request, state.desk)) as events:
        async for event in events:
            if isinstance(event, Finished):
                made = replace(plan, strategy=strategy_of(stage.name))
                state.answers.append(replace(event.answer, plan=made))
            elif isinstance(event, Reasoning | Progress | Text | Cited):
                yield event


def _laid_out(state: Run, stage: Stage) -> tuple[Plan, Request]:
    """A rung's request, and the plan with the chunks that it sends."""
    plan, bounds = state.plan, stage.bounds
    if bounds is None:
        (request,) = stage.requests
        return plan, request
    draft = _searching(plan.drafts[stage.name], state.searches.queries, bounds.max_prompt_tokens)
    layout = STRATEGIES[strategy_of(stage.name)].lay_out(draft)
    body = {**_base(plan), "messages": list(layout.messages)}
    request = Request.of(
        body | {"max_completion_tokens": bounds.max_completion_tokens},
        prompt_tokens=layout.prompt_tokens,
        max_completion_tokens=bounds.max_completion_tokens,
        segments=layout.segments,
        own_tokens=0 if layout.pictures else layout.own_tokens,
    )
    sent = plan.cover.chunks(layout.chunks) if plan.cover else layout.chunks
    return replace(plan, chunks=sent, coverage=layout.coverage), request


def _searching(draft: Draft, queries: Sequence[str], most: int) -> Draft:
    """The draft with what is searched for beside the question, within its bounds. Searches are
    never sent; with placeholders they find what is sent with placeholders."""
    masked = draft.cover.masked if draft.cover else str
    return replace(draft, queries=tuple(map(masked, queries)), room=most)


def _base(plan: Plan) -> dict[str, Any]:
    """What the body of a call has beside its messages and its limit."""
    base = plan.stages[0].requests[0].body
    effort = {"reasoning_effort": plan.effort} if plan.effort else {}
    return {name: value for name, value in base.items() if name != "thinking"} | effort


def _warm(state: Run, request: Request) -> int:
    """What of a prompt is likely to stand in the provider's cache."""
    plan, desk = state.plan, state.desk
    model = get_model(plan.model, base_url=plan.endpoint)
    if not (plan.caches and model.cache_block):
        return 0
    cached, _ = desk.ledger.warm_tokens(
        desk.host,
        plan.model,
        plan.effort,
        request.segments,
        block=model.cache_block,
        minimum=model.cache_min_tokens,
    )
    return cached


def _whole(state: Run, accepted: Answer) -> Answer:
    """The answer, with what all calls together used and cost."""
    plan, calls = state.plan, [*state.searches.answers, *state.answers]
    made = accepted.plan
    assert made is not None, "every rung's answer has its plan"
    notes = filter(None, [state.searches.warning, *state.notes])
    warnings = (*plan.warnings, *accepted.warnings, *notes)
    total = paid(calls)
    whole = replace(accepted, cost=total)
    return replace(
        whole,
        saving=saving_of(made, whole, accepted.usage),
        strategy=made.strategy,
        coverage=made.coverage,
        usage=summed(calls),
        estimate=plan.estimate,
        warnings=tuple(dict.fromkeys(warnings)),
        seconds=time.monotonic() - state.started,
        state="settled" if _all_settled(state, calls) else "estimated",
        question=plan.question,
    )


def _all_settled(state: Run, calls: Sequence[Answer]) -> bool:
    return not state.uncertain and all(each.state == "settled" for each in calls)

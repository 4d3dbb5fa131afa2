"""The rewriting call at work: its searches, or the question as it stands."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from kimiqa import calling
from kimiqa.desk import Desk
from kimiqa.errors import AuthError, EndpointError, QuotaError
from kimiqa.plan import Answer, Event, Finished, Plan, Progress, Step
from kimiqa.rewriting.asking import REWRITE
from kimiqa.rewriting.wording import queries_in
from kimiqa.saying import say
from kimiqa.summing import part_of


@dataclass(slots=True)
class Rewritten:
    """What came of it."""

    queries: tuple[str, ...] = ()
    """As they are shown; empty where the question is searched for as it stands."""
    answers: list[Answer] = field(default_factory=list)
    """The call, where it was paid for."""
    warning: str = ""


async def rewritten(plan: Plan, desk: Desk, found: Rewritten) -> AsyncGenerator[Event]:
    """Make the call that the plan's first stage holds, and put what came of it into `found`.

    A failure that costs nothing ends in the question as it stands, and so does a reply that is
    cut off or no list of searches.

    Raises
    ------
    EndpointError, DeadlineError
        It failed and may be billed, or the next call would fare no better.
    """
    (request,) = plan.stages[0].requests
    effort = request.body.get("reasoning_effort")
    part = part_of(replace(plan, effort=effort), request, REWRITE)
    step = Step(REWRITE, 1, 1, "running")
    yield step
    try:
        async with aclosing(calling.call(part, request, desk)) as events:
            async for event in events:
                if isinstance(event, Finished):
                    found.answers.append(event.answer)
                elif isinstance(event, Progress):
                    yield event
    except EndpointError as error:
        if error.billed != "no" or isinstance(error, AuthError | QuotaError):
            raise
        found.warning = say("The question was not rewritten: {why}", why=error.message)
        yield replace(step, state="failed", message=error.message)
        return
    (answer,) = found.answers
    _read(plan, answer, found)
    state, message = ("done", "; ".join(found.queries)) if found.queries else ("nothing", "")
    yield replace(
        step,
        state=state,  # type: ignore[arg-type]
        message=message or say("searched for as it stands"),
        cost=answer.cost,
    )


def _read(plan: Plan, answer: Answer, found: Rewritten) -> None:
    if answer.finish_reason == "stop":
        found.queries = queries_in(answer.text, plan.question)
    if not found.queries:
        found.warning = (
            say("The question was not rewritten: the reply that should was cut off.")
            if answer.finish_reason == "length"
            else say(
                "The question was not rewritten: the reply that should was no list of searches."
            )
        )

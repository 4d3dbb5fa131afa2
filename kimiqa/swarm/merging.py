"""The last merge: findings that one prompt holds become the answer."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace

from kimiqa import calling
from kimiqa.desk import Desk
from kimiqa.plan import Event, Finished, Plan, Started, Step
from kimiqa.summing import part_of
from kimiqa.swarm import prompting, wording
from kimiqa.swarm.finding import Finding
from kimiqa.swarm.work import MERGE


async def answered(
    plan: Plan, desk: Desk, findings: Sequence[Finding], number: int
) -> AsyncGenerator[Event]:
    """All that the call says, as it comes; it is the merge of that number."""
    bounds = plan.stages[1].bounds
    assert bounds is not None, "a merge is bounded"
    prompt, limit = bounds.calls[-1]
    told = prompting.blocks(plan, findings, desk.counter, prompt)
    request = prompting.request(plan, wording.merging(plan.asked, told), limit, desk.counter)
    step = Step(MERGE, number, number, "running")
    yield step
    part = part_of(plan, request, MERGE)
    async with aclosing(calling.call(part, request, desk)) as events:
        async for event in events:
            if isinstance(event, Finished):
                yield replace(step, state="done", cost=event.answer.cost)
            if not isinstance(event, Started):
                yield event

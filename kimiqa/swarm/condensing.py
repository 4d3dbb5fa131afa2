"""One merge in between: several findings become one list, which is kept as soon as it is paid."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from kimiqa import calling, saying
from kimiqa.desk import Desk
from kimiqa.errors import KimiqaError
from kimiqa.plan import Answer, Finished, Plan, Progress, Step, fingerprint
from kimiqa.summing import part_of
from kimiqa.swarm import prompting, wording
from kimiqa.swarm.finding import Finding
from kimiqa.swarm.side_by_side import Say, Work
from kimiqa.swarm.work import MERGE

CONDENSE = "condense"

Size = tuple[int, int]
"""The most prompt and completion tokens of a call."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Where lists are made, and what all calls together have brought so far."""

    plan: Plan
    desk: Desk
    answers: list[Answer] = field(default_factory=list)
    """Of the calls of this run; those of an earlier one are not paid again."""
    failed: list[KimiqaError] = field(default_factory=list)


@dataclass(slots=True)
class Condensing:
    """The findings that one call makes a list of. One alone stays as it is."""

    terms: Terms
    group: Sequence[Finding]
    size: Size
    made: Finding | None = None

    @property
    def result(self) -> Finding:
        return self.made or self.group[0]

    @property
    def pages(self) -> str:
        first, last = self.group[0].pages, self.group[-1].pages
        return first if len(self.group) == 1 else f"{first} to {last}"

    @property
    def key(self) -> str:
        """Names what is put together, whatever the effort: the list is kept under this."""
        return fingerprint(self._task())

    def _task(self) -> str:
        plan, counter = self.terms.plan, self.terms.desk.counter
        told = prompting.blocks(plan, self.group, counter, self.size[0])
        return wording.condensing(plan.asked, told)

    def work(self, number: int) -> Work:
        """The call, unless an earlier run has paid for it. How many there will be is not known
        before the last of them."""
        step = Step(MERGE, number, None, "waiting", self.pages)

        async def work(say: Say, gate: asyncio.Semaphore) -> None:
            if self.made is not None:
                say(replace(step, state="kept"))
                return
            say(step)
            async with gate:
                if self.terms.failed:
                    return
                try:
                    await self._call(step, say)
                except KimiqaError as error:
                    self.terms.failed.append(error)
                    why = saying.say("{about}: {why}", about=self.pages, why=error.message)
                    say(replace(step, state="failed", message=why))

        return work

    async def _call(self, step: Step, say: Say) -> None:
        say(replace(step, state="running"))
        plan, desk = self.terms.plan, self.terms.desk
        request = prompting.request(plan, self._task(), self.size[1], desk.counter)
        part = part_of(plan, request, CONDENSE)
        async with aclosing(calling.call(part, request, desk, keep=self._keep)) as running:
            async for event in running:
                if isinstance(event, Progress):
                    say(event)
                if isinstance(event, Finished):
                    say(replace(step, state="done", cost=event.answer.cost))

    def _keep(self, answer: Answer) -> None:
        """Keep the list. Where the call thought until its limit, the findings themselves go on,
        as far as a list has room."""
        plan, desk = self.terms.plan, self.terms.desk
        made = Finding.of(self.pages, answer)
        if made is None:
            together = "\n".join(each.text for each in self.group)
            made = Finding(self.pages, wording.cut_to(together, self.size[1], desk.counter))
            note = saying.say(
                "The merge of {pages} wrote nothing: the findings went on as they were, as far as "
                "there was room.",
                pages=self.pages,
            )
            answer = replace(answer, warnings=(*answer.warnings, note))
        self.made = made
        self.terms.answers.append(answer)
        documents = [each.id for each in plan.documents]
        desk.ledger.keep_finding(
            desk.host, plan.model, plan.effort, self.key, made.to_json(), documents
        )

"""Rounds in between: findings larger than one prompt become lists, until a prompt holds them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

import anyio.to_thread

from kimiqa.plan import Bounds, Event
from kimiqa.swarm import prompting
from kimiqa.swarm.condensing import Condensing, Size, Terms
from kimiqa.swarm.finding import Finding
from kimiqa.swarm.side_by_side import side_by_side


@dataclass(slots=True)
class Rounds:
    """Findings on their way into one prompt: `findings` is what is left of them by now."""

    terms: Terms
    findings: list[Finding]
    keys: list[str] = field(default_factory=list)
    """Under these the lists are kept until the run has ended."""
    made: int = 0
    """How many lists were made, an earlier run's among them."""

    async def run(self) -> AsyncGenerator[Event]:
        """Round by round, no more of them than are needed: findings are mostly far shorter than
        they may be.

        Raises
        ------
        EndpointError, DeadlineError
            A call failed; what the others made is kept.
        """
        bounds = self.terms.plan.stages[1].bounds
        assert bounds is not None, "a merge is bounded"
        self.findings = [each for each in self.findings if not each.is_nothing]
        for calls, counts in _between(bounds):
            if sum(self._sizes()) + self._task <= bounds.calls[-1][0]:
                return
            async with aclosing(self._round(calls, counts)) as events:
                async for event in events:
                    yield event

    def _sizes(self) -> list[int]:
        return prompting.sizes(self.terms.plan, self.findings, self.terms.desk.counter)

    @property
    def _task(self) -> int:
        return prompting.task_tokens(self.terms.plan, self.terms.desk.counter)

    async def _round(self, calls: Sequence[Size], counts: Sequence[int]) -> AsyncGenerator[Event]:
        task = self._task
        places = grouped(self._sizes(), [room - task for room, _ in calls], counts)
        jobs = [
            Condensing(self.terms, self.findings[start:stop], size)
            for (start, stop), size in zip(places, calls, strict=False)
        ]
        busy = [job for job in jobs if len(job.group) > 1]
        await anyio.to_thread.run_sync(lambda: self._recall(busy))
        works = [job.work(self.made + number) for number, job in enumerate(busy, 1)]
        async with aclosing(side_by_side(works, self.terms.desk)) as events:
            async for event in events:
                yield event
        if self.terms.failed:
            raise self.terms.failed[0]
        self.made += len(busy)
        self.findings = [each for each in (job.result for job in jobs) if not each.is_nothing]

    def _recall(self, jobs: Sequence[Condensing]) -> None:
        """Take the lists that an earlier run has paid for."""
        desk, keys = self.terms.desk, [job.key for job in jobs]
        found = desk.ledger.findings(desk.host, self.terms.plan.model, keys)
        for job in jobs:
            if job.key in found:
                job.made = Finding.from_json(found[job.key])
        self.keys += keys


def _between(bounds: Bounds) -> Iterator[tuple[Sequence[Size], Sequence[int]]]:
    """Of each round but the last: the limits of its calls, and how many findings each reads."""
    start = 0
    for counts in bounds.rounds[:-1]:
        yield bounds.calls[start : start + len(counts)], counts
        start += len(counts)


def grouped(
    sizes: Sequence[int], rooms: Sequence[int], counts: Sequence[int]
) -> Iterator[tuple[int, int]]:
    """Where each call's findings begin and end: as many as its room holds, at the least as many
    as were planned, so that the calls that were planned hold them all.

    >>> list(grouped([5, 5, 5, 90, 90], rooms=[100, 100], counts=[3, 2]))
    [(0, 3), (3, 5)]
    >>> list(grouped([5, 5, 5, 5, 5], rooms=[100, 100], counts=[3, 2]))
    [(0, 5)]
    """
    start = 0
    for room, planned in zip(rooms, counts, strict=True):
        stop, left = start, room
        while stop < len(sizes) and (sizes[stop] <= left or stop - start < planned):
            left -= sizes[stop]
            stop += 1
        if stop > start:
            yield start, stop
        start = stop

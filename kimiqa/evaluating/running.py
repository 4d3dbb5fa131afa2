"""An evaluation at work: priced as a whole, then asked, each result kept when it is paid."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kimiqa.citations import check_citations
from kimiqa.errors import (
    AuthError,
    KimiqaError,
    LedgerError,
    NoKeyError,
    OverCapError,
    OverloadedError,
    QuotaError,
    RateLimitedError,
    UnreachableError,
)
from kimiqa.evaluating.dataset import Item
from kimiqa.evaluating.quoting import Quote, quoted
from kimiqa.evaluating.results import DONE, FAILED, LOST, Book, Result
from kimiqa.ledger import host_of
from kimiqa.portal import iterate

if TYPE_CHECKING:
    from kimiqa.client import Client
    from kimiqa.document import Document
    from kimiqa.plan import Answer, Plan, Strategy

Open = Callable[[Path], "Document"]

_HOPELESS = (
    AuthError, LedgerError, NoKeyError, OverCapError, OverloadedError, QuotaError,
    RateLimitedError, UnreachableError,
)  # fmt: skip
"""What ends a run: the questions that follow would fare no better. They stay to be asked."""


@dataclass(frozen=True, slots=True)
class Job:
    """One question, asked one way of one model."""

    item: Item
    strategy: Strategy
    client: Client
    options: Mapping[str, Any]

    @property
    def key(self) -> str:
        """Names all that decides what is sent, so that it is paid for once."""
        named = [
            self.item.digest,
            self.strategy,
            self.client.model,
            self.client.endpoint,
            sorted((name, str(value)) for name, value in self.options.items() if value is not None),
        ]
        return hashlib.sha256(json.dumps(named).encode()).hexdigest()[:24]


@dataclass(slots=True)
class Evaluation:
    """Items over strategies and models, with the file that keeps what came of them.

    Questions over the same documents follow each other, so that the provider's cache serves
    them.
    """

    items: Sequence[Item]
    strategies: Sequence[Strategy]
    clients: Sequence[Client]
    book: Book
    open: Open
    options: Mapping[str, Any] = field(default_factory=dict)
    _documents: dict[tuple[Path, ...], list[Document]] = field(default_factory=dict)

    @property
    def jobs(self) -> list[Job]:
        """Every question, every way, every model."""
        return [
            Job(item, strategy, client, self.options)
            for client in self.clients
            for strategy in self.strategies
            for item in self._ordered
        ]

    @property
    def _ordered(self) -> Sequence[Item]:
        return sorted(self.items, key=lambda item: [str(path) for path in item.documents])

    def missing(self, *, retry: bool = False) -> list[Job]:
        """What was not asked yet, or was refused without a cost. `retry`: what failed or was
        lost too, although it may have been paid for."""
        return [job for job in self.jobs if self._is_missing(job, retry)]

    def _is_missing(self, job: Job, retry: bool) -> bool:
        if call := self.book.begun.get(job.key):
            self._settle_begun(job, call)
        result = self.book.results.get(job.key)
        return result is None or (retry and result.state != DONE)

    def _settle_begun(self, job: Job, call: str) -> None:
        """A call that was reserved when a run was stopped: where the ledger says that it was
        released it cost nothing; else it may be paid for, and is not asked again."""
        del self.book.begun[job.key]
        found = job.client.ledger.call(call) if call else None
        if found is None or found.state == "released":
            return
        cost = found.cost.amount if found.cost else None
        lost = _result(job, LOST, error="Stopped before the answer was kept.", cost=cost)
        self.book.keep(lost)

    def quote(self, jobs: Sequence[Job]) -> Quote:
        """What `jobs` would cost together. Nothing is sent."""
        return quoted(jobs, self.documents)

    def documents(self, item: Item) -> list[Document]:
        """An item's documents; those of one item at a time are kept open."""
        if item.documents not in self._documents:
            self._documents.clear()
            self._documents[item.documents] = [self.open(path) for path in item.documents]
        return self._documents[item.documents]

    def run(self, jobs: Sequence[Job], at_once: int = 1) -> Iterator[Result]:
        """Ask them, `at_once` side by side at most; each result is kept as soon as it is paid
        for, and told in the order of the jobs.

        Raises
        ------
        OverCapError
            The cap is reached; what was asked until then is kept.
        EndpointError, NoKeyError
            The endpoint answers nobody; what was asked until then is kept.
        """
        for wave in waves(jobs, at_once):
            self.documents(wave[0].item)  # all of a wave are over the same
            yield from iterate(partial(self._asked, wave))

    async def _asked(self, wave: Sequence[Job]) -> AsyncGenerator[Result]:
        """What came of a wave. All of it is planned before any of it is sent, so that no limit
        depends on what the others hold reserved meanwhile."""
        plans, ended = await self._planned_all(wave)
        tasks = [asyncio.create_task(self._kept(*each)) for each in zip(wave, plans, strict=False)]
        try:
            for job, task in zip(wave, tasks, strict=False):
                try:
                    result = await task
                except _HOPELESS as error:
                    await asyncio.wait(tasks)  # what is under way is paid for
                    if len(wave) == 1 or not isinstance(error, OverCapError):
                        raise
                    # Alone it may still fit under the cap.
                    result = await self._kept(job, await self._planned(job))
                yield result
            if ended:
                raise ended
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _planned_all(
        self, wave: Sequence[Job]
    ) -> tuple[list[Plan | KimiqaError], KimiqaError | None]:
        """The plans of a wave as far as it can be asked, and what ends the run behind them."""
        plans: list[Plan | KimiqaError] = []
        for job in wave:
            try:
                plans.append(await self._planned(job))
            except _HOPELESS as error:
                return plans, error
        return plans, None

    async def _planned(self, job: Job) -> Plan | KimiqaError:
        """The plan of a question; why it cannot be asked, where that ends no run."""
        documents, client = self.documents(job.item), job.client
        plan = partial(client.plan, job.item.asked, documents, strategy=job.strategy, **job.options)
        try:
            return await client._asker.off_the_loop(plan)
        except _HOPELESS:
            raise
        except KimiqaError as error:
            return error

    async def _kept(self, job: Job, plan: Plan | KimiqaError) -> Result:
        """What came of a question, kept on the disk."""
        try:
            if isinstance(plan, KimiqaError):
                raise plan
            result = await self._answered(job, plan)
        except _HOPELESS:
            raise
        except KimiqaError as error:
            result = _result(job, FAILED, error=str(error))
        await job.client._asker.off_the_loop(self.book.keep, result)
        return result

    async def _answered(self, job: Job, plan: Plan) -> Result:
        from kimiqa.plan import Finished, Started, Step

        asker, answer = job.client._asker, None
        readers: dict[str, Mapping[str, Any]] = {}
        async with aclosing(asker.run(plan)) as events:
            async for event in events:
                if isinstance(event, Started) and event.id:
                    await asker.off_the_loop(self.book.begin, job.key, event.id)
                if isinstance(event, Step) and (event.kind, event.state) == ("merge", "running"):
                    readers |= await asker.off_the_loop(self._readers, job, plan)
                if isinstance(event, Finished):
                    answer = event.answer
        assert answer is not None, "a stream ends with Finished or an error"
        return _graded(job, plan, answer, list(readers.values()))

    def _readers(self, job: Job, plan: Plan) -> dict[str, Mapping[str, Any]]:
        """What a swarm's readers found, read when the merge begins: it is forgotten at its end."""
        stage = plan.stages[0]
        prefixes = [*stage.kept, *(each.segments[-1].digest for each in stage.requests)]
        found = job.client.ledger.findings(host_of(plan.endpoint), plan.model, prefixes)
        documents = self.documents(job.item)
        return {prefix: _finding(row, documents) for prefix, row in found.items()}


def waves(jobs: Sequence[Job], at_once: int) -> Iterator[list[Job]]:
    """What may be asked side by side. Of the questions over the same documents, by one way and
    one model, one goes first: the others find its prefix in the provider's cache, or its digest."""
    for _, group in groupby(jobs, lambda job: (job.client, job.strategy, job.item.documents)):
        first, *others = group
        yield [first]
        for start in range(0, len(others), at_once):
            yield others[start : start + at_once]


def _finding(row: Mapping[str, Any], documents: Sequence[Document]) -> dict[str, Any]:
    from kimiqa.swarm.wording import is_nothing

    text = str(row["text"])
    cited = [each.to_json() for each in check_citations(text, documents)]
    return {"pages": row["pages"], "nothing": is_nothing(text), "citations": cited}


def _graded(job: Job, plan: Plan, answer: Answer, readers: Sequence[Mapping[str, Any]]) -> Result:
    used = answer.usage
    return replace(
        _result(job, DONE, cost=answer.cost.amount),
        text=answer.text,
        citations=tuple(each.to_json() for each in answer.citations),
        prompt_tokens=used.prompt_tokens if used else None,
        completion_tokens=used.completion_tokens if used else None,
        currency=answer.cost.currency,
        expected=plan.estimate.cost.expected,
        seconds=round(answer.seconds, 3),
        readers=tuple(readers),
        way=plan.strategy,
    )


def _result(job: Job, state: str, *, error: str = "", cost: Decimal | None = None) -> Result:
    return Result(
        key=job.key,
        item=job.item.id,
        strategy=job.strategy,
        model=job.client.model,
        state=state,
        error=error,
        cost=cost,
    )

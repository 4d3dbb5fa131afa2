"""An evaluation at work: priced as a whole, then asked one by one, each kept when it is paid."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from decimal import Decimal
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
    RefusedError,
    UnreachableError,
)
from kimiqa.evaluating.dataset import Item
from kimiqa.evaluating.results import DONE, FAILED, LOST, Book, Result
from kimiqa.ledger import host_of
from kimiqa.money import plain

if TYPE_CHECKING:
    from kimiqa.client import Client
    from kimiqa.document import Document
    from kimiqa.money import CostRange
    from kimiqa.plan import Answer, Event, Plan, Strategy

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


@dataclass(frozen=True, slots=True)
class Quote:
    """What all questions that are left would cost together."""

    jobs: int
    expected: Decimal | None
    ceiling: Decimal | None
    currency: str | None
    refused: tuple[tuple[Job, KimiqaError], ...] = ()
    """What cannot be asked at all (a document larger than a window, say), and why."""

    def to_json(self) -> dict[str, Any]:
        return {
            "questions": self.jobs,
            "expected": plain(self.expected),
            "ceiling": plain(self.ceiling),
            "currency": self.currency,
            "refused": [
                {"id": job.item.id, "strategy": job.strategy, **error.to_json()}
                for job, error in self.refused
            ],
        }


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
        """What `jobs` would cost together: a digest is made once. Nothing is sent."""
        estimates, refused = [], []
        made: set[tuple[str, str, tuple[Path, ...]]] = set()
        for job in jobs:
            digest = (job.client.model, job.client.endpoint, job.item.documents)
            try:
                cost = job.client.estimate(job.item.asked, self.documents(job.item),
                    strategy=job.strategy, **job.options).cost  # fmt: skip
                if job.strategy == "digest":
                    cost = self._answering(cost, job) if digest in made else cost
                    made.add(digest)
                estimates.append(cost)
            except RefusedError as error:
                refused.append((job, error))
        currencies = {each.currency for each in estimates}
        known = len(currencies) == 1 and all(each.ceiling is not None for each in estimates)
        return Quote(
            len(estimates),
            sum((each.expected or Decimal(0) for each in estimates), Decimal(0)) if known else None,
            sum((each.ceiling or Decimal(0) for each in estimates), Decimal(0)) if known else None,
            next(iter(currencies)) if known else None,
            tuple(refused),
        )

    def _answering(self, cost: CostRange, job: Job) -> CostRange:
        """The cost of a question over digests that are kept by the time it is asked."""
        effort = job.options.get("effort")
        making = job.client.plan_digest(self.documents(job.item), effort=effort).estimate.cost
        if None in (cost.expected, cost.ceiling, making.expected, making.ceiling):
            return cost
        nothing = Decimal(0)
        return replace(
            cost,
            expected=max(nothing, (cost.expected or nothing) - (making.expected or nothing)),
            ceiling=max(nothing, (cost.ceiling or nothing) - (making.ceiling or nothing)),
        )

    def documents(self, item: Item) -> list[Document]:
        """An item's documents; those of one item at a time are kept open."""
        if item.documents not in self._documents:
            self._documents.clear()
            self._documents[item.documents] = [self.open(path) for path in item.documents]
        return self._documents[item.documents]

    def run(self, jobs: Sequence[Job]) -> Iterator[Result]:
        """Ask them one by one; each result is kept before the next is asked.

        Raises
        ------
        OverCapError
            The cap is reached; what was asked until then is kept.
        EndpointError, NoKeyError
            The endpoint answers nobody; what was asked until then is kept.
        """
        for job in jobs:
            result = self._asked(job)
            self.book.keep(result)
            yield result

    def _asked(self, job: Job) -> Result:
        documents = self.documents(job.item)
        try:
            plan = job.client.plan(job.item.asked, documents, strategy=job.strategy, **job.options)
            return self._answered(job, plan, documents)
        except _HOPELESS:
            raise
        except KimiqaError as error:
            return _result(job, FAILED, error=str(error))

    def _answered(self, job: Job, plan: Plan, documents: Sequence[Document]) -> Result:
        from kimiqa.plan import Finished, Started

        answer: Answer | None = None
        readers: dict[str, Mapping[str, Any]] = {}
        with closing(job.client.stream(plan)) as events:  # type: ignore[type-var]
            for event in events:
                if isinstance(event, Started) and event.id:
                    self.book.begin(job.key, event.id)
                readers |= self._readers(job, plan, event, documents)
                if isinstance(event, Finished):
                    answer = event.answer
        assert answer is not None, "a stream ends with Finished or an error"
        return _graded(job, plan, answer, list(readers.values()))

    def _readers(
        self, job: Job, plan: Plan, event: Event, documents: Sequence[Document]
    ) -> dict[str, Mapping[str, Any]]:
        """What a swarm's readers found, read when the merge begins: it is forgotten at its end."""
        from kimiqa.plan import Step

        if not (isinstance(event, Step) and event.kind == "merge" and event.state == "running"):
            return {}
        stage = plan.stages[0]
        prefixes = [*stage.kept, *(each.segments[-1].digest for each in stage.requests)]
        found = job.client.ledger.findings(host_of(plan.endpoint), plan.model, prefixes)
        return {prefix: _finding(row, documents) for prefix, row in found.items()}


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

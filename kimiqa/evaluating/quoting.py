"""What an evaluation would cost as a whole: all its questions together, before any is asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from kimiqa.errors import KimiqaError, RefusedError
from kimiqa.money import CostRange, plain

if TYPE_CHECKING:
    from kimiqa.document import Document
    from kimiqa.evaluating.dataset import Item
    from kimiqa.evaluating.running import Job

Documents = Callable[["Item"], "list[Document]"]


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


def quoted(jobs: Sequence[Job], documents: Documents) -> Quote:
    """What `jobs` would cost together: a digest is made once. Nothing is sent."""
    costs: list[CostRange] = []
    refused: list[tuple[Job, KimiqaError]] = []
    made: set[object] = set()
    for job in jobs:
        digest = (job.client.model, job.client.endpoint, job.item.documents)
        try:
            cost = job.client.estimate(job.item.asked, documents(job.item),
                strategy=job.strategy, **job.options).cost  # fmt: skip
            if job.strategy == "digest":
                cost = _answering(cost, job, documents) if digest in made else cost
                made.add(digest)
            costs.append(cost)
        except RefusedError as error:
            refused.append((job, error))
    return _together(costs, refused)


def _together(costs: Sequence[CostRange], refused: Sequence[tuple[Job, KimiqaError]]) -> Quote:
    currencies = {each.currency for each in costs}
    known = len(currencies) == 1 and all(each.ceiling is not None for each in costs)
    return Quote(
        len(costs),
        sum((each.expected or Decimal(0) for each in costs), Decimal(0)) if known else None,
        sum((each.ceiling or Decimal(0) for each in costs), Decimal(0)) if known else None,
        next(iter(currencies)) if known else None,
        tuple(refused),
    )


def _answering(cost: CostRange, job: Job, documents: Documents) -> CostRange:
    """The cost of a question over digests that are kept by the time it is asked."""
    effort = job.options.get("effort")
    making = job.client.plan_digest(documents(job.item), effort=effort).estimate.cost
    if None in (cost.expected, cost.ceiling, making.expected, making.ceiling):
        return cost
    nothing = Decimal(0)
    return replace(
        cost,
        expected=max(nothing, (cost.expected or nothing) - (making.expected or nothing)),
        ceiling=max(nothing, (cost.ceiling or nothing) - (making.ceiling or nothing)),
    )

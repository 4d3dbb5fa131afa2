"""What both clients do with digests: the same names, awaited or not."""

from __future__ import annotations

from typing import Any, Unpack

from kimiqa import digest, rules
from kimiqa.asking import Asker
from kimiqa.digest import Digest
from kimiqa.faces import last
from kimiqa.options import Documents, Options
from kimiqa.plan import Answer, Plan
from kimiqa.planner import Question
from kimiqa.portal import wait_for


class Digests:
    """For `Client`."""

    _asker: Asker

    def plan_digest(self, documents: Documents, **options: Unpack[Options]) -> Plan:
        """What making the digest of these documents would send, with its price: of each of them
        what is not kept yet. Nothing leaves the machine.

        Raises
        ------
        NoTextError, ContextWindowError, OverCapError, PriceUnknownError, BadRequestError
            It cannot be made; with the numbers and the next step.
        """
        return _planned(self._asker, documents, options)

    def digest(self, documents: Documents, **options: Unpack[Options]) -> Digest:
        """A cited outline of the documents (parties, dates, numbers, definitions, claims): made
        once, kept beside their pages, and used by later questions with `strategy="digest"`.

        Raises
        ------
        EndpointError, DeadlineError
            A call failed; what the others made is kept, and is not paid again.
        """
        plan = self.plan_digest(documents, **options)
        return self.digest_of(plan, wait_for(last(self._asker.run(plan))))

    def digest_of(self, plan: Plan, answer: Answer) -> Digest:
        """The digest that was made by an answer to the plan of `plan_digest`."""
        return digest_from(self._asker, plan, answer)

    def kept_digest(self, documents: Documents) -> Digest | None:
        """The digest that is kept of these documents; None where any of it is still to be made."""
        return _kept(self._asker, documents)


class AsyncDigests:
    """For `AsyncClient`: the same, off the event loop."""

    _asker: Asker

    async def plan_digest(self, documents: Documents, **options: Unpack[Options]) -> Plan:
        """See `Digests.plan_digest`."""
        return await self._asker.off_the_loop(_planned, self._asker, documents, options)

    async def digest(self, documents: Documents, **options: Unpack[Options]) -> Digest:
        """See `Digests.digest`."""
        plan = await self.plan_digest(documents, **options)
        return await self.digest_of(plan, await last(self._asker.run(plan)))

    async def digest_of(self, plan: Plan, answer: Answer) -> Digest:
        """See `Digests.digest_of`."""
        return await self._asker.off_the_loop(digest_from, self._asker, plan, answer)

    async def kept_digest(self, documents: Documents) -> Digest | None:
        """See `Digests.kept_digest`."""
        return await self._asker.off_the_loop(_kept, self._asker, documents)


def _planned(asker: Asker, documents: Documents, options: Any) -> Plan:
    asked = _question(asker, documents, options)
    planner = asker.setup.planner
    forbidden = rules.refusal(asked.documents, planner.base_url)
    if forbidden:
        raise forbidden
    return digest.planned_making(planner, asked)


def _kept(asker: Asker, documents: Documents) -> Digest | None:
    return digest.kept_digest(asker.setup.planner, _question(asker, documents, {}))


def digest_from(asker: Asker, plan: Plan, answer: Answer) -> Digest:
    """The digest that a finished plan has made; what is kept of it says when, and for how much."""
    kept = digest.kept_digest(asker.setup.planner, _question(asker, plan.documents, {}))
    if kept is not None:
        return kept
    names = tuple(each.name for each in plan.documents)
    return Digest(
        answer.text,
        answer.citations,
        answer.coverage,
        answer.cost,
        answer.model,
        names,
        warnings=answer.warnings,
    )


def _question(asker: Asker, documents: Documents, options: Any) -> Question:
    opened = asker.question("-", documents, options)
    names = ", ".join(each.name for each in opened.documents)
    return asker.question(f"Digest of {names}", opened.documents, options)

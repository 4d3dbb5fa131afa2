"""Every strategy behind one face: those of one request, and those of several calls."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import Protocol

from kimiqa import calling, digest, ladder, research, rules, swarm
from kimiqa.desk import Desk
from kimiqa.plan import Event, Plan, Strategy
from kimiqa.planner import STRATEGIES, Planner, Question, Sized


class Staged(Protocol):
    """A strategy of several calls: its module's three functions."""

    def size(self, planner: Planner, question: Question) -> Sized:
        """Count and price, without building what would be sent."""

    def planned(self, planner: Planner, question: Question, sized: Sized, reason: str = "") -> Plan:
        """The plan of a question that was sized and may run."""

    def run(self, plan: Plan, desk: Desk) -> AsyncGenerator[Event]:
        """Reserve the whole ceiling once, draw every call from it, yield what happens."""


STAGED: dict[str, Staged] = {"swarm": swarm, "research": research, "digest": digest}
"""The strategies of several calls, by name."""


def _staged(strategy: str, question: Question) -> Staged | None:
    """What makes several calls of this strategy for this question; None where one is made."""
    if strategy == "chunks" and ladder.wanted(question):
        return ladder
    return STAGED.get(strategy)


def names() -> list[str]:
    """Every strategy there is, without `auto`."""
    return [*STRATEGIES, *STAGED]


def size(planner: Planner, question: Question, strategy: Strategy) -> Sized:
    """Count and price a question under a strategy, without building what would be sent.

    Raises
    ------
    BadRequestError
        The question is empty, or a page, strategy or limit does not exist.
    NoTextError
        No page that was asked about has text.
    """
    if staged := _staged(strategy, question):
        sized = staged.size(planner, question)
        forbidden = rules.refusal(question.documents, planner.base_url)
        return replace(sized, refusal=forbidden) if forbidden else sized
    return planner.size(question, strategy)


def planned(planner: Planner, question: Question, sized: Sized, reason: str = "") -> Plan:
    """The plan of a question that was sized and may run."""
    if staged := _staged(sized.strategy, question):
        return staged.planned(planner, question, sized, reason)
    return planner.planned(question, sized, reason)


def plan(planner: Planner, question: Question, strategy: Strategy, reason: str = "") -> Plan:
    """The plan, byte for byte what would be sent.

    Raises
    ------
    NoTextError, ContextWindowError, OverCapError, PriceUnknownError
        It cannot run; each with the numbers and the next step.
    """
    sized = size(planner, question, strategy)
    if sized.refusal:
        raise sized.refusal
    return planned(planner, question, sized, reason)


async def run(plan: Plan, desk: Desk) -> AsyncGenerator[Event]:
    """The plan's events, to its end."""
    strategy = ladder if ladder.is_ladder(plan) else STAGED.get(plan.strategy)
    running = calling.run(plan, desk) if strategy is None else strategy.run(plan, desk)
    async with aclosing(running) as events:
        async for event in events:
            yield event

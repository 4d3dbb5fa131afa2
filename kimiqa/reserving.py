"""The reservation before a call: taken in a thread, given back by whoever is cancelled."""

from __future__ import annotations

import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import anyio
import anyio.to_thread

from kimiqa.desk import Desk
from kimiqa.errors import KimiqaError
from kimiqa.ledger import Hold
from kimiqa.ledger.pacing import LOOK_AGAIN, Asking, NotYetError, OverDayError
from kimiqa.plan import Plan, Request
from kimiqa.settings import UNLIMITED

if TYPE_CHECKING:
    from kimiqa.ledger.holds import Terms

T = TypeVar("T")

NOT_SENT = "Stopped before it was sent."

LONGEST_WAIT = 120.0
"""Seconds that a call waits for its turn: of limits per minute the second has room."""


async def turns(plan: Plan, request: Request, desk: Desk) -> AsyncGenerator[NotYetError | str]:
    """Reserve as soon as the account's limits leave room: each wait, then the call's number.

    After `LONGEST_WAIT` it is sent all the same: what holds the place may be the call of a
    process that was killed, and the endpoint says itself where there is no room. For a new day
    nobody waits: that it may be refused is told, and a refusal costs nothing.
    """
    waited = 0.0
    while True:
        pace = _pace(request, desk) if waited < LONGEST_WAIT else None
        try:
            call_id = await reserved(plan, request, desk, pace)
        except NotYetError as not_yet:
            yield not_yet
            if isinstance(not_yet, OverDayError):
                waited = LONGEST_WAIT
                continue
            wait = min(max(not_yet.seconds, LOOK_AGAIN), LONGEST_WAIT)
        else:
            yield call_id
            return
        await anyio.sleep(wait)
        waited += wait


async def reserved(plan: Plan, request: Request, desk: Desk, pace: Asking | None = None) -> str:
    """Reserve in a thread: the number of the call's row."""
    return await _taken(
        lambda: _reserve(plan, request, desk, pace), lambda row: desk.ledger.release(row, NOT_SENT)
    )


async def _taken(take: Callable[[], T], give_back: Callable[[T], object]) -> T:
    """Take in a thread. Who is cancelled meanwhile never learns what was taken: the thread then
    gives it back itself, and is waited for, so that nothing is held any more by who has gone."""
    lock, left, made = threading.Lock(), threading.Event(), list[T]()
    begun, ended = threading.Event(), threading.Event()

    def work() -> T:
        begun.set()
        try:
            taken = take()
            with lock:
                made.append(taken)
                if left.is_set():
                    give_back(taken)
            return taken
        finally:
            ended.set()

    try:
        return await anyio.to_thread.run_sync(work)
    except BaseException:
        with lock:
            left.set()
            if made:
                give_back(made[0])
        if begun.is_set() and not ended.is_set():
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(ended.wait)
        raise


@asynccontextmanager
async def held(plan: Plan, desk: Desk) -> AsyncIterator[Desk]:
    """The desk with the plan's whole ceiling reserved once: its calls draw from that, and what
    none of them drew is given back at the end.

    Raises
    ------
    OverCapError, PriceUnknownError
        The ledger refused the reservation; nothing was sent.
    """
    hold = await _taken(lambda: desk.ledger.hold(**_terms(plan, desk)), Hold.free)
    try:
        yield replace(desk, hold=hold)
    finally:
        # Where that cannot be written it stays reserved until its time has passed. What was paid
        # for meanwhile is not lost to it.
        with suppress(KimiqaError):
            hold.free()


def _reserve(plan: Plan, request: Request, desk: Desk, pace: Asking | None) -> str:
    prefix = request.segments[-1].digest if request.segments else ""
    if desk.hold is not None:
        return desk.hold.draw(
            plan.estimate,
            strategy=_step(plan),
            effort=plan.effort,
            messages=request.message_count,
            own_tokens=request.own_tokens,
            prefix=prefix,
            tools=request.tools,
            pace=pace,
        )
    terms: Terms = {
        **_terms(plan, desk),
        "messages": request.message_count,
        "own_tokens": request.own_tokens,
        "prefix": prefix,
        "tools": request.tools,
        "pace": pace,
    }
    return desk.ledger.reserve(**terms)


def _pace(request: Request, desk: Desk) -> Asking | None:
    """What a provider admits a request on: its prompt and the longest answer."""
    if desk.limits == UNLIMITED:
        return None
    return Asking(desk.host, desk.limits, request.prompt_tokens + request.max_completion_tokens)


def _step(plan: Plan) -> str:
    """What a call of a plan of several is booked as: its strategy, and which step it was."""
    return f"{plan.strategy}:{plan.stages[0].name}"


def _terms(plan: Plan, desk: Desk) -> Terms:
    return {
        "model": plan.model,
        "endpoint": desk.host,
        "strategy": plan.strategy,
        "effort": plan.effort,
        "estimate": plan.estimate,
        "price": plan.price,
        "budget": desk.budget,
        "max_cost": plan.max_cost,
        "documents": [(each.id, each.name) for each in plan.documents],
        "conversation": plan.conversation,
        "label": desk.label if plan.label is None else plan.label,
        "lifetime_seconds": desk.deadline,
        "question": plan.question,
        "allow_unpriced": desk.allow_unpriced,
    }

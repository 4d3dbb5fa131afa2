"""One paid call: reserved in the ledger, sent as planned, settled by what came back."""

from __future__ import annotations

import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from functools import partial

import anyio.to_thread

from kimiqa.desk import Desk, Reply
from kimiqa.errors import BadRequestError, DeadlineError, EndpointError, KimiqaError
from kimiqa.plan import Answer, Event, Finished, Plan, Progress, Request, Started
from kimiqa.privacy import may_go
from kimiqa.receiving import received
from kimiqa.reserving import turns
from kimiqa.settling import abandoned, broken_off, settled

__all__ = ["Desk", "call", "run"]


async def run(plan: Plan, desk: Desk) -> AsyncGenerator[Event]:
    """Run a plan of one known stage with one request: `full` and `chunks`."""
    (request,) = plan.requests
    async with aclosing(call(plan, request, desk)) as events:
        async for event in events:
            yield event


async def call(
    plan: Plan, request: Request, desk: Desk, *, keep: Callable[[Answer], None] | None = None
) -> AsyncGenerator[Event]:
    """Reserve, send, settle: yields Started, what streams in, and Finished.

    `keep` is given the answer as soon as it is booked, in the thread that books it: also where
    the caller is stopped meanwhile and never sees Finished. What it raises goes to the caller.

    Raises
    ------
    NotAllowedError, OverCapError, PriceUnknownError
        The ledger refused the reservation; nothing was sent.
    EndpointError, DeadlineError
        The endpoint refused or broke off before any of the answer came.
    """
    laid_out = await anyio.to_thread.run_sync(request.laid_out)
    if not laid_out.unaltered:
        raise BadRequestError("The request is not the one that was priced.", "Plan it again.")
    await anyio.to_thread.run_sync(may_go, plan, laid_out)
    call_id = ""
    async with aclosing(turns(plan, request, desk)) as found:
        async for turn in found:
            if isinstance(turn, str):
                call_id = turn
            else:
                yield Progress("waiting", 0, None, turn.told)
    reply = Reply()
    # In a thread, for the ledger may have to wait for another process.
    settle = _Once(partial(_settled, reply, call_id, plan, request, desk, keep))
    try:
        yield Started(plan, call_id)
        deltas = desk.endpoint.stream(laid_out.content, deadline=desk.deadline)
        del laid_out  # while it is waited for, a long prompt is held on its way alone
        async with aclosing(received(plan, request, deltas, desk, reply)) as events:
            async for event in events:
                yield event
    except (EndpointError, DeadlineError) as error:
        broken_off(error, reply, call_id, plan, request, desk)
    except BaseException:
        # Cancelled, or the consumer went away: providers bill what they have begun.
        if reply.whole:
            settle.all_the_same()
        else:
            abandoned(reply, call_id, plan, request, desk)
        raise
    try:
        answer = await anyio.to_thread.run_sync(settle)
    except BaseException:
        settle.all_the_same()  # cancelled perhaps before the thread began
        raise
    assert answer is not None, "the first call returns what the work returns"
    yield Finished(answer)


def _settled(
    reply: Reply,
    call_id: str,
    plan: Plan,
    request: Request,
    desk: Desk,
    keep: Callable[[Answer], None] | None,
) -> Answer:
    answer = settled(reply, call_id, plan, request, desk)
    if keep is not None:
        keep(answer)
    return answer


class _Once:
    """Work that is done by whoever calls first; later calls wait for it and get None."""

    def __init__(self, work: Callable[[], Answer]) -> None:
        self._work = work
        self._lock = threading.Lock()
        self._begun = False

    def __call__(self) -> Answer | None:
        with self._lock:
            if self._begun:
                return None
            self._begun = True
            return self._work()

    def all_the_same(self) -> None:
        """Do it for a caller that is stopped: what was paid is booked, and its faults are
        nobody's any more."""
        with suppress(KimiqaError):
            self()

"""The reservation before a call: taken in a thread, given back by whoever is cancelled."""

from __future__ import annotations

import threading

import anyio.to_thread

from kimiqa.desk import Desk
from kimiqa.plan import Plan, Request

NOT_SENT = "Stopped before it was sent."


async def reserved(plan: Plan, request: Request, desk: Desk) -> str:
    """Reserve in a thread. Who is cancelled meanwhile never learns the number of the row: the
    thread then releases it itself."""
    lock, left, made = threading.Lock(), threading.Event(), list[str]()

    def work() -> str:
        call_id = _reserve(plan, request, desk)
        with lock:
            made.append(call_id)
            if left.is_set():
                desk.ledger.release(call_id, NOT_SENT)
        return call_id

    try:
        return await anyio.to_thread.run_sync(work)
    except BaseException:
        with lock:
            left.set()
            if made:
                desk.ledger.release(made[0], NOT_SENT)
        raise


def _reserve(plan: Plan, request: Request, desk: Desk) -> str:
    return desk.ledger.reserve(
        model=plan.model,
        endpoint=desk.host,
        strategy=plan.strategy,
        effort=plan.effort,
        estimate=plan.estimate,
        price=plan.price,
        budget=desk.budget,
        max_cost=plan.max_cost,
        documents=[(each.id, each.name) for each in plan.documents],
        conversation=plan.conversation,
        label=desk.label if plan.label is None else plan.label,
        lifetime_seconds=desk.deadline,
        question=plan.question,
        allow_unpriced=desk.allow_unpriced,
        messages=request.message_count,
        own_tokens=request.own_tokens,
        prefix=request.segments[-1].digest if request.segments else "",
    )

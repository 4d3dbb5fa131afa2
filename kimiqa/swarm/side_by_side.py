"""Calls side by side: as many at once as the account and good sense admit, told as one stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from typing import Any

from kimiqa.desk import Desk
from kimiqa.plan import Event

AT_ONCE = 8
"""How many calls run at once where no limit of the account is known."""

Say = Callable[[Event], None]
Work = Callable[[Say, asyncio.Semaphore], Coroutine[Any, Any, None]]
"""One call. It takes its place at the gate itself, so that it can say before that it waits."""


async def side_by_side(works: Sequence[Work], desk: Desk) -> AsyncGenerator[Event]:
    """What the works say, as they say it. Where it is closed, what is under way is stopped, and
    booked, before anybody goes on."""
    events: asyncio.Queue[Event | None] = asyncio.Queue()
    gate = asyncio.Semaphore(desk.limits.concurrency or AT_ONCE)
    tasks = [asyncio.create_task(work(events.put_nowait, gate)) for work in works]
    ended = asyncio.create_task(_ended(tasks, events))
    try:
        while (event := await events.get()) is not None:
            yield event
    finally:
        for task in (*tasks, ended):
            task.cancel()
        results = await asyncio.gather(*tasks, ended, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result


async def _ended(tasks: Sequence[asyncio.Task[None]], events: asyncio.Queue[Event | None]) -> None:
    await asyncio.gather(*tasks, return_exceptions=True)
    events.put_nowait(None)

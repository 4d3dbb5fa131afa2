"""What both clients and their conversations stand on: one engine, opened and let go."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

from kimiqa.asking import Asker
from kimiqa.options import ClientOptions
from kimiqa.plan import Answer, Event, Finished
from kimiqa.portal import begin
from kimiqa.setup import DEFAULT_HOME, Setup


def asker(model: str | None, options: ClientOptions) -> Asker:
    """The engine of a client made with these options."""
    setup = Setup.of(
        model,
        api_key=options.get("api_key"),
        base_url=options.get("base_url"),
        home=options.get("home", DEFAULT_HOME),
        budget=options.get("budget"),
        effort=options.get("effort"),
        openai_client=options.get("openai_client"),
        allow_unpriced=options.get("allow_unpriced", False),
        cache_ttl=options.get("cache_ttl"),
        env=options.get("env"),
    )
    return Asker(
        setup,
        deadline=options.get("deadline"),
        label=options.get("label"),
        private=options.get("private", False),
        ranking=options.get("ranking"),
        rewrite=options.get("rewrite"),
        climb=options.get("climb"),
    )


def let_go(asker: Asker, pid: int) -> None:
    """Close the connection of a client that nobody holds; one of a parent process is its own."""
    if asker.connected and pid == os.getpid():
        begin(asker.aclose())


async def last(events: AsyncIterator[Event]) -> Answer:
    """The answer at the end of a stream."""
    answer: Answer | None = None
    async for event in events:
        if isinstance(event, Finished):
            answer = event.answer
    assert answer is not None, "a stream ends with Finished or an error"
    return answer

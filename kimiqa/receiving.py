"""What streams in becomes events, and is kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from functools import partial

import anyio
import anyio.to_thread

from kimiqa import rules
from kimiqa.citations import CitationChecker
from kimiqa.desk import Desk, Reply, kept
from kimiqa.endpoint import (
    Delta,
    FinishDelta,
    NoteDelta,
    ReasoningDelta,
    SentDelta,
    TextDelta,
    ToolCallDelta,
    UsageDelta,
    WaitDelta,
)
from kimiqa.plan import Citation, Cited, Event, Plan, Progress, Reasoning, Request, Text, ToolCall
from kimiqa.privacy import restored
from kimiqa.saying import joined, say

_WRITTEN = (ReasoningDelta, TextDelta, ToolCallDelta)


async def received(
    plan: Plan, request: Request, stream: AsyncGenerator[Delta], desk: Desk, reply: Reply
) -> AsyncGenerator[Event]:
    """The events of what streams in."""
    checker = CitationChecker(plan.documents)
    last: list[Citation] = []
    noted: asyncio.Task[None] | None = None
    try:
        async with aclosing(restored(stream, plan.cover)) as deltas:
            async for delta in deltas:
                if isinstance(delta, SentDelta):
                    kept(reply, lambda: rules.note_sent(plan.documents, plan.endpoint))
                first = not reply.began and isinstance(delta, _WRITTEN)
                reply.began = reply.began or first
                try:
                    for event in taken(delta, reply, checker):
                        yield event
                    if isinstance(delta, ToolCallDelta) and reply.leave_off(delta.index):
                        break
                finally:
                    # Behind the first token, which is waited for; also where nobody wants a
                    # second. Of calls side by side nobody holds up the others.
                    if first and desk.cache_ttl:
                        note = partial(kept, reply, partial(_remember, plan, request, desk))
                        if desk.hold is None:
                            note()
                        else:
                            noted = asyncio.create_task(anyio.to_thread.run_sync(note))
    finally:
        if noted is not None:
            with anyio.CancelScope(shield=True):
                await noted
        # Also for an answer that had come when its reader was stopped.
        last = checker.close()
        reply.citations.extend(last)
    for citation in last:
        yield Cited(citation)


def taken(delta: Delta, reply: Reply, checker: CitationChecker) -> Sequence[Event]:
    """Keep what a delta brought, and say it onwards."""
    match delta:
        case TextDelta(text):
            reply.text.append(text)
            found = checker.feed(text)
            reply.citations.extend(found)
            return [Text(text), *map(Cited, found)]
        case ReasoningDelta(text, name):
            reply.reasoning.append(text)
            reply.reasoning_field = name
            return [Reasoning(text)]
        case ToolCallDelta():
            before = reply.calls.get(delta.index, ToolCall())
            reply.calls[delta.index] = before.with_piece(delta.id, delta.name, delta.arguments)
        case UsageDelta(usage):
            reply.usage = usage
        case FinishDelta(reason):
            reply.finish_reason = reason
        case NoteDelta(message):
            reply.warnings.append(message)
        case SentDelta():
            reply.handed_over = True
        case WaitDelta(seconds, why):
            reply.handed_over = False
            return [
                Progress(
                    "waiting",
                    0,
                    None,
                    joined([why, say("Waiting {seconds:.0f} s.", seconds=seconds)]),
                )
            ]
    return []


def _remember(plan: Plan, request: Request, desk: Desk) -> None:
    desk.ledger.remember_prefix(
        desk.host, plan.model, plan.effort, request.segments, desk.cache_ttl
    )

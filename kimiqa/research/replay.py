"""What a model has said, and what its tools gave, as messages of the next call."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from kimiqa.paying import WEB_SEARCH
from kimiqa.plan import Answer, Plan, ToolCall
from kimiqa.research.protocol import results_block
from kimiqa.research.tools import Result


def as_said(plan: Plan, answer: Answer, *, calls: Sequence[ToolCall]) -> dict[str, Any]:
    """A reply as it is sent again. Reasoning goes with tool calls alone: thinking models demand
    it there, and it is of no use elsewhere."""
    said: dict[str, Any] = {"role": "assistant", "content": _masked(plan, answer.text)}
    if not calls:
        return said
    if answer.reasoning:
        said[answer.reasoning_field] = _masked(plan, answer.reasoning)
    said["tool_calls"] = [_call(plan, number, call) for number, call in enumerate(calls, 1)]
    return said


def called(plan: Plan, answer: Answer) -> dict[str, Any]:
    """A reply that calls tools."""
    return as_said(plan, answer, calls=answer.calls)


def results(
    calls: Sequence[ToolCall], found: Sequence[Result], *, plain: bool
) -> Iterator[dict[str, Any]]:
    """What tools gave back: a message each, or one for all where there are no such messages."""
    if plain:
        named = [(call.name, each.text) for call, each in zip(calls, found, strict=True)]
        yield {"role": "user", "content": results_block(named)}
        return
    for number, (call, result) in enumerate(zip(calls, found, strict=True), 1):
        head: dict[str, Any] = {"role": "tool", "tool_call_id": _id(call, number)}
        if call.name == WEB_SEARCH:
            head["name"] = call.name
        yield head | {"content": result.text}


def _id(call: ToolCall, number: int) -> str:
    return call.id or f"call_{number}"


def _call(plan: Plan, number: int, call: ToolCall) -> dict[str, Any]:
    """A call as it was written; what is no JSON object goes back as an empty one, for servers
    that read it again."""
    try:
        readable = isinstance(json.loads(call.arguments), dict)
    except (ValueError, RecursionError):
        readable = False
    written = _masked(plan, call.arguments) if readable else "{}"
    function = {"name": call.name, "arguments": written}
    kind = "builtin_function" if call.name == WEB_SEARCH else "function"
    return {"id": _id(call, number), "type": kind, "function": function}


def _masked(plan: Plan, text: str) -> str:
    return text if plan.cover is None else plan.cover.masked(text)

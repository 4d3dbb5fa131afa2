"""Tool calls as a model writes them: arguments checked, and calls in plain text where it knows
no others."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kimiqa.plan import ToolCall

_FENCED = re.compile(r"```(?:json|tool|tool_call)?[ \t]*\n(.*?)\n[ \t]*```", re.DOTALL)
_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
}
_TAG = re.compile(r"<(?=\s*/?\s*result\b)", re.IGNORECASE)


class ArgumentError(Exception):
    """Arguments that fit no tool, in a sentence for whoever wrote them."""


def arguments(written: str, shape: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a call, exactly as its tool wants them.

    Raises
    ------
    ArgumentError
        They are no JSON object, or not of that shape.
    """
    try:
        found = json.loads(written or "{}")
    except (ValueError, RecursionError):
        raise ArgumentError("The arguments are no JSON object.") from None
    problem = next(_problems(found, shape, "arguments"), None)
    if problem:
        raise ArgumentError(problem)
    assert isinstance(found, dict), "a tool's arguments are an object by their shape"
    return found


def _problems(value: Any, shape: Mapping[str, Any], name: str) -> Iterator[str]:
    """What is wrong with a value, in sentences."""
    kind: str = shape["type"]
    if type(value) not in _TYPES[kind]:
        yield f"{name} has to be {'an' if kind[0] in 'aeio' else 'a'} {kind}."
        return
    if isinstance(value, dict):
        yield from _of_object(value, shape, name)
    elif isinstance(value, list):
        if not shape.get("minItems", 0) <= len(value) <= shape.get("maxItems", 64):
            yield f"{name} has to hold {shape.get('minItems', 0)} to {shape.get('maxItems', 64)}."
        for at, each in enumerate(value):
            yield from _problems(each, shape["items"], f"{name}[{at}]")
    elif isinstance(value, int) and value < shape.get("minimum", value):
        yield f"{name} has to be at least {shape['minimum']}."


def _of_object(value: Mapping[str, Any], shape: Mapping[str, Any], name: str) -> Iterator[str]:
    known = shape["properties"]
    missing = [each for each in shape["required"] if each not in value]
    odd = [each for each in value if each not in known]
    if missing:
        yield f"{name} lacks {', '.join(missing)}."
    if odd:
        yield f"{name} has no {', '.join(map(str, odd))}; it takes {', '.join(known)}."
    for each in known:
        if each in value:
            yield from _problems(value[each], known[each], each)


def written_calls(text: str) -> tuple[ToolCall, ...]:
    """The calls that a reply makes in writing; none where it is an answer.

    >>> [call.name for call in written_calls('{"tool": "note", "arguments": {}}')]
    ['note']
    >>> written_calls('It ends "on 1 May" [D1 p. 2].')
    ()
    """
    held = [match[1] for match in _FENCED.finditer(text)] or [text]
    found = [call for each in held for call in _calls(each)]
    return tuple(
        ToolCall(str(number), name, json.dumps(given, ensure_ascii=False))
        for number, (name, given) in enumerate(found, 1)
    )


def _calls(written: str) -> Iterator[tuple[str, Any]]:
    """The calls in one JSON value: an object, a list of them, or one a line."""
    values = list(_values(written.strip()))
    for each in values:
        for call in each if isinstance(each, list) else [each]:
            if isinstance(call, dict) and isinstance(call.get("tool"), str):
                yield call["tool"], call.get("arguments", {})


def _values(written: str) -> Iterator[Any]:
    if not written.startswith(("{", "[")):
        return
    decoder = json.JSONDecoder()
    at = 0
    while at < len(written):
        try:
            value, at = decoder.raw_decode(written, at)
        except (ValueError, RecursionError):
            return
        yield value
        at += len(written[at:]) - len(written[at:].lstrip())


def results_block(results: Sequence[tuple[str, str]]) -> str:
    """What tools gave back, as a message where there are no messages of tools."""
    return "\n".join(
        f'<result tool="{name}">\n{_TAG.sub("&lt;", text)}\n</result>' for name, text in results
    )

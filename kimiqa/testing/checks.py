"""What the platform refuses in a request before it does any work."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from kimiqa.testing.catalogue import WEB_SEARCH, ServedModel
from kimiqa.testing.messages import ROLES
from kimiqa.testing.problems import invalid, no_model

TOOL_NAME = re.compile(r"^[a-zA-Z_][a-zA-Z0-9-_]{0,127}$")
MOST_TOOLS = 128
MOST_STOPS, STOP_BYTES = 5, 32
TTLS = {"5m": 300.0, "1h": 3600.0}
NO_REASONING = "thinking is enabled but reasoning_content is missing in assistant tool call message"


def check_request(body: Mapping[str, Any], models: Mapping[str, ServedModel]) -> ServedModel:
    """The model that is asked.

    Raises:
        Problem: for an unknown model, and for every rule the request breaks.
    """
    model = models.get(str(body.get("model")))
    if model is None:
        raise no_model(body.get("model"))
    _check_messages(body, model)
    if model.fixed_sampling:
        _check_sampling(body, model)
    _check_thinking(body, model)
    _check_tools(body, model)
    _check_options(body)
    return model


def check_messages(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The messages, each with a role and, unless it may go without, content."""
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise invalid("Invalid request: messages must not be empty")
    for message in messages:
        if not isinstance(message, dict) or message.get("role") not in ROLES:
            raise invalid("Invalid request: invalid message role")
        if not message.get("content") and not message.get("tool_calls"):
            raise invalid(f"Invalid request: message with role '{message['role']}' is empty")
        if not isinstance(message.get("content"), str | list | None):
            raise invalid("Invalid request: content must be a string or a list of parts")
        _check_pictures(message)
    return messages


def reasons(body: Mapping[str, Any], model: ServedModel) -> bool:
    thinking = body.get("thinking")
    off = isinstance(thinking, dict) and thinking.get("type") == "disabled"
    return model.thinking == "always" or (model.thinking == "optional" and not off)


def cache_ttl(body: Mapping[str, Any]) -> float:
    """How long the prompt is to be kept."""
    options = body.get("prompt_cache_options") or {}
    ttl = options.get("ttl", "5m") if isinstance(options, dict) else None
    if ttl not in TTLS:
        raise invalid("Invalid request: prompt_cache_options.ttl must be 5m or 1h")
    return TTLS[ttl]


def _check_messages(body: Mapping[str, Any], model: ServedModel) -> None:
    for message in check_messages(body):
        if not model.pictures and _pictures(message):
            raise invalid(f"Invalid request: {model.id} takes no image input")
        calls = message["role"] == "assistant" and message.get("tool_calls")
        if calls and model.thinking == "always" and not message.get("reasoning_content"):
            raise invalid(NO_REASONING)
    _check_results(body["messages"])


def _check_results(messages: Sequence[Mapping[str, Any]]) -> None:
    """Every tool call is answered by a message right behind it, and none answers another."""
    open_calls: set[str] = set()
    for message in messages:
        if message["role"] == "tool":
            if message.get("tool_call_id") not in open_calls:
                raise invalid("Invalid request: tool_call_id is not found")
            open_calls.discard(message["tool_call_id"])
        elif open_calls:
            break
        else:
            open_calls = {str(call.get("id")) for call in message.get("tool_calls") or ()}
    if open_calls:
        raise invalid("Invalid request: tool calls must be followed by their tool messages")


def _pictures(message: Mapping[str, Any]) -> bool:
    content = message.get("content")
    parts = content if isinstance(content, list) else ()
    return any(isinstance(part, dict) and "image_url" in part for part in parts)


def _check_pictures(message: Mapping[str, Any]) -> None:
    content = message.get("content")
    for part in content if isinstance(content, list) else ():
        url = part.get("image_url", {}).get("url", "ms://") if isinstance(part, dict) else ""
        if not url.startswith(("data:", "ms://")):
            raise invalid("Invalid request: unsupported image url, use base64 or ms://<file_id>")


def _check_sampling(body: Mapping[str, Any], model: ServedModel) -> None:
    temperature = 1 if reasons(body, model) else 0.6
    fixed = {
        "temperature": temperature,
        "top_p": 0.95,
        "n": 1,
        "presence_penalty": 0,
        "frequency_penalty": 0,
    }
    for name, only in fixed.items():
        if name in body and body[name] != only:
            raise invalid(f"invalid {name}: only {only} is allowed for this model")


def _check_thinking(body: Mapping[str, Any], model: ServedModel) -> None:
    effort = body.get("reasoning_effort")
    if effort is not None and effort not in model.efforts:
        raise invalid(f"invalid reasoning_effort: {effort} is not allowed for this model")
    if "thinking" not in body or model.thinking == "optional":
        return
    if model.efforts:
        raise invalid("invalid thinking: the parameter is not supported by this model")
    if body["thinking"] != {"type": "enabled"}:
        raise invalid("invalid thinking: only type=enabled is allowed for this model")


def _check_tools(body: Mapping[str, Any], model: ServedModel) -> None:
    tools = body.get("tools") or []
    if tools and not model.tools:
        raise invalid(f"Invalid request: {model.id} does not support tools")
    if len(tools) > MOST_TOOLS:
        raise invalid(f"Invalid request: too many tools, max {MOST_TOOLS}")
    for tool in tools:
        name = str(tool.get("function", {}).get("name", ""))
        if tool.get("type") == "builtin_function" and not (model.web and name == WEB_SEARCH):
            raise invalid(f"Invalid request: unknown builtin tool: {name}")
        if not TOOL_NAME.match(name.lstrip("$")):
            raise invalid(f"Invalid request: function name is invalid: {name}")
    if body.get("tool_choice") == "required" and not model.forced_tools:
        raise invalid("tool_choice 'required' is incompatible with thinking enabled")


def _check_options(body: Mapping[str, Any]) -> None:
    cache_ttl(body)
    stop = body.get("stop") or []
    stops = [stop] if isinstance(stop, str) else stop
    if len(stops) > MOST_STOPS or any(len(str(s).encode()) > STOP_BYTES for s in stops):
        raise invalid("Invalid request: at most 5 stop strings of at most 32 bytes")
    for name in ("max_completion_tokens", "max_tokens"):
        value = body.get(name)
        if value is not None and (type(value) is not int or value < 1):
            raise invalid(f"Invalid request: {name} must be a positive integer")

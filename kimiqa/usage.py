"""Usage as endpoints spell it, read strictly: money rests on these numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kimiqa.money import Usage

_MOST = 1_000_000_000
"""More tokens than any call can use; a larger count is a mistake or a lie."""

_CACHED = ("cached_tokens", "prompt_tokens_details.cached_tokens", "prompt_cache_hit_tokens")
_REASONING = ("completion_tokens_details.reasoning_tokens", "reasoning_tokens")
_WRITTEN = (
    "cache_write_tokens",
    "prompt_tokens_details.cache_write_tokens",
    "prompt_tokens_details.cache_creation_tokens",
    "cache_creation_input_tokens",
)


def read_usage(reported: Any) -> Usage:
    """The usage in `reported`, wherever each count stands: a dictionary, or the SDK's object.

    Raises:
        ValueError: a count is missing, is no whole number of tokens, or contradicts another.
            The message is a sentence.

    >>> read_usage({"prompt_tokens": 19, "completion_tokens": 21, "cached_tokens": 10})
    Usage(prompt_tokens=19, completion_tokens=21, cached_tokens=10, reasoning_tokens=None, \
cache_write_tokens=None)
    """
    found = reported.model_dump() if hasattr(reported, "model_dump") else reported
    prompt, completion = _count(found, "prompt_tokens"), _count(found, "completion_tokens")
    if prompt is None or completion is None:
        raise ValueError("It names no prompt or no completion tokens.")
    if prompt == 0:
        raise ValueError("It counts 0 prompt tokens, and something was asked.")
    usage = Usage(
        prompt,
        completion,
        _first(found, _CACHED),
        _first(found, _REASONING),
        _first(found, _WRITTEN),
    )
    if (usage.cached_tokens or 0) + (usage.cache_write_tokens or 0) > prompt:
        raise ValueError(f"It counts more cached tokens than the {prompt:,} of the prompt.")
    if (usage.reasoning_tokens or 0) > completion:
        raise ValueError(f"It counts more reasoning than the {completion:,} completion tokens.")
    return usage


def cached_fields(reported: Mapping[str, Any]) -> tuple[str, ...]:
    """Where a usage names the tokens that were read from the cache.

    >>> cached_fields({"cached_tokens": 0, "prompt_tokens_details": {"cached_tokens": 0}})
    ('cached_tokens', 'prompt_tokens_details.cached_tokens')
    """
    return tuple(name for name in _CACHED if _count(reported, name) is not None)


def _first(found: Mapping[str, Any], names: tuple[str, ...]) -> int | None:
    counts = (_count(found, name) for name in names)
    return next((count for count in counts if count is not None), None)


def _count(found: Mapping[str, Any], name: str) -> int | None:
    """The count at a dotted `name`; None where it is absent or null."""
    value: Any = found
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MOST:
        raise ValueError(f"Its {name} is {ascii(value)[:40]}, not a count of tokens.")
    return value

"""Keys that cannot be printed by accident."""

from __future__ import annotations

import re
from typing import Any, NoReturn

from kimiqa.errors import NoKeyError
from kimiqa.saying import say

_PREFIX = re.compile(r"[A-Za-z0-9]{1,4}-")


def mask(key: str) -> str:
    """`key` as it may be shown: enough to tell two keys apart, not enough to use one.

    >>> mask("sk-0123456789abcdef")
    'sk-…cdef'
    >>> mask("short")
    '…'
    """
    if len(key) < 16:
        return "…"
    prefix = _PREFIX.match(key)
    return f"{prefix.group() if prefix else ''}…{key[-4:]}"


class Secret:
    """A key. Only `reveal()` gives it away; it cannot be pickled into a cache."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __str__(self) -> str:
        return mask(self._value)

    def __repr__(self) -> str:
        return f"Secret({mask(self._value)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Secret:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("A key is not pickled: it would be written where a cache is.")


def secret(value: str | Secret | None) -> Secret | None:
    """`value` as a key, or None for nothing but white space.

    Raises:
        NoKeyError: it holds characters that cannot stand in a request, as a key that was
            copied with a line break or a typographic dash does.
    """
    text = (value.reveal() if isinstance(value, Secret) else value or "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isprintable() and " " not in text):
        raise NoKeyError(
            say(
                "The API key of {text} characters holds a space or another character "
                "that no key has.",
                text=len(text),
            ),
            "Copy it again, without spaces and line breaks.",
        )
    return Secret(text)

"""What a streamed call yields, and what an endpoint is."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from kimiqa.money import Usage


@dataclass(frozen=True, slots=True)
class SentDelta:
    """The request is about to leave: from here on a call that is dropped may be paid for.

    A `WaitDelta` takes that back: what was sent was refused before any work.
    """


@dataclass(frozen=True, slots=True)
class WaitDelta:
    """The request was refused before any work, and is sent again after `seconds`."""

    seconds: float
    why: str


@dataclass(frozen=True, slots=True)
class ReasoningDelta:
    """The next piece of the model's reasoning."""

    text: str
    field: str = dataclasses.field(default="reasoning_content", compare=False)
    """What the endpoint calls it, so that it can be replayed under the same name."""


@dataclass(frozen=True, slots=True)
class TextDelta:
    """The next piece of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """The next piece of a tool call; `id` and `name` come with its first piece only."""

    index: int
    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class UsageDelta:
    """What the call has used, as the endpoint says. A later one replaces an earlier one."""

    usage: Usage


@dataclass(frozen=True, slots=True)
class FinishDelta:
    """The endpoint's reason for stopping. A stream that ends without one is incomplete."""

    reason: str


@dataclass(frozen=True, slots=True)
class NoteDelta:
    """Something in the reply that cannot be trusted, as a sentence for the warnings."""

    message: str


Delta = (
    SentDelta
    | WaitDelta
    | ReasoningDelta
    | TextDelta
    | ToolCallDelta
    | UsageDelta
    | FinishDelta
    | NoteDelta
)


class Endpoint(Protocol):
    """Whoever answers a planned request."""

    def stream(
        self, body: Mapping[str, Any] | str, *, deadline: float
    ) -> AsyncGenerator[Delta, None]:
        """Send `body` (an object, or its JSON) and yield the reply; only `stream` and
        `stream_options` are added.

        `deadline` is seconds for the whole call, waiting included. Closing the generator
        closes the connection.
        """
        ...

    async def models(self) -> list[dict[str, Any]]: ...

    async def aclose(self) -> None: ...

"""Where a plan is paid for and sent, and what has come back of it so far."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kimiqa.endpoint import Endpoint
from kimiqa.errors import KimiqaError
from kimiqa.money import Usage
from kimiqa.paying import SEARCHES_READ, WEB_SEARCH
from kimiqa.plan import Citation, ToolCall
from kimiqa.settings import UNLIMITED, Limits
from kimiqa.tokens import Counter

if TYPE_CHECKING:
    from kimiqa.ledger import Budget, Hold, Ledger


@dataclass(frozen=True, slots=True)
class Desk:
    """Where a plan is paid for and sent: the ledger, its caps and the endpoint."""

    ledger: Ledger
    budget: Budget
    endpoint: Endpoint
    counter: Counter
    host: str
    cache_ttl: float = 300
    deadline: float = 1_800
    allow_unpriced: bool = False
    label: str | None = None
    limits: Limits = UNLIMITED
    """What the account may ask for: calls wait for their turn where it is known."""
    hold: Hold | None = None
    """The reservation of a plan of several calls, from which each of them draws."""


@dataclass(slots=True)
class Reply:
    """What has come back so far."""

    text: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    reasoning_field: str = "reasoning_content"
    calls: dict[int, ToolCall] = field(default_factory=dict)
    """The tools that the model calls, by their place in the reply."""
    left_off: int = 0
    """Web searches that began and were read no further: they may be paid for."""
    citations: list[Citation] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    usage: Usage | None = None
    finish_reason: str | None = None
    began: bool = False
    """Something was written: the prompt has been read, and the provider may have kept it."""
    handed_over: bool = False
    """The request may be on its way: from here on a call that is dropped may be paid for."""
    started: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started

    @property
    def whole(self) -> bool:
        """Whether all of the answer has come, whatever may follow it: usage, the stream's end."""
        return self.finish_reason is not None and bool(self.written.strip())

    @property
    def searches(self) -> int:
        """How many web searches it called for: each is paid for."""
        return sum(each.name == WEB_SEARCH for each in self.calls.values()) + self.left_off

    def leave_off(self, last: int) -> bool:
        """Whether it calls for more web searches than are read; its call `last` is then left out,
        which may have come in part only."""
        if self.searches <= SEARCHES_READ:
            return False
        self.left_off += 1
        del self.calls[last]
        self.warnings.append(
            f"More than {SEARCHES_READ} web searches were called for at once: the reply was read "
            "no further."
        )
        return True

    @property
    def written(self) -> str:
        """All that it says beside its reasoning: what would be billed as completion tokens."""
        called = (f"{each.name} {each.arguments}" for each in self.calls.values())
        return "".join((*self.text, *called))


def kept(reply: Reply, write: Callable[[], None]) -> None:
    """Write, and where that fails say so: a paid answer is never lost to a full disk. The row
    then stays reserved at its ceiling."""
    try:
        write()
    except KimiqaError as error:
        reply.warnings.append(str(error))
    except Exception as error:  # nor to a fault of the ledger's own
        reply.warnings.append(f"The ledger could not book this call ({type(error).__name__}).")

"""Where the money went: sums per day, document, conversation, model, strategy and label."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, get_args

from kimiqa.ledger.records import Call, amounts_to_json
from kimiqa.money import Cost, Usage

GroupBy = Literal["day", "month", "document", "conversation", "model", "strategy", "label"]
"""By what calls are summed. Days and months are those of this machine's time zone."""

KINDS: tuple[GroupBy, ...] = get_args(GroupBy)

STEP = ":"
"""Stands between a strategy and the step of it that a call was: `swarm:read`."""


@dataclass(slots=True)
class Group:
    """The calls that have a day, a document, a conversation, a model, … in common."""

    key: str | None
    """What they have in common: a day as 2026-11-22, a document's id; None where a call has no
    conversation or no label."""
    name: str
    """The same as a person reads it."""
    calls: int = 0
    total: dict[str, Decimal] = field(default_factory=dict)
    """What is known to be spent, per currency: settled and estimated calls."""
    estimated: dict[str, Decimal] = field(default_factory=dict)
    """What of `total` is our own count, for the endpoint said nothing to go by."""
    uncertain: dict[str, Decimal] = field(default_factory=dict)
    """What may have been spent besides, at most: calls that are unknown or still open."""
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    shared: int = 0
    """How many of the calls count under other documents too."""
    parts: list[Group] = field(default_factory=list)
    """The same money by the steps of a strategy that has some: the readers and the merge of a
    swarm, the rewriting of a question before its chunks are chosen."""

    def to_json(self) -> dict[str, Any]:
        counts = ("calls", "prompt_tokens", "cached_tokens", "completion_tokens", "shared")
        return {
            "key": self.key,
            "name": self.name,
            **{name: getattr(self, name) for name in counts},
            "total": amounts_to_json(self.total),
            "estimated": amounts_to_json(self.estimated),
            "uncertain": amounts_to_json(self.uncertain),
            "parts": [part.to_json() for part in self.parts],
        }

    def add(self, call: Call) -> None:
        """Count a call."""
        self.calls += 1
        if call.state in ("reserved", "unknown"):
            _add(self.uncertain, call.ceiling)
        else:
            _add(self.total, call.cost)
        if call.state == "estimated":
            _add(self.estimated, call.cost)
        self._use(call.usage)

    def _use(self, usage: Usage | None) -> None:
        if usage is not None:
            self.prompt_tokens += usage.prompt_tokens
            self.cached_tokens += usage.cached_tokens or 0
            self.completion_tokens += usage.completion_tokens


def _add(sums: dict[str, Decimal], money: Cost | None) -> None:
    if money is not None and money.amount is not None:
        sums[money.currency] = sums.get(money.currency, Decimal(0)) + money.amount


def groups(calls: Iterable[Call], by: GroupBy) -> list[Group]:
    """The calls, newest first, as groups: days and months in order, all else dearest first.

    A call over several documents counts in full under each, so that these do not add up.
    """
    found: dict[str | None, Group] = {}
    steps: dict[str, Group] = {}
    for call in calls:
        keys = list(_keys(call, by))
        for key, name in keys:
            group = found.setdefault(key, Group(key, name))
            group.add(call)
            group.shared += len(keys) > 1
        if by == "strategy" and STEP in call.strategy:
            name = call.strategy.partition(STEP)[2]
            steps.setdefault(call.strategy, Group(call.strategy, name)).add(call)
    for step in sorted(steps.values(), key=_dearest_first):
        assert step.key is not None, "a step has the name it is booked under"
        found[step.key.partition(STEP)[0]].parts.append(step)
    if by in ("day", "month"):
        return sorted(found.values(), key=lambda group: group.name)
    return sorted(found.values(), key=_dearest_first)


def _keys(call: Call, by: GroupBy) -> Iterator[tuple[str | None, str]]:
    match by:
        case "day" | "month":
            day = datetime.fromtimestamp(call.created).date().isoformat()
            found = day if by == "day" else day[:7]
            yield found, found
        case "document":
            yield from dict(call.documents).items() or [(None, "no document")]
        case "conversation":
            yield call.conversation, call.conversation or "no conversation"
        case "label":
            yield call.label, call.label or "no label"
        case "strategy":
            whole = call.strategy.partition(STEP)[0]
            yield whole, whole
        case "model":
            yield call.model, call.model


def _dearest_first(group: Group) -> tuple[Decimal, Decimal, str]:
    def worth(sums: dict[str, Decimal]) -> Decimal:
        return max(sums.values(), default=Decimal(0))

    return -worth(group.total), -worth(group.uncertain), group.name

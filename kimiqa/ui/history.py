"""The turns of a conversation as the page holds them: read once, and again where one is new."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from kimiqa.ledger import Ledger
from kimiqa.plan import Citation
from kimiqa.saying import restored
from kimiqa.ui.state import State


@dataclass(frozen=True, slots=True)
class Turn:
    """One stored turn. Its citations are as they were found, until they are checked again."""

    number: int
    question: str
    answer: str
    strategy: str
    documents: tuple[tuple[str, str], ...]
    """Id and name of each, in the order in which they are D1, D2, …"""
    citations: tuple[Citation, ...]
    receipt: dict[str, Any] = field(repr=False)
    call: str = ""
    state: str = ""
    reasoning: str = field(default="", repr=False)
    beside: tuple[str, ...] = ()
    """The conversations in which the same question was asked another way."""
    apart: str = ""
    """Why the next prompt does not go on from it: it was stopped, or asked aside."""
    private: bool = False
    """Whether it was sent with placeholders in place of personal data."""


@dataclass(slots=True)
class History:
    """What this page knows of its conversation."""

    turns: tuple[Turn, ...] | None = None
    """None: they have to be read."""
    read_at: tuple[str, tuple[tuple[int, float], ...]] = ("", ())
    """The conversation, and its stamp in the ledger when they were read."""
    checked: dict[int, Turn] = field(default_factory=dict)


def load(state: State, ledger: Ledger) -> tuple[Turn, ...]:
    """The turns of this page's conversation, as the ledger has them now."""
    known = state.of(History)
    now = (state.conversation, ledger.turns_stamp(state.conversation))
    if known.turns is None or known.read_at != now:
        known.turns, known.read_at = of(ledger, state.conversation), now
        known.checked.clear()
    return known.turns


def of(ledger: Ledger, conversation: str) -> tuple[Turn, ...]:
    """The turns of any conversation."""
    return tuple(_turn(n, row) for n, row in enumerate(ledger.turns(conversation)))


def turns(state: State) -> tuple[Turn, ...]:
    """The turns of this page's conversation, as they were read last; none before they were."""
    return state.of(History).turns or ()


def forget(state: State) -> None:
    """Have the turns read again: the page shows another conversation, or there is less of it."""
    state.of(History).turns = None


def checked(state: State, turn: Turn, check: Callable[[State, Turn], Turn]) -> Turn:
    """The turn as it is shown, checked once for as long as the conversation stays as it is."""
    kept = state.of(History).checked
    if turn.number not in kept:
        kept[turn.number] = check(state, turn)
    return kept[turn.number]


def _turn(number: int, row: dict[str, Any]) -> Turn:
    return Turn(
        number,
        row["question"],
        row["answer"],
        row["strategy"],
        tuple((document_id, name) for document_id, name in row["documents"]),
        tuple(Citation(**each) for each in row["receipt"]["citations"]),
        row["receipt"] | {"warnings": _warnings(row)},
        row["call"],
        beside=tuple(row.get("beside", ())),
        apart=row.get("apart", ""),
        private=row.get("private", False),
    )


def _warnings(row: dict[str, Any]) -> list[str]:
    """As they can be told in another language; older versions kept their English alone."""
    return [restored(each) for each in row.get("told", row["receipt"]["warnings"])]

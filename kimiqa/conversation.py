"""A conversation: its prompt only grows, byte for byte, so that the provider's cache is hit."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from kimiqa.errors import BadRequestError
from kimiqa.plan import Answer, Chunk, Plan
from kimiqa.remembering import cited_pieces
from kimiqa.saying import kept, say
from kimiqa.strategies.layout import Turn

if TYPE_CHECKING:
    from kimiqa.document import Document
    from kimiqa.ledger import Ledger


Apart = Literal["stopped", "aside"]
"""Why a turn is shown and not sent: it was stopped, or asked side by side with others."""


class Talk:
    """The turns of one conversation over the same documents, kept in the ledger's folder.

    Raises
    ------
    BadRequestError
        The stored conversation is about other documents: its prompt could not go on from them.
    """

    def __init__(
        self, documents: Sequence[Document], ledger: Ledger, conversation: str | None = None
    ) -> None:
        self.id = conversation or uuid.uuid4().hex[:12]
        self.ledger = ledger
        rows = ledger.turns(self.id) if conversation else []
        self.documents = _as_before(rows[0]["documents"], documents) if rows else tuple(documents)
        self.turns: tuple[Turn, ...] = prompt_turns(rows)

    def add(self, plan: Plan, answer: Answer) -> None:
        """Keep a finished turn. An answer without words is no turn: nothing could follow it."""
        if not answer.text.strip():
            return
        turn = _turn(plan, answer, self.turns)
        self.turns = (*self.turns, turn)
        self._save(turn_to_json(turn, answer))

    def keep_apart(self, plan: Plan, answer: Answer, why: Apart) -> None:
        """Keep an answer in the conversation, but out of the prompts that follow: what was
        stopped half-way is no basis for the next answer, and what was asked side by side none
        of the others knew."""
        if answer.text.strip():
            self._save(turn_to_json(_turn(plan, answer, self.turns), answer) | {"apart": why})

    def _save(self, row: dict[str, Any]) -> None:
        # Another window may have asked meanwhile: its turn was paid for too, and stays.
        number = len(self.ledger.turns(self.id)) + 1
        self.ledger.save_turn(self.id, number, row)


def prompt_turns(rows: Sequence[dict[str, Any]]) -> tuple[Turn, ...]:
    """The stored turns that the next prompt goes on from."""
    return tuple(turn_from_json(row) for row in rows if not row.get("apart"))


_WITHOUT_CHUNKS = ("full", "swarm", "research")
"""Strategies that send whole pages, or let the model look for them. A digest stands before the
chunks that are sent with it, and is laid out again as it was."""


def _turn(plan: Plan, answer: Answer, before: Sequence[Turn]) -> Turn:
    """The turn as it was answered: what was sent may have been decided on the way. Where that
    was by no chunks, a later question by chunks goes on from the pages it cites."""
    made = answer.plan or plan
    evidence = made.chunks
    if made.strategy in _WITHOUT_CHUNKS:
        sent = [chunk for turn in before for chunk in turn.chunks]
        evidence = cited_pieces(made, answer, sent)
    return Turn(plan.question.strip(), answer.text, made.strategy, evidence)


def _as_before(
    stored: Sequence[Sequence[str]], documents: Sequence[Document]
) -> tuple[Document, ...]:
    """The documents under the names they were sent with: another name is another prompt."""
    if [id for id, _ in stored] != [document.id for document in documents]:
        names = ", ".join(name for _, name in stored)
        raise BadRequestError(
            say("That conversation is about {names}, in this order.", names=names),
            "Open the same documents, or begin a new conversation.",
        )
    return tuple(
        replace(each, name=name) for each, (_, name) in zip(documents, stored, strict=True)
    )


def turn_to_json(turn: Turn, answer: Answer) -> dict[str, Any]:
    """A turn as it is stored: enough to lay its prompt out again, and its receipt."""
    return {
        "question": turn.question,
        "answer": turn.answer,
        "strategy": turn.strategy,
        "chunks": [chunk.to_json() for chunk in turn.chunks],
        "documents": [
            [each.id, each.name] for each in (answer.plan.documents if answer.plan else ())
        ],
        "call": answer.id,
        "receipt": answer.to_json(),
        "told": [kept(each) for each in answer.warnings],
        "private": answer.plan is not None and answer.plan.cover is not None,
    }


def turn_from_json(row: dict[str, Any]) -> Turn:
    """The turn that was stored."""
    chunks = tuple(Chunk(**chunk) for chunk in row["chunks"])
    return Turn(row["question"], row["answer"], row["strategy"], chunks)

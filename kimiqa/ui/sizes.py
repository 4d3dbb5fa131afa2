"""How many tokens the documents of a page are, each counted once for a model."""

from __future__ import annotations

from dataclasses import dataclass, field

from kimiqa.document import Document
from kimiqa.planner import block_tokens
from kimiqa.ui.state import State


@dataclass(slots=True)
class Sizes:
    """What was counted, by the document's id and the model's."""

    tokens: dict[tuple[str, str], int] = field(default_factory=dict)


def tokens(state: State, document: Document, model: str) -> int:
    """The tokens of the document's block as it would be sent to a model."""
    known, key = state.of(Sizes).tokens, (document.id, model)
    if key not in known:
        known[key] = block_tokens(document, model)
    return known[key]


def forget(state: State) -> None:
    """Have them counted again: there is more or less to send of a document than there was."""
    state.of(Sizes).tokens.clear()

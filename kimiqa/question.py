"""A question with what a caller may choose about it, and what it comes to under one strategy."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from kimiqa.document import Document
from kimiqa.errors import RefusedError
from kimiqa.ledger import Scope
from kimiqa.pages import Pages
from kimiqa.plan import Estimate, Segment, Strategy
from kimiqa.strategies.layout import Draft, Layout, Turn

ORDINARY_QUESTION = "Who is bound to what, from when, and where does the document say so?"
"""Stands for a question of ordinary length where a price is wanted before one is asked."""

MOST_QUESTIONS = 1_000
"""More questions are expected of no sitting."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question with everything a caller may choose about it."""

    text: str
    documents: tuple[Document, ...]
    pages: Pages = None
    pictures: Pages = None
    """Pages that are sent as pictures; "scanned" is all that have no text layer."""
    effort: str | None = None
    max_cost: Decimal | None = None
    """The cap of this question; None takes the budget's."""
    max_prompt_tokens: int | None = None
    max_completion_tokens: int | None = None
    chunk_tokens: int = 100
    turns: tuple[Turn, ...] = ()
    conversation: str | None = None
    label: str | None = None
    """A client, a matter, a project: what the cost is booked under."""
    private: bool = False
    """Send placeholders in place of personal data."""
    ranking: str = "auto"
    """How chunks are chosen: by words (bm25), by meaning too (semantic), or auto."""
    max_steps: int | None = None
    """How many calls research may make; None takes the usual number."""
    web_searches: int = 0
    """How many times research may search the web, each at a price."""
    rewrite: bool = False
    """Have a cheap call put the question into the documents' words before chunks are chosen."""
    climb: bool = False
    """Where an answer from chunks does not hold, ask with more of them, then with everything."""
    expected_questions: int = 1
    """How many are expected about these documents in one sitting, this one among them."""

    @property
    def scope(self) -> Scope:
        """What the caps of conversations and labels see of it."""
        return Scope(self.conversation, self.label)


@dataclass(frozen=True, slots=True)
class Sized:
    """A question under one strategy: its size, its estimate, and what forbids it."""

    strategy: Strategy
    draft: Draft
    layout: Layout
    limit: int
    estimate: Estimate
    warm_until: float | None
    refusal: RefusedError | None
    segments: tuple[Segment, ...] = ()
    cache_note: str = ""
    warnings: tuple[str, ...] = ()
    """What should be known before it is asked, a sentence each."""
    climbs: str = ""
    """How far it may climb where its answer does not hold, in words."""
    work: Any = field(default=None, repr=False, compare=False)
    """What a strategy of several calls was sized from, and is planned from."""

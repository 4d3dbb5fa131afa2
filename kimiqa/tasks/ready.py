"""Questions that are written already, for the tasks that documents are most often brought for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Name = Literal["summary", "timeline", "compare", "contradictions"]


@dataclass(frozen=True, slots=True)
class Ready:
    """A task in words that ask for a place behind everything that is said."""

    name: Name
    title: str
    """What a button calls it."""
    text: str
    documents: int = 1
    """How many documents it needs at least."""

    def question(self, more: str = "") -> str:
        """The question; `more` is what somebody adds to it.

        >>> READY["summary"].question("Mind the deposit.").endswith("\\n\\nMind the deposit.")
        True
        """
        return f"{self.text}\n\n{more.strip()}" if more.strip() else self.text


_ALL = (
    Ready(
        "summary",
        "Summary",
        "Summarise the documents: first what they are and what they come to, in two or three "
        "sentences; then the points of weight, in the order of the documents, with parties, dates "
        "and amounts. Put its place behind every sentence, and cite every document.",
    ),
    Ready(
        "timeline",
        "Timeline",
        "Make a timeline of everything that is dated in the documents, the earliest first: a line "
        "for each date, with what happens or happened then and its place. Where two places give "
        "different dates for the same thing, put both and say so. Cite every document.",
    ),
    Ready(
        "compare",
        "Compare",
        "Compare D1 and D2 as two versions of the same, or the same in two years: list every "
        "difference of weight (parties, dates, amounts, duties, definitions, and what stands only "
        "in one). For each difference quote what D1 says with its place [D1 p. n] and what D2 says "
        "with its place [D2 p. n]; where one of them says nothing of it, say that instead. Then "
        "say what is alike where one might expect a difference.",
        documents=2,
    ),
    Ready(
        "contradictions",
        "Contradictions",
        "Find all contradictions: places in the documents, in one of them or between them, that "
        "cannot both be true, or that bind somebody to different things. For each quote both "
        "places, each with its place right behind it, and say in a sentence why they conflict. If "
        "there are none, say so.",
    ),
)
READY: dict[str, Ready] = {each.name: each for each in _ALL}
"""By name."""

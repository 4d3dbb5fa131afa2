"""What an exported answer holds, and the words for its footnotes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kimiqa.money import Cost, plain
from kimiqa.plan import Answer, Citation, CitationStatus

SHAPES: dict[CitationStatus, str] = {
    "verified": "✓",
    "moved": "→",
    "supported": "~",
    "unverified": "?",
    "invalid": "✗",
}
STATES: dict[CitationStatus, str] = {
    "verified": "verified: these words stand there",
    "moved": "moved: these words stand on another page",
    "supported": "supported: numbers and words of the sentence stand there",
    "unverified": "not verified: this was not found there",
    "invalid": "invalid: there is no such document or page",
}
DOUBTS: dict[CitationStatus, str] = {"unverified": "not verified", "invalid": "no such page"}
"""What is said in the text itself, so that nobody has to read a footnote to know it."""

CAVEAT = (
    "Verified means that the quoted words stand on the page named. "
    "Whether they mean what the answer says, a reader still has to judge."
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A question, its answer, and what belongs under it."""

    question: str
    text: str
    citations: tuple[Citation, ...] = ()
    documents: tuple[str, ...] = ()
    """The names of D1, D2, …"""
    facts: tuple[str, ...] = ()
    """A line each: who answered, what was read, what it cost."""
    warnings: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """A footnote for each citation, in order."""
        return tuple(note(each, self.documents) for each in self.citations)


def sheet_of(answer: Answer) -> Sheet:
    """The sheet of an answer that was just given."""
    documents = answer.plan.documents if answer.plan else ()
    seen = answer.coverage
    return Sheet(
        answer.question or (answer.plan.question if answer.plan else ""),
        answer.text,
        answer.citations,
        tuple(document.name for document in documents),
        (
            f"Answered by {answer.model} ({answer.strategy})",
            f"{seen.sent:,} of {seen.pages:,} pages were read",
            f"Cost {_money(answer.cost)} ({answer.state})",
        ),
        answer.warnings,
    )


def note(citation: Citation, documents: Sequence[str]) -> str:
    """A citation in words.

    >>> note(Citation("D1", None, 12, 12, "six months", "verified"), ["lease.pdf"])
    'lease.pdf, page 12: ✓ verified: these words stand there. “six months”'
    """
    moved = citation.status == "moved" and citation.found_page is not None
    place = f"page {citation.page:,}" + (f" (found on page {citation.found_page})" if moved else "")
    place += f" ({citation.place})" if citation.place else ""
    state = f"{SHAPES[citation.status]} {STATES[citation.status]}"
    quote = f" “{citation.quote}”" if citation.quote else ""
    return f"{_name(citation, documents)}, {place}: {state}.{quote}"


def _name(citation: Citation, documents: Sequence[str]) -> str:
    number = citation.document.removeprefix("D")
    if number.isdecimal() and 1 <= int(number) <= len(documents):
        return documents[int(number) - 1]
    return citation.document


def _money(cost: Cost) -> str:
    if cost.amount is None:
        return "not known"
    shown = plain(cost.amount.normalize()) or "0"
    return f"${shown}" if cost.currency == "USD" else f"{shown} {cost.currency}"

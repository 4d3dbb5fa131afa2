"""What an exported answer holds, and the words for its footnotes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from kimiqa.money import Cost, plain
from kimiqa.plan import Answer, Citation, CitationStatus
from kimiqa.saying import Said, joined, say

SHAPES: dict[CitationStatus, str] = {
    "verified": "✓",
    "moved": "→",
    "supported": "~",
    "unverified": "?",
    "invalid": "✗",
}
STATES: dict[CitationStatus, Said] = {
    "verified": say("verified: these words stand there"),
    "moved": say("moved: these words stand on another page"),
    "supported": say("supported: numbers and words of the sentence stand there"),
    "unverified": say("not verified: this was not found there"),
    "invalid": say("invalid: there is no such document or page"),
}
DOUBTS: dict[CitationStatus, Said] = {
    "unverified": say("not verified"),
    "invalid": say("no such page"),
}
"""What is said in the text itself, so that nobody has to read a footnote to know it."""

WARNING = say("Note:")
CAVEAT = say(
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
    language: str = "en"
    tell: Callable[[str], str] = field(default=str, repr=False, compare=False)
    """Says a sentence of ours in that language."""

    @property
    def notes(self) -> tuple[str, ...]:
        """A footnote for each citation, in order."""
        return tuple(self.tell(note(each, self.documents)) for each in self.citations)

    def doubt(self, citation: int) -> str:
        """What is said in the text of a citation that does not hold; empty for one that does."""
        found = DOUBTS.get(self.citations[citation].status)
        return self.tell(found) if found else ""


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


def note(citation: Citation, documents: Sequence[str]) -> Said:
    """A citation in words.

    >>> note(Citation("D1", None, 12, 12, "six months", "verified"), ["lease.pdf"])
    'lease.pdf, page 12: ✓ verified: these words stand there. “six months”'
    """
    words = say(
        "{document}, {place}: {shape} {state}.",
        document=_name(citation, documents),
        place=_place(citation),
        shape=SHAPES[citation.status],
        state=STATES[citation.status],
    )
    return joined([words, f"“{citation.quote}”" if citation.quote else ""])


def _place(citation: Citation) -> Said:
    page = say("page {page:,}", page=citation.page)
    if citation.status == "moved" and citation.found_page is not None:
        page = say(
            "page {page:,} (found on page {found})", page=citation.page, found=citation.found_page
        )
    return say("{page} ({place})", page=page, place=citation.place) if citation.place else page


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

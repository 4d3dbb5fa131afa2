"""Answers that may be given: each with its citations checked, the better one kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kimiqa.citations import check_citations
from kimiqa.plan import Answer, Citation
from kimiqa.prompts import DocumentLike

_WRONG = ("unverified", "invalid")


@dataclass(frozen=True, slots=True)
class Candidate:
    """An answer, and what its citations are worth."""

    answer: Answer
    citations: tuple[Citation, ...]

    @classmethod
    def of(cls, answer: Answer, documents: Sequence[DocumentLike]) -> Candidate:
        return cls(answer, tuple(check_citations(answer.text, documents)))

    @property
    def wrong(self) -> list[Citation]:
        """The citations that do not stand."""
        return [each for each in self.citations if each.status in _WRONG]


def better(before: Candidate | None, now: Candidate) -> Candidate:
    """The later one, unless it says nothing, or more of what it cites does not stand."""
    if before is None or not before.answer.text.strip():
        return now
    if not now.answer.text.strip():
        return before
    kept = len(now.citations) - len(now.wrong), -len(now.wrong)
    had = len(before.citations) - len(before.wrong), -len(before.wrong)
    return before if len(now.wrong) > len(before.wrong) and kept < had else now


def fallback(last: Answer, notes: Sequence[str], documents: Sequence[DocumentLike]) -> Candidate:
    """Where no answer was written: what has been noted."""
    if not notes:
        return Candidate(last, ())
    listed = "\n".join(f"- {note}" for note in notes)
    text = f"No answer was written. What was noted on the way:\n{listed}"
    return Candidate.of(replace(last, text=text, finish_reason="length"), documents)

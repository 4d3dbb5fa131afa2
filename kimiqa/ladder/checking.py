"""Whether an answer holds, and which of two is the better one."""

from __future__ import annotations

from kimiqa.plan import Answer
from kimiqa.refusing import refused
from kimiqa.research import candidates
from kimiqa.research.candidates import Candidate
from kimiqa.saying import Said, say


def candidate_of(answer: Answer) -> Candidate:
    """The answer with its citations, which were checked as they came."""
    return Candidate(answer, answer.citations)


def why_not(candidate: Candidate) -> Said:
    """What speaks against an answer; empty where it holds."""
    if _cut(candidate):
        return say("the answer was cut off")
    if refused(candidate.answer.text):
        return say("it says that the documents do not say")
    if not _held(candidate):
        return say("no citation holds")
    if len(candidate.wrong) > _held(candidate):
        return say("most citations do not hold")
    return Said("")


def better(before: Candidate | None, now: Candidate) -> Candidate:
    """The later one, for it has seen more; unless it was cut off, refuses where the other had
    evidence, or cites worse."""
    if before is None:
        return now
    if _cut(now) and not _cut(before):
        return before
    if refused(now.answer.text) and not refused(before.answer.text) and _held(before):
        return before
    return candidates.better(before, now)


def _cut(candidate: Candidate) -> bool:
    return candidate.answer.finish_reason != "stop" or not candidate.answer.text.strip()


def _held(candidate: Candidate) -> int:
    return len(candidate.citations) - len(candidate.wrong)

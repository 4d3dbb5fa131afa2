"""Effort and the length of an answer as choices, each with its price and its time beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from kimiqa.plan import Estimate, Strategy
from kimiqa.planner import Planner, Question, Sized
from kimiqa.saying import Said, say

LENGTHS = (4_096, 8_192, 16_384, 32_768)
"""The most completion tokens, reasoning included, that there is a choice of."""


@dataclass(frozen=True, slots=True)
class Effort:
    """One choice: how hard the model thinks, how much it may write, what that would cost."""

    effort: str | None
    """None: the model has no efforts."""
    max_completion_tokens: int
    estimate: Estimate
    fits: bool
    reason: str | None
    """Why it cannot run; or that answers are often longer than this limit."""
    cut: bool
    """Whether 1 in 20 answers or more would be cut off by the limit, having been paid for."""

    def to_json(self) -> dict[str, Any]:
        head = {
            "effort": self.effort,
            "max_completion_tokens": self.max_completion_tokens,
            "fits": self.fits,
            "reason": self.reason,
            "cut": self.cut,
        }
        return head | self.estimate.to_json()


def efforts(
    planner: Planner,
    question: Question,
    strategy: Strategy,
    lengths: Sequence[int] = LENGTHS,
) -> list[Effort]:
    """Every effort of the model with every length of an answer, for one question under one
    strategy. The prompt is laid out and counted once.

    Raises
    ------
    NoTextError, BadRequestError
        There is nothing to be asked about.
    """
    sized = planner.size(question, strategy)
    most = planner.model.max_output_tokens or max(lengths)
    allowed = [length for length in lengths if length <= most] or [most]
    rows = []
    for effort in planner.model.efforts or (None,):
        asked = replace(question, effort=effort)
        usual = _sized(planner, asked, sized, most).estimate.completion_tokens.high
        rows += [
            _row(length, _sized(planner, asked, sized, length), effort, usual) for length in allowed
        ]
    return rows


def _sized(planner: Planner, asked: Question, sized: Sized, length: int) -> Sized:
    return planner.resize(replace(asked, max_completion_tokens=length), sized)


def _row(length: int, sized: Sized, effort: str | None, usual: int) -> Effort:
    cut = usual > sized.limit
    reason = sized.refusal.message if sized.refusal else _cut_note(usual) if cut else None
    return Effort(effort, length, sized.estimate, sized.refusal is None, reason, cut)


def _cut_note(usual: int) -> Said:
    return say(
        "Answers of this kind take up to {usual:,} tokens, and a cut one is paid for too.",
        usual=usual,
    )

"""A question as a swarm's work: its readers' calls, what is paid already, and its limits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property

from kimiqa import estimating, seeing
from kimiqa.errors import RefusedError
from kimiqa.estimating import DEFAULT_COMPLETION, Experience
from kimiqa.plan import Segment
from kimiqa.planner import Planner, Question
from kimiqa.prompts import RULES
from kimiqa.strategies.layout import Layout
from kimiqa.swarm import sizing, wording
from kimiqa.swarm.sizing import HEAD_TOKENS, Merge, Reader, merge_of, shares

READ, MERGE = "read", "merge"

LIMITS = ((8_192, DEFAULT_COMPLETION), (4_096, 8_192), (2_048, 4_096))
"""The most completion tokens of a reader and of the answer; the next lower pair where a cap, or
the model's window, leaves no room for the one before."""


@dataclass(frozen=True, slots=True)
class Call:
    """One reader's call: its prompt, counted, and what is likely to be read from the cache."""

    reader: Reader
    layout: Layout
    segments: tuple[Segment, ...]
    cached: int

    @property
    def prefix(self) -> str:
        """Names the whole prompt: what was found in it is kept under this."""
        return self.segments[-1].digest


class Swarm:
    """A question, divided among readers; some may have been paid by a run that was stopped."""

    def __init__(self, planner: Planner, question: Question) -> None:
        self.planner, self.question = planner, question
        draft = planner.draft(question, "swarm")
        said = wording.asked(draft.question, draft.turns, draft.counter)
        self.draft = replace(draft, question=said, turns=())
        self.effort = planner.effort_for(question)

    @cached_property
    def calls(self) -> list[Call]:
        room = self.planner.reading_room(self.question)
        readers = [Reader.of(self.draft, share) for share in shares(self.draft, room)]
        return [self._call(reader) for reader in readers]

    def _call(self, reader: Reader) -> Call:
        layout = reader.layout(build=False)
        segments = layout.segments
        cached, _ = self.planner.warm(layout, segments, self.question)
        return Call(reader, layout, segments, cached)

    @cached_property
    def margin(self) -> Decimal:
        """The share by which any of its counts may be off, that of pictures with it."""
        pictures = (seeing.margin(call.layout) for call in self.calls)
        return self.planner.margin + max(pictures, default=Decimal(0))

    @cached_property
    def kept(self) -> frozenset[str]:
        """The prompts whose findings an earlier run has paid for."""
        planner = self.planner
        prefixes = [call.prefix for call in self.calls]
        return frozenset(planner.ledger.findings(planner.host, planner.model.id, prefixes))

    def unseen(self, call: Call) -> RefusedError | None:
        """Why a reader's pictures cannot be sent."""
        return seeing.refusal(self.draft, call.layout, sizing)

    @property
    def missing(self) -> list[Call]:
        """The calls that are still to be made."""
        return [call for call in self.calls if call.prefix not in self.kept]

    def merge(self, found_tokens: int) -> Merge | None:
        """How the findings come together; None where no prompt holds two of them."""
        room = self.planner.room.prompt(self.question)
        return merge_of(len(self.calls), found_tokens, room, self.task_tokens)

    @cached_property
    def readings(self) -> Experience:
        """What receipts say of readers: asked once, for there are many of them."""
        return self.planner.experience(f"swarm:{READ}", self.effort)

    @cached_property
    def mergings(self) -> Experience:
        """What receipts say of merges."""
        return self.planner.experience(f"swarm:{MERGE}", self.effort)

    @cached_property
    def task_tokens(self) -> int:
        """What a merge's prompt has beside the findings."""
        count = self.draft.counter.count
        task = count(wording.condensing(self.draft.question, ()))
        return count(RULES) + task + self.draft.template.tokens(2) + 16


@dataclass(frozen=True, slots=True)
class Terms:
    """The limits under which a swarm runs."""

    found: int
    """The most completion tokens of a reader, and of a merge in between."""
    answer: int
    """The most completion tokens of the answer."""
    merge: Merge


def merge_sizes(swarm: Swarm, terms: Terms) -> list[tuple[int, int]]:
    """The most prompt tokens and completion tokens of each merge call."""
    *between, last = terms.merge.rounds
    each = terms.found + HEAD_TOKENS
    sizes = [(swarm.task_tokens + n * each, terms.found) for calls in between for n in calls]
    return [*sizes, (swarm.task_tokens + last[0] * each, terms.answer)]


def merge_ceilings(swarm: Swarm, terms: Terms) -> list[Decimal]:
    price, margin = swarm.planner.model.price, swarm.margin
    if price is None:
        return []
    return [
        estimating.ceiling(price, estimating.ceiling_prompt(prompt, 2, margin), limit)
        for prompt, limit in merge_sizes(swarm, terms)
    ]

"""A question over digests as work: what is kept, which calls make the rest, and their limits."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from kimiqa.digest import keeping, using, wording
from kimiqa.digest.digests import joined
from kimiqa.digest.keeping import Piece
from kimiqa.errors import BadRequestError, NoPicturesError
from kimiqa.estimating import LEAST_COMPLETION, Experience
from kimiqa.plan import Coverage, Segment
from kimiqa.planner import Planner, Question
from kimiqa.privacy import covered
from kimiqa.prompts import DOCUMENT_CLOSE, build_messages, document_block, first_message
from kimiqa.strategies import chunks
from kimiqa.strategies.layout import (
    Draft,
    Layout,
    document_parts,
    numbered,
    readable,
    rules_part,
    text_part,
)
from kimiqa.swarm.dividing import Share
from kimiqa.swarm.sizing import coverage, shares

MAKE, ANSWER = "make", "answer"

LONGEST_SHARE = 200_000
"""So many tokens of pages one call is sent at most: a digest of more at once would be thin."""

LIMITS = (16_384, 8_192, 4_096)
"""The most completion tokens of a digest's call and of the answer; the next lower one where a
cap, or the model's window, leaves no room for the one before."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call that makes a digest of some pages of one document."""

    number: int
    """The document's, in the question."""
    pages: tuple[int, ...]
    lines: int
    draft: Draft
    """Of that document alone, and of these pages: the model sees it as D1."""
    part: str
    """These pages in words, where there are others; empty where they are all."""
    layout: Layout = field(repr=False)
    """The prompt, counted and not built."""
    segments: tuple[Segment, ...] = field(repr=False)
    """Its prefixes, for the provider's cache."""

    @classmethod
    def of(cls, draft: Draft, number: int, share: Share, alone: bool) -> Call:
        pages = tuple(share.pages[1])
        lines = wording.lines_for(sum(leaf.tokens for leaf in share.leaves))
        part = "" if alone else share.label.removeprefix("D1 ")
        # All of it is laid out as `full` does: where that was asked, it stands in the cache.
        own = draft if alone else replace(draft, pages=(frozenset(pages),))
        layout = _counted(own, lines, part, len(pages))
        return cls(number, pages, lines, own, part, layout, layout.segments)

    @property
    def about(self) -> str:
        """What it reads, in words."""
        first, last = self.pages[0], self.pages[-1]
        return f"D{self.number} p" + (f". {first}" if first == last else f"p. {first}-{last}")

    def messages(self) -> list[dict[str, Any]]:
        """The same, built."""
        block = document_block(1, self.draft.documents[0], self.draft.pages[0])
        asked = wording.making(self.lines, self.part)
        return build_messages((), first_message([block], asked))


def _counted(draft: Draft, lines: int, part: str, pages: int) -> Layout:
    body, _ = document_parts(draft, 1)
    close = text_part(f"{DOCUMENT_CLOSE}\n\n", draft.counter)
    asked = text_part(wording.making(lines, part), draft.counter)
    return Layout(
        (),
        ((rules_part(draft.counter),), (body, close, asked)),
        Coverage(pages, pages),
        template=draft.template,
        counter=draft.counter,
        block=draft.model.cache_block,
    )


class Work:
    """A question over documents whose digests are kept, or are still to be made."""

    def __init__(self, planner: Planner, question: Question) -> None:
        _check(planner, question)
        self.planner, self.question = planner, question
        self.effort = planner.effort_for(question)

    @property
    def in_memory(self) -> bool:
        """Whether nothing may be kept beyond this process."""
        return self.planner.ledger.in_memory

    @cached_property
    def draft(self) -> Draft:
        """The question's draft, with placeholders in place of personal data where it is private,
        those that only the digests name among them."""
        plain = self.planner.draft(replace(self.question, private=False), "digest")
        if not self.question.private:
            return plain
        return covered(plain, [piece.text for held in self.kept.values() for piece in held])

    @cached_property
    def kept(self) -> dict[int, list[Piece]]:
        """What is kept of each document, by its number; what is on its pages is as it was read."""
        model = self.planner.model.id
        return {
            n: keeping.find(each, model, in_memory=self.in_memory)
            for n, each in numbered(self.question.documents)
        }

    @cached_property
    def calls(self) -> list[Call]:
        """The calls that are still to be made, each for pages of one document.

        Raises
        ------
        ContextWindowError
            A single page is larger than a prompt.
        """
        room = self._room
        return [call for n, _ in numbered(self.draft.documents) for call in self._of(n, room)]

    @property
    def _room(self) -> int:
        """What one call may be sent: the longest answer is left free, whatever caps leave later,
        so that documents are divided alike each time."""
        asked = replace(self.question, max_prompt_tokens=None)
        known = self.planner.reading_room(asked)
        more = max(0, self.longest - LEAST_COMPLETION)
        free = LONGEST_SHARE if known is None else min(LONGEST_SHARE, known - more)
        return min(free, self.question.max_prompt_tokens or free)

    @property
    def longest(self) -> int:
        """The most completion tokens that a call may have in the model's window."""
        model = self.planner.model
        window, own = model.context_window, model.max_output_tokens
        fitting = [each for each in LIMITS if window is None or each * 4 <= window]
        longest = fitting[0] if fitting else LIMITS[-1]
        return min(longest, own or longest)

    def _of(self, n: int, room: int) -> list[Call]:
        draft = self.draft
        missing = set(readable(draft, n, draft.documents[n - 1])) - self.read(n)
        if not missing:
            return []
        own = replace(
            draft, question="", turns=(), documents=(draft.documents[n - 1],), pages=(None,)
        )
        all_of_it = shares(own, room)
        wanted = [share for share in all_of_it if missing & {leaf.page for leaf in share.leaves}]
        return [Call.of(own, n, share, len(all_of_it) == 1) for share in wanted]

    def read(self, n: int) -> set[int]:
        """The pages of a document that its kept digest was made of."""
        return {page for piece in self.kept[n] for page in piece.pages}

    @cached_property
    def complete(self) -> bool:
        """Whether every document's digest is kept as a whole."""
        draft = self.draft
        return all(
            self.read(n) >= set(readable(draft, n, each)) for n, each in numbered(draft.documents)
        )

    @cached_property
    def coverage(self) -> Coverage:
        """The pages that the digests are made of, and those that cannot be read."""
        return coverage(self.draft)

    def blocks(self, pieces: dict[int, list[Piece]]) -> list[str]:
        """The digests as they are sent, in the documents' order."""
        cover = self.draft.cover
        found = []
        for n, document in numbered(self.draft.documents):
            if held := pieces.get(n):
                text = joined(n, held)
                text = cover.masked(text) if cover else text
                read = {page for piece in held for page in piece.pages}
                found.append(wording.block(n, document.name, len(document.pages), read, text))
        return found

    @cached_property
    def layout(self) -> Layout:
        """The question's prompt with the digests that are kept."""
        return using.lay_out(self.draft, self.blocks(self.kept), self.coverage)

    @cached_property
    def bare(self) -> int:
        """The tokens of the question's prompt with nothing chosen for it."""
        return chunks.count_bare(self.draft)

    @cached_property
    def cached(self) -> list[int]:
        """Of each call, the tokens that are likely to be read from the provider's cache."""
        warm = self.planner.warm
        return [warm(call.layout, call.segments, self.question)[0] for call in self.calls]

    @cached_property
    def makings(self) -> Experience:
        """What receipts say of making digests: asked once, and nothing of other strategies."""
        return Experience(self.planner.experience(f"digest:{MAKE}", self.effort).own)


def _check(planner: Planner, question: Question) -> None:
    if planner.model.id == "local":
        raise BadRequestError(
            "The embedded endpoint has no model that could make a digest.",
            "Name a model, or ask by full or chunks.",
        )
    if question.pages is not None:
        raise BadRequestError(
            "A digest is of whole documents, and pages were chosen.",
            "Leave out the pages, or ask by full, chunks or research.",
        )
    if question.pictures is not None:
        raise NoPicturesError(
            "A digest is made of text alone, and no pictures.",
            "Read those pages by OCR (document.with_ocr(), --ocr), or ask by full.",
        )

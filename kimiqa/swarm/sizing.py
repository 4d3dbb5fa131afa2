"""How large a swarm's calls are: each reader's prompt exactly, the merge by its limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kimiqa.plan import Coverage
from kimiqa.prompts import (
    DOCUMENT_CLOSE,
    RULES,
    build_messages,
    content,
    document_block,
    document_open,
)
from kimiqa.strategies.layout import (
    Draft,
    Drawing,
    Layout,
    document_parts,
    numbered,
    picture_tokens,
    readable,
    rules_part,
    text_part,
    unread,
)
from kimiqa.strategies.prefixes import Part
from kimiqa.swarm import wording
from kimiqa.swarm.dividing import Leaf, Share, divide

PICTURES = True
"""Pages can be sent as pictures."""

QUESTION_TOKENS = 2_048
"""Room that every reader leaves for the question, whatever it is: the same documents are then
divided alike each time. A longer question divides them anew."""

HEAD_TOKENS = 96
"""The tokens of the tags round one reader's findings."""


def shares(draft: Draft, room: int | None) -> list[Share]:
    """The readers' shares; `room` is what one prompt may hold.

    Raises
    ------
    ContextWindowError
        A single page is larger than a reader's room.
    """
    count = draft.counter.count
    asked = max(QUESTION_TOKENS, count(wording.reading(draft.question)))
    fixed = count(RULES) + asked + draft.template.tokens(2)
    leaves = [
        Leaf(n, page, tokens)
        for n, document in numbered(draft.documents)
        for page, tokens in _tokens(draft, n, readable(draft, n, document))
    ]
    heads = {n: count(_head(draft, n)) + 8 for n, _ in numbered(draft.documents)}
    free = sum(leaf.tokens for leaf in leaves) + sum(heads.values()) if room is None else room
    return divide(leaves, free if room is None else free - fixed, heads=heads)


def _head(draft: Draft, n: int) -> str:
    document = draft.documents[n - 1]
    return document_open(n, document.name, len(document.pages))


def _tokens(draft: Draft, n: int, pages: Sequence[int]) -> list[tuple[int, int]]:
    """Each page with its tokens inside its tags, those of its picture with it."""
    counts, pictured = draft.documents[n - 1].block_tokens(draft.counter), draft.pictured(n)
    return [
        (page, counts[page - 1] + (picture_tokens(draft, n, page) + 8 if page in pictured else 0))
        for page in pages
    ]


@dataclass(frozen=True, slots=True)
class Reader:
    """One reader: its share, and a draft that holds only that."""

    draft: Draft
    share: Share

    @classmethod
    def of(cls, draft: Draft, share: Share) -> Reader:
        pages = share.pages
        chosen = [frozenset(pages.get(n, ())) for n, _ in numbered(draft.documents)]
        return cls(replace(draft, pages=tuple(chosen)), share)

    def layout(self, *, build: bool) -> Layout:
        """The prompt, counted; `build` says whether its text is wanted too."""
        return Layout(
            tuple(self._messages()) if build else (),
            ((rules_part(self.draft.counter),), tuple(self._parts())),
            Coverage(len(self.share.leaves), len(self.share.leaves)),
            template=self.draft.template,
            counter=self.draft.counter,
            pictures=sum(
                picture_tokens(self.draft, n, page)
                for n in self.share.pages
                for page in self.draft.pictured(n)
            ),
            block=self.draft.model.cache_block,
        )

    def _parts(self) -> list[Part]:
        numbers = list(self.share.pages)
        parts: list[Part] = []
        for n in numbers:
            body, _ = document_parts(self.draft, n)
            close = f"{DOCUMENT_CLOSE}\n\n" if n == numbers[-1] else f"{DOCUMENT_CLOSE}\n"
            parts += (body, text_part(close, self.draft.counter))
        return [*parts, text_part(wording.reading(self.draft.question), self.draft.counter)]

    def _messages(self) -> list[dict[str, object]]:
        draft = self.draft
        blocks = [
            document_block(n, draft.documents[n - 1], draft.pages[n - 1], draft.pictured(n))
            for n in self.share.pages
        ]
        asked = content(blocks, wording.reading(draft.question), Drawing(draft))
        return build_messages((), asked)


def coverage(draft: Draft) -> Coverage:
    """What all readers see together."""
    documents = numbered(draft.documents)
    return Coverage(
        pages=sum(len(each.pages) for _, each in documents),
        sent=sum(len(readable(draft, n, each)) for n, each in documents),
        left_out=tuple(left for n, each in documents for left in unread(draft, n, each)),
    )


@dataclass(frozen=True, slots=True)
class Merge:
    """The limits of merging: how many findings one call holds, and the calls of each round."""

    fan_in: int
    found_tokens: int
    """The most tokens that one reader's findings, or one list made of them, may have."""
    rounds: tuple[tuple[int, ...], ...]
    """How many findings each call of each round reads; the last round is the answer."""

    @property
    def calls(self) -> int:
        return sum(map(len, self.rounds))


def merge_of(readers: int, found_tokens: int, room: int | None, task_tokens: int) -> Merge | None:
    """How so many findings come together; None where not even two fit into one prompt.

    >>> merge_of(10, 1_000, 5_000, 500).rounds
    ((4, 4, 2), (3,))
    """
    each = found_tokens + HEAD_TOKENS
    fan_in = readers if room is None else (room - task_tokens) // each
    if fan_in < min(2, readers):
        return None
    rounds: list[tuple[int, ...]] = []
    left = readers
    while left > fan_in:
        groups = -(-left // fan_in)
        rounds.append(tuple(_even(left, groups)))
        left = groups
    return Merge(fan_in, found_tokens, (*rounds, (left,)))


def _even(items: int, groups: int) -> list[int]:
    size = -(-items // groups)
    return [min(size, items - start) for start in range(0, items, size)]

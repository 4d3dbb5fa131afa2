"""Pages, divided among readers: few, and all about equally full."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from kimiqa.errors import ContextWindowError


@dataclass(frozen=True, slots=True)
class Leaf:
    """A page that is to be read, with what it takes in a prompt."""

    document: int
    """Its document's number in the prompt, from 1."""
    page: int
    tokens: int


@dataclass(frozen=True, slots=True)
class Share:
    """What one reader reads: pages in order, of one document or of several that follow."""

    leaves: tuple[Leaf, ...]

    @property
    def pages(self) -> dict[int, list[int]]:
        """The pages of each document, by its number."""
        grouped = groupby(self.leaves, key=lambda leaf: leaf.document)
        return {document: [leaf.page for leaf in leaves] for document, leaves in grouped}

    @property
    def label(self) -> str:
        """The pages in words.

        >>> Share((Leaf(1, 3, 9), Leaf(1, 4, 9), Leaf(1, 7, 9), Leaf(2, 1, 9))).label
        'D1 pp. 3-7; D2 p. 1'
        """
        return "; ".join(_span(document, pages) for document, pages in self.pages.items())


def _span(document: int, pages: Sequence[int]) -> str:
    first, last = pages[0], pages[-1]
    return f"D{document} p. {first}" if first == last else f"D{document} pp. {first}-{last}"


def divide(leaves: Sequence[Leaf], room: int, *, heads: dict[int, int]) -> list[Share]:
    """As few shares as hold all leaves in order, each within `room` tokens; of about the same
    size, so that no reader is waited for. `heads` is what each document's own line takes.

    The same documents are divided alike whatever is asked, so that each reader's pages are
    found in the provider's cache by the next question.

    Raises
    ------
    ContextWindowError
        A single page is larger than the room.
    """
    _check(leaves, room, heads)
    fewest = len(list(_filled(leaves, room, room, heads)))
    # An even share first; a little more where pages do not fall that way, the room at last.
    total = sum(leaf.tokens for leaf in leaves) + sum(heads.values())
    even = -(-total // fewest)
    for goal in (*(even + step * (room - even) // 8 for step in range(8)), room):
        shares = list(_filled(leaves, room, max(1, goal), heads))
        if len(shares) <= fewest:
            return shares
    return shares


def _filled(leaves: Sequence[Leaf], room: int, goal: int, heads: dict[int, int]) -> Iterator[Share]:
    """Shares that end as soon as they hold `goal`, and never hold more than `room`."""
    held: list[Leaf] = []
    tokens = 0
    for leaf in leaves:
        more = leaf.tokens
        if not held or held[-1].document != leaf.document:
            more += heads[leaf.document]
        if held and (tokens >= goal or tokens + more > min(room, goal + leaf.tokens)):
            yield Share(tuple(held))
            held, tokens = [], 0
            more = leaf.tokens + heads[leaf.document]
        held.append(leaf)
        tokens += more
    if held:
        yield Share(tuple(held))


def _check(leaves: Sequence[Leaf], room: int, heads: dict[int, int]) -> None:
    for leaf in leaves:
        if leaf.tokens + heads[leaf.document] > room:
            raise ContextWindowError(
                f"Page {leaf.page:,} of D{leaf.document} alone has {leaf.tokens:,} tokens; a "
                f"reader has room for {max(0, room):,}.",
                "Choose a model with a larger context window, or raise the limit.",
            )

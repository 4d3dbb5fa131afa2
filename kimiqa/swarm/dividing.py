"""Pages, divided among readers: few, and all about equally full."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from kimiqa.errors import ContextWindowError
from kimiqa.saying import say


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
    scale = _Scale(leaves, heads)
    needed = _needed(scale, room)
    shares: list[Share] = []
    start, end = 0, len(leaves)
    while start < end:
        left = needed[0] - len(shares)
        stop = _stop(scale, needed, start, left, room)
        shares.append(Share(tuple(leaves[start:stop])))
        start = stop
    return shares


class _Scale:
    """Weighs stretches of leaves: their tokens, and the line of each document among them."""

    def __init__(self, leaves: Sequence[Leaf], heads: dict[int, int]) -> None:
        self.count = len(leaves)
        self._first = [heads[leaf.document] for leaf in leaves]
        self._sums = [0]
        before = 0
        for leaf in leaves:
            head = heads[leaf.document] if leaf.document != before else 0
            self._sums.append(self._sums[-1] + leaf.tokens + head)
            before = leaf.document
        self._begins = [
            n == 0 or leaf.document != leaves[n - 1].document for n, leaf in enumerate(leaves)
        ]

    def weight(self, start: int, stop: int) -> int:
        """What the leaves from `start` up to `stop` take in one prompt."""
        own = 0 if self._begins[start] else self._first[start]
        return own + self._sums[stop] - self._sums[start]


def _needed(scale: _Scale, room: int) -> list[int]:
    """For each leaf, how many readers it takes from there to the end, each filled to the brim."""
    needed = [0] * (scale.count + 1)
    stop = scale.count
    for start in range(scale.count - 1, -1, -1):
        while scale.weight(start, stop) > room:
            stop -= 1
        needed[start] = 1 + needed[stop]
    return needed


def _stop(scale: _Scale, needed: Sequence[int], start: int, left: int, room: int) -> int:
    """Where a reader ends: as near to an even share of the rest as pages fall, but not before
    the readers that are left can hold what follows."""
    goal = scale.weight(start, scale.count) / left
    stop = start + 1
    while stop < scale.count and scale.weight(start, stop + 1) <= room:
        middle = (scale.weight(start, stop) + scale.weight(start, stop + 1)) / 2
        if needed[stop] < left and middle > goal:
            break
        stop += 1
    return stop


def _check(leaves: Sequence[Leaf], room: int, heads: dict[int, int]) -> None:
    for leaf in leaves:
        if leaf.tokens + heads[leaf.document] > room:
            raise ContextWindowError(
                say(
                    "Page {page:,} of D{document} alone has {tokens:,} tokens; a reader has "
                    "room for {room:,}.",
                    page=leaf.page,
                    document=leaf.document,
                    tokens=leaf.tokens,
                    room=max(0, room),
                ),
                "Choose a model with a larger context window, or raise the limit.",
            )

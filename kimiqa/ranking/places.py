"""Where the chunks of an index stand → what is counted around each of them, at every scale."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kimiqa.ranking.indexing import DocumentIndex, Floats

NEIGHBOURS = (1.0, 0.5)
"""How much of the chunks one and two places away counts for the text around a chunk."""
REACH = 6
"""How many chunks before and after a chunk its stretch takes in: about a thousand tokens, the
size of a section, which goes on where a page ends."""


class Places:
    """Chunks in a row, through all documents in order; nothing reaches from one to the next."""

    def __init__(self, parts: Sequence[DocumentIndex]) -> None:
        sizes = np.array([len(part) for part in parts], np.int64)
        ends = np.cumsum(sizes)
        self.starts = ends - sizes
        """The place of each document's first chunk."""
        self.of = np.repeat(np.arange(len(parts)), sizes)
        """The document of each chunk."""
        count = len(self.of)
        at = np.arange(count)
        self._since = np.maximum(at - REACH, np.repeat(self.starts, sizes))
        self._until = np.minimum(at + REACH + 1, np.repeat(ends, sizes))
        # What the neighbour at each distance counts; nothing where it is of another document
        self._shares = [
            share * (self.of[away:] == self.of[:-away]).astype(np.float32)
            for away, share in enumerate(NEIGHBOURS, 1)
        ]
        pages = np.concatenate([part.page for part in parts]) if count else np.empty(0)
        first = np.ones(count, bool)
        first[1:] = (pages[1:] != pages[:-1]) | (self.of[1:] != self.of[:-1])
        self._page_starts = np.flatnonzero(first)
        self.page = np.cumsum(first) - 1
        """The page of each chunk, counted through all documents."""

    def around(self, values: Floats) -> Floats:
        """Each chunk's value and those of its neighbours."""
        total = values.copy()
        for away, shares in enumerate(self._shares, 1):
            total[away:] += shares * values[:-away]
            total[:-away] += shares * values[away:]
        return total

    def stretch(self, counts: Floats) -> Floats:
        """The sum of whole numbers over the stretch around each chunk."""
        sums = np.zeros(len(counts) + 1, np.int32)
        np.cumsum(counts.astype(np.int32), out=sums[1:])
        return (sums[self._until] - sums[self._since]).astype(np.float32)

    def by_page(self, values: Floats) -> Floats:
        """The sum over each page."""
        if not len(values):
            return values
        sums: Floats = np.add.reduceat(values, self._page_starts)
        return sums

    def best_of_page(self, values: Floats) -> Floats:
        """The greatest value on each page."""
        if not len(values):
            return values
        best: Floats = np.maximum.reduceat(values, self._page_starts)
        return best

    def same_page(self, place: int) -> slice:
        """The chunks of the page of a place."""
        page = int(self.page[place])
        starts = self._page_starts
        end = int(starts[page + 1]) if page + 1 < len(starts) else len(self.of)
        return slice(int(starts[page]), end)

    def fading(self, place: int, *, before: bool) -> tuple[slice, Floats]:
        """The chunks from a place on to the end of its stretch, and with `before` those of its page
        before it too: 1 at the place, and less the farther away."""
        page = int(self._page_starts[self.page[place]])
        start = max(page, int(self._since[place])) if before else place
        near = slice(start, int(self._until[place]))
        away = np.abs(np.arange(near.start, near.stop) - place)
        return near, (1 - away / (REACH + 1)).astype(np.float32)

    def beside(self, values: Floats) -> Floats:
        """The greater value of each chunk's two neighbours."""
        best = np.zeros_like(values)
        same = self.of[1:] == self.of[:-1]
        best[1:] = same * values[:-1]
        np.maximum(best[:-1], same * values[1:], out=best[:-1])
        return best

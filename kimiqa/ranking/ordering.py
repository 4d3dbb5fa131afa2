"""Scores → the order of the chunks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from kimiqa.plan import Chunk
    from kimiqa.ranking import Index

Order = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """The chunks of an index, best first. Iterate it; chunks are made as they are asked for."""

    index: Index
    order: Order
    matched: bool
    """Whether any content word of the question, or one that stands for it, is in the documents.
    Where none is, no word speaks for any chunk."""

    def __len__(self) -> int:
        return len(self.order)

    def among(self, pages: Sequence[frozenset[int] | None]) -> Ranking:
        """Those on these pages of each document; None is all of a document's."""
        if all(numbers is None for numbers in pages):
            return self
        kept = self.index.on_pages(pages)[self.order]
        return Ranking(self.index, self.order[kept], self.matched)

    def __iter__(self) -> Iterator[Chunk]:
        return map(self.index.chunk, self.order.tolist())


def best_first(scores: NDArray[np.float32]) -> Order:
    """The places of scores that are 0 or more, the best first; equals stay in their order.

    The bits of such numbers, read as whole ones, stand in the same order; with the place behind
    them no two are equal, and they are sorted several times faster than floats by a stable sort.
    """
    worst_last = np.uint64(0xFFFFFFFF) - scores.view(np.uint32)
    keys = worst_last << np.uint64(32) | np.arange(len(scores), dtype=np.uint64)
    keys.sort()
    return (keys & np.uint64(0xFFFFFFFF)).astype(np.int64)

"""Scores → an order of the chunks; two orders → one, with the neighbours of each pick beside it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Order = NDArray[np.int64]

K = 60
"""Of reciprocal rank fusion: how little the first ranks alone decide (Cormack et al. 2009)."""


def best_first(scores: NDArray[np.float32]) -> Order:
    """The places of scores that are 0 or more, the best first; equals stay in their order.

    The bits of such numbers, read as whole ones, stand in the same order; with the place behind
    them no two are equal, and they are sorted several times faster than floats by a stable sort.
    """
    worst_last = np.uint64(0xFFFFFFFF) - scores.view(np.uint32)
    keys = worst_last << np.uint64(32) | np.arange(len(scores), dtype=np.uint64)
    keys.sort()
    return (keys & np.uint64(0xFFFFFFFF)).astype(np.int64)


def fused(scores: NDArray[np.float32], likeness: NDArray[np.float32]) -> Order:
    """Both orders by reciprocal rank; by likeness alone where no word was found."""
    if not scores.any():
        return np.argsort(-likeness, kind="stable")
    together = 1.0 / (K + _ranks(scores)) + 1.0 / (K + _ranks(likeness))
    return np.argsort(-together, kind="stable")


def with_neighbours(order: Order, of: NDArray[np.int64]) -> Order:
    """Each pick followed by the chunk before it and the one after, of the same document: what
    a model of meaning picks is often the line beside the one that answers."""
    near = np.stack((order, order - 1, order + 1), axis=1)
    inside = (near >= 0) & (near < len(of))
    inside &= of[np.clip(near, 0, len(of) - 1)] == of[order][:, None]
    listed = near[inside]
    _, first = np.unique(listed, return_index=True)
    chosen: Order = listed[np.sort(first)]
    return chosen


def _ranks(values: NDArray[np.float32]) -> NDArray[np.int64]:
    ranks = np.empty(len(values), np.int64)
    ranks[np.argsort(-values, kind="stable")] = np.arange(1, len(values) + 1)
    return ranks

"""Scores → the order of the chunks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Order = NDArray[np.int64]


def best_first(scores: NDArray[np.float32]) -> Order:
    """The places of scores that are 0 or more, the best first; equals stay in their order.

    The bits of such numbers, read as whole ones, stand in the same order; with the place behind
    them no two are equal, and they are sorted several times faster than floats by a stable sort.
    """
    worst_last = np.uint64(0xFFFFFFFF) - scores.view(np.uint32)
    keys = worst_last << np.uint64(32) | np.arange(len(scores), dtype=np.uint64)
    keys.sort()
    return (keys & np.uint64(0xFFFFFFFF)).astype(np.int64)

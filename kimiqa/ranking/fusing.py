"""Several orders of the same chunks → one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kimiqa.ranking.ordering import Order

K = 60
"""Of reciprocal rank fusion: how little the first ranks alone decide (Cormack et al. 2009)."""


def by_reciprocal_rank(orders: Sequence[Order]) -> Order:
    """One order of several: what stands high in many of them comes first."""
    together = np.zeros(len(orders[0]))
    for order in orders:
        together[order] += 1.0 / (K + np.arange(1, len(order) + 1))
    return np.argsort(-together, kind="stable")


def by_turns(orders: Sequence[Order]) -> Order:
    """The first of each order, then the second of each, and so on, each chunk once: every order
    has its share of whatever is taken from the front."""
    listed = np.stack(orders, axis=1).ravel()
    _, first = np.unique(listed, return_index=True)
    taken: Order = listed[np.sort(first)]
    return taken

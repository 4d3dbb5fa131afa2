"""How much a document is made of tables."""

from __future__ import annotations

import numpy as np

from kimiqa.ranking.indexing import DocumentIndex

FULL = 1.0
"""`DocumentIndex.figures` from which a chunk is taken for a part of a table."""
FEW, MANY = 0.02, 0.07
"""The share of such chunks up to which a document is prose, and from which it is made of tables:
between them it grows. Annual reports lie above, contracts and papers below."""


def tables_of(part: DocumentIndex) -> float:
    """How much a document is made of tables, from 0 to 1."""
    if not len(part):
        return 0.0
    share = float(np.mean(part.figures >= FULL))
    return min(1.0, max(0.0, (share - FEW) / (MANY - FEW)))

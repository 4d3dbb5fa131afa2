"""The best chunks that fit into so many tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kimiqa.plan import Chunk
from kimiqa.ranking.index import Index, joined
from kimiqa.ranking.indexing import Floats
from kimiqa.tokens import counter_for, vocabulary_for

if TYPE_CHECKING:
    from kimiqa.document import Document


def choose(
    index: Index, question: str, max_tokens: int, likeness: Floats | None = None
) -> tuple[Chunk, ...]:
    """The best chunks that fit into `max_tokens` together, whole, in document order.

    A chunk that no longer fits is passed over for the next that does.
    """
    order = index.rank(question, likeness).order
    taken: list[NDArray[np.int64]] = []
    while (order := order[index.tokens[order] <= max_tokens]).size:
        totals = np.cumsum(index.tokens[order], dtype=np.int64)
        fitting = int(np.searchsorted(totals, max_tokens, side="right"))
        taken.append(order[:fitting])
        max_tokens -= int(totals[fitting - 1])
        order = order[fitting + 1 :]
    return tuple(map(index.chunk, np.sort(joined(taken, np.int64)).tolist()))


def choose_chunks(
    question: str,
    documents: Sequence[Document],
    max_tokens: int = 4_000,
    model: str = "kimi-k3",
) -> tuple[Chunk, ...]:
    """The chunks of `documents` worth sending with `question`, in document order.

    Their tokens are counted as `model` counts them and stay within `max_tokens` together.
    """
    counter = counter_for(vocabulary_for(model)[0])
    return choose(Index.build(list(enumerate(documents, 1)), counter), question, max_tokens)

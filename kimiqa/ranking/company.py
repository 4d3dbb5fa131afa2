"""The words that keep company with a question's in the chunks that match it best.

A passage that answers in other words often shares those with passages that use the question's:
relevance feedback without a reader (RM3: Lavrenko and Croft 2001, Abdul-Jaleel et al. 2004), and
with little weight, for the best chunks are not always right.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from kimiqa.words import words

BEST = 5
"""So many chunks are read for such words."""
MOST = 5
LARGEST = 10_000
"""Chunks beyond which it is not done: it was measured within documents, and takes as long again
as looking for the question's own words."""
SHARE = 0.15
"""What all of them together weigh beside the words that were looked for."""


def companions(
    texts: Iterable[tuple[str, float]], wanted: Mapping[str, float], rarity: Callable[[str], float]
) -> dict[str, float]:
    """Words and their weights, from the texts that match best and their scores.

    >>> companions([("The otter's holt is dry.", 2.0)], {"otter": 1.0}, lambda word: len(word))
    {'holt': 0.0857..., 'dry': 0.0642...}
    """
    tally: defaultdict[str, float] = defaultdict(float)
    for text, score in texts:
        for word in words(text):
            tally[word] += score
    worth = {
        word: held * rarity(word)
        for word, held in tally.items()
        if word not in wanted and not word[0].isdigit()
    }
    most = sorted(worth, key=lambda word: (-worth[word], word))[:MOST]
    together = sum(worth[word] for word in most)
    weight = SHARE * sum(wanted.values())
    return {word: weight * worth[word] / together for word in most if together}

"""BM25 at one scale: texts of one size, and what a word they hold is worth in each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kimiqa.ranking.indexing import Floats

K1 = 1.5
B = 0.75


@dataclass(frozen=True, slots=True)
class Scale:
    """What BM25 needs to know of texts of one size: how many, and their length norms."""

    norms: Floats

    @classmethod
    def of(cls, lengths: Floats) -> Scale:
        average = max(float(lengths.mean()), 1e-6) if lengths.size else 1.0
        return cls((K1 * (1 - B + B * lengths / average)).astype(np.float32))

    def idf(self, holding: int) -> float:
        return float(np.log1p((self.norms.size - holding + 0.5) / (holding + 0.5)))

    def add(self, scores: Floats, counts: Floats, weight: float) -> None:
        """Add what a word is worth that the texts hold so often."""
        idf = self.idf(int(np.count_nonzero(counts)))
        worth = counts + self.norms
        np.divide(counts, worth, out=worth)
        worth *= np.float32(weight * idf)
        scores += worth


def normed(scores: Floats) -> Floats:
    """Divided by their maximum, so that scores of several scales can be added."""
    most = scores.max(initial=0)
    return np.divide(scores, most) if most > 0 else scores

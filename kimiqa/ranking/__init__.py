"""Chunks and a question → the chunks worth sending, by multi-scale BM25.

A chunk's score is BM25 of its own words, plus that of the four chunks around it, plus some of
that of its page, each divided by its maximum. Where the question asks for figures, chunks full of
digits count more: "how much" is answered in the table, not where the table is spoken about. In
documents made of tables a chunk counts more beside a good one: a table that was cut into several
chunks answers only whole. Where vectors were made (`kimiqa.semantic`), the order by meaning is
fused with this one, and the neighbours of each pick come with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kimiqa.chunking import TARGET_TOKENS
from kimiqa.plan import Chunk
from kimiqa.ranking.fusing import fused, with_neighbours
from kimiqa.ranking.indexing import DocumentIndex, Floats, Ints, Vocabulary, index_of
from kimiqa.ranking.tables import tables_of
from kimiqa.tokens import counter_for, vocabulary_for
from kimiqa.words import asks_for_figures, weighted_words

if TYPE_CHECKING:
    from kimiqa.document import Document

__all__ = ["Index", "Ranking", "choose", "choose_chunks"]

K1 = 1.5
B = 0.75
NEIGHBOURS = (1.0, 0.5)
"""How much of the chunks one and two places away counts for the text around a chunk."""
PAGE_WEIGHT = 0.75
FIGURES_WEIGHT = 1.5
BESIDE_WEIGHT = 0.6
"""How much of its better neighbour's score a chunk has in a document made of tables."""


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


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """The chunks of an index, best first. Iterate it; chunks are made as they are asked for."""

    index: Index
    order: NDArray[np.int64]
    matched: bool
    """Whether any content word of the question stands in the documents. Where none does, the
    order is that of the documents, and nothing speaks for any chunk."""

    def __len__(self) -> int:
        return len(self.order)

    def __iter__(self) -> Iterator[Chunk]:
        return map(self.index.chunk, self.order.tolist())


class Index:
    """The chunks of some documents, ready to be ranked for a question."""

    def __init__(self, documents: Sequence[tuple[int, Document, DocumentIndex]]) -> None:
        self._documents = [each for each in documents if len(each[2])]
        parts = [part for _, _, part in self._documents]
        sizes = [len(part) for part in parts]
        self._offsets = np.concatenate(([0], np.cumsum(sizes, dtype=np.int64)))
        self._parts = parts
        self.tokens: Ints = _joined([part.tokens for part in parts], np.int32)
        self._figures: Floats = _joined([part.figures for part in parts], np.float32)
        self._tables = np.repeat([tables_of(part) for part in parts], sizes).astype(np.float32)
        self._of = np.repeat(np.arange(len(parts)), sizes)
        self._set_scales(_joined([part.lengths for part in parts], np.float32))

    def _set_scales(self, lengths: Floats) -> None:
        pages: Ints = _joined([part.page for part in self._parts], np.int32)
        first = np.ones(len(pages), bool)
        first[1:] = (pages[1:] != pages[:-1]) | (self._of[1:] != self._of[:-1])
        self._page = np.cumsum(first) - 1
        self._page_count = int(first.sum())
        # 1 where the neighbour at that distance is of the same document, else 0
        self._same = [
            (self._of[away:] == self._of[:-away]).astype(np.float32)
            for away in range(1, len(NEIGHBOURS) + 1)
        ]
        self._chunks = Scale.of(lengths)
        self._surroundings = Scale.of(self._around(lengths))
        self._pages = Scale.of(self._by_page(np.arange(len(pages)), lengths))

    @classmethod
    def build(
        cls,
        documents: Sequence[tuple[int, Document]],
        counter: Vocabulary,
        target_tokens: int = TARGET_TOKENS,
    ) -> Index:
        """The index of numbered documents. Each document is indexed once as long as it lives:
        putting some together for a question costs next to nothing."""
        return cls([(n, each, index_of(each, counter, target_tokens)) for n, each in documents])

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def documents(self) -> list[Document]:
        """The documents that have chunks, in order."""
        return [document for _, document, _ in self._documents]

    @property
    def parts(self) -> list[DocumentIndex]:
        """The index of each of them."""
        return self._parts

    @property
    def tables(self) -> float:
        """How much of the text stands in documents made of tables, from 0 to 1."""
        whole = float(self.tokens.sum())
        return float(self._tables @ self.tokens) / whole if whole else 0.0

    def chunk(self, place: int) -> Chunk:
        """The chunk at a place of the index, counted through all documents in order."""
        which = int(self._of[place])
        n, document, part = self._documents[which]
        at = place - int(self._offsets[which])
        start, end = int(part.start[at]), int(part.end[at])
        page = document.pages[int(part.page[at])]
        text = page.text[start:end]
        return Chunk(f"D{n}", document.id, page.number, start, end, int(part.tokens[at]), text)

    def rank(self, question: str, likeness: Floats | None = None) -> Ranking:
        """All chunks, best first; equals stand in document order. `likeness` is how alike the
        question and each chunk are in meaning, where that is known."""
        scores = self.scores(question)
        matched = bool(scores.any())
        if likeness is None:
            return Ranking(self, np.argsort(-scores, kind="stable"), matched)
        return Ranking(self, with_neighbours(fused(scores, likeness), self._of), matched)

    def scores(self, question: str) -> Floats:
        """A score per chunk; all zero where no content word of the question is found."""
        own = np.zeros(len(self), np.float32)
        around = np.zeros(len(self), np.float32)
        page = np.zeros(self._page_count, np.float32)
        for word, weight in weighted_words(question).items():
            self._add(word, weight, own, around, page)
        scores: Floats = _normed(own) + _normed(around) + PAGE_WEIGHT * _normed(page)[self._page]
        if asks_for_figures(question):
            scores *= 1 + FIGURES_WEIGHT * self._figures
            if self._tables.any():
                scores += BESIDE_WEIGHT * self._tables * self._beside(scores)
        return scores

    def weights(self, question: str) -> dict[str, float]:
        """What each word of the question is worth; only those that stand in the documents."""
        found = {word: self._find(word)[0].size for word in weighted_words(question)}
        return {word: self._chunks.idf(holding) for word, holding in found.items() if holding}

    def _add(self, word: str, weight: float, own: Floats, around: Floats, page: Floats) -> None:
        """Add what a word is worth to the scores at each of the three scales."""
        places, counts = self._find(word)
        if not places.size:
            return
        idf = self._chunks.idf(places.size)
        own[places] += weight * idf * counts / (counts + self._chunks.norms[places])
        spread = np.zeros(len(self), np.float32)
        spread[places] = counts
        _add_bm25(around, self._around(spread), self._surroundings, weight)
        _add_bm25(page, self._by_page(places, counts), self._pages, weight)

    def _find(self, word: str) -> tuple[NDArray[np.int64], Floats]:
        found = [
            (at, part.find(word)) for at, part in zip(self._offsets, self._parts, strict=False)
        ]
        held = [(places + at, counts) for at, hit in found if hit for places, counts in [hit]]
        places: NDArray[np.int64] = _joined([each for each, _ in held], np.int64)
        return places, _joined([each for _, each in held], np.float32)

    def _around(self, values: Floats) -> Floats:
        """Each chunk's value and those of its neighbours in the same document."""
        total = values.copy()
        for away, (share, same) in enumerate(zip(NEIGHBOURS, self._same, strict=True), 1):
            total[away:] += share * same * values[:-away]
            total[:-away] += share * same * values[away:]
        return total

    def _beside(self, values: Floats) -> Floats:
        """The greater value of each chunk's two neighbours in the same document."""
        best = np.zeros_like(values)
        same = self._same[0]
        best[1:] = same * values[:-1]
        np.maximum(best[:-1], same * values[1:], out=best[:-1])
        return best

    def _by_page(self, places: NDArray[np.int64], values: Floats) -> Floats:
        sums = np.bincount(self._page[places], weights=values, minlength=self._page_count)
        return sums.astype(np.float32)


def _add_bm25(scores: Floats, counts: Floats, scale: Scale, weight: float) -> None:
    idf = scale.idf(int(np.count_nonzero(counts)))
    scores += np.float32(weight * idf) * counts / (counts + scale.norms)


def _normed(scores: Floats) -> Floats:
    most = scores.max(initial=0)
    return np.divide(scores, most) if most > 0 else scores


def _joined(arrays: Sequence[NDArray[Any]], kind: type[np.generic]) -> NDArray[Any]:
    return np.concatenate(arrays).astype(kind) if arrays else np.empty(0, kind)


# Choosing ----------------------------------------------------------------------------------------


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
    return tuple(map(index.chunk, np.sort(_joined(taken, np.int64)).tolist()))


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

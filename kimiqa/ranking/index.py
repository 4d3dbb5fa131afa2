"""All chunks of some documents, ranked for a question."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kimiqa.chunking import TARGET_TOKENS
from kimiqa.plan import Chunk
from kimiqa.ranking import accounts
from kimiqa.ranking.company import BEST, LARGEST, companions
from kimiqa.ranking.indexing import DocumentIndex, Floats, Ints, Vocabulary, index_of
from kimiqa.ranking.named import named_places
from kimiqa.ranking.ordering import Ranking, best_first
from kimiqa.ranking.places import Places
from kimiqa.ranking.relatives import relatives
from kimiqa.ranking.scales import Scale, normed
from kimiqa.ranking.tables import FULL, tables_of
from kimiqa.words import asks_for_figures, weighted_words

if TYPE_CHECKING:
    from kimiqa.document import Document

STRETCH_WEIGHT = 0.75
PAGE_WEIGHT = 0.75
INTRODUCED_WEIGHT = 0.5
"""How much of a word's rarity a chunk that introduces it has on top."""
FIGURES_WEIGHT = 1.5
BESIDE_WEIGHT = 0.6
"""How much of its better neighbour's score a chunk has in a table."""
MEANING_WEIGHT = 0.5
PAGE_MEANING_WEIGHT = 0.5
"""What the likeness of a chunk, and the greatest on its page, count beside its words."""


class Index:
    """The chunks of some documents, ready to be ranked for a question."""

    def __init__(self, documents: Sequence[tuple[int, Document, DocumentIndex]]) -> None:
        self._documents = [each for each in documents if len(each[2])]
        self._parts = [part for _, _, part in self._documents]
        self.places = Places(self._parts)
        self._starts: list[int] = self.places.starts.tolist()
        self.tokens: Ints = joined([part.tokens for part in self._parts], np.int32)
        self._figures: Floats = joined([part.figures for part in self._parts], np.float32)
        shares = np.array([tables_of(part) for part in self._parts], np.float32)
        self._tables: Floats = shares[self.places.of]
        self._cells: Floats = np.maximum(self._tables, self._figures >= FULL).astype(np.float32)
        """How much each chunk is part of a table."""
        lengths: Floats = joined([part.lengths for part in self._parts], np.float32)
        self._scales = [Scale.of(each) for each in self._at_all_scales(lengths)]

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
        which = int(self.places.of[place])
        n, document, part = self._documents[which]
        at = place - int(self.places.starts[which])
        start, end = int(part.start[at]), int(part.end[at])
        page = document.pages[int(part.page[at])]
        text = page.text[start:end]
        return Chunk(f"D{n}", document.id, page.number, start, end, int(part.tokens[at]), text)

    def on_pages(self, pages: Sequence[frozenset[int] | None]) -> NDArray[np.bool_]:
        """Which chunks stand on these pages of each document, by its number; None is all."""
        held = [part.on_pages(pages[n - 1]) for n, _, part in self._documents]
        return joined(held, np.bool_)

    def rank(self, question: str, likeness: Floats | None = None) -> Ranking:
        """All chunks, best first; equals stand in document order. `likeness` is how alike the
        question and each chunk are in meaning, where that is known."""
        by_words = self._by_words(question)
        scores = by_words if likeness is None else by_words + self._by_meaning(likeness)
        weighed = self._weighed(question, scores)
        named = named_places(self, question)
        if named is None:
            return Ranking(self, best_first(weighed), bool(by_words.any()))
        return Ranking(self, best_first(weighed + named), matched=True)

    def scores(self, question: str) -> Floats:
        """A score per chunk; all zero where no content word of the question is found."""
        weighed = self._weighed(question, self._by_words(question))
        named = named_places(self, question)
        return weighed if named is None else weighed + named

    def _by_words(self, question: str) -> Floats:
        sums = [np.zeros(scale.norms.size, np.float32) for scale in self._scales]
        wanted = self._words(question)
        scores = self._added(wanted, sums)
        # The company of a table's words is that of every other table's.
        if len(self) > LARGEST or self._tables.any() or not scores.any():
            return scores
        return self._added(self._company(wanted, scores), sums)

    def _added(self, wanted: dict[str, float], sums: list[Floats]) -> Floats:
        """The score of each chunk, after the words were added to the sums at each scale."""
        for word, weight in wanted.items():
            self._add(word, weight, sums)
        own, around, stretch, page = map(normed, sums)
        scores: Floats = own + around + STRETCH_WEIGHT * stretch
        scores += PAGE_WEIGHT * page[self.places.page]
        return scores

    def _company(self, wanted: dict[str, float], scores: Floats) -> dict[str, float]:
        """How rare a word is, the documents of the best chunks tell: asking all takes long."""
        best = best_first(scores)[:BEST]
        texts = [(self.chunk(place).text, float(scores[place])) for place in best.tolist()]
        parts = [self._parts[at] for at in set(self.places.of[best].tolist())]
        idf = self._scales[0].idf
        return companions(
            texts, wanted, lambda word: idf(sum(part.holding(word) for part in parts))
        )

    def _by_meaning(self, likeness: Floats) -> Floats:
        """What is less like the question than most chunks are says nothing."""
        own = normed(np.maximum(likeness - likeness.mean(), 0))
        page = self.places.best_of_page(own)[self.places.page]
        scores: Floats = MEANING_WEIGHT * own + PAGE_MEANING_WEIGHT * page
        return scores

    def _weighed(self, question: str, scores: Floats) -> Floats:
        """Where the question asks for figures, more for chunks full of them, and for those
        beside a good one in a table."""
        if not asks_for_figures(question):
            return scores
        weighed: Floats = scores * (1 + FIGURES_WEIGHT * self._figures)
        if self._cells.any():
            weighed += BESIDE_WEIGHT * self._cells * self.places.beside(weighed)
        return weighed

    def weights(self, question: str) -> dict[str, float]:
        """What each word that is looked for is worth; only those that stand in the documents."""
        found = {word: self.find(word)[0].size for word in self._words(question)}
        return {word: self._scales[0].idf(holding) for word, holding in found.items() if holding}

    def _words(self, question: str) -> dict[str, float]:
        """The words to look for and their weights: the question's, in place of one that stands
        nowhere its relatives, and in documents made of tables those that accounts use."""
        wanted: dict[str, float] = {}
        for word, weight in weighted_words(question).items():
            known = any(word in part.numbers for part in self._parts)
            for each in [word] if known else relatives(word, self._parts):
                wanted[each] = wanted.get(each, 0.0) + weight
        if tables := float(self._tables.max(initial=0)):
            wanted = dict.fromkeys(accounts.written(question), tables) | wanted
        return wanted

    def _add(self, word: str, weight: float, sums: list[Floats]) -> None:
        """Add what a word is worth to the scores at each scale."""
        places, counts, introducing = self.find(word)
        spread = np.zeros(len(self), np.float32)
        spread[places] = counts
        for total, scale, values in zip(
            sums, self._scales, self._at_all_scales(spread), strict=True
        ):
            scale.add(total, values, weight)
        own = sums[0]
        own[introducing] += INTRODUCED_WEIGHT * weight * self._scales[0].idf(introducing.size)

    def _at_all_scales(self, values: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """The chunks' values, and the sums over what each scale puts together."""
        at = self.places
        return values, at.around(values), at.stretch(values), at.by_page(values)

    def find(self, word: str) -> tuple[NDArray[np.int64], Floats, NDArray[np.int64]]:
        """The chunks that hold a word, how often, and the chunks that introduce it."""
        places, counts, introducing = [], [], []
        for start, part in zip(self._starts, self._parts, strict=True):
            number = part.numbers.get(word)
            if number is not None:
                found, often = part.held.find(number)
                places.append(found + start)
                counts.append(often)
                introducing.append(part.introduced.find(number)[0] + start)
        return (
            joined(places, np.int64),
            joined(counts, np.float32),
            joined(introducing, np.int64),
        )


def joined(arrays: Sequence[NDArray[Any]], kind: type[np.generic]) -> NDArray[Any]:
    """Several arrays as one; an empty one of none."""
    return np.concatenate(arrays).astype(kind) if arrays else np.empty(0, kind)

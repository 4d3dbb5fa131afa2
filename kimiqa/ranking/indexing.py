"""A document's pages → its index: which words stand in which of its chunks."""

from __future__ import annotations

import threading
from array import array
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from kimiqa.chunking import TARGET_TOKENS, Counts, chunk_text
from kimiqa.ranking.defining import introduced
from kimiqa.words import STEMS, duties, raw_words

if TYPE_CHECKING:
    from kimiqa.document import Document

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]

MANY_DIGITS = 0.2
"""The share of digits from which a chunk is as full of figures as a table."""

MOST_CHUNKS = 400_000
"""As many chunks as are kept indexed: some 30 million tokens, 200 MB."""


class Vocabulary(Counts, Protocol):
    """What counts tokens, and the names by which its counts are told from others."""

    @property
    def vocabulary(self) -> str: ...

    @property
    def engine(self) -> str: ...


@dataclass(frozen=True, slots=True, eq=False)
class Postings:
    """Which words stand in which chunks: those of word number w are
    `chunks[firsts[w]:firsts[w + 1]]`."""

    firsts: NDArray[np.int64]
    chunks: Ints
    frequencies: NDArray[np.uint16]

    @classmethod
    def of(cls, words: array[int], lengths: array[int], count: int) -> Postings:
        """From the words of all chunks one after another, and how many are of each chunk."""
        chunks = max(len(lengths), 1)
        numbers = np.frombuffer(words, np.intc).astype(np.int64)
        held = np.repeat(np.arange(len(lengths)), np.frombuffer(lengths, np.intc))
        pairs, frequencies = np.unique(numbers * chunks + held, return_counts=True)
        firsts = np.searchsorted(pairs, np.arange(count + 1, dtype=np.int64) * chunks)
        capped = np.minimum(frequencies, np.iinfo(np.uint16).max).astype(np.uint16)
        return cls(firsts.astype(np.int64), (pairs % chunks).astype(np.int32), capped)

    def find(self, number: int) -> tuple[Ints, NDArray[np.uint16]]:
        """The chunks that hold a word, and how often."""
        held = slice(self.firsts[number], self.firsts[number + 1])
        return self.chunks[held], self.frequencies[held]


@dataclass(frozen=True, slots=True, eq=False)
class DocumentIndex:
    """A document's chunks as arrays, and which words stand in which of them."""

    page: Ints
    start: Ints
    end: Ints
    tokens: Ints
    lengths: Floats
    """Words that count, per chunk."""
    figures: Floats
    """0 for a chunk without digits, 1 for one as full of them as a table."""
    duties: int
    """Words of obligation in the whole document: what contracts and statutes are made of."""
    numbers: dict[str, int]
    """Word → its number."""
    words: list[str]
    """The same words in alphabetical order."""
    held: Postings
    introduced: Postings
    """The chunks that give a word its meaning, or a name to what they speak of."""

    def __len__(self) -> int:
        return len(self.page)

    def on_pages(self, numbers: frozenset[int] | None) -> NDArray[np.bool_]:
        """Which chunks stand on these pages; None is all."""
        if numbers is None:
            return np.ones(len(self), np.bool_)
        found: NDArray[np.bool_] = np.isin(self.page, [number - 1 for number in numbers])
        return found

    def holding(self, word: str) -> int:
        """How many chunks hold a word."""
        return self.held.find(self.numbers[word])[0].size if word in self.numbers else 0


Key = tuple[str, int, str, str, int]


class Kept:
    """Indexes by content: those used last, up to a number of chunks over all of them."""

    def __init__(self, most_chunks: int = MOST_CHUNKS) -> None:
        self._most = most_chunks
        self._held: OrderedDict[Key, DocumentIndex] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, key: Key) -> DocumentIndex | None:
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
            return self._held.get(key)

    def keep(self, key: Key, index: DocumentIndex) -> None:
        with self._lock:
            self._held[key] = index
            while len(self._held) > 1 and sum(map(len, self._held.values())) > self._most:
                self._held.popitem(last=False)


_kept = Kept()


def index_of(
    document: Document, counter: Vocabulary, target_tokens: int = TARGET_TOKENS
) -> DocumentIndex:
    """A document's index, made once: opened again, the same content finds it again."""
    key = _key(document, counter, target_tokens)
    index = _kept.find(key)
    if index is None:
        index = index_pages([page.text for page in document.pages], counter, target_tokens)
        _kept.keep(key, index)
    return index


def keep(document: Document, counter: Vocabulary, target_tokens: int, index: DocumentIndex) -> None:
    """Keep an index that was made while its document was read: `index_of` finds it."""
    _kept.keep(_key(document, counter, target_tokens), index)


def _key(document: Document, counter: Vocabulary, target_tokens: int) -> Key:
    # The same bytes may have been read to other texts, by another engine or with OCR.
    return (document.id, _size(document), counter.vocabulary, counter.engine, target_tokens)


def _size(document: Document) -> int:
    """The characters of its pages, summed once."""
    known = document.memo.get("characters")
    if known is None or known[0] is not document.pages:
        size = sum(len(page.text) for page in document.pages)
        document.memo["characters"] = known = (document.pages, size)
    found: int = known[1]
    return found


def index_pages(
    texts: Sequence[str], counter: Counts, target_tokens: int = TARGET_TOKENS
) -> DocumentIndex:
    """The index of a document's page texts."""
    growing = Growing(counter, target_tokens)
    for text in texts:
        growing.add(text)
    return growing.finished()


class Growing:
    """An index to which pages are added one by one, in their order."""

    def __init__(self, counter: Counts, target_tokens: int = TARGET_TOKENS) -> None:
        self._counter, self._target = counter, target_tokens
        self._pages = self._duties = 0
        self._chunks: list[tuple[int, int, int, int]] = []
        self._numbers = _Numbers()
        self._held, self._introduced = _Words(self._numbers), _Words(self._numbers)
        self._figures = array("f")

    def add(self, text: str) -> None:
        """Add the next page."""
        for span in chunk_text(text, self._counter, self._target):
            piece = text[span.start : span.end]
            self._held.add(piece)
            self._introduced.add(" ".join(introduced(piece)))
            self._figures.append(_share_of_digits(piece))
            self._chunks.append((self._pages, *span))
        self._duties += duties(text)
        self._pages += 1

    def finished(self) -> DocumentIndex:
        """The index of all that were added."""
        page_of, start, end, tokens = np.array(self._chunks, np.int32).reshape(-1, 4).T.copy()
        return DocumentIndex(
            page=page_of,
            start=start,
            end=end,
            tokens=tokens,
            lengths=np.array(self._held.lengths, np.float32),
            figures=np.minimum(np.array(self._figures, np.float32) / MANY_DIGITS, 1),
            duties=self._duties,
            numbers=self._numbers.by_stem,
            words=sorted(self._numbers.by_stem),
            held=self._held.postings(),
            introduced=self._introduced.postings(),
        )


class _Words:
    """The words of all chunks one after another, as numbers, and how many are of each chunk."""

    def __init__(self, numbers: _Numbers) -> None:
        self._numbers = numbers
        self._words = array("i")
        self.lengths = array("i")

    def add(self, text: str) -> None:
        found = [each for each in map(self._numbers.__getitem__, raw_words(text)) if each >= 0]
        self._words.extend(found)
        self.lengths.append(len(found))

    def postings(self) -> Postings:
        return Postings.of(self._words, self.lengths, len(self._numbers.by_stem))


class _Numbers(dict[str, int]):
    """Raw word → the number of its stem in this document; -1 for a stop word."""

    def __init__(self) -> None:
        super().__init__()
        self.by_stem: dict[str, int] = {}

    def __missing__(self, word: str) -> int:
        stem = STEMS[word]
        self[word] = number = self.by_stem.setdefault(stem, len(self.by_stem)) if stem else -1
        return number


def _share_of_digits(text: str) -> float:
    return sum(map(text.count, "0123456789")) / len(text)

"""A question's word that no document has → the words they have in its place.

A question is spelt by hand ("carageenan"), takes a word in another form than the document
("counterparty", "counterparts") or writes in one word what the document writes in two.
"""

from __future__ import annotations

import string
from bisect import bisect_left
from collections.abc import Iterable, Sequence

from kimiqa.ranking.indexing import DocumentIndex

SHORTEST = 6
"""Letters of a stem that has relatives: shorter ones resemble too many that are none."""
BEGINNING, ENDING = 5, 2
"""Relatives have the same beginning of so many letters at least, and at most so many after it."""
SPELT = 8
"""Letters of a stem that counts as misspelt where one letter more, less, other or moved makes it
another: a shorter one is as often another word ("lawyer", "layer")."""
HALF = 3
"""Letters of each half of a compound, at least."""


def relatives(word: str, parts: Sequence[DocumentIndex]) -> list[str]:
    """The stems in the documents that stand for one they lack: of the same beginning, else of
    nearly the same spelling, else its two halves; empty where there are none."""
    if len(word) < SHORTEST or not word.isalpha() or not word.isascii():
        return []
    alike = {each for part in parts for each in _of_the_same_beginning(word, part.words)}
    if not alike and len(word) >= SPELT:
        alike = _held(_spellings(word), parts)
    return sorted(alike) or _halves(word, parts)


def _of_the_same_beginning(word: str, words: Sequence[str]) -> Iterable[str]:
    """From words in alphabetical order."""
    beginning = word[: max(BEGINNING, len(word) - ENDING)]
    for at in range(bisect_left(words, beginning), len(words)):
        if not words[at].startswith(beginning):
            return
        if word.startswith(words[at][: max(BEGINNING, len(words[at]) - ENDING)]):
            yield words[at]


def _spellings(word: str) -> set[str]:
    """All that one letter more, less, other or moved by one makes of a word."""
    cuts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    moved = {a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1}
    lost = {a + b[1:] for a, b in cuts if b}
    other = {a + c + rest for a, b in cuts for rest in (b, b[1:]) for c in string.ascii_lowercase}
    return moved | lost | other


def _halves(word: str, parts: Sequence[DocumentIndex]) -> list[str]:
    for at in range(HALF, len(word) - HALF + 1):
        halves = [word[:at], word[at:]]
        if len(_held(halves, parts)) == len(halves):
            return halves
    return []


def _held(words: Iterable[str], parts: Sequence[DocumentIndex]) -> set[str]:
    return {word for word in words if any(word in part.numbers for part in parts)}

"""A prompt's prefixes, named and counted, to know what the provider's cache holds of it.

A prefix is named by its text, whichever strategy laid it out, and at places where another prompt
would name it too: at borders of parts and pages, and, inside of shorter texts, at the first place
at or behind each border of a cache block where a text may be cut. Two prompts that begin alike
share a block whenever they share such a place.
"""

from __future__ import annotations

import hashlib
import re
import threading
from array import array
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from kimiqa.plan import Segment
from kimiqa.prompts import DOCUMENT_CLOSE, PAGE_CLOSE
from kimiqa.template import Template
from kimiqa.tokens import Counter, words_of

# Where every strategy cuts: behind a page, and behind a document with the line that follows.
_PIECE = re.compile(
    rf"(?<=\n{PAGE_CLOSE}\n)|(?<=\n{DOCUMENT_CLOSE}\n)(?!\n)|(?<=\n{DOCUMENT_CLOSE}\n\n)"
)
_KEPT_DOCUMENTS = 64
_KEPT_CHARACTERS = 8_000_000
_FIRST_PAGES = 32
"""Behind each of so many pages a prefix is named: most prompts that part do so early."""


@dataclass(frozen=True, slots=True)
class PageTexts:
    """A long text, page by page with the tokens of each; made only when it is first asked for."""

    key: str
    """Names the text."""
    pieces: Callable[[], Iterator[tuple[str, int]]]
    stride: int = 1
    """Behind every how many pages a prefix is named, once the first pages are over."""


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a message with its own token count: short as `text`, long as `pages`."""

    tokens: int
    text: str = ""
    pages: PageTexts | None = None


class _Step(NamedTuple):
    """A place in a part: the name of all that stands before it, and the part's tokens there."""

    name: bytes
    tokens: int


def segments_of(
    messages: Sequence[Sequence[Part]],
    template: Template,
    counter: Counter,
    block: int | None,
    *,
    tools: str = "",
) -> tuple[Segment, ...]:
    """The prefixes of a prompt; the last one is the whole of it.

    The template's tokens of a message stand before its text, those of the request at its end.
    `tools` (their JSON) stand before every message: with others, nothing is shared.
    """
    found: list[Segment] = []
    name, tokens = b"", 0
    if tools:
        name, tokens = _joined(b"tools", _bytes(tools)), counter.count(tools)
        found.append(Segment(name.hex(), tokens))
    for parts in messages:
        name = _joined(name, b"message")
        tokens += template.per_message
        for part in parts:
            steps = _steps(part, _Before(name, tokens), counter, block)
            found += [Segment(step.name.hex(), tokens + step.tokens) for step in steps]
            name = steps[-1].name if steps else name
            tokens += part.tokens
    end = _joined(name, b"end").hex()
    return (*found, Segment(end, tokens + template.per_request))


class _Before(NamedTuple):
    """All that stands before a part: its name, and its tokens."""

    name: bytes
    tokens: int


def _steps(part: Part, before: _Before, counter: Counter, block: int | None) -> list[_Step]:
    """Of the places in a part: the borders, and the first in each block of the cache."""
    if part.pages:
        return list(_of_pages(part.pages, before.name))
    return list(_of_text(_pieces(part.text, counter), before, block))


class _Piece(NamedTuple):
    """A stretch of a short text: where its words end, and the text's tokens up to there."""

    text: str
    before: int
    """The tokens of the text before it."""
    ends: array[int]
    tokens: array[int]
    digest: bytes
    """Names its text."""


def _of_text(pieces: Sequence[_Piece], before: _Before, block: int | None) -> Iterator[_Step]:
    """The places of a short text: behind the words that reach a block, and at its borders."""
    name = before.name
    for piece in pieces:
        if not _reaches(piece, before.tokens, block):
            name = _joined(name, piece.digest)
            yield _Step(name, piece.tokens[-1])
            continue
        read, at = hashlib.sha256(), 0
        for word in _reaching(piece, before.tokens, block):
            read.update(_bytes(piece.text[at : piece.ends[word]]))
            at = piece.ends[word]
            yield _Step(_joined(name, read.digest()), piece.tokens[word])
        read.update(_bytes(piece.text[at:]))
        name = _joined(name, read.digest())
        yield _Step(name, piece.tokens[-1])


def _reaches(piece: _Piece, before: int, block: int | None) -> bool:
    """Whether a block of the cache ends inside of a piece."""
    if not block:
        return False
    return (before + piece.before) // block < (before + piece.tokens[-1]) // block


def _reaching(piece: _Piece, before: int, block: int | None) -> Iterator[int]:
    """The words of a piece that are the first to reach a block of the cache."""
    if not block:
        return
    reached, word = before + piece.before, 0
    while word < len(piece.tokens):
        word = bisect_left(piece.tokens, (reached // block + 1) * block - before, word)
        if word < len(piece.tokens):
            yield word
            reached = before + piece.tokens[word]


_texts: OrderedDict[tuple[str, str, str], tuple[_Piece, ...]] = OrderedDict()
"""Short texts, counted: what was said stands in every later prompt of its conversation."""
_texts_lock = threading.Lock()


def _pieces(text: str, counter: Counter) -> tuple[_Piece, ...]:
    key = (text, counter.vocabulary, counter.engine)
    with _texts_lock:
        known = _texts.get(key)
    if known is None:
        known = tuple(_counted(text, counter))
        with _texts_lock:
            _texts[key] = known
            kept = sum(len(each) for each, _, _ in _texts)
            while kept > _KEPT_CHARACTERS:
                gone, _ = _texts.popitem(last=False)
                kept -= len(gone[0])
    return known


def _counted(text: str, counter: Counter) -> Iterator[_Piece]:
    tokens = 0
    for piece in filter(None, _PIECE.split(text)):
        digest = hashlib.sha256(_bytes(piece)).digest()
        found, at = _Piece(piece, tokens, array("Q"), array("Q"), digest), 0
        for word in words_of(piece):
            at, tokens = at + len(word), tokens + counter.count(word)
            found.ends.append(at)
            found.tokens.append(tokens)
        yield found


_documents: OrderedDict[tuple[str, bytes], tuple[_Step, ...]] = OrderedDict()
"""The places of long texts, for they are asked about again and again."""


def _of_pages(pages: PageTexts, before: bytes) -> tuple[_Step, ...]:
    key = (pages.key, before)
    known = _documents.get(key)
    if known is None:
        known = _documents[key] = tuple(_read(pages, before))
        while len(_documents) > _KEPT_DOCUMENTS:
            _documents.popitem(last=False)
    return known


def _read(pages: PageTexts, before: bytes) -> Iterator[_Step]:
    tokens, last = 0, None
    for n, (text, count) in enumerate(pages.pieces(), 1):
        before = _joined(before, hashlib.sha256(_bytes(text)).digest())
        tokens += count
        last = _Step(before, tokens)
        if n <= _FIRST_PAGES or n % pages.stride == 0:
            yield last
            last = None
    if last:
        yield last


def _joined(before: bytes, more: bytes) -> bytes:
    return hashlib.sha256(before + more).digest()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")

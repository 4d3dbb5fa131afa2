"""The documents' own words, in a few hundred tokens: headings, and what the question finds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from kimiqa.chapters import chapters
from kimiqa.errors import DocumentError
from kimiqa.strategies import chunks
from kimiqa.strategies.layout import Draft, numbered

if TYPE_CHECKING:
    from kimiqa.document import Document

HEADINGS_TOKENS = 350
PASSAGES_TOKENS = 550
BEFORE_TOKENS = 150
_LINES = 40
"""So many headings of one document, or beginnings of its pages, at most."""
_EARLIER = 2
"""So many of the newest questions are told."""


def headings(draft: Draft, originals: Sequence[Document]) -> list[str]:
    """The names of the documents and their headings; where there are none, how pages begin."""
    each = max(24, HEADINGS_TOKENS // len(originals))
    lines: list[str] = []
    for n, original in numbered(originals):
        lines += _within(_lines(draft, n, original), each, draft)
    return _within(lines, HEADINGS_TOKENS, draft)


def _lines(draft: Draft, n: int, original: Document) -> Iterator[str]:
    document = draft.documents[n - 1]
    yield f"D{n} {document.name}:"
    titles = _titles(original)
    if titles:
        # The twin of a private question has no outline: what it would show is covered here.
        cover = draft.cover
        # Cut last: a value that is cut in two would be known by nobody.
        yield from ((each if cover is None else cover.masked(each))[:80] for each in titles)
        return
    pages = [page for page in document.pages if page.text.strip() and draft.chosen(n, page.number)]
    for page in pages[:: -(-len(pages) // _LINES) or 1]:
        yield " ".join(page.text[:160].split())[:80]


_known: WeakKeyDictionary[Document, tuple[str, ...]] = WeakKeyDictionary()
"""A long outline takes a second to read, and a price is wanted at every word that is typed."""


def _titles(document: Document) -> tuple[str, ...]:
    if document not in _known:
        try:
            found = chapters(document.outline() or (), len(document.pages))
        except DocumentError:
            found = []
        _known[document] = tuple(_spread([" ".join(each.title.split()) for each in found]))
    return _known[document]


def _spread(titles: list[str]) -> list[str]:
    return titles[:: -(-len(titles) // _LINES) or 1]


def passages(draft: Draft) -> list[str]:
    """The best passages that the question finds as it stands."""
    return [chunk.text.strip() for chunk in chunks.best(draft, PASSAGES_TOKENS)]


def before(draft: Draft) -> list[str]:
    """The newest questions of the conversation, which this one may go on from."""
    return _within((turn.question for turn in draft.turns[-_EARLIER:]), BEFORE_TOKENS, draft)


def _within(lines: Iterable[str], tokens: int, draft: Draft) -> list[str]:
    """As many lines as so many tokens hold, in their order."""
    kept: list[str] = []
    for line in lines:
        tokens -= draft.counter.count(line) + 1
        if tokens < 0:
            break
        kept.append(line)
    return kept

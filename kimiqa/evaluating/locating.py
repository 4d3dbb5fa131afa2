"""Where the gold evidence of a data set stands, looked up before anything is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path

from kimiqa.citations.normalise import normalise
from kimiqa.document import Document
from kimiqa.errors import BadRequestError
from kimiqa.evaluating.dataset import Item, Place


def located(items: Sequence[Item], open: Callable[[Path], Document]) -> list[Item]:
    """The items, each with the pages of its evidence: those it names, else those on which its
    evidence stands word for word. Documents are open one item's at a time.

    Raises
    ------
    BadRequestError
        A gold page does not exist, or a document does not hold the evidence: every answer
        would count as not strictly right.
    """
    order = sorted(range(len(items)), key=lambda at: [str(each) for each in items[at].documents])
    found = list(items)
    for paths, group in groupby(order, key=lambda at: items[at].documents):
        needed = [at for at in group if items[at].pages or items[at].evidence]
        if needed:
            documents = [open(path) for path in paths]
            for at in needed:
                found[at] = _located(items[at], documents)
    return found


def _located(item: Item, documents: Sequence[Document]) -> Item:
    if not item.pages:
        return replace(item, pages=tuple(_places(item, documents)))
    for name, page in item.pages:
        number = int(name[1:]) if name[1:].isdigit() else 0
        if not name.startswith("D") or not 1 <= number <= len(documents):
            raise BadRequestError(
                f"Question {item.id!r} names gold pages of {name}; it has "
                f"{len(documents):,} document(s).",
                "Name D1 for the first.",
            )
        pages = len(documents[number - 1].pages)
        if page > pages:
            raise BadRequestError(
                f"Question {item.id!r} names gold page {page:,}; {documents[number - 1].name} "
                f"has {pages:,}.",
                "Pages count from 1, whatever is printed on them.",
            )
    return item


def _places(item: Item, documents: Sequence[Document]) -> Iterator[Place]:
    """Every page on which a piece of the evidence stands."""
    for words in item.evidence:
        wanted = normalise(words).text
        places = [
            (f"D{n}", page.number)
            for n, document in enumerate(documents, 1)
            for page in document.pages
            if wanted in normalise(page.text).text
        ]
        if not places:
            raise BadRequestError(
                f"The evidence of question {item.id!r} stands on no page: {words[:80]!r}.",
                "Copy it word for word, or name its pages.",
            )
        yield from places

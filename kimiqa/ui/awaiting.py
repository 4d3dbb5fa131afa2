"""A document that a page waits for: what its prices need is made while it is being read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kimiqa.document import Document
from kimiqa.ranking.ahead import Ahead
from kimiqa.tokens import counter_for
from kimiqa.ui.state import State


@dataclass(slots=True)
class Counting:
    """The vocabulary in which this page's prices are counted; None while that is not known."""

    vocabulary: str | None = None


def count_in(state: State, vocabulary: str) -> None:
    """Say in which vocabulary the prices of this page are counted."""
    state.of(Counting).vocabulary = vocabulary


def counted_in(state: State) -> str | None:
    """The vocabulary that was named last."""
    return state.of(Counting).vocabulary


def steps(source: Path, name: str, password: str | None, vocabulary: str | None) -> Iterator[Any]:
    """The steps of a reading. Where a vocabulary is named, the chunks are indexed meanwhile: of a
    long document that takes half as long as reading it, and no card is priced without."""
    if vocabulary is None:
        yield from Document.reading(source, name=name, password=password)
        return
    ahead = Ahead(counter_for(vocabulary))
    for step in Document.reading(source, name=name, password=password, on_pages=ahead.take):
        if isinstance(step, Document):
            ahead.keep(step)
        yield step

"""A document that a page waits for: what its prices need is made while it is being read, and what
they do not need comes after them."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from kimiqa.document import Document
from kimiqa.opening.counting import first_counter
from kimiqa.ranking.ahead import Ahead
from kimiqa.reading.parts import WorkerLost
from kimiqa.reading.pool import fast_pool
from kimiqa.tokens import counter_for
from kimiqa.ui.state import State

SOON = 0.5
"""Seconds from the first page that is shown without a document to that."""

PATIENCE = 5.0
"""Seconds for which the second pass waits for a page that shows the prices first."""

DRAWING = 0.3
"""Seconds that a browser takes to draw them. On a small machine it needs the same processors."""

LONG = 100
"""Pages from which on the second pass would get in its way."""


class Sight:
    """Whether the prices of a document can be seen: what takes long waits for that."""

    def __init__(self) -> None:
        self._sent, self._pressed = threading.Event(), threading.Event()

    def shown(self) -> None:
        """The prices were sent to a browser."""
        self._sent.set()

    def go_on(self) -> None:
        """Nobody waits for the prices, or somebody for what comes after them."""
        self._pressed.set()
        self._sent.set()

    def wait(self, pages: int) -> None:
        """Wait until a document of so many pages may be looked over."""
        self._sent.wait(PATIENCE)
        if pages >= LONG:
            self._pressed.wait(DRAWING)


@cache
def get_ready() -> threading.Timer:
    """Start what the first document would wait for, its reader and the counting of tokens, once
    in a process; soon, for the page itself is being shown just now."""
    timer = threading.Timer(SOON, _get_ready)
    timer.daemon = True
    timer.start()
    return timer


def _get_ready() -> None:
    with contextlib.suppress(WorkerLost, OSError):  # whoever reads is told
        fast_pool().start("ping")
    first_counter()


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

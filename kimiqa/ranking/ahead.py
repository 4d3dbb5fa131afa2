"""The index of a document, made while the document is still being read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from kimiqa.chunking import TARGET_TOKENS
from kimiqa.ranking.indexing import Growing, Vocabulary, keep

if TYPE_CHECKING:
    from kimiqa.document import Document
    from kimiqa.reading.parts import Page


class Ahead:
    """Takes pages as they come, whatever their order, and indexes each once all before it are
    there: what is left to do at the end is little."""

    def __init__(self, counter: Vocabulary, target_tokens: int = TARGET_TOKENS) -> None:
        self._counter, self._target = counter, target_tokens
        self._growing = Growing(counter, target_tokens)
        self._indexed: list[str] = []
        self._waiting: dict[int, str] = {}

    def take(self, pages: Iterable[Page]) -> None:
        """Index what is there from the beginning on without a gap."""
        self._waiting |= {page.number: page.text for page in pages}
        while (text := self._waiting.pop(len(self._indexed) + 1, None)) is not None:
            self._growing.add(text)
            self._indexed.append(text)

    def keep(self, document: Document) -> None:
        """Keep the index of what has been read where `index_of` finds it. A document whose
        pages are others in the end, as after a second opinion of one, is indexed when needed."""
        if self._indexed == [page.text for page in document.pages]:
            keep(document, self._counter, self._target, self._growing.finished())

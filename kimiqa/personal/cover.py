"""A question as it leaves the machine in private: documents, turns and words with placeholders."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from kimiqa.opening.counting import TokenCounter, counted_by
from kimiqa.personal import keeping, looking
from kimiqa.personal.finding import Finding
from kimiqa.personal.keeping import Value
from kimiqa.personal.marks import Marks, Masked, found_in
from kimiqa.plan import Chunk
from kimiqa.prompts import page_block
from kimiqa.store import Store, store_for

if TYPE_CHECKING:
    from kimiqa.document import Document

_KEPT_TWINS = 16

TurnT = TypeVar("TurnT", bound=Any)


@dataclass(frozen=True, slots=True)
class Twin:
    """A document as it is sent, and what stands where in it."""

    original: Document
    document: Document
    pages: Mapping[int, Masked]
    """The pages that differ."""

    def back(self, chunk: Chunk) -> Chunk:
        """A chunk of the twin, in the places of the original."""
        masked = self.pages.get(chunk.page)
        if masked is None:
            return replace(chunk, document_id=self.original.id)
        start, end = masked.back(chunk.start), masked.back(chunk.end, end=True)
        whole = self.original.pages[chunk.page - 1].text
        text = whole[start:end] if chunk.text else ""
        return replace(chunk, document_id=self.original.id, start=start, end=end, text=text)

    def onward(self, chunk: Chunk) -> Chunk:
        """A chunk of the original, in the places of the twin."""
        masked = self.pages.get(chunk.page)
        if masked is None:
            return replace(chunk, document_id=self.document.id)
        start, end = masked.onward(chunk.start), masked.onward(chunk.end, end=True)
        text = masked.text[start:end] if chunk.text else ""
        return replace(chunk, document_id=self.document.id, start=start, end=end, text=text)


@dataclass(frozen=True, slots=True)
class Cover:
    """What stands for what in one question."""

    marks: Marks = field(repr=False)
    twins: tuple[Twin, ...] = field(repr=False)

    @classmethod
    def of(
        cls,
        documents: Sequence[Document],
        texts: Sequence[str],
        counter: TokenCounter,
    ) -> Cover:
        """The cover of a question over documents; `texts` are all others that will be sent."""
        store = store_of(documents)
        found = [looking.look(each.id, each.pages, each.store) for each in documents]
        names = [each.name for each in documents]
        values = dict.fromkeys(
            value
            for document, here in zip(documents, found, strict=True)
            for value in _values(document, here)
        )
        # What the question names is kept with all its documents: it goes with any of them.
        asked = dict.fromkeys(v for text in [*texts, *names] for _, _, v in found_in(text))
        own = {each.id: _values(each, here) for each, here in zip(documents, found, strict=True)}
        numbers: dict[Value, int] = {}
        for document in documents:
            wanted = list(dict.fromkeys([*own[document.id], *asked]))
            numbers |= keeping.numbers(store, wanted, [document.id])
        marks = Marks({value: numbers[value] for value in [*values, *asked]})
        twins = (
            _twin(document, here, marks, counter)
            for document, here in zip(documents, found, strict=True)
        )
        return cls(marks, tuple(twins))

    @property
    def documents(self) -> tuple[Document, ...]:
        """The documents as they are sent."""
        return tuple(twin.document for twin in self.twins)

    def masked(self, text: str) -> str:
        """A text as it is sent."""
        return self.marks.masked(text).text

    def turn(self, turn: TurnT) -> TurnT:
        """An earlier turn as it is sent again."""
        chunks = tuple(self._of(each).onward(each) for each in turn.chunks)
        covered: TurnT = replace(
            turn,
            question=self.masked(turn.question),
            answer=self.masked(turn.answer),
            chunks=chunks,
        )
        return covered

    def chunks(self, chunks: Sequence[Chunk]) -> tuple[Chunk, ...]:
        """Chunks of what is sent, in the places of the originals."""
        return tuple(self._of(each).back(each) for each in chunks)

    def _of(self, chunk: Chunk) -> Twin:
        return self.twins[int(chunk.document[1:]) - 1]

    @property
    def replaced(self) -> int:
        """How many values have a placeholder."""
        return len(self.marks.numbers)


def store_of(documents: Sequence[Document]) -> Store:
    """The store that keeps what belongs to these documents: their own, else this process's."""
    found = (each.store for each in documents)
    return next((store for store in found if store is not None), None) or store_for(None)


def _values(document: Document, found: Mapping[int, list[Finding]]) -> list[Value]:
    values = (
        value
        for page in document.pages
        if page.number in found or "[" in page.text
        for _, _, value in found_in(page.text, found.get(page.number, ()))
    )
    return list(dict.fromkeys(values))


_twins: OrderedDict[str, Twin] = OrderedDict()
_lock = threading.Lock()


def _twin(
    document: Document, found: Mapping[int, list[Finding]], marks: Marks, counter: TokenCounter
) -> Twin:
    """The document's twin, made once for the same texts, values and vocabulary."""
    known = hashlib.sha256(f"{document.id} {document.name} {counted_by(counter)}".encode())
    known.update(looking.texts_key(document.pages).encode())
    known.update(repr(sorted(marks.numbers.items())).encode("utf-8", "surrogatepass"))
    key = known.hexdigest()
    with _lock:
        kept = _twins.pop(key, None)
    made = kept or _made(document, found, marks, counter, key)
    with _lock:
        _twins[key] = made
        while len(_twins) > _KEPT_TWINS:
            _twins.popitem(last=False)
    return made if made.original is document else replace(made, original=document)


def _made(
    document: Document,
    found: Mapping[int, list[Finding]],
    marks: Marks,
    counter: TokenCounter,
    key: str,
) -> Twin:
    masked = {p.number: marks.masked(p.text, found.get(p.number, ())) for p in document.pages}
    changed = {number: each for number, each in masked.items() if each.edits}
    pages = tuple(
        replace(page, text=changed[page.number].text) if page.number in changed else page
        for page in document.pages
    )
    counts = list(document.block_tokens(counter))
    for number, each in changed.items():
        counts[number - 1] = counter.count(page_block(number, each.text))
    name = marks.masked(document.name).text
    return Twin(document, document.twin(key, name, pages, counter, counts), changed)

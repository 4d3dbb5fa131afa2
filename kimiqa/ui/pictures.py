"""Cited pages as pictures, their quoted words boxed: drawn once, and ahead of the next click."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from kimiqa.document import Document
from kimiqa.errors import KimiqaError
from kimiqa.plan import Citation
from kimiqa.ui.state import State

DPI = 110
KEPT = 16
AHEAD = 10
"""How many citations of an answer are drawn before they are clicked."""


@dataclass(frozen=True, slots=True)
class Sight:
    """A page of a document, and the words on it that are boxed."""

    document: Document
    number: int
    start: int | None = None
    end: int | None = None


@dataclass(slots=True)
class Pictures:
    """What was drawn for this visitor, and what draws the next ones."""

    drawn: dict[Sight, bytes] = field(default_factory=dict)
    drawing: threading.Thread | None = None


def drawn(state: State, sight: Sight) -> bytes:
    """The picture; drawn now where it was not.

    *Raises* the errors of `Document.render`.
    """
    kept = state.of(Pictures).drawn
    return kept.get(sight) or _keep(kept, sight)


def ahead(state: State, sights: Sequence[Sight]) -> threading.Thread | None:
    """Draw in a thread of its own what is likely to be looked at next. The pictures are the
    visitor's alone, and go with the visit."""
    pictures = state.of(Pictures)
    kept, before = pictures.drawn, pictures.drawing
    missing = [sight for sight in sights[:AHEAD] if sight not in kept]
    if not missing or (before is not None and before.is_alive()):
        return None

    def draw() -> None:
        for sight in missing:
            # What cannot be drawn says so once it is asked for.
            with suppress(KimiqaError, OSError):
                _keep(kept, sight)

    thread = threading.Thread(target=draw, name="kimiqa-pictures", daemon=True)
    pictures.drawing = thread
    thread.start()
    return thread


def near(
    citations: Sequence[Citation], at: int, documents: Sequence[Document | None]
) -> list[Sight]:
    """What the citations round this one show, the next one first."""
    order = sorted(range(len(citations)), key=lambda n: (abs(n - at), n < at))
    found = (sight_of(citations[n], documents) for n in order if n != at)
    return [sight for sight in found if sight is not None]


def sight_of(citation: Citation, documents: Sequence[Document | None]) -> Sight | None:
    """What a citation shows; None where there is no such page here."""
    number = citation.found_page or citation.page
    named = citation.document[1:]
    at = int(named) - 1 if named.isdecimal() else -1
    document = documents[at] if 0 <= at < len(documents) else None
    if document is None or citation.status == "invalid" or not document.drawable:
        return None
    if not 1 <= number <= len(document.pages):
        return None
    return Sight(document, number, citation.found_start, citation.found_end)


def forget(state: State) -> None:
    """Have them drawn anew; what is being drawn ahead goes with the old ones."""
    state.of(Pictures).drawn = {}


def _keep(kept: dict[Sight, bytes], sight: Sight) -> bytes:
    boxes = (
        sight.document.boxes(sight.number, sight.start, sight.end)
        if sight.start is not None and sight.end
        else []
    )
    picture = sight.document.render(sight.number, DPI, boxes)
    for old in list(kept)[: max(0, len(kept) - KEPT + 1)]:
        kept.pop(old, None)
    kept[sight] = picture
    return picture

"""What the places that a question names are worth, chunk by chunk."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kimiqa.ranking.indexing import Floats
from kimiqa.ranking.naming import NEXT_HEADING, Heading, headings_named, pages_named

if TYPE_CHECKING:
    from kimiqa.ranking.index import Index

NAMED_WEIGHT = 3.0
"""What a chunk at a place that the question names has on top: nearly what all its words can be
worth together, at every scale."""
SAME_PAGE, SAME_SECTION = 0.5, 0.8
"""The share of that which the page of a table has that is named, and what a heading stands over."""
LONGEST_SECTION = 40
"""Chunks of a section that has no end in sight."""
MOST_HEADINGS = 500
"""So many chunks are looked through for a heading."""


def named_places(index: Index, question: str) -> Floats | None:
    """More for the chunks of the places that the question names; None where it names none that
    there is."""
    numbers, headings = pages_named(question), headings_named(question)
    if not (numbers or headings):
        return None
    found = np.zeros(len(index), np.float32)
    if numbers:
        found[_on_pages(index, numbers)] = 1
    for heading in headings:
        for place in _holding(index, heading):
            whole, share = _under(index, place, heading)
            near, worth = index.places.fading(place, before=heading.before)
            np.maximum(found[whole], share, out=found[whole])
            np.maximum(found[near], worth, out=found[near])
    return NAMED_WEIGHT * found if found.any() else None


def _on_pages(index: Index, numbers: set[int]) -> NDArray[np.bool_]:
    """Which chunks stand on a page of such a number."""
    asked = [
        np.array([page.number in numbers for page in document.pages], bool)[part.page]
        for document, part in zip(index.documents, index.parts, strict=True)
    ]
    return np.concatenate(asked) if asked else np.empty(0, bool)


def _under(index: Index, place: int, heading: Heading) -> tuple[slice, float]:
    """What a heading stands over, up to the next one; of a caption the page."""
    if heading.before:
        return index.places.same_page(place), SAME_PAGE
    of, end = index.places.of, place + 1
    most = min(place + LONGEST_SECTION, len(index))
    while end < most and of[end] == of[place]:
        if NEXT_HEADING.search(index.chunk(end).text):
            break
        end += 1
    return slice(place, end), SAME_SECTION


def _holding(index: Index, heading: Heading) -> list[int]:
    """The chunks in which a heading stands at the beginning of a line."""
    held = [index.find(word)[0] for word in heading.words]
    places = reduce(np.intersect1d, held) if held else np.empty(0, np.int64)
    some = places[:MOST_HEADINGS].tolist()
    return [place for place in some if heading.line.search(index.chunk(place).text)]

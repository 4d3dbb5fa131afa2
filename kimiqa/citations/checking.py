"""A claim and the place it names → a citation with its state."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kimiqa.citations.claims import Claim
from kimiqa.citations.markers import Marker, Place
from kimiqa.citations.matching import Needle, find, needles
from kimiqa.citations.normalise import Normal, normalise
from kimiqa.citations.words import supports
from kimiqa.plan import Citation, CitationStatus
from kimiqa.prompts import DocumentLike

_KEPT = 48
"""Normalised pages kept per document: answers come back to the same few."""

_TOGETHER = 3
"""Pages of a range that may support a sentence together."""


@dataclass(frozen=True, slots=True)
class Found:
    """A page, and the span of its own text."""

    page: int
    start: int | None = None
    end: int | None = None


class Source:
    """A document to look things up in: pages are normalised when they are asked for."""

    def __init__(self, document: DocumentLike) -> None:
        self.id = document.id
        self._document = document
        self._texts = {page.number: page.text for page in document.pages}
        self._kept: OrderedDict[int, Normal] = OrderedDict()

    def holds(self, place: Place) -> bool:
        return place.first <= place.last and {place.first, place.last} <= self._texts.keys()

    def name_of(self, place: Place, found: Found | None) -> str | None:
        """What the document calls the place, where it has a name beside its number."""
        named = getattr(self._document, "place", None)
        if named is None or not self.holds(place):
            return None
        at = found or Found(place.first)
        name: str | None = named(at.page, at.start, at.end)
        return name

    def normal(self, number: int) -> Normal:
        held = self._kept.pop(number, None) or normalise(self._texts[number])
        self._kept[number] = held
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return held

    def look_up(self, needle: Needle, pages: Iterable[int], *, denied: bool) -> Found | None:
        """The first of `pages` that says it."""
        for number in pages:
            if number in self._kept or needle.likely_in(self._texts[number]):
                normal = self.normal(number)
                if span := find(needle, normal, denied=denied):
                    return Found(number, *normal.raw_span(*span))
        return None

    def look_across(self, needle: Needle, first: int, *, denied: bool) -> Found | None:
        """Whether the words begin on page `first` and end on the next."""
        if first + 1 not in self._texts:
            return None
        text = f"{self._texts[first]}\n{self._texts[first + 1]}"
        if not needle.likely_in(text):
            return None
        both = normalise(text)
        span = find(needle, both, denied=denied)
        if span is None:
            return None
        start, size = both.raw(span[0]), len(self._texts[first])
        return Found(first, start, size) if start < size else None

    def elsewhere(self, place: Place) -> list[int]:
        """All other pages, the nearest first."""
        others = (n for n in self._texts if not place.first <= n <= place.last)
        return sorted(others, key=lambda n: abs(n - place.first))


def check(claim: Claim, place: Place, marker: Marker, sources: Sequence[Source]) -> Citation:
    """The citation of `place`, with the state that the design defines."""
    source = sources[place.document - 1] if 1 <= place.document <= len(sources) else None
    status: CitationStatus = "invalid"
    found: Found | None = None
    if source is not None and source.holds(place):
        status, found = _state(claim, place, source)
    return Citation(
        document=f"D{place.document}",
        document_id=source.id if source else None,
        page=place.first,
        found_page=found.page if found else None,
        quote=claim.quote,
        status=status,
        start=marker.start,
        end=marker.end,
        found_start=found.start if found else None,
        found_end=found.end if found else None,
        place=source.name_of(place, found) if source else None,
    )


def _state(claim: Claim, place: Place, source: Source) -> tuple[CitationStatus, Found | None]:
    readings = needles(claim.quote) if claim.quote else []
    if not readings:
        number = _supporting_page(claim.sentence, place, source)
        return ("unverified", None) if number is None else ("supported", Found(number))
    for needle in readings:
        if found := _cited(needle, place, source, denied=claim.denied):
            return "verified", found
    for needle in readings:
        if found := _moved(needle, place, source, denied=claim.denied):
            return "moved", found
    return "unverified", None


def _cited(needle: Needle, place: Place, source: Source, *, denied: bool) -> Found | None:
    """On a cited page, or beginning there and running over the page break."""
    pages = range(place.first, place.last + 1)
    for number in pages[:_KEPT]:  # what is cited is looked at in full
        source.normal(number)
    if found := source.look_up(needle, pages, denied=denied):
        return found
    breaks = (source.look_across(needle, number, denied=denied) for number in pages)
    return next(filter(None, breaks), None)


def _moved(needle: Needle, place: Place, source: Source, *, denied: bool) -> Found | None:
    """On any other page, or over the break before the cited one."""
    others = source.elsewhere(place)
    if found := source.look_up(needle, others, denied=denied):
        return found
    before = place.first - 1
    return source.look_across(needle, before, denied=denied) if before in others else None


def _supporting_page(sentence: str, place: Place, source: Source) -> int | None:
    """The first cited page that supports the sentence; a short range may do so together."""
    pages = range(place.first, place.last + 1)
    for number in pages[:_KEPT]:
        if supports(sentence, source.normal(number).text):
            return number
    together = "\n".join(source.normal(number).text for number in pages[:_TOGETHER])
    shared = 1 < len(pages) <= _TOGETHER and supports(sentence, together)
    return place.first if shared else None

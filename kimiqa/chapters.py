"""Pages by their printed labels and by the document's own outline: "iv-x", "chapter 3"."""

from __future__ import annotations

import re
import unicodedata
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kimiqa.errors import BadRequestError
from kimiqa.pages import Pages, choose_pages
from kimiqa.saying import Said, say

if TYPE_CHECKING:
    from kimiqa.document import Document
    from kimiqa.reading.parts import OutlineEntry

_PAGE_NUMBERS = re.compile(r"[\d\s,;\-\u2013\u2014]*")
_DOCUMENT = re.compile(r"\s*[Dd](\d+)\s*:\s*")
_NEXT_DOCUMENT = re.compile(r";\s*(?=[Dd]\d+\s*:)")
_DASH = re.compile(r"\s*(?:-|\u2013|\u2014|\bto\b)\s*")
_KIND = re.compile(r"(?:pages?|pp?\.?|labels?)\s+(?=\S)", re.IGNORECASE)
_NUMBERED = re.compile(
    r"(?:(chapter|chap\.?|section|sec\.?|part|appendix|kapitel|teil|chapitre|第)\s*)?"
    r"([0-9]+(?:\.[0-9]+)*|[ivxlcdm]+|[a-z])\s*(?:章|节|節|部)?",
    re.IGNORECASE,
)
_LEADING = re.compile(
    r"(?:chapter|chap\.?|section|sec\.?|part|appendix|kapitel|teil|chapitre|第)?\s*"
    r"([0-9]+(?:\.[0-9]+)*|[ivxlcdm]+|[a-z])(?=[\s.:)、章节節部\u2013\u2014-]|$)",
    re.IGNORECASE,
)
_SHOWN = 8
_KEPT_DOCUMENTS = 32


@dataclass(frozen=True, slots=True)
class Chapter:
    """An entry of an outline with the pages it covers."""

    title: str
    level: int
    first: int
    last: int

    @property
    def pages(self) -> range:
        return range(self.first, self.last + 1)


def chapters(outline: Sequence[OutlineEntry], pages: int) -> list[Chapter]:
    """The entries that lead to a page, each to where the next of its level or above begins.

    An entry that begins in the middle of a page shares that page with the one before it: it is
    not known where on a page an entry begins, and nothing asked for may be left out.
    """
    held = [each for each in outline if each.page is not None and 1 <= each.page <= pages]
    found = []
    for at, entry in enumerate(held):
        assert entry.page is not None
        later = (each.page for each in held[at + 1 :] if each.level <= entry.level)
        following = next((page for page in later if page is not None and page >= entry.page), None)
        last = pages if following is None else max(entry.page, following)
        found.append(Chapter(entry.title, entry.level, entry.page, last))
    return found


def chosen_pages(pages: Pages, documents: Sequence[Document]) -> tuple[frozenset[int] | None, ...]:
    """The chosen page numbers of each document, whatever way they were named; None is all.

    Raises
    ------
    BadRequestError
        The selection cannot be read, or names a page, label or entry that there is not.
    """
    counts = [len(document.pages) for document in documents]
    if isinstance(pages, str) and pages.strip():
        pages = _by_number(pages, documents)
    elif isinstance(pages, Mapping):
        pages = {
            name: _numbers(spec, _named(name, documents)) if isinstance(spec, str) else spec
            for name, spec in pages.items()
        }
    return choose_pages(pages, counts)


def _by_number(pages: str, documents: Sequence[Document]) -> Pages:
    """The same selection in page numbers, where it is in other words."""
    if _DOCUMENT.match(pages):
        parts = [part for part in _NEXT_DOCUMENT.split(pages) if part.strip()]
        found = [(_DOCUMENT.match(part), part) for part in parts]
        if not all(match for match, _ in found):
            return pages  # said there, with the part that names no document
        return {
            f"D{match[1]}": _numbers(part[match.end() :], _named(match[1], documents))
            for match, part in found
            if match
        }
    if _PAGE_NUMBERS.fullmatch(pages):
        return pages
    if len(documents) == 1:
        return _numbers(pages, documents[0])
    return {f"D{n}": _numbers(pages, each) for n, each in enumerate(documents, 1)}


def _named(name: str, documents: Sequence[Document]) -> Document | None:
    number = str(name).strip().lstrip("Dd")
    known = number.isascii() and number.isdecimal() and 1 <= int(number) <= len(documents)
    return documents[int(number) - 1] if known else None


def _numbers(spec: str, document: Document | None) -> str | list[int]:
    """A selection of one document: as it is where it is made of numbers."""
    if document is None or _PAGE_NUMBERS.fullmatch(spec):
        return spec
    names = _names_of(document)
    whole = names.find(spec)
    if whole is not None:
        return sorted(whole)
    numbers: set[int] = set()
    for part in filter(str.strip, re.split(r"[,;]", spec)):
        found = names.find(part)
        if found is None:
            raise names.unknown(part)
        numbers.update(found)
    return sorted(numbers)


@dataclass(slots=True)
class _Names:
    """The names that a document's pages go by; read when they are first needed."""

    document: Document
    _chapters: list[Chapter] | None = None
    _labels: dict[str, int] | None = None

    @property
    def chapters(self) -> list[Chapter]:
        if self._chapters is None:
            outline = self.document.outline()
            if outline is None:
                return []  # and asked for again
            self._chapters = chapters(outline, len(self.document.pages))
        return self._chapters

    @property
    def labels(self) -> dict[str, int]:
        """The page of each printed label; the first, where several have the same."""
        if self._labels is None:
            told = self.document.labels()
            found: dict[str, int] = {}
            for number, label in enumerate(told or (), 1):
                if label:
                    found.setdefault(folded(label), number)
            if told is None:
                return found
            self._labels = found
        return self._labels

    def find(self, spec: str) -> Sequence[int] | None:
        """The pages that `spec` names, if any; numbers first, then labels, then the outline."""
        wanted = folded(spec)
        bare = _KIND.sub("", wanted, count=1) if _KIND.match(wanted) else wanted
        return self._numbered(bare) or self._labelled(bare) or self._titled(wanted)

    def _numbered(self, spec: str) -> Sequence[int] | None:
        found = re.fullmatch(r"(\d+)(?:\s*[-\u2013\u2014]\s*(\d+))?", spec)
        if found is None:
            return None
        return range(int(found[1]), int(found[2] or found[1]) + 1) or None

    def _labelled(self, spec: str) -> Sequence[int] | None:
        if spec in self.labels:
            return [self.labels[spec]]
        for cut in _DASH.finditer(spec):  # a label may hold a dash itself: "A-1 - A-9"
            first = self._page(spec[: cut.start()])
            last = self._page(spec[cut.end() :])
            if first is not None and last is not None:
                return self._between(spec, first, last)
        return None

    def _page(self, name: str) -> int | None:
        if name in self.labels:
            return self.labels[name]
        number = int(name) if name.isascii() and name.isdecimal() else 0
        return number if 1 <= number <= len(self.document.pages) and self.labels else None

    def _between(self, spec: str, first: int, last: int) -> Sequence[int]:
        if last < first:
            raise BadRequestError(
                say(
                    "{spec} runs backwards in {name}: from page {first} to {last}.",
                    spec=repr(spec),
                    name=self.document.name,
                    first=first,
                    last=last,
                ),
                "Write the first page first.",
            )
        return range(first, last + 1)

    def _titled(self, wanted: str) -> Sequence[int] | None:
        for matching in (_is_title, _has_number, _begins):
            found = [each for each in self.chapters if matching(each, wanted)]
            top = min((each.level for each in found), default=0)
            # "chapter 3" is the chapter, not a section of the same number further down.
            outer = [each for each in found if matching is not _begins and each.level == top]
            found = outer or found
            if len({(each.first, each.last) for each in found}) > 1:
                raise self.ambiguous(wanted, found)
            if found:
                return found[0].pages
        return None

    def ambiguous(self, wanted: str, found: Sequence[Chapter]) -> BadRequestError:
        """Several entries go by this name."""
        return BadRequestError(
            say(
                "{wanted} may be any of {found:,} entries of the outline of {name}: {entries}.",
                wanted=repr(wanted),
                found=len(found),
                name=self.document.name,
                entries=_listed(found),
            ),
            "Write more of the title, or the pages.",
        )

    def unknown(self, part: str) -> BadRequestError:
        """Nothing goes by this name: what there is."""
        pages = len(self.document.pages)
        has = say("{name} has pages 1 to {pages:,}", name=self.document.name, pages=pages)
        if self.labels:
            first, last = next(iter(self.labels)), next(reversed(self.labels))
            has = say("{has}, labelled {first} to {last}", has=has, first=first, last=last)
        named = repr(part.strip())
        if self.chapters:
            message = say(
                "There are no pages {part}: {has}, and its outline begins {entries}.",
                part=named,
                has=has,
                entries=_listed(self.chapters),
            )
        elif self._chapters is None:
            message = say(
                "There are no pages {part}: {has}; its outline could not be read.",
                part=named,
                has=has,
            )
        else:
            message = say("There are no pages {part}: {has}, and no outline.", part=named, has=has)
        return BadRequestError(
            message,
            'Write pages as "40-95", "3, 7-9", "iv-x", "chapter 3" or "D2: 3".',
        )


_kept: OrderedDict[str, _Names] = OrderedDict()


def _names_of(document: Document) -> _Names:
    """A document's names, read once: prices are asked for again with every change."""
    known = _kept.pop(document.id, None)
    if known is None or not (known.document.drawable or not document.drawable):
        known = _Names(document)
    _kept[document.id] = known
    while len(_kept) > _KEPT_DOCUMENTS:
        _kept.popitem(last=False)
    return known


def _listed(found: Sequence[Chapter]) -> Said:
    shown = "; ".join(f"{each.title[:60]} (p. {each.first}-{each.last})" for each in found[:_SHOWN])
    more = len(found) - _SHOWN
    return say("{shown}; and {more:,} more", shown=shown, more=more) if more > 0 else Said(shown)


def folded(text: str) -> str:
    """A name as names are compared: letters alone count, and single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _is_title(chapter: Chapter, wanted: str) -> bool:
    return folded(chapter.title) == wanted


def _has_number(chapter: Chapter, wanted: str) -> bool:
    """Whether the title begins with the number that is asked for: "3 Data" is chapter 3."""
    asked = _NUMBERED.fullmatch(wanted)
    title = folded(chapter.title)
    found = _LEADING.match(title) if asked else None
    if asked is None or found is None or asked[2] != found[1]:
        return False
    # "appendix a" is no chapter; a title that is a number alone may be any kind.
    kind = re.match(r"[a-z.]+|第", title)
    named = kind is not None and kind[0] != found[1]
    return not (asked[1] and named) or title.startswith(asked[1][:3])


def _begins(chapter: Chapter, wanted: str) -> bool:
    title = folded(chapter.title)
    bare = _LEADING.sub("", title, count=1).lstrip(" .:)\u2013\u2014-")
    return len(wanted) > 1 and (title.startswith(wanted) or bare.startswith(wanted))


def entries(documents: Sequence[Document]) -> Iterator[tuple[int, Chapter]]:
    """The outlines of several documents, each entry with its document's number."""
    for number, document in enumerate(documents, 1):
        for chapter in _names_of(document).chapters:
            yield number, chapter

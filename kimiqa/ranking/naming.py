"""The places that a question names: "page 9", "Table 2", "sections 3.1 and 3.4", 第十二条.

Who names a place means that place, however little else of the question stands there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice, starmap

from kimiqa.words import raw_words, stem

_LABEL = r"(?:\d+(?:\.\d+)*[A-Z]?|[IVXLC]+\b|[A-Z]\b)"
_AGAIN = rf"(?:(?:\s*,\s*(?:(?:and|or)\s+)?|\s+(?:and|or)\s+){_LABEL})*"
_CAPTIONS = {"table": "table", "figure": r"fig(?:ure|\.)?", "fig": r"fig(?:ure|\.)?"}
_CAPTIONS |= {each: each for each in ("exhibit", "appendix", "schedule", "annex", "chart", "box")}
_HEADINGS = ("section", "article", "clause", "chapter", "note", "item", "step")
_PAGES = ("page", "slide")
_KINDS = "|".join((*_CAPTIONS, *_HEADINGS, *_PAGES))
_NAMED = re.compile(rf"\b(?i:({_KINDS}))(?i:s|es)?\.?\s+({_LABEL}{_AGAIN})")
_LABELS = re.compile(_LABEL)
_HAN_PAGES = re.compile(r"第\s*(\d+)\s*[页頁]")
_HAN = re.compile(r"第\s*[\d一二三四五六七八九十百零〇]+\s*[条條章节節]|[表图圖]\s*\d+(?:[.-]\d+)*")


_LONGEST = 40
"""Characters of a label: no longer one is that of a place."""
MOST_NAMED = 100
"""So many places of one question are looked for: each is looked for in every chunk."""


NEXT_HEADING = re.compile(
    rf"^[^\w\n]{{0,6}}(?:(?i:{'|'.join(_HEADINGS)})\s+)?\d+(?:\.\d+)*[.):]?\s+[A-Z\"“][^\d\n]*$"
    r"|^\s*第\s*[\d一二三四五六七八九十百零〇]+\s*[条條章节節]",
    re.MULTILINE,
)
"""A line at which the section before it ends."""


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading or a caption that a question names."""

    words: tuple[str, ...]
    """What the chunk that holds it holds, as ranking compares words."""
    line: re.Pattern[str]
    """How its line begins there."""
    before: bool
    """Whether what it names may stand before it, as a table does whose caption is below."""


def pages_named(question: str) -> set[int]:
    """The numbers of the pages that a question names.

    >>> sorted(pages_named("What is on pages 9, 12 and on slide 3?"))
    [3, 9, 12]
    """
    found = {label for kind, label in _labels(question) if kind in _PAGES and label.isdigit()}
    found |= set(_HAN_PAGES.findall(question))
    return {int(label) for label in found if len(label) <= _LONGEST}


def headings_named(question: str) -> list[Heading]:
    """The headings and captions that a question names.

    >>> [each.words for each in headings_named("Does Table 2 agree with section 3.4?")]
    [('tabl', '2'), ('3.4',)]
    """
    named = dict.fromkeys(each for each in _labels(question) if each[0] not in _PAGES)
    han = dict.fromkeys(each for each in _HAN.findall(question) if len(each) <= _LONGEST)
    every = chain(starmap(_heading, named), map(_han, han))
    return list(islice(every, MOST_NAMED))


def _labels(question: str) -> Iterator[tuple[str, str]]:
    for kind, labels in _NAMED.findall(question):
        for label in _LABELS.findall(labels):
            if len(label) <= _LONGEST:
                yield kind.lower(), label


def _heading(kind: str, label: str) -> Heading:
    if kind in _CAPTIONS:
        written = f"(?i:{_CAPTIONS[kind]})"
        word = () if kind.startswith("fig") else (kind,)
        return _of((*word, label), rf"{written}\s*{re.escape(label)}(?!\.?\w)", before=True)
    # "3.4 Results" is a heading without its kind; of "4 Results" no figure may follow.
    bare = rf"{re.escape(label)}[.):]?\s+[A-Z\"“]" + ("" if "." in label else r"[^\d\n]*$")
    named = rf"(?i:{kind})\s+{re.escape(label)}(?!\.?\w)"
    words = (label,) if label[0].isdigit() else (kind, label)
    return _of(words, f"(?:{named}|{bare})" if label[0].isdigit() else named, before=False)


def _han(written: str) -> Heading:
    label = re.sub(r"\s", "", written)
    spaced = r"\s*".join(map(re.escape, label))
    return _of((label,), rf"{spaced}(?![\d.-])", before=label[0] != "第")


def _of(words: tuple[str, ...], line: str, *, before: bool) -> Heading:
    stems = (stem(word) for each in words for word in raw_words(each))
    begins = re.compile(rf"^[^\w\n]{{0,6}}{line}", re.MULTILINE)
    return Heading(tuple(filter(None, stems)), begins, before)

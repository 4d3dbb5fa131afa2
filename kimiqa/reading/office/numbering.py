"""The numbers that Word puts before paragraphs, which stand nowhere in their text."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from kimiqa.reading.office.dress import W
from kimiqa.reading.office.figures import whole
from kimiqa.reading.office.package import Package

_ROMAN = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"),
          (50, "l"), (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))  # fmt: skip
_LEVELS = 9


@dataclass(frozen=True, slots=True)
class _Level:
    start: int
    kind: str
    text: str


@dataclass(slots=True)
class Numbering:
    """The lists of a document, and how far each has been counted."""

    _lists: dict[str, dict[int, _Level]] = field(default_factory=dict)
    _abstract: dict[str, str] = field(default_factory=dict)
    _counts: dict[str, list[int | None]] = field(default_factory=dict)

    @classmethod
    def of(cls, package: Package, path: str | None) -> Numbering:
        """The numbering of a document that has one."""
        root = package.xml_if(path)
        found = cls()
        if root is None:
            return found
        abstract = {
            each.get(f"{W}abstractNumId", ""): each for each in root.iter(f"{W}abstractNum")
        }
        for each in root.findall(f"{W}num"):
            named = _value(each.find(f"{W}abstractNumId"))
            number = each.get(f"{W}numId", "")
            found._abstract[number] = named
            found._lists[number] = _levels(abstract.get(named)) | _levels_of(each)
        return found

    def next(self, number: str, level: int) -> str:
        """The number of one more paragraph of a list, as it is shown; a bullet as a dash."""
        levels = self._lists.get(number, {})
        own = levels.get(level)
        if own is None or not 0 <= level < _LEVELS or own.kind == "none":
            return ""
        if own.kind == "bullet":
            return "-"
        counts = self._counts.setdefault(self._abstract[number], [None] * _LEVELS)
        held = counts[level]
        counts[level] = own.start if held is None else held + 1
        counts[level + 1 :] = [None] * (_LEVELS - level - 1)
        return re.sub("%([1-9])", lambda one: _shown(levels, counts, int(one[1]) - 1), own.text)


def _levels(root: Element | None) -> dict[int, _Level]:
    found = root.iter(f"{W}lvl") if root is not None else ()
    return {whole(each.get(f"{W}ilvl")): _level(each) for each in found}


def _levels_of(number: Element) -> dict[int, _Level]:
    """The levels that one list has to itself."""
    return {whole(each.get(f"{W}ilvl")): _level(each) for each in number.iter(f"{W}lvl")}


def _level(element: Element) -> _Level:
    start = whole(_value(element.find(f"{W}start")), 1)
    kind = _value(element.find(f"{W}numFmt")) or "decimal"
    text = _value(element.find(f"{W}lvlText"))
    return _Level(start, kind, text)


def _value(element: Element | None) -> str:
    return element.get(f"{W}val", "") if element is not None else ""


def _shown(levels: dict[int, _Level], counts: list[int | None], level: int) -> str:
    own = levels.get(level)
    held = counts[level]
    count = held if held is not None else (own.start if own else 1)
    return numeral(count, own.kind if own else "decimal")


def numeral(count: int, kind: str) -> str:
    """A number in one of Word's ways of counting.

    >>> numeral(4, "lowerRoman"), numeral(28, "upperLetter"), numeral(3, "decimalZero")
    ('iv', 'BB', '03')
    """
    if kind in ("lowerRoman", "upperRoman") and 0 < count < 4_000:
        roman = _roman(count)
        return roman.upper() if kind == "upperRoman" else roman
    if kind in ("lowerLetter", "upperLetter") and 0 < count < 1_000:
        letter = chr(ord("a") + (count - 1) % 26) * ((count - 1) // 26 + 1)
        return letter.upper() if kind == "upperLetter" else letter
    return f"{count:02}" if kind == "decimalZero" else str(count)


def _roman(count: int) -> str:
    text = ""
    for value, letters in _ROMAN:
        times, count = divmod(count, value)
        text += letters * times
    return text

"""How the cells of a workbook look: which of its styles show nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from xml.etree.ElementTree import Element

from kimiqa.reading.office.colours import BLACK, WHITE, Colour, alike, of_hex, scheme, tinted
from kimiqa.reading.office.package import Package

TINY = "too small"
UNSHOWN = "hidden by its format"

_N = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_TINY_POINTS = 2.0
_THEMED = ("lt1", "dk1", "lt2", "dk2", *(f"accent{n}" for n in range(1, 7)))
_INDEXED = {0: BLACK, 1: WHITE, 8: BLACK, 9: WHITE, 64: BLACK, 65: WHITE}
_BETWEEN = re.compile(r';(?=(?:[^"]*"[^"]*")*[^"]*$)')
_NOTHING = re.compile(r'\[[^\]]*\]|[_*].|\\\s|"\s*"|\s')


@dataclass(slots=True)
class Looks:
    """The styles of a workbook by their numbers."""

    fonts: list[tuple[Colour | None, float]] = field(default_factory=list)
    grounds: list[Colour | None] = field(default_factory=list)
    formats: dict[int, str] = field(default_factory=dict)
    styles: list[tuple[int, int, int]] = field(default_factory=list)
    """Font, ground and format of each."""

    @classmethod
    def of(cls, package: Package, workbook: str) -> Looks:
        """The styles that a workbook was saved with."""
        looks = cls()
        named = scheme(package.xml_if(next(package.related(workbook, "theme"), None)))
        root = package.xml_if(next(package.related(workbook, "styles"), None))
        if root is None:
            return looks
        looks.fonts = [_font(each, named) for each in root.findall(f"{_N}fonts/{_N}font")]
        looks.grounds = [_ground(each, named) for each in root.findall(f"{_N}fills/{_N}fill")]
        looks.formats = {
            _int(each, "numFmtId"): each.get("formatCode", "")
            for each in root.findall(f"{_N}numFmts/{_N}numFmt")
        }
        looks.styles = [
            (_int(each, "fontId"), _int(each, "fillId"), _int(each, "numFmtId"))
            for each in root.findall(f"{_N}cellXfs/{_N}xf")
        ]
        return looks

    def why(self, style: int, value: Any, *, coloured: bool) -> str | None:
        """Why a cell with this style is not seen. `coloured`: its ground comes from elsewhere
        too, from a table or from rules, so that it is not known."""
        if not 0 <= style < len(self.styles):
            return None
        font, ground, number_format = self.styles[style]
        if is_blank(value, self.formats.get(number_format, "")):
            return UNSHOWN
        colour, size = self.fonts[font] if font < len(self.fonts) else (None, 11.0)
        if size <= _TINY_POINTS:
            return TINY
        under = self.grounds[ground] if ground < len(self.grounds) else None
        return None if coloured else alike(colour, under)


_CONDITION = re.compile(r"\s*\[(?:<=|>=|<>|=|<|>)\s*-?\d")


def is_blank(value: Any, number_format: str) -> bool:
    """Whether a format shows nothing of a value.

    >>> is_blank("secret", ";;;"), is_blank(5, ";;;"), is_blank("word", "0;-0;"), is_blank(5, "0")
    (True, True, False, False)
    >>> is_blank(1250, '[=0]"";General')
    False
    """
    if ";" not in number_format:
        return False
    sections = _sections(number_format)
    if isinstance(value, str):
        return len(sections) > 3 and not _NOTHING.sub("", sections[3])
    if isinstance(value, bool) or not isinstance(value, int | float):
        return not any(_NOTHING.sub("", each) for each in sections)
    if any(_CONDITION.match(each) for each in sections):
        # Which section holds is not told by the sign: what may be shown is not called hidden.
        return not any(_NOTHING.sub("", each) for each in sections)
    at = 0 if value > 0 else 1 if value < 0 else 2
    chosen = sections[at] if at < len(sections) else sections[0]
    return not _NOTHING.sub("", chosen)


@lru_cache(maxsize=4_096)
def _sections(number_format: str) -> list[str]:
    """For what is above zero, below, zero itself, and text. A semicolon in quotes is none."""
    return _BETWEEN.split(number_format)


def _font(font: Element, named: dict[str, Colour]) -> tuple[Colour | None, float]:
    size = font.find(f"{_N}sz")
    try:
        points = float(size.get("val", "11")) if size is not None else 11.0
    except ValueError:
        points = 11.0
    colour = font.find(f"{_N}color")
    return (BLACK if colour is None else _colour(colour, named)), points


def _ground(fill: Element, named: dict[str, Colour]) -> Colour | None:
    """The colour behind a cell: white where it has none, not known where it has a pattern."""
    pattern = fill.find(f"{_N}patternFill")
    if pattern is None:
        return None
    kind = pattern.get("patternType", "none")
    if kind == "none":
        return WHITE
    front = pattern.find(f"{_N}fgColor")
    return _colour(front, named) if kind == "solid" and front is not None else None


def _colour(element: Element, named: dict[str, Colour]) -> Colour | None:
    colour: Colour | None = None
    if element.get("rgb"):
        colour = of_hex(element.get("rgb"))
    elif element.get("theme", "").isdigit() and _int(element, "theme") < len(_THEMED):
        colour = named.get(_THEMED[_int(element, "theme")])
    elif element.get("indexed", "").isdigit():
        colour = _INDEXED.get(_int(element, "indexed"))
    try:
        tint = float(element.get("tint", "0"))
    except ValueError:
        return None
    return tinted(colour, tint) if colour is not None and tint else colour


def _int(element: Element, name: str) -> int:
    written = element.get(name, "")
    return int(written) if written.isdigit() else 0

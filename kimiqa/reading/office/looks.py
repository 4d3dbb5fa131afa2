"""How the cells of a workbook look: which of its styles, and of its rules, show nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element

from kimiqa.reading.office.colours import BLACK, WHITE, Colour, alike, of_hex, scheme, tinted
from kimiqa.reading.office.figures import real, whole
from kimiqa.reading.office.formats import coloured, is_blank
from kimiqa.reading.office.package import Package

TINY = "too small"
UNSHOWN = "hidden by its format"

Said = dict[str, Any]
"""What something says of a cell's `colour`, `ground` and `format`; None: what is not known."""

_N = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_TINY_POINTS = 2.0
_POINTS = 11.0
_THEMED = ("lt1", "dk1", "lt2", "dk2", *(f"accent{n}" for n in range(1, 7)))
_INDEXED: dict[int, Colour | None] = {
    0: BLACK, 1: WHITE, 8: BLACK, 9: WHITE, 64: BLACK, 65: WHITE,
}  # fmt: skip


@dataclass(slots=True)
class Looks:
    """The styles of a workbook by their numbers."""

    fonts: list[tuple[Colour | None, float]] = field(default_factory=list)
    grounds: list[Colour | None] = field(default_factory=list)
    formats: dict[int, str] = field(default_factory=dict)
    styles: list[tuple[int, int, int]] = field(default_factory=list)
    """Font, ground and format of each."""
    of_rules: list[Said] = field(default_factory=list)
    """What rules say of the cells for which they hold."""
    named: dict[str, Colour] = field(default_factory=dict)

    @classmethod
    def of(cls, package: Package, workbook: str) -> Looks:
        """The styles that a workbook was saved with."""
        looks = cls()
        named = scheme(package.xml_if(next(package.related(workbook, "theme"), None)))
        looks.named = named
        root = package.xml_if(next(package.related(workbook, "styles"), None))
        if root is None:
            return looks
        looks.fonts = [_font(each, named) for each in root.findall(f"{_N}fonts/{_N}font")]
        looks.grounds = [_ground(each, named) for each in root.findall(f"{_N}fills/{_N}fill")]
        looks.formats = {
            whole(each.get("numFmtId")): each.get("formatCode", "")
            for each in root.findall(f"{_N}numFmts/{_N}numFmt")
        }
        looks.styles = [
            (whole(each.get("fontId")), whole(each.get("fillId")), whole(each.get("numFmtId")))
            for each in root.findall(f"{_N}cellXfs/{_N}xf")
        ]
        looks.of_rules = [_of_rule(each, named) for each in root.findall(f"{_N}dxfs/{_N}dxf")]
        return looks

    def format_of(self, style: int, said: Said) -> str:
        """The number format of a cell."""
        if "format" in said:
            return said["format"] or ""
        known = 0 <= style < len(self.styles)
        return self.formats.get(self.styles[style][2], "") if known else ""

    def why(self, style: int, value: Any, said: Said) -> str | None:
        """Why a cell with this style is not seen, where rules and tables say more of it."""
        if not 0 <= style < len(self.styles):
            return None
        number_format = self.format_of(style, said)
        if is_blank(value, number_format):
            return UNSHOWN
        font = self.styles[style][0]
        colour, size = self.fonts[font] if font < len(self.fonts) else (None, _POINTS)
        if size <= _TINY_POINTS:
            return TINY
        letters = coloured(value, number_format, said.get("colour", colour))
        return alike(letters, self._under(style, said))

    def why_run(
        self, style: int, said: Said, colour: Mapping[str, str] | None, size: str | None
    ) -> str | None:
        """Why a run of a cell's text that has looks of its own is not seen."""
        if real(size, _POINTS) <= _TINY_POINTS:
            return TINY
        own = BLACK if colour is None else _colour(colour, self.named)
        return alike(said.get("colour", own), self._under(style, said))

    def _under(self, style: int, said: Said) -> Colour | None:
        if "ground" in said:
            return said["ground"]  # type: ignore[no-any-return]
        ground = self.styles[style][1] if 0 <= style < len(self.styles) else len(self.grounds)
        return self.grounds[ground] if ground < len(self.grounds) else None


def _font(font: Element, named: dict[str, Colour]) -> tuple[Colour | None, float]:
    size = font.find(f"{_N}sz")
    points = real(size.get("val"), _POINTS) if size is not None else _POINTS
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


def _of_rule(style: Element, named: dict[str, Colour]) -> Said:
    """What a rule's style says. The colour of its ground stands where that of a pattern would."""
    said: Said = {}
    colour = style.find(f"{_N}font/{_N}color")
    if colour is not None:
        said["colour"] = _colour(colour, named)
    if (shown := style.find(f"{_N}numFmt")) is not None:
        said["format"] = shown.get("formatCode", "")
    if (fill := style.find(f"{_N}fill")) is not None:
        pattern = fill.find(f"{_N}patternFill")
        plain = pattern is not None and pattern.get("patternType", "solid") == "solid"
        back = pattern.find(f"{_N}bgColor") if pattern is not None else None
        said["ground"] = _colour(back, named) if plain and back is not None else None
    return said


def _colour(said: Element | Mapping[str, str], named: dict[str, Colour]) -> Colour | None:
    colour: Colour | None = None
    if said.get("rgb"):
        colour = of_hex(said.get("rgb"))
    elif said.get("theme") is not None:
        theme = whole(said.get("theme"), len(_THEMED))
        colour = named.get(_THEMED[theme]) if theme < len(_THEMED) else None
    elif said.get("indexed") is not None:
        colour = _INDEXED.get(whole(said.get("indexed"), -1))
    elif said.get("auto") in ("1", "true"):
        colour = BLACK
    tint = real(said.get("tint"))
    return tinted(colour, tint) if colour is not None and tint else colour

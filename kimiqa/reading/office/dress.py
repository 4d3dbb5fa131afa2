"""How the words of a Word document look, by themselves and by their styles, as far as that tells
whether they are seen."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element

from kimiqa.reading.office.colours import BLACK, WHITE, Colour, alike, of_hex, scheme
from kimiqa.reading.office.figures import whole
from kimiqa.reading.office.package import Package

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_W14 = "{http://schemas.microsoft.com/office/word/2010/wordml}"

HIDDEN = "hidden text"
TINY = "too small"
CLEAR = "transparent"

Said = dict[str, Any]
"""What is said of `colour`, `ground`, `size`, `width`, `hidden` and `clear`; a colour that is not
known, or that Word chooses so that it is seen, is None."""

_TINY = 4
"""In half points: nobody reads a letter of two."""
_THIN = 5
"""In per cent of a letter's width."""
_DEEPEST = 20
_THEME = {"background1": "lt1", "text1": "dk1", "background2": "lt2", "text2": "dk2",
          "light1": "lt1", "dark1": "dk1", "light2": "lt2", "dark2": "dk2"}  # fmt: skip
_MARKED: dict[str, Colour] = {
    "white": WHITE, "black": BLACK, "yellow": (255, 255, 0), "lightGray": (192, 192, 192),
    "darkGray": (128, 128, 128),
}  # fmt: skip


def why(said: Said, ground: Colour | None) -> str | None:
    """Why words of these looks are not seen, on this ground where they have none of their own."""
    if said.get("hidden"):
        return HIDDEN
    if said.get("size", _TINY + 1) <= _TINY or said.get("width", 100) <= _THIN:
        return TINY
    if said.get("clear"):
        return CLEAR
    return alike(said.get("colour"), said.get("ground", ground))


class Dress:
    """The styles of a document by their ids."""

    def __init__(self, package: Package, main: str) -> None:
        self.named = scheme(package.xml_if(next(package.related(main, "theme"), None)))
        root = package.xml_if(next(package.related(main, "styles"), None))
        styles = root.findall(f"{W}style") if root is not None else []
        self._styles = {each.get(f"{W}styleId", ""): each for each in styles}
        self._known: dict[str, Said] = {}
        first = root.find(f"{W}docDefaults/{W}rPrDefault/{W}rPr") if root is not None else None
        self._first = self.of(first)
        self._normal = next((_id(each) for each in styles if _is_first(each, "paragraph")), "")

    def of(self, style: Element | None) -> Said:
        """What the properties of a run say themselves."""
        said: Said = {}
        for each in style if style is not None else ():
            name = each.tag.rpartition("}")[2]
            value = each.get(f"{W}val", "")
            if name == "color":
                said["colour"] = self._colour(each, "val", "themeColor", "theme")
            elif name == "shd":
                self._shade(each, said)
            elif name == "highlight" and value != "none":
                said["ground"] = _MARKED.get(value)
            elif name == "sz":
                said["size"] = whole(value, _TINY + 1)
            elif name == "w":
                said["width"] = whole(value, 100)
            elif name == "vanish":
                said["hidden"] = on(each)
            elif each.tag == f"{_W14}textFill":
                said |= _filled(each)
        if style is not None and _is_outlined(style):
            said |= {"colour": None, "clear": False}
        return said

    def paragraph(self, style: Element | None, table: Said) -> Said:
        """What words of a paragraph look like before their own runs speak, in a table that says
        this of them; its ground too."""
        named = style.find(f"{W}pStyle") if style is not None else None
        name = named.get(f"{W}val", "") if named is not None else ""
        said = (
            self._first | table | self.named_style(name if name in self._styles else self._normal)
        )
        if style is not None and (shade := style.find(f"{W}shd")) is not None:
            self._shade(shade, said)
        return said

    def run(self, style: Element | None, paragraph: Said) -> Said:
        """What a run looks like in its paragraph."""
        own = self.of(style)
        named = style.find(f"{W}rStyle") if style is not None else None
        if named is None:
            return paragraph | own
        said = self.named_style(named.get(f"{W}val", ""))
        if said.get("hidden") and paragraph.get("hidden"):
            said = said | {"hidden": False}  # what both styles say is taken back
        return paragraph | said | own

    def named_style(self, name: str, depth: int = 0) -> Said:
        """What a style says, with what it is based on."""
        style = self._styles.get(name)
        if style is None or depth > _DEEPEST:
            return {}
        if name not in self._known:
            said = dict(self.named_style(_base(style), depth + 1))
            shade = style.find(f"{W}pPr/{W}shd")
            if shade is not None:
                self._shade(shade, said)
            self._known[name] = said | self.of(style.find(f"{W}rPr"))
        return self._known[name]

    def table(self, name: str, depth: int = 0) -> dict[str, Said]:
        """What a style of tables says of its parts, by their names; `""` is all of it."""
        style = self._styles.get(name)
        if style is None or depth > _DEEPEST:
            return {}
        found = {part: dict(said) for part, said in self.table(_base(style), depth + 1).items()}
        parts = [("", style), *((_kind(each), each) for each in style.iter(f"{W}tblStylePr"))]
        for part, each in parts:
            letters = self.of(each.find(f"{W}rPr"))
            letters.pop("ground", None)
            said = found.setdefault(part, {})
            said |= letters
            for path in (f"{W}tblPr/{W}shd", f"{W}tcPr/{W}shd"):
                self._shade(each.find(path), said)
        return found

    def cell(self, cell: Element) -> Said:
        """What a cell says of its own ground."""
        said: Said = {}
        self._shade(cell.find(f"{W}tcPr/{W}shd"), said)
        return said

    def _shade(self, shade: Element | None, said: Said) -> None:
        kind = shade.get(f"{W}val", "clear") if shade is not None else "nil"
        if shade is None or kind == "nil":
            return
        if kind == "solid":
            said["ground"] = self._colour(shade, "color", "themeColor", "theme") or BLACK
        elif kind != "clear":
            said["ground"] = None
        elif shade.get(f"{W}fill", "auto") != "auto" or shade.get(f"{W}themeFill"):
            said["ground"] = self._colour(shade, "fill", "themeFill", "themeFill")

    def _colour(self, element: Element, own: str, theme: str, made: str) -> Colour | None:
        """A colour: that of the theme, unless it is made lighter or darker, which only the value
        beside it tells."""
        name = element.get(f"{W}{theme}", "")
        known = self.named.get(_THEME.get(name, name))
        changed = any(element.get(f"{W}{made}{each}") for each in ("Tint", "Shade"))
        return of_hex(element.get(f"{W}{own}")) if known is None or changed else known


def on(element: Element | None) -> bool:
    """Whether a switch is on: it is where it stands without a value."""
    return element is not None and element.get(f"{W}val", "1") not in ("0", "false", "off")


def _filled(fill: Element) -> Said:
    """What a fill of letters says, which counts before their colour."""
    kinds = {each.tag.rpartition("}")[2]: each for each in fill}
    if "noFill" in kinds:
        return {"clear": True}
    solid = kinds.get("solidFill")
    plain = solid.find(f"{_W14}srgbClr") if solid is not None else None
    alpha = plain.find(f"{_W14}alpha") if plain is not None else None
    if alpha is not None and whole(alpha.get(f"{_W14}val")) >= 95_000:  # how transparent
        return {"clear": True}
    return {"colour": of_hex(plain.get(f"{_W14}val")) if plain is not None else None}


def _is_outlined(style: Element) -> bool:
    outline = style.find(f"{_W14}textOutline")
    return outline is not None and outline.find(f"{_W14}solidFill") is not None


def _is_first(style: Element, kind: str) -> bool:
    return style.get(f"{W}type") == kind and style.get(f"{W}default") in ("1", "true", "on")


def _id(style: Element) -> str:
    return style.get(f"{W}styleId", "")


def _kind(part: Element) -> str:
    return part.get(f"{W}type", "")


def _base(style: Element) -> str:
    based = style.find(f"{W}basedOn")
    return based.get(f"{W}val", "") if based is not None else ""

"""What the styles of a web page do to its words: those of its elements, and of its own sheets.

A sheet that lies elsewhere is not fetched. Where there is one, the ground of a page is not known,
and only what an element says itself counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from kimiqa.reading.office.colours import BLACK, WHITE, Colour, alike
from kimiqa.reading.office.css import Declarations, colour_in, declarations, length, rules

HIDDEN = "hidden by its style"
TINY = "too small"

_AWAY = 999.0
_BEYOND = 9_000.0
_TINY = 2.0
_LEAST_RULES = 100
_MOST_WORK = 400_000_000
"""In rules times characters of the page: a few seconds."""
_NAME = re.compile(r"[.#]([\w-]+)")
_TELLING = {
    "background", "background-color", "background-image", "clip", "clip-path", "color", "display",
    "font-size", "left", "margin-left", "opacity", "position", "text-indent", "top", "transform",
    "visibility", "height", "max-height", "width", "max-width",
}  # fmt: skip
_CLIPPED = re.compile(
    r"rect\(\s*[01](?:px)?[\s,]+[01](?:px)?[\s,]+[01](?:px)?[\s,]+[01](?:px)?\s*\)"
    r"|inset\(\s*(?:50|100)%|circle\(\s*0|polygon\(\s*0",
    re.IGNORECASE,
)
_NO_SIZE = re.compile(r"scale\(\s*0(?:\.0*)?\s*[,)]")
_PICTURE = re.compile(r"url\(|gradient\(|image\(", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Look:
    """How words look at a place of the page."""

    gone: bool = False
    """Nothing inside is shown, whatever it says itself."""
    invisible: bool = False
    clear: bool = False
    tiny: bool = False
    colour: Colour | None = BLACK
    ground: Colour | None = WHITE

    @property
    def why(self) -> str | None:
        """Why a reader does not see words here."""
        if self.gone or self.invisible or self.clear:
            return HIDDEN
        return TINY if self.tiny else alike(self.colour, self.ground)


class Styles:
    """The styles of one page."""

    def __init__(self, parsed: Any) -> None:
        self._outside = parsed.css_first('link[rel~="stylesheet"]') is not None
        self._pictured = parsed.css_first("img, svg, canvas, video, picture, [background]")
        self._of_sheets = _matched(parsed)

    @property
    def first(self) -> Look:
        """How words look before anything is said of them."""
        return Look(ground=None if self._outside else WHITE)

    def inside(self, outer: Look, node: Any) -> Look:
        """How words look inside of an element."""
        attributes = node.attributes
        own: Declarations = dict(self._of_sheets.get(node.mem_id, {}))
        for name, said in (("bgcolor", "background-color"), ("color", "color")):
            if attributes.get(name):
                own[said] = str(attributes[name])
        own |= declarations(attributes.get("style") or "")
        named = bool(attributes.get("class") or attributes.get("id"))
        if not own and "hidden" not in attributes and not (self._outside and named):
            return outer
        unknown = (self._outside and named) or "background" in attributes
        look = replace(outer, ground=None) if unknown else outer
        return self._dressed(look, own, hidden="hidden" in attributes)

    def _dressed(self, look: Look, own: Declarations, *, hidden: bool) -> Look:
        visibility = own.get("visibility")
        size = own.get("font-size")
        placed = own.get("position") in ("absolute", "fixed")
        ground = _ground(look.ground, own)
        if placed and ground == look.ground and self._pictured is not None:
            ground = None  # it may lie over a picture
        colour, clear = _letters(look, own)
        return Look(
            gone=look.gone or hidden or _is_gone(own),
            invisible=visibility in ("hidden", "collapse") if visibility else look.invisible,
            clear=clear,
            tiny=_is_tiny(size, look.tiny) if size else look.tiny,
            colour=colour,
            ground=ground,
        )


def _letters(look: Look, own: Declarations) -> tuple[Colour | None, bool]:
    """The colour of the letters, and whether they are transparent."""
    if own.get("text-shadow", "none") != "none" or "text" in own.get("background-clip", ""):
        return None, False
    said = own.get("-webkit-text-fill-color") or own.get("color")
    if not said or said in ("inherit", "currentcolor", "unset"):
        return look.colour, look.clear
    colour, opaque = colour_in(said)
    return colour, opaque <= 0.05


def _ground(outer: Colour | None, own: Declarations) -> Colour | None:
    said = f"{own.get('background', '')} {own.get('background-color', '')}".strip()
    if _PICTURE.search(f"{said} {own.get('background-image', '')}"):
        return None
    if not said or said in ("none", "inherit", "transparent", "initial", "unset"):
        return outer
    colour, opaque = colour_in(said)
    return outer if opaque <= 0.05 else colour if opaque >= 0.95 else None


def _is_gone(own: Declarations) -> bool:
    """Whether nothing inside of an element is shown."""
    opacity = own.get("opacity", "1").rstrip("%")
    try:
        clear = float(opacity) <= 0.05
    except ValueError:
        clear = False
    transform = own.get("transform", "")
    clipped = _CLIPPED.search(f"{own.get('clip', '')} {own.get('clip-path', '')}")
    if own.get("display") == "none" or clear or clipped or _NO_SIZE.search(transform):
        return True
    cut = own.get("overflow", own.get("overflow-y", "")).startswith(("hidden", "clip"))
    sizes = (own.get(each) for each in ("height", "max-height", "width", "max-width"))
    flat = any(each is not None and abs(length(each, 99.0)) <= 1 for each in sizes)
    return (cut and flat) or _is_beside(own)


def _is_beside(own: Declarations) -> bool:
    """Whether an element is moved out of the window."""
    if any(length(own.get(each, ""), 0.0) <= -_AWAY for each in ("text-indent", "margin-left")):
        return True
    if own.get("position") not in ("absolute", "fixed", "relative"):
        return False
    moved = {each: length(own.get(each, ""), 0.0) for each in ("left", "top", "right", "bottom")}
    if min(moved.values()) <= -_AWAY:
        return True
    return max(moved["left"], moved["top"]) >= _BEYOND


def _is_tiny(size: str, outer: bool) -> bool:
    """Whether letters of this size are too small to read."""
    if size.endswith(("%", "em")) and not size.endswith("rem") and not size.startswith("0"):
        return outer
    return abs(length(size, 16.0)) <= _TINY


def _matched(parsed: Any) -> dict[int, Declarations]:
    """What the page's own sheets say of its elements, by the elements' places in memory."""
    found: dict[int, Declarations] = {}
    telling = [(selector, said) for selector, said in _rules(parsed) if said.keys() & _TELLING]
    if not telling:
        return found
    names = _names(parsed)
    used = [each for each in telling if names.issuperset(_NAME.findall(each[0]))]
    most = max(_LEAST_RULES, _MOST_WORK // len(parsed.html or " "))
    for selector, said in sorted(used[:most], key=lambda each: _weight(each[0])):
        try:
            nodes = parsed.css(selector)
        except Exception:  # whatever the parser says of a selector it does not know
            continue
        for node in nodes:
            found.setdefault(node.mem_id, {}).update(said)
    return found


def _names(parsed: Any) -> set[str]:
    """The classes and ids that stand in the page."""
    names: set[str] = set()
    for node in parsed.css("[class], [id]"):
        names |= {*(node.attributes.get("class") or "").split(), node.attributes.get("id") or ""}
    return names


def _rules(parsed: Any) -> list[tuple[str, Declarations]]:
    found: list[tuple[str, Declarations]] = []
    for sheet in parsed.css("style"):
        if (sheet.attributes.get("media") or "all").strip().lower() in ("all", "screen", ""):
            found += _of_sheet(sheet.text(deep=True) or "")
    return found


def _of_sheet(text: str) -> Iterator[tuple[str, Declarations]]:
    """The rules that tell how words look, selector by selector; not those for a moment only."""
    for selectors, said in rules(text):
        for selector in selectors.split(","):
            if selector.strip() and ":" not in selector:
                yield selector.strip(), said


def _weight(selector: str) -> tuple[int, int]:
    """How much a selector counts beside others: by its ids, then by its classes."""
    return selector.count("#"), selector.count(".") + selector.count("[")

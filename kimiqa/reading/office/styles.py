"""What the styles of a web page do to its words: those of its elements, and of its own sheets.

A sheet that lies elsewhere is not fetched. Where there is one, the ground of a page is not known,
and only what the page says itself counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from kimiqa.reading.office import css, vanish
from kimiqa.reading.office.cascade import Cascade
from kimiqa.reading.office.colours import BLACK, WHITE, Colour, alike
from kimiqa.reading.office.css import Declarations
from kimiqa.reading.office.values import Paint, Scale, Tokens, length, paint, words

HIDDEN = "hidden by its style"
TINY = "too small"

_TINY = 2.0
_SIZES = {"xx-small": 9.0, "x-small": 10.0, "small": 13.0, "medium": 16.0, "large": 18.0,
          "x-large": 24.0, "xx-large": 32.0, "xxx-large": 48.0, "initial": 16.0}  # fmt: skip
_MOST_TOKENS = 256
_EDGES = {"text-shadow", "-webkit-text-stroke", "-webkit-text-stroke-color", "background-clip"}
_AS_BEFORE = {"inherit", "unset", "revert", "revert-layer"}
_INK = Paint(BLACK)


@dataclass(frozen=True, slots=True)
class Look:
    """How words look at a place of the page."""

    gone: bool = False
    """Nothing inside is shown, whatever it says itself."""
    cut: str = ""
    """Whether it is cut away, as `vanish.cut` tells."""
    invisible: bool = False
    opaque: float = 1.0
    size: float = 16.0
    ink: Paint = _INK
    fill: Paint | None = None
    """What the letters are filled with, where that is not their ink."""
    edges: tuple[Paint, ...] = ()
    """Their shadow and their outline."""
    ground: Colour | None = WHITE
    custom: Mapping[str, list[Any]] = field(default_factory=dict)
    """The values that the page has names for."""

    @property
    def why(self) -> str | None:
        """Why a reader does not see words here."""
        if self.gone or self.cut or self.invisible or self.opaque <= 0.05:
            return HIDDEN
        if self.size <= _TINY:
            return TINY
        if any(self._is_seen(each) for each in self.edges):
            return None
        letters = self.fill or self.ink
        return HIDDEN if letters.is_clear else alike(letters.over(self.ground), self.ground)

    def _is_seen(self, edge: Paint) -> bool:
        return not edge.is_clear and alike(edge.over(self.ground), self.ground) is None


class Styles:
    """The styles of one page; `fetch` gives sheets that lie beside it, where it can."""

    def __init__(self, parsed: Any, fetch: Callable[[str], str | None]) -> None:
        self._cascade = Cascade(parsed, fetch)
        self._outside = self._cascade.outside
        self._pictured = parsed.css_first("img, svg, canvas, video, picture, [background]")

    @property
    def first(self) -> Look:
        """How words look before anything is said of them."""
        return Look(ground=None if self._outside else WHITE)

    def inside(self, outer: Look, node: Any) -> Look:
        """How words look inside of an element."""
        attributes = node.attributes
        own = self._cascade.said(node)
        named = bool(attributes.get("class") or attributes.get("id"))
        unknown = (self._outside and named) or "background" in attributes
        if not own and not unknown:
            return outer
        look = replace(outer, ground=None) if unknown else outer
        return self._dressed(look, own)

    def _dressed(self, outer: Look, own: Declarations) -> Look:
        custom = outer.custom
        if any(name.startswith("--") for name in own):
            custom = {**custom, **{n: each for n, each in own.items() if n.startswith("--")}}
        own = {name: _named(value, custom) for name, value in own.items() if name[:2] != "--"}
        size = _size(own.get("font-size", []), outer.size)
        ink = _ink(own.get("color", []), outer.ink)
        ground = _ground(outer.ground, own, ink)
        if {"absolute", "fixed"} & set(words(own.get("position", []))) and self._pictured:
            ground = None if ground == outer.ground else ground  # it may lie over a picture
        return Look(
            gone=outer.gone or vanish.is_gone(own, size),
            cut=vanish.cut(own, size, outer.cut),
            invisible=_invisible(words(own.get("visibility", [])), outer.invisible),
            opaque=outer.opaque * vanish.opacity(own),
            size=size,
            ink=ink,
            fill=_fill(own.get("-webkit-text-fill-color", []), outer.fill, ink),
            edges=_edges(own, outer.edges, ink),
            ground=outer.ground if _is_text(own) else ground,
            custom=custom,
        )


def _named(value: list[Any], custom: Mapping[str, list[Any]], depth: int = 0) -> list[Any]:
    """A value with what its names stand for."""
    if depth > 8 or not any(each.type == "function" for each in value):
        return value
    found: list[Any] = []
    for each in value:
        if each.type != "function" or len(found) > _MOST_TOKENS:
            found.append(each)
        elif each.lower_name == "var":
            name, *otherwise = css.arguments(each)
            known = custom.get(name[0].value if name else "")
            instead = known if known is not None else (otherwise or [[]])[0]
            found += _named(instead, custom, depth + 1)[:_MOST_TOKENS]
        else:
            found.append(css.with_arguments(each, _named(each.arguments, custom, depth + 1)))
    return found[:_MOST_TOKENS]


def _invisible(said: list[str], outer: bool) -> bool:
    if not said or said[0] in _AS_BEFORE:
        return outer
    return said[0] in ("hidden", "collapse")


def _size(tokens: Tokens, outer: float) -> float:
    said = words(tokens)
    if said:
        step = {"smaller": 1 / 1.2, "larger": 1.2}.get(said[0])
        return outer * step if step else _SIZES.get(said[0], outer)
    found = length(tokens, Scale(outer, whole=outer))
    return outer if found is None or found < 0 else found


def _ink(tokens: Tokens, outer: Paint) -> Paint:
    said = words(tokens)
    if not tokens or (said and said[0] in _AS_BEFORE):
        return outer
    if said and said[0] == "initial":
        return _INK
    return paint(tokens, outer) or Paint(None)


def _fill(tokens: Tokens, outer: Paint | None, ink: Paint) -> Paint | None:
    said = words(tokens)
    if not tokens or (said and said[0] in _AS_BEFORE):
        return outer
    if said and said[0] in ("initial", "currentcolor"):
        return None
    return paint(tokens, ink) or Paint(None)


def _edges(own: Declarations, outer: tuple[Paint, ...], ink: Paint) -> tuple[Paint, ...]:
    """The paints beside that of the letters: shadow, outline, a ground cut to the letters."""
    if own.keys().isdisjoint(_EDGES):
        return outer
    found: list[Paint] = []
    told = False
    for name in ("text-shadow", "-webkit-text-stroke", "-webkit-text-stroke-color"):
        value = own.get(name, [])
        said = words(value)
        told |= bool(value) and not (said and said[0] in _AS_BEFORE)
        if value and not (said and said[0] in (*_AS_BEFORE, "none", "initial")):
            found.append(paint(value, ink) or ink)
    if _is_text(own):
        told = True
        found.append(paint(own.get("background-color", [])) or Paint(None))
        if _is_picture(own):
            found.append(Paint(None))
    return tuple(found) if told else outer


def _is_text(own: Declarations) -> bool:
    """Whether the ground of an element is seen in its letters only."""
    return "text" in words(own.get("background-clip", []))


def _is_picture(own: Declarations) -> bool:
    return any(
        each.type in ("url", "function") and not _is_colour(each)
        for each in own.get("background-image", [])
    )


def _is_colour(function: Any) -> bool:
    return function.type == "function" and paint([function]) is not None


def _ground(outer: Colour | None, own: Declarations, ink: Paint) -> Colour | None:
    if _is_picture(own):
        return None
    value = own.get("background-color", [])
    said = words(value)
    if not value or (said and said[0] in (*_AS_BEFORE, "none", "initial", "transparent")):
        return outer
    found = paint(value, ink)
    if found is None:
        return None if any(each.type == "function" for each in value) else outer
    return outer if found.is_clear else found.over(outer)

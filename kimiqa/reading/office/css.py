"""Style sheets read: the rules that hold for a reader at a screen, in the order of their weight."""

from __future__ import annotations

import itertools
import math
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from kimiqa.reading.office import media, selectors
from kimiqa.reading.office.selectors import Selector
from kimiqa.reading.office.values import Tokens, parted, solid, words

Declarations = dict[str, list[Any]]
"""What is said of an element, by the name of the property, in small letters."""

_DEEPEST = 8
_LONGEST = 1_500_000
"""Characters of all sheets of a page: what lies beyond is not read."""
_LONG, _SHORT = 50_000, 300
"""Characters of the style of an element; and of one that is kept, for others like it."""
_LONGEST_VALUE = 256
"""Tokens of a value: what tells of colours and places is short."""
_TELLING = {
    "-webkit-text-fill-color", "-webkit-text-stroke", "-webkit-text-stroke-color",
    "background-clip", "background-color", "background-image", "bottom", "clip", "clip-path",
    "color", "content-visibility", "display", "filter", "font-size", "height", "left",
    "margin-left", "margin-top", "max-height", "max-width", "min-height", "opacity", "overflow",
    "padding-bottom", "padding-top", "position", "right", "rotate", "scale", "text-indent",
    "text-shadow", "top", "transform", "translate", "visibility", "white-space", "width", "zoom",
}  # fmt: skip
_ALIASES = {
    "overflow-x": "overflow", "overflow-y": "overflow", "-webkit-background-clip":
    "background-clip", "-webkit-transform": "transform", "-webkit-clip-path": "clip-path",
    "inset-inline-start": "left", "inset-inline-end": "right", "inset-block-start": "top",
    "inset-block-end": "bottom", "margin-inline-start": "margin-left", "inline-size": "width",
    "block-size": "height", "max-block-size": "max-height", "max-inline-size": "max-width",
    "-webkit-filter": "filter",
}  # fmt: skip
_SIDES = ("top", "right", "bottom", "left")
_SIZES = {"xx-small", "x-small", "small", "medium", "large", "x-large", "xx-large", "xxx-large",
          "smaller", "larger"}  # fmt: skip
_CONTAINS = re.compile(r"\bcontainer(?:-type)?\s*:")


@dataclass(slots=True)
class Said:
    """What one place says: plainly, and what it calls important."""

    plain: Declarations = field(default_factory=dict)
    important: Declarations = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.plain or self.important)


@dataclass(frozen=True, slots=True)
class Rule:
    """What a rule says of the elements that a selector chooses."""

    selector: Selector
    said: Said
    layer: tuple[float, ...]
    """The later of two layers counts more, and what is in none the most."""


def attribute(written: str) -> Said:
    """What the style of an element says."""
    return _short(written) if len(written) <= _SHORT else _said(_contents(written[:_LONG]))


@lru_cache(maxsize=4_096)
def _short(written: str) -> Said:
    return _said(_contents(written))


def tokens(written: str) -> list[Any]:
    """The pieces of a value."""
    import tinycss2  # type: ignore[import-untyped]

    try:
        return solid(tinycss2.parse_component_value_list(written[:_LONGEST]))
    except ValueError:  # a number of thousands of digits
        return []


def arguments(function: Any) -> list[list[Any]]:
    """What stands between the commas of a function."""
    return [solid(each) for each in parted(function.arguments, ",")]


def with_arguments(function: Any, arguments: list[Any]) -> Any:
    """The same function of something else."""
    from tinycss2 import ast

    place = function.source_line, function.source_column
    return ast.FunctionBlock(*place, function.name, arguments)


class Sheets:
    """The sheets of a page; `fetch` gives those that lie beside it, or None."""

    def __init__(self, fetch: Callable[[str], str | None]) -> None:
        self._fetch = fetch
        self._layers: dict[tuple[float, ...], dict[str, int]] = {}
        self._left = _LONGEST
        self._contained = False
        self._place = ""
        self.outside = False
        """Whether one of them lies elsewhere, and is not read."""

    def rules(self, sheet: str, *, place: str = "", depth: int = 0) -> Iterator[Rule]:
        """The rules of a sheet, selector by selector; `place` is where it lies."""
        text = sheet[: self._left]
        self._left -= len(text)
        self._contained |= _CONTAINS.search(text) is not None
        before, self._place = self._place, place
        yield from self._of(_parsed(text), [], (math.inf,), depth)
        self._place = before

    def linked(self, href: str, depth: int = 0) -> Iterator[Rule]:
        """The rules of a sheet that lies beside the page, or beside the one that is read."""
        place = posixpath.join(posixpath.dirname(self._place), href)
        text = self._fetch(place) if depth < _DEEPEST else None
        if text is None:
            self.outside = True
        else:
            yield from self.rules(text, place=place, depth=depth + 1)

    def _of(
        self, nodes: Iterable[Any], around: list[Selector], layer: tuple[float, ...], depth: int
    ) -> Iterator[Rule]:
        """The rules in nodes; `around` are the selectors of the rule that they stand in."""
        if depth > _DEEPEST:
            return
        held, inside = itertools.tee(nodes)
        if around and (said := _said(held)):
            yield from (Rule(each, said, layer) for each in around)
        for node in inside:
            if node.type == "qualified-rule":
                chosen = selectors.split(node.prelude, around)
                yield from self._of(_contents(node.content), chosen, layer, depth + 1)
            elif node.type == "at-rule":
                yield from self._at(node, around, layer, depth)

    def _at(
        self, node: Any, around: list[Selector], layer: tuple[float, ...], depth: int
    ) -> Iterator[Rule]:
        kind = node.lower_at_keyword
        if kind == "import":
            yield from self._imported(node.prelude, depth)
        elif kind == "layer" and node.content is None:
            for name in words(node.prelude):
                self._layer(layer, name)
        elif node.content is None or not self._holds(kind, node.prelude):
            return
        else:
            named = words(node.prelude) or [f" {len(self._layers)}"]
            layer = self._layer(layer, ".".join(named)) if kind == "layer" else layer
            if kind == "scope":
                around = selectors.scope(node.prelude)
            yield from self._of(_contents(node.content), around, layer, depth + 1)

    def _holds(self, kind: str, prelude: Tokens) -> bool:
        if kind == "media":
            return media.on_screen(prelude)
        if kind == "supports":
            return media.is_supported(prelude)
        if kind == "container":
            return self._contained and media.in_container(prelude)
        return kind in ("layer", "scope")

    def _layer(self, outer: tuple[float, ...], name: str) -> tuple[float, ...]:
        names = self._layers.setdefault(outer, {})
        return (*outer[:-1], names.setdefault(name, len(names)), math.inf)

    def _imported(self, prelude: Tokens, depth: int) -> Iterator[Rule]:
        first, *rest = [*solid(prelude), None]
        place = first if first is not None and first.type in ("string", "url") else None
        if first is not None and first.type == "function" and first.lower_name == "url":
            place = next((each for each in first.arguments if each.type == "string"), None)
        asked = [each for each in rest if each is not None and each.type != "function"]
        if place is not None and (not asked or media.on_screen(asked)):
            yield from self.linked(place.value, depth)


@lru_cache(maxsize=2)
def _parsed(sheet: str) -> list[Any]:
    """The rules of a sheet. The chapters of a book share theirs."""
    import tinycss2

    try:
        found: list[Any] = tinycss2.parse_stylesheet(
            sheet, skip_comments=True, skip_whitespace=True
        )
    except ValueError:  # a number of thousands of digits
        return []
    return found


def _contents(written: Any) -> list[Any]:
    import tinycss2

    try:
        found: list[Any] = tinycss2.parse_blocks_contents(
            written, skip_comments=True, skip_whitespace=True
        )
    except ValueError:  # a number of thousands of digits
        return []
    return found


def _said(nodes: Iterable[Any]) -> Said:
    """What declarations say; of two that say the same thing the last."""
    said = Said()
    for each in nodes:
        if each.type == "declaration" and len(each.value) <= _LONGEST_VALUE:
            where = said.important if each.important else said.plain
            value = solid(each.value)
            if each.name.startswith("--"):
                where[each.name] = value
            else:
                where |= _plain(each.lower_name, value)
    return said


def _plain(name: str, value: list[Any]) -> Declarations:
    """What a declaration says of the properties that tell; several where it is short for them."""
    name = _ALIASES.get(name, name)
    if name in _TELLING:
        return {name: value}
    if name == "background":
        return {f"background-{each}": value for each in ("color", "image", "clip")}
    if name == "font":
        return {"font-size": size} if (size := _size(value)) else {}
    if name in ("inset", "margin", "padding"):
        sides = [value[min(at, 3) if len(value) > 3 else _ROUND[len(value)][at]] for at in range(4)]
        before = "" if name == "inset" else f"{name}-"
        every = {f"{before}{side}": [one] for side, one in zip(_SIDES, sides, strict=True)}
        return {side: one for side, one in every.items() if side in _TELLING}
    return {}


_ROUND = {0: (0, 0, 0, 0), 1: (0, 0, 0, 0), 2: (0, 1, 0, 1), 3: (0, 1, 2, 1)}


def _size(value: list[Any]) -> list[Any]:
    """The size among what is said of a font."""
    for each in value:
        if each.type in ("dimension", "percentage", "function"):
            return [each]
        if each.type == "number" and not each.value:
            return [each]
        if each.type == "ident" and each.lower_value in _SIZES:
            return [each]
        if each.type == "literal" and each.value == "/":
            break
    return []

"""Values of style sheets: lengths and colours."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from kimiqa.reading.office.colours import BLACK, WHITE, Colour

Tokens = Sequence[Any]
"""The pieces of a value, as the library that reads style sheets gives them."""

WINDOW = (1280.0, 800.0)
ROOT_SIZE = 16.0
_PIXELS = {"px": 1.0, "pt": 4 / 3, "pc": 16.0, "in": 96.0, "cm": 37.8, "mm": 3.78, "q": 0.945,
           "rem": ROOT_SIZE, "vw": 12.8, "vi": 12.8, "vh": 8.0, "vb": 8.0, "vmin": 8.0,
           "vmax": 12.8}  # fmt: skip
_LETTERS = {"em": 1.0, "ex": 0.5, "ch": 0.5, "lh": 1.2, "cap": 0.7, "ic": 1.0}
_DEEPEST = 8
_SYSTEM: dict[str, Colour] = {
    "canvas": WHITE, "window": WHITE, "field": WHITE, "canvastext": BLACK, "windowtext": BLACK,
    "fieldtext": BLACK, "buttontext": BLACK, "linktext": (0, 0, 238),
}  # fmt: skip
_SUMS: dict[str, Callable[[float, float], float]] = {"+": operator.add, "-": operator.sub}


@dataclass(frozen=True, slots=True)
class Paint:
    """A colour, which may not be known, and how opaque it is."""

    colour: Colour | None
    opaque: float = 1.0

    @property
    def is_clear(self) -> bool:
        """Whether nothing is seen of it."""
        return self.opaque <= 0.05

    def over(self, ground: Colour | None) -> Colour | None:
        """What it looks like on a ground."""
        if self.opaque >= 0.95 or self.colour is None:
            return self.colour
        if ground is None:
            return None
        pairs = zip(self.colour, ground, strict=True)
        red, green, blue = (round(a * self.opaque + b * (1 - self.opaque)) for a, b in pairs)
        return red, green, blue


@dataclass(frozen=True, slots=True)
class Scale:
    """What lengths are measured by: the size of the letters, and what a per cent is of."""

    letter: float = ROOT_SIZE
    whole: float = WINDOW[0]


def solid(tokens: Tokens) -> list[Any]:
    """The tokens without white space and comments."""
    return [each for each in tokens if each.type not in ("whitespace", "comment")]


def words(tokens: Tokens) -> list[str]:
    """The words of a value in small letters."""
    return [each.lower_value for each in tokens if each.type == "ident"]


def parted(tokens: Tokens, mark: str) -> list[list[Any]]:
    """Tokens in pieces, at each such mark."""
    found: list[list[Any]] = [[]]
    for each in tokens:
        if each.type == "literal" and each.value == mark:
            found.append([])
        else:
            found[-1].append(each)
    return found


def length(tokens: Tokens, scale: Scale, depth: int = 0) -> float | None:
    """A length in pixels, about; None where there is none."""
    plain = solid(tokens)
    if len(plain) != 1 or depth > _DEEPEST:
        return None
    [one] = plain
    if one.type == "number":
        return float(one.value)
    if one.type == "percentage":
        return float(one.value) * scale.whole / 100
    if one.type == "dimension":
        unit = one.lower_unit.lstrip("sld") if one.lower_unit[1:2] == "v" else one.lower_unit
        pixels = _PIXELS.get(unit, _LETTERS.get(unit, 0.0) * scale.letter)
        return float(one.value) * pixels if pixels else None
    if one.type == "() block":
        return _sum(one.content, scale, depth + 1)
    if one.type == "function":
        return _function(one, scale, depth + 1)
    return None


def _function(one: Any, scale: Scale, depth: int) -> float | None:
    parts = [_sum(each, scale, depth) for each in parted(one.arguments, ",")]
    known = [each for each in parts if each is not None]
    if not known or len(known) < len(parts):
        return None
    if one.lower_name == "calc":
        return known[0]
    if one.lower_name in ("min", "max"):
        return min(known) if one.lower_name == "min" else max(known)
    if one.lower_name == "clamp" and len(known) == 3:
        return max(known[0], min(known[1], known[2]))
    return None


def _sum(tokens: Tokens, scale: Scale, depth: int) -> float | None:
    """The value of an expression of products and their sums."""
    total, sign, product = 0.0, operator.add, list[Any]()
    for each in [*solid(tokens), None]:
        if each is None or (each.type == "literal" and each.value in _SUMS):
            value = _product(product, scale, depth)
            if value is None:
                return None
            total, product = sign(total, value), []
            sign = _SUMS[each.value] if each is not None else sign
        else:
            product.append(each)
    return total


def _product(tokens: list[Any], scale: Scale, depth: int) -> float | None:
    value = length(tokens[:1], scale, depth)
    for mark, factor in zip(tokens[1::2], tokens[2::2], strict=False):
        other = length([factor], scale, depth)
        if value is None or other is None or mark.type != "literal":
            return None
        if mark.value == "/" and not other:
            return None
        value = value / other if mark.value == "/" else value * other
    return value


def paint(tokens: Tokens, current: Paint | None = None) -> Paint | None:
    """The first colour that a value names; `current` is that of the letters."""
    from tinycss2 import color4  # type: ignore[import-untyped]

    for each in tokens:
        if each.type == "ident" and each.lower_value in _SYSTEM:
            return Paint(_SYSTEM[each.lower_value])
        if each.type == "function" and each.lower_name == "light-dark":
            return paint(parted(each.arguments, ",")[0], current)
        try:
            colour = color4.parse_color(each)
        except (ValueError, TypeError, IndexError, ArithmeticError):
            continue
        if colour == "currentcolor":
            return current
        if colour is not None:
            return Paint(_of(colour), float(colour.alpha if colour.alpha is not None else 0))
    return None


def _of(colour: Any) -> Colour | None:
    """A colour in red, green and blue; of those by lightness only the greys."""
    try:
        if colour.space in ("lab", "lch", "oklab", "oklch"):
            light, a, b = (float(each or 0) for each in colour.to("lab").coordinates)
            if max(abs(a), abs(b)) > 8:
                return None
            parts = [((light + 16) / 116) ** 3] * 3
            parts = [1.055 * max(each, 0.0) ** (1 / 2.4) - 0.055 for each in parts]
        else:
            known = colour.to("srgb") if colour.space in ("hsl", "hwb") else colour
            parts = [float(each or 0) for each in known.coordinates]
        red, green, blue = (round(255 * min(1.0, max(0.0, each))) for each in parts)
    except (ValueError, OverflowError):
        return None
    return red, green, blue

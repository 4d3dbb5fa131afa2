"""Whether what its styles say takes an element off the page, whatever stands in it."""

from __future__ import annotations

import math
from typing import Any

from kimiqa.reading.office.css import Declarations
from kimiqa.reading.office.values import WINDOW, Scale, Tokens, length, parted, solid, words

_AWAY = -999.0
_BEYOND = 9_000.0
_MOVING = {"clip", "clip-path", "content-visibility", "display", "left", "top", "right", "bottom",
           "margin-left", "margin-top", "rotate", "scale", "text-indent", "transform", "translate",
           "zoom"}  # fmt: skip
"""What an element without it is never gone by."""
_NONE = 0.02
"""Of its size, nothing can be read."""


def is_gone(own: Declarations, letter: float) -> bool:
    """Whether nothing inside of an element is shown. `letter` is the size of its letters."""
    if own.keys().isdisjoint(_MOVING):
        return False
    if _says(own, "display", "none") or _says(own, "content-visibility", "hidden"):
        return True
    return (
        _is_clipped(own)
        or _is_beside(own, letter)
        or _is_shrunk(own)
        or any(_is_moved(own.get(each, []), each, letter) for each in ("transform", "translate"))
    )


def cut(own: Declarations, letter: float, outer: str) -> str:
    """Whether what is in an element is cut away: "" where it is not, "placed" where all is, else
    "plain": what has a place of its own on the page is not."""
    if own.keys().isdisjoint(("position", "overflow")):
        return outer
    place = set(words(own.get("position", [])))
    if _is_flat(own, letter):
        return "placed" if place & {"absolute", "fixed", "relative", "sticky"} else "plain"
    if "fixed" in place or (outer == "plain" and "absolute" in place):
        return ""
    return "placed" if outer == "plain" and place & {"relative", "sticky"} else outer


def opacity(own: Declarations) -> float:
    """How opaque an element says it is, 1 where it does not."""
    share = _share(own.get("opacity", []))
    for each in own.get("filter", []):
        if each.type == "function" and each.lower_name == "opacity":
            share *= _share(each.arguments)
    return share


def _share(tokens: Tokens) -> float:
    value = length(tokens, Scale(whole=1.0))
    return 1.0 if value is None else min(1.0, max(0.0, value))


def _says(own: Declarations, name: str, word: str) -> bool:
    return word in words(own.get(name, []))


def _is_placed(own: Declarations) -> bool:
    return bool({"absolute", "fixed"} & set(words(own.get("position", []))))


def _length(own: Declarations, name: str, letter: float, otherwise: float) -> float:
    whole = WINDOW[1] if name in ("top", "bottom") else WINDOW[0]
    found = length(own.get(name, []), Scale(letter, whole))
    return otherwise if found is None else found


def _is_flat(own: Declarations, letter: float) -> bool:
    """Whether an element is cut to a line or a dot."""
    if not ({"hidden", "clip"} & set(words(own.get("overflow", [])))):
        return False
    indent = length(own.get("text-indent", []), Scale(letter))
    if _says(own, "white-space", "nowrap") and indent is not None and indent >= WINDOW[0]:
        return True
    if any(_length(own, each, letter, 99.0) <= 1 for each in ("width", "max-width")):
        return True
    filled = ("min-height", "padding-top", "padding-bottom")
    if any(_length(own, each, letter, 0.0) > 1 for each in filled):
        return False
    return any(_length(own, each, letter, 99.0) <= 1 for each in ("height", "max-height"))


def _is_beside(own: Declarations, letter: float) -> bool:
    """Whether an element is moved out of the window."""
    moved = ("text-indent", "margin-left", "margin-top")
    if any(_length(own, each, letter, 0.0) <= _AWAY for each in moved):
        return True
    if not _is_placed(own) and not _says(own, "position", "relative"):
        return False
    sides = [_length(own, each, letter, 0.0) for each in ("left", "top", "right", "bottom")]
    return min(sides) <= _AWAY or max(sides) >= _BEYOND


def _is_clipped(own: Declarations) -> bool:
    if _is_placed(own):
        for each in own.get("clip", []):
            if each.type == "function" and each.lower_name == "rect":
                sides = [length([one], Scale()) for one in solid(each.arguments) if not _comma(one)]
                if len(sides) == 4 and _thin(sides[0], sides[2]) | _thin(sides[3], sides[1]):
                    return True
    return any(
        each.type == "function" and _is_cut(each.lower_name, each.arguments)
        for each in own.get("clip-path", [])
    )


def _comma(token: Any) -> bool:
    return bool(token.type == "literal" and token.value == ",")


def _thin(one: float | None, other: float | None) -> bool:
    return one is not None and other is not None and other - one <= 1


def _is_cut(shape: str, arguments: Tokens) -> bool:
    """Whether nothing is left inside of a shape."""
    if shape == "inset":
        given = [length([one], Scale(whole=100.0)) or 0.0 for one in solid(arguments)[:4]]
        short = {1: (0, 0, 0, 0), 2: (0, 1, 0, 1), 3: (0, 1, 2, 1), 4: (0, 1, 2, 3)}
        top, right, bottom, left = (given[at] for at in short.get(len(given), (0, 0, 0, 0)))
        return top + bottom >= 100 or left + right >= 100
    if shape in ("circle", "ellipse"):
        first = length(solid(arguments)[:1], Scale())
        return first is not None and first <= 1
    if shape != "polygon":
        return False
    points = [
        [length([one], Scale(whole=100.0)) for one in solid(each)]
        for each in parted(arguments, ",")
    ]
    known = [(each[0], each[1]) for each in points if len(each) == 2 and None not in each]
    return bool(known) and (len({x for x, _ in known}) == 1 or len({y for _, y in known}) == 1)


def _is_shrunk(own: Declarations) -> bool:
    sizes = [_share(own.get("zoom", []))]
    sizes += [abs(_number([each])) for each in own.get("scale", []) if each.type != "ident"]
    for each in own.get("transform", []):
        if each.type == "function":
            sizes.append(_size(each.lower_name, [_number(one) for one in _parts(each)]))
    for each in own.get("rotate", []):
        around = set(words(own.get("rotate", []))) & {"x", "y"}
        if around and each.type == "dimension":
            sizes.append(_seen(_degrees([each])))
    return min(sizes) <= _NONE


def _parts(function: Any) -> list[list[Any]]:
    return parted(function.arguments, ",")


def _number(tokens: Tokens) -> float:
    plain = solid(tokens)
    if len(plain) == 1 and plain[0].type == "dimension":
        return _degrees(plain)
    value = length(plain, Scale(whole=1.0))
    return 1.0 if value is None else value


def _size(name: str, numbers: list[float]) -> float:
    """What a change of shape leaves of an element's width or height."""
    if name in ("scale", "scalex", "scaley"):
        return min(map(abs, numbers))
    if name == "scale3d":
        return min(map(abs, numbers[:2]))
    if name in ("rotatex", "rotatey"):
        return _seen(numbers[0])
    if name == "matrix" and len(numbers) == 6:
        return abs(numbers[0] * numbers[3] - numbers[1] * numbers[2])
    if name == "matrix3d" and len(numbers) == 16:
        return abs(numbers[0] * numbers[5] - numbers[1] * numbers[4])
    return 1.0


def _seen(degrees: float) -> float:
    return abs(math.cos(math.radians(degrees)))


def _degrees(tokens: list[Any]) -> float:
    units = {"deg": 1.0, "turn": 360.0, "rad": 180 / math.pi, "grad": 0.9}
    return float(tokens[0].value) * units.get(tokens[0].lower_unit, 0.0)


def _is_moved(tokens: Tokens, name: str, letter: float) -> bool:
    """Whether an element is moved out of the window. A per cent is of itself, and never far."""
    scale = Scale(letter, whole=100.0)
    if name == "translate":
        found = [length([each], scale) for each in tokens]
        return any(each is not None and not _AWAY < each < _BEYOND for each in found)
    for each in tokens:
        if each.type != "function":
            continue
        parts = [length(one, scale) or 0.0 for one in _parts(each)]
        if each.lower_name.startswith("translate") and each.lower_name != "translatez":
            moved = parts[:2]
        elif each.lower_name == "matrix":
            moved = parts[4:6]
        elif each.lower_name == "matrix3d":
            moved = parts[12:14]
        else:
            continue
        if any(not _AWAY < one < _BEYOND for one in moved):
            return True
    return False

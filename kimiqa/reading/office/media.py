"""Conditions of style sheets, for a reader at a screen of usual size, in the light."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from kimiqa.reading.office.values import WINDOW, Scale, Tokens, length, parted, solid

_DEEPEST = 8
_NUMBERS = {
    "width": WINDOW[0], "height": WINDOW[1], "device-width": WINDOW[0],
    "device-height": WINDOW[1], "inline-size": WINDOW[0], "block-size": WINDOW[1],
    "aspect-ratio": WINDOW[0] / WINDOW[1], "resolution": 1.0, "device-pixel-ratio": 1.0,
    "color": 8.0, "monochrome": 0.0, "grid": 0.0,
}  # fmt: skip
_WORDS = {
    "orientation": "landscape", "prefers-color-scheme": "light",
    "prefers-reduced-motion": "no-preference", "prefers-contrast": "no-preference",
    "prefers-reduced-transparency": "no-preference", "forced-colors": "none",
    "inverted-colors": "none", "hover": "hover", "any-hover": "hover", "pointer": "fine",
    "any-pointer": "fine", "scripting": "enabled", "update": "fast", "display-mode": "browser",
    "dynamic-range": "standard", "color-gamut": "srgb", "overflow-block": "scroll",
    "overflow-inline": "scroll",
}  # fmt: skip
_NOT = ("none", "no-preference")
_PER_DOT = {"dppx": 1.0, "x": 1.0, "dpi": 1 / 96, "dpcm": 2.54 / 96}
_ORDERS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "=": operator.eq,
}  # fmt: skip
_ELSEWHERE = ("-moz-", "-ms-", "-o-", "-khtml-")


def on_screen(tokens: Tokens) -> bool:
    """Whether what is said for some media is said for this screen."""
    return any(_query(solid(each)) for each in parted(tokens, ","))


def _query(tokens: list[Any]) -> bool:
    turned = bool(tokens) and _is(tokens[0], "not") and len(tokens) > 1 and _is_word(tokens[1])
    if tokens and (turned or _is(tokens[0], "only")):
        tokens = tokens[1:]
    holds = True
    if tokens and _is_word(tokens[0]) and not _is(tokens[0], "not"):
        holds = tokens[0].lower_value in ("all", "screen")
        tokens = tokens[1:]
        if tokens and _is(tokens[0], "and"):
            tokens = tokens[1:]
    return (holds and (not tokens or _all(tokens, _feature))) != turned


def in_container(tokens: Tokens) -> bool:
    """Whether what is said for some boxes is said for one as wide as the screen."""
    plain = solid(tokens)
    if plain and _is_word(plain[0]) and not _is(plain[0], "not"):
        plain = plain[1:]  # its name
    return not plain or _all(plain, _feature)


def is_supported(tokens: Tokens) -> bool:
    """Whether a browser of today knows what is asked for."""
    return _all(solid(tokens), _known)


def _known(tokens: list[Any]) -> bool:
    named = bool(tokens) and _is_word(tokens[0])
    return not named or not tokens[0].lower_value.startswith(_ELSEWHERE)


def _all(tokens: list[Any], holds: Callable[[list[Any]], bool], depth: int = 0) -> bool:
    """Whether conditions joined by and, or, not hold."""
    if depth > _DEEPEST or not tokens:
        return False
    if _is(tokens[0], "not"):
        return not _all(tokens[1:], holds, depth + 1)
    found = [_one(each, holds, depth) for each in tokens if not _is_word(each)]
    return any(found) if any(_is(each, "or") for each in tokens) else all(found)


def _one(token: Any, holds: Callable[[list[Any]], bool], depth: int) -> bool:
    if token.type == "function":
        return bool(token.lower_name in ("selector", "font-tech", "font-format"))
    if token.type != "() block":
        return False
    inside = solid(token.content)
    nested = inside and (_is(inside[0], "not") or inside[0].type in ("() block", "function"))
    return _all(inside, holds, depth + 1) if nested else holds(inside)


def _feature(tokens: list[Any]) -> bool:
    if tokens and tokens[-1].type == "literal":
        return False
    if len(tokens) == 1:
        name = tokens[0].lower_value if _is_word(tokens[0]) else ""
        return bool(_NUMBERS.get(name)) or _WORDS.get(name, "none") not in _NOT
    if len(tokens) > 2 and _is_word(tokens[0]) and _mark(tokens[1]) == ":":
        return _is_so(tokens[0].lower_value, tokens[2:])
    return _is_between(tokens)


def _is_so(name: str, value: list[Any]) -> bool:
    name = name.removeprefix("-webkit-")
    if name in _WORDS:
        return _is(value[0], _WORDS[name])
    bound = name.partition("-")[0]
    number = _number(value)
    if number is None:
        return False
    if bound in ("min", "max"):
        actual = _NUMBERS.get(name[4:])
        return actual is not None and (actual >= number if bound == "min" else actual <= number)
    return _NUMBERS.get(name) == number


def _is_between(tokens: list[Any]) -> bool:
    """Whether a range holds: 400px <= width < 2000px."""
    sides: list[list[Any]] = [[]]
    marks: list[str] = []
    for each in tokens:
        mark = _mark(each)
        if mark in ("<", ">", "=", "<=", ">="):
            joined = mark == "=" and not sides[-1] and marks and marks[-1] in "<>"
            if joined:
                marks[-1] += "="
                continue
            marks.append(mark)
            sides.append([])
        else:
            sides[-1].append(each)
    values = [_value(each) for each in sides]
    return bool(marks) and all(
        mark in _ORDERS and a is not None and b is not None and _ORDERS[mark](a, b)
        for a, mark, b in zip(values, marks, values[1:], strict=False)
    )


def _value(tokens: list[Any]) -> float | None:
    if len(tokens) == 1 and _is_word(tokens[0]):
        return _NUMBERS.get(tokens[0].lower_value)
    return _number(tokens)


def _number(tokens: list[Any]) -> float | None:
    if len(tokens) == 3 and _mark(tokens[1]) == "/":
        above, below = _number(tokens[:1]), _number(tokens[2:])
        return above / below if above is not None and below else None
    if len(tokens) == 1 and tokens[0].type == "dimension" and tokens[0].lower_unit in _PER_DOT:
        return float(tokens[0].value) * _PER_DOT[tokens[0].lower_unit]
    return length(tokens, Scale())


def _mark(token: Any) -> str:
    return str(token.value) if token.type == "literal" else ""


def _is_word(token: Any) -> bool:
    return bool(token.type == "ident")


def _is(token: Any, word: str) -> bool:
    return bool(token.type == "ident" and token.lower_value == word)

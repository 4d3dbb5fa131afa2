"""Selectors of style sheets: one by one, with their weight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from kimiqa.reading.office.values import Tokens, parted, solid

Weight = tuple[int, int, int]
"""Ids, classes, names of elements."""

_LONGEST = 2_000
_MOST = 5_000
"""Selectors of one rule."""
_DEEPEST = 8
_MOMENTS = {"hover", "focus", "active", "visited", "target", "focus-within", "focus-visible"}
_LISTS = {"is", "not", "has", "matches", "-webkit-any", "-moz-any"}


@dataclass(frozen=True, slots=True)
class Selector:
    """A selector as it is asked of the page."""

    written: str
    weight: Weight
    needs: frozenset[str] = frozenset()
    """The classes and ids without which it chooses nothing."""
    scopes: bool = False
    """Whether it is the root of a scope: what stands in it may be the root itself."""


def split(prelude: Tokens, around: Sequence[Selector] = ()) -> list[Selector]:
    """The selectors of a rule, inside of those of another."""
    found: list[Selector] = []
    for each in parted(prelude, ",")[:_MOST]:
        tokens = _lasting(each)
        written = _text(tokens)
        if written and len(written) <= _LONGEST:
            found += _within(written, tokens, around)
    return found


def scope(prelude: Tokens) -> list[Selector]:
    """The roots that rules are kept within; how far down they reach is not asked."""
    first = next((each for each in prelude if each.type == "() block"), None)
    roots = split(first.content) if first is not None else [Selector(":root", (0, 0, 0))]
    return [replace(each, scopes=True) for each in roots]


def _within(written: str, tokens: list[Any], around: Sequence[Selector]) -> list[Selector]:
    weight, needs = _weight(tokens), _needs(tokens)
    if not around:
        return [Selector(written.replace("&", ":root"), weight, needs)]
    outer = f":is({', '.join(each.written for each in around)})"
    a, b, c = max(each.weight for each in around)
    heavier = (weight[0] + a, weight[1] + b, weight[2] + c)
    if len(outer) > _LONGEST:
        return []
    if "&" in written or ":scope" in written:
        return [Selector(written.replace("&", outer).replace(":scope", outer), heavier, needs)]
    found = [Selector(f"*{outer} {written}", heavier, needs)]
    if around[0].scopes and written[0] not in "+~>":
        found.append(Selector(f"{written}{outer}", heavier, needs))
    return found


def _lasting(tokens: Tokens) -> list[Any]:
    """A selector without what excludes a moment: nobody points anywhere while a page is read."""
    found: list[Any] = []
    for each in tokens:
        fleeting = each.type == "function" and each.lower_name == "not" and _is_moment(each)
        if fleeting and found and _mark(found[-1]) == ":":
            found.pop()
        else:
            found.append(each)
    return _trimmed(found)


def _is_moment(function: Any) -> bool:
    inside = solid(function.arguments)
    named = len(inside) == 2 and _mark(inside[0]) == ":" and inside[1].type == "ident"
    return bool(named and inside[1].lower_value in _MOMENTS)


def _text(tokens: list[Any], depth: int = 0) -> str:
    """A selector as it is asked for. What begins without a name gets one that is any: the parser
    looks no further up than the parent otherwise."""
    parts: list[str] = []
    begins = True
    for each in tokens if depth < _DEEPEST else ():
        if begins and _mark(each) in (":", "&"):
            parts.append("*")
        if each.type == "function" and each.lower_name in (*_LISTS, "where"):
            inside = (_text(_trimmed(one), depth + 1) for one in parted(each.arguments, ","))
            parts.append(f"{each.name}({', '.join(inside)})")
        else:
            parts.append(_plain(each))
        begins = each.type == "whitespace" or _mark(each) in (">", "+", "~")
    return "".join(parts).strip()


def _plain(token: Any) -> str:
    try:
        return str(token.serialize())
    except RecursionError:
        return ""


def _trimmed(tokens: list[Any]) -> list[Any]:
    """The tokens without the white space around them."""
    ends = [at for at, each in enumerate(tokens) if each.type != "whitespace"]
    return tokens[ends[0] : ends[-1] + 1] if ends else []


def _weight(tokens: Tokens, depth: int = 0) -> Weight:
    ids = classes = names = 0
    last = ""
    for each in tokens if depth < _DEEPEST else ():
        mark = _mark(each)
        if each.type == "hash":
            ids += 1
        elif each.type == "[] block":
            classes += 1
        elif each.type == "ident":
            classes += last in (".", ":")
            names += last not in (".", ":")
        elif each.type == "function" and each.lower_name in _LISTS:
            inner = max(_weight(one, depth + 1) for one in parted(each.arguments, ","))
            ids, classes, names = ids + inner[0], classes + inner[1], names + inner[2]
        elif each.type == "function":
            classes += each.lower_name != "where"
        last = mark
    return ids, classes, names


def _needs(tokens: Tokens) -> frozenset[str]:
    found: set[str] = set()
    last = ""
    for each in tokens:
        if each.type == "hash" or (each.type == "ident" and last == "."):
            found.add(each.value)
        last = _mark(each)
    return frozenset(found)


def _mark(token: Any) -> str:
    return str(token.value) if token.type == "literal" else ""

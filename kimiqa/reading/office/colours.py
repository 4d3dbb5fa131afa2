"""Colours, as far as a file names them: whether letters stand out from their ground."""

from __future__ import annotations

import re
from functools import lru_cache
from xml.etree.ElementTree import Element

Colour = tuple[int, int, int]

WHITE: Colour = (255, 255, 255)
BLACK: Colour = (0, 0, 0)

SAME = "the colour of its ground"
WHITE_ON_WHITE = "white on white"

_NEAR = 40
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})?([0-9A-Fa-f]{6})")


@lru_cache(maxsize=4_096)
def alike(letters: Colour | None, ground: Colour | None) -> str | None:
    """Why letters of this colour are not seen on this ground; None where they are, or where one
    of the colours is not known.

    >>> alike((250, 250, 250), WHITE), alike(BLACK, BLACK), alike(BLACK, WHITE)
    ('white on white', 'the colour of its ground', None)
    """
    if letters is None or ground is None:
        return None
    if max(abs(a - b) for a, b in zip(letters, ground, strict=True)) > _NEAR:
        return None
    return WHITE_ON_WHITE if min(ground) > 255 - _NEAR else SAME


def of_hex(written: str | None) -> Colour | None:
    """A colour of six digits, or of eight of which the first two say how opaque it is."""
    found = _HEX.fullmatch(written or "")
    if found is None:
        return None
    number = int(found[1], 16)
    return number >> 16, number >> 8 & 255, number & 255


def scheme(theme: Element | None) -> dict[str, Colour]:
    """The colours of a theme by their names: dk1, lt1, accent1."""
    colours = theme.find(f".//{_A}clrScheme") if theme is not None else None
    found: dict[str, Colour] = {}
    for each in colours if colours is not None else ():
        value = next(iter(each), None)
        named = value.get("lastClr") or value.get("val") if value is not None else None
        if (colour := of_hex(named)) is not None:
            found[each.tag.rpartition("}")[2]] = colour
    return found


def tinted(colour: Colour, tint: float) -> Colour:
    """A colour made lighter, or darker where `tint` is below zero; as it is where the tint is no
    share.

    >>> tinted((10, 10, 10), float("inf")), tinted((0, 0, 0), 1.0)
    ((10, 10, 10), (255, 255, 255))
    """
    if not -1 <= tint <= 1:
        return colour
    if tint < 0:
        red, green, blue = (round(part * (1 + tint)) for part in colour)
    else:
        red, green, blue = (round(part + (255 - part) * tint) for part in colour)
    return red, green, blue

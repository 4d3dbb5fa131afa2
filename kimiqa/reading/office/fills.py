"""The colours of drawings: of a theme or their own, and what is made out of them."""

from __future__ import annotations

import colorsys
from xml.etree.ElementTree import Element

from kimiqa.reading.office.colours import BLACK, WHITE, Colour, of_hex, tinted
from kimiqa.reading.office.figures import real

_KEPT = {"alpha"}


def colour_of(fill: Element, named: dict[str, Colour]) -> Colour | None:
    """The colour of a fill; None where it is made out of another one in a way not known here.

    >>> from xml.etree.ElementTree import fromstring
    >>> made = '<f><schemeClr val="bg1"><lumMod val="95000"/></schemeClr></f>'
    >>> colour_of(fromstring(made), {"bg1": (255, 255, 255)})
    (242, 242, 242)
    """
    value = next(iter(fill), None)
    return made(value, named) if value is not None else None


def made(value: Element, named: dict[str, Colour]) -> Colour | None:
    """The colour that an element names, with what is made out of it."""
    colour = _named(value, named)
    for change in value:
        if colour is None:
            return None
        colour = _changed(colour, _local(change), real(change.get("val")) / 100_000)
    return colour


def _named(value: Element, named: dict[str, Colour]) -> Colour | None:
    kind, said = _local(value), value.get("val", "")
    if kind == "srgbClr":
        return of_hex(said)
    if kind == "sysClr":
        return of_hex(value.get("lastClr"))
    if kind == "prstClr":
        return {"white": WHITE, "black": BLACK}.get(said)
    return named.get(said) if kind == "schemeClr" else None


def _changed(colour: Colour, how: str, share: float) -> Colour | None:
    if how in _KEPT:
        return colour
    if how in ("tint", "shade"):
        return tinted(colour, 1 - share if how == "tint" else share - 1)
    if how not in ("lumMod", "lumOff"):
        return None
    hue, light, full = colorsys.rgb_to_hls(*(part / 255 for part in colour))
    light = min(1.0, max(0.0, light * share if how == "lumMod" else light + share))
    red, green, blue = (round(255 * part) for part in colorsys.hls_to_rgb(hue, light, full))
    return red, green, blue


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2]

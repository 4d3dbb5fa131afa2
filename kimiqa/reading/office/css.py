"""The language of style sheets, as far as it tells whether words can be seen."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kimiqa.reading.office.colours import Colour

Declarations = dict[str, str]
"""What is said of an element, by the name of the property, in small letters."""

_BRACE = re.compile(r"[{}]")
_STOP = re.compile(r"[;{}]")
_SCREEN = re.compile(r"@media\s+(?:only\s+)?(?:all|screen)\s*")
_DEEPEST = 8
_LONGEST = 500
"""Characters of a value that are looked at: what tells of colours and places is short."""
_LENGTH = re.compile(r"(-?(?:\d+\.?\d*|\.\d+))(px|pt|pc|in|cm|mm|em|rem|ex|ch|vw|vh|%)?")
_PIXELS = {
    "px": 1.0, "pt": 4 / 3, "pc": 16.0, "in": 96.0, "cm": 37.8, "mm": 3.78, "em": 16.0,
    "rem": 16.0, "ex": 8.0, "ch": 8.0, "vw": 12.0, "vh": 12.0, "%": 12.0, "": 1.0,
}  # fmt: skip
_HEX = re.compile(r"#([0-9a-f]{8}|[0-9a-f]{6}|[0-9a-f]{3,4})\b")
_RGB = re.compile(r"rgba?\(([^)]*)\)")
_WORD = re.compile(r"(?<![\w-])[a-z]+(?![\w(-])")
_NAMED: dict[str, Colour] = {
    "white": (255, 255, 255), "snow": (255, 250, 250), "ivory": (255, 255, 240),
    "whitesmoke": (245, 245, 245), "ghostwhite": (248, 248, 255), "azure": (240, 255, 255),
    "floralwhite": (255, 250, 240), "aliceblue": (240, 248, 255), "mintcream": (245, 255, 250),
    "honeydew": (240, 255, 240), "seashell": (255, 245, 238), "lavenderblush": (255, 240, 245),
    "oldlace": (253, 245, 230), "linen": (250, 240, 230), "black": (0, 0, 0),
    "silver": (192, 192, 192), "gray": (128, 128, 128), "grey": (128, 128, 128),
    "red": (255, 0, 0), "maroon": (128, 0, 0), "yellow": (255, 255, 0), "olive": (128, 128, 0),
    "lime": (0, 255, 0), "green": (0, 128, 0), "aqua": (0, 255, 255), "cyan": (0, 255, 255),
    "teal": (0, 128, 128), "blue": (0, 0, 255), "navy": (0, 0, 128), "fuchsia": (255, 0, 255),
    "magenta": (255, 0, 255), "purple": (128, 0, 128), "orange": (255, 165, 0),
}  # fmt: skip


def declarations(written: str) -> Declarations:
    """What a style says; of two that say the same thing the last.

    >>> declarations("Color: #FFF !important; left:-9999px")
    {'color': '#fff', 'left': '-9999px'}
    """
    found: Declarations = {}
    for each in _uncommented(written).split(";"):
        name, colon, value = each.partition(":")
        if colon and value.strip():
            said = value[:_LONGEST].lower().replace("!important", "")
            found[name.strip().lower()] = " ".join(said.split())
    return found


def rules(sheet: str) -> Iterator[tuple[str, Declarations]]:
    """The rules of a sheet that always hold on a screen, and the selectors of each."""
    for rule in _plain(_uncommented(sheet)).split("}"):
        selectors, brace, said = rule.rpartition("{")
        if brace:
            yield selectors.rpartition(";")[2].strip(), declarations(said)


def _plain(sheet: str, depth: int = 0) -> str:
    """A sheet without what holds on paper or in small windows only."""
    parts: list[str] = []
    done = 0
    while (at := sheet.find("@", done)) >= 0:
        stop = _STOP.search(sheet, at)
        if stop is None:
            break
        parts.append(sheet[done:at])
        done = stop.end() if stop[0] == ";" else stop.start()
        if stop[0] == "{":
            inner, done = _block(sheet, stop.end())
            if _SCREEN.fullmatch(sheet[at : stop.start()].lower()) and depth < _DEEPEST:
                parts.append(_plain(inner, depth + 1))
        elif stop[0] == "}":
            parts.append("}")
            done = stop.end()
    return "".join([*parts, sheet[done:]])


def _uncommented(written: str) -> str:
    """A style without its comments; one that does not end takes the rest along."""
    parts: list[str] = []
    done = 0
    while (at := written.find("/*", done)) >= 0:
        parts.append(written[done:at])
        end = written.find("*/", at + 2)
        done = len(written) if end < 0 else end + 2
    return " ".join([*parts, written[done:]])


def _block(sheet: str, start: int) -> tuple[str, int]:
    """What stands up to the brace that closes, and where that ends."""
    depth = 1
    for each in _BRACE.finditer(sheet, start):
        depth += 1 if each[0] == "{" else -1
        if depth == 0:
            return sheet[start : each.start()], each.end()
    return sheet[start:], len(sheet)


def length(written: str, otherwise: float) -> float:
    """A length in pixels, about; `otherwise` where there is none.

    >>> length("-9999px", 0.0), length("1pt", 0.0) < 2, length("auto", 7.0)
    (-9999.0, True, 7.0)
    """
    found = _LENGTH.fullmatch(written)
    return float(found[1]) * _PIXELS[found[2] or ""] if found else otherwise


def colour_in(written: str) -> tuple[Colour | None, float]:
    """The colour that a value names, and how opaque it is.

    >>> colour_in("#fff"), colour_in("rgba(0, 0, 0, 0)"), colour_in("url(a.png)")
    (((255, 255, 255), 1.0), ((0, 0, 0), 0.0), (None, 1.0))
    """
    if found := _HEX.search(written):
        digits = found[1] if len(found[1]) > 4 else "".join(2 * each for each in found[1])
        parts = [int(digits[at : at + 2], 16) for at in range(0, len(digits), 2)]
        return (parts[0], parts[1], parts[2]), parts[3] / 255 if len(parts) > 3 else 1.0
    if rgb := _RGB.search(written):
        return _of_rgb(re.split(r"[\s,/]+", rgb[1].strip()))
    if "transparent" in written:
        return None, 0.0
    named = next((_NAMED[word] for word in _WORD.findall(written) if word in _NAMED), None)
    return named, 1.0


def _of_rgb(parts: list[str]) -> tuple[Colour | None, float]:
    try:
        shares = [float(each[:-1]) * 2.55 if each.endswith("%") else float(each) for each in parts]
        opaque = 1.0
        if len(parts) > 3:
            opaque = float(parts[3][:-1]) / 100 if parts[3].endswith("%") else float(parts[3])
        red, green, blue = (min(255, max(0, round(each))) for each in shares[:3])
    except (ValueError, OverflowError):
        return None, 1.0
    return (red, green, blue), opaque

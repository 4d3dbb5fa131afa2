"""OCR layers as the worker tells them: the lines of a page's text that stand on its scan.

Such a line is not painted: what a reader sees is the scan. The deep check holds the one against
the other, by reading the scan once more.
"""

from __future__ import annotations

import re
from itertools import repeat

from kimiqa.reading.check import Check
from kimiqa.reading.clean import Cleaned
from kimiqa.reading.geometry import Rectangle
from kimiqa.reading.native import native
from kimiqa.reading.parts import LayerLine

_LINE = re.compile(r"[^\n]+")


def lines(check: Check, cleaned: Cleaned) -> list[LayerLine]:
    """The lines of the clean text that come from the page's OCR layer, and where they stand."""
    where = _by_place(check)
    found: list[LayerLine] = []
    for line in _LINE.finditer(cleaned.text) if where else ():
        held = [where.get(cleaned.positions[index]) for index in range(*line.span())]
        places = {check.pictures.exact(place) for place in held if place is not None}
        if places:
            left, top, right, bottom = zip(*places, strict=True)
            found.append((*line.span(), min(left), min(top), max(right), max(bottom)))
    return found


def _by_place(check: Check) -> dict[int, Rectangle]:
    """The engine's positions of the layer's characters, each with the place of its text."""
    layer = {text.handle: text.place for text in check.layer}
    if not layer:
        return {}
    textpage = check.textpage
    count = max(0, native.FPDFText_CountChars(textpage))
    handles = map(native.FPDFText_GetTextObject, repeat(textpage), range(count))
    return {
        native.FPDFText_GetTextIndexFromCharIndex(textpage, index): layer[handle]
        for index, handle in enumerate(handles)
        if handle in layer
    }

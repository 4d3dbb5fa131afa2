"""Tables on slides: their rows, and what each cell looks like by itself and by its style."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from kimiqa.reading.office import drawing
from kimiqa.reading.office.colours import Colour, tinted
from kimiqa.reading.office.drawing import A
from kimiqa.reading.office.fills import colour_of, made
from kimiqa.reading.office.grounds import Ground
from kimiqa.reading.office.package import Package
from kimiqa.reading.office.parts import Span, in_one_line

_FILLS = ("gradFill", "blipFill", "pattFill", "grpFill")
# Styles that a file may name without saying what they look like: none at all, and the one that
# new tables have, in its colours.
_BARE = {"", "{2D5ABB26-0587-4C30-8999-92F81FD0307C}", "{5940675A-B579-460E-94D1-54222C63F5DA}"}
_MEDIUM = {
    "{5C22544A-7EE6-4342-B048-85BDC9FD1C3A}": "accent1",
    "{21E4AEA4-8DFA-4A89-87EB-49C32662AFE0}": "accent2",
    "{F5AB1C69-6EDB-4FF4-983F-18BD219EF322}": "accent3",
    "{00A15C55-8517-42AA-B614-E9B94910E393}": "accent4",
    "{7DF18680-E054-41AD-8BC1-D1AEF772440D}": "accent5",
    "{93296810-A885-4BE3-A3E7-6D5BEEA58F35}": "accent6",
    "{073A0DAA-6AF3-43AB-8588-CEC1D06C72B9}": "dk1",
}


@dataclass(frozen=True, slots=True)
class _Look:
    """The colours of a cell's ground and of its letters; None: not known."""

    ground: Colour | None
    letters: Colour | None = None


Styles = dict[str, Element]
"""The styles of tables that a presentation describes, by their names."""


def styles(package: Package, main: str) -> Styles:
    """What a presentation says of the looks of its tables."""
    root = package.xml_if(next(package.related(main, "tableStyles"), None))
    found = root.iter(f"{A}tblStyle") if root is not None else ()
    return {each.get("styleId", ""): each for each in found}


def lines(
    table: Element, ground: Ground, under: Colour | None, known: Styles
) -> Iterator[list[Span]]:
    """A table row by row, cells between bars; a merged cell stands where it begins. `under` is
    the colour that the table lies on."""
    rows = table.findall(f"{A}tr")
    for down, row in enumerate(rows):
        spans: list[Span] = []
        cells = row.findall(f"{A}tc")
        for across, cell in enumerate(cells):
            places = (down, len(rows)), (across, len(cells))
            look = _of_style(table, places, ground, under, known)
            own = _own(cell, look, ground, under)
            spans += [(" | ", None)] if across else []
            spans += _cell(cell, own, ground)
        while spans and not spans[-1][0].strip(" |"):
            spans.pop()
        yield spans


def _cell(cell: Element, look: _Look, ground: Ground) -> list[Span]:
    if cell.get("hMerge") in ("1", "true") or cell.get("vMerge") in ("1", "true"):
        return []
    spans: list[Span] = []
    for runs in drawing.styled(cell):
        spans += [(" ", None)] if spans else []
        spans += [(text, ground.why(style, look.ground, look.letters)) for text, style in runs]
    return in_one_line(spans)


def _own(cell: Element, look: _Look, ground: Ground, under: Colour | None) -> _Look:
    """What a cell says itself."""
    said = cell.find(f"{A}tcPr")
    if said is None:
        return look
    if (fill := said.find(f"{A}solidFill")) is not None:
        clear = fill.find(f".//{A}alpha") is not None
        return _Look(None if clear else colour_of(fill, ground.named), look.letters)
    if said.find(f"{A}noFill") is not None:
        return _Look(under, look.letters)
    if any(said.find(f"{A}{each}") is not None for each in _FILLS):
        return _Look(None, look.letters)
    return look


Place = tuple[int, int]
"""Which row or column, of how many."""


def _of_style(
    table: Element, places: tuple[Place, Place], ground: Ground, under: Colour | None, known: Styles
) -> _Look:
    said = table.find(f"{A}tblPr")
    name = table.findtext(f"{A}tblPr/{A}tableStyleId") or ""
    if name in known:
        return _described(known[name], _parts(places, said), ground, under)
    if name in _BARE:
        return _Look(under)
    accent = ground.named.get(_MEDIUM.get(name, ""))
    if accent is None:
        return _Look(None)
    parts = _parts(places, said)
    if parts[-1] in ("firstRow", "lastRow", "firstCol", "lastCol"):
        return _Look(accent, ground.named.get("lt1"))
    light = tinted(accent, 0.6 if parts[-1].startswith("band1") else 0.8)
    return _Look(light, ground.named.get("dk1"))


def _described(style: Element, parts: list[str], ground: Ground, under: Colour | None) -> _Look:
    back, letters = under, None
    if style.find(f"{A}tblBg") is not None:
        back = None
    for part in parts:
        said = style.find(f"{A}{part}")
        if said is None:
            continue
        fill = said.find(f"{A}tcStyle/{A}fill/{A}solidFill")
        if fill is not None:
            back = colour_of(fill, ground.named)
        elif said.find(f"{A}tcStyle/{A}fillRef") is not None or any(
            said.find(f"{A}tcStyle/{A}fill/{A}{each}") is not None for each in _FILLS
        ):
            back = None
        text = said.find(f"{A}tcTxStyle")
        for each in text if text is not None else ():
            letters = made(each, ground.named) if each.tag.endswith("Clr") else letters
    return _Look(back, letters)


def _parts(places: tuple[Place, Place], said: Element | None) -> list[str]:
    """The parts of a style that a cell belongs to, the stronger after the weaker."""
    on = {
        name
        for name, value in (said.attrib.items() if said is not None else ())
        if value in ("1", "true")
    }
    (down, rows), (across, columns) = places
    found = ["wholeTbl"]
    if "bandCol" in on:
        found.append(f"band{(across - ('firstCol' in on)) % 2 + 1}V")
    if "bandRow" in on:
        found.append(f"band{(down - ('firstRow' in on)) % 2 + 1}H")
    found += ["lastCol"] if "lastCol" in on and across == columns - 1 else []
    found += ["firstCol"] if "firstCol" in on and across == 0 else []
    found += ["lastRow"] if "lastRow" in on and down == rows - 1 else []
    found += ["firstRow"] if "firstRow" in on and down == 0 else []
    return found

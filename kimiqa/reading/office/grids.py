"""The tables of a Word document: what each of their cells looks like by the style of its table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from kimiqa.reading.office.colours import Colour
from kimiqa.reading.office.dress import Dress, Said, W

_GONE = (f"{W}del", f"{W}moveFrom", f"{W}txbxContent",
         "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback")  # fmt: skip
_MARKS = {"firstRow": 0x20, "lastRow": 0x40, "firstColumn": 0x80, "lastColumn": 0x100,
          "noHBand": 0x200, "noVBand": 0x400}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell, the ground it lies on, and what its table says of its words."""

    element: Element
    ground: Colour | None
    said: Said


def within(element: Element, tag: str) -> Iterator[Element]:
    """The elements of a kind inside another, those inside of these left out."""
    for child in element:
        if child.tag == tag:
            yield child
        elif child.tag not in _GONE:
            yield from within(child, tag)


def paragraphs(cell: Element, *, nested: bool = False) -> Iterator[tuple[Element, bool]]:
    """The paragraphs of a cell, and whether each stands in a table inside of it."""
    for child in cell:
        if child.tag == f"{W}p":
            yield child, nested
        elif child.tag not in _GONE:
            yield from paragraphs(child, nested=nested or child.tag == f"{W}tbl")


def rows(
    table: Element, dress: Dress, ground: Colour | None
) -> Iterator[tuple[Element, list[Cell]]]:
    """The rows that were not taken out, with their cells."""
    style = table.find(f"{W}tblPr/{W}tblStyle")
    parts = dress.table(style.get(f"{W}val", "") if style is not None else "")
    marks = _marks(table)
    kept = [row for row in within(table, f"{W}tr") if row.find(f"{W}trPr/{W}del") is None]
    for number, row in enumerate(kept):
        found = list(within(row, f"{W}tc"))
        cells: list[Cell] = []
        for column, cell in enumerate(found):
            places = (number, len(kept)), (column, len(found))
            said = _said(parts.get(part, {}) for part in _parts(*places, marks))
            said |= dress.cell(cell)
            cells.append(Cell(cell, said.pop("ground", ground), said))
        yield row, cells


def _said(parts: Iterable[Said]) -> Said:
    """What the parts of a style say together, that of the whole table first. Letters that one
    part makes white and ground that another brings need not be meant for each other: where they
    meet, programs differ."""
    first, *others = parts
    said, apart = dict(first), False
    for each in others:
        if "ground" in each and "colour" not in each and apart:
            said["colour"] = None
        apart |= "colour" in each
        said |= each
    return said


def _marks(table: Element) -> set[str]:
    """Which parts of its style a table wears."""
    look = table.find(f"{W}tblPr/{W}tblLook")
    if look is None:
        return set()
    try:
        bits = int(look.get(f"{W}val", "0")[:8], 16)
    except ValueError:
        bits = 0
    return {
        name
        for name, bit in _MARKS.items()
        if (look.get(f"{W}{name}") or ("1" if bits & bit else "0")) in ("1", "true", "on")
    }


def _parts(row: tuple[int, int], column: tuple[int, int], marks: set[str]) -> Iterator[str]:
    """The parts of a style that a cell belongs to, the stronger after the weaker."""
    yield ""
    (down, rows), (across, columns) = row, column
    top, bottom = down == 0 and "firstRow" in marks, down == rows - 1 and "lastRow" in marks
    left = across == 0 and "firstColumn" in marks
    right = across == columns - 1 and "lastColumn" in marks
    if "noVBand" not in marks:
        yield f"band{(across - ('firstColumn' in marks)) % 2 + 1}Vert"
    if "noHBand" not in marks:
        yield f"band{(down - ('firstRow' in marks)) % 2 + 1}Horz"
    if left or right:
        yield "firstCol" if left else "lastCol"
    if top or bottom:
        yield "firstRow" if top else "lastRow"
    if (top or bottom) and (left or right):
        yield ("n" if top else "s") + ("w" if left else "e") + "Cell"

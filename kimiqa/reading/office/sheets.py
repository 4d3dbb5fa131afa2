"""Excel: each sheet in parts of rows, its head row over each, cells found by letter and number.

Costs, rows 201-260
row | A | B | C
1 | Item | Net | VAT
201 | Rent | 1200 | 19%
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from kimiqa.reading.office.cells import shown
from kimiqa.reading.office.package import Package
from kimiqa.reading.office.parts import PART_CHARACTERS, Part, Span, shortened

HIDDEN_SHEET = "hidden sheet"
HIDDEN_ROW = "hidden row"
HIDDEN_COLUMN = "hidden column"
COMMENT = "comment"
MOST_ROWS = 200

_MAIN = "xl/workbook.xml"
_N = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_TAG = re.compile(rb"<(?:\w+:)?(row|col)\s([^>]*?)/?>")
_ATTRIBUTE = re.compile(rb'(\w+)\s*=\s*"([^"]*)"')
_UNSAVED = re.compile(
    rb"</(?:\w+:)?f>\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>|</(?:\w+:)?c>)"
)


@dataclass(slots=True)
class _Sheet:
    """What is known of a sheet beside its cells."""

    name: str
    hidden: bool
    comments: dict[int, list[str]] = field(default_factory=dict)
    rows: set[int] = field(default_factory=set)
    columns: list[tuple[int, int]] = field(default_factory=list)
    unsaved: bool = False

    def why(self, row: int, column: int) -> str | None:
        """Why a cell is not seen."""
        if self.hidden:
            return HIDDEN_SHEET
        if row in self.rows:
            return HIDDEN_ROW
        away = any(first <= column <= last for first, last in self.columns)
        return HIDDEN_COLUMN if away else None


def parts(path: str, package: Package) -> Iterator[Part]:
    """The sheets in their order. Formulas give the values that were saved with them, or
    themselves where none was; nothing is computed, and no other file is asked."""
    from openpyxl import load_workbook  # type: ignore[import-untyped]

    known = list(_sheets(package))
    how = {"read_only": True, "keep_links": False, "keep_vba": False}
    with open(path, "rb") as file:
        values = load_workbook(file, data_only=True, **how)
        formulas = load_workbook(file, **how) if any(each.unsaved for each in known) else None
        yield from _parts(known, values, formulas)


def _parts(known: list[_Sheet], values: Any, formulas: Any) -> Iterator[Part]:
    for sheet in known:
        grid = values[sheet.name]
        if not hasattr(grid, "reset_dimensions"):  # a sheet that is a chart
            yield Part(f"sheet {sheet.name}", picture=True)
            continue
        rows = _rows(grid)
        asked = _rows(formulas[sheet.name]) if formulas is not None and sheet.unsaved else None
        yield from _Cut(sheet).parts(_filled(rows, asked) if asked is not None else rows)


def _sheets(package: Package) -> Iterator[_Sheet]:
    relations = package.relations(_MAIN)
    for entry in package.xml(_MAIN).iter(f"{_N}sheet"):
        _, path = relations.get(entry.get(f"{_R}id", ""), ("", ""))
        sheet = _Sheet(entry.get("name", ""), entry.get("state", "visible") != "visible")
        if path in package.names:
            _scan(package.read(path), sheet)
            for comments in package.related(path, "comments"):
                _remember(package, comments, sheet)
        yield sheet


def _scan(content: bytes, sheet: _Sheet) -> None:
    """Which rows and columns are hidden, and whether a formula was saved without its value.
    Looked for in the bytes: a tree of a large sheet would not fit into memory."""
    for tag in _TAG.finditer(content):
        if b"hidden" not in tag[2]:
            continue
        found = dict(_ATTRIBUTE.findall(tag[2]))
        if found.get(b"hidden") not in (b"1", b"true"):
            continue
        if tag[1] == b"row":
            sheet.rows.add(_int(found.get(b"r")))
        else:
            sheet.columns.append((_int(found.get(b"min")), _int(found.get(b"max"))))
    sheet.unsaved = _UNSAVED.search(content) is not None


def _int(text: bytes | None) -> int:
    return int(text) if text is not None and text.isdigit() else 0


def _remember(package: Package, path: str, sheet: _Sheet) -> None:
    for each in package.xml(path).iter(f"{_N}comment"):
        place = each.get("ref", "")
        text = " ".join("".join(t.text or "" for t in each.iter(f"{_N}t")).split())
        row = int("".join(char for char in place if char.isdigit()) or 0)
        sheet.comments.setdefault(row, []).append(f"{place}: {text}")


def _rows(grid: Any) -> Iterator[tuple[int, list[str]]]:
    """The rows that say something, by their numbers."""
    grid.reset_dimensions()  # what a file claims of its size is not believed
    for number, row in enumerate(grid.iter_rows(), start=1):
        cells = [shown(cell.value, cell.number_format or "") if cell.value is not None else ""
                 for cell in row]  # fmt: skip
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            yield number, cells


def _filled(
    values: Iterator[tuple[int, list[str]]], formulas: Iterator[tuple[int, list[str]]]
) -> Iterator[tuple[int, list[str]]]:
    """The rows with formulas in the cells that have no value."""
    held = next(values, None)
    for number, row in formulas:
        if held is None or held[0] != number:
            yield number, row
            continue
        padded = held[1] + [""] * (len(row) - len(held[1]))
        yield number, [value or row[n] for n, value in enumerate(padded)]
        held = next(values, None)


class _Cut:
    """Cuts a sheet into parts of rows."""

    def __init__(self, sheet: _Sheet) -> None:
        self._sheet = sheet
        self._head: tuple[int, list[str]] | None = None
        self._columns = 0

    def parts(self, rows: Iterator[tuple[int, list[str]]]) -> Iterator[Part]:
        held: list[tuple[int, list[str]]] = []
        size, empty = 0, True
        for row in rows:
            empty = False
            self._head = self._head or row
            if held and (size > PART_CHARACTERS or len(held) >= MOST_ROWS):
                yield self._part(held)
                held, size = [], 0
            held.append(row)
            size += sum(map(len, row[1])) + 3 * len(row[1])
        if held or empty:
            yield self._part(held)

    def _part(self, rows: list[tuple[int, list[str]]]) -> Part:
        name = f"sheet {self._sheet.name}" + (" (hidden)" if self._sheet.hidden else "")
        part = Part(shortened(name + _range(rows)))
        if not rows:
            return part
        head = self._head
        repeated = [head] if head is not None and head[0] != rows[0][0] else []
        columns = max(len(cells) for _, cells in [*repeated, *rows])
        letters = [_letters(column) for column in range(1, columns + 1)]
        part.add([("row", self._sheet.why(0, 0)), *self._cells(0, letters)])
        for number, cells in [*repeated, *rows]:
            part.add(self._line(number, cells))
        first, last = rows[0][0], rows[-1][0]
        for row in sorted(self._sheet.comments):
            if first <= row <= last:
                for comment in self._sheet.comments[row]:
                    part.add([(comment, COMMENT)])
        return part

    def _line(self, number: int, cells: list[str]) -> list[Span]:
        return [(str(number), self._sheet.why(number, 0)), *self._cells(number, cells)]

    def _cells(self, number: int, cells: list[str]) -> list[Span]:
        places = enumerate(cells, start=1)
        return [(f" | {cell}", self._sheet.why(number, column)) for column, cell in places]


def _range(rows: list[tuple[int, list[str]]]) -> str:
    if not rows:
        return ""
    first, last = rows[0][0], rows[-1][0]
    return f", row {first}" if first == last else f", rows {first}-{last}"


def _letters(column: int) -> str:
    """A column's letters.

    >>> _letters(1), _letters(28)
    ('A', 'AB')
    """
    text = ""
    while column:
        column, left = divmod(column - 1, 26)
        text = chr(ord("A") + left) + text
    return text

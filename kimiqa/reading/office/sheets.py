"""Excel: each sheet in parts of rows, its head row over each, cells found by letter and number.

Costs, rows 201-260
row | A | B | C
1 | Item | Net | VAT
201 | Rent | 1200 | 19%
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kimiqa.reading.office.cells import shown
from kimiqa.reading.office.formats import is_blank
from kimiqa.reading.office.looks import Looks
from kimiqa.reading.office.package import Package
from kimiqa.reading.office.parts import PART_CHARACTERS, Part, Span, in_one_line, shortened
from kimiqa.reading.office.scan import Run
from kimiqa.reading.office.sheet import WORKBOOK, Sheet, sheets

COMMENT = "comment"
MOST_ROWS = 200

Cell = list[Span]
"""What a cell shows, in one look or several, with why each is not seen."""
Row = tuple[int, list[Cell]]
"""A row's number, and its cells."""


def parts(path: str, package: Package) -> Iterator[Part]:
    """The sheets in their order. Formulas give the values that were saved with them, or
    themselves where none was; nothing is computed, and no other file is asked."""
    from openpyxl import load_workbook  # type: ignore[import-untyped]

    looks = Looks.of(package, WORKBOOK)
    known = list(sheets(package, looks))
    how = {"read_only": True, "keep_links": False, "keep_vba": False, "rich_text": True}
    with open(path, "rb") as file:
        values = load_workbook(file, data_only=True, **how)
        formulas = load_workbook(file, **how) if any(each.unsaved for each in known) else None
        yield from _parts(known, values, formulas, looks)


def _parts(known: list[Sheet], values: Any, formulas: Any, looks: Looks) -> Iterator[Part]:
    for sheet in known:
        grid = values[sheet.name]
        if not hasattr(grid, "reset_dimensions"):  # a sheet that is a chart
            yield Part(f"sheet {sheet.name}", picture=True)
            continue
        rows = _rows(grid, sheet, looks)
        asked = (
            _rows(formulas[sheet.name], sheet, looks)
            if formulas is not None and sheet.unsaved
            else None
        )
        yield from _Cut(sheet).parts(_filled(rows, asked) if asked is not None else rows)


def _rows(grid: Any, sheet: Sheet, looks: Looks) -> Iterator[Row]:
    """The rows that say something, by their numbers."""
    grid.reset_dimensions()  # what a file claims of its size is not believed
    for number, row in enumerate(grid.iter_rows(), start=1):
        cells = [_cell(cell, number, column, sheet, looks) for column, cell in enumerate(row, 1)]
        while cells and not _text(cells[-1]):
            cells.pop()
        if cells:
            yield number, cells


def _cell(cell: Any, row: int, column: int, sheet: Sheet, looks: Looks) -> Cell:
    value = cell.value
    if value is None:
        return []
    style, said = getattr(cell, "_style_id", 0), sheet.areas.said(row, column)
    written = cell.number_format or ""
    if value == 0 and is_blank(value, written):
        return []
    why = looks.why(style, value if not isinstance(value, list) else str(value), said)
    if why is None and (runs := _runs(value) or sheet.runs.get((row, column), [])):
        return in_one_line(
            [
                (run.text, looks.why_run(style, said, run.colour, run.size) if run.dressed else why)
                for run in runs
            ]
        )
    return [(shown(value, written), why)]


def _runs(value: Any) -> list[Run]:
    """The runs of a text in several looks, as the workbook's own store of texts gives it."""
    if not isinstance(value, list):
        return []
    return [_run(each) for each in value]


def _run(piece: Any) -> Run:
    font = getattr(piece, "font", None)
    if font is None:
        return Run(str(piece))
    colour = font.color
    said = {colour.type: str(colour.value), "tint": str(colour.tint)} if colour else None
    return Run(str(piece), said, str(font.sz) if font.sz is not None else None, dressed=True)


def _text(cell: Cell) -> str:
    return "".join(text for text, _ in cell)


def _filled(values: Iterator[Row], formulas: Iterator[Row]) -> Iterator[Row]:
    """The rows with formulas in the cells that have no value."""
    held = next(values, None)
    for number, row in formulas:
        if held is None or held[0] != number:
            yield number, row
            continue
        padded = held[1] + [[]] * (len(row) - len(held[1]))
        yield number, [value if _text(value) else row[n] for n, value in enumerate(padded)]
        held = next(values, None)


class _Cut:
    """Cuts a sheet into parts of rows."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        self._head: Row | None = None
        self._columns = 0

    def parts(self, rows: Iterator[Row]) -> Iterator[Part]:
        held: list[Row] = []
        size, empty = 0, True
        for row in rows:
            empty = False
            self._head = self._head or row
            if held and (size > PART_CHARACTERS or len(held) >= MOST_ROWS):
                yield self._part(held)
                held, size = [], 0
            held.append(row)
            size += sum(len(_text(cell)) + 3 for cell in row[1])
        if held or empty:
            yield self._part(held)

    def _part(self, rows: list[Row]) -> Part:
        name = f"sheet {self._sheet.name}" + (" (hidden)" if self._sheet.hidden else "")
        part = Part(shortened(name + _range(rows)))
        if not rows:
            return part
        head = self._head
        repeated = [head] if head is not None and head[0] != rows[0][0] else []
        columns = max(len(cells) for _, cells in [*repeated, *rows])
        letters: list[Cell] = [[(_letters(column), None)] for column in range(1, columns + 1)]
        part.add([("row", self._sheet.why(0, 0)), *self._cells(0, letters)])
        for number, cells in [*repeated, *rows]:
            part.add(self._line(number, cells))
        first, last = rows[0][0], rows[-1][0]
        for row in sorted(self._sheet.comments):
            if first <= row <= last:
                for comment in self._sheet.comments[row]:
                    part.add([(comment, COMMENT)])
        return part

    def _line(self, number: int, cells: list[Cell]) -> list[Span]:
        return [(str(number), self._sheet.why(number, 0)), *self._cells(number, cells)]

    def _cells(self, number: int, cells: list[Cell]) -> list[Span]:
        """The cells with bars before them. A bar stays where the cell alone is not seen."""
        spans: list[Span] = []
        for column, cell in enumerate(cells, start=1):
            if away := self._sheet.why(number, column):
                spans.append((f" | {_text(cell)}", away))
            else:
                spans += [(" | ", None), *cell]
        return spans


def _range(rows: list[Row]) -> str:
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

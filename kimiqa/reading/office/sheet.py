"""What is known of a sheet beside its cells: what of it is hidden, and what is written on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from kimiqa.reading.office.areas import Areas
from kimiqa.reading.office.figures import whole
from kimiqa.reading.office.looks import Looks
from kimiqa.reading.office.package import Package
from kimiqa.reading.office.scan import Run, scan

HIDDEN_SHEET = "hidden sheet"
HIDDEN_ROW = "hidden row"
HIDDEN_COLUMN = "hidden column"
WORKBOOK = "xl/workbook.xml"

_N = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"


@dataclass(slots=True)
class Sheet:
    """What is known of a sheet beside its cells."""

    name: str
    hidden: bool
    comments: dict[int, list[str]] = field(default_factory=dict)
    rows: set[int] = field(default_factory=set)
    columns: list[tuple[int, int]] = field(default_factory=list)
    unsaved: bool = False
    areas: Areas = field(default_factory=Areas)
    runs: dict[tuple[int, int], list[Run]] = field(default_factory=dict)
    """The runs of the cells that hold their text themselves, in several looks."""

    def why(self, row: int, column: int) -> str | None:
        """Why a cell is not seen."""
        if self.hidden:
            return HIDDEN_SHEET
        if row in self.rows:
            return HIDDEN_ROW
        away = any(first <= column <= last for first, last in self.columns)
        return HIDDEN_COLUMN if away else None


def sheets(package: Package, looks: Looks) -> Iterator[Sheet]:
    """The sheets of a workbook in their order."""
    relations = package.relations(WORKBOOK)
    for entry in package.xml(WORKBOOK).iter(f"{_N}sheet"):
        _, path = relations.get(entry.get(f"{_R}id", ""), ("", ""))
        sheet = Sheet(entry.get("name", ""), entry.get("state", "visible") != "visible")
        if path in package.names:
            _read(package, path, sheet, looks)
        yield sheet


def _read(package: Package, path: str, sheet: Sheet, looks: Looks) -> None:
    found = scan(package.read(path), path)
    sheet.rows, sheet.columns = found.rows, found.columns
    sheet.unsaved, sheet.runs = found.unsaved, found.runs
    for ruled in found.ruled:
        sheet.areas.rule(ruled, looks.of_rules)
    for table in package.related(path, "table"):
        sheet.areas.table(package.xml(table))
    if found.pictured:
        sheet.areas.everywhere()
    for comments in package.related(path, "comments"):
        _remember(package, comments, sheet)


def _remember(package: Package, path: str, sheet: Sheet) -> None:
    for each in package.xml(path).iter(f"{_N}comment"):
        place = each.get("ref", "")
        text = " ".join("".join(t.text or "" for t in each.iter(f"{_N}t")).split())
        row = whole(place.lstrip("$ABCDEFGHIJKLMNOPQRSTUVWXYZ").lstrip("$"))
        sheet.comments.setdefault(row, []).append(f"{place}: {text}")

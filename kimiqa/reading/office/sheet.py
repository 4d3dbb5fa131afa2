"""What is known of a sheet beside its cells: what of it is hidden, and what is written on it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from kimiqa.reading.office.package import Package

HIDDEN_SHEET = "hidden sheet"
HIDDEN_ROW = "hidden row"
HIDDEN_COLUMN = "hidden column"
WORKBOOK = "xl/workbook.xml"

_N = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_TAG = re.compile(rb"<(?:\w+:)?(row|col|conditionalFormatting)\s([^>]*?)/?>")
_AREA = re.compile(r"\$?([A-Z]{1,3})\$?(\d+)(?::\$?([A-Z]{1,3})\$?(\d+))?")
_BACKGROUND = re.compile(rb"<(?:\w+:)?picture\s")
_ATTRIBUTE = re.compile(rb'(\w+)\s*=\s*"([^"]*)"')
_UNSAVED = re.compile(
    rb"</(?:\w+:)?f>\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>|</(?:\w+:)?c>)"
)
_NARROW = 0.3
"""In characters and in points: no letter is seen in less."""


@dataclass(slots=True)
class Sheet:
    """What is known of a sheet beside its cells."""

    name: str
    hidden: bool
    comments: dict[int, list[str]] = field(default_factory=dict)
    rows: set[int] = field(default_factory=set)
    columns: list[tuple[int, int]] = field(default_factory=list)
    unsaved: bool = False
    coloured: list[tuple[int, int, int, int]] = field(default_factory=list)
    """Areas whose ground comes from a table, a rule or a picture: first and last column, first
    and last row."""

    def is_coloured(self, row: int, column: int) -> bool:
        """Whether something else than its style colours a cell."""
        return any(a <= column <= b and c <= row <= d for a, b, c, d in self.coloured)

    def why(self, row: int, column: int) -> str | None:
        """Why a cell is not seen."""
        if self.hidden:
            return HIDDEN_SHEET
        if row in self.rows:
            return HIDDEN_ROW
        away = any(first <= column <= last for first, last in self.columns)
        return HIDDEN_COLUMN if away else None


def sheets(package: Package) -> Iterator[Sheet]:
    """The sheets of a workbook in their order."""
    relations = package.relations(WORKBOOK)
    for entry in package.xml(WORKBOOK).iter(f"{_N}sheet"):
        _, path = relations.get(entry.get(f"{_R}id", ""), ("", ""))
        sheet = Sheet(entry.get("name", ""), entry.get("state", "visible") != "visible")
        if path in package.names:
            _scan(package.read(path), sheet)
            for comments in package.related(path, "comments"):
                _remember(package, comments, sheet)
            for table in package.related(path, "table"):
                sheet.coloured += _areas(package.xml(table).get("ref", ""))
        yield sheet


def _scan(content: bytes, sheet: Sheet) -> None:
    """Which rows and columns are hidden or too narrow to show a letter, what rules colour, and
    whether a formula was saved without its value. Looked for in the bytes: a tree of a large
    sheet would not fit into memory."""
    for tag in _TAG.finditer(content):
        if tag[1] == b"row" and b"hidden" not in tag[2] and b"ht" not in tag[2]:
            continue
        found = dict(_ATTRIBUTE.findall(tag[2]))
        if tag[1] == b"conditionalFormatting":
            sheet.coloured += _areas(found.get(b"sqref", b"").decode("ascii", "replace"))
        elif not _is_away(found):
            continue
        elif tag[1] == b"row":
            sheet.rows.add(_int(found.get(b"r")))
        else:
            sheet.columns.append((_int(found.get(b"min")), _int(found.get(b"max"))))
    if _BACKGROUND.search(content):
        sheet.coloured.append((1, 1 << 20, 1, 1 << 24))
    sheet.unsaved = _UNSAVED.search(content) is not None


def _is_away(found: dict[bytes, bytes]) -> bool:
    """Whether a row or a column is hidden, or no higher or wider than a hair."""
    size = found.get(b"ht", found.get(b"width", b""))
    try:
        narrow = bool(size) and float(size) <= _NARROW
    except ValueError:
        narrow = False
    return narrow or found.get(b"hidden") in (b"1", b"true")


def _areas(written: str) -> list[tuple[int, int, int, int]]:
    found = _AREA.findall(written)
    return [(_number(a), _number(c or a), int(b), int(d or b)) for a, b, c, d in found]


def _number(letters: str) -> int:
    """A column's number.

    >>> _number("A"), _number("AB")
    (1, 28)
    """
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number


def _int(text: bytes | None) -> int:
    return int(text) if text is not None and text.isdigit() else 0


def _remember(package: Package, path: str, sheet: Sheet) -> None:
    for each in package.xml(path).iter(f"{_N}comment"):
        place = each.get("ref", "")
        text = " ".join("".join(t.text or "" for t in each.iter(f"{_N}t")).split())
        row = int("".join(char for char in place if char.isdigit()) or 0)
        sheet.comments.setdefault(row, []).append(f"{place}: {text}")

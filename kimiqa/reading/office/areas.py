"""Areas of a sheet whose looks come from elsewhere than their cells: rules, tables, pictures."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from kimiqa.reading.office.figures import whole
from kimiqa.reading.office.looks import Said
from kimiqa.reading.office.scan import Attributes, Ruled, column_of

_N = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_AREA = re.compile(
    r"\$?([A-Z]{1,3})\$?(\d{1,7})(?::\$?([A-Z]{1,3})\$?(\d{1,7}))?", re.ASCII | re.IGNORECASE
)
_MOST_AREAS = 2_000
_LAST = 1 << 24
_UNKNOWN: Said = {"colour": None, "ground": None}
_DARK = re.compile(r"TableStyle(?:Dark\d+|Medium(?:[89]|1[0-4]|2[2-8]))", re.IGNORECASE)
_LIGHT = re.compile(r"TableStyle(?:Light|Medium)\d+", re.IGNORECASE)
_TRUE = re.compile(
    r"TRUE(?:\(\))?|NOT\(FALSE(?:\(\))?\)|0*[1-9]\d*|(\d+|\"\w*\")=\1|1>0|0<1", re.IGNORECASE
)
_SOMETHING = re.compile(
    r"(?:LEN\((?:TRIM\()?{0}\)?\)>0|{0}<>\"\"|NOT\(ISBLANK\({0}\)\))".replace(
        "{0}", r"([A-Z]+\d+)"
    ),
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Rule:
    first: int
    """The lower its number, the more it counts."""
    certain: bool
    """Whether it holds for whatever stands in a cell."""
    stops: bool
    says: Said


@dataclass(slots=True)
class Areas:
    """The areas of a sheet, with the rules for each."""

    held: list[tuple[tuple[int, int, int, int], list[_Rule]]] = field(default_factory=list)
    """First and last column, first and last row."""

    def said(self, row: int, column: int) -> Said:
        """What is said of a cell from elsewhere: by the first of what holds; of what may hold or
        not, that it is not known."""
        if not self.held:
            return {}
        rules = [
            rule
            for (a, b, c, d), those in self.held
            if a <= column <= b and c <= row <= d
            for rule in those
        ]
        found: Said = {}
        for rule in sorted(rules, key=lambda each: each.first):
            for name, value in rule.says.items():
                found.setdefault(name, value if rule.certain else None)
            if rule.certain and rule.stops:
                break
        return found

    def rule(self, ruled: Ruled, looks: list[Said]) -> None:
        """One more area with rules."""
        if ruled.foreign:
            self._add(ruled.area, [_Rule(0, False, False, _UNKNOWN)])
            return
        first = _AREA.search(ruled.area)
        corner = (first[1] + first[2]).upper() if first else ""
        self._add(ruled.area, [_rule(own, formula, corner, looks) for own, formula in ruled.rules])

    def table(self, root: Element) -> None:
        """One more table: its head may be dark, of some looks all of it."""
        style = root.find(f"{_N}tableStyleInfo")
        name = style.get("name", "") if style is not None else ""
        if style is None or not name:
            return
        rule = [_Rule(_LAST, False, False, _UNKNOWN)]
        area = root.get("ref", "")
        if _DARK.fullmatch(name) or not _LIGHT.fullmatch(name):
            self._add(area, rule)
            return
        for a, b, c, d in _areas(area):
            heads, totals = whole(root.get("headerRowCount"), 1), whole(root.get("totalsRowCount"))
            self.held.append(((a, b, c, c + heads - 1), rule))
            self.held.append(((a, b, d - totals + 1, d), rule))
            if style.get("showFirstColumn") in ("1", "true"):
                self.held.append(((a, a, c, d), rule))
            if style.get("showLastColumn") in ("1", "true"):
                self.held.append(((b, b, c, d), rule))

    def everywhere(self) -> None:
        """A picture lies behind all of it."""
        self.held.append(((0, _LAST, 0, _LAST), [_Rule(_LAST, False, False, _UNKNOWN)]))

    def _add(self, written: str, rules: list[_Rule]) -> None:
        areas = _areas(written)
        if len(self.held) + len(areas) > _MOST_AREAS:  # each cell would take long
            self.held.clear()
            self.everywhere()
        else:
            self.held += [(area, rules) for area in areas]


def _rule(own: Attributes, formula: str, corner: str, looks: list[Said]) -> _Rule:
    number = whole(own.get("dxfId"), len(looks))
    says = looks[number] if number < len(looks) else _UNKNOWN
    stops = own.get("stopIfTrue") in ("1", "true")
    return _Rule(whole(own.get("priority"), _LAST), _holds(own, formula, corner), stops, says)


def _holds(own: Attributes, formula: str, corner: str) -> bool:
    """Whether a rule plainly holds for every cell that is not empty."""
    kind, plain = own.get("type"), "".join(formula.split()).removeprefix("=")
    if kind == "notContainsBlanks":
        return True
    if kind == "cellIs":
        return own.get("operator") == "notEqual" and plain == '""'
    if kind != "expression" or len(plain) > 200:
        return False
    itself = _SOMETHING.fullmatch(plain)
    return bool(_TRUE.fullmatch(plain)) or (
        itself is not None and corner in {(each or "").upper() for each in itself.groups()}
    )


def _areas(written: str) -> list[tuple[int, int, int, int]]:
    return [
        (column_of(a), column_of(c or a), int(b), int(d or b))
        for a, b, c, d in _AREA.findall(written)
    ]

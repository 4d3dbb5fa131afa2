"""A sheet read once from end to end, for what is not in its cells: which rows and columns are
hidden, what rules and pictures colour, runs of several looks.

A tree of a large sheet would not fit into memory.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from xml.parsers import expat

from kimiqa.reading.office.figures import real, whole
from kimiqa.reading.parts import WorkerRefused

_NARROW = 0.3
"""In characters and in points: no letter is seen in less."""

Attributes = dict[str, str]


@dataclass(slots=True)
class Run:
    """A stretch of a cell's text, and what it says of its looks."""

    text: str = ""
    colour: Attributes | None = None
    size: str | None = None
    dressed: bool = False
    """Whether it has looks of its own: where it names no colour, that is black."""


@dataclass(slots=True)
class Ruled:
    """An area with rules for its looks: each with its attributes and its formula."""

    area: str
    rules: list[tuple[Attributes, str]] = field(default_factory=list)
    foreign: bool = False
    """Whether its rules are of the newer kind, whose looks are not read."""


@dataclass(slots=True)
class Scan:
    """What was found."""

    rows: set[int] = field(default_factory=set)
    columns: list[tuple[int, int]] = field(default_factory=list)
    ruled: list[Ruled] = field(default_factory=list)
    runs: dict[tuple[int, int], list[Run]] = field(default_factory=dict)
    pictured: bool = False
    unsaved: bool = False
    """Whether a formula was saved without its value."""


def scan(content: bytes, name: str) -> Scan:
    """What a sheet holds beside its cells. *Raises* `WorkerRefused` where it is damaged."""
    reader = _Reader(name)
    try:
        reader.parser.Parse(content, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise WorkerRefused("damaged", f"{name} is not well-formed ({error})") from None
    return reader.found


class _Reader:
    """Hears of each element as it begins. Of its end and its words only inside of those few
    where these matter: most of a sheet is plain cells."""

    def __init__(self, name: str) -> None:
        self.found = Scan()
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.StartDoctypeDeclHandler = self._doctype
        self._name = name
        self._row, self._place, self._beyond = 0, "", 0
        self._text = ""
        self._formula = self._value = False
        self._runs: list[Run] = []
        self._starts: dict[str, Callable[[Attributes], None]] = {
            "c": self._cell, "row": self._on_row, "col": self._column, "f": self._on_formula,
            "is": self._inline, "r": self._run, "rPr": self._dressed, "color": self._colour,
            "sz": self._size, "conditionalFormatting": self._ruled, "cfRule": self._rule,
            "picture": self._picture,
        }  # fmt: skip

    def _doctype(self, *_: object) -> None:
        raise WorkerRefused("damaged", f"{self._name} defines entities, which no such file does")

    def _start(self, name: str, attributes: Attributes) -> None:
        start = self._starts.get(name) or self._starts.get(name.rpartition(":")[2])
        if start is not None:
            start(attributes)

    def _listen(self, end: Callable[[str], None] | None) -> None:
        self.parser.EndElementHandler = end
        self.parser.CharacterDataHandler = self._words if end else None
        self._text = ""

    def _words(self, text: str) -> None:
        self._text += text

    def _picture(self, _: Attributes) -> None:
        self.found.pictured = True

    # Rows and columns ---------------------------------------------------------------------------

    def _on_row(self, attributes: Attributes) -> None:
        self._row = whole(attributes.get("r"), self._row + 1)
        self._place, self._beyond = "", 0
        if _is_away(attributes, "ht"):
            self.found.rows.add(self._row)

    def _column(self, attributes: Attributes) -> None:
        if _is_away(attributes, "width"):
            span = whole(attributes.get("min")), whole(attributes.get("max"))
            self.found.columns.append(span)

    # Cells --------------------------------------------------------------------------------------

    def _cell(self, attributes: Attributes) -> None:
        place = attributes.get("r")
        if place:
            self._place, self._beyond = place, 0
        else:
            self._beyond += 1

    def _on_formula(self, _: Attributes) -> None:
        if self.parser.EndElementHandler is None:  # not one of a rule
            self._formula, self._value = True, False
            self._listen(self._in_formula)

    def _in_formula(self, name: str) -> None:
        local = name.rpartition(":")[2]
        self._value |= local == "v" and bool(self._text.strip())
        self._text = ""
        if local == "c":
            self.found.unsaved |= not self._value
            self._listen(None)

    def _inline(self, _: Attributes) -> None:
        self._runs = []
        self._listen(self._in_text)

    def _run(self, _: Attributes) -> None:
        self._runs.append(Run())

    def _dressed(self, _: Attributes) -> None:
        if self._runs:
            self._runs[-1].dressed = True

    def _colour(self, attributes: Attributes) -> None:
        if self._runs:
            self._runs[-1].colour = attributes

    def _size(self, attributes: Attributes) -> None:
        if self._runs:
            self._runs[-1].size = attributes.get("val")

    def _in_text(self, name: str) -> None:
        local = name.rpartition(":")[2]
        if local == "t" and self._runs:
            self._runs[-1].text += self._text
        self._text = ""
        if local == "is":
            if any(run.dressed for run in self._runs):
                column = column_of(self._place) + self._beyond
                self.found.runs[self._row, column] = self._runs
            self._runs = []
            self._listen(None)

    # Rules --------------------------------------------------------------------------------------

    def _ruled(self, attributes: Attributes) -> None:
        area = attributes.get("sqref")
        self.found.ruled.append(Ruled(area or "", foreign=area is None))
        self._listen(self._in_rules)

    def _rule(self, attributes: Attributes) -> None:
        if self.found.ruled:
            self.found.ruled[-1].rules.append((attributes, ""))

    def _in_rules(self, name: str) -> None:
        local, last = name.rpartition(":")[2], self.found.ruled[-1]
        if local == "formula" and last.rules:
            last.rules[-1] = (last.rules[-1][0], self._text)
        elif local == "sqref":
            last.area += f" {self._text}"
        self._text = ""
        if local == "conditionalFormatting":
            self._listen(None)


def _is_away(attributes: Attributes, size: str) -> bool:
    """Whether a row or a column is hidden, or no higher or wider than a hair."""
    narrow = real(attributes.get(size), 99.0) <= _NARROW
    return narrow or attributes.get("hidden") in ("1", "true")


def column_of(letters: str) -> int:
    """A column's number; what is not a letter does not count.

    >>> column_of("A"), column_of("AB12"), column_of("")
    (1, 28, 0)
    """
    number = 0
    for letter in letters[:3].upper():
        number = 26 * number + ord(letter) - ord("A") + 1 if "A" <= letter <= "Z" else number
    return number

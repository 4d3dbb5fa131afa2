"""Number formats of a workbook: whether one shows a value, and in what colour of its own."""

from __future__ import annotations

import datetime
import operator
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from kimiqa.reading.office.colours import BLACK, WHITE, Colour
from kimiqa.reading.office.figures import real

_LONGEST = 1_000
_TOKEN = re.compile(r'"([^"]*)"?|\\(.)|[_*].|\[([^\]]*)\]|(.)', re.DOTALL)
_PARTED = re.compile('[;"]')
"""What a format without it shows something of everything."""
_CONDITION = re.compile(r"\s*(<=|>=|<>|=|<|>)\s*(-?[\d.]+)\s*")
_HOLDS = {"<=": operator.le, ">=": operator.ge, "<>": operator.ne,
          "=": operator.eq, "<": operator.lt, ">": operator.gt}  # fmt: skip
_ELAPSED = re.compile(r"(?:h+|m+|s+)", re.IGNORECASE)
_CURRENCY = re.compile(r"\$([^-]+)")
_COLOURS: dict[str, Colour | None] = {
    "black": BLACK, "white": WHITE, "red": (255, 0, 0), "green": (0, 255, 0),
    "blue": (0, 0, 255), "yellow": (255, 255, 0), "magenta": (255, 0, 255), "cyan": (0, 255, 255),
    "color1": BLACK, "color2": WHITE, **{f"color{n}": None for n in range(3, 57)},
}  # fmt: skip
"""None: one of the palette, which is neither black nor white."""


@dataclass(frozen=True, slots=True)
class Section:
    """What a format says of some values."""

    condition: tuple[str, float] | None
    colour: str
    """Its name, where it has one."""
    shows: bool
    """Whether anything is seen."""
    quotes: bool
    """Whether a text is seen as it is."""

    def holds(self, number: float) -> bool:
        """Whether it is for this number."""
        return self.condition is None or _HOLDS[self.condition[0]](number, self.condition[1])


def is_blank(value: Any, number_format: str) -> bool:
    """Whether a format shows nothing of a value.

    >>> is_blank("secret", ";;;"), is_blank(5, ";;;"), is_blank("word", "0;-0;"), is_blank(5, "0")
    (True, True, False, False)
    >>> is_blank(1250, '[Red][<0]"";#,##0'), is_blank(-1250, '[Red][<0]"";#,##0')
    (False, True)
    """
    if not _PARTED.search(number_format):
        return False
    chosen = _chosen(value, number_format)
    if isinstance(value, str):
        return bool(chosen) and not chosen[0].quotes
    return bool(chosen) and not any(each.shows for each in chosen)


def coloured(value: Any, number_format: str, otherwise: Colour | None) -> Colour | None:
    """The colour that a format gives a value, whatever its cell says; else that of the cell."""
    if "[" not in number_format:
        return otherwise
    named = {each.colour for each in _chosen(value, number_format)} - {""}
    return _COLOURS[named.pop()] if len(named) == 1 else None if named else otherwise


def _chosen(value: Any, number_format: str) -> list[Section]:
    """The sections that may be the one for a value."""
    sections = _sections(number_format[:_LONGEST]) if number_format else []
    if isinstance(value, str):
        return sections[3:4] or [each for each in sections if each.quotes][-1:]
    if isinstance(value, bool) or not sections:
        return sections
    number = _number(value)
    figures = sections[:3]
    if all(each.condition is None for each in figures):
        at = 0 if number > 0 else 1 if number < 0 else 2
        return [figures[at] if at < len(figures) else figures[0]]
    if figures[0].condition is not None and figures[0].holds(number):
        return figures[:1]
    # Which of the others is taken is not told by them alone: what may be shown is not hidden.
    return [each for each in figures if each.holds(number)]


def _number(value: Any) -> float:
    if isinstance(value, datetime.timedelta):
        return value.total_seconds()
    if isinstance(value, datetime.time):
        return float(value != datetime.time())
    return value if isinstance(value, int | float) else 1.0  # a date


@lru_cache(maxsize=4_096)
def _sections(number_format: str) -> list[Section]:
    """For what is above zero, below, zero itself, and text, where no condition stands in them."""
    sections: list[Section] = []
    condition, colour, plain, said = None, "", "", False
    for token in [*_TOKEN.finditer(number_format), None]:
        if token is None or token[4] == ";":
            quotes = "@" in plain or "general" in plain.lower()
            sections.append(Section(condition, colour, said or bool(plain.strip()), quotes))
            condition, colour, plain, said = None, "", "", False
        elif token[3] is not None:
            condition = _condition(token[3]) or condition
            name = token[3].replace(" ", "").lower()
            colour = name if name in _COLOURS else colour
            said |= bool(_ELAPSED.fullmatch(token[3]) or _CURRENCY.match(token[3]))
        elif token[4] is not None:
            plain += token[4]
        else:
            said |= bool((token[1] or token[2] or "").strip())
    return sections


def _condition(written: str) -> tuple[str, float] | None:
    found = _CONDITION.fullmatch(written)
    return (found[1], real(found[2])) if found else None

"""Days as people write them, so that a date is graded as one and not by its first number."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

_MONTHS = {
    1: "january jan januar januari janvier enero gennaio janeiro",
    2: "february feb februar février fevrier febrero febbraio fevereiro",
    3: "march mar märz maerz mars marzo março",
    4: "april apr avril abril aprile",
    5: "may mai mayo maggio maio",
    6: "june jun juni juin junio giugno junho",
    7: "july jul juli juillet julio luglio julho",
    8: "august aug août aout agosto",
    9: "september sept sep septembre septiembre settembre setembro",
    10: "october oct oktober okt octobre octubre ottobre outubro",
    11: "november nov novembre noviembre novembro",
    12: "december dec dezember dez décembre decembre diciembre dicembre dezembro",
}
MONTHS = {name: month for month, names in _MONTHS.items() for name in names.split()}
_NAME = "|".join(sorted(MONTHS, key=len, reverse=True))
_DATE = re.compile(
    rf"\b(?P<y1>\d{{4}})-(?P<m1>\d{{1,2}})-(?P<d1>\d{{1,2}})\b"
    rf"|(?P<y2>\d{{4}})\s?年\s?(?P<m2>\d{{1,2}})\s?月\s?(?P<d2>\d{{1,2}})\s?日"
    rf"|\b(?P<d3>\d{{1,2}})(?:st|nd|rd|th|\.|er)?\s(?:day\sof\s|of\s|de\s)?(?P<m3>{_NAME})\b\.?"
    rf"(?:,?\s(?:de\s|del\s)?(?P<y3>\d{{4}})\b)?"
    rf"|\b(?P<m4>{_NAME})\b\.?\s(?P<d4>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?\s(?P<y4>\d{{4}})\b)?",
    re.IGNORECASE,
)


class Day(NamedTuple):
    """A day of a year; None where no year is said."""

    year: int | None
    month: int
    day: int


def days(text: str) -> Iterator[Day]:
    """The days that a text names, in order; a month alone is none.

    >>> [tuple(each) for each in days("On May 1, 2026 or the 2nd of June")]
    [(2026, 5, 1), (None, 6, 2)]
    """
    for match in _DATE.finditer(unicodedata.normalize("NFKC", text)):
        found = {name[0]: value for name, value in match.groupdict().items() if value}
        month = found["m"].lower()
        number = int(month) if month.isdigit() else MONTHS[month]
        if 1 <= number <= 12 and 1 <= int(found["d"]) <= 31:
            yield Day(int(found["y"]) if "y" in found else None, number, int(found["d"]))


def same_day(one: Day, other: Day) -> bool:
    """Whether they name the same day; a year counts where both say it."""
    years = {one.year, other.year} - {None}
    return one[1:] == other[1:] and len(years) <= 1

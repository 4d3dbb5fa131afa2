"""What a file says of itself: its outline, its pages' labels, its title, author and dates.

pdfium is asked first, which is many times as fast; pypdf where pdfium cannot open the file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from kimiqa.reading.engines import Source, facts
from kimiqa.reading.parts import OutlineEntry, WorkerLost, WorkerRefused
from kimiqa.reading.pool import page_pool

_DATE = re.compile(
    r"(?:D:)?(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?\s*(?:([+\-Zz])(?:(\d\d)'?(?:(\d\d)'?)?)?)?.*",
    re.DOTALL,
)
_LEAST = (0, 1, 1, 0, 0, 0)
_DATES = {"creationdate": "created", "moddate": "modified"}


def outline(source: Source) -> list[OutlineEntry] | None:
    """The table of contents; None where neither engine could read it."""
    found = _asked(source, "outline")
    return None if found is None else [OutlineEntry(*entry) for entry in found]


def labels(source: Source) -> list[str] | None:
    """The printed label of each page, none where the file gives none; None where neither
    engine could read them."""
    found = _asked(source, "labels")
    return None if found is None else list(found)


def metadata(source: Source) -> dict[str, str]:
    """Title, author and so on, with `created` and `modified` as ISO dates; empty where neither
    engine could read them."""
    return dated(_asked(source, "metadata") or {})


def dated(found: Mapping[str, str]) -> dict[str, str]:
    """What an engine tells of a file, with its dates as ISO dates beside it."""
    dates = {said: iso_date(found[key]) for key, said in _DATES.items() if key in found}
    return dict(found) | {said: date for said, date in dates.items() if date}


def iso_date(said: str) -> str | None:
    """A PDF's date as ISO 8601 has it, as exact as it is; None for what is no date.

    >>> iso_date("D:20230530081502-04'00'"), iso_date("D:2015"), iso_date("yesterday")
    ('2023-05-30T08:15:02-04:00', '2015-01-01', None)
    """
    found = _DATE.fullmatch(said.strip())
    if found is None:
        return None
    numbers = [int(part or least) for part, least in zip(found.groups(), _LEAST, strict=False)]
    year, month, day, hour, minute, second = numbers
    try:
        date = datetime(year, month, day, hour, minute, second)
        if found[4] is None:
            return date.date().isoformat()
        return date.replace(tzinfo=_zone(*found.groups()[6:])).isoformat()
    except ValueError:
        return None


def _zone(sign: str | None, hours: str | None, minutes: str | None) -> timezone | None:
    if sign is None:
        return None
    away = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    return timezone(-away if sign == "-" else away)


def _asked(source: Source, about: str) -> Any:
    try:
        return page_pool().call("about", **source.key, about=about)[0]["facts"]
    except (WorkerLost, WorkerRefused):
        return facts(source, about)

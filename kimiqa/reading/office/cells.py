"""What a cell shows, as text that can be quoted."""

from __future__ import annotations

import datetime
import re
from typing import Any

_PERCENT = re.compile(r"^[0#.,]*%")
_DECIMALS = re.compile(r"\.(0+)")


def shown(value: Any, number_format: str) -> str:
    """A cell's value: dates as ISO dates, per cent where the cell shows them, no float's tail.

    >>> shown(0.1 + 0.2, "General"), shown(0.125, "0.0%"), shown(True, "General")
    ('0.3', '12.5%', 'TRUE')
    >>> shown(1234.5, "#,##0.00"), shown(7.0, "0")
    ('1234.50', '7')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime.datetime):
        midnight = value.time() == datetime.time()
        return value.date().isoformat() if midnight else value.isoformat(" ", "seconds")
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, int | float):
        return _number(value, number_format)
    return " ".join(str(value).split())


def _number(value: int | float, number_format: str) -> str:
    places = _DECIMALS.search(number_format)
    if _PERCENT.match(number_format):
        return f"{value * 100:.{len(places[1]) if places else 0}f}%"
    if places and abs(value) < 1e15:
        # As many as it is shown with, but never fewer than it has: digits are not rounded off.
        exact = f"{value:.15g}"
        held = len(exact.partition(".")[2]) if "e" not in exact else 99
        return f"{value:.{len(places[1])}f}" if held <= len(places[1]) else exact
    return str(value) if isinstance(value, int) else f"{value:.15g}"

"""What a number counts: money of a currency, or time; two that count different things differ."""

from __future__ import annotations

import re
from decimal import Decimal

_CURRENCIES = {
    "USD": r"\$|us\$|usd\b|(?:us\s)?dollars?\b",
    "EUR": r"€|eur\b|euros?\b",
    "GBP": r"£|gbp\b|pounds?(?:\ssterling)?\b",
    "CNY": r"cny\b|rmb\b|yuan\b|元|人民币",
    "JPY": r"jpy\b|yen\b|円|日元",
}
# Time by what its units are whole parts of: months make years, but no number of days makes them.
_TIMES = {
    "year": ("months", 12, r"years?\b|jahren?\b|jahre?\b|ans?\b|années?\b|años?\b|年"),
    "quarter": ("months", 3, r"quarters?\b"),
    "month": ("months", 1, r"months?\b|monate?n?\b|mois\b|mes(?:es)?\b|个月|個月"),
    "week": ("days", 7, r"weeks?\b|wochen?\b|semaines?\b|semanas?\b|周|星期"),
    "day": (
        "days",
        1,
        r"(?:business\s|working\s|calendar\s)?days?\b|tage?n?\b|jours?\b|días?\b|天",
    ),
    "hour": ("minutes", 60, r"hours?\b|stunden?\b|heures?\b|horas?\b|小时"),
    "minute": ("minutes", 1, r"minutes?\b|minuten?\b|minutos?\b|分钟"),
}
_BETWEEN = r"[\s\-\u00a0\u202f]{0,2}"
_MONEY = "|".join(f"(?P<{name}>{words})" for name, words in _CURRENCIES.items())
_TIME = "|".join(f"(?P<{name}>{words})" for name, (_, _, words) in _TIMES.items())
_AFTER = re.compile(rf"{_BETWEEN}\)?{_BETWEEN}(?:{_MONEY}|{_TIME})", re.IGNORECASE)
_BEFORE = re.compile(rf"(?:{_MONEY}|¥){_BETWEEN}\(?$", re.IGNORECASE)

Unit = tuple[str, Decimal]
"""What is counted, and how many of its smallest part one is: ("months", 12) for a year."""


def unit_of(text: str, start: int, end: int) -> Unit | None:
    """The unit of the number at `text[start:end]`; None where it says none that is known.

    >>> unit_of("6 years", 0, 1), unit_of("5 EUR", 0, 1), unit_of("5 doors", 0, 1)
    (('months', Decimal('12')), ('EUR', Decimal('1')), None)
    """
    found = _AFTER.match(text, end) or _BEFORE.search(text[max(0, start - 12) : start])
    name = found.lastgroup if found else None
    if name is None:
        return None
    if name in _TIMES:
        kind, parts, _ = _TIMES[name]
        return kind, Decimal(parts)
    return name, Decimal(1)

"""What is wrong with the user's price book, all of it at once, and what is worth a look."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path
from typing import Any

from kimiqa.errors import PriceUnknownError
from kimiqa.money import STALE_DAYS, Price
from kimiqa.pricebook import FILE, Row, content_of, rows_of
from kimiqa.saying import say


def problems(home: Path | None) -> list[PriceUnknownError]:
    """Every mistake in the book in `home`, each with its place and the next step."""
    return _read(home)[1]


def remarks(home: Path | None, today: date) -> list[str]:
    """What is not wrong but worth a look: prices that are old, undated or without a source."""
    return [
        say("[{name}] at {host}: {what}.", name=name, host=row.host, what=what)
        if row.host
        else say("[{name}]: {what}.", name=name, what=what)
        for name, row in _read(home)[0]
        if row.price
        for what in _remarks(row.price, today)
    ]


def warnings(home: Path | None) -> list[str]:
    """The rows of the book that are left out, each with its mistake, a sentence each."""
    return [say("Not used: {why}", why=each.message) for each in problems(home)]


def count(home: Path | None) -> int:
    """How many rows of the book can be used."""
    return len(_read(home)[0])


def _remarks(price: Price, today: date) -> list[str]:
    dated: list[str]
    age = price.age_days(today)
    if age is None:
        dated = [say("no day is given on which it was checked")]
    elif age < 0:
        dated = [say("it was checked on {checked}, which is still to come", checked=price.checked)]
    elif age > STALE_DAYS:
        dated = [say("it was checked {age} days ago, on {checked}", age=age, checked=price.checked)]
    else:
        dated = []
    if price.cached is not None and price.cached > price.prompt:
        dated.append(say("a cached token costs more than another"))
    return dated if price.source else [*dated, say("no source is given")]


def _read(home: Path | None) -> tuple[list[tuple[str, Row]], list[PriceUnknownError]]:
    """The rows that can be read, and what is wrong with the others."""
    if home is None or not (home / FILE).exists():
        return [], []
    path = home / FILE
    try:
        tables = tomllib.loads(content_of(path))
    except tomllib.TOMLDecodeError as error:
        return [], [
            PriceUnknownError(
                say("{path} is not valid TOML: {error}.", path=path, error=str(error)),
                "Correct that line.",
            )
        ]
    except PriceUnknownError as error:
        return [], [error]
    rows: list[tuple[str, Row]] = []
    wrong: list[PriceUnknownError] = []
    for name, value in tables.items():
        for each in value if isinstance(value, list) else [value]:
            _add(str(path), name, each, rows, wrong)
    return rows, wrong


def _add(
    file: str,
    name: str,
    value: Any,
    rows: list[tuple[str, Row]],
    wrong: list[PriceUnknownError],
) -> None:
    try:
        rows += [(name, row) for row in rows_of(file, name, value)]
    except PriceUnknownError as error:
        wrong.append(error)

"""Prices written down in TOML: the user's price book, which wins over every list.

The book is `prices.toml` in kimiqa's folder. A table names a model as the endpoint does; prices
are per million tokens and quoted, so that they stay exact:

>>> book = '''
... ["my-model"]
... prompt = "0.50"
... cached = "0.05"              # else as prompt
... completion = "2.00"
... cache_write = "0.50"         # five minutes, and cache_write_1h
... currency = "CNY"             # else USD
... context_window = 131_072
... max_output_tokens = 32_768
... host = "127.0.0.1:8000"      # else any host
... source = "our contract"
... checked = 2026-11-22
...
... [["my-model".tiers]]         # a prompt of more than so many tokens costs, as a whole:
... above = 100_000
... prompt = "1.00"
... completion = "4.00"          # cached, cache_write and cache_write_1h too
...
... ["my-model".batch]           # what the same costs in a batch
... prompt = "0.25"
... completion = "1.00"
... '''
>>> row = parse_book(book, "prices.toml")["my-model"][0]
>>> row.price.at(100_001).prompt, row.price.currency, row.context_window
(Decimal('1.00'), 'CNY', 131072)

A table may also give only a context window. Several hosts: `[["my-model"]]`, once for each. A table
with a mistake is an error for its own model alone.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from kimiqa.errors import PriceUnknownError
from kimiqa.money import Batch, Price, PriceBasis, Tier, is_amount, is_currency
from kimiqa.saying import Said, say

FILE = "prices.toml"
_AMOUNTS = ("prompt", "cached", "completion", "cache_write", "cache_write_1h")
_PRICE_KEYS = {*_AMOUNTS, "currency", "source", "checked", "tiers", "batch", "web_search"}
_KEYS = _PRICE_KEYS | {"host", "context_window", "max_output_tokens"}
_TIER_KEYS = {"above", *_AMOUNTS}
_BATCH_KEYS = {"prompt", "cached", "completion"}

Book = Mapping[str, tuple["Row", ...]]


@dataclass(frozen=True, slots=True)
class Row:
    """What the book says of a model, at one host or at any."""

    host: str | None
    price: Price | None
    context_window: int | None
    max_output_tokens: int | None
    wrong: PriceUnknownError | None = None
    """What keeps the row from being used; nothing else is known of it then."""


@dataclass(frozen=True, slots=True)
class Table:
    """A TOML table with the place it stands at, which its complaints name."""

    file: str
    name: str
    values: Mapping[str, Any]

    def wrong(self, key: str, what: Said, hint: Said) -> PriceUnknownError:
        return PriceUnknownError(
            say(
                "{file}, table [{name}], key {key}: {what}.",
                file=self.file,
                name=self.name,
                key=key,
                what=what,
            ),
            hint,
        )

    def only(self, known: set[str]) -> None:
        for key in self.values.keys() - known:
            raise self.wrong(
                key,
                say("not a key of a price"),
                say("Known keys: {keys}.", keys=", ".join(sorted(known))),
            )

    def amount(self, key: str) -> Decimal | None:
        return None if self.values.get(key) is None else self.required(key)

    def required(self, key: str) -> Decimal:
        value = self.values.get(key)
        hint = say('Write it quoted, per million tokens: {key} = "0.50".', key=key)
        if value is None:
            raise self.wrong(key, say("missing"), hint)
        if isinstance(value, float):
            raise self.wrong(key, say("{value} is not exact without quotes", value=value), hint)
        if isinstance(value, bool) or not isinstance(value, int | str):
            raise self.wrong(key, say("{value} is not an amount", value=repr(value)), hint)
        return self._decimal(key, value, hint)

    def _decimal(self, key: str, value: int | str, hint: Said) -> Decimal:
        try:
            amount = Decimal(value)
        except InvalidOperation:
            raise self.wrong(
                key, say("{value} is not an amount", value=repr(value)), hint
            ) from None
        if not is_amount(amount):
            raise self.wrong(
                key, say("{value} is not an amount of zero or more", value=repr(value)), hint
            )
        return amount

    def currency(self) -> str | None:
        code = self.text("currency")
        if code is not None and not is_currency(code):
            hint = say('Write its three letters: currency = "USD", or "CNY" for yuan.')
            raise self.wrong("currency", say("{code} is not a currency", code=repr(code)), hint)
        return code

    def whole(self, key: str) -> int | None:
        value = self.values.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise self.wrong(
                key,
                say("{value} is not a count", value=repr(value)),
                say("Write it so: {key} = 131_072.", key=key),
            )
        return value

    def text(self, key: str) -> str | None:
        value = self.values.get(key)
        if value is not None and not isinstance(value, str):
            raise self.wrong(
                key,
                say("{value} is not text", value=repr(value)),
                say('Write it so: {key} = "...".', key=key),
            )
        return value

    def day(self, key: str) -> date | None:
        value = self.values.get(key)
        try:
            return value if value is None or type(value) is date else date.fromisoformat(value)
        except (TypeError, ValueError):
            hint = say("Write it so: {key} = 2026-11-22.", key=key)
            raise self.wrong(key, say("{value} is not a day", value=repr(value)), hint) from None


def read_price(table: Table, basis: PriceBasis, currency: str | None = None) -> Price:
    """The price a table holds.

    Raises:
        PriceUnknownError: an amount is missing or not exact; the message names its place.
    """
    return Price(
        table.required("prompt"),
        table.required("completion"),
        table.amount("cached"),
        table.amount("cache_write"),
        table.amount("cache_write_1h"),
        (currency or table.currency() or "USD").upper(),
        basis,
        table.text("source") or "",
        table.day("checked"),
        tuple(_tier(each) for each in _tables(table, "tiers")),
        _batch(table),
        table.amount("web_search"),
    )


def _tier(table: Table) -> Tier:
    table.only(_TIER_KEYS)
    above = table.whole("above")
    if above is None:
        raise table.wrong("above", say("missing"), say("Write it so: above = 131_072."))
    price = read_price(table, "book")
    return Tier(
        above, price.prompt, price.completion, price.cached, price.cache_write, price.cache_write_1h
    )


def _batch(table: Table) -> Batch | None:
    value = table.values.get("batch")
    if value is None:
        return None
    if not isinstance(value, dict):
        raise table.wrong(
            "batch", say("not a table"), say('Write it so: ["{name}".batch].', name=table.name)
        )
    inner = Table(table.file, f"{table.name}.batch", value)
    inner.only(_BATCH_KEYS)
    return Batch(inner.required("prompt"), inner.required("completion"), inner.amount("cached"))


def _tables(table: Table, key: str) -> list[Table]:
    value = table.values.get(key, [])
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        hint = say('Write it so: [["{name}".{key}]].', name=table.name, key=key)
        raise table.wrong(key, say("not a list of tables"), hint)
    return [Table(table.file, f"{table.name}.{key}", each) for each in value]


def _row(table: Table) -> Row:
    table.only(_KEYS)
    priced = bool(table.values.keys() & {*_AMOUNTS, "tiers", "batch"})
    return Row(
        (table.text("host") or "").lower() or None,
        read_price(table, "book") if priced else None,
        table.whole("context_window"),
        table.whole("max_output_tokens"),
    )


def parse_book(content: str, file: str) -> Book:
    """The book's rows by model, ids in lower case."""
    try:
        tables = tomllib.loads(content)
    except tomllib.TOMLDecodeError as error:
        hint = "Correct that line, or move the file away to use the listed prices."
        raise PriceUnknownError(
            say("{file} is not valid TOML: {error}.", file=file, error=str(error)), hint
        ) from None
    return {name.lower(): _rows(file, name, value) for name, value in tables.items()}


def _rows(file: str, name: str, value: Any) -> tuple[Row, ...]:
    """A model's rows; one that cannot be read holds what is wrong with it."""
    found: list[Row] = []
    for each in value if isinstance(value, list) else [value]:
        try:
            found += rows_of(file, name, each)
        except PriceUnknownError as error:
            if not isinstance(each, dict):
                raise  # nobody can say whose it is
            host = each.get("host")
            at = host.lower() if isinstance(host, str) and host else None
            found.append(Row(at, None, None, None, error))
    return tuple(found)


def rows_of(file: str, name: str, value: Any) -> tuple[Row, ...]:
    """What the book says of one model: one table, or a list of them."""
    each = value if isinstance(value, list) else [value]
    if not all(isinstance(values, dict) for values in each):
        message = say("{file}, key {name}: it stands outside any table.", file=file, name=name)
        raise PriceUnknownError(message, say('Put prices under a model: ["{name}"].', name=name))
    return tuple(_row(Table(file, name, values)) for values in each)


def read_book(home: Path | None) -> Book:
    """The book in `home`; empty where there is none."""
    if home is None:
        return {}
    path = home / FILE
    try:
        stamp = path.stat()
    except OSError:
        return {}
    return _parsed(path, stamp.st_mtime_ns, stamp.st_size)


@lru_cache(maxsize=4)
def _parsed(path: Path, _changed: int, _size: int) -> Book:
    return parse_book(content_of(path), str(path))


def content_of(path: Path) -> str:
    """The book's text.

    Raises:
        PriceUnknownError: it may not be read, or is not text.
    """
    try:
        return path.read_text(encoding="utf-8-sig")  # Notepad writes a mark at the start
    except (OSError, UnicodeDecodeError) as error:
        hint = "Save it as UTF-8 text that you may read."
        raise PriceUnknownError(
            say("{path} cannot be read: {kind}.", path=path, kind=type(error).__name__), hint
        ) from None


def find_row(book: Book, model_id: str, base_url: str | None) -> Row | None:
    """The row for a model at a host: one that names the host goes before one that names none."""
    rows = book.get(model_id.lower(), ())
    parts = urlsplit(base_url or "")
    hosts = {parts.hostname, parts.netloc.rpartition("@")[2].lower()} - {None, ""}
    named = [row for row in rows if row.host in hosts]
    return next(iter(named or [row for row in rows if row.host is None]), None)

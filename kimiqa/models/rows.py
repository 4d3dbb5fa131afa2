"""kimiqa's own dated rows, from `data/models.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Any

from kimiqa.models.model import EMBEDDED_HOST, Model
from kimiqa.money import Price
from kimiqa.pricebook import Table, read_price
from kimiqa.tokens import vocabulary_for


@cache
def data() -> dict[str, Any]:
    """The file, read once."""
    file = resources.files("kimiqa").joinpath("data", "models.toml")
    return tomllib.loads(file.read_text(encoding="utf-8"))


def names() -> list[str]:
    """The current models of Kimi's platform, the default first."""
    return list(data()["models"])


def is_own(host: str | None) -> bool:
    """Whether the host is Kimi's own, or none was named and the maker's is meant."""
    return host in (None, EMBEDDED_HOST) or host in data()["hosts"]


def currency_at(host: str | None) -> str:
    """What Kimi's platform bills at this host; dollars everywhere else."""
    return str(data()["hosts"].get(host, "USD"))


def bare(model_id: str) -> str:
    """The id without the maker or account that resellers put before it.

    >>> bare("accounts/fireworks/models/Kimi-K3")
    'kimi-k3'
    """
    return model_id.lower().rsplit("/", 1)[-1]


def is_kimi(model_id: str) -> bool:
    return bare(model_id).startswith(("kimi", "moonshot"))


def describe(model_id: str, name: str) -> Model:
    """The model `name` without a price: what it holds and can do, by its row and its family."""
    row = data()["models"].get(name, {})
    fitting = [each for each in data()["families"] if name.startswith(each["start"])]
    traits = dict(max(fitting, key=lambda each: len(each["start"]), default={}))
    traits.pop("start", None)
    traits["efforts"] = tuple(traits.get("efforts", ()))
    vocabulary, margin = vocabulary_for(name)
    return Model(
        model_id,
        vendor="moonshotai" if is_kimi(name) else None,
        context_window=row.get("context_window"),
        max_output_tokens=row.get("max_output_tokens"),
        vocabulary=vocabulary,
        margin=margin,
        **traits,
    )


def own_price(name: str, currency: str) -> Price | None:
    """The dated price of one of Kimi's current models."""
    values = data()["models"].get(name, {}).get(currency)
    if values is None:
        return None
    table = Table("models.toml", f"{name}.{currency}", values)
    price = read_price(table, "listed", currency)
    search = data()["web_search"].get(currency)
    return replace(price, web_search=Decimal(search["price"])) if search else price


def last_day(name: str) -> date | None:
    """The last day on which a retired model of Kimi's answered."""
    days: list[date] = [row["last_day"] for row in data()["retired"] if name in row["ids"]]
    return next(iter(days), None)

"""What providers sell that genai-prices does not list, from `data/presets.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from kimiqa.money import Price
from kimiqa.pricebook import Table, read_price


@dataclass(frozen=True, slots=True)
class Preset:
    """A model as a provider sells it. None: not known."""

    id: str
    context_window: int | None
    max_output_tokens: int | None
    price: Price | None
    source: str


def preset_at(host: str | None, model_id: str) -> Preset | None:
    """The model at a host.

    >>> preset_at("open.bigmodel.cn", "GLM-5.3").price.currency
    'CNY'
    """
    return _at(host).get(model_id.lower())


def ids_at(host: str | None) -> list[str]:
    """The ids that are known at a host, the ones to begin with first."""
    return [each.id for each in _at(host).values()]


@cache
def hosts() -> frozenset[str]:
    """Every host of which a model is known."""
    return frozenset(host for row in _rows() for host in row["hosts"])


@cache
def _at(host: str | None) -> Mapping[str, Preset]:
    found = (_preset(row) for row in _rows() if host in row["hosts"])
    return {each.id.lower(): each for each in found}


@cache
def _rows() -> list[dict[str, Any]]:
    file = resources.files("kimiqa").joinpath("data", "presets.toml")
    rows: list[dict[str, Any]] = tomllib.loads(file.read_text(encoding="utf-8"))["preset"]
    return rows


def _preset(row: Mapping[str, Any]) -> Preset:
    table = Table("presets.toml", row["id"], row)
    return Preset(
        row["id"],
        table.whole("context_window"),
        table.whole("max_output_tokens"),
        read_price(table, "listed") if "prompt" in row else None,
        row["source"],
    )

"""Caps per currency: the tables `[caps.CNY]` of `settings.toml`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from kimiqa.errors import BadRequestError
from kimiqa.money import is_currency
from kimiqa.saying import say

CAPS = {
    "question": "max_cost",
    "conversation": "conversation_cap",
    "day": "day_cap",
    "month": "month_cap",
    "labels": "label_caps",
    "confirm_above": "confirm_above",
}
"""What a table may name, and the same outside of a table, in the settings' own currency."""


def checked_caps(
    tables: object, checked: Callable[[str, object], Any], path: Path
) -> dict[str, dict[str, Any]]:
    """The caps by currency, each as the setting of the same meaning is checked.

    Raises:
        BadRequestError: there is no such cap or currency, or an amount is none. A broken cap
            is never taken for no cap.
    """
    if not isinstance(tables, Mapping) or not all(
        isinstance(caps, Mapping) for caps in tables.values()
    ):
        raise BadRequestError(
            say("caps in {path} is no table of currencies.", path=path),
            'Write [caps.CNY] and question = "15.00".',
        )
    found: dict[str, dict[str, Any]] = {}
    for currency, caps in tables.items():
        _known(currency, caps, path)
        if currency.upper() in found:
            raise BadRequestError(
                say(
                    "{path} has two tables of caps in {currency}.",
                    path=path,
                    currency=currency.upper(),
                ),
                "Keep one of the two.",
            )
        found[currency.upper()] = {name: checked(CAPS[name], value) for name, value in caps.items()}
    return found


def _known(currency: str, caps: Mapping[str, object], path: Path) -> None:
    if not is_currency(currency):
        raise BadRequestError(
            say("[caps.{currency}] in {path} names no currency.", currency=currency, path=path),
            "Write its three letters: [caps.USD], or [caps.CNY] for yuan.",
        )
    for name in caps.keys() - CAPS.keys():
        raise BadRequestError(
            say(
                "{name} under [caps.{currency}] in {path} is no cap.",
                name=name,
                currency=currency,
                path=path,
            ),
            say("Caps are {caps}.", caps=", ".join(CAPS)),
        )

"""What genai-prices lists: who sells at a host, who made a model, and at what price."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from kimiqa.models import updates
from kimiqa.models.rows import data
from kimiqa.money import Price, Tier

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, ModelPrice, Provider

# Who makes models, not who resells them: at an unknown host a model has its maker's price.
_MAKERS = (
    "moonshotai", "deepseek", "openai", "anthropic", "google", "x-ai", "mistral", "minimax",
    "zai", "cohere", "meta",
)  # fmt: skip
_SNAPSHOT = re.compile(r"[-@](latest|\d{4}|\d{8}|\d{4}-\d{2}-\d{2})")


@dataclass(frozen=True, slots=True)
class Entry:
    """One model in one seller's list. None: the list does not say."""

    seller: str
    price: Price | None
    context_window: int | None
    deprecated: bool
    by_hour: bool
    """Whether the price changes with the hour of the day."""


# A release, and whom it knows -------------------------------------------------------------------


_home: ContextVar[Path | None] = ContextVar("home", default=None)


@contextmanager
def lists_of(home: Path | None) -> Iterator[None]:
    """Read the lists that were fetched into `home`, where they are later than the package's."""
    before = _home.set(home)
    try:
        yield
    finally:
        _home.reset(before)


def _fetched() -> updates.Lists | None:
    """The lists fetched, unless the package installed since then may be later."""
    lists = updates.kept(_home.get())
    return lists if lists and lists.day > data()["data_to"] else None


def is_newer_than_rows() -> bool:
    """Whether the lists are later than those our own rows were compared with."""
    return _fetched() is not None or _release() > _parts(data()["checked_against"])


@cache
def _release() -> tuple[int, ...]:
    from importlib.metadata import version  # here, for prices of our own rows need none

    return _parts(version("genai-prices"))


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def _providers() -> Sequence[Provider]:
    fetched = _fetched()
    return fetched.providers if fetched else _packaged()


@cache
def _packaged() -> Sequence[Provider]:
    from genai_prices.data import providers  # a quarter of a second, which Kimi's models spare

    return providers


def seller_at(base_url: str) -> Provider | None:
    """Who is known to sell at this host; at a bare address or on this machine, nobody."""
    parts = urlsplit(base_url)
    if not re.search(r"\.[a-z]+$", parts.hostname or ""):
        return None
    url = f"https://{parts.hostname}{parts.path}"
    return next((each for each in _providers() if _is_at(each, url)), None)


def _is_at(provider: Provider, url: str) -> bool:
    found = re.match(provider.api_pattern, url)
    if found is None:
        return False
    # A pattern may end inside a name: api.openai.com.example.net is not api.openai.com.
    return "/" in (url + "/")[found.end() - 1 : found.end() + 1]


# Entries ----------------------------------------------------------------------------------------


def made(name: str, now: datetime) -> Entry | None:
    """The entry of a model in its maker's list."""
    makers = sorted(
        (each for each in _providers() if each.id in _MAKERS),
        key=lambda provider: _MAKERS.index(provider.id),
    )
    return next(filter(None, (_entry(maker, name, now) for maker in makers)), None)


def sold(seller: Provider, model_id: str, now: datetime) -> Entry | None:
    """The entry in a seller's list, or where it refers to the makers' lists, theirs, assumed."""
    if entry := _entry(seller, model_id, now):
        return entry
    referred = seller.fallback_model_providers or ()
    for provider in (each for each in _providers() if each.id in referred):
        if entry := _entry(provider, model_id, now):
            price = replace(entry.price, basis="assumed") if entry.price else None
            return replace(entry, price=price)
    return None


def ids_of(seller: Provider) -> list[str]:
    """The ids a seller takes for its current models."""
    return [_wire_id(info) for info in seller.models if not info.deprecated]


def _wire_id(info: ModelInfo) -> str:
    if info.is_match(info.id):
        return info.id
    rules: list[Any] = getattr(info.match, "or_", [info.match])
    return next((rule.equals for rule in rules if hasattr(rule, "equals")), info.id)


def _entry(provider: Provider, name: str, now: datetime) -> Entry | None:
    info = _find(provider, name.lower())
    if info is None:
        return None
    rules = info.prices if isinstance(info.prices, list) else []
    by_hour = any(hasattr(rule.constraint, "start_time") for rule in rules)
    price = _price(info, provider, now)
    if price and by_hour:
        price = replace(price, hours=_other_hours(price, info, provider, now))
    return Entry(provider.id, price, info.context_window, bool(info.deprecated), by_hour)


def _other_hours(
    price: Price, info: ModelInfo, provider: Provider, now: datetime
) -> tuple[Price, ...]:
    """The other prices of a day from `now` on, each once."""
    later = (now + timedelta(minutes=30 * step) for step in range(1, 48))
    found = (_price(info, provider, each) for each in later)
    return tuple(dict.fromkeys(each for each in found if each and each != price))


def _find(provider: Provider, name: str) -> ModelInfo | None:
    """The entry for exactly this id, or for the model that this id is a dated snapshot of."""
    exact = (info for info in provider.models if _is_named(info.match, name))
    dated = (info for info in provider.models if _is_snapshot(info, name))
    return next(exact, None) or next(dated, None)


def _is_named(match: Any, name: str) -> bool:
    """Whether a rule of the package names this id. Its rules on a part of an id are left out:
    they would give a new model the price of the one its name begins like."""
    if hasattr(match, "or_"):
        return any(_is_named(each, name) for each in match.or_)
    if hasattr(match, "equals"):
        return bool(match.equals.lower() == name)
    anchored = hasattr(match, "regex") and match.regex.startswith("^") and match.regex.endswith("$")
    return bool(anchored and match.is_match(name))


def _is_snapshot(info: ModelInfo, name: str) -> bool:
    known = info.id.lower()
    rest = name[len(known) :]
    return (
        name.startswith(known)
        and info.is_match(name)
        and (not rest or _SNAPSHOT.fullmatch(rest) is not None)
    )


# Prices -----------------------------------------------------------------------------------------


def _price(info: ModelInfo, provider: Provider, now: datetime) -> Price | None:
    """The price that holds now; None where it has parts that tokens do not measure."""
    prices = info.get_prices(now)
    prompt, completion = _at(prices.input_mtok, 0), _at(prices.output_mtok, 0)
    if prompt is None or completion is None or prices.requests_kcount:
        return None
    return Price(
        prompt,
        completion,
        _at(prices.cache_read_mtok, 0),
        _at(prices.cache_write_mtok, 0),
        _at(prices.cache_write_1h_mtok, 0),
        source=(provider.pricing_urls or ["genai-prices"])[0],
        checked=_checked(),
        tiers=tuple(_tiers(prices)),
    )


def _checked() -> date | None:
    """How far the dated prices of the lists reach."""
    if fetched := _fetched():
        return fetched.day
    as_compared = _release() == _parts(data()["checked_against"])
    day: date = data()["data_to"]
    return day if as_compared else None


def _tiers(prices: ModelPrice) -> Iterator[Tier]:
    parts = (
        prices.input_mtok,
        prices.output_mtok,
        prices.cache_read_mtok,
        prices.cache_write_mtok,
        prices.cache_write_1h_mtok,
    )
    starts = {tier.start for part in parts for tier in getattr(part, "tiers", ())}
    for start in sorted(starts):
        prompt, completion, *cache = (_at(part, start + 1) for part in parts)
        if prompt is not None and completion is not None:
            yield Tier(start, prompt, completion, *cache)


def _at(price: Any, prompt_tokens: int) -> Decimal | None:
    """What a price with or without tiers is for a prompt of this size."""
    if price is None or isinstance(price, Decimal):
        return price
    crossed = [tier for tier in price.tiers if prompt_tokens > tier.start]
    amount: Decimal = max(crossed, key=lambda tier: tier.start).price if crossed else price.base
    return amount

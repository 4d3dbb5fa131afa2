"""Models: what they hold, what they can do, and what they cost. The only door to genai-prices.

Who knows best goes first: the user's price book, then what the endpoint itself said it offers,
then kimiqa's own dated rows (`data/models.toml`), then genai-prices. A price holds for a host:
the vendor's own list there is "listed"; at a host nobody lists (a proxy, this machine) the
vendor's price is "assumed". What is not known is None, never zero and never a near name's price.

>>> get_model("kimi-k3").price.completion
Decimal('15.00')
>>> get_model("no-such-model").price is None
True
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from kimiqa import offers
from kimiqa.errors import PriceUnknownError
from kimiqa.models import listed, presets, rows
from kimiqa.models.model import EMBEDDED_HOST, LOCAL, Model
from kimiqa.money import Price, PriceBasis
from kimiqa.pricebook import find_row, read_book
from kimiqa.saying import say
from kimiqa.settings import local_provider

__all__ = ["LOCAL", "Model", "all_models", "get_model", "refresh", "sells"]


def get_model(
    model_id: str,
    *,
    base_url: str | None = None,
    home: Path | None = None,
    listing: Sequence[Any] | None = None,
    today: date | None = None,
    strict: bool = True,
) -> Model:
    """The model as it is at `base_url`, or at its vendor's own host where none is named.

    `listing` is the endpoint's `GET /v1/models`, else the one `refresh` kept in `home`;
    `today` may be a datetime too, for prices that change with the hour. A model whose row in the
    price book has a mistake has no price where the call is not `strict`.

    Raises:
        PriceUnknownError: the price book, or this model's row in it, cannot be read; the message
            names the place.
    """
    if model_id == LOCAL.id and _host(base_url) in (None, EMBEDDED_HOST):
        return LOCAL
    offered = _offers(base_url, home, listing)
    with listed.lists_of(home):
        known = _known(model_id, base_url, _moment(today))
    return _finished(known, base_url, home, offered, strict=strict)


def all_models(
    base_url: str | None = None, home: Path | None = None, *, today: date | None = None
) -> list[Model]:
    """The models to choose from, Kimi's first: those `base_url` offers, else Kimi's current
    ones, those of the price book, and the embedded one."""
    if _host(base_url) == EMBEDDED_HOST:
        return [LOCAL]
    now, offered = _moment(today), _offers(base_url, home, None)
    with listed.lists_of(home):
        ids = dict.fromkeys([*_ids(base_url, offered), *_of_book(home, base_url)])
        known = [_known(each, base_url, now) for each in ids]
    found = [_finished(model, base_url, home, offered) for model in known]
    current = [model for model in found if model.offered or not model.deprecated]
    current.sort(key=lambda model: not rows.is_kimi(model.id))
    return current if base_url else [*current, LOCAL]


def sells(base_url: str) -> bool:
    """Whether there is a list of the models that are sold at `base_url`."""
    host = _host(base_url)
    return rows.is_own(host) or host in presets.hosts() or listed.seller_at(base_url) is not None


def refresh(
    listing: Sequence[Any], base_url: str, home: Path | None, *, now: datetime | None = None
) -> list[Model]:
    """Keep in `home` what an endpoint's `GET /v1/models` listed, and give those models."""
    if home is not None:
        offers.keep(listing, base_url, home, now=now)
        return all_models(base_url, home, today=now)
    offered = offers.read_listing(listing)
    found = [_known(each.id, base_url, _moment(now)) for each in offered]
    return [_finished(model, base_url, home, offered) for model in found]


# What is known of a model before its endpoint or the user is asked ------------------------------


def _known(model_id: str, base_url: str | None, now: datetime) -> Model:
    host = _host(base_url)
    own = rows.is_own(host)
    # Kimi's own hosts take an id as it stands; others put its maker before it.
    name = model_id.lower() if host and own else rows.bare(model_id)
    model = rows.describe(model_id, name)
    if preset := presets.preset_at(host, model_id):
        return _preset(model, preset)
    if host in rows.data()["hosts_billed_otherwise"]:
        return replace(model, note=say("{host} bills by a list that is not known here.", host=host))
    seller = None if own or base_url is None else listed.seller_at(base_url)
    if seller is None:
        return _retired(_from_maker(model, name, base_url, now), name, now)
    entry = listed.sold(seller, model_id, now)
    return _described(model, entry, entry.price if entry else None)


def _preset(model: Model, preset: presets.Preset) -> Model:
    """As the provider sells it, by the rows of our own."""
    return replace(
        model,
        price=preset.price,
        context_window=preset.context_window or model.context_window,
        max_output_tokens=preset.max_output_tokens or model.max_output_tokens,
        note="" if preset.price else say("Its price is not known: add one to your book."),
    )


def _from_maker(model: Model, name: str, base_url: str | None, now: datetime) -> Model:
    """The model at its maker's price: listed at the maker's host, else assumed."""
    host = _host(base_url)
    basis: PriceBasis = "listed" if rows.is_own(host) else "assumed"
    currency = rows.currency_at(host)
    needed = name not in rows.names() or listed.is_newer_than_rows()
    entry = listed.made(name, now) if needed else None
    # The package has no list in yuan: it gives dollars for that host too, which would be wrong.
    theirs = entry.price if entry and currency == "USD" else None
    price = _newer(rows.own_price(name, currency), theirs)
    model = _described(model, entry, replace(price, basis=basis) if price else None)
    if price is None and currency != "USD" and model.context_window:
        return replace(
            model,
            note=say(
                "No price in {currency} is known for it: add one to your book.", currency=currency
            ),
        )
    if price is None and base_url and (server := local_provider(base_url)):
        return replace(
            model,
            note=say("{server}, lists no price: give one in your book, also 0.", server=server),
        )
    return model


def _newer(own: Price | None, theirs: Price | None) -> Price | None:
    """Our own dated row, unless a later release of the package says otherwise."""
    if own is None or theirs is None:
        return own or theirs
    ours_, theirs_ = (
        (price.prompt, price.cached, price.completion, price.tiers) for price in (own, theirs)
    )
    return own if ours_ == theirs_ else theirs


def _described(model: Model, entry: listed.Entry | None, price: Price | None) -> Model:
    if entry is None:
        return replace(model, price=price)
    return replace(
        model,
        price=price,
        vendor=model.vendor or entry.seller,
        context_window=entry.context_window or model.context_window,
        deprecated=entry.deprecated,
        note=say("Its price changes with the hour of the day.") if entry.by_hour else "",
    )


def _retired(model: Model, name: str, now: datetime) -> Model:
    """With the warning that a model is gone or going, where it is."""
    last = rows.last_day(name)
    if last and now.date() > last:
        note = say("{name} was retired after {last}: choose another model.", name=name, last=last)
        return replace(model, deprecated=True, note=note)
    return model


# What the endpoint says, and what the user says -------------------------------------------------


def _offers(
    base_url: str | None, home: Path | None, listing: Sequence[Any] | None
) -> Sequence[offers.Offer] | None:
    if listing is not None:
        return offers.read_listing(listing)
    kept = offers.kept(base_url, home)
    return kept.models if kept else None


def _finished(
    model: Model,
    base_url: str | None,
    home: Path | None,
    offered: Sequence[offers.Offer] | None,
    *,
    strict: bool = False,
) -> Model:
    """With what the endpoint offers, and then with what the user's price book says."""
    if offered is not None:
        model = _offered(model, offered)
    row = find_row(read_book(home), model.id, base_url)
    if row is None:
        return model
    if row.wrong:
        if strict:
            raise PriceUnknownError(row.wrong.message, row.wrong.hint)
        return replace(model, price=None, note=row.wrong.message)
    return replace(
        model,
        price=row.price or model.price,
        context_window=row.context_window or model.context_window,
        max_output_tokens=row.max_output_tokens or model.max_output_tokens,
    )


def _offered(model: Model, offered: Sequence[offers.Offer]) -> Model:
    offer = next((each for each in offered if each.id.lower() == model.id.lower()), None)
    if offer is None:
        return replace(model, offered=False)
    window = offer.context_window or model.context_window
    pictures = model.pictures if offer.pictures is None else offer.pictures
    return replace(model, offered=True, context_window=window, pictures=pictures)


def _ids(base_url: str | None, offered: Sequence[offers.Offer] | None) -> list[str]:
    """The ids to choose from at a host: as it listed them, else as its seller does."""
    if offered:
        return [offer.id for offer in offered]
    if base_url is None or rows.is_own(_host(base_url)):
        return rows.names()
    own = presets.ids_at(_host(base_url))
    seller = listed.seller_at(base_url)
    if seller:
        known = {each.lower() for each in own}
        return [*own, *(each for each in listed.ids_of(seller) if each.lower() not in known)]
    # Who runs a server of one's own knows what it holds; a list of Kimi's would be a guess.
    return own or ([] if local_provider(base_url) else rows.names())


def _of_book(home: Path | None, base_url: str | None) -> list[str]:
    book = read_book(home)
    return [name for name in book if find_row(book, name, base_url)]


def _host(base_url: str | None) -> str | None:
    return urlsplit(base_url).hostname if base_url else None


def _moment(today: date | None) -> datetime:
    if isinstance(today, datetime):
        return today
    return datetime.combine(today, time(12), UTC) if today else datetime.now(UTC)

"""What the provider's cache holds: for how long, and when to ask for longer."""

from __future__ import annotations

import time

import streamlit as st

from kimiqa import caching
from kimiqa.plan import Way
from kimiqa.ui import desk, live, ways
from kimiqa.ui.state import State
from kimiqa.ui.text import escape
from kimiqa.ui.words import _

LIFETIMES = {"": "Five minutes", caching.ONE_HOUR: "An hour"}


def show(state: State, way: Way) -> None:
    """How long the cache holds what this way would read from it; it counts down by itself."""
    if not (way.warm_until and ways.is_warm(way)):
        return
    left = way.warm_until - time.time()
    if left > 0:
        label, over = _("cache warm for about"), _("The cache has cooled; pricing again …")
        live.countdown("warmth", left, label, over, lambda: desk.forget_prices(state))


def offer(state: State, way: Way) -> None:
    """The one-hour lifetime, where the last day's pauses say that it would have paid."""
    setup = desk.setup(state)
    if setup.embedded or not setup.model.cache_ttl_1h:
        return
    pauses = setup.ledger.pauses(setup.host, setup.model.id, state.documents)
    said = caching.hour_offer(setup.model, way.estimate.prompt_tokens, pauses)
    if said:
        st.caption(escape(said))


def offered(state: State) -> bool:
    """Whether the model sells more than one lifetime."""
    model = desk.model(state)
    price = model.price
    return bool(model.cache_ttl_1h) and price is not None and price.cache_write_1h is not None


def chosen(state: State) -> str:
    """What is chosen, in words."""
    return _("cached for an hour") if state.choices.lifetime else ""


def choice(state: State) -> None:
    """The lifetime to ask for."""
    names, key = list(LIFETIMES), f"lifetime-{desk.model(state).id}"

    def changed() -> None:
        state.choices.lifetime = st.session_state[key] or ""

    st.radio(
        _("Keep the prompt cached for"),
        names,
        index=names.index(state.choices.lifetime),
        format_func=lambda name: _(LIFETIMES[name]),
        key=key,
        horizontal=True,
        help=_(
            "An hour costs more to write; it pays where questions come over five minutes apart."
        ),
        on_change=changed,
    )

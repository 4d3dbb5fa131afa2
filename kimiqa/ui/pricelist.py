"""The prices that quotes rest on: from where, from when, and whether they are old."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import streamlit as st

from kimiqa.models import Model, get_model
from kimiqa.money import STALE_DAYS, Price
from kimiqa.ui import desk
from kimiqa.ui.state import State
from kimiqa.ui.sums import table
from kimiqa.ui.text import escape, money
from kimiqa.ui.words import _, counted

SHOWN = 12


def show(state: State) -> None:
    """The models of this endpoint, the one in use first."""
    st.subheader(_("Prices per million tokens"), anchor=False)
    models = _models(state)
    if not models:
        st.caption(_("No model of this endpoint has a price."))
        return
    head = ["Model, age of its price", "Prompt", "Cached", "Answer"]
    rows = [_row(model) for model in models[:SHOWN]]
    st.markdown(table([_(each) for each in head], rows, numbers=range(1, 4)))
    if len(models) > SHOWN:
        more = counted(len(models) - SHOWN, "more model", "more models")
        st.caption(escape(f"{more}: `kimiqa prices`"))
    _about(models[0])
    _old(models)


def _models(state: State) -> list[Model]:
    """Those that can be chosen, at the prices of this endpoint."""
    setup = desk.setup(state)
    base_url = setup.beside().target.base_url if setup.embedded else setup.target.base_url
    names = [each for each in desk.models(state) if each != "local"]
    return [
        setup.model
        if each == setup.model.id
        else get_model(each, base_url=base_url, home=setup.home)
        for each in names
    ]


def _row(model: Model) -> list[str]:
    """The age beside the name: for a fifth column a telephone has no room."""
    price = model.price
    if price is None:
        return [model.id, _("unknown"), "–", "–"]
    return [
        f"{model.id}, {_age(price)}",
        money(price.prompt, price.currency),
        _or_dash(price.cached, price),
        money(price.completion, price.currency),
    ]


def _or_dash(amount: Decimal | None, price: Price) -> str:
    return "–" if amount is None else money(amount, price.currency)


def _age(price: Price) -> str:
    age = price.age_days(date.today())
    if age is None or price.checked is None:
        return _("no date")
    told = counted(age, "day", "days")
    return _("{age} (old)").format(age=told) if price.stale(date.today()) else told


def _about(model: Model) -> None:
    """Where the price in use comes from."""
    price = model.price
    if price is not None and price.source:
        day = _("checked on {day}").format(day=price.checked) if price.checked else ""
        facts = ", ".join(filter(None, (_(price.basis), day, price.source)))
        st.caption(escape(f"{model.id}: {facts}"))


def _old(models: list[Model]) -> None:
    old = [each.id for each in models if each.price and each.price.stale(date.today())]
    if old:
        said = _(
            "Checked more than {days} days ago: {models}. `kimiqa prices --update` fetches later "
            "lists."
        ).format(days=STALE_DAYS, models=", ".join(old))
        st.warning(escape(said), icon=":material/schedule:")

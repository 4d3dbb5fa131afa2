"""Caps and effort: how much a question, a day and a month may cost, beside what they have cost."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import streamlit as st

from kimiqa.amounts import amount
from kimiqa.errors import KimiqaError
from kimiqa.ledger import Period
from kimiqa.settings import Settings, home_folder, save_settings
from kimiqa.settings.files import EFFORTS
from kimiqa.setup import usual_budget
from kimiqa.ui import desk, quotes
from kimiqa.ui.calm import show_error
from kimiqa.ui.state import State
from kimiqa.ui.sums import beside, spent
from kimiqa.ui.text import escape, money
from kimiqa.ui.words import _, told


def show(state: State, settings: Settings) -> None:
    """The caps and the effort, and under them what was spent beside them."""
    _caps(settings)
    _standing(state)


def _caps(settings: Settings) -> None:
    st.subheader(_("Money and effort"), anchor=False)
    currency = settings.currency
    unit = escape(currency)
    with st.form("caps", border=False):
        question, day, month = st.columns(3)
        max_cost = _amount(
            question,
            _("Per question ({currency})").format(currency=escape(currency)),
            settings.max_cost,
        )
        day_cap = _amount(day, _("Per day ({currency})").format(currency=unit), settings.day_cap)
        month_cap = _amount(
            month, _("Per month ({currency})").format(currency=unit), settings.month_cap
        )
        effort = st.selectbox(_("Effort"), EFFORTS, index=EFFORTS.index(settings.effort))
        if st.form_submit_button(_("Save caps")):
            _save_caps(settings, max_cost, day_cap, month_cap, effort)
    others = [each for each in usual_budget(settings).everywhere() if each.currency != currency]
    caps = ", ".join(told(cap) for each in others for cap in each.in_words()) or _("none")
    words = _("Caps in other currencies, from settings.toml or as usual: {caps}")
    st.caption(escape(words.format(caps=caps)))


def _amount(place: st.delta_generator.DeltaGenerator, label: str, value: Decimal | None) -> str:
    shown = "" if value is None else format(value, "f")
    return place.text_input(label, value=shown, placeholder=_("no cap")) or ""


def _save_caps(settings: Settings, max_cost: str, day: str, month: str, effort: str) -> None:
    try:
        caps = [amount(each.strip()) if each.strip() else None for each in (max_cost, day, month)]
        changed = replace(
            settings, max_cost=caps[0], day_cap=caps[1], month_cap=caps[2], effort=effort
        )
        save_settings(changed, home_folder())
    except KimiqaError as error:
        show_error(error)
    else:
        st.success(_("Saved."))


def _standing(state: State) -> None:
    """Spent today and this month beside the caps, and how good the quotes were; more is under
    Money."""
    setup = desk.setup(state)
    unit, ledger = setup.budget.currency, setup.ledger
    sums: tuple[tuple[str, Period, Decimal | None], ...] = (
        (_("Today"), "day", setup.budget.day),
        (_("This month"), "month", setup.budget.month),
    )
    for column, (label, period, cap) in zip(st.columns(2), sums, strict=True):
        known, unknown = spent(ledger, period, unit)
        column.metric(label, escape(money(known, unit)))
        column.caption(escape(beside(unknown, cap, unit)))
    st.caption(escape(quotes.accuracy_line(ledger.accuracy())))

    def to_money() -> None:
        state.view = "money"

    st.button(_("See what it was for"), key="to-money", type="tertiary", on_click=to_money)

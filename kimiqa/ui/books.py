"""Money: spent when and for what, the caps, how good the quotes were, what is left."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import streamlit as st

from kimiqa.errors import KimiqaError
from kimiqa.ledger import Ledger
from kimiqa.ledger.spending import groups
from kimiqa.ui import booked, charts, crossing, desk, elsewhere, pricelist, quotes
from kimiqa.ui.calm import calm, show_error
from kimiqa.ui.state import State, ready
from kimiqa.ui.sums import amounts, beside, spent
from kimiqa.ui.text import escape, money
from kimiqa.ui.words import _, counted

DAYS = 30


def show(state: State) -> None:
    """The books, from the sums to the single call."""
    st.header(_("Money"), anchor=False)
    calm(_sums)(state)
    calm(_days)(state)
    calm(booked.show)(state)
    calm(elsewhere.show)(state)
    calm(quotes.show)(_ledger(state))
    calm(_balance)(state)
    calm(pricelist.show)(state)
    if ready(state):
        calm(crossing.show)(state)


def _ledger(state: State) -> Ledger:
    return desk.client(state).ledger


# Sums -------------------------------------------------------------------------------------------


def _sums(state: State) -> None:
    budget, ledger = desk.setup(state).budget, _ledger(state)
    unit = budget.currency
    today, month, always = st.columns(3)
    _sum(today, _("Today"), spent(ledger, "day", unit), budget.day, unit)
    _sum(month, _("This month"), spent(ledger, "month", unit), budget.month, unit)
    with always.container(border=True):
        st.metric(_("Since the beginning"), escape(amounts(ledger.totals() or {unit: Decimal(0)})))
        st.caption(escape(counted(len(ledger.calls()), "call", "calls")))
    cap = _("no cap") if budget.question is None else money(budget.question, unit)
    st.caption(escape(_("Cap per question: {cap}").format(cap=cap)))


def _sum(
    place: st.delta_generator.DeltaGenerator,
    label: str,
    sums: tuple[Decimal, Decimal],
    cap: Decimal | None,
    unit: str,
) -> None:
    known, unknown = sums
    with place.container(border=True):
        st.metric(label, escape(money(known, unit)))
        st.caption(escape(beside(unknown, cap, unit)))
        if cap is not None:
            st.progress(float(min(sum(sums) / cap, Decimal(1))) if cap else 1.0)


def _days(state: State) -> None:
    """The last thirty days, as a picture and in words."""
    first = date.today() - timedelta(days=DAYS - 1)
    unit = desk.setup(state).budget.currency
    by_day = {
        group.name: group.total.get(unit, Decimal(0))
        for group in groups(_ledger(state).calls(), "day")
        if group.name >= first.isoformat()
    }
    st.subheader(_("Day by day"), anchor=False)
    if not any(by_day.values()):
        st.caption(_("Nothing was spent in the last thirty days."))
        return
    names = [(first + timedelta(days=n)).isoformat() for n in range(DAYS)]
    dearest = max(by_day, key=lambda name: by_day[name])
    words = _("In the last thirty days {total}; the dearest day was {day} with {amount}.").format(
        total=money(sum(by_day.values(), Decimal(0)), unit),
        day=dearest,
        amount=money(by_day[dearest], unit),
    )
    charts.days([(name, by_day.get(name, Decimal(0))) for name in names], unit, words)
    st.caption(escape(words))


# Balance ----------------------------------------------------------------------------------------


def _balance(state: State) -> None:
    """What is left, asked only when a person asks for it."""
    if not desk.setup(state).tells_balance:
        return
    st.subheader(_("Balance"), anchor=False)
    if st.button(_("Ask the endpoint what is left"), key="balance", icon=":material/sync:"):
        try:
            desk.client(state).balance()
        except KimiqaError as error:
            show_error(error)
    noted = _ledger(state).balances(desk.setup(state).host)
    if noted:
        left = money(noted[-1].left.amount, noted[-1].left.currency)
        st.metric(escape(noted[-1].endpoint), escape(left))

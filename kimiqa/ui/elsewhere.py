"""What was used, at the prices of another model: last month, had it been asked there."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Literal, get_args

import streamlit as st

from kimiqa.models import Model, get_model
from kimiqa.repricing import Repriced, reprice
from kimiqa.ui import desk
from kimiqa.ui.state import State
from kimiqa.ui.sums import amounts
from kimiqa.ui.text import escape, money
from kimiqa.ui.words import _, counted

Span = Literal["last", "this", "ever"]
SPANS: dict[Span, str] = {
    "last": "Last month",
    "this": "This month",
    "ever": "Since the beginning",
}


def show(state: State) -> None:
    """A time and a model to choose, and what its calls would have cost there."""
    st.subheader(_("The same on another model"), anchor=False)
    row = st.container(horizontal=True)
    span = row.selectbox(
        _("Calls of"),
        get_args(Span),
        index=1,
        key="elsewhere-span",
        format_func=lambda each: _(SPANS[each]),
        width=240,
    )
    names = [each for each in desk.models(state) if each != "local"]
    name = row.selectbox(
        _("Priced on"), names, key="elsewhere-model", accept_new_options=True, width=320
    )
    if name:
        since, until = times_of(span or "this", date.today())
        calls = desk.client(state).ledger.calls(since=since, until=until)
        _tell(reprice(calls, _model(state, name)))


def times_of(span: Span, today: date) -> tuple[float | None, float | None]:
    """From a moment, up to and without another, in this machine's time zone.

    >>> begins, ends = times_of("last", date(2026, 1, 15))
    >>> [datetime.fromtimestamp(each).date().isoformat() for each in (begins, ends)]
    ['2025-12-01', '2026-01-01']
    """
    first = today.replace(day=1)
    if span == "ever":
        return None, None
    if span == "this":
        return _midnight(first), None
    return _midnight((first - timedelta(days=1)).replace(day=1)), _midnight(first)


def _midnight(day: date) -> float:
    return datetime(day.year, day.month, day.day).timestamp()


def _model(state: State, name: str) -> Model:
    """The model at this endpoint, or, while the embedded one answers, at its maker's."""
    setup = desk.setup(state)
    base_url = None if setup.embedded else setup.target.base_url
    return get_model(name, base_url=base_url, home=setup.home)


def _tell(found: Repriced) -> None:
    """What it was, what it would be, and what to know about the number."""
    if not found.calls:
        st.caption(_("No call of that time has a known usage."))
        return
    was, now = st.columns(2)
    with was.container(border=True, height="stretch"):
        st.metric(_("It cost"), escape(amounts(found.was)))
        st.caption(escape(counted(found.calls, "call", "calls")))
    with now.container(border=True, height="stretch"):
        unknown = found.now.amount is None
        told = _("unknown") if unknown else money(found.now.amount, found.now.currency)
        st.metric(escape(_("It would cost on {model}").format(model=found.model)), escape(told))
        if unknown:
            st.caption(_("No price is known for it: add one to prices.toml."))
    for note in found.notes:
        st.caption(escape(note))

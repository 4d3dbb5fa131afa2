"""Money: spent when and for what, the caps, how good the quotes were, what is left."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

import streamlit as st

from kimiqa.errors import KimiqaError
from kimiqa.figures import steps_of
from kimiqa.ledger import Group, GroupBy, Ledger
from kimiqa.ledger.spending import groups
from kimiqa.spreadsheet import calls_csv, groups_csv
from kimiqa.ui import charts, crossing, desk, elsewhere, pricelist, quotes
from kimiqa.ui.calm import calm, show_error
from kimiqa.ui.names import title
from kimiqa.ui.state import State, ready
from kimiqa.ui.sums import amounts, beside, spent, table
from kimiqa.ui.text import escape, money, shortened
from kimiqa.ui.words import _, counted

DAYS = 30
SHOWN = 40
KINDS: dict[GroupBy, str] = {
    "document": "Document",
    "conversation": "Conversation",
    "model": "Model",
    "strategy": "Way",
    "label": "Label",
    "day": "Day",
    "month": "Month",
}


def show(state: State) -> None:
    """The books, from the sums to the single call."""
    st.header(_("Money"), anchor=False)
    calm(_sums)(state)
    calm(_days)(state)
    calm(_table)(state)
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


# What for ---------------------------------------------------------------------------------------


def _table(state: State) -> None:
    st.subheader(_("What for"), anchor=False)
    kinds = list(KINDS)
    by = st.selectbox(
        _("Summed by"), kinds, key="books-by", format_func=lambda kind: _(KINDS[kind]), width=240
    )
    found = groups(_ledger(state).calls(), by or "document")
    if not found:
        st.caption(_("Nothing was asked yet."))
        return
    newest_first = list(reversed(found)) if by in ("day", "month") else found
    names = _titles(state) if by == "conversation" else _ways(found) if by == "strategy" else {}
    if by != "day":
        unit = desk.setup(state).budget.currency
        charts.bars(_bars(newest_first, names, unit), unit)
    st.markdown(_rows(newest_first[:SHOWN], names, by or "document"))
    if len(found) > SHOWN:
        more = _("{number:,} more stand in the file.")
        st.caption(more.format(number=len(found) - SHOWN))
    if any(group.shared for group in found):
        st.caption(_("A question about several documents counts in full under each."))
    _files(state, found, by or "document")


def _titles(state: State) -> dict[str | None, str]:
    return {each.id: each.title for each in _ledger(state).conversations()}


def _bars(
    found: Sequence[Group], names: dict[str | None, str], unit: str
) -> list[tuple[str, Decimal]]:
    """The dearest, in the currency of the caps: amounts in two currencies are no one picture."""
    named = ((names.get(each.key) or each.name, each.total.get(unit)) for each in found)
    return [(shortened(name, 40), spent) for name, spent in named if spent][: charts.MOST]


def _rows(found: Sequence[Group], names: dict[str | None, str], by: GroupBy) -> str:
    """A table, its numbers to the right. The tokens stand in the file: a telephone has no room
    for more columns."""
    besides = any(group.uncertain for group in found)
    head = [KINDS[by], "Calls", "Spent", "From cache", *(["At most besides"] if besides else [])]
    named = [
        each
        for group in found
        for each in (
            (names.get(group.key) or group.name, group),
            *((f"{names.get(group.key) or group.name}: {part.name}", part) for part in group.parts),
        )
    ]
    spent, more = (
        steps_of([getattr(group, name) for _name, group in named])
        for name in ("total", "uncertain")
    )
    rows = [
        [
            shortened(name, 60),
            f"{group.calls:,}",
            amounts(group.total, spent),
            _share(group),
            *([amounts(group.uncertain, more)] if besides else []),
        ]
        for name, group in named
    ]
    return table([_(each) for each in head], rows, numbers=range(1, len(head)))


def _ways(found: Sequence[Group]) -> dict[str | None, str]:
    return {group.key: title(group.key) for group in found if group.key}


def _share(group: Group) -> str:
    prompt = group.prompt_tokens
    return f"{group.cached_tokens / prompt:.0%}" if prompt else "–"


def _files(state: State, found: Sequence[Group], by: str) -> None:
    row = st.container(horizontal=True)
    made = (
        (_("Save this table"), f"spent-by-{by}.csv", lambda: groups_csv(found)),
        (_("Save every call"), "calls.csv", lambda: calls_csv(_ledger(state).calls())),
    )
    for label, name, text in made:
        row.download_button(
            label,
            # With a byte order mark: without it Excel reads no UTF-8.
            lambda text=text: text().encode("utf-8-sig"),  # type: ignore[misc]
            file_name=name,
            mime="text/csv",
            key=f"save-{name}",
            on_click="ignore",
            icon=":material/download:",
        )


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

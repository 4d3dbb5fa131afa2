"""What the money was for: summed by document, conversation, model, way, label, day or month."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import streamlit as st

from kimiqa.figures import steps_of
from kimiqa.ledger import Group, GroupBy
from kimiqa.ledger.spending import groups
from kimiqa.spreadsheet import calls_csv, groups_csv
from kimiqa.ui import charts, desk
from kimiqa.ui.names import title
from kimiqa.ui.state import State
from kimiqa.ui.sums import amounts, table
from kimiqa.ui.text import shortened
from kimiqa.ui.words import _

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
    """One of the sums, as a picture, a table and files."""
    st.subheader(_("What for"), anchor=False)
    kinds = list(KINDS)
    by = st.selectbox(
        _("Summed by"), kinds, key="books-by", format_func=lambda kind: _(KINDS[kind]), width=240
    )
    found = groups(desk.client(state).ledger.calls(), by or "document")
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
    return {each.id: each.title for each in desk.client(state).ledger.conversations()}


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
        (_("Save every call"), "calls.csv", lambda: calls_csv(desk.client(state).ledger.calls())),
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

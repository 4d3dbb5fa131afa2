"""Questions written already, in a menu that fills the question box."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from kimiqa.tasks import READY
from kimiqa.ui import box
from kimiqa.ui.state import State, new_id
from kimiqa.ui.words import _

KEY = "ready-made"
TITLES = {
    "summary": "Summary",
    "timeline": "Timeline",
    "compare": "Compare D1 and D2",
    "contradictions": "Contradictions",
}


def show(state: State, row: DeltaGenerator) -> None:
    """One for each task that these documents are enough for."""

    def fill() -> None:
        _fill(state, st.session_state[KEY])
        st.rerun()  # the whole page: what keeps the draft is to know of it

    row.menu_button(
        _("Ready-made"),
        [name for name, each in READY.items() if len(state.documents) >= each.documents],
        key=KEY,
        type="tertiary",
        format_func=lambda name: _(TITLES[name]),
        help=_("Fills the box with a question that asks for a place behind everything."),
        on_click=fill,
    )


def _fill(state: State, name: str) -> None:
    """The task's question; what somebody typed stays, behind it."""
    typed = str(st.session_state.get(box.key(state)) or "").strip()
    for each in READY.values():
        typed = typed.removeprefix(each.text).strip()
    box.put(state, READY[name].question(typed), new_id())

"""Questions written already, as quiet buttons that fill the question box; folded."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from kimiqa.tasks import READY
from kimiqa.ui import box, history
from kimiqa.ui.state import State, new_id
from kimiqa.ui.words import _

TITLES = {
    "summary": "Summary",
    "timeline": "Timeline",
    "compare": "Compare D1 and D2",
    "contradictions": "Contradictions",
}


@dataclass(slots=True)
class Drawer:
    """Where the questions are shown: a conversation, and how many turns it had."""

    open_at: tuple[str, int] | None = None


def show(state: State, row: DeltaGenerator) -> None:
    """In the row the button that shows them; under it one for each task that these documents are
    enough for."""
    drawer, here = state.of(Drawer), (state.conversation, len(history.turns(state)))
    shown = drawer.open_at == here

    def turned() -> None:
        drawer.open_at = None if shown else here

    row.button(
        _("Ready-made"),
        key="ready-made",
        icon=":material/expand_less:" if shown else ":material/expand_more:",
        icon_position="right",
        type="tertiary",
        on_click=turned,
    )
    if not shown:
        return
    tasks = st.container(horizontal=True, gap="small", vertical_alignment="center")
    for name, each in READY.items():
        if len(state.documents) >= each.documents:
            tasks.button(
                _(TITLES[name]),
                key=f"task-{name}",
                type="tertiary",
                help=_("Fills the box with a question that asks for a place behind everything."),
                on_click=_fill,
                args=(state, name),
            )


def _fill(state: State, name: str) -> None:
    """The task's question; what somebody typed stays, behind it."""
    typed = str(st.session_state.get(box.key(state)) or "").strip()
    for each in READY.values():
        typed = typed.removeprefix(each.text).strip()
    box.put(state, READY[name].question(typed), new_id())
    state.of(Drawer).open_at = None
    st.rerun()  # the whole page: what keeps the draft is to know of it

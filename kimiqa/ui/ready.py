"""Questions written already, as quiet buttons that fill the question box."""

from __future__ import annotations

import streamlit as st

from kimiqa.tasks import READY, Ready
from kimiqa.ui import box
from kimiqa.ui.state import State, new_id
from kimiqa.ui.words import _

TITLES = {
    "summary": "Summary",
    "timeline": "Timeline",
    "compare": "Compare D1 and D2",
    "contradictions": "Contradictions",
}


def show(state: State) -> None:
    """One for each task that these documents are enough for."""
    row = st.container(horizontal=True, gap="small", vertical_alignment="center")
    row.caption(_("Ready-made:"), width="content")
    for name, ready in READY.items():
        if len(state.documents) >= ready.documents:
            row.button(
                _(TITLES[name]),
                key=f"task-{name}",
                type="tertiary",
                help=_("Fills the box with a question that asks for a place behind everything."),
                on_click=_fill,
                args=(state, ready),
            )


def _fill(state: State, ready: Ready) -> None:
    """The task's question; what somebody typed stays, behind it."""
    typed = str(st.session_state.get(box.key(state)) or "").strip()
    for each in READY.values():
        typed = typed.removeprefix(each.text).strip()
    box.put(state, ready.question(typed), new_id())

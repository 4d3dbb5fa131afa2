"""What chosen chunks may do beside one call: switches on their card."""

from __future__ import annotations

import streamlit as st

from kimiqa.plan import Way
from kimiqa.ui import desk
from kimiqa.ui.state import State
from kimiqa.ui.text import escape
from kimiqa.ui.words import _

LABELS = {
    "rewrite": "Rewrite the question first",
    "climb": "Ask more where it does not hold",
}
HELP = {
    "rewrite": (
        "One cheap call puts the question into the documents' words and takes apart a question "
        "that asks several things, so that the chunks for it are found. Its price is in the quote."
    ),
    "climb": (
        "Where the answer refuses, is cut off or its citations do not hold, it is asked again with "
        "more chunks, then with everything, as far as the caps leave room. All of it is in the "
        "price: expected by how often that happens, at most as if it always did."
    ),
}


def show(state: State, way: Way) -> None:
    """A switch each; what was not touched stands as the settings say. Then how far it climbs."""
    for name in LABELS:
        _switch(state, name)
    if way.climbs:
        st.caption(escape(way.climbs))


def _switch(state: State, name: str) -> None:
    key, chosen = f"choice-{name}", getattr(state.choices, name)
    usual = getattr(desk.setup(state).settings, name) if chosen is None else chosen
    st.session_state.setdefault(key, usual)

    def turned() -> None:
        setattr(state.choices, name, bool(st.session_state[key]))

    st.toggle(_(LABELS[name]), key=key, help=_(HELP[name]), on_change=turned)

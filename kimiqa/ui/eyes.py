"""Pages that go as pictures: those that are mostly figures, by their numbers."""

from __future__ import annotations

import streamlit as st

from kimiqa.ui.state import State, ready
from kimiqa.ui.words import _

KEY = "choice-pictures"


def choice(state: State) -> None:
    """A field for page numbers, where a document has pages that can be drawn."""
    if not any(document.drawable for document in ready(state)):
        return

    def changed() -> None:
        state.choices.pictures = (st.session_state[KEY] or "").strip()

    fold = st.expander(
        _("Pages as pictures"), icon=":material/image:", key="eyes-fold", on_change="rerun"
    )
    if not fold.open:
        return
    # Set anew each time: the switch for pages without text chooses here too.
    st.session_state[KEY] = state.choices.pictures
    with fold:
        st.text_input(
            _("Pages"),
            key=KEY,
            placeholder=_("none, or 3, 7-9, or D2: 3"),
            on_change=changed,
            help=_("For figures and drawings: the model is sent these pages as they look."),
        )
        st.caption(_("What the pictures take is in the prices. Quotes in a picture go unchecked."))

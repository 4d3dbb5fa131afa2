"""Pages that go as pictures: those that are mostly figures, by their numbers."""

from __future__ import annotations

import streamlit as st

from kimiqa.seeing import SCANNED
from kimiqa.ui.state import State, ready
from kimiqa.ui.words import _

KEY = "choice-pictures"


def offered(state: State) -> bool:
    """Whether a document has pages that can be drawn."""
    return any(document.drawable for document in ready(state))


def chosen(state: State) -> str:
    """What is chosen, in words; not yet escaped."""
    if state.choices.pictures == SCANNED:
        return _("pages without text as pictures")
    if not state.choices.pictures:
        return ""
    return _("as pictures: {pages}").format(pages=state.choices.pictures)


def choice(state: State) -> None:
    """A field for page numbers."""

    def changed() -> None:
        state.choices.pictures = (st.session_state[KEY] or "").strip()

    # Set anew each time: the switch for pages without text chooses here too.
    st.session_state[KEY] = state.choices.pictures
    st.text_input(
        _("Pages as pictures"),
        key=KEY,
        placeholder=_("none, or 3, 7-9, or D2: 3"),
        on_change=changed,
        help=_("For figures and drawings: the model is sent these pages as they look."),
    )
    st.caption(_("What the pictures take is in the prices. Quotes in a picture go unchecked."))

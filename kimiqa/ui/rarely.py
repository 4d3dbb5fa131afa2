"""What few questions need, behind one fold: pages as pictures, how long the prompt is cached."""

from __future__ import annotations

from types import ModuleType

import streamlit as st

from kimiqa.ui import eyes, warmth
from kimiqa.ui.state import State
from kimiqa.ui.text import escape
from kimiqa.ui.words import _

CHOICES: tuple[ModuleType, ...] = (eyes, warmth)


def choices(state: State) -> None:
    """Those that there are for these documents and this model; folded, a line says what of them
    is not as usual."""
    offered = [each for each in CHOICES if each.offered(state)]
    if not offered:
        return
    fold = st.expander(
        _("More choices"), icon=":material/tune:", key="more-choices", on_change="rerun"
    )
    if fold.open:
        with fold:
            for each in offered:
                each.choice(state)
    elif said := list(filter(None, (each.chosen(state) for each in offered))):
        st.caption(escape(" · ".join(said)))

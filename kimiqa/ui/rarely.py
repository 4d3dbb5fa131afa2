"""What few questions need, behind one fold: pages as pictures, how long the prompt is cached."""

from __future__ import annotations

from typing import Protocol

import streamlit as st

from kimiqa.ui import eyes, warmth
from kimiqa.ui.state import State
from kimiqa.ui.text import escape
from kimiqa.ui.words import _


class Choice(Protocol):
    """One of them: a module's three functions."""

    def offered(self, state: State) -> bool:
        """Whether there is something to choose."""

    def chosen(self, state: State) -> str:
        """What is chosen, in words, not yet escaped; empty where it is as usual."""

    def choice(self, state: State) -> None:
        """The elements to choose with."""


CHOICES: tuple[Choice, ...] = (eyes, warmth)


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

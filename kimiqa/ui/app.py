"""The page, from top to bottom."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from kimiqa.ui import (
    arriving,
    awaiting,
    beginning,
    box,
    digests,
    heap,
    history,
    live,
    opening,
    outline,
    panel,
    private,
    question,
    reading,
    retention,
    running,
    shelf,
    turns,
    views,
)
from kimiqa.ui.address import page_state, to_url
from kimiqa.ui.calm import calm
from kimiqa.ui.engine import engine
from kimiqa.ui.state import State, keep_choices, new_conversation, ready
from kimiqa.ui.words import _

ICON = Path(__file__).resolve().parent.parent / "data" / "icon.png"


@dataclass(slots=True)
class Side:
    """What the side holds for the part of the page that is priced."""

    places: panel.Places | None = None


def main() -> None:
    """Show the page once; Streamlit calls it again for every click."""
    heap.watch()
    state = page_state()
    # An icon by name would be fetched from a font server: this one is ours.
    st.set_page_config(
        page_title=views.title(state), layout="wide", page_icon=str(ICON), menu_items={}
    )
    calm(_page)(state)


def _page(state: State) -> None:
    if not state.documents:
        state.documents = turns.documents_of(state)
    arriving.settle(state)
    to_url(state)
    live.dress()
    live.notice_loss()
    calm(retention.show)(state)
    with st.sidebar:
        calm(_side)(state)
    if state.view == "ask":
        calm(_main)(state)
    else:
        calm(views.show)(state)
    reading.shown(state)
    calm(outline.fill)(state)
    keep_choices(state)


def _side(state: State) -> None:
    st.title("kimiqa", anchor=False)
    st.caption(_("A quote before you ask, a receipt after."))
    views.navigate(state)
    if state.view != "ask":
        calm(running.aside)(state)
    if ready(state):
        shelf.show(state)
        if state.view == "ask":
            state.of(Side).places = panel.show(state)
    if turns.load(state) and st.button(
        _("New conversation"), key="new", icon=":material/edit_square:"
    ):
        history.forget(state)
        new_conversation(state)
        st.rerun()


def _main(state: State) -> None:
    # In a place of its own: what is being typed below is not drawn anew when it comes or goes.
    with st.container():
        calm(arriving.show)(state)
    if not state.documents:
        opening.welcome(state)
        calm(beginning.show)(state)
        live.bring_parts()
        awaiting.get_ready()
    if not ready(state):
        return
    shelf.header(state)
    found = turns.load(state)
    private.go_on(state, found)
    calm(digests.show)(state)
    turns.show(state, found)
    calm(running.show)(state)
    places = state.of(Side).places
    assert places is not None, "the side is drawn first"
    if engine().running(state.conversation):
        panel.choices(state, places)
    else:
        live.keep_draft(box.key(state), box.given(state))
        _asking(state, places)


@st.fragment
def _asking(state: State, places: panel.Places) -> None:
    """The question, what decides its prices, and these: they run alone where nothing else can
    have changed."""
    # First what takes long, then everything at once: what comes piece by piece is drawn as often.
    question.price(state)
    calm(panel.choices)(state, places)
    calm(question.show)(state)
    keep_choices(state)

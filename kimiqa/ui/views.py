"""The way from one view of the page to another; each has its name in the URL."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from kimiqa.ui import books, collection, compare, deciding, settings, talks, ticked
from kimiqa.ui.state import State, View
from kimiqa.ui.words import _

WAYS: dict[View, tuple[str, str]] = {
    "ask": ("Ask", ":material/chat:"),
    "library": ("Library", ":material/library_books:"),
    "conversations": ("Conversations", ":material/forum:"),
    "money": ("Money", ":material/receipt_long:"),
    "settings": ("Key and settings", ":material/settings:"),
}
SHOWN: dict[View, Callable[[State], None]] = {
    "library": collection.show,
    "conversations": talks.show,
    "money": books.show,
    "compare": compare.show,
    "settings": settings.show,
}


def navigate(state: State) -> None:
    """A button for each view; the one that is shown is filled."""
    column = st.container(gap=None, key="views")
    for view, (label, icon) in WAYS.items():
        column.button(
            _(label),
            key="settings" if view == "settings" else f"view-{view}",
            icon=icon,
            type="primary" if view == state.view else "tertiary",
            width="stretch",
            on_click=go,
            args=(state, view),
        )


def title(state: State) -> str:
    """What the browser calls the page; no document's name, which its history would keep."""
    for view, (label, _icon) in WAYS.items():
        if view == state.view != "ask":
            return f"{_(label)} · kimiqa"
    return "kimiqa"


def go(state: State, view: View) -> None:
    """Show a view; what was being decided in another one is let go of."""
    state.view = view
    ticked.keep(state)
    deciding.undecided(state)


def show(state: State) -> None:
    """The view that is not the question itself."""
    SHOWN[state.view](state)

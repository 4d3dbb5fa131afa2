"""Files that are kept here and were not read: listed below the library, and deleted there."""

from __future__ import annotations

import streamlit as st

from kimiqa.opening import leftovers
from kimiqa.settings import home_folder
from kimiqa.store import store_for
from kimiqa.ui import retention
from kimiqa.ui.state import State
from kimiqa.ui.sums import day
from kimiqa.ui.text import escape
from kimiqa.ui.words import _, counted

SHOWN = 20


def show(state: State) -> None:
    """What waits for a password, or was left by a program that was ended; not what this page has
    open or on its way."""
    here = {*state.documents, *state.shelved}
    found = [each for each in leftovers.unread(store_for(home_folder())) if each.id not in here]
    if not found:
        return
    title = counted(len(found), "file was not read", "files were not read")
    with st.expander(title, icon=":material/unknown_document:", key="library-unread"):
        st.caption(
            _("They wait for a password, or reading them was cut off: only their bytes are kept.")
        )
        for each in found[:SHOWN]:
            _entry(state, each)
        if len(found) > SHOWN:
            st.caption(_("{number:,} more").format(number=len(found) - SHOWN))


def _entry(state: State, each: leftovers.Unread) -> None:
    row = st.container(horizontal=True, vertical_alignment="center")
    size = f"{each.bytes / 1e3:,.0f} kB" if each.bytes < 1e6 else f"{each.bytes / 1e6:,.1f} MB"
    row.markdown(f"`{escape(each.id[:12])}` · {escape(day(each.since))} · {escape(size)}")
    row.button(
        _("Delete for good"),
        key=f"delete-unread-{each.id}",
        on_click=retention.delete,
        args=(state, each.id),
        kwargs={"conversations": True},
    )

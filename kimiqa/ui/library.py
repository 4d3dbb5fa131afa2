"""What was read before on this computer: opened again at once, or deleted for good."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from kimiqa.settings import home_folder
from kimiqa.store import Stored, store_for
from kimiqa.ui import retention
from kimiqa.ui.state import State
from kimiqa.ui.text import escape, shortened
from kimiqa.ui.words import _, counted

SHOWN = 8


@dataclass(slots=True)
class Leaving:
    """The document of which it is being decided whether it is deleted."""

    document: str = ""


def show(state: State, *, aside: bool = False) -> None:
    """The documents that are not on this page yet, the newest first; search where they are many.
    `aside`, where others are open already, they are listed once that is asked for."""
    known = [each for each in _stored() if each.id not in state.documents]
    if not known:
        return
    place = st.expander(
        _("Open again ({number:,})").format(number=len(known)),
        icon=":material/history:",
        key="library-aside" if aside else None,
        on_change="rerun" if aside else "ignore",
    )
    if aside and not place.open:
        return
    with place:
        found = _searched(known) if len(known) > SHOWN else known
        for each in found[:SHOWN]:
            _entry(state, each)
        if len(found) > SHOWN:
            more = _("{number:,} more: search for a name.")
            st.caption(more.format(number=len(found) - SHOWN))


def _stored() -> list[Stored]:
    return store_for(home_folder()).documents()


def _searched(known: list[Stored]) -> list[Stored]:
    wanted = st.text_input(_("Search by name"), key="search-library").casefold().strip()
    return [each for each in known if wanted in each.name.casefold()]


def _entry(state: State, each: Stored) -> None:
    row = st.container(horizontal=True, vertical_alignment="center")
    leaving = state.of(Leaving)

    def bring() -> None:
        leaving.document = ""
        state.documents.append(each.id)

    def turned() -> None:
        leaving.document = "" if leaving.document == each.id else each.id

    row.button(
        f"{escape(shortened(each.name, 48))} · {counted(each.pages, 'page', 'pages')}",
        key=f"open-{each.id}",
        on_click=bring,
        type="tertiary",
    )
    row.button(
        _("Delete"),
        key=f"leave-{each.id}",
        type="tertiary",
        help=escape(shortened(each.name, 48)),
        on_click=turned,
    )
    if leaving.document == each.id:
        _leave(state, each)


def _leave(state: State, each: Stored) -> None:
    """What deleting takes along, and the button that does it."""

    def delete() -> None:
        state.of(Leaving).document = ""
        retention.delete(state, each.id, conversations=talks)

    with st.container(border=True):
        st.markdown(_("Its file, its text and all that was made of it leave this computer."))
        retention.rules([each.id])
        talks = st.checkbox(
            _("Delete the conversations about it too"), value=True, key=f"talks-{each.id}"
        )
        st.button(_("Delete for good"), key=f"delete-{each.id}", on_click=delete)

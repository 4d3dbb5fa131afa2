"""What is done with the documents that are ticked in the library: asked together, or deleted."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from kimiqa.settings import home_folder
from kimiqa.store import Stored, store_for
from kimiqa.ui import desk
from kimiqa.ui.state import State, new_conversation
from kimiqa.ui.text import escape, shortened
from kimiqa.ui.words import _, counted


def ticked(state: State) -> set[str]:
    """The ids of those that are ticked, on whichever page of the list they stand."""
    found: set[str] = state.remembered.setdefault("ticked", set())
    return found


def ask_about(state: State, ids: Sequence[str]) -> None:
    """Begin a conversation over these documents."""
    state.documents = list(ids)
    state.remembered.pop("turns", None)
    state.remembered.pop("ticked", None)
    new_conversation(state)
    state.view = "ask"


def bar(state: State, known: Sequence[Stored]) -> None:
    """What can be done with those that are ticked."""
    chosen = [each for each in known if each.id in ticked(state)]
    if not chosen:
        st.caption(_("Tick documents to ask them together, or to delete them."))
        return
    count = counted(len(chosen), "document", "documents")
    row = st.container(horizontal=True, vertical_alignment="center")
    row.button(
        f"{_('Ask about')} {count}",
        key="ask-ticked",
        type="primary",
        on_click=ask_about,
        args=(state, [each.id for each in chosen]),
    )

    def delete() -> None:
        state.remembered["deleting"] = True

    row.button(f"{_('Delete')} {count}", key="delete-ticked", on_click=delete)
    row.button(_("Untick all"), key="untick", type="tertiary", on_click=ticked(state).clear)
    if state.remembered.get("deleting"):
        _confirm(state, chosen)


def _confirm(state: State, chosen: Sequence[Stored]) -> None:
    """Ask once, and say what goes and what stays."""
    ids = {each.id for each in chosen}
    talks = [
        each.id
        for each in desk.client(state).ledger.conversations()
        if ids & {document_id for document_id, _name in each.documents}
    ]
    with st.container(border=True):
        names = ", ".join(shortened(each.name, 60) for each in chosen[:8])
        more = f" {_('and')} {len(chosen) - 8:,} {_('more')}" if len(chosen) > 8 else ""
        st.warning(
            f"{escape(names + more)}: {_('file, text and counts are removed from this computer.')} "
            f"{_('Receipts in the ledger stay, with the name.')}",
            icon=":material/delete:",
        )
        also = bool(talks) and st.checkbox(
            f"{_('Also delete')} {counted(len(talks), 'conversation', 'conversations')} "
            f"{_('about it, with questions and answers')}",
            key="delete-talks",
            value=True,
        )
        row = st.container(horizontal=True)
        if row.button(_("Delete for good"), key="delete-yes", type="primary"):
            delete(state, ids, talks if also else [])
            st.rerun()
        if row.button(_("Keep"), key="delete-no"):
            state.remembered.pop("deleting", None)
            st.rerun()


def delete(state: State, ids: set[str], talks: Sequence[str]) -> None:
    """Remove documents from disk and from this page, and conversations where that was said."""
    for document_id in ids:
        store_for(home_folder()).delete(document_id)
        for kept in (state.opened, state.names, state.passwords):
            kept.pop(document_id, None)
    for conversation in talks:
        desk.client(state).ledger.delete_conversation(conversation)
    if ids & set(state.documents) or state.conversation in talks:
        state.documents = [each for each in state.documents if each not in ids]
        new_conversation(state)
    for gone in ("deleting", "ticked", "turns", "pictures", "ways", "tokens"):
        state.remembered.pop(gone, None)

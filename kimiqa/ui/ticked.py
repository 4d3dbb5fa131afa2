"""What is done with the documents that are ticked in the library: asked together, or deleted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import streamlit as st

from kimiqa.settings import home_folder
from kimiqa.store import Stored, store_for
from kimiqa.ui import desk, history, pictures, retention, sizes, spent
from kimiqa.ui.engine import engine
from kimiqa.ui.state import State, forget_choices, new_conversation
from kimiqa.ui.text import escape, lines, shortened
from kimiqa.ui.words import _, plural


@dataclass(slots=True)
class Ticked:
    """Which documents are ticked, and whether a person is asked if they shall be deleted."""

    ids: set[str] = field(default_factory=set)
    deleting: bool = False


def ticked(state: State) -> set[str]:
    """The ids of those that are ticked, on whichever page of the list they stand."""
    return state.of(Ticked).ids


def tick(state: State, document_id: str) -> None:
    """Tick a document, or untick it; what was to be deleted is asked again."""
    ticked(state).symmetric_difference_update({document_id})
    keep(state)


def keep(state: State) -> None:
    """Do not ask any more whether those that are ticked shall be deleted."""
    state.of(Ticked).deleting = False


def ask_about(state: State, ids: Sequence[str]) -> None:
    """Begin a conversation over these documents."""
    state.documents = list(ids)
    history.forget(state)
    ticked(state).clear()
    new_conversation(state)
    state.view = "ask"


def bar(state: State, known: Sequence[Stored]) -> None:
    """What can be done with those that are ticked; first, what could not be done."""
    if state.problem:
        st.error(lines(state.problem), icon=":material/error:")
    chosen = [each for each in known if each.id in ticked(state)]
    if not chosen:
        st.caption(_("Tick documents to ask them together, or to delete them."))
        return
    row = st.container(horizontal=True, vertical_alignment="center")
    row.button(
        plural(len(chosen), "Ask about {number:,} document", "Ask about {number:,} documents"),
        key="ask-ticked",
        type="primary",
        on_click=ask_about,
        args=(state, [each.id for each in chosen]),
    )

    def delete() -> None:
        state.of(Ticked).deleting = True

    label = plural(len(chosen), "Delete {number:,} document", "Delete {number:,} documents")
    row.button(label, key="delete-ticked", on_click=delete)
    row.button(_("Untick all"), key="untick", type="tertiary", on_click=ticked(state).clear)
    if state.of(Ticked).deleting:
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
        if len(chosen) > 8:
            names = _("{names} and {more:,} more").format(names=names, more=len(chosen) - 8)
        gone = _(
            "{names}: file, text and counts are removed from this computer. Receipts keep their "
            "money, not the name."
        )
        st.warning(
            gone.format(names=escape(names)),
            icon=":material/delete:",
        )
        retention.rules(sorted(ids))
        also = bool(talks) and st.checkbox(
            plural(
                len(talks),
                "Also delete {number:,} conversation about it, with questions and answers",
                "Also delete {number:,} conversations about it, with questions and answers",
            ),
            key="delete-talks",
            value=True,
        )
        row = st.container(horizontal=True)
        if row.button(_("Delete for good"), key="delete-yes", type="primary"):
            delete(state, ids, talks if also else [])
            st.rerun()
        if row.button(_("Keep"), key="delete-no"):
            keep(state)
            st.rerun()


def delete(state: State, ids: set[str], talks: Sequence[str]) -> None:
    """Delete documents for good, from disk and from this page, and `talks` with them. One that
    a running question needs stays, and the page says so."""
    state.problem = ""
    for document_id in ids:
        retention.delete(state, document_id, conversations=bool(talks))
    _forget(state, talks)
    gone = ids - {each.id for each in store_for(home_folder()).documents()}
    for document_id in gone:
        for kept in (state.opened, state.names, state.passwords):
            kept.pop(document_id, None)
    if gone & set(state.documents) or (gone and state.conversation in talks):
        state.documents = [each for each in state.documents if each not in gone]
        new_conversation(state)
    keep(state)
    ticked(state).clear()
    history.forget(state)
    pictures.forget(state)
    sizes.forget(state)
    spent.forget(state)
    desk.forget_prices(state)


def _forget(state: State, talks: Sequence[str]) -> None:
    """Have the page's own memory hold nothing of the conversations that were deleted."""
    kept = {each.id for each in desk.client(state).ledger.conversations()}
    for each in set(talks) - kept:
        engine().drop(each)
        forget_choices(each)

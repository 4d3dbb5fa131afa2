"""What is decided about a conversation: its name, whether it is taken along, and its end."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from kimiqa.ledger import ConversationRecord
from kimiqa.ui import afterwards, desk, history, turns
from kimiqa.ui.engine import engine
from kimiqa.ui.state import State, forget_choices, new_conversation
from kimiqa.ui.text import escape, shortened
from kimiqa.ui.words import _

LONGEST_NAME = 120


@dataclass(slots=True)
class Deciding:
    """The conversations of which one is being named, and one is perhaps deleted."""

    renaming: str = ""
    forgetting: str = ""


def undecided(state: State) -> None:
    """Let go of what is being decided."""
    deciding = state.of(Deciding)
    deciding.renaming = deciding.forgetting = ""


def show(state: State, each: ConversationRecord) -> None:
    """What can be done with it, and what has been begun."""
    row = st.container(horizontal=True, gap="small")
    now = state.of(Deciding)
    here = (now.renaming == each.id, now.forgetting == each.id)

    def rename() -> None:
        undecided(state)
        now.renaming = "" if here[0] else each.id

    def delete() -> None:
        undecided(state)
        now.forgetting = "" if here[1] else each.id

    for what, label, icon, begin in (
        ("renaming", _("Rename"), ":material/edit:", rename),
        ("forgetting", _("Delete"), ":material/delete:", delete),
    ):
        row.button(
            label,
            key=f"{what}-{each.id}",
            icon=icon,
            type="tertiary",
            help=escape(shortened(each.title, 60)),
            on_click=begin,
        )
    with row:
        afterwards.downloads(
            f"talk-{each.id}",
            lambda: [afterwards.sheet(turn) for turn in turns.of(state, each.id)],
            "conversation",
        )
    if here[0]:
        _rename(state, each)
    if here[1]:
        _forget(state, each)


def _rename(state: State, each: ConversationRecord) -> None:
    with st.form(f"rename-{each.id}", border=False):
        name = st.text_input(_("Name"), value=each.title[:LONGEST_NAME], max_chars=LONGEST_NAME)
        if st.form_submit_button(_("Save the name")):
            desk.client(state).ledger.name_conversation(each.id, (name or "").strip())
            undecided(state)
            st.rerun()


def _forget(state: State, each: ConversationRecord) -> None:
    st.warning(
        _("Its questions and answers are removed from this computer. Receipts stay in the ledger."),
        icon=":material/delete:",
    )
    row = st.container(horizontal=True)
    if row.button(_("Delete for good"), key=f"forget-yes-{each.id}", type="primary"):
        forget(state, each.id)
        st.rerun()
    if row.button(_("Keep"), key=f"forget-no-{each.id}"):
        state.of(Deciding).forgetting = ""
        st.rerun()


def forget(state: State, conversation: str) -> None:
    """Delete a conversation; what is running in it ends first, for its turn would come back."""
    engine().drop(conversation)
    desk.client(state).ledger.delete_conversation(conversation)
    forget_choices(conversation)
    state.of(Deciding).forgetting = ""
    if conversation == state.conversation:
        history.forget(state)
        new_conversation(state)

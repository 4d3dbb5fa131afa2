"""Conversations: named, searched, gone on with, taken along, deleted."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass

import streamlit as st

from kimiqa.ledger import ConversationRecord
from kimiqa.plan import Plan, Started
from kimiqa.settings import home_folder
from kimiqa.store import store_for
from kimiqa.ui import afterwards, desk, history, turns
from kimiqa.ui.engine import Job, engine
from kimiqa.ui.state import State, change_to, forget_choices, new_conversation
from kimiqa.ui.text import clock, escape, shortened
from kimiqa.ui.words import _, counted, plural

PER_PAGE = 20
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


def show(state: State) -> None:
    """All conversations, the newest first."""
    st.header(_("Conversations"), anchor=False)
    known = desk.client(state).ledger.conversations()
    first = _first_answers({each.id for each in known})
    for job, plan in first:
        _on_its_way(state, job, plan)
    if first and not known:
        return
    if not known:
        st.markdown(_("No question was asked yet. Each conversation is kept here."))
        st.button(
            _("Ask the first question"), key="first-question", on_click=_to_ask, args=(state,)
        )
        return
    found = _searched(state, known)
    st.caption(
        counted(len(known), "conversation", "conversations")
        if len(found) == len(known)
        else plural(
            len(known),
            "{done:,} of {number:,} conversation",
            "{done:,} of {number:,} conversations",
            done=len(found),
        )
    )
    pages = max(1, -(-len(found) // PER_PAGE))
    at = st.session_state.get(f"talks-page-{pages}", 1)
    for each in found[(at - 1) * PER_PAGE : at * PER_PAGE]:
        _entry(state, each)
    if pages > 1:
        st.pagination(pages, key=f"talks-page-{pages}")


def _to_ask(state: State) -> None:
    state.view = "ask"


def _first_answers(known: Set[str]) -> list[tuple[Job, Plan]]:
    """The answers on their way of conversations that are kept once these are there."""
    started = [(job, job.last(Started)) for job in engine().at_work() if job.key not in known]
    return [
        (job, event.plan)
        for job, event in started
        if event is not None and event.plan.conversation == job.key
    ]


def _on_its_way(state: State, job: Job, plan: Plan) -> None:
    names = ", ".join(shortened(each.name, 60) for each in plan.documents)
    with st.container(border=True):
        st.button(
            escape(shortened(plan.question, LONGEST_NAME)),
            key=f"go-on-{job.key}",
            type="tertiary",
            on_click=go_on,
            args=(state, job.key, [each.id for each in plan.documents]),
        )
        st.caption(escape(f"{names} · {_('being answered')}"))


def _searched(state: State, known: list[ConversationRecord]) -> list[ConversationRecord]:
    words = st.text_input(
        _("Search"),
        key="talks-search",
        placeholder=_("words of a name, a question, an answer or a document"),
        type="search",
    )
    if not (words or "").strip():
        return known
    holding = desk.client(state).ledger.conversations_with((words or "").strip())
    return [each for each in known if each.id in holding]


def _entry(state: State, each: ConversationRecord) -> None:
    gone = _gone(each)
    with st.container(border=True):
        row = st.container(horizontal=True, vertical_alignment="center")
        row.button(
            escape(shortened(each.title, LONGEST_NAME)) or _("Without a name"),
            key=f"go-on-{each.id}",
            type="tertiary",
            disabled=bool(gone),
            on_click=go_on,
            args=(state, each.id, [document_id for document_id, _name in each.documents]),
        )
        st.caption(escape(_facts(each)))
        if gone:
            st.markdown(f":orange-badge[{escape(_('No longer here'))}] {escape(', '.join(gone))}")
        _actions(state, each)


def _facts(each: ConversationRecord) -> str:
    names = ", ".join(shortened(name, 60) for _id, name in each.documents)
    return " · ".join([names, counted(each.turns, "question", "questions"), clock(each.updated)])


def _gone(each: ConversationRecord) -> list[str]:
    """The documents that were deleted since: without them it can be read, not gone on with."""
    store = store_for(home_folder())
    return [name for document_id, name in each.documents if store.kept(document_id) is None]


def _actions(state: State, each: ConversationRecord) -> None:
    row = st.container(horizontal=True, gap="small")
    deciding = state.of(Deciding)
    here = (deciding.renaming == each.id, deciding.forgetting == each.id)

    def rename() -> None:
        undecided(state)
        deciding.renaming = "" if here[0] else each.id

    def delete() -> None:
        undecided(state)
        deciding.forgetting = "" if here[1] else each.id

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


def go_on(state: State, conversation: str, documents: Sequence[str]) -> None:
    """Show a conversation where it ended."""
    change_to(state, conversation)
    state.documents = list(documents)
    history.forget(state)
    state.view = "ask"

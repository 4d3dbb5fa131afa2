"""Conversations: named, searched, gone on with, taken along, deleted."""

from __future__ import annotations

from collections.abc import Sequence, Set

import streamlit as st

from kimiqa.ledger import ConversationRecord
from kimiqa.plan import Plan, Started
from kimiqa.settings import home_folder
from kimiqa.store import store_for
from kimiqa.ui import deciding, desk, history
from kimiqa.ui.engine import Job, engine
from kimiqa.ui.state import State, change_to
from kimiqa.ui.text import clock, escape, shortened
from kimiqa.ui.words import _, counted, plural

PER_PAGE = 20


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
            escape(shortened(plan.question, deciding.LONGEST_NAME)),
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
            escape(shortened(each.title, deciding.LONGEST_NAME)) or _("Without a name"),
            key=f"go-on-{each.id}",
            type="tertiary",
            disabled=bool(gone),
            on_click=go_on,
            args=(state, each.id, [document_id for document_id, _name in each.documents]),
        )
        st.caption(escape(_facts(each)))
        if gone:
            st.markdown(f":orange-badge[{escape(_('No longer here'))}] {escape(', '.join(gone))}")
        deciding.show(state, each)


def _facts(each: ConversationRecord) -> str:
    names = ", ".join(shortened(name, 60) for _id, name in each.documents)
    return " · ".join([names, counted(each.turns, "question", "questions"), clock(each.updated)])


def _gone(each: ConversationRecord) -> list[str]:
    """The documents that were deleted since: without them it can be read, not gone on with."""
    store = store_for(home_folder())
    return [name for document_id, name in each.documents if store.kept(document_id) is None]


def go_on(state: State, conversation: str, documents: Sequence[str]) -> None:
    """Show a conversation where it ended."""
    change_to(state, conversation)
    state.documents = list(documents)
    history.forget(state)
    state.view = "ask"

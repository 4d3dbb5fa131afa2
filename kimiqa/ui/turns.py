"""The conversation so far: each answer with its marks, its proof and its receipt."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, replace
from functools import partial
from itertools import takewhile

import streamlit as st

from kimiqa.citations import check_citations
from kimiqa.plan import Answer, Citation, Finished
from kimiqa.settings import home_folder
from kimiqa.store import store_for
from kimiqa.ui import afterwards, desk, history, live, proof, receipt, running, trace
from kimiqa.ui.calm import calm
from kimiqa.ui.engine import engine
from kimiqa.ui.history import Turn
from kimiqa.ui.markdown import answer_markdown
from kimiqa.ui.marks import MARKS, place
from kimiqa.ui.state import State, opened
from kimiqa.ui.text import escape, shortened
from kimiqa.ui.words import _

SHOWN_AT_FIRST, SHOWN_MORE, SHOWN_TOGETHER = 2, 5, 12
APART = {
    "stopped": "Stopped here. What had come was paid for and is kept; the next question does not "
    "go on from it.",
    "aside": "Asked side by side with others; the next question does not go on from it.",
}


@dataclass(slots=True)
class Shown:
    """How far back the conversation is shown."""

    newest: int = SHOWN_AT_FIRST


def load(state: State) -> tuple[Turn, ...]:
    """The turns of this page's conversation, as the ledger has them now."""
    return history.load(state, desk.client(state).ledger)


def of(state: State, conversation: str) -> tuple[Turn, ...]:
    """The turns of another conversation."""
    found = history.of(desk.client(state).ledger, conversation)
    return tuple(checked(state, turn) for turn in found)


def documents_of(state: State) -> list[str]:
    """The ids of the documents of the last turn, where the URL named none; without those that
    were deleted since."""
    rows = desk.client(state).ledger.turns(state.conversation)
    known = store_for(home_folder())
    named = [document_id for document_id, _name in rows[-1]["documents"]] if rows else []
    return [document_id for document_id in named if known.kept(document_id) is not None]


def checked(state: State, turn: Turn) -> Turn:
    """The turn as it is shown: its citations checked again against the pages where these are
    still here, else as they were found; with what the ledger says of its call."""
    documents = [opened(state, document_id) for document_id, _name in turn.documents]
    found = [document for document in documents if document is not None]
    if len(found) == len(documents):
        turn = replace(turn, citations=tuple(check_citations(turn.answer, found)))
    call = desk.client(state).ledger.call(turn.call) if turn.call else None
    now = call.state if call else ""
    return replace(turn, state=now, reasoning=_reasoning(state, turn.call))


def _reasoning(state: State, call: str) -> str:
    """The thinking behind an answer, as long as this process remembers it."""
    job = engine().latest(state.conversation)
    finished = job.last(Finished) if job else None
    answer: Answer | None = finished.answer if finished else None
    return answer.reasoning if answer is not None and answer.id == call else ""


def show(state: State, turns: tuple[Turn, ...]) -> None:
    """The newest turns; earlier ones on demand, so that a long conversation stays quick."""
    part = state.of(Shown)
    hidden = max(0, len(turns) - max(part.newest, _asked_together(turns)))
    if hidden and st.button(
        _("Show earlier questions ({number:,})").format(number=hidden), key="earlier"
    ):
        part.newest = len(turns) - hidden + SHOWN_MORE
        st.rerun()
    for turn in turns[hidden:]:
        newest = turn.number == len(turns) - 1
        # What holds for several answers is said once, under the newest of them.
        later = {each for other in turns[turn.number + 1 :] for each in other.receipt["warnings"]}
        _show_turn(state, history.checked(state, turn, checked), newest, later)


def _asked_together(turns: tuple[Turn, ...]) -> int:
    """How many of the newest were asked side by side, those among them that were stopped too: who
    asked them so looks at them so."""
    newest = takewhile(lambda turn: turn.apart, reversed(turns[-SHOWN_TOGETHER:]))
    return sum(1 for _turn in newest)


@st.fragment
def _show_turn(state: State, turn: Turn, newest: bool, said: Set[str]) -> None:
    calm(_turn_and_proof)(state, turn, newest, said)


def _turn_and_proof(state: State, turn: Turn, newest: bool, said: Set[str]) -> None:
    st.markdown(f"**{escape(turn.question)}**")
    # The page stands beside its answer; where none is open, the answer has the width.
    answer, page = st.columns([3, 2], gap="medium")
    with answer:
        trace.show(trace.behind(state, turn.call))
        if turn.reasoning:
            running.reasoning(turn.reasoning)
        answer_with_marks(state, turn, page, newest=newest)
        with st.container(key=f"under-{turn.number}"):
            receipt.show(turn.receipt, turn.state, turn.number, dict(_numbered(turn)), said)
            afterwards.show(state, turn, newest=newest)


def answer_with_marks(
    state: State, turn: Turn, page: st.delta_generator.DeltaGenerator, *, newest: bool = False
) -> None:
    """The answer, whose marks open their page in the place of `page`."""
    reach = [(_key(turn, n), _about(each)) for n, each in enumerate(turn.citations)]
    shown = answer_markdown(turn.answer, turn.citations, reach)
    st.markdown(shown)
    if turn.apart:
        st.caption(_(APART[turn.apart]))
    marked = {n for n, (key, _words) in enumerate(reach) if f"](#{key} " in shown}
    _proof(state, turn, newest, page, marked)


@st.fragment
def _proof(
    state: State,
    turn: Turn,
    newest: bool,
    page: st.delta_generator.DeltaGenerator,
    marked: Set[int],
) -> None:
    """The page of the mark that is open: a click on a mark runs this alone."""
    open_at = state.cited.get(turn.number, 0 if newest and turn.citations else -1)
    _unmarked(state, turn, open_at, marked)
    if turn.citations:
        open_citation = partial(proof.open_citation, state, turn.number)
        count = len(turn.citations)
        live.reach_citations(state.conversation, turn.number, open_at, count, open_citation)
    with page, st.container(key=f"page-{turn.number}"):
        if 0 <= open_at < len(turn.citations):
            calm(proof.show)(state, turn.number, turn.citations, open_at, dict(_numbered(turn)))
        elif turn.citations and state.view != "ask":
            # In a conversation it would stand beside every answer but one.
            st.caption(_("Choose a citation to see its page here."))


def _numbered(turn: Turn) -> list[tuple[str, tuple[str, str]]]:
    return [(f"D{n}", document) for n, document in enumerate(turn.documents, 1)]


def _unmarked(state: State, turn: Turn, open_at: int, marked: Set[int]) -> None:
    """A button for each citation that has no mark in the text: its shape, its page, and its words
    on hovering."""
    if len(marked) == len(turn.citations):
        return
    beside = st.container(horizontal=True, gap="small")
    for n, citation in enumerate(turn.citations):
        if n in marked:
            continue
        beside.button(
            f"{escape(MARKS[citation.status][0])} {escape(place(citation))}",
            key=_key(turn, n),
            help=escape(_about(citation)),
            type="primary" if n == open_at else "secondary",
            on_click=proof.open_citation,
            args=(state, turn.number, n),
        )


def _key(turn: Turn, citation: int) -> str:
    return f"cite-{turn.number}-{citation}"


def _about(citation: Citation) -> str:
    quote = f": “{shortened(citation.quote, 160)}”" if citation.quote else ""
    named = f"{citation.place}. " if citation.place else ""
    return f"{named}{_(proof.STATES[citation.status])}{quote}"

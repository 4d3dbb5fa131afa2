"""Two answers to one question, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import streamlit as st

from kimiqa.hindsight import pages_used
from kimiqa.pages import spans
from kimiqa.ui import history, receipt, running, turns
from kimiqa.ui.engine import engine
from kimiqa.ui.history import Turn
from kimiqa.ui.names import called
from kimiqa.ui.state import State, change_to
from kimiqa.ui.text import escape
from kimiqa.ui.words import _, counted, plural

SIDES = {"1": -1, "2": -2}
"""What the two are numbered by here: the turns of a conversation are counted from 0."""


def show(state: State) -> None:
    """The answer of this conversation, and the one that was asked beside it."""
    branch, _dot, number = state.beside.partition(".")
    at = int(number) if number.isdecimal() else 0
    first, second = _turn(state, state.conversation, at), _turn(state, branch, at)
    st.header(_("Two answers"), anchor=False)
    if st.button(_("Back to the conversation"), key="back", icon=":material/arrow_back:"):
        _go(state, state.conversation)
        st.rerun()
    if first is None:
        st.markdown(_("The first of them is no longer here."))
        return
    st.markdown(f"**{escape(first.question)}**")
    left, right = st.columns(2, gap="medium")
    with left:
        _answer(state, first, "1")
    with right:
        if second is not None:
            _answer(state, second, "2")
        elif engine().latest(branch) is not None:
            running.show(State(branch))
        else:
            st.markdown(_("The second of them is no longer here."))
    if second is not None:
        _differences(first, second)
        if st.button(_("Go on with the second answer"), key="go-on-second"):
            _go(state, branch)
            st.rerun()


def _turn(state: State, conversation: str, number: int) -> Turn | None:
    found = turns.of(state, conversation)
    return found[number] if number < len(found) else None


def _go(state: State, conversation: str) -> None:
    if conversation != state.conversation:
        change_to(state, conversation)
    state.view, state.beside = "ask", ""
    history.forget(state)


def _answer(state: State, turn: Turn, number: str) -> None:
    """One of the answers; the page of the mark that is pressed opens under it."""
    with st.container(border=True, key=f"answer-{number}"):
        st.markdown(f"**{escape(_called(turn))}**")
        text = st.container()
        st.caption(escape(receipt.line(turn.receipt)))
        page = st.container()
        with text:
            turns.answer_with_marks(state, replace(turn, number=SIDES[number]), page)


def _called(turn: Turn) -> str:
    return called(turn.receipt["model"], turn.strategy)


def _differences(first: Turn, second: Turn) -> None:
    """What each rests on that the other does not, and how well it is shown."""
    with st.container(border=True):
        for turn, other in ((first, second), (second, first)):
            st.caption(escape(f"{_called(turn)}: {_rests_on(turn, other)}"))


def _rests_on(turn: Turn, other: Turn) -> str:
    own, others = pages_used(turn.citations), pages_used(other.citations)
    doubtful = sum(each.status in ("unverified", "invalid") for each in turn.citations)
    facts = [plural(len(own), "rests on {number:,} page", "rests on {number:,} pages")]
    if alone := own - others:
        facts.append(_("alone with {places}").format(places=_places(alone)))
    facts.append(f"{counted(len(turn.citations), 'citation', 'citations')}")
    if doubtful:
        facts.append(_("{number:,} not verified").format(number=doubtful))
    facts.append(_tokens(turn.receipt))
    return ", ".join(facts)


def _places(pages: frozenset[tuple[str, int]]) -> str:
    named: dict[str, list[int]] = {}
    for document, page in sorted(pages):
        named.setdefault(document, []).append(page)
    return "; ".join(f"{document} p. {spans(found)}" for document, found in named.items())


def _tokens(paid: Mapping[str, Any]) -> str:
    used = paid["usage"]
    if not used:
        return _("tokens not known")
    return _("{prompt:,} + {completion:,} tokens").format(
        prompt=used["prompt_tokens"], completion=used["completion_tokens"]
    )

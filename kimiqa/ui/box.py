"""The question's box: its name, and what was put into it for the reader."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from kimiqa.ui import history
from kimiqa.ui.state import State


@dataclass(slots=True)
class Box:
    """What was put into the box last, other than by typing."""

    given: str = ""
    """A name for it: what the tab kept of the box before is older."""


def key(state: State) -> str:
    """Names the box: another one for each question."""
    return f"question-{state.conversation}-{len(history.turns(state))}"


def put(state: State, question: str, name: str) -> None:
    """Write a question into the box, in the place of what stands there."""
    st.session_state[key(state)] = state.choices.question = question
    state.of(Box).given = name


def given(state: State) -> str:
    """The name of what was put there last; empty where nothing was."""
    return state.of(Box).given

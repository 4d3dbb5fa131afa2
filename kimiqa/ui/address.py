"""The page's address: what brings it back, after a reload and by the browser's own back button."""

from __future__ import annotations

from typing import get_args

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from kimiqa.ui.state import State, View, change_to, kept_choices, new_id


def page_state() -> State:
    """This page's state: the session's, else what the URL names."""
    if "page" not in st.session_state:
        st.session_state["page"] = _from_url()
    state: State = st.session_state["page"]
    if _went_back():
        _follow(state)
    return state


def _from_url() -> State:
    conversation = _conversation() or new_id()
    state = State(conversation, [each for each in _ids() if _is_id(each, 64)])
    state.choices = kept_choices(conversation)
    view = st.query_params.get("v")
    state.view = next((each for each in get_args(View) if each == view), "ask")
    branch, _dot, number = st.query_params.get("w", "").partition(".")
    if _is_id(branch, 12) and number.isdecimal() and len(number) < 6:
        state.beside = f"{branch}.{number}"
    return state


def _conversation() -> str:
    named = st.query_params.get("c", "")
    return named if _is_id(named, 12) else ""


def _ids() -> list[str]:
    return list(dict.fromkeys(st.query_params.get_all("d")))


def _is_id(text: str, length: int) -> bool:
    return len(text) == length and all(each in "0123456789abcdef" for each in text)


def _went_back() -> bool:
    """Whether the browser's back or forward button brought this run about. An address that lags
    behind, as after two quick clicks, is none that a person went to."""
    context = get_script_run_ctx(suppress_warning=True)
    return context is not None and context.is_history_navigation


def _follow(state: State) -> None:
    """Show what the address names now; what was typed and opened in this visit is kept."""
    if not _conversation():
        return
    there = _from_url()
    if there.conversation != state.conversation:
        change_to(state, there.conversation)
    state.documents, state.view, state.beside = there.documents, there.view, there.beside


def to_url(state: State) -> None:
    """Write into the URL what brings this page back."""
    wanted: dict[str, str | list[str]] = {"d": state.documents, "c": state.conversation}
    if state.view != "ask":
        wanted["v"] = state.view
    if state.view == "compare":
        wanted["w"] = state.beside
    now = {name: st.query_params.get_all(name) for name in st.query_params}
    if now != {name: [v] if isinstance(v, str) else v for name, v in wanted.items() if v}:
        st.query_params.from_dict(wanted)

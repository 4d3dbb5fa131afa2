"""The first start: with a key or without, decided on the same screen that takes the documents."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from kimiqa.settings import home_folder, providers, saved_keys
from kimiqa.store import store_for
from kimiqa.ui import desk, outcome, settings
from kimiqa.ui.state import State
from kimiqa.ui.words import _

MARK = "welcomed"


@dataclass(slots=True)
class Begun:
    """Whether this page was the first one, and began with a key: how that went is shown on."""

    with_key: bool = False


def show(state: State) -> None:
    """Two ways to begin. Nothing has to be chosen: opening a document begins as well."""
    if not is_first(state):
        if state.of(Begun).with_key:
            outcome.show(state)
        return
    st.subheader(_("Who shall answer?"), anchor=False)
    without, with_one = st.columns(2)
    with without.container(border=True, height="stretch"):
        st.markdown(f"**{_('Without a key')}**")
        for fact in (
            _("Quotes are found by word match on this computer, free."),
            _("Nothing is sent."),
            _("What Kimi's answers would cost stands beside them."),
        ):
            st.markdown(f":material/check: {fact}")
        st.space("stretch")
        st.button(_("Begin without a key"), key="begin-free", on_click=_begun, width="stretch")
    with with_one.container(border=True, height="stretch"):
        st.markdown(f"**{_('With a key')}**")
        _key_form(state)
    st.caption(_("You can change this at any time under Key and settings."))


def is_first(state: State) -> bool:
    """Whether nobody has begun here: no key, no choice, no mark, and no document read."""
    home = home_folder()
    if (home / MARK).exists() or (home / "settings.toml").exists() or saved_keys(home):
        return False
    return desk.setup(state).embedded and not store_for(home).documents()


def _begun() -> None:
    """Remember that this was seen. Where that cannot be written, it is shown once more."""
    home = home_folder()
    with contextlib.suppress(OSError):
        Path(home).mkdir(parents=True, exist_ok=True)
        (home / MARK).touch()


def _key_form(state: State) -> None:
    known = {each.name: each for each in providers()}
    with st.form("first-key", border=False, clear_on_submit=True):
        name = st.selectbox(
            _("Endpoint"), list(known), key="first-endpoint", format_func=lambda n: known[n].title
        )
        key = st.text_input(
            _("API key"), type="password", autocomplete="off", placeholder=_("paste it here")
        )
        st.caption(_("Stored for you alone, sent to this endpoint alone, never shown again."))
        pressed = st.form_submit_button(_("Save and test"), width="stretch")
    if pressed and name and (key.strip() or known[name].local):
        state.of(Begun).with_key = True
        settings.save_and_test(state, known[name].base_url, key, "", test=True)
    elif pressed:
        st.error(_("Paste the key first, or begin without one."), icon=":material/key:")
    outcome.show(state)
    st.button(
        _("Another endpoint"),
        key="begin-other",
        type="tertiary",
        on_click=settings.begin_with_own,
        args=(state,),
    )

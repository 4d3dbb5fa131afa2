"""Documents that are deleted: by hand, or at the start because nobody used them for long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import streamlit as st

from kimiqa.documents import Documents, cleared_in_words
from kimiqa.errors import KimiqaError
from kimiqa.ledger import Ledger
from kimiqa.opening import leftovers
from kimiqa.personal import keeping
from kimiqa.settings import home_folder, ledger_place, load_settings
from kimiqa.store import store_for
from kimiqa.ui.state import State
from kimiqa.ui.text import escape
from kimiqa.ui.words import _


@dataclass(slots=True)
class Told:
    """Whether this page has said what was cleared."""

    cleared: bool = False


@cache
def cleared_at_start(home: str) -> str:
    """What the settings' retention has deleted, in a sentence; once for each run of the app."""
    days = load_settings(home_folder()).retention_days
    if days is None:
        leftovers.sweep(store_for(home_folder()))
        return ""
    with _ledger() as ledger:
        return cleared_in_words(Documents(home_folder(), ledger).clear(days), days)


def show(state: State) -> None:
    """Say once on each page what was cleared."""
    said, told = cleared_at_start(str(home_folder())), state.of(Told)
    if said and not told.cleared:
        told.cleared = True
        st.toast(escape(said), icon=":material/auto_delete:", duration="long")


def rules(ids: Sequence[str]) -> None:
    """Say which rules go with documents that are deleted by hand."""
    store = store_for(home_folder())
    places = dict.fromkeys(place for each in ids for place in keeping.rule(store, each))
    if places:
        told = _(
            "It may go anywhere once it is opened again: its rule goes with it, only to {places}."
        )
        st.caption(told.format(places=escape(", ".join(places))))


def delete(state: State, document_id: str, *, conversations: bool) -> None:
    """Delete a document for good; where a question needs it, the page says so."""
    try:
        with _ledger() as ledger:
            Documents(home_folder(), ledger).delete(document_id, conversations=conversations)
    except KimiqaError as error:
        state.problem = str(error)


def _ledger() -> Ledger:
    return Ledger.open(ledger_place(home_folder()))

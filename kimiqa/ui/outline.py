"""The documents' own tables of contents, to choose pages from."""

from __future__ import annotations

from dataclasses import dataclass, field

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from kimiqa.chapters import Chapter, entries
from kimiqa.ui import reading
from kimiqa.ui.latest import Latest
from kimiqa.ui.state import State, ready
from kimiqa.ui.text import shortened
from kimiqa.ui.words import _

MOST = 400
"""So many entries are offered; the others can be typed."""
_INDENT = "\u2003"


@dataclass(slots=True)
class Outline:
    """The documents' tables of contents, and where one is chosen from them."""

    place: DeltaGenerator | None = None
    """Empty until all else is on the page."""
    entries: Latest[list[tuple[int, Chapter]]] = field(default_factory=Latest)


def place(state: State) -> None:
    """Where the choice will stand: a long outline takes a second to read, and nothing that a
    person waits for is to wait for that."""
    state.of(Outline).place = st.container()


def fill(state: State) -> None:
    """The choice, once all else is on the page. While a document is being looked over its outline
    is read by that job, and the page is shown anew at its end."""
    outline = state.of(Outline)
    where, outline.place = outline.place, None
    if where is not None and not reading.jobs(state):
        with where:
            choice(state)


def choice(state: State) -> None:
    """The entries of the outlines; choosing one fills in its pages, priced at once."""
    found = _entries(state)
    if not found:
        return
    several = len(state.documents) > 1

    def title(at: int) -> str:
        number, chapter = found[at]
        whose = f"D{number} · " if several else ""
        indent = _INDENT * (min(chapter.level, 5) - 1)
        return f"{whose}{indent}{shortened(chapter.title, 60)} ({_pages(chapter)})"

    key = f"outline-{'-'.join(each[:8] for each in state.documents)}"

    def chosen() -> None:
        at = st.session_state[key]
        if at is not None:
            number, chapter = found[at]
            pages = _pages(chapter)
            state.choices.pages = f"D{number}: {pages}" if several else pages
            st.session_state["choice-pages"] = state.choices.pages
            st.session_state[key] = None

    st.selectbox(
        _("From the outline"),
        range(len(found)),
        index=None,
        key=key,
        format_func=title,
        placeholder=_("a chapter"),
        on_change=chosen,
    )


def _pages(chapter: Chapter) -> str:
    return f"{chapter.first}-{chapter.last}" if chapter.last > chapter.first else f"{chapter.first}"


def _entries(state: State) -> list[tuple[int, Chapter]]:
    documents = ready(state)
    key = [each.id for each in documents]
    return state.of(Outline).entries.made_for(key, lambda: list(entries(documents))[:MOST])

"""What stands under an answer: hindsight, other ways to ask it, and a copy to take along."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import streamlit as st

from kimiqa.conversation import prompt_turns
from kimiqa.document import Document
from kimiqa.exporting import Sheet, to_html, to_markdown
from kimiqa.hindsight import Hindsight, Past, hindsight, in_words, pages_used
from kimiqa.models import get_model
from kimiqa.planner import Planner, Question
from kimiqa.ui import again, desk, receipt
from kimiqa.ui.calm import calm
from kimiqa.ui.history import Turn
from kimiqa.ui.names import called
from kimiqa.ui.state import State, opened
from kimiqa.ui.text import escape, money
from kimiqa.ui.words import _, in_this_language, spoken, told


@dataclass(slots=True)
class Hindsights:
    """What was found looking back on the answers of this page."""

    by_call: dict[str, Hindsight] = field(default_factory=dict)


@dataclass(slots=True)
class Copied:
    """The answers that are laid out to be taken along: conversation and turn. Each is drawn anew
    alone, so that none closes another."""

    open: set[tuple[str, int]] = field(default_factory=set)


def show(state: State, turn: Turn, *, newest: bool) -> None:
    """Hindsight in a line, then what can be done with the answer."""
    calm(_hindsight)(state, turn, newest)
    row = st.container(horizontal=True, gap="small", vertical_alignment="center")
    with row:
        again.offer(state, turn)
        _offer_copy(state, turn)
    calm(again.show)(state, turn)
    _copy(state, turn)


# Hindsight --------------------------------------------------------------------------------------


def _hindsight(state: State, turn: Turn, newest: bool) -> None:
    if turn.apart == "stopped":
        return  # what it would have rested on, nobody knows
    found = look_back(state, turn, newest=newest)
    shown = {each.strategy: money(each.cost.amount, each.cost.currency) for each in found.others}
    st.caption(escape(in_words(found, shown)))


def look_back(state: State, turn: Turn, *, newest: bool) -> Hindsight:
    """What the answer rests on; for the newest one, what the other ways would have cost too."""
    kept = state.of(Hindsights).by_call
    if turn.call in kept:
        return kept[turn.call]
    sent = turn.receipt["coverage"]["sent"]
    documents = [opened(state, document_id) for document_id, _name in turn.documents]
    known = [document for document in documents if document is not None]
    if not newest or turn.receipt["model"] == "local" or len(known) < len(documents):
        return Hindsight(len(pages_used(turn.citations)), sent)
    kept[turn.call] = found = _priced(state, turn, known, sent)
    return found


def _priced(state: State, turn: Turn, documents: Sequence[Document], sent: int) -> Hindsight:
    used = turn.receipt["usage"]
    completion = used["completion_tokens"] if used else None
    past = Past(turn.strategy, turn.citations, sent, completion)
    rows = desk.client(state).ledger.turns(state.conversation)[: turn.number]
    before = prompt_turns(rows)
    asked = Question(turn.question, tuple(documents), turns=before)
    return hindsight(_planner(state, turn.receipt["model"]), asked, past)


def _planner(state: State, model_id: str) -> Planner:
    """The planner for the model that answered, which another one may have followed since."""
    setup = desk.setup(state)
    setup = setup.beside() if setup.embedded else setup
    model = get_model(model_id, base_url=setup.target.base_url, home=setup.home)
    effort = setup.effort if setup.effort in model.efforts else next(iter(model.efforts), None)
    return replace(setup.planner, model=model, effort=effort)


# A copy -----------------------------------------------------------------------------------------


def sheet(turn: Turn) -> Sheet:
    """The answer as it is exported."""
    line = receipt.line(turn.receipt)
    facts = (called(turn.receipt["model"], turn.strategy), line)
    names = tuple(name for _id, name in turn.documents)
    warnings = tuple(turn.receipt["warnings"])
    said = (facts, warnings, spoken(), told)
    return Sheet(turn.question, turn.answer, turn.citations, names, *said)


def _offer_copy(state: State, turn: Turn) -> None:
    """The button that opens the copy: in its place on the page, for a key does not reach into
    what Streamlit lays over it."""
    taken = state.of(Copied)

    def turned() -> None:
        taken.open ^= {(state.conversation, turn.number)}

    st.button(
        _("Copy or save"),
        key=f"copy-{turn.number}",
        icon=":material/content_copy:",
        type="tertiary",
        on_click=turned,
    )


def _copy(state: State, turn: Turn) -> None:
    """The answer with its footnotes, as a file, and where the browser's own button copies it."""
    if (state.conversation, turn.number) not in state.of(Copied).open:
        return
    with st.container(border=True):
        with st.container(horizontal=True):
            downloads(str(turn.number), lambda: [sheet(turn)], f"answer-{turn.number + 1}")
        st.code(to_markdown(sheet(turn)), language=None, wrap_lines=True)


def downloads(key: str, sheets: Callable[[], Sequence[Sheet]], name: str) -> None:
    """Buttons that make their file when they are pressed, not before."""
    for label, suffix, mime, make in (
        (_("Save as Markdown"), "md", "text/markdown", to_markdown),
        (_("Save as HTML"), "html", "text/html", to_html),
    ):
        st.download_button(
            label,
            in_this_language(partial(_made, make, sheets)),
            file_name=f"{name}.{suffix}",
            mime=mime,
            key=f"save-{suffix}-{key}",
            on_click="ignore",
            type="tertiary",
            icon=":material/download:",
        )


def _made(make: Callable[..., str], sheets: Callable[[], Sequence[Sheet]]) -> str:
    return make(*sheets())

"""What leaves this computer: said the first time, replaced on request, kept to its places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import streamlit as st

from kimiqa import rules
from kimiqa.document import Document
from kimiqa.errors import KimiqaError
from kimiqa.privacy import first_time
from kimiqa.ui import desk
from kimiqa.ui.history import Turn
from kimiqa.ui.state import State, ready
from kimiqa.ui.text import escape
from kimiqa.ui.words import _

KEY = "choice-private"


@dataclass(slots=True)
class Unruled:
    """Rules that were typed and cannot hold: why, by document, until another one is typed."""

    problems: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class GoneOn:
    """The conversation for which it was looked up how it was asked so far."""

    conversation: str = ""


def go_on(state: State, turns: Sequence[Turn]) -> None:
    """Switch placeholders on where a conversation is shown whose last answer was asked with them:
    what this process remembers is gone after a restart, and another page had another choice."""
    seen = state.of(GoneOn)
    if seen.conversation == state.conversation:
        return
    seen.conversation = state.conversation
    if turns and turns[-1].private:
        state.choices.private = st.session_state[KEY] = True


def notice(state: State) -> None:
    """Where documents go for the first time and what personal data they hold, once for each
    document and endpoint: asking is what it takes to have read it."""
    base_url = desk.setup(state).target.base_url
    if rules.stays_here(base_url):
        return
    notes = first_time(ready(state), base_url, private=state.choices.private)
    if notes:
        st.info("  \n".join(escape(note) for note in notes), icon=":material/outbound:")


def choice(state: State) -> None:
    """Placeholders in place of personal data: off, until it is switched on."""

    def chosen() -> None:
        state.choices.private = bool(st.session_state[KEY])

    st.session_state.setdefault(KEY, state.choices.private)
    st.toggle(
        _("Send placeholders for personal data"),
        key=KEY,
        help=_(
            "E-mail addresses, phone, card, bank and identity numbers are sent as [EMAIL-1] and "
            "so on, and put back into the answer. Names, addresses, and what nothing marks as "
            "such a number are not found."
        ),
        on_change=chosen,
    )


def rule(state: State, document: Document) -> None:
    """A place to say where a document may go; why a rule cannot hold stays in sight."""
    key, problem = f"rule-{document.id}", state.of(Unruled).problems.get(document.id, "")
    fold = st.expander(_("Where it may go"), key=f"places-{document.id}", on_change="rerun")
    if fold.open:
        with fold:
            st.session_state.setdefault(key, ", ".join(document.only))
            st.text_input(
                _("May go only to"),
                key=key,
                placeholder=_("anywhere, or eu, example.com"),
                on_change=_ruled,
                args=(state, document, key),
                help=_("Hosts, providers or regions with commas between; local is this computer."),
            )
    if problem:
        st.error(escape(problem))


def ruled(document: Document) -> str:
    """Where a document may go alone, escaped; empty where it may go anywhere."""
    places = ", ".join(document.only)
    return _("May go only to {places}").format(places=escape(places)) if places else ""


def _ruled(state: State, document: Document, key: str) -> None:
    problems = state.of(Unruled).problems
    problems.pop(document.id, None)
    try:
        document.restrict(*filter(str.strip, st.session_state[key].split(",")))
    except KimiqaError as error:
        problems[document.id] = str(error)
    desk.forget_prices(state)

"""The question: typed, priced, asked; over a cap a person is asked once, with the numbers."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from kimiqa.errors import KimiqaError, NoTextError
from kimiqa.figures import at_most
from kimiqa.plan import Way
from kimiqa.question import ORDINARY_QUESTION
from kimiqa.setup import Setup
from kimiqa.ui import (
    box,
    cards,
    desk,
    digests,
    history,
    private,
    ready,
    scanned,
    several,
    submitting,
    warmth,
    ways,
    weigh,
)
from kimiqa.ui.calm import calm, show_error
from kimiqa.ui.state import Confirm, State
from kimiqa.ui.text import escape, lines, money
from kimiqa.ui.words import _


def show(state: State) -> None:
    """What was typed, what it would cost each way, and the button that asks."""
    notice, way = st.container(), None
    with st.container(border=True):
        _field(state)
        several.choice(state)
        question = _asked(state)
        priced = _priced(state, question)
        if priced is None:
            calm(ready.show)(state, st.container(horizontal=True))
        else:
            way = _price_and_ask(state, question, priced)
    with notice:
        # Above the box, and after it: the first look for personal data takes a while.
        calm(private.notice)(state)
    if way is not None:
        # Outside of the box: on a telephone a table has no width to give away.
        calm(weigh.show)(state, question or ORDINARY_QUESTION, way)


def price(state: State) -> None:
    """Count what `show` will show, where it has shown prices before; what goes wrong is said
    there."""
    if not desk.has_prices(state):
        return
    state.choices.question = st.session_state.get(box.key(state), state.choices.question)
    with suppress(Exception):
        digests.reckon(state, desk.ways(state, _asked(state) or ORDINARY_QUESTION))


def _field(state: State) -> None:
    key, first = box.key(state), not history.turns(state)
    st.session_state.setdefault(key, state.choices.question)
    state.choices.question = st.text_area(
        _("Your question") if first else _("Your next question"),
        key=key,
        height=96,
        placeholder=_("What do you want to know? Several questions: one on each line."),
    )


def _asked(state: State) -> str:
    """What was typed; of several questions the first, for which the cards stand."""
    typed = state.choices.question.strip()
    return several.lines(typed)[0] if state.choices.each_line else typed


def _priced(state: State, question: str) -> list[Way] | None:
    """The ways; where there can be none, the sentence that says why, and the way on."""
    try:
        return desk.ways(state, question or ORDINARY_QUESTION)
    except NoTextError as error:
        calm(scanned.way_on)(state, error)
    except KimiqaError as error:
        show_error(error)
    return None


def _price_and_ask(state: State, question: str, priced: list[Way]) -> Way | None:
    """The button for one of the ways, what came of it, and under it the cards, which are a screen
    long: the way that is chosen."""
    setup = desk.setup(state)
    way = ways.chosen_way(state, priced, setup.embedded) or _cheapest(priced)
    if way is None:
        calm(ready.show)(state, st.container(horizontal=True))
    else:
        calm(_ask_row)(state, question, way, setup)
    _last_problem(state)
    cards.show(state, priced, setup.embedded, _stands_for(state, question))
    calm(digests.offer)(state, priced)
    if setup.embedded:
        _about_keys(state)
    if way is not None:
        calm(warmth.offer)(state, way)
    return way


def _stands_for(state: State, question: str) -> str:
    """What the cards stand for, where it is not the one question that was typed."""
    if not question:
        return _("Prices are for a question of ordinary length until you type yours.")
    if state.choices.each_line:
        return _("The cards stand for the first question; the button for all of them.")
    return ""


def _cheapest(priced: list[Way]) -> Way | None:
    """No way can run, not even over its cap: asking for this one says why."""
    whole = [way for way in priced if way.estimate.cost.ceiling is not None and not way.partial]
    return min(whole, key=lambda each: each.estimate.cost.ceiling or Decimal(0), default=None)


def _ask_row(state: State, question: str, way: Way, setup: Setup) -> None:
    together = several.priced(state, way) if state.choices.each_line else None
    row = st.container(horizontal=True, vertical_alignment="center")
    unreachable = setup.target.needs_key or (setup.embedded and way.model != "local")
    pressed = row.button(
        escape(several.label(together)) if together else _ask_label(way),
        key="ask",
        type="primary",
        disabled=unreachable,
        shortcut="Ctrl+Enter",
    )
    calm(ready.show)(state, row)
    with row:
        warmth.show(state, way)
    if together:
        row.caption(escape(several.in_words(together)))
    if unreachable:
        row.caption(_("Asking Kimi needs a key; its price needs none."))
    if setup.target.needs_key:
        _add_key(state, row)
    if pressed:
        _pressed(state, question, way)


def _pressed(state: State, question: str, way: Way) -> None:
    if not question:
        state.problem = _("Write what you want to know.")
    else:
        submitting.submit(state, question, way)
    st.rerun()


def _ask_label(way: Way) -> str:
    cost = way.estimate.cost
    if cost.expected is None:
        return _("Ask")
    if not cost.ceiling:
        return _("Ask · free")
    return _("Ask · about {amount}").format(amount=escape(money(cost.expected, cost.currency)))


def _about_keys(state: State) -> None:
    """Kimi's prices stand here without a key; this is how to get an answer from it."""
    row = st.container(horizontal=True, vertical_alignment="center")
    row.caption(
        _(
            "There is no key yet: the quotes are found by word match, and no language model is "
            "asked. Kimi's prices above are what its answers would cost."
        )
    )
    _add_key(state, row)


def _add_key(state: State, row: DeltaGenerator) -> None:
    def settings() -> None:
        state.view = "settings"
        st.rerun()  # the whole page: this part of it runs alone

    row.button(_("Add a key"), key="add-key", on_click=settings, type="tertiary")


def _last_problem(state: State) -> None:
    if state.confirm is not None:
        _confirm(state, state.confirm)
    elif state.problem:
        st.error(lines(state.problem), icon=":material/error:")


def _confirm(state: State, confirm: Confirm) -> None:
    """Over a cap or the threshold: ask once, with the numbers."""
    cost = confirm.way.estimate.cost
    with st.container(border=True):
        st.warning(escape(confirm.message), icon=":material/payments:")
        row = st.container(horizontal=True)
        ceiling = at_most(cost.ceiling or Decimal(0), cost.currency)
        yes = _("Ask all the same, at most {amount}").format(amount=ceiling)
        if row.button(escape(yes), key="over-cap-yes", type="primary"):
            submitting.submit(state, _asked(state), confirm.way, confirm)
            st.rerun()
        if row.button(_("Do not ask"), key="over-cap-no"):
            state.confirm = None
            st.rerun()

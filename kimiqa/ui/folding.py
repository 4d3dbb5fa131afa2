"""The cards that were not chosen, folded away: after the first answer, and on a telephone always.

After the first answer they are not drawn before somebody wants them. How wide the window is only
the browser knows: for a telephone `page.css` folds, by the names given here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import streamlit as st

from kimiqa.plan import Way
from kimiqa.ui import history
from kimiqa.ui.state import State
from kimiqa.ui.text import escape, money_range
from kimiqa.ui.words import _


@dataclass(slots=True)
class Folding:
    """Where somebody unfolded the cards: a conversation, and how many turns it had."""

    unfolded: tuple[str, int] | None = None


@contextmanager
def cards(state: State, others: Sequence[Way], chosen: Way | None) -> Iterator[bool]:
    """The place of the cards, and under it the button that unfolds `others`, or folds them;
    whether all of them are to be drawn, or the chosen one alone."""
    if chosen is None or not others:
        with st.container(key="ways-open"):
            yield True
        return
    asked = len(history.turns(state))
    fold = "folded" if asked else "narrow"
    now = (state.conversation, asked)
    unfolded = state.of(Folding).unfolded == now
    with st.container(key="ways-open" if unfolded else f"ways-{fold}"):
        yield unfolded or fold == "narrow"

    def turn() -> None:
        state.of(Folding).unfolded = None if unfolded else now

    st.button(
        _("Only the chosen way") if unfolded else escape(_said(others)),
        key=f"fold-{fold}" if unfolded else f"unfold-{fold}",
        icon=":material/unfold_less:" if unfolded else ":material/unfold_more:",
        type="tertiary",
        on_click=turn,
    )


def _said(others: Sequence[Way]) -> str:
    """What the others would cost, from the least to the most; not yet escaped."""
    costs = [way.estimate.cost for way in others]
    lows = [cost.low for cost in costs if cost.low is not None]
    highs = [cost.high for cost in costs if cost.high is not None]
    if len({cost.currency for cost in costs}) != 1 or not lows or not highs:
        return _("Other ways")
    span = money_range(min(lows), max(highs), costs[0].currency)
    return _("Other ways, {range}").format(range=span)

"""The cards that were not chosen, folded away: after the first answer, and on a telephone always.

After the first answer they are not drawn before somebody wants them. How wide the window is only
the browser knows: for a telephone `page.css` folds, by the names given here.
"""

from __future__ import annotations

from collections.abc import Sequence
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


@dataclass(frozen=True, slots=True)
class Fold:
    """How the cards are folded."""

    kind: str
    """`folded` after the first answer, `narrow` before; empty where there is nothing to fold."""
    unfolded: bool

    @property
    def all_drawn(self) -> bool:
        """Whether all of them are to be drawn, or the chosen one alone."""
        return self.unfolded or self.kind != "folded"

    @property
    def place(self) -> str:
        """The name of the container that holds the cards: a telephone folds by it."""
        return "ways-narrow" if self.kind == "narrow" and not self.unfolded else "ways-open"


def fold(state: State, others: Sequence[Way], chosen: Way | None) -> Fold:
    """How they are folded now, all but the chosen one."""
    if chosen is None or not others:
        return Fold("", unfolded=False)
    kind = "folded" if history.turns(state) else "narrow"
    return Fold(kind, state.of(Folding).unfolded == _now(state))


def _now(state: State) -> tuple[str, int]:
    return state.conversation, len(history.turns(state))


def button(state: State, fold: Fold, others: Sequence[Way]) -> None:
    """What unfolds the others, or folds them."""
    if not fold.kind:
        return

    def turn() -> None:
        state.of(Folding).unfolded = None if fold.unfolded else _now(state)

    st.button(
        _("Only the chosen way") if fold.unfolded else escape(_said(others)),
        key=f"fold-{fold.kind}" if fold.unfolded else f"unfold-{fold.kind}",
        icon=":material/unfold_less:" if fold.unfolded else ":material/unfold_more:",
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

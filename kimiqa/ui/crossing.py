"""From which question on the whole documents are the cheaper way: a picture, and words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import streamlit as st

from kimiqa import figures
from kimiqa.breakeven import BreakEven
from kimiqa.ui import charts, desk
from kimiqa.ui.latest import Latest
from kimiqa.ui.state import State, ready
from kimiqa.ui.sums import table
from kimiqa.ui.text import escape
from kimiqa.ui.words import _, told

MOST = 50
NAMED = (1, 2, 5, 10, 20, 50)


@dataclass(slots=True)
class Crossing:
    """What was reckoned for the documents of this page."""

    found: Latest[BreakEven] = field(default_factory=Latest)


def show(state: State) -> None:
    """The cost of 1 to 50 questions in full, cold and warm, by chunks and with a digest."""
    st.subheader(_("How many questions make the whole document cheaper"), anchor=False)
    found = _found(state)
    st.markdown(escape(found.sentence))
    if found.digest_sentence:
        st.markdown(escape(found.digest_sentence))
    if found.rows:
        _picture(found)
        _numbers(found)


def _found(state: State) -> BreakEven:
    model = desk.model(state)
    key = (tuple(state.documents), model.id, model.price, state.choices.lifetime)
    return state.of(Crossing).found.made_for(
        key, lambda: desk.client(state).break_even(ready(state), MOST)[0]
    )


def _picture(found: BreakEven) -> None:
    lines: dict[str, list[Decimal | None]] = {
        _("Whole document, asked in one sitting"): [row.full for row in found.rows],
        _("Whole document, each time cold"): [row.full_cold for row in found.rows],
        _("Chosen chunks"): [row.chunks for row in found.rows],
        _("With a digest, asked in one sitting"): [row.digest for row in found.rows],
    }
    shown = {name: costs for name, costs in lines.items() if costs[0] is not None}
    inside = found.crossing is not None and 1 < found.crossing <= MOST
    charts.lines(
        shown, found.currency or "", found.crossing if inside else None, told(found.sentence)
    )


def _numbers(found: BreakEven) -> None:
    """The same in numbers, at a few places and where the lines cross."""
    crossings = filter(None, (found.crossing, found.digest_crossing))
    places = sorted({*NAMED, *crossings})
    digest = [row.digest is not None for row in found.rows][:1] == [True]
    shown = [row for row in found.rows if row.questions in places]
    columns = [
        [f"{row.questions:,}" for row in shown],
        *(
            _column([getattr(row, name) for row in shown], found.currency)
            for name in ("full", "full_cold", "chunks", *(["digest"] if digest else []))
        ),
    ]
    rows = list(zip(*columns, strict=True))
    head = ["Asked", "Whole, one sitting", "Whole, cold", "Chunks"]
    head += ["Digest"] if digest else []
    st.markdown(table([_(each) for each in head], rows, numbers=range(len(head))))


def _column(costs: Sequence[Decimal | None], currency: str | None) -> list[str]:
    """Costs to the same decimal each; what cannot run has none."""
    last = figures.common_step(cost for cost in costs if cost is not None)
    return ["–" if cost is None else figures.in_steps(cost, last, currency) for cost in costs]

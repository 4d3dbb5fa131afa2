"""What the next question is asked with: model, effort, pages, cap; and what was spent."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from kimiqa.ledger import Period, Scope
from kimiqa.ui import desk, outline, private, rarely
from kimiqa.ui.state import State
from kimiqa.ui.sums import not_known, of_cap, spent
from kimiqa.ui.text import escape, money
from kimiqa.ui.words import _


@dataclass(frozen=True, slots=True)
class Places:
    """Where the choices stand that change nothing but prices: above and below the outline."""

    above: DeltaGenerator
    below: DeltaGenerator


def show(state: State) -> Places:
    """The model, the label and what was spent; the places for what is chosen between them."""
    st.subheader(_("Model"), anchor=False)
    _model(state)
    above = st.container()
    outline.place(state)
    below = st.container()
    _label(state)
    _spent(state)
    return Places(above, below)


def choices(state: State, places: Places) -> None:
    """What re-prices the ways: drawn by the part of the page that is priced, so that one of these
    runs that part and nothing else."""
    with places.above:
        _effort(state)
        _field(state, "pages", _("Pages"), _("all, or 40-95, or D2: 3-7"))
    with places.below:
        private.choice(state)
        caps = desk.caps(state)
        usual = money(caps.question, caps.currency) if caps.question is not None else _("no cap")
        _field(state, "cap", _("Cap for a question"), usual)
        rarely.choices(state)


def _model(state: State) -> None:
    known, used = desk.models(state), desk.model(state).id
    key = f"model-{len(known)}-{used}"

    def chosen() -> None:
        state.choices.model = st.session_state[key] or used
        state.choices.strategy = state.choices.effort = state.choices.lifetime = ""
        state.choices.length = 0

    st.selectbox(
        _("Model"),
        known,
        index=known.index(used),
        key=key,
        label_visibility="collapsed",
        format_func=_title,
        on_change=chosen,
    )


def _title(model: str) -> str:
    return _("local: quotes, no model") if model == "local" else model


def _effort(state: State) -> None:
    efforts = desk.model(state).efforts
    used = desk.setup(state).effort
    if not efforts or used not in efforts:
        return
    key = f"effort-{desk.model(state).id}"

    def chosen() -> None:
        state.choices.effort = st.session_state[key]

    # A radio: in the dark, the words of a chosen segment would be too faint to read.
    st.radio(
        _("Effort"),
        efforts,
        index=efforts.index(used),
        key=key,
        horizontal=True,
        on_change=chosen,
    )


def _label(state: State) -> None:
    """A client, a matter, a project: one that was used before, or a new one."""
    now = state.choices.label
    known = list(dict.fromkeys([*([now] if now else []), *desk.setup(state).ledger.labels()]))
    key = f"label-{state.conversation}-{len(known)}"

    def chosen() -> None:
        state.choices.label = (st.session_state[key] or "").strip()

    st.selectbox(
        _("Label"),
        known,
        index=known.index(now) if now else None,
        key=key,
        placeholder=_("client, matter or project"),
        accept_new_options=True,
        help=_("What the cost is booked under; the sums stand under Money."),
        on_change=chosen,
    )


def _field(state: State, name: str, label: str, placeholder: str) -> None:
    """A field for one of the choices."""
    key = f"choice-{name}"
    st.session_state.setdefault(key, getattr(state.choices, name))

    def changed() -> None:
        setattr(state.choices, name, st.session_state[key] or "")

    st.text_input(label, key=key, placeholder=placeholder, on_change=changed)


def _spent(state: State) -> None:
    """Spent today and this month, beside the caps that hold."""
    used = desk.setup(state)
    budget = desk.caps(state)
    st.subheader(_("Spent"), anchor=False)
    rows: list[tuple[str, Period, Decimal | None]] = [
        (_("Today"), "day", budget.day),
        (_("This month"), "month", budget.month),
    ]
    label_cap = budget.of_label(state.choices.label or None)
    lines: list[str] = []
    for label, period, cap in rows:
        known, unknown = spent(used.ledger, period, budget.currency)
        words = f"{label}: {money(known, budget.currency)}"
        if cap is not None:
            words += f" {of_cap(cap, budget.currency)}"
        if unknown:
            words += f" · {not_known(unknown, budget.currency)}"
        lines.append(words)
    if state.choices.label:
        scope = Scope(label=state.choices.label)
        counted = money(used.ledger.spent("label", budget.currency, scope=scope), budget.currency)
        words = f"{state.choices.label}: {counted}"
        if label_cap is not None:
            words += f" {of_cap(label_cap, budget.currency)}"
        lines.append(words)
    st.caption("  \n".join(escape(line) for line in lines))

"""The same question once more: another way or another model, kept beside the first answer."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import streamlit as st

from kimiqa.client import Client, Conversation
from kimiqa.conversation import Talk, prompt_turns
from kimiqa.document import Document
from kimiqa.errors import KimiqaError, OverCapError
from kimiqa.figures import at_most
from kimiqa.plan import Plan, Strategy
from kimiqa.planner import STRATEGIES
from kimiqa.ui import branching, desk, ways, weigh
from kimiqa.ui.calm import show_error
from kimiqa.ui.history import Turn
from kimiqa.ui.names import TITLES, title
from kimiqa.ui.state import State, new_id, opened
from kimiqa.ui.text import about, escape, money
from kimiqa.ui.words import _, plural


@dataclass(frozen=True, slots=True)
class Other:
    """What the same question is asked with instead."""

    model: str
    strategy: Strategy
    effort: str | None


@dataclass(slots=True)
class Again:
    """What is being chosen to ask a question once more with."""

    turn: int | None = None
    """The turn under which the choice is open."""
    branches: dict[int, str] = field(default_factory=dict)
    """The conversation that each turn's answer would stand in, until it is asked."""
    other: Other | None = None
    shown: str = ""
    """What stood on the button: the side may have changed since, and the price with it."""
    client: Client | None = None
    """Made for `other`, where that is not what the page itself asks with."""


def offer(state: State, turn: Turn) -> None:
    """The button that opens the choice, where there is a model to choose."""
    if not desk.setup(state).embedded:
        st.button(
            _("Ask again"),
            key=f"again-{turn.number}",
            icon=":material/alt_route:",
            type="tertiary",
            help=_("Another way, with another model or effort, side by side."),
            on_click=partial(_open, state, turn.number),
        )
    for n, branch in enumerate(turn.beside, 1):
        st.button(
            _("Compare {number}").format(number=n) if len(turn.beside) > 1 else _("Compare"),
            key=f"compare-{turn.number}-{n}",
            icon=":material/compare:",
            type="tertiary",
            on_click=partial(_beside, state, turn.number, branch),
        )


def _open(state: State, turn: int) -> None:
    again = state.of(Again)
    again.turn = None if again.turn == turn else turn


def _beside(state: State, turn: int, branch: str) -> None:
    state.beside, state.view = f"{branch}.{turn}", "compare"
    state.of(Again).turn = None


def show(state: State, turn: Turn) -> None:
    """The choice of model and way, priced, and the button that asks."""
    if state.of(Again).turn != turn.number or desk.setup(state).embedded:
        return
    documents = [opened(state, document_id) for document_id, _name in turn.documents]
    known = [document for document in documents if document is not None]
    with st.container(border=True):
        if len(known) < len(documents):
            st.caption(_("A document of this answer is no longer here, so it cannot be asked."))
            return
        chosen = _choice(state, turn)
        try:
            _priced(state, turn, chosen, *_agreeable(state, turn, known, chosen))
        except KimiqaError as error:
            show_error(error)
        _elsewhere(state, turn)


def _elsewhere(state: State, turn: Turn) -> None:
    """This very answer, at its real length, at the prices of every model known."""
    key = f"elsewhere-{turn.number}"
    place = st.expander(_("What this answer costs on other models"), key=key, on_change="rerun")
    if not place.open:
        return
    with place:
        try:
            weigh.offers(weigh.of_answer(state, turn.call), key)
        except KimiqaError as error:
            show_error(error)


def _choice(state: State, turn: Turn) -> Other:
    known = [each for each in desk.models(state) if each != "local"]
    names: list[Strategy] = [name for name in STRATEGIES if name in TITLES]  # type: ignore[misc]
    other = names.index(_suggested(state, turn, names))
    left, right, last = st.columns(3)
    model = left.selectbox(_("Model"), known, key=f"again-model-{turn.number}")
    strategy = right.selectbox(
        _("Way"),
        names,
        index=other,
        key=f"again-way-{turn.number}",
        format_func=title,
    )
    model = model or known[0]
    efforts = desk.priced_model(state, model).efforts
    effort = None
    if efforts:
        usual = desk.setup(state).effort
        effort = last.selectbox(
            _("Effort"),
            efforts,
            index=efforts.index(usual) if usual in efforts else 0,
            key=f"again-effort-{turn.number}-{model}",
        )
    return Other(model, strategy or names[other], effort)


def _suggested(state: State, turn: Turn, names: list[Strategy]) -> Strategy:
    """The first way that is another one and can run here; one that cannot is no suggestion."""
    others = [name for name in names if name != turn.strategy]
    with suppress(KimiqaError):
        priced = desk.ways(state, turn.question)
        fitting = {way.strategy for way in priced if way.fits or ways.over_cap(way)}
        return next((name for name in (*others, *names) if name in fitting), others[0])
    return others[0]


def _agreeable(
    state: State, turn: Turn, documents: list[Document], other: Other
) -> tuple[Plan, str]:
    """The plan; where only a cap forbids it, as it would be sent once a person agrees to its
    ceiling, and the sentence that asks."""
    talk = _talk(state, turn, documents, other)
    # What is chosen at the side holds for this question too, above all its cap and whether
    # placeholders are sent; not what is typed in the box below.
    options = desk.options(state) | {"expected_questions": None}
    try:
        return talk.plan(turn.question, strategy=other.strategy, **options), ""
    except OverCapError as refusal:
        priced = talk.ways(turn.question, **options)
        # A cap of the day or the month is not lifted so: it refuses again.
        options["max_cost"] = next(
            (way.estimate.cost.ceiling for way in priced if way.strategy == other.strategy), None
        )
        return talk.plan(turn.question, strategy=other.strategy, **options), refusal.message


def _talk(state: State, turn: Turn, documents: list[Document], other: Other) -> Conversation:
    """What was said before the question, in a conversation of its own."""
    client = _client(state, other)
    talk = Talk(documents, client.ledger, state.conversation)
    rows = client.ledger.turns(state.conversation)[: turn.number]
    talk.turns = () if turn.apart == "aside" else prompt_turns(rows)
    talk.id = state.of(Again).branches.setdefault(turn.number, new_id())
    return Conversation(client, talk)


def _client(state: State, other: Other) -> Client:
    """A client for the model and effort: the page's own, or one kept while this is open."""
    own = desk.setup(state)
    if (other.model, other.effort) == (own.model.id, own.effort):
        return desk.client(state)
    again = state.of(Again)
    if again.client is None or again.other != other:
        if again.client is not None:
            again.client.ledger.close()
        again.client, again.other = Client(other.model, **_options(state, other)), other
    return again.client


def _options(state: State, other: Other) -> dict[str, Any]:
    """The page's own options; a lifetime that one model sells may not be another's."""
    same = other.model == desk.setup(state).model.id
    lifetime = state.choices.lifetime or None
    changed = {"effort": other.effort, "cache_ttl": lifetime if same else None}
    return desk.client_options(state) | changed


def _priced(state: State, turn: Turn, other: Other, plan: Plan, over_cap: str) -> None:
    cost = plan.estimate.cost
    pages = plural(
        plan.coverage.pages,
        "{done:,} of {number:,} page",
        "{done:,} of {number:,} pages",
        done=plan.coverage.sent,
    )
    took = about(plan.estimate.seconds.expected)
    most = _("unknown") if cost.ceiling is None else at_most(cost.ceiling, cost.currency)
    st.caption(escape(f"{pages} · {_('at most {amount}').format(amount=most)} · {took}"))
    label = _("Ask again · about {amount}").format(amount=money(cost.expected, cost.currency))
    if over_cap:
        st.warning(escape(over_cap), icon=":material/payments:")
    if over_cap or desk.client(state).needs_a_word(plan):
        label = _("Ask all the same, at most {amount}").format(amount=most)
    row = st.container(horizontal=True)
    again = state.of(Again)
    pressed = row.button(escape(label), key=f"again-yes-{turn.number}", type="primary")
    agreed, again.shown = again.shown == label, label
    if pressed and agreed:
        branch = branching.start(state, turn, plan, other.model, _options(state, other))
        again.branches.pop(turn.number, None)
        _beside(state, turn.number, branch)
        st.rerun()
    row.button(
        _("Do not ask"), key=f"again-no-{turn.number}", on_click=partial(_open, state, turn.number)
    )

"""The digest of the open documents: shown where it is kept, else offered with its price."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

import streamlit as st

from kimiqa import digest
from kimiqa.digest import Digest
from kimiqa.errors import KimiqaError, OverCapError
from kimiqa.figures import at_most
from kimiqa.payoff import Once
from kimiqa.plan import Plan, Way
from kimiqa.planner import Question
from kimiqa.question import ORDINARY_QUESTION
from kimiqa.ui import desk, digesting, outlined, reading
from kimiqa.ui.calm import sentence
from kimiqa.ui.latest import Latest
from kimiqa.ui.state import State, ready
from kimiqa.ui.text import escape, money
from kimiqa.ui.words import _

_ANYTHING = Decimal(1_000_000)
"""A cap that forbids nothing, to learn what a ceiling would be; the caps of days hold."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why a person is asked once before a digest is made, and what it would cost at most."""

    message: str
    ceiling: Decimal
    currency: str | None


@dataclass(slots=True)
class Digests:
    """The digest of this page's documents: what is kept of it, or what making it would cost."""

    kept: Latest[Digest | None] = field(default_factory=Latest)
    offer: Latest[Once | None] = field(default_factory=lambda: Latest(most=desk.KEPT_CLIENTS))
    """One for each client that is kept."""
    doubt: Doubt | None = None


def show(state: State) -> None:
    """What is kept, folded."""
    found = kept(state)
    if found is not None:
        outlined.show(state, found)


def kept(state: State) -> Digest | None:
    """The digest of all open documents, where it is kept; its places are checked once."""
    setup, documents = desk.setup(state), ready(state)
    if setup.embedded or not documents:
        return None
    if not digest.found(documents, setup.planner):
        return None
    job = digesting.job(state)
    made = None if job is None else (job.id, job.running)
    editions = [(each.id, each.edition) for each in documents]

    def checked() -> Digest | None:
        asked = Question(ORDINARY_QUESTION, tuple(documents))
        found = digest.kept_digest(setup.planner, asked)
        desk.forget_prices(state)  # what was priced without it
        return found

    return state.of(Digests).kept.made_for((editions, made, setup.model.id), checked)


# Offered ----------------------------------------------------------------------------------------


def offer(state: State, priced: list[Way]) -> None:
    """How far it has come, or why there is none; else the button that makes it, with its price,
    where one would pay and none is kept."""
    if digesting.show(state):
        return
    way = _to_make(state, priced)
    if way is None:
        return
    once = _once(state)
    pressed = st.button(
        escape(_label(state, once)),
        key="make-digest",
        icon=":material/toc:",
        type="tertiary",
        help=escape(way.reason) if way.fits and way.reason else None,
        disabled=desk.setup(state).target.needs_key,
    )
    if pressed:
        _submit(state, None)
        st.rerun()
    _confirm(state)


def reckon(state: State, priced: list[Way]) -> None:
    """Count what `offer` will tell: it takes a while."""
    if _to_make(state, priced) is not None:
        _once(state)


def _to_make(state: State, priced: list[Way]) -> Way | None:
    """The way by a digest, where none is kept yet."""
    way = next((each for each in priced if each.strategy == "digest"), None)
    if way is None or desk.setup(state).embedded or kept(state) is not None:
        return None
    return way


def _label(state: State, once: Once | None) -> str:
    many = len(state.documents) > 1
    what = _("Digest these documents") if many else _("Digest this document")
    price = desk.model(state).price
    if once is None or price is None:
        return what
    about = _("about {amount}").format(amount=money(once.making, price.currency))
    return f"{what} · {about}"


def _once(state: State) -> Once | None:
    """What it would cost, reckoned once for these documents."""
    planner, documents = desk.setup(state).planner, ready(state)
    editions = [(each.id, each.edition) for each in documents]
    key = (desk.client(state), editions, state.choices.private)

    def reckoned() -> Once | None:
        asked = tuple(each.as_read() for each in documents)
        question = Question(ORDINARY_QUESTION, asked, private=state.choices.private)
        try:
            return digest.offer(planner, question)
        except KimiqaError:
            return None

    return state.of(Digests).offer.made_for(key, reckoned)


def _submit(state: State, agreed: Decimal | None) -> None:
    """Plan it and hand it over; over a cap or the threshold a person is asked once."""
    state.of(Digests).doubt = None
    reading.finish(state)
    try:
        plan = _planned(state, agreed)
    except OverCapError as refusal:
        _ask(state, refusal.message, refusal)
    except KimiqaError as error:
        state.problem = sentence(error)
    else:
        if agreed is None and desk.client(state).needs_a_word(plan):
            _ask(state, _("This digest is above the threshold of the settings."), None)
        else:
            digesting.start(state, plan)


def _planned(state: State, max_cost: Decimal | None) -> Plan:
    chosen = desk.options(state)
    options = {name: chosen[name] for name in ("max_cost", "private", "label")}
    if max_cost is not None:
        options["max_cost"] = max_cost
    return desk.client(state).plan_digest(ready(state), **options)


def _ask(state: State, message: str, refusal: OverCapError | None) -> None:
    """Offer to go on, with the ceiling: a cap for the day or the month cannot be lifted here."""
    try:
        cost = _planned(state, None if refusal is None else _ANYTHING).estimate.cost
    except KimiqaError as error:
        state.problem = sentence(error)
        return
    ceiling = cost.ceiling or Decimal(0)
    state.of(Digests).doubt = Doubt(message, ceiling, cost.currency)


def _confirm(state: State) -> None:
    doubt = state.of(Digests).doubt
    if doubt is None:
        return
    with st.container(border=True):
        st.warning(escape(doubt.message), icon=":material/payments:")
        row = st.container(horizontal=True)
        most = at_most(doubt.ceiling, doubt.currency)
        yes = _("Make it all the same, at most {amount}").format(amount=most)
        if row.button(escape(yes), key="digest-yes", type="primary"):
            _submit(state, doubt.ceiling)
            st.rerun()
        if row.button(_("Do not make it"), key="digest-no"):
            state.of(Digests).doubt = None
            st.rerun()

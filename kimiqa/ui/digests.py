"""The digest of the open documents: offered with its price, made, and shown where it is kept."""

from __future__ import annotations

import hashlib
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import streamlit as st

from kimiqa import digest
from kimiqa.choosing import ORDINARY_QUESTION
from kimiqa.client import AsyncClient
from kimiqa.digest import Digest
from kimiqa.errors import KimiqaError, OverCapError
from kimiqa.figures import at_most
from kimiqa.payoff import Once
from kimiqa.plan import Plan, Progress, Way
from kimiqa.planner import Question
from kimiqa.ui import desk, outlined, reading
from kimiqa.ui.calm import calm, sentence, show_error
from kimiqa.ui.engine import Job, engine
from kimiqa.ui.latest import Latest
from kimiqa.ui.state import State, page_state, ready
from kimiqa.ui.text import duration, escape, money
from kimiqa.ui.words import _, told

TICK_SECONDS = 0.6
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
    offer: Latest[Once | None] = field(default_factory=Latest)
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
    job = engine().latest(_key(state))
    made = None if job is None else (job.id, job.running)
    editions = [(each.id, each.edition) for each in documents]

    def checked() -> Digest | None:
        asked = Question(ORDINARY_QUESTION, tuple(documents))
        found = digest.kept_digest(setup.planner, asked)
        desk.forget_prices(state)  # what was priced without it
        return found

    return state.of(Digests).kept.made_for((editions, made, setup.model.id), checked)


def _key(state: State) -> str:
    """Names the work: one digest of the same documents is made at a time."""
    named = " ".join((*state.documents, desk.model(state).id))
    return f"digest-{hashlib.sha256(named.encode()).hexdigest()[:16]}"


# Offered ----------------------------------------------------------------------------------------


def offer(state: State, priced: list[Way]) -> None:
    """The button that makes it, with its price, where one would pay and none is kept; then how
    far it has come, or why there is none."""
    job = engine().latest(_key(state))
    if job is not None and job.running:
        _making()
        return
    if job is not None and (job.error is not None or job.stopped):
        _ended(job)
    way = next((each for each in priced if each.strategy == "digest"), None)
    if way is None or desk.setup(state).embedded or kept(state) is not None:
        return
    once = _once(state)
    row = st.container(horizontal=True, vertical_alignment="center")
    pressed = row.button(
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
    key = (id(desk.client(state)), list(map(id, documents)), state.choices.private)

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
            _start(state, plan)


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


# Made -------------------------------------------------------------------------------------------


def _start(state: State, plan: Plan) -> None:
    model, options = state.choices.model or None, desk.client_options(state)

    async def events() -> AsyncIterator[Any]:
        async with AsyncClient(model, **options) as client:
            try:
                async with aclosing(client.stream(plan)) as running:
                    async for event in running:
                        yield event
            finally:
                client.ledger.close()

    engine().ask(_key(state), plan.question, events)


@st.fragment(run_every=TICK_SECONDS)
def _making() -> None:
    job = engine().running(_key(page_state()))
    if job is None:
        st.rerun()
    else:
        calm(_progress)(job)


def _progress(job: Job) -> None:
    """How many parts are made, and the way to stop; what is made stays."""
    last = job.last(Progress)
    done, total = (last.done, last.total) if last is not None else (0, None)
    said = told(last.message) if last is not None and last.message else _("Making the digest …")
    took = duration(time.time() - job.started)
    with st.container(border=True):
        st.progress(min(1.0, done / total) if total else 0.0, text=escape(f"{said} · {took}"))
        st.button(
            _("Stop"),
            key="stop-digest",
            on_click=job.stop,
            icon=":material/stop:",
            disabled=job.stopped,
        )


def _ended(job: Job) -> None:
    """Why there is none, or not all of it."""
    if job.error is not None:
        show_error(job.error)
    else:
        st.info(_("Stopped. What was made of the digest is kept, and is not paid again."))
    if st.button(_("Dismiss"), key="dismiss-digest", type="tertiary"):
        engine().forget(job)
        st.rerun()

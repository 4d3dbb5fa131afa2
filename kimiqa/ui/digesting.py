"""A digest that is being made: how far it has come, and how it ended where none came of it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import streamlit as st

from kimiqa.client import AsyncClient
from kimiqa.plan import Plan, Progress
from kimiqa.ui import desk
from kimiqa.ui.address import page_state
from kimiqa.ui.calm import calm, show_error
from kimiqa.ui.engine import Job, engine
from kimiqa.ui.state import State
from kimiqa.ui.text import duration, escape
from kimiqa.ui.words import _, told

TICK_SECONDS = 0.6


def job(state: State) -> Job | None:
    """What makes the digest of this page's documents, or has made it."""
    return engine().latest(_key(state))


def show(state: State) -> bool:
    """How far it has come, or how it ended without one; whether it is still being made."""
    found = job(state)
    if found is None:
        return False
    if found.running:
        _making()
        return True
    if found.error is not None or found.stopped:
        _ended(found)
    return False


def start(state: State, plan: Plan) -> None:
    """Have it made; one digest of the same documents is made at a time."""
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


def _key(state: State) -> str:
    """Names the work: one digest of the same documents is made at a time."""
    named = " ".join((*state.documents, desk.model(state).id))
    return f"digest-{hashlib.sha256(named.encode()).hexdigest()[:16]}"

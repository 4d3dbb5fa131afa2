"""One small question to the endpoint: priced, asked where that is wished, and what it told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal

import streamlit as st

from kimiqa.errors import KimiqaError
from kimiqa.figures import at_most
from kimiqa.plan import Plan
from kimiqa.settings import home_folder
from kimiqa.setup import Setup
from kimiqa.trying import Trial, trial_plan, try_endpoint
from kimiqa.ui import desk
from kimiqa.ui.calm import show_error
from kimiqa.ui.engine import Job, engine
from kimiqa.ui.state import State
from kimiqa.ui.text import escape, money, price_range
from kimiqa.ui.words import _

TICK_SECONDS = 0.4
MARKS = {True: ":green[✓]", False: ":red[✗]", None: ":gray[–]"}

Row = tuple[str, bool | None]


def show(state: State) -> None:
    """What such a question told, and the next one with its price."""
    setup = desk.setup(state)
    if setup.embedded or setup.target.needs_key:
        return
    job = engine().latest(_key())
    if job is not None and job.running:
        _wait()
        return
    if job is not None:
        _show_asked(job)
    _offer(state, setup)


def _offer(state: State, setup: Setup) -> None:
    """The price first: it is a question like any other."""
    try:
        plan = trial_plan(setup)
    except KimiqaError as error:
        show_error(error)
        return
    cost = plan.estimate.cost
    row = st.container(horizontal=True, vertical_alignment="center")
    row.button(
        _("Test with one small question · about {amount}").format(
            amount=escape(money(cost.expected, cost.currency))
        ),
        key="try-endpoint",
        icon=":material/network_check:",
        on_click=_ask,
        args=(state, setup, plan),
    )
    most = at_most(cost.ceiling or Decimal(0), cost.currency)
    row.caption(
        escape(
            _(
                "At most {amount}, booked as “endpoint test”. It shows streaming, usage, the cache "
                "field and the token count."
            ).format(amount=most)
        )
    )


def _ask(state: State, setup: Setup, plan: Plan) -> None:
    forget()

    async def events() -> AsyncIterator[Trial]:
        yield await try_endpoint(setup, plan)

    engine().ask(_key(), _("endpoint test"), events)


@st.fragment(run_every=TICK_SECONDS)
def _wait() -> None:
    job = engine().running(_key())
    if job is None:
        st.rerun()
    else:
        row = st.container(horizontal=True, vertical_alignment="center")
        row.button(_("Stop"), key="stop-test", on_click=job.stop, icon=":material/stop:")
        row.caption(_("Asking one small question …"))


def _show_asked(job: Job) -> None:
    trial: Trial | None = job.last(Trial)
    if trial is None:
        show_error(job.error or KimiqaError(_("The test was stopped.")))
        return
    usage, cached = " + ".join(trial.usage), " + ".join(trial.cached)
    rows(
        [
            (_("It streams its answer"), trial.streams),
            (
                _("It tells its usage ({where})").format(where=usage or _("nowhere")),
                bool(trial.usage),
            ),
            (
                _("It tells what was read from its cache ({where})").format(
                    where=cached or _("nowhere")
                ),
                bool(trial.cached) or None,
            ),
            (_counted(trial), None if trial.off is None else abs(trial.off) * 5 <= trial.counted),
        ]
    )
    paid, quoted = trial.answer.cost, trial.answer.estimate.cost
    st.caption(
        escape(
            _("It cost {cost} ({state}), quoted {range}.").format(
                cost=money(paid.amount, paid.currency),
                state=_(trial.answer.state),
                range=price_range(quoted),
            )
        )
    )


def _counted(trial: Trial) -> str:
    if trial.reported is None:
        return _("Its count of tokens cannot be compared")
    return _("It counts {reported:,} prompt tokens, quoted were {counted:,} ({off:+,})").format(
        reported=trial.reported, counted=trial.counted, off=trial.off
    )


def forget() -> None:
    """Another endpoint, another test: what the last one told is dropped."""
    job = engine().latest(_key())
    if job is not None and not job.running:
        engine().forget(job)


def _key() -> str:
    return f"{home_folder()}:endpoint-test"


def rows(found: list[Row]) -> None:
    """What works and what does not, a line each; None is what cannot be told."""
    for label, good in found:
        st.markdown(f"{MARKS[good]} {escape(label)}")

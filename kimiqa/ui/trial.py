"""What works at the endpoint: first what is free to try, then, where wished, one question."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal

import streamlit as st

from kimiqa.endpoint import OpenAIEndpoint, TestResult, check_endpoint
from kimiqa.errors import KimiqaError
from kimiqa.figures import at_most
from kimiqa.models import get_model, refresh
from kimiqa.plan import Plan
from kimiqa.portal import wait_for
from kimiqa.settings import home_folder, resolve
from kimiqa.setup import Setup
from kimiqa.trying import Trial, trial_plan, try_endpoint
from kimiqa.ui import desk, secrets
from kimiqa.ui.calm import calm, show_error
from kimiqa.ui.engine import Job, engine
from kimiqa.ui.state import State
from kimiqa.ui.text import escape, money
from kimiqa.ui.words import _, plural

TICK_SECONDS = 0.4
MARKS = {True: ":green[✓]", False: ":red[✗]", None: ":gray[–]"}

Row = tuple[str, bool | None]
Told = TestResult | KimiqaError | str | None


@dataclass(slots=True)
class Outcome:
    """What the last save or test came to."""

    told: Told = None


def tell(state: State, told: Told) -> None:
    """Have it shown with the next run; None takes back what was told before."""
    state.of(Outcome).told = told


def show(state: State) -> None:
    """What the last save or test came to, and the question that can be asked besides."""
    outcome = state.of(Outcome).told
    if isinstance(outcome, KimiqaError):
        show_error(outcome)
    elif isinstance(outcome, TestResult):
        _show_free(outcome)
    elif outcome:
        st.success(escape(outcome))
    calm(_question)(state)


# What is free -----------------------------------------------------------------------------------


def free() -> TestResult | str:
    """Try what costs nothing, and keep the models that the endpoint lists."""
    home = home_folder()
    model, target = resolve(home=home, env=secrets.variables())
    if target.embedded:
        return _("No key is saved: quotes are found on this computer, and nothing is sent.")

    async def tried() -> TestResult:
        endpoint = OpenAIEndpoint(target)
        try:
            result = await check_endpoint(endpoint, model)
            if result.error is None:
                refresh(list(await endpoint.models()), target.base_url, home)
            return result
        finally:
            await endpoint.aclose()

    return wait_for(tried())


def _show_free(result: TestResult) -> None:
    home = home_folder()
    model, target = resolve(home=home, env=secrets.variables())
    priced = get_model(model, base_url=target.base_url, home=home).price is not None
    _show_rows(
        [
            (_("The endpoint answers"), result.reachable),
            (_("The key is accepted"), result.key_accepted),
            (
                plural(
                    len(result.models),
                    "It offers {model} ({number:,} model)",
                    "It offers {model} ({number:,} models)",
                    model=model,
                ),
                result.model_listed,
            ),
            (_("The price is known"), priced),
        ]
    )
    if result.error:
        show_error(result.error)


def _show_rows(rows: list[Row]) -> None:
    for label, good in rows:
        st.markdown(f"{MARKS[good]} {escape(label)}")


# One small question -----------------------------------------------------------------------------


def _key() -> str:
    return f"{home_folder()}:endpoint-test"


def forget() -> None:
    """Another endpoint, another test: what the last one told is dropped."""
    job = engine().latest(_key())
    if job is not None and not job.running:
        engine().forget(job)


def _question(state: State) -> None:
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
    _show_rows(
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
            _("It cost {cost} ({state}), quoted {low} – {high}.").format(
                cost=money(paid.amount, paid.currency),
                state=_(trial.answer.state),
                low=money(quoted.low, quoted.currency),
                high=money(quoted.high, quoted.currency),
            )
        )
    )


def _counted(trial: Trial) -> str:
    if trial.reported is None:
        return _("Its count of tokens cannot be compared")
    return _("It counts {reported:,} prompt tokens, quoted were {counted:,} ({off:+,})").format(
        reported=trial.reported, counted=trial.counted, off=trial.off
    )

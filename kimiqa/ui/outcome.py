"""What the last save or test of an endpoint came to; a test tries first what costs nothing."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from kimiqa.endpoint import OpenAIEndpoint, TestResult, check_endpoint
from kimiqa.errors import KimiqaError
from kimiqa.models import get_model, refresh
from kimiqa.portal import wait_for
from kimiqa.settings import home_folder, resolve
from kimiqa.ui import secrets, trial
from kimiqa.ui.calm import calm, show_error
from kimiqa.ui.state import State
from kimiqa.ui.text import escape
from kimiqa.ui.words import _, plural

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
    calm(trial.show)(state)


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
    trial.rows(
        [
            (_("The endpoint answers"), result.reachable),
            (_("The key is accepted"), result.key_accepted),
            (_offered(result, model), result.model_listed),
            (_("The price is known"), priced),
        ]
    )
    if result.error:
        show_error(result.error)


def _offered(result: TestResult, model: str) -> str:
    if result.model_listed is None:
        return _("Whether it offers {model} is not known").format(model=model)
    return plural(
        len(result.models),
        "It offers {model} ({number:,} model)",
        "It offers {model} ({number:,} models)",
        model=model,
    )

"""`kimiqa doctor`: what is configured, reachable and missing; keys are masked."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from importlib import util
from typing import TYPE_CHECKING, Any

import click

from kimiqa import __version__
from kimiqa.cli import options
from kimiqa.cli.show import one_line, write_json
from kimiqa.errors import KimiqaError
from kimiqa.plurals import counted

if TYPE_CHECKING:
    from kimiqa.setup import Setup

Check = dict[str, Any]


@click.command()
@click.option("--model", metavar="ID")
@click.option("--base-url", metavar="URL")
@click.option("--api-key", metavar="KEY")
@click.option("--offline", is_flag=True, help="Do not try to reach the endpoint.")
@click.option(
    "--calibrate", is_flag=True, help="Learn the chat template from fixed sentences (free)."
)
@click.option(
    "--ask", is_flag=True, help="Ask one small question (its cost is shown first, and booked)."
)
@options.output
def doctor(
    model: str | None,
    base_url: str | None,
    api_key: str | None,
    offline: bool,
    calibrate: bool,
    ask: bool,
    home: str | None,
    as_json: bool,
) -> int:
    """What is configured, reachable and missing; keys are masked. Costs nothing without --ask."""
    from kimiqa.setup import DEFAULT_HOME, Setup

    checks: list[Check] = [_check("kimiqa", True, f"{__version__} on Python {_python()}")]
    try:
        setup = Setup.of(model, api_key=api_key, base_url=base_url, home=home or DEFAULT_HOME)
        checks += _configured(setup)
        if not offline:
            checks.append(_guarded("endpoint", lambda: _reached(setup)))
            if calibrate:
                checks.append(_guarded("chat template", lambda: _calibrated(setup)))
            if setup.tells_balance:
                checks.append(_guarded("balance", lambda: _balance(setup)))
            if ask:
                checks += _asked(setup)
    except KimiqaError as error:
        checks.append(_check("configuration", False, str(error)))
    checks += _machine()
    if as_json:
        write_json({"checks": checks})
    else:
        for each in checks:
            mark = {True: "ok     ", False: "MISSING", None: "-      "}[each["ok"]]
            line = one_line(f"{each['name']}: {each['detail']}")
            click.echo(f"{mark} {line}")
    return 0 if all(each["ok"] is not False for each in checks) else 1


def _check(name: str, ok: bool | None, detail: str) -> Check:
    return {"name": name, "ok": ok, "detail": detail}


def _python() -> str:
    return f"{platform.python_version()}, {platform.system()}"


def _configured(setup: Setup) -> Iterator[Check]:
    from kimiqa.money import plain
    from kimiqa.settings import mask

    target = setup.target
    yield _check("folder", True, str(setup.home))
    yield _check(
        "ledger", True, f"{counted(len(setup.ledger.calls(limit=1_000)), 'call')}, newest first"
    )
    yield _check("model", True, f"{setup.model.id} at {target.base_url}")
    if setup.embedded:
        hint = "none is needed; set MOONSHOT_API_KEY to ask Kimi"
        yield _check("key", None, hint)
    elif target.api_key:
        where = target.key_source or "given"
        yield _check(
            "key", True, f"{mask(target.api_key.reveal())} from {where}, for {target.host}"
        )
    else:
        yield _check("key", None if not target.needs_key else False, target.key_hint or "none")
    price = setup.model.price
    if price is None:
        yield _check("price", False, f"unknown for {setup.model.id}: add it to prices.toml")
    else:
        amounts = f"{plain(price.prompt)} prompt, {plain(price.completion)} completion"
        yield _check("price", True, f"{amounts} {price.currency} per million ({price.basis})")
    yield from _caps(setup)


def _caps(setup: Setup) -> Iterator[Check]:
    """The caps, and what keeps one from holding as somebody meant it."""
    from kimiqa.ledger.caps import cap_warnings
    from kimiqa.settings import unknown_settings

    budget = setup.budget
    told = [cap for each in budget.everywhere() for cap in each.in_words()]
    yield _check("cap", True if told else None, ", ".join(told) or "none is set")
    price = setup.model.price
    for warning in cap_warnings(budget, price.currency if price else None):
        yield _check("cap", None, warning)
    for name in unknown_settings(setup.home):
        yield _check("settings", None, f"{name} in settings.toml is no setting of this version")


def _reached(setup: Setup) -> Check:
    from kimiqa.asking import Asker
    from kimiqa.portal import wait_for

    if setup.target.needs_key:
        return _check("endpoint", None, "not tried without a key")
    asker = Asker(setup)

    async def listed() -> int:
        try:
            return len(await asker.endpoint().models())
        finally:
            await asker.aclose()

    return _check(
        "endpoint", True, f"{setup.host} answers and offers {counted(wait_for(listed()), 'model')}"
    )


def _balance(setup: Setup) -> Check:
    from kimiqa.asking import Asker
    from kimiqa.cli.books import exact
    from kimiqa.ledger import Balance
    from kimiqa.portal import wait_for

    asker = Asker(setup)

    async def told() -> Balance:
        try:
            return await asker.balance()
        finally:
            await asker.aclose()

    left = wait_for(told()).left
    amount = left.amount or Decimal(0)
    return _check("balance", amount > 0, f"{exact(amount, left.currency)} left at {setup.host}")


def _calibrated(setup: Setup) -> Check:
    from kimiqa.asking import Asker
    from kimiqa.portal import wait_for

    if setup.target.needs_key or setup.embedded:
        return _check("chat template", None, "not asked without a key")
    asker = Asker(setup)

    async def learned() -> str:
        try:
            found = await asker.calibrate()
        finally:
            await asker.aclose()
        return f"{found.per_message} tokens a message and {found.per_request} a request"

    return _check("chat template", True, f"{setup.model.id} adds {wait_for(learned())}")


def _asked(setup: Setup) -> list[Check]:
    from kimiqa.cli import trial

    try:
        return trial.checks(setup)
    except KimiqaError as error:
        return [_check("question", False, str(error))]


def _guarded(name: str, look: Callable[[], Check]) -> Check:
    try:
        return look()
    except KimiqaError as error:
        return _check(name, False, str(error))


def _machine() -> Iterator[Check]:
    from kimiqa.tokens import counter_for

    counter = counter_for("kimi_k3")
    exact = not counter.margin
    detail = "exact, offline" if exact else f"{counter.engine}, off by up to {counter.margin:.0%}"
    yield _check("token counts", True if exact else None, f"{counter.vocabulary}: {detail}")
    for package, what in (("pypdfium2", "reads PDFs"), ("pypdf", "second opinion on PDFs")):
        yield _check(package, util.find_spec(package) is not None, what)
    app = util.find_spec("streamlit") is not None
    yield _check("app", True if app else None, "installed" if app else "pip install 'kimiqa[app]'")
    yield _check("terminal", None, f"output in {sys.stdout.encoding}")

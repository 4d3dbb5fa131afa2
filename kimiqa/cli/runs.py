"""What runs of many paid questions share: a cap, a quote, somebody's word, and progress."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kimiqa.cli import options
from kimiqa.cli.options import _checked_amount as checked_amount
from kimiqa.cli.show import Status, at_most, one_line
from kimiqa.errors import BadRequestError, KimiqaError, OverCapError
from kimiqa.figures import money
from kimiqa.money import plain
from kimiqa.plurals import counted

if TYPE_CHECKING:
    from kimiqa.client import Client
    from kimiqa.evaluating.quoting import Quote
    from kimiqa.evaluating.running import Evaluation, Job

FILE = click.Path(dir_okay=False, path_type=Path)


def paid(command: options.F) -> options.F:
    """Who is asked, what the run may cost, and where its results are kept."""
    named = (
        click.option("--base-url", metavar="URL", help="An OpenAI-compatible endpoint."),
        click.option("--api-key", metavar="KEY", help="Its key; better: an environment variable."),
        click.option("--effort", metavar="WORD", help="How hard it thinks: low, high, max."),
        click.option("--max-completion-tokens", type=click.IntRange(min=1), metavar="N"),
        click.option(
            "--max-cost",
            metavar="AMOUNT",
            callback=checked_amount,
            help="The cap of the whole run, however often it is stopped.",
        ),
        click.option("--allow-unpriced", is_flag=True, help="Ask a model whose price is unknown."),
        click.option("--yes", is_flag=True, help="Pay what was quoted, unasked."),
        click.option("--quote", "quote_only", is_flag=True, help="Price it; send nothing."),
        click.option("--results", type=FILE, metavar="FILE", help="Where results are kept."),
        click.option("--fresh", is_flag=True, help="Begin anew: pay for all of it again."),
        click.option("--retry", is_flag=True, help="Ask again what failed, paid or not."),
    )
    made: Callable[..., Any] = command
    for option in reversed(named):
        made = option(made)
    return made  # type: ignore[return-value]


def usual_results(kind: str, named: Path, home: str | None) -> Path:
    """The file in kimiqa's folder that keeps the results of this data set or document."""
    import hashlib

    from kimiqa.setup import DEFAULT_HOME, folder_of

    folder = folder_of(home or DEFAULT_HOME) or Path()
    name = hashlib.sha256(str(named.resolve()).encode()).hexdigest()[:8]
    return folder / kind / f"{named.stem}-{name}.jsonl"


def client_of(model: str | None, home: str | None, chosen: Mapping[str, Any], label: str) -> Client:
    """The client of a run: all its calls are booked under the label, which has the cap."""
    from kimiqa.amounts import amount
    from kimiqa.client import Client
    from kimiqa.settings import load_settings
    from kimiqa.setup import DEFAULT_HOME, folder_of, usual_budget

    place = home or DEFAULT_HOME
    budget = usual_budget(load_settings(folder_of(place)))
    if chosen["max_cost"] is not None:
        labels = {**budget.labels, label: amount(chosen["max_cost"])}
        # What was agreed to for the run may all go into one question of it.
        budget = replace(budget, labels=labels, question=amount(chosen["max_cost"]))
    return Client(
        model,
        api_key=chosen["api_key"],
        base_url=chosen["base_url"],
        effort=chosen["effort"],
        allow_unpriced=chosen["allow_unpriced"],
        budget=budget,
        label=label,
        home=place,
    )


def tell_quote(quote: Quote, work: Evaluation) -> None:
    """What is left would cost so much; and what cannot be asked."""
    kept = len(work.jobs) - quote.jobs - len(quote.refused)
    click.echo(
        f"Quote: {_cost(quote)} for {counted(quote.jobs, 'question')}"
        + (f"; {kept:,} were asked already and are not paid again" if kept else "")
        + f". Results: {work.book.path}",
        err=True,
    )
    for job, error in quote.refused[:3]:
        said = f"Not asked: {job.item.id} by {job.strategy}: {error.message}"
        click.echo(one_line(said), err=True)


def _cost(quote: Quote) -> str:
    if not quote.jobs:
        return "nothing"
    if quote.expected is None:
        return "an unknown cost"
    most = at_most(quote.ceiling, quote.currency)
    return f"about {money(quote.expected, quote.currency)}, at most {most},"


def agreed(quote: Quote, chosen: Mapping[str, Any], home: str | None, as_json: bool) -> None:
    """Nothing is paid that nobody agreed to, or that surely ends above the cap.

    Raises
    ------
    OverCapError
        Nothing was sent.
    """
    from kimiqa.amounts import amount

    cap = None if chosen["max_cost"] is None else amount(chosen["max_cost"])
    if cap is not None and quote.jobs and quote.ceiling != 0:
        _check_cap(cap, quote, home)
    if not quote.jobs or quote.ceiling == 0 or chosen["yes"]:
        return
    if (
        not as_json
        and options.person()
        and click.confirm(f"Ask them, for {_cost(quote)}?", err=True)
    ):
        return
    raise OverCapError(
        f"The run costs {_cost(quote)} and nobody agreed to it. Nothing was sent.",
        "Say --yes, and --max-cost for a cap.",
    )


def _check_cap(cap: Decimal, quote: Quote, home: str | None) -> None:
    """A cap that surely ends the run early, or cannot hold at all, is said before it begins."""
    from kimiqa.settings import load_settings
    from kimiqa.setup import DEFAULT_HOME, folder_of

    unknown = "what is not known, or in several currencies"
    binds = load_settings(folder_of(home or DEFAULT_HOME)).currency
    if quote.expected is None or quote.currency != binds:
        raise OverCapError(
            f"A cap in {binds} cannot hold a run paid in {quote.currency or unknown}. "
            "Nothing was sent.",
            "Name models of one currency, set `currency` in the settings, or leave out --max-cost.",
        )
    if quote.expected > cap:
        raise OverCapError(
            f"The run is expected to cost {money(quote.expected, quote.currency)}; its cap is "
            f"{money(cap, quote.currency)}. Nothing was sent.",
            "Raise --max-cost, or ask less: --limit, --lengths.",
        )


def asked(
    work: Evaluation, jobs: Sequence[Job], as_json: bool, at_once: int = 1
) -> KimiqaError | None:
    """Ask; what ended it early, where something did: what was paid for is kept and shown."""
    status, spent = Status(as_json), Decimal(0)
    try:
        for number, result in enumerate(work.run(jobs, at_once), 1):
            spent += result.cost or Decimal(0)
            left = "" if not spent else f", {plain(spent)} {result.currency or ''} so far"
            status.show(f"{number:,} of {counted(len(jobs), 'question')}{left}")
    except BadRequestError:
        raise
    except KimiqaError as error:
        return error
    finally:
        status.clear()
    return None

"""`kimiqa eval`: a data set over strategies and models, priced first, graded, with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kimiqa.cli import options
from kimiqa.cli.options import _checked_amount as checked_amount
from kimiqa.cli.show import Status, duration, money, one_line, table, write_json
from kimiqa.errors import BadRequestError, KimiqaError, OverCapError
from kimiqa.money import plain

if TYPE_CHECKING:
    from kimiqa.client import Client
    from kimiqa.evaluating.dataset import Item
    from kimiqa.evaluating.measures import Measure, Scored
    from kimiqa.evaluating.results import Book
    from kimiqa.evaluating.running import Evaluation, Job, Quote


@click.command("eval")
@click.argument("dataset", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--strategy", default="auto", show_default=True, metavar="A,B", help="The ways.")
@click.option("--model", metavar="ID,ID", help="The models; see `kimiqa models`.")
@click.option("--base-url", metavar="URL", help="An OpenAI-compatible endpoint.")
@click.option("--api-key", metavar="KEY", help="Its key; better: an environment variable.")
@click.option("--effort", metavar="WORD", help="How hard it thinks: low, high, max.")
@click.option("--max-prompt-tokens", type=click.IntRange(min=1), metavar="N")
@click.option("--max-completion-tokens", type=click.IntRange(min=1), metavar="N")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="The first N questions.")
@click.option(
    "--max-cost", metavar="AMOUNT", callback=checked_amount, help="The cap of the whole run."
)
@click.option("--allow-unpriced", is_flag=True, help="Ask a model whose price is unknown.")
@click.option("--yes", is_flag=True, help="Pay what was quoted, unasked.")
@click.option("--quote", "quote_only", is_flag=True, help="Price it; send nothing.")
@click.option("--results", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Where results are kept; without it in kimiqa's folder.")  # fmt: skip
@click.option("--fresh", is_flag=True, help="Begin anew: pay for all of it again.")
@click.option("--retry", is_flag=True, help="Ask again what failed, although it may be paid.")
@click.option("--chart", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Draw it, as an SVG.")  # fmt: skip
@options.output
def evaluate(
    dataset: Path, quote_only: bool, chart: Path | None, home: str | None, as_json: bool,
    **chosen: Any,
) -> int:  # fmt: skip
    """Ask the questions of DATASET (JSON lines) and grade the answers.

    The run is priced as a whole first; a person is asked, a script goes on with --yes. Each
    result is kept as soon as it is paid for: the same command goes on where it stopped, and
    pays for nothing twice. --max-cost holds for the run, however often it is stopped.
    """
    work = _evaluation(dataset, home, chosen)
    jobs = work.missing(retry=chosen["retry"])
    quote = work.quote(jobs)
    if jobs and not quote.jobs:
        raise quote.refused[0][1]
    if not as_json:
        _tell_quote(quote, work)
    stopped = None
    if not quote_only:
        _agreed(quote, work, chosen, as_json)
        stopped = _run(work, jobs, as_json)
    return _report(dataset, work, quote, stopped, chart, as_json)


# What is asked ----------------------------------------------------------------------------------


def _evaluation(dataset: Path, home: str | None, chosen: Mapping[str, Any]) -> Evaluation:
    from kimiqa.document import Document
    from kimiqa.evaluating.dataset import read_dataset
    from kimiqa.evaluating.results import Book
    from kimiqa.evaluating.running import Evaluation

    items = read_dataset(dataset)[: chosen["limit"]]
    strategies = _named(chosen["strategy"])
    unknown = [each for each in strategies if each not in options.STRATEGIES]
    if unknown or not strategies:
        known = ", ".join(options.STRATEGIES)
        raise click.BadParameter(f"There is no strategy {', '.join(unknown)!r}; there are {known}.")
    path = chosen["results"] or _usual_results(dataset, home)
    book = Book.open(path, fresh=chosen["fresh"])
    models = _named(chosen["model"] or "") or [None]
    at_home: dict[str, Any] = {"home": home} if home else {}
    return Evaluation(
        items,
        strategies,
        [_client(model, home, chosen, _label(dataset, book)) for model in models],
        book,
        lambda file: Document.open(file, **at_home),
        {name: chosen[name] for name in ("max_prompt_tokens", "max_completion_tokens")}
        | {"effort": chosen["effort"]},
    )


def _named(names: str) -> list[Any]:
    return list(dict.fromkeys(name.strip() for name in names.split(",") if name.strip()))


def _label(dataset: Path, book: Book) -> str:
    """What the ledger books the run under, and holds its cap on."""
    return f"eval {dataset.stem} {book.run}"


def _usual_results(dataset: Path, home: str | None) -> Path:
    import hashlib

    from kimiqa.setup import DEFAULT_HOME, folder_of

    folder = folder_of(home or DEFAULT_HOME) or Path()
    name = hashlib.sha256(str(dataset.resolve()).encode()).hexdigest()[:8]
    return folder / "evals" / f"{dataset.stem}-{name}.jsonl"


def _client(model: str | None, home: str | None, chosen: Mapping[str, Any], label: str) -> Client:
    from kimiqa.client import Client
    from kimiqa.settings import load_settings
    from kimiqa.setup import DEFAULT_HOME, amount, folder_of, usual_budget

    place = home or DEFAULT_HOME
    budget = usual_budget(load_settings(folder_of(place)))
    if chosen["max_cost"] is not None:
        labels = {**budget.labels, label: amount(chosen["max_cost"])}
        budget = replace(budget, labels=labels)
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


# What it costs ----------------------------------------------------------------------------------


def _tell_quote(quote: Quote, work: Evaluation) -> None:
    kept = len(work.jobs) - quote.jobs - len(quote.refused)
    click.echo(
        f"Quote: {_cost(quote)} for {quote.jobs:,} questions"
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
    most = money(quote.ceiling, quote.currency)
    return f"about {money(quote.expected, quote.currency)}, at most {most},"


def _agreed(quote: Quote, work: Evaluation, chosen: Mapping[str, Any], as_json: bool) -> None:
    """Nothing is paid that nobody agreed to, or that surely ends above the cap.

    Raises
    ------
    OverCapError
        Nothing was sent.
    """
    from kimiqa.setup import amount

    cap = None if chosen["max_cost"] is None else amount(chosen["max_cost"])
    if cap is not None and quote.expected is not None and quote.expected > cap:
        raise OverCapError(
            f"The run is expected to cost {money(quote.expected, quote.currency)}; its cap is "
            f"{money(cap, quote.currency)}. Nothing was sent.",
            "Raise --max-cost, or ask fewer questions with --limit.",
        )
    if not quote.jobs or quote.ceiling == 0 or chosen["yes"]:
        return
    if (
        not as_json
        and options._person()
        and click.confirm(f"Ask them, for {_cost(quote)}?", err=True)
    ):
        return
    raise OverCapError(
        f"The run costs {_cost(quote)} and nobody agreed to it. Nothing was sent.",
        "Say --yes, and --max-cost for a cap.",
    )


def _run(work: Evaluation, jobs: Sequence[Job], as_json: bool) -> KimiqaError | None:
    """Ask; what ended it early, where something did: what was paid for is kept and shown."""
    status, spent = Status(as_json), Decimal(0)
    try:
        for number, result in enumerate(work.run(jobs), 1):
            spent += result.cost or Decimal(0)
            left = "" if not spent else f", {plain(spent)} {result.currency or ''} so far"
            status.show(f"{number:,} of {len(jobs):,} questions{left}")
    except BadRequestError:
        raise
    except KimiqaError as error:
        return error
    finally:
        status.clear()
    return None


# What is shown ----------------------------------------------------------------------------------


def _report(
    dataset: Path,
    work: Evaluation,
    quote: Quote,
    stopped: KimiqaError | None,
    chart: Path | None,
    as_json: bool,
) -> int:
    from kimiqa.evaluating.measures import groups, measured

    rows = _scored(work)
    found = {key: measured(each) for key, each in groups(rows).items()}
    if chart:
        from kimiqa.evaluating.charting import chart as drawn

        chart.write_text(drawn(dataset.name, found), encoding="utf-8")
    if as_json:
        error = {"error": stopped.to_json()} if stopped else {}
        write_json(_json(work, quote, rows, found) | error)
    elif found:
        click.echo(results_table(found))
        for line in _notes(rows, found, work.items):
            click.echo(line)
    if stopped is None:
        return 0
    left = len(work.missing())
    click.echo(
        one_line(f"kimiqa: {stopped.message} {left:,} questions are left. {stopped.hint}"), err=True
    )
    return stopped.exit_code if not rows else 1


def _scored(work: Evaluation) -> list[Scored]:
    from kimiqa.evaluating.measures import scored

    results = (work.book.results.get(job.key) for job in work.jobs)
    return scored(work.items, [each for each in results if each is not None])


def _json(
    work: Evaluation,
    quote: Quote,
    rows: Sequence[Scored],
    found: Mapping[tuple[str, str], Mapping[str, Measure]],
) -> dict[str, Any]:
    return {
        "quote": quote.to_json(),
        "run": work.book.run,
        "results_file": str(work.book.path),
        "measures": [
            {"model": model, "strategy": strategy}
            | {name: each.to_json() for name, each in measures.items()}
            for (model, strategy), measures in found.items()
        ],
        "results": [row.to_json() for row in rows],
    }


_COLUMNS = (
    ("right", "accuracy"),
    ("strict", "strict_accuracy"),
    ("citations hold", "citation_precision"),
    ("none: refused", "unanswerable_refused"),
    ("wrongly refused", "answerable_refused"),
    ("cost", "cost"),
    ("per right", "cost_per_right"),
    ("quote off", "quote_error"),
    ("prompt", "prompt_tokens"),
    ("completion", "completion_tokens"),
    ("time", "seconds"),
)


def results_table(found: Mapping[tuple[str, str], Mapping[str, Measure]]) -> str:
    """A row for each model and strategy; in brackets the 95 % intervals by document."""
    head = ["model", "way", "n", *(title for title, _ in _COLUMNS)]
    body = [
        [model, way, str(row["accuracy"].count), *(_cell(name, row[name]) for _, name in _COLUMNS)]
        for (model, way), row in found.items()
    ]
    return table([head, *body], right=range(2, len(head)))


def _cell(name: str, measure: Measure) -> str:
    from kimiqa.evaluating.measures import SHARES

    if measure.value is None:
        return "-"
    if name in SHARES:
        inside = ""
        if measure.low is not None and measure.high is not None:
            inside = f" ({100 * measure.low:.0f}-{100 * measure.high:.0f})"
        return f"{100 * measure.value:.0f} %{inside}"
    if name in ("cost", "cost_per_right"):
        return f"{measure.value:.5f}"
    return duration(measure.value) if name == "seconds" else f"{measure.value:,.0f}"


FEW_DOCUMENTS = 10
"""From fewer documents an interval by document is too narrow to be believed."""


def _notes(
    rows: Sequence[Scored],
    found: Mapping[tuple[str, str], Mapping[str, Measure]],
    items: Sequence[Item],
) -> list[str]:
    documents = len({item.documents for item in items})
    paid = {row.result.currency for row in rows if row.result.currency}
    notes = [
        f"{len(items):,} questions over {documents:,} documents; brackets: 95 % intervals by "
        f"document; costs in {', '.join(sorted(paid)) or 'no currency'}, means of a question."
    ]
    if documents < FEW_DOCUMENTS:
        notes.append(f"Intervals from {documents:,} documents say little about others.")
    for (model, way), row in found.items():
        readers, whole = row["readers_on_gold"], row["completeness"]
        if readers.value is not None and whole.value is not None:
            notes.append(
                f"{model}, {way}: readers reported {100 * readers.value:.0f} % of the gold pages, "
                f"the answer cites {100 * whole.value:.0f} % of the places that readers found."
            )
    if any(row.result.model == "local" for row in rows):
        notes.append("local quotes what matches by words and asks no language model.")
    failed = [row for row in rows if row.result.state != "done"]
    if failed:
        notes.append(f"{len(failed):,} failed and count as wrong: {failed[0].result.error}")
    return [one_line(note) for note in notes]

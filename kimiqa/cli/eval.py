"""`kimiqa eval`: a data set over strategies and models, priced first, graded, with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kimiqa.cli import options, runs
from kimiqa.cli.show import duration, one_line, table, write_json
from kimiqa.errors import KimiqaError
from kimiqa.plurals import counted

if TYPE_CHECKING:
    from kimiqa.evaluating.dataset import Item
    from kimiqa.evaluating.measures import Measure, Scored
    from kimiqa.evaluating.quoting import Quote
    from kimiqa.evaluating.results import Book
    from kimiqa.evaluating.running import Evaluation


@click.command("eval")
@click.argument("dataset", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--strategy", default="auto", show_default=True, metavar="A,B", help="The ways.")
@click.option("--model", metavar="ID,ID", help="The models; see `kimiqa models`.")
@click.option("--max-prompt-tokens", type=click.IntRange(min=1), metavar="N")
@click.option("--rewrite/--no-rewrite", default=None, help="Rewrite questions for chunks first.")
@click.option("--climb/--no-climb", default=None, help="Ask more where chunks do not hold.")
@click.option("--at-once", type=click.IntRange(1, 64), default=1, show_default=True, metavar="N",
              help="Ask so many side by side.")  # fmt: skip
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="The first N questions.")
@runs.paid
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
        runs.tell_quote(quote, work)
    stopped = None
    if not quote_only:
        runs.agreed(quote, chosen, home, as_json)
        stopped = runs.asked(work, jobs, as_json, chosen["at_once"])
    return _report(dataset, work, quote, stopped, chart, as_json)


# What is asked ----------------------------------------------------------------------------------


def _evaluation(dataset: Path, home: str | None, chosen: Mapping[str, Any]) -> Evaluation:
    from kimiqa.document import Document
    from kimiqa.evaluating.dataset import read_dataset
    from kimiqa.evaluating.locating import located
    from kimiqa.evaluating.results import Book
    from kimiqa.evaluating.running import Evaluation

    strategies = _named(chosen["strategy"])
    unknown = [each for each in strategies if each not in options.STRATEGIES]
    if unknown or not strategies:
        known = ", ".join(options.STRATEGIES)
        raise click.BadParameter(f"There is no strategy {', '.join(unknown)!r}; there are {known}.")
    path = chosen["results"] or runs.usual_results("evals", dataset, home)
    book = Book.open(path, fresh=chosen["fresh"])
    models = _named(chosen["model"] or "") or [None]
    at_home: dict[str, Any] = {"home": home} if home else {}

    def opened(file: Path) -> Document:
        return Document.open(file, **at_home)

    return Evaluation(
        located(read_dataset(dataset)[: chosen["limit"]], opened),
        strategies,
        [runs.client_of(model, home, chosen, _label(dataset, book)) for model in models],
        book,
        opened,
        {name: chosen[name] for name in ("max_prompt_tokens", "max_completion_tokens")}
        | {name: chosen[name] for name in ("effort", "rewrite", "climb")},
    )


def _named(names: str) -> list[Any]:
    return list(dict.fromkeys(name.strip() for name in names.split(",") if name.strip()))


def _label(dataset: Path, book: Book) -> str:
    """What the ledger books the run under, and holds its cap on."""
    return f"eval {dataset.stem} {book.run}"


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
        one_line(
            f"kimiqa: {stopped.message} {counted(left, 'question')} left to ask. {stopped.hint}"
        ),
        err=True,
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
        f"{counted(len(items), 'question')} over {counted(documents, 'document')}; brackets: "
        f"95 % intervals by document; costs in "
        f"{', '.join(sorted(paid)) or 'no currency'}, means of a question."
    ]
    if documents < FEW_DOCUMENTS:
        notes.append(f"Intervals from {counted(documents, 'document')} say little about others.")
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

"""`kimiqa probe`: facts planted in a document, and how deep a model finds them; priced first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kimiqa.cli import options, runs
from kimiqa.cli.show import one_line, safe, table, write_json

if TYPE_CHECKING:
    from kimiqa.client import Client
    from kimiqa.document import Document
    from kimiqa.evaluating.running import Evaluation
    from kimiqa.probing.running import Cell, Probe, Reach


def _shares(_: click.Context, __: click.Parameter, value: str) -> list[int]:
    """Percentages, as "25,50,100"."""
    try:
        shares = [int(each) for each in value.replace("%", "").split(",")]
    except ValueError:
        raise click.BadParameter(f"{value!r} is no list such as 25,50,100.") from None
    if not all(1 <= share <= 100 for share in shares):
        raise click.BadParameter("A length is a percentage from 1 to 100.")
    return shares


@click.command("probe")
@click.argument("document", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--model", metavar="ID", help="The model; see `kimiqa models`.")
@click.option("--lengths", callback=_shares, default="25,50,100", show_default=True, metavar="%,%",
              help="How much of what the model holds of the document.")  # fmt: skip
@click.option("--runs", "times", type=click.IntRange(1, 20), default=1, show_default=True,
              help="How often each length is asked, with other facts.")  # fmt: skip
@click.option("--enough", type=click.IntRange(1, 100), default=90, show_default=True,
              metavar="%", help="How many of the facts at every depth must be found.")  # fmt: skip
@click.option("--password", metavar="WORD", help="The password of an encrypted file.")
@runs.paid
@options.output
def probe(document: Path, home: str | None, as_json: bool, **chosen: Any) -> int:
    """Show how deep a model really reads DOCUMENT.

    Facts that nobody could guess are planted at depths of 0 to 100 % of a copy in memory, and
    asked for at several lengths. The run is priced first, kept, and goes on where it stopped.
    What is found stands in kimiqa's folder: a longer prompt then does not count as fitting when
    the way is chosen automatically.
    """
    from kimiqa.models import get_model
    from kimiqa.probing.running import Probe

    read = _read(document, home, chosen["password"])
    client, book = _client(read, home, chosen)
    model = get_model(client.model, base_url=client.endpoint, home=_folder(home))
    made = Probe(read, model, shares=chosen["lengths"], runs=chosen["times"])
    made.check()
    work = made.evaluation(client, book, _limits(chosen))
    jobs = work.missing(retry=chosen["retry"])
    quote = work.quote(jobs)
    if jobs and not quote.jobs:
        raise quote.refused[0][1]
    if not as_json:
        runs.tell_quote(quote, work)
        _tell_first(read, client)
    stopped = None
    if not chosen["quote_only"]:
        runs.agreed(quote, chosen, home, as_json)
        stopped = runs.asked(work, jobs, as_json)
    cells = made.table(_results(work))
    reach = made.reach(cells, chosen["enough"] / 100)
    if cells and not _keep(home, client, read, reach) and reach.fails is not None:
        click.echo(one_line(_unkept()), err=True)
    if as_json:
        error = {"error": stopped.to_json()} if stopped else {}
        write_json(_json(client, made, cells, reach, quote.to_json()) | error)
    elif cells:
        click.echo(depths_table(made, cells))
        click.echo(f"{safe(client.model)}: {reach.in_words}")
    for failed in [each for each in _results(work) if each.error]:
        click.echo(one_line(f"kimiqa: a probe failed: {failed.error}"), err=True)
    if stopped is not None:
        click.echo(one_line(f"kimiqa: {stopped.message} {stopped.hint}"), err=True)
        return stopped.exit_code if not cells else 1
    return 0 if cells or chosen["quote_only"] else 1


def _read(path: Path, home: str | None, password: str | None) -> Document:
    """The document as it would be sent: without what no reader of it sees."""
    from kimiqa.document import Document

    at_home: dict[str, Any] = {"home": home} if home else {}
    return Document.open(path, password=password, **at_home).checked()


def _folder(home: str | None) -> Path | None:
    from kimiqa.setup import DEFAULT_HOME, folder_of

    return folder_of(home or DEFAULT_HOME)


def _client(read: Document, home: str | None, chosen: Any) -> tuple[Client, Any]:
    from kimiqa.evaluating.results import Book

    path = chosen["results"] or runs.usual_results("probes", Path(read.id[:16]), home)
    book = Book.open(path, fresh=chosen["fresh"])
    label = f"probe {read.name} {book.run}"
    return runs.client_of(chosen["model"], home, chosen, label), book


def _limits(chosen: Any) -> dict[str, Any]:
    return {name: chosen[name] for name in ("max_completion_tokens", "effort")}


def _tell_first(read: Document, client: Client) -> None:
    """What leaves this machine for the first time: the copy holds all that the document does."""
    from kimiqa.privacy import first_time

    for note in first_time([read], client.endpoint, private=False):
        click.echo(one_line(note), err=True)


def _results(work: Evaluation) -> list[Any]:
    found = (work.book.results.get(job.key) for job in work.jobs)
    return [each for each in found if each is not None]


def _unkept() -> str:
    from kimiqa.windows import LEAST_TOKENS

    return (
        f"kimiqa: This is not kept for the automatic choice: an end is believed from "
        f"{LEAST_TOKENS:,} tokens on. Probe greater lengths."
    )


def _keep(home: str | None, client: Client, read: Document, reach: Reach) -> bool:
    """Whether it is kept what was found."""
    from kimiqa.windows import keep_window

    row = {"reads": reach.reads, "fails": reach.fails, "day": date.today().isoformat()}
    return keep_window(_folder(home), client.model, client.endpoint, read.id, row)


def depths_table(made: Probe, cells: Sequence[Cell]) -> str:
    """Depths down, lengths across: how many of the facts were found."""
    shares = sorted({cell.share for cell in cells})
    by_place = {(cell.share, cell.depth): cell for cell in cells}
    head = ["depth", *(f"{share} % ({made.length(share):,} tokens)" for share in shares)]
    body = [
        [f"{depth} %", *(_cell(by_place[share, depth]) for share in shares)]
        for depth in sorted({cell.depth for cell in cells})
    ]
    return table([head, *body], right=range(len(head)))


def _cell(cell: Cell) -> str:
    if cell.asked == 1:
        return "found" if cell.found else "-"
    return f"{cell.found} of {cell.asked}"


def _json(
    client: Client, made: Probe, cells: Sequence[Cell], reach: Reach, quote: dict[str, Any]
) -> dict[str, Any]:
    lengths = {share: made.length(share) for share in made.shares}
    return {
        "model": client.model,
        "quote": quote,
        "cells": [cell.to_json() | {"tokens": lengths[cell.share]} for cell in cells],
        "effective_window": reach.reads if cells else None,
        "fails_at": reach.fails,
    }

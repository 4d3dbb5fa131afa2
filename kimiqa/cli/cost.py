"""`kimiqa cost`: what each way of asking would cost. Sends nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import click

from kimiqa.cli import folder, options, weigh
from kimiqa.cli.options import Choices, opened
from kimiqa.cli.show import at_most, duration, one_line, price_range, table, write_json
from kimiqa.errors import NoTextError
from kimiqa.money import STALE_DAYS

if TYPE_CHECKING:
    from kimiqa.breakeven import BreakEven
    from kimiqa.client import Client
    from kimiqa.document import Document
    from kimiqa.efforts import Effort
    from kimiqa.models import Model
    from kimiqa.plan import Way
    from kimiqa.scanned import ScanOffer


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("-q", "--question", help="What you want to know; without it, one of usual length.")
@click.option("--questions", type=click.IntRange(1, 1_000), metavar="N", help="Break-even to N.")
@click.option("--per", type=click.Choice(["day", "month"]), help="N questions each day or month.")
@click.option("--models", metavar="all|ID,ID", help="Break-even of these; all of the endpoint.")
@click.option("--efforts", is_flag=True, help="Every effort and length, with price and time.")
@click.option(
    "--as-source/--as-documents",
    default=None,
    help="A folder as one document of source code, or as a folder of documents.",
)
@options.endpoint
@options.output
def cost(
    files: tuple[str, ...],
    question: str | None,
    questions: int | None,
    per: Any,
    models: str | None,
    efforts: bool,
    as_source: bool | None,
    **chosen: Any,
) -> int:
    """What each way of asking FILE... would cost. Sends nothing, needs no key.

    A folder of documents is priced document by document, with totals, and what could not be
    read is listed: the exit code is 0 where any could be priced. A folder with more source code
    than documents is one document.

    With --max-cost the exit code is 3 where no way fits under it. With --questions it says from
    which question on the whole document is cheaper than chunks.
    """
    if questions is None and (per or models):
        raise click.UsageError("--per and --models go with --questions.")
    from kimiqa.bookcheck import warnings
    from kimiqa.question import ORDINARY_QUESTION
    from kimiqa.settings import home_folder

    choices = Choices(**chosen, questions=questions)
    asked = question or ORDINARY_QUESTION
    if as_source is None:
        folder.announce(files, choices)
    if folder.is_shelf(files, as_source):
        if questions or efforts or choices.pages:
            raise click.UsageError("--questions, --efforts and --pages go with files, not folders.")
        return folder.cost(files, asked, choices)
    documents = opened(files, choices, only_priced=True)
    client = choices.client()
    scanned = client.scanned(documents)
    for line in warnings(home_folder(choices.home)):
        click.echo(line, err=True)
    try:
        ways = client.ways(asked, documents, checked=False, **choices.question)
    except NoTextError:
        for line in scan_lines(scanned):
            click.echo(line, err=True)
        raise
    if choices.strategy != "auto":
        ways = [way for way in ways if way.strategy == choices.strategy]
    rows = [document_json(each, client.model) for each in documents]
    tables = _weighed(client, asked, documents, choices, (questions, per, models, efforts))
    if choices.as_json:
        rows = [row | about_json(each) for row, each in zip(rows, documents, strict=True)]
        found = {"documents": rows, "ways": [way_json(way) for way in ways], "failures": []}
        write_json(found | tables.to_json())
    else:
        click.echo(documents_table(rows))
        click.echo()
        click.echo(ways_table(ways))
        for line in scan_lines(scanned):
            click.echo(line)
        for note in _notes(client.model, ways):
            click.echo(f"\n{note}")
        if any(each.hidden_passages is None for each in documents):
            click.echo(f"\n{folder.NOT_CHECKED}")
        for line in tables.lines():
            click.echo(line)
    return 0 if choices.max_cost is None or _fits(ways) else 3


def scan_lines(offers: Sequence[ScanOffer]) -> list[str]:
    """The ways to read pages without a text layer, a line each."""
    flags = {"ocr": "--ocr", "pictures": "--pictures scanned"}
    pages = offers[0].pages if offers else 0
    head = [f"\n{pages:,} page{'s' * (pages != 1)} without a text layer:"] if pages else []
    return head + [f"  {flags[each.how]:<19} {one_line(each.in_words)}" for each in offers]


def _fits(ways: list[Way]) -> bool:
    """Whether a way fits. The embedded endpoint costs nothing and answers nothing: beside ways
    that have a price it says nothing about a cap."""
    priced = [way for way in ways if way.model != "local"]
    return any(way.fits for way in priced or ways)


@dataclass(frozen=True, slots=True)
class Tables:
    """What is weighed beside the ways, where it was asked for."""

    break_even: list[BreakEven]
    efforts: list[Effort]
    every: bool = False
    """Whether the break-even is of all models of an endpoint."""

    def to_json(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if self.break_even:
            found["break_even"] = self.break_even[0].to_json()
            found["break_even_models"] = [each.to_json() for each in self.break_even]
        if self.efforts:
            found["efforts"] = [each.to_json() for each in self.efforts]
        return found

    def lines(self) -> list[str]:
        efforts = ["", weigh.efforts_table(self.efforts)] if self.efforts else []
        told = weigh.break_even_lines(self.break_even)
        if self.every and self.break_even:
            told += ["", _all_of(self.break_even)]
        return efforts + told


def _all_of(found: list[BreakEven]) -> str:
    """Which endpoint's models `--models all` has shown, and how to see others."""
    return (
        f"All are the {len(found):,} models known at {found[0].host}; name others by their ids "
        "(--models), or see `kimiqa compare` for those of every endpoint."
    )


def _weighed(
    client: Client, asked: str, documents: list[Document], choices: Choices, wanted: Any
) -> Tables:
    questions, per, models, efforts = wanted
    named: Any = models if models in (None, "all") else models.split(",")
    chosen = choices.question
    return Tables(
        client.break_even(documents, questions, question=asked, per=per, models=named, **chosen)
        if questions
        else [],
        client.efforts(documents, question=asked, strategy=choices.strategy, **chosen)
        if efforts
        else [],
        models == "all",
    )


def way_json(way: Way) -> dict[str, Any]:
    """A way's row, with the age of its price."""
    row = way.to_json()
    checked = way.estimate.cost.price_date
    age = None if checked is None else (date.today() - checked).days
    row["cost"] |= {
        "price_age_days": age,
        "price_stale": None if age is None else age > STALE_DAYS,
    }
    return row


def document_json(document: Document, model: Model | str) -> dict[str, Any]:
    """A document's row: how much of it there is, and what of it cannot be read."""
    from kimiqa.planner import block_tokens

    def pages(status: str) -> list[int]:
        return [page.number for page in document.pages if page.status == status]

    return {
        "id": document.id,
        "name": document.name,
        "pages": len(document.pages),
        "tokens": block_tokens(document, model),
        "empty_pages": len(pages("empty")),
        "failed_pages": len(pages("failed")),
        "image_pages": len(pages("image")),
        "ocr_pages": len(pages("ocr")),
        "hidden_passages": document.hidden_passages,
        "hidden_pages": [page.number for page in document.pages if page.hidden],
        "without_text": {status: pages(status) for status in ("empty", "failed", "image")},
    }


def about_json(document: Document | None) -> dict[str, str | None]:
    """What a document's file says of itself; null for what it does not say."""
    told = document.metadata() if document is not None else {}
    return {name: told.get(name) for name in ("title", "author", "created")}


def documents_table(rows: list[dict[str, Any]]) -> str:
    """The documents, with what is missing of them."""
    head = ["", "document", "pages", "tokens", ""]
    body = [
        [f"D{n}", row["name"], f"{row['pages']:,}", f"{row['tokens']:,}", _without(row)]
        for n, row in enumerate(rows, 1)
    ]
    return table([head, *body], right=(2, 3, 4, 5))


def _without(row: dict[str, Any]) -> str:
    from kimiqa.pages import spans

    names = {"empty": "empty", "failed": "unreadable", "image": "picture only"}
    held = [(names[status], pages) for status, pages in row["without_text"].items() if pages]
    notes = [f"{name}: p. {spans(pages)}" for name, pages in held]
    if row["hidden_passages"]:
        notes.append(f"hidden passages: p. {spans(row['hidden_pages'])}")
    return "; ".join(notes)


def ways_table(ways: list[Way]) -> str:
    """The ways, best first; those that cannot run with the reason."""
    head = ["way", "model", "prompt tokens", "cached", "cost", "at most", "time", "pages"]
    body = []
    for way in ways:
        guess, seen = way.estimate, way.coverage
        body.append(
            [
                way.strategy if way.fits else f"{way.strategy} (no)",
                way.model,
                f"{guess.prompt_tokens:,}",
                f"{guess.cached_tokens:,}",
                price_range(guess),
                at_most(guess.cost.ceiling, guess.cost.currency),
                f"{duration(guess.seconds.low)} - {duration(guess.seconds.high)}",
                f"{seen.sent:,} of {seen.pages:,}",
            ]
        )
    return table([head, *body], right=(2, 3, 4, 5))


def _notes(model: str, ways: list[Way]) -> list[str]:
    notes = [
        f"{way.model}: {_named(way)}" if way.fits else f"{way.strategy} cannot run: {way.reason}"
        for way in ways
        if way.reason and way.model != "local"
    ]
    notes += dict.fromkeys(note for way in ways for note in way.warnings)
    notes += [f"{way.strategy}: {way.cache_note}" for way in ways if way.cache_note]
    dated = next((way for way in ways if way.estimate.cost.price_date), None)
    if dated:
        cost = dated.estimate.cost
        basis = "" if cost.price_basis == "listed" else f" ({cost.price_basis})"
        notes.append(f"Prices of {dated.model} as of {cost.price_date}{basis}.")
    if model == "local":
        notes.append(
            "No key is configured: `kimiqa ask` quotes the passages that match, at no cost, and "
            "asks no language model. Set MOONSHOT_API_KEY to ask Kimi at the prices above."
        )
    return notes


def _named(way: Way) -> str:
    """What speaks for a way, with its name."""
    reason = way.reason or ""
    return reason if reason.startswith(way.strategy) else f"{way.strategy}: {reason}"

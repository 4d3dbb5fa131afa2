"""`kimiqa compare`: a question, or a finished answer, at the prices of every model known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from kimiqa.cli import options, weigh
from kimiqa.cli.options import Choices, opened
from kimiqa.cli.show import write_json
from kimiqa.plurals import counted

if TYPE_CHECKING:
    from kimiqa.comparing import Offer


@click.command()
@click.argument("files", nargs=-1, metavar="FILE...")
@click.option("-q", "--question", help="What you want to know; without it, one of usual length.")
@click.option("--answer", metavar="NUMBER", help="A finished answer, by its number in the ledger.")
@click.option("--models", metavar="ID,ID", help="Only models whose ids hold one of these.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=25, show_default=True, help="Rows shown."
)
@options.endpoint
@options.output
def compare(
    files: tuple[str, ...],
    question: str | None,
    answer: str | None,
    models: str | None,
    limit: int,
    **chosen: Any,
) -> None:
    """FILE... and a question at the prices of every model of every endpoint known.

    Sends nothing, needs no key. With --answer it is that answer's real length that is priced,
    and its documents come from the store where no FILE is named.
    """
    if not files and answer is None:
        raise click.UsageError("Name a FILE, or a finished answer with --answer.")
    choices = Choices(**chosen)
    documents = opened(files, choices)
    client = choices.client()
    found = client.compare(
        question, documents, strategy=choices.strategy, answer=answer, **choices.question
    )
    found = [offer for offer in found if _is_wanted(offer, models)]
    if choices.as_json:
        write_json({"offers": [offer.to_json() for offer in found]})
        return
    from kimiqa.comparing import few

    click.echo(weigh.offers_table(few(found, limit)))
    for line in weigh.too_small_lines(found, limit):
        click.echo(line)
    click.echo(f"\n{_summary(found)}")


def _is_wanted(offer: Offer, models: str | None) -> bool:
    names = [name.strip().lower() for name in (models or "").split(",") if name.strip()]
    return not names or any(name in offer.model.lower() for name in names)


def _summary(found: list[Offer]) -> str:
    """How many there are, and of how many something is not known."""
    small = sum(offer.fits is False for offer in found)
    unpriced = sum(offer.cost is None for offer in found)
    hosts = len({offer.host for offer in found})
    return (
        f"{counted(len(found), 'model')} at {counted(hosts, 'endpoint')}, nothing cached: "
        f"{small:,} are too small, {unpriced:,} have no known price (all with --json). "
        "Counts with ± are by another vocabulary than the model's own."
    )

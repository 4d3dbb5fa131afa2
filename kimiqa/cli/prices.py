"""`kimiqa prices`: every price with its source, its day and its age."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kimiqa.cli import options
from kimiqa.cli.show import table, write_json
from kimiqa.money import STALE_DAYS, plain

if TYPE_CHECKING:
    from kimiqa.models import Model
    from kimiqa.money import Price


@click.command()
@click.argument("models", nargs=-1, metavar="[MODEL]...")
@click.option("--base-url", metavar="URL", help="The prices at this endpoint.")
@click.option("--check", is_flag=True, help="Look through your prices.toml; 1 if it has mistakes.")
@click.option("--update", is_flag=True, help="Fetch later price lists (the only network call).")
@options.output
def prices(
    models: tuple[str, ...],
    base_url: str | None,
    check: bool,
    update: bool,
    home: str | None,
    as_json: bool,
) -> int:
    """Every price with its source, its day and its age, per million tokens.

    Without MODEL those of `kimiqa models`. Your own book is prices.toml in the home folder; it
    goes before every list.
    """
    from kimiqa.bookcheck import warnings
    from kimiqa.settings import home_folder

    folder = home_folder(home)
    if check:
        return _check(folder, as_json)
    fetched = _updated(folder) if update else None
    found = _found(models, base_url, folder)
    for line in warnings(folder):
        click.echo(line, err=True)
    rows = [price_json(model, date.today()) for model in found]
    if as_json:
        write_json({"prices": rows, "fetched": fetched})
    else:
        if fetched:
            click.echo(f"Fetched {fetched['models']:,} prices on {fetched['day']}.\n")
        click.echo(prices_table(found, date.today()))
        for line in _notes(found, date.today()):
            click.echo(f"\n{line}")
    return 0


def _found(wanted: tuple[str, ...], base_url: str | None, folder: Path) -> list[Model]:
    from kimiqa.models import all_models, get_model
    from kimiqa.settings import resolve_target

    if not wanted:
        return all_models(base_url, folder)
    return [
        get_model(each, base_url=base_url or resolve_target(each, env={}).base_url, home=folder)
        for each in wanted
    ]


def _updated(folder: Path) -> dict[str, Any]:
    from kimiqa.models import updates

    lists = updates.fetch(folder)
    return {"day": lists.day.isoformat(), "models": lists.models}


def _check(folder: Path, as_json: bool) -> int:
    """What is wrong with the user's book, all of it, and what is worth a look."""
    from kimiqa import bookcheck
    from kimiqa.pricebook import FILE

    wrong = bookcheck.problems(folder)
    remarks = bookcheck.remarks(folder, date.today())
    usable = bookcheck.count(folder)
    if as_json:
        found = {"file": str(folder / FILE), "rows": usable, "remarks": remarks}
        write_json(found | {"problems": [each.to_json() for each in wrong]})
        return 1 if wrong else 0
    for each in wrong:
        click.echo(f"wrong: {each.message} {each.hint}")
    for remark in remarks:
        click.echo(f"look: {remark}")
    exists = (folder / FILE).exists()
    click.echo(
        f"{folder / FILE}: {usable:,} usable, {len(wrong):,} wrong."
        if exists
        else f"There is no {folder / FILE}."
    )
    return 1 if wrong else 0


def price_json(model: Model, today: date) -> dict[str, Any]:
    """One model's price, with its age. Null: not known."""
    price = model.price
    if price is None:
        return {"model": model.id, "price": None, "note": model.note or None}
    aged = {"age_days": price.age_days(today), "stale": price.stale(today)}
    return {"model": model.id, "price": price.to_json() | aged, "note": model.note or None}


def prices_table(found: list[Model], today: date) -> str:
    """A row for each price, and one for each of its tiers."""
    head = ["model", "prompt", "cached", "completion", "write 5 m", "1 h", "batch"]
    head += ["", "as of", "age", "basis", "source"]
    rows = [row for model in found for row in _rows(model, today)]
    return table([head, *rows], right=(1, 2, 3, 4, 5))


def _rows(model: Model, today: date) -> Iterator[list[str]]:
    price = model.price
    if price is None:
        yield [model.id, *["?"] * 3, *[""] * 8]
        return
    yield [
        model.id,
        *_amounts(price),
        _batch(price),
        price.currency,
        str(price.checked or "undated"),
        age_words(price, today),
        price.basis,
        price.source,
    ]
    for tier in price.tiers:
        yield [f"  above {tier.above:,}", *_amounts(tier), *[""] * 6]


def _amounts(price: Any) -> list[str]:
    names = ("prompt", "cached", "completion", "cache_write", "cache_write_1h")
    return [plain(getattr(price, name)) or "-" for name in names]


def _batch(price: Price) -> str:
    sold = price.batch
    return f"{plain(sold.prompt)} / {plain(sold.completion)}" if sold else "-"


def age_words(price: Price, today: date) -> str:
    """How long ago it was checked; an old one says so."""
    age = price.age_days(today)
    if age is None or price.basis == "embedded":
        return ""
    return f"{age} d OLD" if price.stale(today) else f"{age} d"


def _notes(found: list[Model], today: date) -> Iterator[str]:
    searched = {
        f"{plain(each.web_search)} {each.currency}"
        for each in (model.price for model in found)
        if each is not None and each.web_search is not None
    }
    if searched:
        yield f"A web search (research, --web-searches) costs {' or '.join(sorted(searched))} each."
    old = [model.id for model in found if model.price and model.price.stale(today)]
    unpriced = [model.id for model in found if model.price is None]
    if old:
        yield (
            f"Checked more than {STALE_DAYS} days ago: {', '.join(old)}. Look at the source, or "
            "fetch later lists with `kimiqa prices --update`."
        )
    if unpriced:
        yield f"No price is known for {', '.join(unpriced)}: add one to prices.toml."

"""`kimiqa models`: the models, their windows and dated prices."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import click

from kimiqa.cli import options
from kimiqa.cli.prices import price_json
from kimiqa.cli.show import table, write_json
from kimiqa.money import plain

if TYPE_CHECKING:
    from kimiqa.models import Model


@click.command()
@click.option("--base-url", metavar="URL", help="The models of this endpoint.")
@click.option("--api-key", metavar="KEY", help="Its key, for --refresh.")
@click.option("--refresh", is_flag=True, help="Ask the endpoint what it offers (free).")
@options.output
def models(
    base_url: str | None, api_key: str | None, refresh: bool, home: str | None, as_json: bool
) -> None:
    """The models, their context windows and dated prices per million tokens."""
    from kimiqa.models import all_models
    from kimiqa.settings import home_folder

    folder = home_folder(home)
    found = _refreshed(base_url, api_key, home) if refresh else all_models(base_url, folder)
    if as_json:
        write_json({"models": [model_json(model) for model in found]})
    elif found:
        click.echo(models_table(found))
    else:
        click.echo(f"What {base_url} holds is not known: ask it with --refresh.")


def _refreshed(base_url: str | None, api_key: str | None, home: str | None) -> list[Model]:
    from kimiqa.asking import Asker
    from kimiqa.models import refresh
    from kimiqa.portal import wait_for
    from kimiqa.setup import DEFAULT_HOME, Setup

    setup = Setup.of(base_url=base_url, api_key=api_key, home=home or DEFAULT_HOME)
    asker = Asker(setup)

    async def listed() -> list[dict[str, Any]]:
        try:
            return await asker.endpoint().models()
        finally:
            await asker.aclose()

    listing = wait_for(listed())
    assert setup.home is not None, "the command line always has a folder"
    return refresh(listing, setup.target.base_url, setup.home)


def model_json(model: Model) -> dict[str, Any]:
    """One model's row."""
    return {
        "id": model.id,
        "vendor": model.vendor,
        "context_window": model.context_window,
        "max_output_tokens": model.max_output_tokens,
        "efforts": list(model.efforts),
        "vocabulary": model.vocabulary,
        "margin": plain(model.margin),
        "deprecated": model.deprecated,
        "offered": model.offered,
        "price": price_json(model, date.today())["price"],
    }


def models_table(found: list[Model]) -> str:
    """The models as a table; what is not known is a question mark."""
    head = ["model", "window", "prompt", "cached", "completion", "", "as of", "effort"]
    return table([head, *(_row(model) for model in found)], right=(1, 2, 3, 4))


def _row(model: Model) -> list[str]:
    window = f"{model.context_window:,}" if model.context_window else "?"
    price: Any = model.price
    if price is None:
        return [model.id, window, "?", "?", "?", "", "", ", ".join(model.efforts)]
    amounts = [plain(each) or "?" for each in (price.prompt, price.cached, price.completion)]
    return [
        model.id,
        window,
        *amounts,
        price.currency if price.basis != "embedded" else "free",
        f"{price.checked or ''}{' OLD' if price.stale(date.today()) else ''}",
        ", ".join(model.efforts),
    ]

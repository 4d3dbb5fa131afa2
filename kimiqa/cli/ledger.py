"""`kimiqa ledger`: what was spent, and how good the estimates were."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

import click

from kimiqa import spreadsheet
from kimiqa.cli import books, options
from kimiqa.cli.show import column, short, table, write_json
from kimiqa.errors import KimiqaError
from kimiqa.figures import money
from kimiqa.money import Cost

if TYPE_CHECKING:
    from kimiqa.ledger import Accuracy, Balance, Call, GroupBy, Ledger, Scores
    from kimiqa.repricing import Repriced

SHOWN = 20
KINDS = ("day", "month", "document", "conversation", "model", "strategy", "label")
DAY = click.DateTime(["%Y-%m-%d"])


@click.command()
@click.option("--limit", type=click.IntRange(min=1), default=SHOWN, show_default=True)
@click.option("--by", type=click.Choice(KINDS), help="Sums instead of single calls.")
@click.option("--since", type=DAY, metavar="DAY", help="From this day on, as 2026-11-01.")
@click.option("--until", type=DAY, metavar="DAY", help="Up to and with this day.")
@click.option("--csv", "file", type=click.Path(), metavar="FILE", help="As CSV; - is here.")
@click.option("--accuracy", is_flag=True, help="How good the quotes were, way by way.")
@click.option("--balance", is_flag=True, help="Ask the endpoint what is left (free).")
@click.option("--reconcile", is_flag=True, help="Hold balances against the books (free).")
@click.option("--reprice", metavar="MODEL", help="What these calls would cost on MODEL.")
@click.option("--base-url", metavar="URL", help="The endpoint of --balance and --reconcile.")
@click.option("--api-key", metavar="KEY", help="Its key; better: an environment variable.")
@options.output
def ledger(home: str | None, as_json: bool, **chosen: Any) -> None:
    """What was spent, and how good the estimates were."""
    asked = View(**chosen)
    asked.check(as_json)
    with opened(home) as book:
        if asked.reprice:
            found = _repriced(asked, asked.reprice, home, book)
            show_repriced(found, as_json)
            return
        told = _told(asked, home, book) if asked.balance or asked.reconcile else None
        if asked.file:
            save_csv(asked.file, asked.csv(book))
        elif as_json:
            write_json(asked.to_json(book, told))
        else:
            for line in asked.lines(book, told):
                click.echo(line)


def opened(home: str | None) -> Ledger:
    """The ledger of the home folder."""
    from kimiqa.ledger import Ledger
    from kimiqa.settings import home_folder, ledger_place

    return Ledger.open(ledger_place(home_folder(home)))


class Times(TypedDict):
    """From a moment, up to and without another."""

    since: float | None
    until: float | None


@dataclass(frozen=True, slots=True)
class View:
    """What of the books is to be seen."""

    limit: int
    by: GroupBy | None
    since: datetime | None
    until: datetime | None
    file: str | None
    accuracy: bool
    balance: bool
    reconcile: bool
    base_url: str | None
    api_key: str | None
    reprice: str | None = None

    def check(self, as_json: bool) -> None:
        """Refuse what would be left out of sight without a word."""
        apart = (as_json, self.accuracy, self.balance, self.reconcile, self.reprice)
        if self.file and any(apart):
            raise click.UsageError("--csv goes with --by, --since and --until alone.")
        if self.since and self.until and self.since > self.until:
            raise click.UsageError(
                f"--since {self.since:%Y-%m-%d} is after --until {self.until:%Y-%m-%d}."
            )

    @property
    def times(self) -> Times:
        """From the first day's beginning to the last day's end."""
        end = None if self.until is None else self.until + timedelta(days=1)
        return {
            "since": None if self.since is None else self.since.timestamp(),
            "until": None if end is None else end.timestamp(),
        }

    @property
    def nothing(self) -> str:
        """That there is no call, in these times or at all."""
        return "Nothing was asked then." if self.since or self.until else "Nothing was asked yet."

    def csv(self, book: Ledger) -> str:
        if self.by:
            return spreadsheet.groups_csv(book.groups(self.by, **self.times))
        return spreadsheet.calls_csv(book.calls(**self.times))

    def to_json(self, book: Ledger, told: Balance | None) -> dict[str, Any]:
        found: dict[str, Any] = {**book.to_json(**self.times)}
        found["accuracy"] = book.accuracy(**self.times).to_json()
        if self.accuracy:
            found["scores"] = [each.to_json() for each in book.scores(**self.times)]
        if self.by:
            rows = book.groups(self.by, **self.times)
            found |= {"by": self.by, "groups": [group.to_json() for group in rows]}
        if told:
            found["balance"] = told.to_json()
        if told and self.reconcile:
            spans = book.reconcile(told.endpoint)
            found["reconciled"] = [span.to_json() for span in spans]
        return found

    def lines(self, book: Ledger, told: Balance | None) -> Iterator[str]:
        if told:
            left = books.exact(told.left.amount or Decimal(0), told.left.currency)
            yield f"Balance at {told.endpoint}: {left}"
        if told and self.reconcile:
            yield from books.spans_lines(book.reconcile(told.endpoint)[-self.limit :])
        elif self.accuracy:
            yield scores_table(book.scores(**self.times))
        elif self.by:
            yield books.groups_table(book.groups(self.by, **self.times), self.by, self.nothing)
        elif not told:
            calls = book.calls(self.limit, **self.times)
            yield calls_table(calls) if calls else self.nothing
            for currency, amount in book.totals(**self.times).items():
                yield f"\nTotal {money(amount, currency)}"
            yield accuracy_line(book.accuracy(**self.times))


def _repriced(asked: View, model: str, home: str | None, book: Ledger) -> Repriced:
    """The calls of the time that is looked at, at another model's prices."""
    from kimiqa.models import get_model
    from kimiqa.repricing import reprice
    from kimiqa.settings import home_folder, resolve_target

    base_url = asked.base_url or resolve_target(model, env={}).base_url
    return reprice(
        book.calls(**asked.times), get_model(model, base_url=base_url, home=home_folder(home))
    )


def show_repriced(found: Repriced, as_json: bool) -> None:
    """What the calls did cost, what they would, and what to know about the number."""
    from kimiqa.repricing import calls_in_words

    if as_json:
        write_json({"repriced": found.to_json()})
        return
    was = " and ".join(money(amount, unit) for unit, amount in found.was.items()) or "nothing"
    told = f"{calls_in_words(found.calls)} cost {was}"
    if found.now.amount is None:
        click.echo(f"{told}; no price is known for {found.model}: add one to prices.toml.")
    else:
        now = money(found.now.amount, found.now.currency)
        click.echo(f"{told}; on {found.model} that would be {now}.")
    for note in found.notes:
        click.echo(note)


def _told(asked: View, home: str | None, book: Ledger) -> Balance:
    """What the endpoint says is left; where a person names a host, it is asked whoever it is."""
    from kimiqa.asking import Asker
    from kimiqa.portal import wait_for
    from kimiqa.setup import DEFAULT_HOME, Setup

    setup = Setup.of(
        base_url=asked.base_url, api_key=asked.api_key, home=home or DEFAULT_HOME, ledger=book
    )
    asker = Asker(setup)

    async def told() -> Balance:
        try:
            return await asker.balance(anyway=asked.base_url is not None)
        finally:
            await asker.aclose()

    return wait_for(told())


def save_csv(file: str, text: str) -> None:
    """To a file as spreadsheets read it, or to standard output."""
    if file == "-":
        click.echo(text, nl=False)
        return
    try:
        # With a byte order mark: without it Excel reads no UTF-8.
        Path(file).write_text(text, encoding="utf-8-sig", newline="\r\n")
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise KimiqaError(f"{file} cannot be written: {why}.", "Name another file.") from None


def calls_table(calls: list[Call]) -> str:
    """The newest calls, each with its quote and its receipt."""
    rows = [["no.", "when", "model", "way", "state", "prompt", "completion", "cost", "documents"]]
    costs = column([_cost(call) for call in calls], "?")
    rows += [_row(call, cost) for call, cost in zip(calls, costs, strict=True)]
    return table(rows, right=(0, 5, 6, 7))


def _cost(call: Call) -> Cost | None:
    """What was refused before it was sent cost nothing."""
    return Cost(Decimal(0)) if call.state == "released" else call.cost


def _row(call: Call, cost: str) -> list[str]:
    when = datetime.fromtimestamp(call.created).strftime("%Y-%m-%d %H:%M")
    usage: Any = call.usage
    return [
        call.id,
        when,
        call.model,
        call.strategy,
        call.state,
        f"{usage.prompt_tokens:,}" if usage else "?",
        f"{usage.completion_tokens:,}" if usage else "?",
        cost,
        short(", ".join(name for _, name in call.documents)),
    ]


def scores_table(scores: list[Scores]) -> str:
    """How good the quotes were, for each model, way and effort."""
    if not scores:
        return "No quote has been tested by a receipt yet."
    rows = [["model", "way", "effort", *scores[0].in_words()], *map(_score_row, scores)]
    notes = (
        "Width and score are in multiples of the cost; the score adds to the width twenty times "
        "what lies outside.",
        "Off by: the median distance of a cost from what was expected.",
    )
    return "\n".join([table(rows, right=range(3, len(rows[0]))), "", *notes])


def _score_row(each: Scores) -> list[str]:
    return [each.model, each.strategy, each.effort or "-", *each.in_words().values()]


def accuracy_line(accuracy: Accuracy) -> str:
    """How good the quotes were."""
    if not accuracy.calls or accuracy.cost_within is None:
        return "No quote has been tested by a receipt yet."
    return (
        f"Of {accuracy.calls:,} receipt{'s' * (accuracy.calls != 1)} {accuracy.cost_within:.0%} "
        "cost what was quoted; "
        f"the prompt was off by {accuracy.prompt_error or 0:.1%} (median)."
    )

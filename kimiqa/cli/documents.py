"""`kimiqa documents`: what is kept here, deleting it, and where it may go."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from kimiqa.cli import options
from kimiqa.cli.show import one_line, table, write_json
from kimiqa.errors import BadRequestError
from kimiqa.figures import money

if TYPE_CHECKING:
    from kimiqa.documents import Documents, Kept
    from kimiqa.store import Stored

_AGE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(d|day|days|w|weeks?|m|months?)?")
_UNITS = {"d": 1, "w": 7, "m": 30}


def _days(_: click.Context, __: click.Parameter, value: str | None) -> float | None:
    found = _AGE.fullmatch(value.strip().lower()) if value is not None else None
    if value is not None and found is None:
        raise click.BadParameter("write it as 30d, 8w or 6m.")
    return float(found[1]) * _UNITS[(found[2] or "d")[0]] if found else None


@click.group(invoke_without_command=True)
@click.option("--older-than", callback=_days, metavar="AGE", help="Not used for 30d, 8w, 6m.")
@options.output
@click.pass_context
def documents(
    context: click.Context, older_than: float | None, home: str | None, as_json: bool
) -> None:
    """List the documents that are kept on this computer; delete them; restrict them."""
    context.obj = {"older_than": older_than, "home": home, "as_json": as_json}
    if context.invoked_subcommand is not None:
        return
    kept = _shelf(home)
    rows = kept.listed() if older_than is None else kept.unused(older_than)
    if as_json:
        write_json({"documents": [row.to_json() | _about(row.id, home) for row in rows]})
    elif rows:
        click.echo(listing(rows))
    else:
        click.echo("No documents are kept here.")


@documents.command()
@click.argument("named", nargs=-1, metavar="ID|NAME...")
@click.option("--yes", is_flag=True, help="Delete without asking.")
@click.option("--keep-conversations", is_flag=True, help="Keep the answers about them.")
@options.output
@click.pass_context
def delete(
    context: click.Context,
    named: tuple[str, ...],
    yes: bool,
    keep_conversations: bool,
    home: str | None,
    as_json: bool,
) -> None:
    """Delete documents for good: file, text, pictures, placeholders, and conversations.

    What questions cost stays in the ledger, without the documents' names.
    """
    home, as_json = home or context.obj["home"], as_json or context.obj["as_json"]
    kept, older_than = _shelf(home), context.obj["older_than"]
    if bool(named) == (older_than is not None):
        raise click.UsageError("Name documents, or say --older-than 30d before delete.")
    chosen: list[Any] = (
        list({each.id: each for each in map(kept.find, named)}.values())
        if named
        else kept.unused(older_than)
    )
    if chosen and not yes and not _agreed(chosen, as_json):
        raise BadRequestError("Nothing was deleted.", "Say --yes to delete them.")
    ruled = {each.id: rule for each in chosen if (rule := kept.rule(each.id))}
    talks = sum(kept.delete(each.id, conversations=not keep_conversations) for each in chosen)
    if as_json:
        ids = [
            {"id": each.id, "name": each.name, "only": list(ruled.get(each.id, ()))}
            for each in chosen
        ]
        write_json({"deleted": ids, "conversations": talks})
        return
    for each in chosen:
        click.echo(f"Deleted {one_line(each.name)}.{_lifted(ruled.get(each.id, ()))}")
    gone = f"{len(chosen):,} {'document' if len(chosen) == 1 else 'documents'}"
    if talks:
        gone += f" and {talks:,} {'conversation' if talks == 1 else 'conversations'} about them"
    click.echo(f"Gone from this computer: {gone}.")


def _lifted(rule: Sequence[str]) -> str:
    """What went with a document that somebody may rely on."""
    if not rule:
        return ""
    places = ", ".join(rule)
    return f" Its rule (only to {places}) went with it: opened again, it may go anywhere."


def _agreed(chosen: list[Any], as_json: bool) -> bool:
    names = ", ".join(one_line(each.name) for each in chosen[:5])
    more = f" and {len(chosen) - 5:,} more" if len(chosen) > 5 else ""
    question = f"Delete {names}{more} and the conversations about them for good?"
    return not as_json and options.person() and click.confirm(question, err=True)


@documents.command()
@click.argument("named", metavar="ID|NAME")
@click.option("--only", multiple=True, metavar="PLACE", help="A host, a provider, a region.")
@click.option("--anywhere", is_flag=True, help="Lift the rule.")
@options.output
@click.pass_context
def restrict(
    context: click.Context,
    named: str,
    only: tuple[str, ...],
    anywhere: bool,
    home: str | None,
    as_json: bool,
) -> None:
    """Let a document go only to the places that --only names, as often as you like.

    A place is a host (api.moonshot.cn), a provider (moonshot) or a region (eu, cn, us, local),
    where the endpoint's region is known.
    """
    from kimiqa import rules
    from kimiqa.personal import keeping
    from kimiqa.store import store_for

    if bool(only) == anywhere:
        raise click.UsageError("Say --only PLACE, or --anywhere.")
    home, as_json = home or context.obj["home"], as_json or context.obj["as_json"]
    found: Stored = _shelf(home).find(named)
    places = tuple(dict.fromkeys(map(rules.place, only)))
    keeping.save_rule(store_for(_folder(home)), found.id, places)
    if as_json:
        write_json({"id": found.id, "name": found.name, "only": list(places)})
    else:
        where = f"only to {', '.join(places)}" if places else "anywhere"
        click.echo(f"{one_line(found.name)} may go {where}.")


def listing(rows: list[Kept]) -> str:
    """The documents as a table."""
    head = ["id", "document", "pages", "tokens", "size", "last asked", "spent", "may go to"]
    return table([head, *map(_row, rows)], right=(2, 3, 4))


def _row(each: Kept) -> list[str]:
    asked = each.last_asked
    spent = " + ".join(money(amount, currency) for currency, amount in each.spent.items())
    return [
        each.id[:12],
        one_line(each.name),
        f"{each.pages:,}" if each.read else "",
        "" if each.tokens is None else f"{each.tokens:,}",
        size(each.bytes),
        "never" if asked is None else f"{datetime.fromtimestamp(asked):%Y-%m-%d %H:%M}",
        spent,
        ", ".join(each.only) or "anywhere",
    ]


def size(count: int) -> str:
    """Bytes as people read them.

    >>> size(900), size(1_234_567)
    ('0.9 kB', '1.2 MB')
    """
    return f"{count / 1e3:,.1f} kB" if count < 1e6 else f"{count / 1e6:,.1f} MB"


def _folder(home: str | None) -> Any:
    from kimiqa.setup import DEFAULT_HOME, folder_of

    return folder_of(home or DEFAULT_HOME)


def _about(document_id: str, home: str | None) -> dict[str, str | None]:
    """What a kept document's file says of itself; null where a password is asked for."""
    from kimiqa.cli.cost import about_json
    from kimiqa.document import Document
    from kimiqa.errors import PasswordRequiredError

    try:
        return about_json(Document.stored(document_id, home=_folder(home)))
    except PasswordRequiredError:
        return about_json(None)


def _shelf(home: str | None) -> Documents:
    from kimiqa.documents import Documents
    from kimiqa.ledger import Ledger
    from kimiqa.settings import ledger_place

    folder = _folder(home)
    return Documents(folder, Ledger.open(ledger_place(folder)))


def clear_old(home: str | None) -> None:
    """Delete what the settings' retention says is too old, and say on standard error what; and
    what was begun long ago and never read."""
    from kimiqa.opening import leftovers
    from kimiqa.settings import load_settings
    from kimiqa.store import store_for

    days = load_settings(_folder(home)).retention_days
    if days is None:
        leftovers.sweep(store_for(_folder(home)))
        return
    from kimiqa.documents import cleared_in_words  # here, for it brings the digests

    if said := cleared_in_words(_shelf(home).clear(days), days):
        click.echo(one_line(said), err=True)

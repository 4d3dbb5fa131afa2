"""`kimiqa digest`: a cited outline of documents, priced first, made once and kept."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import click

from kimiqa.cli import options
from kimiqa.cli.agreeing import agreed
from kimiqa.cli.ask import citations_table
from kimiqa.cli.cost import document_json
from kimiqa.cli.options import Choices, confirmed, opened
from kimiqa.cli.options import _checked_amount as checked_amount
from kimiqa.cli.show import Status, at_most, duration, one_line, price_range, safe, write_json
from kimiqa.cli.trace import Trace
from kimiqa.errors import OverCapError
from kimiqa.figures import money

if TYPE_CHECKING:
    from kimiqa.client import Client
    from kimiqa.digest import Digest
    from kimiqa.plan import Answer, Plan

HOLDS = ("verified", "moved", "supported")
_ANYTHING = "1000000"
"""A cap per question that forbids nothing, to learn what a ceiling would be; others hold."""


@click.command("digest")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--quote", is_flag=True, help="Price it; send nothing.")
@click.option("--yes", is_flag=True, help="Go on above the settings' threshold unasked.")
@click.option("--model", metavar="ID", help="The model; see `kimiqa models`.")
@click.option("--base-url", metavar="URL", help="An OpenAI-compatible endpoint.")
@click.option("--api-key", metavar="KEY", help="Its key; better: an environment variable.")
@click.option("--effort", metavar="WORD", help="How hard it thinks: low, high, max.")
@click.option("--max-cost", metavar="AMOUNT", callback=checked_amount, help="Its cap, as 0.25.")
@click.option("--ocr", is_flag=True, help="Read pages without a text layer by OCR.")
@click.option("--ocr-languages", metavar="CODES", help="Tesseract's: chi_sim+eng.")
@click.option("--allow-unpriced", is_flag=True, help="Ask a model whose price is unknown.")
@click.option("--label", metavar="NAME", help="What the cost is booked under: a client.")
@click.option("--password", metavar="WORD", help="The password of encrypted files.")
@click.option("--keep-hidden", is_flag=True, help="Send text too that no reader sees.")
@click.option("--private", is_flag=True, help="Send placeholders for personal data.")
@options.output
def digest(files: tuple[str, ...], quote: bool, yes: bool, **chosen: Any) -> int:
    """Make a digest of FILE...: parties, dates, numbers, definitions and claims, each with its
    page. It is made once, kept beside the document, and used by `ask --strategy digest`.

    The price is shown first; what is kept already is shown for nothing. Above the threshold of
    the settings (confirm_above) a person is asked; a script goes on with --yes only.
    """
    choices = _choices(chosen)
    client = choices.client()
    documents = opened(files, choices)
    plan = _planned(client, documents, choices, ask=not quote, yes=yes)
    rows = [document_json(each, client.model) for each in documents]
    pays = _pays(client, documents)
    if not choices.as_json:
        _tell_quote(plan, pays)
    if quote:
        if choices.as_json:
            write_json({"documents": rows, "kept": not plan.requests, **_told(plan, pays)})
        return 0
    answer = _made(client, plan, choices)
    found = client.digest_of(plan, answer)
    if choices.as_json:
        told = {"documents": rows, "kept": not plan.requests, **_told(plan, pays)}
        write_json(found.to_json() | told | {"paid": answer.cost.to_json()})
    else:
        click.echo(safe(found.text))
        _receipt(found, answer, kept=not plan.requests)
    return 0


def _choices(chosen: dict[str, Any]) -> Choices:
    names = ("pages", "max_prompt_tokens", "max_completion_tokens", "cache_ttl")
    unused: dict[str, Any] = dict.fromkeys(names)
    return Choices(strategy="digest", **unused, **chosen)


def _planned(client: Client, documents: Any, choices: Choices, *, ask: bool, yes: bool) -> Plan:
    """The plan; over a cap or the threshold, a person is asked once, with the numbers."""
    wanted = {each: choices.question[each] for each in ("max_cost", "label", "private")}
    try:
        plan = client.plan_digest(documents, **wanted)
    except OverCapError as refusal:
        if not ask:
            raise
        lifted = client.plan_digest(documents, **{**wanted, "max_cost": _ANYTHING})
        cost = lifted.estimate.cost
        most = at_most(cost.ceiling, cost.currency)
        if not confirmed(f"{refusal.message} Make it all the same, for at most {most}?", choices):
            raise
        return client.plan_digest(documents, **{**wanted, "max_cost": cost.ceiling})
    if ask and not yes and plan.requests and client.needs_a_word(plan):
        agreed(plan, choices, "digest", "Make it?", "name a cheaper model")
    return plan


def _pays(client: Client, documents: Any) -> str:
    """From which question on it pays, in a sentence; empty where the documents are short."""
    (table,) = client.break_even(documents, 1)
    return table.digest_sentence


def _told(plan: Plan, pays: str) -> dict[str, Any]:
    return {"estimate": plan.estimate.to_json(), "calls": len(plan.requests), "pays": pays or None}


def _tell_quote(plan: Plan, pays: str) -> None:
    """The quote, before anything is sent."""
    guess, seen = plan.estimate, plan.coverage
    if not plan.requests:
        click.echo("The digest is kept: nothing is sent, and it costs nothing.", err=True)
        return
    parts = "" if len(plan.requests) == 1 else f" in {len(plan.requests):,} parts"
    click.echo(
        f"Quote: {price_range(guess)}, at most {at_most(guess.cost.ceiling, guess.cost.currency)}; "
        f"{guess.prompt_tokens:,} prompt tokens to {plan.model}{parts}, "
        f"{seen.sent:,} of {seen.pages:,} pages, about {duration(guess.seconds.expected)}",
        err=True,
    )
    for note in (*plan.warnings, *([pays] if pays else [])):
        click.echo(one_line(note), err=True)


def _made(client: Client, plan: Plan, choices: Choices) -> Answer:
    from kimiqa.plan import Finished, Progress, Step

    status, trace = Status(choices.as_json), Trace(choices.as_json)
    answer: Answer | None = None
    with closing(client.stream(plan)) as events:  # type: ignore[type-var]
        for event in events:
            match event:
                case Progress(_, done, total, message):
                    status.show(message or f"Making the digest: {done} of {total}")
                case Step():
                    status.clear()
                    trace.show(event)
                    status.show("Making the digest ...")
                case Finished(answer):
                    status.clear()
    assert answer is not None, "a stream ends with Finished or an error"
    return answer


def _receipt(found: Digest, answer: Answer, *, kept: bool) -> None:
    """How many places hold, those that do not, what it saw and what it cost."""
    wrong = tuple(each for each in found.citations if each.status not in HOLDS)
    if wrong:
        click.echo()
        click.echo(citations_table(wrong))
    seen, places = found.coverage, len(found.citations)
    held = f"{places - len(wrong):,} of {places:,} places hold"
    click.echo(f"\n{held}; made of {seen.sent:,} of {seen.pages:,} pages", err=True)
    cost = money(found.cost.amount, found.cost.currency)
    paid = f"Cost {cost} when it was made" if kept else f"Cost {cost}"
    quoted = "" if kept else f", quoted {price_range(answer.estimate)}"
    click.echo(f"{paid}{quoted}", err=True)
    for warning in found.warnings:
        click.echo(f"Note: {one_line(warning)}", err=True)

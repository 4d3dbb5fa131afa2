"""`kimiqa ask`: the answer as it comes, its citations checked, its receipt."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

import click

from kimiqa.cli import options
from kimiqa.cli.agreeing import agreed
from kimiqa.cli.options import Choices, confirmed, opened
from kimiqa.cli.show import (
    Status,
    at_most,
    duration,
    one_line,
    price_range,
    safe,
    table,
    write_json,
)
from kimiqa.cli.trace import Trace
from kimiqa.errors import OverCapError
from kimiqa.figures import money
from kimiqa.plurals import counted
from kimiqa.tasks import READY

if TYPE_CHECKING:
    from kimiqa.client import Client
    from kimiqa.document import Document
    from kimiqa.plan import Answer, Citation, Plan

MARKS = {"verified": "✓", "moved": "→", "supported": "~", "unverified": "?", "invalid": "✗"}


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("-q", "--question", help="What you want to know.")
@click.option("--task", type=click.Choice(sorted(READY)), help="A question written already.")
@click.option(
    "--questions",
    type=click.IntRange(1, 1_000),
    metavar="N",
    help="How many you expect to ask in one sitting, for auto.",
)
@click.option("--yes", is_flag=True, help="Go on above the settings' threshold unasked.")
@click.option(
    "--reader",
    type=click.Choice(("own", "kimi")),
    default="own",
    show_default=True,
    help="kimi: send the files to Kimi's platform, which extracts their text.",
)
@options.endpoint
@options.output
def ask(
    files: tuple[str, ...],
    question: str | None,
    task: str | None,
    questions: int | None,
    yes: bool,
    reader: str,
    **chosen: Any,
) -> int:
    """Ask FILE... a question. The answer goes to standard output, the receipt to standard error.

    With --task the question is written already (-q adds to it): a summary, a timeline, the
    differences of two documents, contradictions, each with a place behind all that is said.

    Above the threshold of the settings (confirm_above) a person is asked first; a script goes
    on with --yes only. Caps hold either way.
    """
    asked = _asked(question, task, files)
    choices = Choices(**chosen, questions=questions)
    client = choices.client()
    kimi = reader == "kimi"
    documents = _extracted(client, files) if kimi else opened(files, choices)
    plan = _planned(client, asked, documents, choices, yes=yes)
    answer = _streamed(client, plan, choices)
    failed = not answer.complete and not _only_cut(answer)
    if choices.as_json:
        failure = {"error": _incomplete(answer)} if failed else {}
        write_json({**answer.to_json(), "id": answer.id, "state": answer.state, **failure})
    else:
        _receipt(answer)
    if failed:
        click.echo(one_line(f"kimiqa: {_incomplete(answer)['message']}"), err=True)
    return 1 if failed else 0


def _asked(question: str | None, task: str | None, files: tuple[str, ...]) -> str:
    """The question, or the task's with what was added to it."""
    if task is None:
        if question is None:
            raise click.UsageError("Say what you want to know: -q QUESTION, or --task.")
        return question
    ready = READY[task]
    if len(files) < ready.documents:
        raise click.UsageError(f"--task {task} needs {ready.documents} documents: name another.")
    return ready.question(question or "")


def _extracted(client: Client, files: tuple[str, ...]) -> list[Document]:
    """The documents as Kimi's platform reads them; each file is named before it is sent."""
    uploads = [client.upload_of(file) for file in files]
    for upload in uploads:
        click.echo(one_line(upload.notice), err=True)
    return [client.extract(upload) for upload in uploads]


def _planned(client: Client, question: str, documents: Any, choices: Choices, *, yes: bool) -> Plan:
    """The plan; over a cap or the threshold, a person is asked once, with the numbers."""
    try:
        plan = client.plan(question, documents, strategy=choices.strategy, **choices.question)
    except OverCapError as refusal:
        ways = client.ways(question, documents, **choices.question)
        wanted = [way for way in ways if choices.strategy in ("auto", way.strategy)]
        ceiling = next((way.estimate.cost.ceiling for way in wanted), None)
        if ceiling is None or not confirmed(f"{refusal.message} Ask all the same?", choices):
            raise
        more = {**choices.question, "max_cost": ceiling}
        return client.plan(question, documents, strategy=choices.strategy, **more)
    if client.needs_a_word(plan) and not yes:
        agreed(plan, choices, "question", "Ask it?", "choose a cheaper way")
    return plan


def _streamed(client: Client, plan: Plan, choices: Choices) -> Answer:
    from kimiqa.plan import Finished, Progress, Reasoning, Step, Text
    from kimiqa.privacy import first_time

    status, thought, trace = Status(choices.as_json), 0, Trace(choices.as_json)
    for note in first_time(plan.documents, plan.endpoint, private=choices.private):
        click.echo(one_line(note), err=True)
    _announce(plan, choices)
    status.show("Asking ...")
    answer: Answer | None = None
    with closing(client.stream(plan)) as events:  # type: ignore[type-var]
        for event in events:
            match event:
                case Text(text):
                    status.clear()
                    if not choices.as_json:
                        click.echo(safe(text), nl=False)
                        sys.stdout.flush()
                case Reasoning(text):
                    thought += len(text)
                    status.show(f"Thinking ... {thought:,} characters")
                case Progress(_, _, _, message):
                    status.show(message)
                case Step():
                    status.clear()
                    trace.show(event)
                case Finished(answer):
                    status.clear()
    assert answer is not None
    if not choices.as_json:
        click.echo()
    return answer


def _announce(plan: Plan, choices: Choices) -> None:
    """The quote, before anything is sent."""
    if choices.as_json:
        return
    guess = plan.estimate
    ceiling = at_most(guess.cost.ceiling, guess.cost.currency)
    why = f" ({one_line(plan.reason)})" if plan.reason else ""
    click.echo(
        f"Quote: {price_range(guess)}, at most {ceiling}; {guess.prompt_tokens:,} prompt tokens "
        f"to {plan.model}, {_pages(plan)}{why}",
        err=True,
    )
    for note in filter(None, (plan.cache_note, plan.cache_offer)):
        click.echo(one_line(note), err=True)


def _pages(plan: Plan) -> str:
    """How many pages are sent; of research nobody knows beforehand."""
    if plan.strategy == "research":
        return f"as many of {counted(plan.coverage.pages, 'page')} as it needs"
    return f"{plan.coverage.sent:,} of {counted(plan.coverage.pages, 'page')}"


def _receipt(answer: Answer) -> None:
    if answer.citations:
        click.echo()
        click.echo(citations_table(answer.citations))
    for line in receipt_lines(answer):
        click.echo(line, err=True)


def citations_table(citations: Sequence[Citation]) -> str:
    """Each citation with its state, as a mark and as a word."""
    rows = [["", "citation", "state", "quote"]]
    for each in citations:
        named = f" ({each.place})" if each.place else ""
        place = f"{each.document} p. {each.page}{named}"
        moved = f", found on p. {each.found_page}" if each.status == "moved" else ""
        quote = one_line(each.quote or "")
        rows.append(
            [
                MARKS[each.status],
                place,
                f"{each.status}{moved}",
                quote if len(quote) <= 60 else f"{quote[:57]}...",
            ]
        )
    return table(rows)


def receipt_lines(answer: Answer) -> list[str]:
    """What it saw, used and cost, beside the quote."""
    seen = answer.coverage
    lines = [f"\n{seen.sent:,} of {counted(seen.pages, 'page')} sent{_left_out(answer)}"]
    if answer.usage:
        used = answer.usage
        cached = "" if used.cached_tokens is None else f", {used.cached_tokens:,} cached"
        thought = "" if not used.reasoning_tokens else f", {used.reasoning_tokens:,} thinking"
        lines.append(
            f"{used.prompt_tokens:,} prompt tokens{cached}; "
            f"{used.completion_tokens:,} completion tokens{thought}; {duration(answer.seconds)}"
        )
    state = "" if answer.state == "settled" else f" ({answer.state})"
    cost = money(answer.cost.amount, answer.cost.currency)
    lines.append(f"Cost {cost}{state}, quoted {price_range(answer.estimate)}")
    lines += _saved(answer)
    return lines + [f"Note: {one_line(warning)}" for warning in answer.warnings]


def _saved(answer: Answer) -> list[str]:
    from kimiqa.saving import in_words

    saving = answer.saving
    if saving is None:
        return []
    amount, whole = (money(each, saving.currency) for each in (abs(saving.amount), saving.whole))
    return [in_words(saving, amount, whole)]


def _left_out(answer: Answer) -> str:
    from kimiqa.pages import spans

    parts = [
        f"{each.document} p. {spans(each.pages)} {each.reason.replace('_', ' ')}"
        for each in answer.coverage.left_out
    ]
    text = "; ".join(parts)
    return f" (left out: {text if len(text) <= 200 else text[:197] + '...'})" if parts else ""


def _only_cut(answer: Answer) -> bool:
    """Whether there is an answer, cut only by a limit that the caller set."""
    return answer.finish_reason == "length" and bool(answer.text.strip())


def _incomplete(answer: Answer) -> dict[str, str]:
    message = answer.warnings[-1] if answer.warnings else "The answer may be incomplete."
    return {"code": "cut", "message": message, "hint": "What came is kept."}

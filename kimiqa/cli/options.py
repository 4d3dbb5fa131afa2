"""The options that commands share, and what they make of them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from kimiqa.cli.show import Status
from kimiqa.errors import BadRequestError, PasswordRequiredError

if TYPE_CHECKING:
    from kimiqa.client import Client
    from kimiqa.document import Document
    from kimiqa.setup import Setup

F = TypeVar("F", bound=Callable[..., Any])

STRATEGIES = ("auto", "full", "chunks", "swarm", "research", "digest")


def output(command: F) -> F:
    """`--json` and `--home`, which every command takes."""
    command = click.option(
        "--json", "as_json", is_flag=True, help="One JSON object, nothing else."
    )(command)
    return click.option(
        "--home", metavar="DIR", help="The folder of store, ledger and settings (KIMIQA_HOME)."
    )(command)


def endpoint(command: F) -> F:
    """Who answers, and how much it may cost."""
    options = (
        click.option("--model", metavar="ID", help="The model; see `kimiqa models`."),
        click.option("--base-url", metavar="URL", help="An OpenAI-compatible endpoint."),
        click.option("--api-key", metavar="KEY", help="Its key; better: an environment variable."),
        click.option("--effort", metavar="WORD", help="How hard it thinks: low, high, max."),
        click.option(
            "--strategy", type=click.Choice(STRATEGIES), default="auto", show_default=True
        ),
        click.option("--pages", metavar="PAGES", help='"40-95", "iv-x", "chapter 3", "D2: 3".'),
        click.option("--pictures", metavar="PAGES", help='Send as pictures: "scanned", "3, 7".'),
        click.option("--ocr", is_flag=True, help="Read pages without a text layer by OCR."),
        click.option("--ocr-languages", metavar="CODES", help="Tesseract's: chi_sim+eng."),
        click.option(
            "--max-cost",
            metavar="AMOUNT",
            callback=_checked_amount,
            help="The cap of this question, as 0.25.",
        ),
        click.option(
            "--ranking",
            type=click.Choice(["auto", "bm25", "semantic"]),
            help="How chunks are chosen: by words, or by meaning too.",
        ),
        click.option(
            "--rewrite/--no-rewrite",
            default=None,
            help="Have a cheap call put the question into the documents' words for chunks.",
        ),
        click.option(
            "--climb/--no-climb",
            default=None,
            help="Where an answer from chunks does not hold, ask with more of the documents.",
        ),
        click.option("--max-prompt-tokens", type=click.IntRange(min=1), metavar="N"),
        click.option("--max-completion-tokens", type=click.IntRange(min=1), metavar="N"),
        click.option("--max-steps", type=int, metavar="N", help="Calls of research, 2 to 300."),
        click.option(
            "--web-searches",
            type=int,
            default=0,
            metavar="N",
            help="Web searches of research, at most; each has a price.",
        ),
        click.option("--cache-ttl", type=click.Choice(["5m", "1h"]), help="How long it is kept."),
        click.option("--allow-unpriced", is_flag=True, help="Ask a model whose price is unknown."),
        click.option("--label", metavar="NAME", help="What the cost is booked under: a client."),
        click.option("--password", metavar="WORD", help="The password of encrypted files."),
        click.option("--keep-hidden", is_flag=True, help="Send text too that no reader sees."),
        click.option("--private", is_flag=True, help="Send placeholders for personal data."),
        click.option("--deep-check", is_flag=True, help="Hold every page against its picture."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def _checked_amount(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    """What is no money is wrong usage, said before a file is opened."""
    from kimiqa.amounts import amount

    try:
        if value is not None:
            amount(value)
    except BadRequestError as error:
        raise click.BadParameter(f"{error.message} {error.hint}") from None
    return value


@dataclass(frozen=True, slots=True)
class Choices:
    """What was chosen on the command line."""

    home: str | None
    as_json: bool
    model: str | None
    base_url: str | None
    api_key: str | None
    effort: str | None
    strategy: Any
    pages: str | None
    max_cost: str | None
    max_prompt_tokens: int | None
    max_completion_tokens: int | None
    cache_ttl: str | None
    allow_unpriced: bool
    label: str | None
    password: str | None
    keep_hidden: bool = False
    deep_check: bool = False
    pictures: str | None = None
    ocr: bool = False
    ocr_languages: str | None = None
    private: bool = False
    max_steps: int | None = None
    web_searches: int = 0
    ranking: str | None = None
    rewrite: bool | None = None
    climb: bool | None = None
    questions: int | None = None
    """How many are expected in one sitting."""

    def client(self) -> Client:
        """The client that these choices make."""
        from kimiqa.client import Client

        return Client(self.model, **self._resolved)

    def setup(self) -> Setup:
        """What that client would be resolved to: all that prices need, and soon loaded."""
        from kimiqa.setup import Setup

        return Setup.of(self.model, **self._resolved)

    @property
    def _resolved(self) -> Any:
        from kimiqa.setup import DEFAULT_HOME

        return {
            "api_key": self.api_key,
            "base_url": self.base_url,
            "effort": self.effort,
            "allow_unpriced": self.allow_unpriced,
            "cache_ttl": self.cache_ttl,
            "home": self.home or DEFAULT_HOME,
        }

    @property
    def question(self) -> Any:
        """The options of one question."""
        return {
            "pages": self.pages,
            "pictures": self.pictures,
            "max_cost": self.max_cost,
            "max_prompt_tokens": self.max_prompt_tokens,
            "max_completion_tokens": self.max_completion_tokens,
            "label": self.label,
            "max_steps": self.max_steps,
            "web_searches": self.web_searches,
            "private": self.private,
            "ranking": self.ranking,
            "rewrite": self.rewrite,
            "climb": self.climb,
            "expected_questions": self.questions,
        }


QUICKLY_CHECKED = 200
"""Pages that are looked at for hidden text in about a second: longer documents are quoted first."""


def opened(files: Sequence[str], choices: Choices, *, only_priced: bool = False) -> list[Document]:
    """The documents, read with progress on a terminal; a password is asked for there.

    Where they are `only_priced`, long ones are not looked at for hidden text first.
    """
    from kimiqa.cli.documents import clear_old

    clear_old(choices.home)
    status = Status(choices.as_json)
    try:
        return [_opened(file, choices, choices.password, status, only_priced) for file in files]
    finally:
        status.clear()


def _opened(
    file: str, choices: Choices, password: str | None, status: Status, only_priced: bool
) -> Document:
    from kimiqa.document import Document

    def progress(step: Any) -> None:
        total = f" of {step.total:,}" if step.total else ""
        verbs = {"checking": "Checking", "ocr": "Reading by OCR", "vectors": "Making vectors of"}
        verb = verbs.get(step.step, "Reading")
        what = "part" if step.step == "vectors" else "page"
        status.show(f"{verb} {file}: {what} {step.done:,}{total}")

    def checked(word: str | None) -> Document:
        document = Document.open(file, password=word, on_progress=progress, **home)
        if choices.ocr or choices.ocr_languages:
            document = document.with_ocr(languages=choices.ocr_languages, on_progress=progress)
        how = {"keep_hidden": choices.keep_hidden, "deep": choices.deep_check}
        if only_priced and len(document.pages) > QUICKLY_CHECKED and not any(how.values()):
            return document
        document = document.checked(on_progress=progress, **how)
        if choices.ranking == "semantic" and not only_priced:
            document.embed(on_progress=progress)
        return document

    home = {"home": choices.home} if choices.home else {}
    try:
        return checked(password)
    except PasswordRequiredError:
        status.clear()
        if choices.as_json or password is not None or not person():
            raise
        word = click.prompt(f"Password of {file}", hide_input=True, err=True)
        return checked(word)


def person() -> bool:
    """Whether a person sits at the terminal and can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def confirmed(question: str, choices: Choices) -> bool:
    """Ask a person once; a script is never asked."""
    return not choices.as_json and person() and click.confirm(question, err=True)

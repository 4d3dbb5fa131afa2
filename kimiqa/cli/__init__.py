"""The command line: a thin shell over the client.

Exit codes: 0 done; 1 failed, with one clear line on standard error; 2 wrong usage; 3 refused
before anything was sent; 130 interrupted.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence

import click

from kimiqa import __version__
from kimiqa.cli.app import app
from kimiqa.cli.ask import ask
from kimiqa.cli.compare import compare
from kimiqa.cli.cost import cost
from kimiqa.cli.digest import digest
from kimiqa.cli.doctor import doctor
from kimiqa.cli.documents import documents
from kimiqa.cli.eval import evaluate
from kimiqa.cli.ledger import ledger
from kimiqa.cli.models import models
from kimiqa.cli.prices import prices
from kimiqa.cli.probe import probe
from kimiqa.cli.show import one_line, write_json
from kimiqa.errors import BadRequestError, KimiqaError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="kimiqa")
def kimiqa() -> None:
    """Ask questions of long documents: a quote before, a receipt after, every citation checked."""


for command in (
    app,
    models,
    prices,
    cost,
    compare,
    ask,
    digest,
    ledger,
    doctor,
    documents,
    evaluate,
    probe,
):
    kimiqa.add_command(command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit with its code."""
    _speak_utf8()
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Run a command; its exit code. Every error is one line on standard error, and with
    `--json` the `error` object on standard output too."""
    as_json = "--json" in arguments
    try:
        code = kimiqa.main(args=list(arguments), prog_name="kimiqa", standalone_mode=False)
        return int(code or 0)
    except KimiqaError as error:
        _tell(error.code, error.message, error.hint, as_json)
        return 2 if _misused(error) else error.exit_code
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.UsageError as error:
        hint = f"See {error.ctx.command_path} --help." if error.ctx else "See kimiqa --help."
        _tell("bad_request", error.format_message(), hint, as_json)
        return 2
    except (KeyboardInterrupt, click.Abort):
        _interrupted(as_json)
        return 130
    except BrokenPipeError:
        # The reader of a pipe went away (`kimiqa ask … | head`): nothing is left to say.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        why = error.strerror or type(error).__name__
        _tell("error", f"The system says: {why}.", "Check the disk and its rights.", as_json)
        return 1
    except Exception as error:
        if os.environ.get("KIMIQA_DEBUG"):
            raise
        hint = "This is a fault of kimiqa's; KIMIQA_DEBUG=1 shows where."
        _tell("error", f"Unexpected {type(error).__name__}.", hint, as_json)
        return 1


def _interrupted(as_json: bool) -> None:
    if as_json:
        hint = "What was sent until then is in kimiqa ledger."
        error = {"code": "interrupted", "message": "Interrupted.", "hint": hint}
        with contextlib.suppress(OSError):
            write_json({"error": error})
    click.echo("Interrupted.", err=True)


def _misused(error: KimiqaError) -> bool:
    """Whether what was asked for does not exist: a page, an effort. An endpoint's own refusal
    of a request carries its status."""
    return isinstance(error, BadRequestError) and error.status is None and error.billed == "no"


def _tell(code: str, message: str, hint: str, as_json: bool) -> None:
    if as_json:
        with contextlib.suppress(OSError):  # a full disk, or nobody there to read
            write_json({"error": {"code": code, "message": message, "hint": hint}})
    click.echo(one_line(f"kimiqa: {message} {hint}"), err=True)


def _speak_utf8() -> None:
    """Documents are in every script; a terminal that is not gets replacement marks."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure:
            reconfigure(encoding="utf-8" if not stream.isatty() else None, errors="replace")


__all__ = ["main", "run"]

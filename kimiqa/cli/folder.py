"""`kimiqa cost DIR`: every document of a folder priced by itself, failures beside the totals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kimiqa.cli.options import Choices
from kimiqa.cli.show import Status, at_most, duration, one_line, price_range, table, write_json
from kimiqa.errors import DocumentError, EmptyDocumentError, KimiqaError
from kimiqa.plurals import counted

if TYPE_CHECKING:
    from kimiqa.document import Document
    from kimiqa.opening.folders import Contents
    from kimiqa.plan import Strategy
    from kimiqa.singly import Pricer, Total

SHOWN_DOCUMENTS = 20
SHOWN_FAILURES = 20
NOT_CHECKED = (
    "Text that no reader sees was not looked for yet: that is done before a document is sent, and "
    "what is found is left out, so that the prices of whole documents can only fall."
)


@dataclass(slots=True)
class Found:
    """What pricing a folder has brought."""

    model: str
    totals: dict[Strategy, Total]
    documents: list[dict[str, Any]] = field(default_factory=list)
    failures: list[dict[str, str]] = field(default_factory=list)


def is_source(path: str, as_source: bool | None) -> bool:
    """Whether a folder is one document of source code: as said, else by what lies in it."""
    from kimiqa.opening.folders import contents

    if not Path(path).is_dir():
        return False
    return contents(Path(path)).is_source if as_source is None else as_source


def is_shelf(files: Sequence[str], as_source: bool | None) -> bool:
    """Whether one of `files` is a folder of documents."""
    return any(Path(each).is_dir() and not is_source(each, as_source) for each in files)


def announce(files: Sequence[str], choices: Choices) -> None:
    """Say how each folder is taken, for it could be taken otherwise."""
    from kimiqa.opening.folders import contents

    for each in files:
        if Path(each).is_dir() and not choices.as_json:
            click.echo(one_line(_taken(each, contents(Path(each)))), err=True)


def _taken(path: str, held: Contents) -> str:
    if held.is_source:
        other = f"; --as-documents prices its {counted(len(held.documents), 'document')} instead"
        return f"{path}: one document of source code{other if held.documents else ''}"
    others = f", {held.others:,} other files are not read" if held.others else ""
    code = f" ({held.code:,} source files: --as-source reads them as one)" if held.code else ""
    return f"{path}: a folder of {counted(len(held.documents), 'document')}{code}{others}"


def paths_of(files: Sequence[str]) -> list[str]:
    """All documents of the folders among `files`, and the other files as they are.

    *Raises* `EmptyDocumentError` where there is not one.
    """
    from kimiqa.opening.folders import contents

    found: dict[str, None] = {}
    for each in files:
        folder = Path(each)
        held = contents(folder).documents if folder.is_dir() else (folder,)
        found |= dict.fromkeys(map(str, held))
    if not found:
        raise EmptyDocumentError(
            f"{files[0]} holds no PDF, Word, PowerPoint, Excel, EPUB, HTML or text file.",
            "Name another folder, or --as-source for a folder of source code.",
        )
    return list(found)


def cost(files: Sequence[str], question: str, choices: Choices) -> int:
    """Price the question for each document of the folders. 0 where any could be priced, 1 where
    none could, 3 where --max-cost leaves no way for any."""
    from kimiqa.cli.documents import clear_old
    from kimiqa.opening.intake import DEFAULT, store_of
    from kimiqa.singly import totals

    clear_old(choices.home)
    paths = paths_of(files)
    pricer = choices.setup().pricer(question, _options(choices))
    found = Found(pricer.model.id, totals(pricer.model.id))
    status = Status(choices.as_json)
    done, store = 0, store_of(choices.home or DEFAULT)
    try:
        with store.held():
            for done, path in enumerate(paths):
                status.show(f"{done:,} of {len(paths):,} ({len(found.failures):,} failed): {path}")
                _price(path, pricer, choices, found)
    except KeyboardInterrupt:
        status.clear()
        said = f"{done:,} of {counted(len(paths), 'file')} read"
        kept = "" if store.warning else " and kept: the same command goes on from there"
        click.echo(f"{said}{kept}.", err=True)
        raise
    finally:
        status.clear()
        if store.warning:
            click.echo(one_line(store.warning), err=True)
    _tell(found, choices)
    if not found.documents:
        return 1
    fits = any(total.fit for total in found.totals.values())
    return 0 if choices.max_cost is None or fits else 3


def _options(choices: Choices) -> dict[str, Any]:
    return {name: value for name, value in choices.question.items() if name != "pages"}


def _price(path: str, pricer: Pricer, choices: Choices, found: Found) -> None:
    """One document: read, counted, priced, and let go."""
    from kimiqa.cli.cost import about_json, document_json

    try:
        document = _opened(path, choices)
    except KimiqaError as error:
        found.failures.append({"file": path, **error.to_json()})
        return
    row = document_json(document, pricer.model)
    if row["tokens"] and any(page.text.strip() for page in document.pages):
        for priced in pricer.prices(row["tokens"]):
            found.totals[priced.strategy].add(priced)
        found.documents.append(row | about_json(document) if choices.as_json else row)
    else:
        found.failures.append({"file": path, **_no_text(path, document).to_json()})


def _opened(path: str, choices: Choices) -> Document:
    from kimiqa.document import Document
    from kimiqa.opening.intake import DEFAULT, store_of

    home: dict[str, Any] = {"home": choices.home} if choices.home else {}
    store = store_of(choices.home or DEFAULT)
    document = Document.open(
        path, password=choices.password, on_progress=lambda _: store.catch_up(), **home
    )
    if choices.deep_check or choices.keep_hidden or not document.drawable:
        # Where there is no page to look at, a look takes no time.
        return document.checked(keep_hidden=choices.keep_hidden, deep=choices.deep_check)
    return document


def _no_text(path: str, document: Document) -> DocumentError:
    from kimiqa.errors import NoTextError

    count = len(document.pages)
    return NoTextError(
        f"{Path(path).name} has no text on its {count:,} {'page' if count == 1 else 'pages'}.",
        "They are pictures: have them read by OCR first."
        if document.pages_with("image")
        else "There is nothing to read in it.",
    )


def _tell(found: Found, choices: Choices) -> None:
    ways = [total.to_json() for total in found.totals.values() if _is_asked(total, choices)]
    if choices.as_json:
        write_json({"documents": found.documents, "ways": ways, "failures": found.failures})
        return
    for line in _lines(found, choices):
        click.echo(line)


def _is_asked(total: Total, choices: Choices) -> bool:
    return choices.strategy in ("auto", total.strategy)


def _lines(found: Found, choices: Choices) -> Iterable[str]:
    from kimiqa.cli.cost import documents_table

    pages = sum(row["pages"] for row in found.documents)
    tokens = sum(row["tokens"] for row in found.documents)
    if found.documents:
        largest = sorted(found.documents, key=lambda row: -row["tokens"])[:SHOWN_DOCUMENTS]
        yield documents_table(largest)
        if len(found.documents) > len(largest):
            yield f"(the {len(largest)} largest of {len(found.documents):,})"
        yield f"\n{len(found.documents):,} documents, {pages:,} pages, {tokens:,} tokens"
        yield "The question asked of each of them by itself:\n"
        yield _totals_table([each for each in found.totals.values() if _is_asked(each, choices)])
        if any(row["hidden_passages"] is None for row in found.documents):
            yield f"\n{NOT_CHECKED}"
    yield from _failure_lines(found.failures)


def _totals_table(totals: Sequence[Total]) -> str:
    head = ["way", "model", "documents", "prompt tokens", "cost", "at most", "time one by one"]
    rows = [_total_row(total) for total in totals]
    return table([head, *rows], right=(2, 3, 5))


def _total_row(total: Total) -> list[str]:
    counted = f"{total.fit:,} of {total.documents:,}"
    guess = total.estimate
    if guess is None:
        return [f"{total.strategy} (no)", total.model, counted, "", total.reason or "", "", ""]
    return [
        total.strategy,
        total.model,
        counted,
        f"{guess.prompt_tokens:,}",
        price_range(guess),
        at_most(guess.cost.ceiling, guess.cost.currency),
        f"{duration(guess.seconds.low)} - {duration(guess.seconds.high)}",
    ]


def _failure_lines(failures: Sequence[dict[str, str]]) -> Iterable[str]:
    """The files that could not be priced, each with its code and its next step."""
    if not failures:
        return
    count = len(failures)
    yield f"\n{count:,} {'file' if count == 1 else 'files'} could not be priced:"
    for each in failures[:SHOWN_FAILURES]:
        yield one_line(f"  {each['file']}: {each['code']}: {each['message']} {each['hint']}")
    if count > SHOWN_FAILURES:
        yield f"  and {count - SHOWN_FAILURES:,} more: --json lists them all"

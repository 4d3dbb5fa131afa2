"""The first pass over a file that was not read before: its pages, and their tokens."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from kimiqa.errors import (
    DeadlineError,
    EmptyDocumentError,
    EngineCrashedError,
    NotADocumentError,
)
from kimiqa.opening import source
from kimiqa.opening.counting import block_tokens, counted_by, first_counter, rough_tokens
from kimiqa.opening.file import PDF, TEXT, File, Preview, Read, Steps
from kimiqa.plan import Progress
from kimiqa.reading import engines, plain
from kimiqa.reading.clean import clean_text
from kimiqa.reading.office import calls
from kimiqa.reading.parts import Page
from kimiqa.reading.source import bundle
from kimiqa.saying import say
from kimiqa.store import Stored

_MOST_BYTES = 4 * engines.MOST_CHARACTERS
_HEAD = 4_096


def read(file: File) -> Steps:
    """Read a file by what its bytes say it is. *Raises* `NotADocumentError` for what is none."""
    with file.store.source(file.id).open("rb") as stream:
        head = stream.read(_HEAD)
    if plain.is_pdf(head):
        return _pdf(file)
    if bundle.is_bundle(head):
        return _source(file)
    office = _office_kind(file, head)
    return _office(file, office) if office else _text(file, head)


def _source(file: File) -> Steps:
    """A folder of source code."""
    try:
        pages, remarks = source.pages(file)
    except (ValueError, KeyError, TypeError):
        raise NotADocumentError(
            say(
                "{name} begins like a folder of source code, but is cut off or damaged.",
                name=file.name,
            ),
            "Open the folder itself again.",
        ) from None
    counter = first_counter()
    counts = {page.number: block_tokens(page, counter) for page in pages}
    yield Preview(file.name, len(pages), pages[0].text, file.size, sum(counts.values()))
    yield Progress("reading", len(pages), len(pages))
    yield _kept(file, pages, bundle.MEDIA, counts, remarks)


def _office_kind(file: File, head: bytes) -> str | None:
    """Which kind of office file it is, by its bytes; None for what is none."""
    if plain.is_zip(head):
        return calls.kind_of(file.source.path, file.name)
    return "html" if plain.is_html(head, file.name) else None


def _office(file: File, kind: str) -> Steps:
    """A file of parts. How many there are is known at its end."""
    counter = first_counter()
    pages: list[Page] = []
    counts: dict[int, int] = {}
    remarks: tuple[str, ...] = ()
    with contextlib.closing(calls.read(file.source.path, file.name, kind)) as blocks:
        for block in blocks:
            pages += block.pages
            counts |= {page.number: block_tokens(page, counter) for page in block.pages}
            remarks += tuple(
                say("{name}: {remark}.", name=file.name, remark=each) for each in block.remarks
            )
            yield Progress("reading", len(pages), None)
            yield block.pages
    if not any(page.text for page in pages) and not any(page.status == "image" for page in pages):
        raise EmptyDocumentError(
            say("{name} is {kind} without a word.", name=file.name, kind=calls.NAMES[kind]),
            "Choose another file.",
        )
    yield Preview(file.name, len(pages), pages[0].text, file.size, sum(counts.values()))
    yield _kept(file, pages, calls.MEDIA[kind], counts, remarks)


def _text(file: File, head: bytes) -> Steps:
    kind = plain.foreign_kind(head, file.name)
    text = None if kind else plain.decode(_beginning(file))
    if kind == plain.NAMED_PDF:
        raise NotADocumentError(
            say("{name} is {kind}.", name=file.name, kind=kind),
            "Download or export it again; if the text is what you want, rename it to .txt.",
        )
    if text is None:
        raise NotADocumentError(
            say(
                "{name} is {kind}, not a document that kimiqa reads.",
                name=file.name,
                kind=kind or say("a binary file"),
            ),
            "It reads PDF, Word, PowerPoint, Excel, EPUB, HTML, plain text, Markdown and folders"
            " of source code: convert the file to one of these.",
        )
    pages = _text_pages(text, whole=file.size <= _MOST_BYTES)
    counter = first_counter()
    counts = {page.number: block_tokens(page, counter) for page in pages}
    yield Preview(file.name, len(pages), pages[0].text, file.size, sum(counts.values()))
    yield Progress("reading", len(pages), len(pages))
    yield _kept(file, pages, TEXT, counts)


def _beginning(file: File) -> bytes:
    """All of a text file that may be read: whole lines, where it is too long."""
    with file.store.source(file.id).open("rb") as stream:
        content = stream.read(_MOST_BYTES + 1)
    if len(content) <= _MOST_BYTES:
        return content
    return content[: content.rfind(b"\n", 0, _MOST_BYTES) + 1 or _MOST_BYTES]


def _text_pages(text: str, *, whole: bool) -> list[Page]:
    """The pages of a text; those beyond what is read of a document say so."""
    pages: list[Page] = []
    left = engines.MOST_CHARACTERS
    for number, part in enumerate(plain.pages_of(text), start=1):
        left -= len(part)
        if number > engines.MOST_PAGES or left < 0:
            note = engines.BEYOND_PAGES if left >= 0 else engines.BEYOND_CHARACTERS
            pages.append(Page(number, "", "failed", note=note))
        else:
            pages.append(Page(number, clean_text(part), "text" if part.strip() else "empty"))
    if not whole and not any(page.note for page in pages):
        pages.append(Page(len(pages) + 1, "", "failed", note=engines.BEYOND_CHARACTERS))
    return pages


def _pdf(file: File) -> Steps:
    opened = engines.open_pdf(file.source)
    counter = first_counter()
    pages: dict[int, Page] = {page.number: page for page in opened.sample}
    counts = {page.number: block_tokens(page, counter) for page in opened.sample}
    rough = rough_tokens(counts, opened.pages)
    first = pages[1].text if 1 in pages else ""
    yield Preview(file.name, opened.pages, first, file.size, rough)
    yield list(opened.sample)
    with contextlib.closing(engines.read_pages(file.source, opened)) as blocks:
        for block in blocks:
            pages |= {page.number: page for page in block}
            counts |= {page.number: block_tokens(page, counter) for page in block}
            yield Progress("reading", len(pages), opened.pages)
            yield block
    whole = [pages[number] for number in sorted(pages)]
    yield _kept(file, whole, PDF, counts, about=opened.about)


def _kept(
    file: File,
    pages: list[Page],
    media: str,
    counts: dict[int, int],
    remarks: tuple[str, ...] = (),
    about: dict[str, str] | None = None,
) -> Read:
    """The finished document. One with pages that another try may read is not remembered."""
    _refuse_lost(file, pages)
    key = counted_by(first_counter())
    tokens = tuple(counts[page.number] for page in pages)
    if not any(page.note == engines.LATE for page in pages):
        locked = file.password is not None
        stored = Stored(file.id, file.name, media, file.size, len(pages), locked)
        file.store.save(stored, pages, {key: tokens}, remarks, about)
    return Read(file, tuple(pages), media, {key: tokens}, remarks=remarks, about=about)


def _refuse_lost(file: File, pages: Sequence[Page]) -> None:
    """A document of which not one page could be read is an error, not a document."""
    if any(page.status != "failed" for page in pages):
        return
    if any(page.note == engines.LATE for page in pages):
        raise DeadlineError(
            say(
                "None of the {pages} pages of {name} was read before the deadline.",
                pages=len(pages),
                name=file.name,
            ),
            "Print it to a new PDF and open that.",
        )
    if not any(engines.was_lost(page) for page in pages):
        raise NotADocumentError(
            say(
                "{name} lists pages ({pages:,}), but neither of 2 engines can open any "
                "of them: it is damaged.",
                name=file.name,
                pages=len(pages),
            ),
            "Download or export it again.",
        )
    raise EngineCrashedError(
        say(
            "None of the {pages} pages of {name} could be read: {note}.",
            pages=len(pages),
            name=file.name,
            note=pages[0].note,
        ),
        "The file is damaged or hostile: print it to a new PDF and open that.",
    )

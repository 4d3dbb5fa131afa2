"""A folder of source code as one document."""

from __future__ import annotations

import tempfile
from pathlib import Path

from kimiqa.errors import EmptyDocumentError
from kimiqa.opening.file import File
from kimiqa.reading import engines
from kimiqa.reading.parts import Page
from kimiqa.reading.source import bundle
from kimiqa.reading.source.folder import remarks
from kimiqa.reading.source.pages import pages_of
from kimiqa.saying import say
from kimiqa.store import Store


def take(store: Store, folder: Path, shown: str) -> tuple[str, int]:
    """Put a folder's text files into the store, as one bundle.

    *Raises* `EmptyDocumentError` where the folder holds none.
    """
    with tempfile.TemporaryFile() as spool:
        if not bundle.write(folder, spool):
            raise EmptyDocumentError(
                say("{shown} is a folder without source code or other text.", shown=shown),
                "Name the files in it, or price them with `kimiqa cost`.",
            )
        spool.seek(0)
        return store.take(spool)


def pages(file: File) -> tuple[list[Page], tuple[str, ...]]:
    """The pages of a bundle, and what was left out of it. Beyond what is read of a document,
    the first page that is not read says so."""
    held: list[Page] = []
    said: tuple[str, ...] = ()
    left = engines.MOST_CHARACTERS
    for each in bundle.read(file.source.path):
        if isinstance(each, bundle.LeftOut):
            said = tuple(
                say("{name}: {remark}.", name=file.name, remark=text)
                for text in remarks(each.files, each.ignored)
            )
            continue
        for page in pages_of(each.path, each.text, len(held) + 1):
            left -= len(page.text)
            if left < 0 or page.number > engines.MOST_PAGES:
                note = engines.BEYOND_CHARACTERS if left < 0 else engines.BEYOND_PAGES
                held.append(Page(page.number, "", "failed", note=note, label=page.label))
                return held, said
            held.append(page)
    return held, said

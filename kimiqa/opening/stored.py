"""A document as it was read before, from the store."""

from __future__ import annotations

from kimiqa.opening.counting import counted, first_counter
from kimiqa.opening.file import File, Preview, Read, Steps
from kimiqa.opening.looking import cut
from kimiqa.plan import Progress
from kimiqa.reading import engines
from kimiqa.reading.checking import Checked
from kimiqa.reading.parts import Page
from kimiqa.store import Stored


def known(file: File) -> Steps | None:
    """The document as it was read before. One with a password still asks for it."""
    stored = file.store.find(file.id)
    if stored is None:
        return None
    if stored.locked:
        engines.open_pdf(file.source)
    pages = file.store.pages(file.id)
    return _from_store(file, stored, pages) if len(pages) == stored.pages else None


def _from_store(file: File, stored: Stored, pages: tuple[Page, ...]) -> Steps:
    if file.name != stored.name:
        file.store.remember_name(file.id, file.name)
    found = file.store.check(file.id)
    check = Checked(*found) if found is not None else None
    seen = cut(pages, check) if check is not None else pages
    counts: dict[str, tuple[int, ...]] = {}
    tokens = sum(counted(file.id, seen, first_counter(), counts, file.store))
    yield Preview(file.name, len(seen), seen[0].text, file.size, tokens)
    yield Progress("reading", len(seen), len(seen))
    store = file.store
    told = (store.remarks(file.id), store.about(file.id))
    yield Read(file, pages, stored.media, counts, check, *told)

"""Files in the store that were not read to their end: who brought them takes them away.

A reading that fails, or is stopped, leaves nothing. What a process leaves that was killed is
found by its age, for what is new may be another process's that reads it just now.
"""

from __future__ import annotations

import contextlib
import os
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kimiqa.errors import EmptyDocumentError, NotADocumentError, PasswordRequiredError
from kimiqa.opening.file import File
from kimiqa.store import Store

OLD = 2 * 86_400.0
"""Seconds after which a file that was not read is nobody's."""

_reading: Counter[tuple[Path, str]] = Counter()
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Unread:
    """A file that is here and was not read."""

    id: str
    bytes: int
    since: float


@contextlib.contextmanager
def taken_away(file: File, *, waits: bool) -> Iterator[None]:
    """While a file is read: where that fails, or is given up, its bytes go again, unless it was
    read before. `waits`: they stay where a password is asked for, which may still come."""
    key = (file.store.folder, file.id)
    with _lock:
        _reading[key] += 1
    source = file.store.source(file.id)
    begun = _touched(source)
    try:
        yield
    except BaseException as error:
        _left(key)
        no_document = isinstance(error, NotADocumentError | EmptyDocumentError)
        ours = file.id in file.store.brought and _changed(source) == begun
        if (no_document or ours) and not (waits and isinstance(error, PasswordRequiredError)):
            discard(file.store, file.id)
        raise
    else:
        _left(key)


def _left(key: tuple[Path, str]) -> None:
    with _lock:
        _reading[key] -= 1


def _touched(source: Path) -> int | None:
    """Show other processes that the file is read now, and when that was."""
    with contextlib.suppress(OSError):
        os.utime(source)
    return _changed(source)


def _changed(source: Path) -> int | None:
    try:
        return source.stat().st_mtime_ns
    except OSError:
        return None


def discard(store: Store, document_id: str) -> bool:
    """Remove the bytes of a file that was not read and that no thread reads; whether it did."""
    with _lock:
        busy = _reading[(store.folder, document_id)] > 0
    if busy or _is_known(store, document_id):
        return False
    store.discard(document_id)
    return True


def _is_known(store: Store, document_id: str) -> bool:
    with store.database() as database:
        query = "SELECT 1 FROM documents WHERE id = ?"
        return database.execute(query, (document_id,)).fetchone() is not None


def unread(store: Store) -> list[Unread]:
    """The files that are here and were not read, the last first."""
    with store.database() as database:
        known = {row[0] for row in database.execute("SELECT id FROM documents")}
    found = [
        each
        for path in store.folder.glob("[0-9a-f]*")
        if path.name not in known and (each := _unread(path)) is not None
    ]
    return sorted(found, key=lambda each: -each.since)


def _unread(folder: Path) -> Unread | None:
    if not re.fullmatch("[0-9a-f]{64}", folder.name):
        return None
    try:
        stats = [path.stat() for path in (folder, *folder.iterdir())]
    except OSError:  # gone meanwhile
        return None
    return Unread(
        folder.name,
        sum(each.st_size for each in stats[1:]),
        max(each.st_mtime for each in stats),
    )


def sweep(store: Store, now: float | None = None) -> int:
    """Remove what was begun long ago and not finished; how many files those were."""
    before = (time.time() if now is None else now) - OLD
    for kind in (".spool-*", ".probe-*"):
        for path in store.folder.glob(kind):
            with contextlib.suppress(OSError):
                if path.stat().st_mtime < before:
                    path.unlink()
    old = [each for each in unread(store) if each.since < before]
    return sum(discard(store, each.id) for each in old)

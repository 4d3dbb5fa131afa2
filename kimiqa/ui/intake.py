"""Files on their way in: bytes to disk by hash at once, from an upload, a path or a folder."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from kimiqa.document import label
from kimiqa.errors import EmptyDocumentError, FileNotFoundError, KimiqaError
from kimiqa.opening import source
from kimiqa.opening.folders import contents
from kimiqa.saying import say
from kimiqa.settings import home_folder
from kimiqa.store import Store, store_for
from kimiqa.ui import awaiting, desk, reading
from kimiqa.ui.engine import Job, engine
from kimiqa.ui.state import Refused, State

KINDS = ("pdf", "docx", "pptx", "xlsx", "epub", "html", "htm", "txt", "md")
"""What is looked for in a folder; a file that is named is opened by what it holds."""
MOST_ON_A_PAGE = 20
"""More than so many that come together go to the library: nobody means to ask them all at once."""
MOST_IN_A_FOLDER = 2_000


@dataclass(frozen=True, slots=True)
class Taken:
    """A file whose bytes are in the store."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Found:
    """How many files a folder holds that can be read."""

    files: int


def take(file: BinaryIO, name: str) -> Taken | Refused:
    """Put an upload's bytes on disk; the upload itself can go then."""
    return _taken(label(name), lambda store: store.take(file))


def take_path(state: State, path: str) -> None:
    """Open a file on this computer, or all that can be read in a folder."""
    where = Path(path.strip().strip("\"'")).expanduser()
    if where.is_dir() and contents(where).is_source:
        place(state, [_from_source(where)])
    elif where.is_dir():
        _begin_folder(state, where)
    else:
        place(state, [_from_path(where)])


def _from_source(folder: Path) -> Taken | Refused:
    """A folder of source code, which is one document."""
    name = label(str(folder))
    try:
        return _taken(name, lambda store: source.take(store, folder, name))
    except KimiqaError as error:
        return Refused(name, str(error))


def _from_path(path: Path) -> Taken | Refused:
    return _taken(label(str(path)), lambda store: store.take_path(path))


def _taken(name: str, copy: Callable[[Store], tuple[str, int]]) -> Taken | Refused:
    try:
        document_id, size = copy(store_for(home_folder()))
    except OSError:
        return Refused(name, str(_why_not(name)))
    if not size:
        return Refused(name, str(_empty(name)))
    return Taken(document_id, name)


def _why_not(name: str) -> KimiqaError:
    message = say("{name} does not exist or may not be read.", name=name)
    return FileNotFoundError(message, say("Check the path."))


def _empty(name: str) -> KimiqaError:
    message = say("{name} is empty: it has 0 bytes.", name=name)
    return EmptyDocumentError(message, say("Choose another file."))


def place(state: State, found: Sequence[Taken | Refused], *, aside: bool | None = None) -> None:
    """Give what was taken to this page, or aside to the library where it is too much for one."""
    new = {each.id: each.name for each in found if isinstance(each, Taken)}
    state.refused += [each for each in found if isinstance(each, Refused)]
    shelf = _aside(state, len(new)) if aside is None else aside
    if new and not shelf:
        _say_what_counts(state)
    for document_id, name in new.items():
        if document_id not in (*state.documents, *state.shelved):
            (state.shelved if shelf else state.documents).append(document_id)
            state.names[document_id] = name
            reading.start(state, document_id)


def _aside(state: State, coming: int) -> bool:
    return state.view == "library" or len(state.documents) + coming > MOST_ON_A_PAGE


def _say_what_counts(state: State) -> None:
    """Name the vocabulary of the model in use: what is read can then be made ready for it."""
    with contextlib.suppress(KimiqaError):  # said where the prices would stand
        awaiting.count_in(state, desk.model(state).vocabulary)


# Folders ----------------------------------------------------------------------------------------


@dataclass(slots=True)
class Incoming:
    """A folder that is copied for this page, and how much of it has been taken in."""

    job: str
    seen: int = 0
    aside: bool = False


@dataclass(slots=True)
class Folders:
    """The folders that are not taken in wholly yet."""

    incoming: list[Incoming] = field(default_factory=list)


def _begin_folder(state: State, folder: Path) -> None:
    job = engine().read(f"{home_folder()}:folder:{folder}", folder.name, lambda: _copied(folder))
    if job.id not in {each.job for each in _incoming(state)}:
        _incoming(state).append(Incoming(job.id))


def _copied(folder: Path) -> Iterator[Found | Taken | Refused | None]:
    """What the folder holds, then file by file what became of it."""
    paths: list[Path] = []
    for path in _readable(folder):
        paths += [path] if path else []
        yield None
        if len(paths) > MOST_IN_A_FOLDER:
            break
    yield Found(min(len(paths), MOST_IN_A_FOLDER))
    for path in sorted(paths[:MOST_IN_A_FOLDER]):
        yield _from_path(path)
    if not paths:
        yield Refused(folder.name, say("It holds no file that kimiqa reads."))
    if len(paths) > MOST_IN_A_FOLDER:
        many = say("It holds more files than are opened at once: {most:,}.", most=MOST_IN_A_FOLDER)
        yield Refused(folder.name, many)


def _readable(folder: Path) -> Iterator[Path | None]:
    """The files that can be read; None for each folder that was looked through."""
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(each for each in folders if not each.startswith("."))
        yield None
        for name in names:
            if name.rpartition(".")[2].casefold() in KINDS and not name.startswith("."):
                yield Path(here, name)


def _incoming(state: State) -> list[Incoming]:
    return state.of(Folders).incoming


def folder_jobs(state: State) -> list[Job]:
    """The folders that are still being copied."""
    found = (engine().job(each.job) for each in _incoming(state))
    return [job for job in found if job is not None and job.running]


def unsettled(state: State) -> bool:
    """Whether a folder was copied of which the page has not taken in everything."""
    return bool(_incoming(state))


def settle_folders(state: State) -> None:
    """Take in what has been copied since."""
    for each in tuple(_incoming(state)):
        job = engine().job(each.job)
        running = job is not None and job.running
        if job is not None:
            _take_in(state, each, job)
        if not running:
            _incoming(state).remove(each)
            if job is not None:
                _ended(state, job)


def _take_in(state: State, each: Incoming, job: Job) -> None:
    new, begun = job.log[each.seen :], each.seen > 0
    each.seen += len(new)
    for found in new:
        if isinstance(found, Found) and not begun:
            each.aside = _aside(state, found.files)
    place(state, [found for found in new if not isinstance(found, Found)], aside=each.aside)


def _ended(state: State, job: Job) -> None:
    if job.error is not None:
        state.refused.append(Refused(job.title, str(job.error)))
    engine().forget(job)


def copying(job: Job) -> tuple[int, int | None]:
    """How many files of a folder are copied, and of how many."""
    found = job.last(Found)
    done = sum(isinstance(each, Taken | Refused) for each in tuple(job.log))
    return done, found.files if found else None

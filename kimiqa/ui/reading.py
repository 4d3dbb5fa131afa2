"""Documents whose bytes are in the store: read in the engine, a few at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any
from weakref import WeakValueDictionary

from kimiqa.chapters import entries
from kimiqa.document import Document
from kimiqa.errors import KimiqaError, PasswordRequiredError
from kimiqa.opening import leftovers
from kimiqa.settings import home_folder
from kimiqa.store import store_for
from kimiqa.ui import awaiting, history, sizes
from kimiqa.ui.engine import Job, engine
from kimiqa.ui.state import Refused, State, new_conversation, opened
from kimiqa.ui.words import _

AT_ONCE = 3
"""How many documents are read side by side: they share a worker."""

SOON = 0.8
"""Seconds for which a page waits for a file before it shows how far its reading is."""

_sights: WeakValueDictionary[str, awaiting.Sight] = WeakValueDictionary()
"""For each document that is being read: whether its prices stand on a page."""

_turn = threading.BoundedSemaphore(AT_ONCE)


def start(state: State, document_id: str) -> None:
    """Read a document whose bytes are in the store."""
    name = state.names.get(document_id) or _stored_name(document_id) or "document"
    source = store_for(home_folder()).source(document_id)
    password = state.passwords.get(document_id)
    sight = _sights.setdefault(document_id, awaiting.Sight())
    awaited = document_id in state.documents and len(jobs(state)) <= AT_ONCE
    if not awaited:
        sight.go_on()
    vocabulary = awaiting.counted_in(state) if awaited else None

    def steps() -> Iterator[Any]:
        while not _turn.acquire(timeout=0.5):
            yield None
        try:
            for step in awaiting.steps(source, name, password, vocabulary):
                yield step
                if isinstance(step, Document):
                    yield from _look_over(step, sight)
        finally:
            _turn.release()

    engine().read(_key(document_id), name, steps)


def _look_over(document: Document, sight: awaiting.Sight) -> Iterator[Any]:
    """The second pass and the outline, once the prices are on the page: both take a processor
    that the page needs until then."""
    sight.wait(len(document.pages))
    for _entry in entries([document]):
        break
    yield from document.checking()


def shown(state: State) -> None:
    """The prices of this page's documents are there: what takes long may go on."""
    for document_id in state.documents:
        if (sight := _sights.get(document_id)) is not None and document_id in state.opened:
            sight.shown()


def _key(document_id: str) -> str:
    """What the engine calls the reading of a document."""
    return f"{home_folder()}:{document_id}"


def settle(state: State) -> None:
    """Take in what the engine has finished: documents, and refusals with their reasons."""
    _settle_shelved(state)
    for document_id in list(state.documents):
        job = engine().latest(_key(document_id))
        if job is not None and not job.running:
            _ended(state, document_id, job)
        elif document_id in state.opened:
            continue
        elif job is None:
            _from_store(state, document_id)
        elif (document := _read(job)) is not None:
            state.opened[document_id] = document


def _read(job: Job) -> Document | None:
    """What a job has read, which it may still be looking over; soon after it began it is waited
    for, so that a file of ordinary length needs no second look at the page."""
    while job.running and not job.last(Document) and time.time() - job.started < SOON:
        job.ended.wait(0.002)
    found: Document | None = job.last(Document)
    return found


def wait(state: State, seconds: float) -> None:
    """Wait until a document that is read for this page is there, at most so long."""
    waiting = [each for each in state.documents if each not in state.opened]
    found = [job for each in waiting if (job := engine().latest(_key(each))) is not None]
    until = time.monotonic() + seconds
    while found and time.monotonic() < until:
        if any(not job.running or job.last(Document) for job in found):
            return
        time.sleep(0.01)


def unsettled(state: State) -> bool:
    """Whether a document was looked over that the page still shows as it was read."""
    found = (engine().latest(_key(document_id)) for document_id in state.documents)
    return any(job is not None and not job.running and job.last(Document) for job in found)


def finish(state: State) -> None:
    """Wait until every document of this page has been looked over."""
    for document_id in state.documents:
        if (sight := _sights.get(document_id)) is not None:
            sight.go_on()
        job = engine().running(_key(document_id))
        if job is not None:
            job.ended.wait()


def _settle_shelved(state: State) -> None:
    """What was read for the library is not held in memory: it opens from the store."""
    for document_id in tuple(state.shelved):
        job = engine().latest(_key(document_id))
        if job is not None and job.running:
            continue
        state.shelved.remove(document_id)
        if store_for(home_folder()).find(document_id) is not None:
            state.arrived += 1
        elif job is not None:
            _refuse(state, job.title, job.error or KimiqaError(_("Reading it was stopped.")))
            leftovers.discard(store_for(home_folder()), document_id)
        if job is not None:
            engine().forget(job)


def _refuse(state: State, name: str, error: KimiqaError) -> None:
    state.refused.append(Refused(name, str(error)))


def _from_store(state: State, document_id: str) -> None:
    if opened(state, document_id) is not None or is_locked(state, document_id):
        return
    if store_for(home_folder()).source(document_id).exists():
        start(state, document_id)
        return
    state.documents.remove(document_id)
    _refuse(state, _("A document"), KimiqaError(_("It is no longer here. Open its file again.")))


def _ended(state: State, document_id: str, job: Job) -> None:
    document = job.last(Document)
    if document is not None:
        state.opened[document_id] = document
        sizes.forget(state)  # there may be less to send than was read
        engine().forget(job)
    elif not isinstance(job.error, PasswordRequiredError):
        state.documents.remove(document_id)
        stopped = KimiqaError(_("Reading it was stopped."))
        _refuse(state, job.title, job.error or stopped)
        leftovers.discard(store_for(home_folder()), document_id)
        engine().forget(job)


def is_locked(state: State, document_id: str) -> bool:
    """Whether a document waits for its password."""
    if document_id in state.opened:
        return False
    job = engine().latest(_key(document_id))
    if job is not None:
        return not job.running and isinstance(job.error, PasswordRequiredError)
    try:
        Document.stored(document_id)
    except PasswordRequiredError:
        return True
    return False


def unlock(state: State, document_id: str, password: str) -> None:
    """Try a password."""
    state.passwords[document_id] = password
    name = _stored_name(document_id)
    if name:
        state.names.setdefault(document_id, name)
    start(state, document_id)


def _stored_name(document_id: str) -> str | None:
    found = store_for(home_folder()).kept(document_id)
    return found.name if found else None


def name_of(state: State, document_id: str) -> str:
    """A document's label, also while it is read or locked."""
    if document_id in state.opened:
        return state.opened[document_id].name
    return state.names.get(document_id) or _stored_name(document_id) or _("document")


def jobs(state: State) -> list[Job]:
    """What is being read for this page."""
    found = (engine().running(_key(each)) for each in (*state.documents, *state.shelved))
    return [job for job in found if job is not None]


def drop(state: State, document_id: str) -> None:
    """Take a document off this page. The numbers D1, D2, … change: a new conversation."""
    if is_locked(state, document_id):
        leftovers.discard(store_for(home_folder()), document_id)
    state.documents.remove(document_id)
    for kept in (state.opened, state.names, state.passwords):
        kept.pop(document_id, None)
    if history.turns(state):
        new_conversation(state)
    history.forget(state)

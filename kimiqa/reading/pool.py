"""The parent's side of the worker: one process, calls in order, deadlines, replacement.

A call is written to the pipe at once and answered in turn, so whoever waits for a block can
work meanwhile. When the worker dies or hangs, the call it was working on is the guilty one;
all others are asked again of its successor without their callers noticing.
"""

from __future__ import annotations

import atexit
import os
import threading
import time
from typing import Any

from kimiqa.reading.frames import Frame
from kimiqa.reading.parts import WorkerLost
from kimiqa.reading.process import Call, Worker

CALL_SECONDS = 20.0
"""A call that brings nothing for so long is given up, and its worker replaced."""

_MOST_INNOCENT_LOSSES = 5
_IDLE_SECONDS = 60.0
"""After so long without a call the worker that shows pages ends: its memory is given back."""


class Pending:
    """A call on its way. `result` asks again where the worker was lost through no fault of it.

    A worker that died on no page may have been dead before it was asked: that is forgiven once.
    So is one that hung on no page, where calls begin by naming theirs: it never came to this one.
    """

    def __init__(self, pool: Pool, header: dict[str, Any], limit: float) -> None:
        self._pool, self._header, self._limit = pool, header, limit
        self._names_its_page = "page" in header
        self._worker, self._call = pool._send(header, limit)

    def result(self) -> Frame:
        spared = False
        for _ in range(_MOST_INNOCENT_LOSSES):
            try:
                return self._worker.wait(self._call)
            except WorkerLost as lost:
                hung = lost.reason == "hung" and not self._names_its_page
                if lost.guilty and (spared or hung or lost.page):
                    raise
                spared = spared or lost.guilty
            self._worker, self._call = self._pool._send(self._header, self._limit)
        return self._worker.wait(self._call)


class Pool:
    """A worker that is started when it is first needed and replaced when it is lost; one that
    has nothing to do for `idle_seconds` ends."""

    def __init__(self, kind: str = "fast", idle_seconds: float | None = None) -> None:
        self._kind = kind
        self._idle_seconds = idle_seconds
        self._lock = threading.Lock()
        self._worker: Worker | None = None
        self._asked = time.monotonic()
        self._watch: threading.Timer | None = None

    def start(self, op: str, *, limit: float = CALL_SECONDS, **values: Any) -> Pending:
        """Ask, without waiting for the answer."""
        return Pending(self, {"op": op, **values}, limit)

    def call(self, op: str, *, limit: float = CALL_SECONDS, **values: Any) -> Frame:
        """Ask and wait. *Raises* `WorkerLost`, `WorkerRefused`."""
        return self.start(op, limit=limit, **values).result()

    def rest(self) -> None:
        """End the worker if nobody waits for it: its memory is given back."""
        if self._worker is not None and self._worker.idle():
            self.close()

    def close(self) -> None:
        """End the worker. Whoever waits for it asks its successor."""
        with self._lock:
            worker, self._worker = self._worker, None
        if worker is not None:
            worker.end()
            worker.join()

    @property
    def pid(self) -> int | None:
        """The worker's process, where one runs."""
        worker = self._worker
        return worker.pid if worker is not None and worker.alive else None

    def _watch_for(self, seconds: float) -> None:
        self._watch = threading.Timer(seconds, self._rest_if_idle)
        self._watch.daemon = True
        self._watch.start()

    def _rest_if_idle(self) -> None:
        """Rest, or look again when it will have been idle long enough."""
        assert self._idle_seconds is not None
        with self._lock:
            left = self._asked + self._idle_seconds - time.monotonic()
            busy = self._worker is not None and not self._worker.idle()
            if busy or left > 0:
                self._watch_for(left if left > 0 else self._idle_seconds)
                return
            self._watch = None
        self.rest()

    def _send(self, header: dict[str, Any], limit: float) -> tuple[Worker, Call]:
        for last in (False, False, True):
            worker = self._current()
            try:
                return worker, worker.send(header, limit)
            except WorkerLost:
                with self._lock:
                    if self._worker is worker:
                        self._worker = None
                if last:
                    raise
        raise AssertionError("unreachable")

    def _current(self) -> Worker:
        with self._lock:
            if self._worker is None or not self._worker.alive:
                self._worker = Worker(self._kind)
            self._asked = time.monotonic()
            if self._idle_seconds is not None and self._watch is None:
                self._watch_for(self._idle_seconds)
            return self._worker


_pools: dict[tuple[int, str], Pool] = {}
_pools_lock = threading.Lock()


def _pool(kind: str, idle_seconds: float | None = None) -> Pool:
    """This process's pool of a kind. A forked child must not write into its parent's pipes."""
    key = (os.getpid(), kind)
    with _pools_lock:
        if key not in _pools:
            _pools[key] = Pool(kind, idle_seconds)
        return _pools[key]


def fast_pool() -> Pool:
    """The worker that reads with pdfium. It stays."""
    return _pool("fast")


def page_pool() -> Pool:
    """The worker that shows cited pages: a file that hangs while it is read is never in its way.
    It ends when nobody looks at pages any more."""
    return _pool("page", _IDLE_SECONDS)


def second_pool() -> Pool:
    """The worker that reads with pypdf: slow, rarely needed, and never in the other's way."""
    return _pool("second")


def ocr_pool() -> Pool:
    """The worker that reads pictures: hungry, and only there while it is needed."""
    return _pool("ocr")


def office_pool() -> Pool:
    """The worker that reads office files: only there while it is needed."""
    return _pool("office")


@atexit.register
def end_workers() -> None:
    """End this process's workers."""
    for (pid, _), pool in list(_pools.items()):
        if pid == os.getpid():
            pool.close()

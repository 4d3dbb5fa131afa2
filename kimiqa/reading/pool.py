"""The parent's side of the workers: calls in order, deadlines, replacement, and a way round.

A call is written to the pipe at once and answered in turn, so whoever waits for a block can
work meanwhile. When the worker dies or hangs, the call it was working on is the guilty one;
all others are asked again of its successor without their callers noticing. While a file
brings nothing, the calls of other files go to a second worker.
"""

from __future__ import annotations

import atexit
import contextlib
import math
import os
import threading
import time
from typing import Any

from kimiqa.reading.frames import Frame
from kimiqa.reading.parts import WorkerLost
from kimiqa.reading.process import Call, Worker

CALL_SECONDS = 20.0
"""A call that brings nothing for so long is given up, and its worker replaced."""

HELD_UP_SECONDS = 2.0
"""When one file has brought nothing for so long, others are read by a second worker."""

_MOST_INNOCENT_LOSSES = 5
_IDLE_SECONDS = 60.0
"""After so long without a call the worker that shows pages ends: its memory is given back."""

_LOOK_SECONDS = 0.25
_TIDY_SECONDS = 5.0


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
                return self._answer()
            except WorkerLost as lost:
                hung = lost.reason == "hung" and not self._names_its_page
                if lost.guilty and (spared or hung or lost.page):
                    raise
                spared = spared or lost.guilty
            self._worker, self._call = self._pool._send(self._header, self._limit)
        return self._answer()

    def _answer(self) -> Frame:
        """The answer of the worker that was asked, or of another where a file holds that up."""
        while (frame := self._worker.wait(self._call, HELD_UP_SECONDS)) is None:
            if self._pool._has_room_beside(self._worker, self._call.path):
                self._worker, self._call = self._pool._send(self._header, self._limit)
            else:
                self._call.done.wait(_LOOK_SECONDS)
        return frame


class Pool:
    """A worker that is started when it is first needed and replaced when it is lost; one that
    has nothing to do for `idle_seconds` ends. While a file holds it up there are at most `most`.
    """

    def __init__(
        self, kind: str = "fast", idle_seconds: float | None = None, *, most: int = 2
    ) -> None:
        self._kind, self._most = kind, most
        self._idle_seconds = idle_seconds
        self._lock = threading.Lock()
        self._workers: list[Worker] = []
        self._asked = time.monotonic()
        self._watch: threading.Timer | None = None

    def start(self, op: str, *, limit: float = CALL_SECONDS, **values: Any) -> Pending:
        """Ask, without waiting for the answer."""
        return Pending(self, {"op": op, **values}, limit)

    def call(self, op: str, *, limit: float = CALL_SECONDS, **values: Any) -> Frame:
        """Ask and wait. *Raises* `WorkerLost`, `WorkerRefused`."""
        return self.start(op, limit=limit, **values).result()

    def tell(self, op: str, **values: Any) -> None:
        """Say something to each worker that there is, of which no answer is needed."""
        for worker in list(self._workers):
            with contextlib.suppress(WorkerLost):
                worker.send({"op": op, **values}, CALL_SECONDS)

    def rest(self) -> None:
        """End the workers that nobody waits for: their memory is given back."""
        with self._lock:
            rested = [each for each in self._workers if each.retire()]
        self._end(rested)

    def close(self) -> None:
        """End the workers. Whoever waits for one asks its successor."""
        self._end(list(self._workers))

    def _end(self, workers: list[Worker]) -> None:
        with self._lock:
            self._workers = [each for each in self._workers if each not in workers]
        for worker in workers:
            worker.end()
        for worker in workers:
            worker.join()

    @property
    def pid(self) -> int | None:
        """The process of the first worker, where one runs."""
        return next(iter(self.pids), None)

    @property
    def pids(self) -> list[int]:
        """The processes of all workers that run."""
        return [each.pid for each in list(self._workers) if each.alive]

    # Which worker is asked --------------------------------------------------------------------

    def _send(self, header: dict[str, Any], limit: float) -> tuple[Worker, Call]:
        for last in (False, False, True):
            worker = self._current(header.get("path"))
            try:
                return worker, worker.send(header, limit)
            except WorkerLost:
                with self._lock:
                    if worker in self._workers:
                        self._workers.remove(worker)
                if last:
                    raise
        raise AssertionError("unreachable")

    def _current(self, path: str | None) -> Worker:
        """The first worker that no other file holds up, else a second one."""
        with self._lock:
            self._workers = [each for each in self._workers if each.alive]
            free = self._free_for(path)
            if free is None and len(self._workers) < max(1, self._most):
                free = Worker(self._kind)
                self._workers.append(free)
            self._asked = time.monotonic()
            self._keep_watch()
            return free or self._workers[0]

    def _free_for(self, path: str | None) -> Worker | None:
        free = (each for each in self._workers if not each.is_held_up(path, HELD_UP_SECONDS))
        return next(free, None)

    def _has_room_beside(self, worker: Worker, path: str | None) -> bool:
        """Whether another worker is there, or may be started, for a call that is held up."""
        with self._lock:
            others = [each for each in self._workers if each.alive and each is not worker]
            return len(others) + 1 < self._most or self._free_for(path) in others

    # Workers that are needed no more ----------------------------------------------------------

    def _keep_watch(self) -> None:
        """Look again in a while, where a worker may have to end by then."""
        if self._watch is not None or not self._workers:
            return
        if len(self._workers) > 1:
            seconds = _TIDY_SECONDS
        elif self._idle_seconds is not None:
            left = self._left_idle()
            seconds = left if left > 0 else self._idle_seconds
        else:
            return
        self._watch = threading.Timer(seconds, self._tidy)
        self._watch.daemon = True
        self._watch.start()

    def _left_idle(self) -> float:
        """Seconds until the last worker has been idle long enough to end."""
        if self._idle_seconds is None:
            return math.inf
        return self._asked + self._idle_seconds - time.monotonic()

    def _tidy(self) -> None:
        """End a worker that hangs though nobody waits for it any more, a second one that is
        needed no longer, and the last where it has been idle long enough."""
        with self._lock:
            for worker in self._workers:
                worker.end_if_overdue()
            rested = self._retired()
            self._workers = [each for each in self._workers if each.alive]
            self._watch = None
            self._keep_watch()
        self._end(rested)

    def _retired(self) -> list[Worker]:
        workers = self._workers
        if self._left_idle() <= 0:
            return [each for each in workers if each.retire()]
        if any(each.is_held_up(None, HELD_UP_SECONDS) for each in workers):
            return []
        return [each for each in workers[1:] if each.retire()]


_pools: dict[tuple[int, str], Pool] = {}
_pools_lock = threading.Lock()


def _pool(kind: str, idle_seconds: float | None = None, *, most: int = 2) -> Pool:
    """This process's pool of a kind. A forked child must not write into its parent's pipes."""
    key = (os.getpid(), kind)
    with _pools_lock:
        if key not in _pools:
            _pools[key] = Pool(kind, idle_seconds, most=most)
        return _pools[key]


def fast_pool() -> Pool:
    """The worker that reads with pdfium. It stays; a second one does not."""
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
    return _pool("ocr", most=1)


def office_pool() -> Pool:
    """The worker that reads office files: only there while it is needed."""
    return _pool("office")


@atexit.register
def end_workers() -> None:
    """End this process's workers."""
    for (pid, _), pool in list(_pools.items()):
        if pid == os.getpid():
            pool.close()

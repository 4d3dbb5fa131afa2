"""The parent's side of the worker: one process, calls in order, deadlines, replacement.

A call is written to the pipe at once and answered in turn, so whoever waits for a block can
work meanwhile. When the worker dies or hangs, the call it was working on is the guilty one;
all others are asked again of its successor without their callers noticing.
"""

from __future__ import annotations

import atexit
import contextlib
import itertools
import os
import subprocess
import threading
import time
from collections import deque
from typing import Any

from kimiqa.reading.frames import Frame, read_frame, write_frame
from kimiqa.reading.parts import Lost, WorkerLost, WorkerRefused
from kimiqa.reading.starting import new_board, page_on, start

CALL_SECONDS = 20.0
"""A call that brings nothing for so long is given up, and its worker replaced."""

_MOST_INNOCENT_LOSSES = 5
_SECONDS_TO_END = 2.0


class Call:
    """A question to the worker, and its answer once it is there."""

    def __init__(self, header: dict[str, Any], limit: float) -> None:
        self.header = header
        self.limit = limit
        self.sent = time.monotonic()
        self.done = threading.Event()
        self.frame: Frame | None = None
        self.lost: WorkerLost | None = None


class Worker:
    """One worker process and the calls it has not answered yet."""

    def __init__(self, kind: str = "fast") -> None:
        self._kind = kind
        self._ids = itertools.count()
        self._lock = threading.Lock()
        self._waiting: deque[Call] = deque()
        self._heard = time.monotonic()
        self._reason: Lost = "crashed"
        self.alive = True
        self._board = new_board()
        self._process = start(self._board, kind)
        self._listener = threading.Thread(target=self._listen, name="kimiqa-reading", daemon=True)
        self._listener.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, header: dict[str, Any], limit: float) -> Call:
        """Write a call to the pipe. *Raises* `WorkerLost` (not guilty) where it has ended."""
        call = Call(header | {"id": next(self._ids)}, limit)
        with self._lock:
            if not self.alive or self._process.stdin is None:
                raise WorkerLost(self._reason, guilty=False, page=None)
            self._waiting.append(call)
            try:
                write_frame(self._process.stdin, call.header)  # type: ignore[arg-type]
            except OSError:
                self._waiting.remove(call)
                raise WorkerLost(self._reason, guilty=False, page=None) from None
        return call

    def wait(self, call: Call) -> Frame:
        """The answer to `call`. *Raises* `WorkerLost`, `WorkerRefused`."""
        while not call.done.wait(max(0.01, self._remaining())):
            if self._remaining() <= 0:
                self.end("hung")
        if call.lost is not None or call.frame is None:
            raise call.lost or WorkerLost("crashed", guilty=True, page=None)
        header = call.frame[0]
        if "error" in header:
            raise WorkerRefused(header["error"], header["detail"])
        return call.frame

    def idle(self) -> bool:
        with self._lock:
            return not self._waiting

    def end(self, reason: Lost = "crashed") -> None:
        """End the process at once; whoever waits is told by the listener."""
        self._reason = reason
        if self._kind == "ocr":
            self._let_end()
        with contextlib.suppress(OSError):
            self._process.kill()

    def _let_end(self) -> None:
        """A moment to end by itself: what it has started ends with it then, on any system."""
        with contextlib.suppress(OSError, ValueError):
            self._process.stdin.close()  # type: ignore[union-attr]
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_SECONDS_TO_END)

    def join(self) -> None:
        """Wait until an ended process is gone and its pipes are closed."""
        self._listener.join(_SECONDS_TO_END)

    def _remaining(self) -> float:
        """How long the call that is being worked on may still take."""
        with self._lock:
            if not self._waiting:
                return 0.01
            head = self._waiting[0]
            return max(head.sent, self._heard) + head.limit - time.monotonic()

    def _listen(self) -> None:
        pipe = self._process.stdout
        with contextlib.suppress(OSError, ValueError):
            while (frame := read_frame(pipe)) is not None:  # type: ignore[arg-type]
                self._deliver(frame)
        self._close()

    def _deliver(self, frame: Frame) -> None:
        with self._lock:
            call = self._waiting.popleft()
            self._heard = time.monotonic()
        call.frame = frame
        call.done.set()

    def _close(self) -> None:
        """The process has ended: tell every waiting call, and clear up."""
        self._process.kill()
        self._process.wait()
        page = page_on(self._board)
        with self._lock:
            self.alive = False
            lost, self._waiting = list(self._waiting), deque()
        for place, call in enumerate(lost):
            call.lost = WorkerLost(
                self._reason, guilty=place == 0, page=page if not place else None
            )
            call.done.set()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                pipe.close()  # type: ignore[union-attr]
        if self._board:
            with contextlib.suppress(OSError):
                os.unlink(self._board)


class Pending:
    """A call on its way. `result` asks again where the worker was lost through no fault of it.

    A worker that died on no page may have been dead before it was asked: that is forgiven once.
    """

    def __init__(self, pool: Pool, header: dict[str, Any], limit: float) -> None:
        self._pool, self._header, self._limit = pool, header, limit
        self._worker, self._call = pool._send(header, limit)

    def result(self) -> Frame:
        spared = False
        for _ in range(_MOST_INNOCENT_LOSSES):
            try:
                return self._worker.wait(self._call)
            except WorkerLost as lost:
                if lost.guilty and (spared or lost.reason == "hung" or lost.page):
                    raise
                spared = spared or lost.guilty
            self._worker, self._call = self._pool._send(self._header, self._limit)
        return self._worker.wait(self._call)


class Pool:
    """A worker that is started when it is first needed and replaced when it is lost."""

    def __init__(self, kind: str = "fast") -> None:
        self._kind = kind
        self._lock = threading.Lock()
        self._worker: Worker | None = None

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
            return self._worker


_pools: dict[tuple[int, str], Pool] = {}
_pools_lock = threading.Lock()


def _pool(kind: str) -> Pool:
    """This process's pool of a kind. A forked child must not write into its parent's pipes."""
    key = (os.getpid(), kind)
    with _pools_lock:
        if key not in _pools:
            _pools[key] = Pool(kind)
        return _pools[key]


def fast_pool() -> Pool:
    """The worker that reads with pdfium. It stays."""
    return _pool("fast")


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

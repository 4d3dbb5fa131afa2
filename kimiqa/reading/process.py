"""One worker process seen from its parent: calls answered in turn, each with its deadline."""

from __future__ import annotations

import contextlib
import itertools
import math
import os
import subprocess
import threading
import time
from collections import deque
from typing import Any

from kimiqa.reading.frames import Frame, read_frame, write_frame
from kimiqa.reading.parts import Lost, WorkerLost, WorkerRefused
from kimiqa.reading.starting import new_board, page_on, start

_SECONDS_TO_END = 2.0
_SOONEST_LOOK = 0.02


class Call:
    """A question to the worker, and its answer once it is there."""

    def __init__(self, header: dict[str, Any], limit: float) -> None:
        self.header = header
        self.limit = limit
        self.path: str | None = header.get("path")
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

    def wait(self, call: Call, patience: float = math.inf) -> Frame | None:
        """The answer to `call`; None where another file holds it up for longer than `patience`.
        *Raises* `WorkerLost`, `WorkerRefused`."""
        while not call.done.wait(self._next_look(call, patience)):
            self.end_if_overdue()
            if self.is_held_up(call.path, patience):
                return None
        if call.lost is not None or call.frame is None:
            raise call.lost or WorkerLost("crashed", guilty=True, page=None)
        header = call.frame[0]
        if "error" in header:
            raise WorkerRefused(header["error"], header["detail"])
        return call.frame

    def idle(self) -> bool:
        with self._lock:
            return not self._waiting

    def retire(self) -> bool:
        """Take no more calls, if nobody waits for an answer; whether that is so. It is then to
        be ended: a call that came between a look and the end would be lost."""
        with self._lock:
            if self._waiting or not self.alive:
                return False
            self.alive = False
        return True

    def is_held_up(self, path: str | None, patience: float) -> bool:
        """Whether another file than `path` has brought nothing for longer than `patience`."""
        with self._lock:
            if not self._waiting or self._waiting[0].path == path:
                return False
            return self._silent() >= patience

    def end_if_overdue(self) -> None:
        """End a process that hangs, also where nobody waits for its answer any more."""
        with self._lock:
            overdue = bool(self._waiting) and self._silent() >= self._waiting[0].limit
        if overdue:
            self.end("hung")

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

    def _silent(self) -> float:
        """For how long the call that is being worked on has brought nothing."""
        return time.monotonic() - max(self._waiting[0].sent, self._heard)

    def _next_look(self, call: Call, patience: float) -> float:
        """Seconds until a wait for `call` may have to end without its answer."""
        with self._lock:
            if not self._waiting:
                return _SOONEST_LOOK
            head = self._waiting[0]
            limit = head.limit if head.path == call.path else min(head.limit, patience)
            return max(_SOONEST_LOOK, limit - self._silent())

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

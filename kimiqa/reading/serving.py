"""A worker process: it serves one parent over pipes, and is replaced when it is lost.

It ends when its input ends, in the middle of work too. It holds itself to a memory limit where
the system has one, and notes the page it is on where the parent can see it, so that a page that
kills it is known.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import signal
import struct
import sys
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, BinaryIO, Protocol

from kimiqa.reading.frames import Frame, read_frame, write_frame
from kimiqa.reading.parts import WorkerRefused

Header = dict[str, Any]
_PLACE = struct.Struct("=q")


class Board:
    """Eight bytes shared with the parent: the page being read."""

    def __init__(self, path: str) -> None:
        self._place: mmap.mmap | None = None
        if path:
            with open(path, "r+b") as file:
                self._place = mmap.mmap(file.fileno(), _PLACE.size)

    def at(self, page: int) -> None:
        if self._place is not None:
            _PLACE.pack_into(self._place, 0, page)


class Service(Protocol):
    """What a worker can be asked. Each answer is one frame."""

    def answer(self, header: Header) -> Frame: ...

    def end(self) -> None:
        """The process is about to end: nothing it started may stay behind."""


def serve(make: Callable[[Board], Service], most_memory: int) -> None:
    """Serve until the input ends. Ctrl-C is the parent's to handle."""
    memory, path = (*sys.argv[1:], "", "")[:2]
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    output = _private_output()
    service = make(Board(path))
    calls: SimpleQueue[Header] = SimpleQueue()
    threading.Thread(target=_listen, args=(calls, path, service), daemon=True).start()
    _limit_memory(int(memory or most_memory))
    while True:
        call = calls.get()
        header, blob = _answer(service, call)
        write_frame(output, header | {"id": call["id"]}, blob)


def _answer(service: Service, header: Header) -> Frame:
    try:
        return service.answer(header)
    except WorkerRefused as error:
        return {"error": error.kind, "detail": error.detail}, b""
    except Exception as error:
        return {"error": "failed", "detail": type(error).__name__}, b""


def _listen(calls: SimpleQueue[Header], board: str, service: Service) -> None:
    """Hand on what comes in, and end the process with its input: a parent that was killed
    waits for no answer, and a page that never ends would keep the main thread for good."""
    with contextlib.suppress(OSError, ValueError):
        while (frame := read_frame(sys.stdin.buffer)) is not None:
            calls.put(frame[0])
    with contextlib.suppress(Exception):
        service.end()
    with contextlib.suppress(OSError):
        os.unlink(board)  # a parent that was killed cannot do it
    os._exit(0)


def _limit_memory(most: int) -> None:
    """At most `most` bytes beyond what the started process holds, where the system can."""
    try:
        import resource

        with open("/proc/self/statm") as sizes:
            start = int(sizes.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (start + most, start + most))
    except (ImportError, OSError, ValueError):
        return


def _private_output() -> BinaryIO:
    """The frames' own pipe. What native code prints goes to standard error instead."""
    private = os.dup(1)
    os.dup2(2, 1)
    return os.fdopen(private, "wb")

"""Long documents make Python's garbage collector slow: what stays is taken out of its sight.

Streamlit collects all garbage after every run of the page, and each time every object is looked
at: with a few thousand pages open that is a quarter of a second for each click. So once a
collection takes long, what has survived it is frozen, and the next ones see only what is new.
Nothing is frozen for good: before each freezing, and now and then, all of it is looked at again.
"""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

LONG = 0.02
"""Seconds that a collection may take before what survives it is frozen."""

PAUSE = 1.0
"""Seconds until then: the page that is being made is not to wait for it."""

AGAIN = 300.0
"""Seconds after which what is frozen is looked at again, for visitors come and go."""


class Watch:
    """Watches the full collections of this process."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._began = self._tidied = clock()
        self._timer: threading.Timer | None = None
        self._lock = threading.Lock()

    def __call__(self, phase: str, info: Mapping[str, Any]) -> None:
        """What `gc.callbacks` are told."""
        if info["generation"] != 2:
            return
        now = self._clock()
        if phase == "start":
            self._began = now
        elif now - self._began > LONG or now - self._tidied > AGAIN:
            self._soon()

    def _soon(self) -> None:
        # Called in the midst of a collection, by whichever thread it came upon: no waiting.
        if not self._lock.acquire(blocking=False):
            return
        try:
            if self._timer is None:
                self._timer = threading.Timer(PAUSE, self.tidy)
                self._timer.daemon = True
                self._timer.start()
        finally:
            self._lock.release()

    def tidy(self) -> None:
        """Collect everything, then freeze what is left."""
        gc.unfreeze()
        gc.collect()
        gc.freeze()
        self._tidied = self._clock()
        with self._lock:
            self._timer = None


@cache
def watch() -> Watch:
    """Watch this process, once."""
    found = Watch()
    gc.callbacks.append(found)
    return found

"""Long documents make Python's garbage collector slow: what stays is taken out of its sight.

Streamlit collects all garbage after every run of the page, before it tells the browser that the
run is over, and each time every object is looked at: with a few thousand pages open that is a
quarter of a second for each click, and with none five thousandths, which a click is felt by too.
So once a collection takes long, what has survived it is frozen, and the next ones see only what
is new. Nothing is frozen for good: now and then all of it is looked at again.
"""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

LONG = 0.002
"""Seconds that a collection may take before what survives it is frozen."""

PAUSE = 1.0
"""Seconds until then: the page that is being made is not to wait for it."""

AGAIN = 60.0
"""Seconds after which what is frozen is looked at again, for visitors come and go."""

RARELY = 400
"""How many times as long as such a look took it is at least until the next."""


class Watch:
    """Watches the full collections of this process."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._began = self._looked = clock()
        self._again = AGAIN
        self._timer: threading.Timer | None = None
        self._lock = threading.Lock()

    def __call__(self, phase: str, info: Mapping[str, Any]) -> None:
        """What `gc.callbacks` are told."""
        if info["generation"] != 2:
            return
        now = self._clock()
        if phase == "start":
            self._began = now
        elif now - self._began > LONG or self._is_time(now):
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

    def _is_time(self, now: float) -> bool:
        return now - self._looked > self._again

    def tidy(self) -> None:
        """Freeze what survives a collection; of everything, where it is time for that."""
        began = self._clock()
        everything = self._is_time(began)
        if everything:
            gc.unfreeze()
        gc.collect()
        gc.freeze()
        if everything:
            self._looked = self._clock()
            self._again = max(AGAIN, RARELY * (self._looked - began))
        with self._lock:
            self._timer = None


@cache
def watch() -> Watch:
    """Watch this process, once."""
    found = Watch()
    gc.callbacks.append(found)
    return found

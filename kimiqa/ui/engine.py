"""Long work, one engine per process: a thread per job, an event log that pages replay.

Nothing here knows Streamlit: a page that is reloaded, or closed, changes nothing for its job.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from kimiqa.errors import KimiqaError
from kimiqa.saying import say

KEPT_JOBS = 32
DROPPED_SECONDS = 5
log = logging.getLogger("kimiqa.app")


@dataclass(eq=False)
class Job:
    """One piece of long work. Its log only grows; a page reads it from wherever it likes."""

    key: str
    """What it is about: a conversation, a document. One at a time for each."""
    title: str
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    log: list[Any] = field(default_factory=list)
    error: KimiqaError | None = None
    started: float = field(default_factory=time.time)
    stopped: bool = False
    ended: threading.Event = field(default_factory=threading.Event)
    _cancel: Callable[[], object] | None = None

    @property
    def running(self) -> bool:
        return not self.ended.is_set()

    def of(self, kind: type[Any]) -> list[Any]:
        """The events of one kind."""
        return [event for event in tuple(self.log) if isinstance(event, kind)]

    def last(self, kind: type[Any]) -> Any:
        """The newest event of a kind; None where there is none yet."""
        return next((event for event in reversed(tuple(self.log)) if isinstance(event, kind)), None)

    def stop(self) -> None:
        """Ask the work to end; what it has brought stays."""
        self.stopped = True
        if self._cancel is not None:
            self._cancel()


class Engine:
    """The jobs of this process, the newest last."""

    def __init__(self) -> None:
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._lock = threading.Lock()

    def job(self, job_id: str | None) -> Job | None:
        return self._jobs.get(job_id or "")

    def latest(self, key: str) -> Job | None:
        """The newest job about this, running or ended."""
        with self._lock:
            jobs = [job for job in self._jobs.values() if job.key == key]
        return jobs[-1] if jobs else None

    def running(self, key: str) -> Job | None:
        """The job about this that has not ended."""
        job = self.latest(key)
        return job if job and job.running else None

    def at_work(self) -> list[Job]:
        """Every job that has not ended."""
        with self._lock:
            return [job for job in self._jobs.values() if job.running]

    def forget(self, job: Job) -> None:
        """Drop an ended job: its outcome has been seen."""
        with self._lock:
            if not job.running:
                self._jobs.pop(job.id, None)

    def drop(self, key: str) -> None:
        """End what runs about this, and forget all that was done: it is deleted."""
        with self._lock:
            jobs = [job for job in self._jobs.values() if job.key == key]
        for job in jobs:
            job.stop()
            job.ended.wait(DROPPED_SECONDS)
            self.forget(job)

    def read(self, key: str, title: str, steps: Callable[[], Iterator[Any]]) -> Job:
        """Run an iterator to its end; stopping it takes effect with its next step. A step that is
        None is a chance to be stopped, and nothing to tell."""

        def work(job: Job) -> None:
            for step in steps():
                if step is not None:
                    job.log.append(step)
                if job.stopped:
                    return

        return self._start(key, title, work)

    def ask(self, key: str, title: str, events: Callable[[], AsyncIterator[Any]]) -> Job:
        """Run an asynchronous iterator in a loop of its own; stopping cancels it at once."""

        async def pump(job: Job) -> None:
            async with aclosing(events()) as running:  # type: ignore[type-var]
                async for event in running:
                    job.log.append(event)

        async def once(job: Job) -> None:
            loop, task = asyncio.get_running_loop(), asyncio.current_task()
            assert task is not None
            job._cancel = lambda: loop.call_soon_threadsafe(task.cancel)
            if not job.stopped:
                await pump(job)

        return self._start(key, title, lambda job: asyncio.run(once(job)))

    def _start(self, key: str, title: str, work: Callable[[Job], None]) -> Job:
        with self._lock:
            present = next((j for j in self._jobs.values() if j.key == key and j.running), None)
            if present is not None:
                return present
            job = Job(key, title)
            self._jobs[job.id] = job
            self._drop_old()
        thread = threading.Thread(target=self._run, args=(job, work), daemon=True)
        thread.name = f"kimiqa-job-{job.id[:8]}"
        thread.start()
        return job

    def _drop_old(self) -> None:
        ended = [job.id for job in self._jobs.values() if not job.running]
        for job_id in ended[: max(0, len(self._jobs) - KEPT_JOBS)]:
            del self._jobs[job_id]

    def _run(self, job: Job, work: Callable[[Job], None]) -> None:
        try:
            work(job)
        except KimiqaError as error:
            job.error = error
        except asyncio.CancelledError:
            job.stopped = True
        except Exception as error:
            # The type alone: a message may hold what does not belong into a log.
            log.error("A job ended with %s.", type(error).__name__)
            message = say("Something went wrong here, and the work ended.")
            job.error = KimiqaError(message, say("Try again."))
        finally:
            job._cancel = None
            job.ended.set()


@cache
def engine() -> Engine:
    """The engine of this process, shared by all its pages."""
    return Engine()

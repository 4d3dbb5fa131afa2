"""A second worker: what other documents are read by while one of them brings nothing."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attacks
import pdfs
import pytest

from kimiqa.document import Document
from kimiqa.reading.parts import WorkerLost
from kimiqa.reading.pool import Pending, Pool, end_workers, fast_pool

LONG = 120.0
"""Seconds for which a file may hang here: whoever waits behind it all the time is found out."""


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kimiqa.reading.pool.HELD_UP_SECONDS", 0.2)
    monkeypatch.setattr("kimiqa.reading.pool._TIDY_SECONDS", 0.05)


@pytest.fixture
def pool() -> Iterator[Pool]:
    pool = Pool()
    yield pool
    pool.close()


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    path = tmp_path / "hostile.pdf"
    path.write_bytes(attacks.page_without_end())
    return path


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.pdf"
    path.write_bytes(pdfs.make_pdf(["The rent is due."]))
    return path


def _reading(pool: Pool, path: Path, limit: float = LONG) -> Pending:
    return pool.start("read", path=str(path), password=None, pages=[1], limit=limit)


def _text(pending: Pending) -> Any:
    return pending.result()[0]["rows"][0][1]


def _becomes(true: Callable[[], bool]) -> bool:
    for _ in range(1_000):
        if true():
            return True
        time.sleep(0.01)
    return False


def test_a_document_is_read_while_another_one_hangs(hostile: Path, home: Path) -> None:
    hanging = _reading(fast_pool(), hostile)

    document = Document.open(pdfs.make_pdf(["The rent is due."]), home=home)

    assert document.pages[0].text == "The rent is due."
    assert not hanging._call.done.is_set()
    assert len(fast_pool().pids) == 2
    end_workers()


def test_the_file_that_hangs_is_still_given_up_on_its_page(
    pool: Pool, hostile: Path, good: Path
) -> None:
    hanging = _reading(pool, hostile, limit=2)

    assert _text(_reading(pool, good)) == "The rent is due."
    with pytest.raises(WorkerLost) as lost:
        hanging.result()

    assert (lost.value.reason, lost.value.page) == ("hung", 1)
    assert _text(_reading(pool, good)) == "The rent is due."
    assert len(pool.pids) == 1


def test_there_are_never_more_than_two(pool: Pool, hostile: Path, good: Path) -> None:
    other = hostile.with_name("other.pdf")
    other.write_bytes(hostile.read_bytes())
    hanging = [_reading(pool, hostile)]
    assert _text(_reading(pool, good)) == "The rent is due."
    hanging.append(_reading(pool, other))
    found: list[str] = []
    waiting = threading.Thread(target=lambda: found.append(_text(_reading(pool, good))))
    waiting.start()
    waiting.join(1)

    assert (len(pool.pids), found) == (2, [])
    pool.close()
    waiting.join()
    assert found == ["The rent is due."]


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="no signals on this system")
def test_the_second_worker_ends_when_the_first_goes_on(pool: Pool, good: Path) -> None:
    other = good.with_name("other.pdf")
    other.write_bytes(pdfs.make_pdf(["Another."]))
    pool.call("ping")
    first = pool.pids[0]
    os.kill(first, signal.SIGSTOP)
    waiting = _reading(pool, other)
    assert _text(_reading(pool, good)) == "The rent is due."
    assert len(pool.pids) == 2

    os.kill(first, signal.SIGCONT)

    assert _text(waiting) == "Another."
    assert _becomes(lambda: pool.pids == [first])
    assert _text(_reading(pool, good)) == "The rent is due."


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no signals on this system")
def test_both_are_replaced_after_a_crash(pool: Pool, hostile: Path, good: Path) -> None:
    _reading(pool, hostile)
    assert _text(_reading(pool, good)) == "The rent is due."
    before = pool.pids
    for process in before:
        os.kill(process, signal.SIGKILL)

    assert _text(_reading(pool, good)) == "The rent is due."
    assert len(before) == 2
    assert not set(pool.pids) & set(before)


def test_a_file_that_hangs_is_ended_though_nobody_waits_for_it(
    pool: Pool, hostile: Path, good: Path
) -> None:
    _reading(pool, hostile, limit=1)
    first = pool.pids[0]

    assert _text(_reading(pool, good)) == "The rent is due."

    assert _becomes(lambda: first not in pool.pids)
    assert _text(_reading(pool, good)) == "The rent is due."

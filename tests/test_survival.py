"""Survival: files that mean harm end in text or one clear error, and the app goes on."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import attacks
import pdfs
import pytest

from kimiqa.document import Document
from kimiqa.errors import DocumentError
from kimiqa.reading import engines
from kimiqa.reading import pool as pool_module
from kimiqa.reading.parts import WorkerLost
from kimiqa.reading.pool import Pool, end_workers, fast_pool, second_pool

SLOW = ("forms that double thirty times", "four hundred thousand texts")
"""These take what the deadline gives them: the table of bad files in tests/bench has them."""

CODES = {"engine_crashed", "not_a_document", "deadline", "empty_document"}


@pytest.fixture(scope="module")
def little_memory() -> Iterator[None]:
    """Workers that may hold 160 MB, so that bombs go off soon."""
    patch = pytest.MonkeyPatch()
    patch.setattr("kimiqa.reading.starting.WORKER_MEMORY", 160 << 20)
    end_workers()
    yield
    patch.undo()
    end_workers()


@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize("name", [name for name in attacks.ATTACKS if name not in SLOW])
def test_an_attack_ends_in_pages_or_one_error_with_a_next_step(name: str, home: Path) -> None:
    start = time.monotonic()
    pages, refusal = _opened(attacks.ATTACKS[name](), home)

    assert refusal is None or refusal.hint
    assert refusal is None or refusal.code in CODES
    assert time.monotonic() - start < 2 * engines.deadline_seconds(pages)
    assert Document.open(pdfs.make_pdf([name]), home=home).pages[0].text == name


def _opened(content: bytes, home: Path) -> tuple[int, DocumentError | None]:
    try:
        return len(Document.open(content, home=home).checked().pages), None
    except DocumentError as error:
        return 0, error


def test_a_document_of_thirty_thousand_pages_is_partial_and_says_so(home: Path) -> None:
    document = Document.open(attacks.ATTACKS["thirty thousand pages"](), name="a.pdf", home=home)

    assert document.partial
    assert len(document.pages_with("text")) == engines.MOST_PAGES
    assert document.pages_with("failed") == tuple(range(20_001, 30_001))
    assert document.notices == ["a.pdf is read in part: not pages 20001-30000."]


def test_beyond_so_many_characters_a_document_is_partial(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "MOST_CHARACTERS", 1_000)
    texts = ["ten letters " * 10] * 200

    pdf = Document.open(pdfs.make_pdf(texts), home=home)
    text = Document.open("\f".join(texts).encode(), name="a.txt", home=home)

    for document in (pdf, text):
        assert document.partial
        assert sum(len(page.text) for page in document.pages) <= 1_000
        assert document.pages[0].text
        assert len(document.pages) == 200
        assert document.pages[199].status == "failed"


def test_coverage_says_which_pages_of_a_partial_document_were_not_read(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import kimiqa

    monkeypatch.setattr(engines, "MOST_PAGES", 2)
    document = Document.open(pdfs.make_pdf(["one page"] * 3), name="a.pdf", home=home)

    plan = kimiqa.Client(model="kimi-k3", home=None).plan("Why?", [document], strategy="full")

    assert [(left.pages, left.reason) for left in plan.coverage.left_out] == [((3,), "failed")]
    assert "a.pdf is read in part: not pages 3." in plan.warnings


@pytest.mark.skipif(sys.platform == "win32", reason="no signal stops a process on Windows")
@pytest.mark.parametrize("busy", [0, 1, 2], ids=["idle", "at work", "two at work"])
def test_the_workers_end_with_an_app_that_is_killed(busy: int, tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.pdf" for number in range(busy)]
    for path in paths:
        path.write_bytes(attacks.page_without_end())
    app = subprocess.Popen(
        [sys.executable, "-c", _APP, *map(str, paths)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(engines.__file__).parents[2])},
    )
    with app:
        assert app.stdout is not None
        workers = [int(each) for each in app.stdout.readline().split()]
        os.kill(app.pid, signal.SIGKILL)

    assert len(workers) == max(1, busy)
    assert all(_gone_within(worker, 5) for worker in workers)


_APP = """
import sys, time
from kimiqa.reading.pool import fast_pool
fast_pool().call("ping")
for path in sys.argv[1:]:
    fast_pool().start("read", path=path, password=None, pages=[1], limit=60)
    time.sleep(2.5)
print(*fast_pool().pids, flush=True)
time.sleep(60)
"""


def _gone_within(process: int, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return True
        if _is_a_zombie(process):
            return True
        time.sleep(0.05)
    return False


def _is_a_zombie(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2].startswith("Z")
    except OSError:
        return False


def test_a_worker_that_was_killed_is_replaced(home: Path) -> None:
    good = Document.open(pdfs.make_pdf(["The rent is due."]), home=home)
    before = fast_pool().pid
    os.kill(before or 0, signal.SIGKILL)

    again = Document.open(pdfs.make_pdf(["Another."]), home=home)

    assert good.render(1).startswith(b"\x89PNG")
    assert again.pages[0].text == "Another."
    assert fast_pool().pid != before


def test_a_cited_page_is_shown_while_another_file_hangs(home: Path) -> None:
    good = Document.open(pdfs.make_pdf(["The rent is due."]), home=home)
    hostile = attacks.ATTACKS["forms that double thirty times"]()
    order: list[str] = []

    def read() -> None:
        with contextlib.suppress(DocumentError):
            Document.open(hostile, home=home)
        order.append("the file was read")

    reading = threading.Thread(target=read)
    reading.start()
    _wait_for_a_call(fast_pool())
    assert good.boxes(1, 0, 3)
    assert good.render(1).startswith(b"\x89PNG")
    order.append("the page was shown")
    while reading.is_alive():  # nothing more is learned from waiting for its deadline
        fast_pool().close()
        second_pool().close()
        reading.join(0.2)

    assert order == ["the page was shown", "the file was read"]


def _wait_for_a_call(pool: Pool) -> None:
    """Until the pool's worker has something to do, or has done it."""
    for _ in range(500):
        if pool._workers and not pool._workers[0].idle():
            return
        time.sleep(0.01)


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="no signals on this system")
def test_a_page_is_shown_though_the_worker_had_stopped_before_it_was_asked(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(pdfs.make_pdf(["The rent is due."]))
    pool = Pool("page")
    pool.call("ping")
    os.kill(pool.pid or 0, signal.SIGSTOP)

    how = {"path": str(path), "password": None, "page": 1, "dpi": 50, "marks": []}
    _, picture = pool.call("render", limit=1, **how)

    assert picture.startswith(b"\x89PNG")
    pool.close()


def test_a_page_on_which_the_worker_hangs_is_not_waited_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(attacks.ATTACKS["forms that double thirty times"]())
    monkeypatch.setattr("kimiqa.reading.starting.WORKER_MEMORY", 1 << 33)  # it hangs, and no more
    pool = Pool("page")
    started = []
    make = pool_module.Worker
    monkeypatch.setattr(pool_module, "Worker", lambda kind: started.append(kind) or make(kind))
    pool.call("ping")

    how = {"path": str(path), "password": None, "page": 1, "dpi": 50, "marks": []}
    with pytest.raises(WorkerLost) as lost:
        pool.call("render", limit=2, **how)

    assert (lost.value.reason, lost.value.page) == ("hung", 1)
    assert started == ["page"]
    pool.close()


def test_the_worker_that_shows_pages_ends_when_nobody_looks(tmp_path: Path) -> None:
    pool = Pool("page", idle_seconds=0.05)

    pool.call("ping")

    for _ in range(500):
        if pool.pid is None:
            break
        time.sleep(0.01)
    assert pool.pid is None
    assert pool.call("ping")[0]
    pool.close()

"""A file that was not read to its end leaves nothing, or is listed and can be deleted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pdfs
import pytest

from kimiqa import Document
from kimiqa.cli import run
from kimiqa.documents import Documents
from kimiqa.errors import KimiqaError, PasswordRequiredError
from kimiqa.ledger import Ledger
from kimiqa.opening import leftovers
from kimiqa.plan import Progress
from kimiqa.store import Store, store_for

LOCKED = pdfs.make_encrypted_pdf(["The rent is 900 euros."], "quill")
DAY = 86_400.0


def shelf(home: Path, later: float = 0.0) -> Documents:
    return Documents(home, Ledger.open(home), clock=lambda: time.time() + later)


def sources(home: Path) -> list[Path]:
    return list((home / "documents").glob("*/source"))


def aged(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    for each in (*path.iterdir(), path) if path.is_dir() else (path,):
        os.utime(each, (then, then))


# What fails leaves nothing ----------------------------------------------------------------------


def test_a_refused_password_leaves_nothing(home: Path) -> None:
    with pytest.raises(PasswordRequiredError):
        Document.open(LOCKED, name="a.pdf")

    assert sources(home) == []
    assert Document.open(LOCKED, name="a.pdf", password="quill").pages[0].status == "text"
    assert len(sources(home)) == 1


def test_a_file_that_no_engine_reads_leaves_nothing(home: Path, data: Path) -> None:
    with pytest.raises(KimiqaError):
        Document.open(data / "pdf-bad" / "pdfjs__pr6531_1.pdf")

    assert sources(home) == []


def test_a_reading_that_is_given_up_leaves_nothing(home: Path) -> None:
    steps = Document.reading(pdfs.make_pdf(["one"] * 40), name="a.pdf")
    next(steps)
    steps.close()

    assert sources(home) == []


def test_a_failure_takes_nothing_from_who_reads_the_same_bytes(home: Path) -> None:
    content = pdfs.make_pdf(["The rent is 900 euros."] * 3)
    slow = Document.reading(content, name="a.pdf")
    next(slow)

    given_up = Document.reading(content, name="b.pdf")
    next(given_up)
    given_up.close()

    assert any(isinstance(step, Document) and step.render(1) for step in slow)


def test_what_another_process_brought_stays_for_it(home: Path) -> None:
    Store(home).take_path(_written(home / "a.pdf", LOCKED))

    with pytest.raises(PasswordRequiredError):
        Document.open(LOCKED, name="a.pdf")

    assert len(sources(home)) == 1


def test_a_document_that_was_read_stays_where_its_next_reading_fails(home: Path) -> None:
    Document.open(LOCKED, name="a.pdf", password="quill")

    with pytest.raises(PasswordRequiredError):
        Document.open(LOCKED, name="a.pdf")

    assert len(sources(home)) == 1


def test_the_last_progress_is_not_the_end_of_the_document(home: Path) -> None:
    steps = [type(step) for step in Document.reading(b"one", name="a.txt")]

    assert steps[-2:] == [Progress, Document]


# What a killed program leaves -------------------------------------------------------------------


def test_what_a_killed_program_leaves_is_listed_and_deleted(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _killed_while_reading(home)
    (unread,) = leftovers.unread(store_for(home))

    assert run(["documents", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["documents"]
    assert (row["id"], row["status"], row["pages"]) == (unread.id, "not read", 0)
    assert row["bytes"] == unread.bytes > 0
    assert run(["documents"]) == 0
    assert "(not read)" in capsys.readouterr().out
    assert run(["documents", "delete", unread.id[:10], "--yes"]) == 0
    assert sources(home) == []


def test_retention_reaches_what_was_not_read(home: Path) -> None:
    _killed_while_reading(home)

    assert shelf(home, later=DAY).clear(30) == []
    assert len(sources(home)) == 1
    shelf(home, later=31 * DAY).clear(30)
    assert sources(home) == []


def test_only_what_is_old_is_swept(home: Path, tmp_path: Path) -> None:
    store = store_for(home)
    new, old = store.folder / ".spool-new", store.folder / ".spool-old"
    for each in (new, old):
        each.write_bytes(b"half of a file")
    _killed_while_reading(home)
    (source,) = sources(home)
    kept = Document.open(b"one", name="a.txt")
    aged(old, 3 * DAY)
    aged(store.source(kept.id).parent, 3 * DAY)

    assert leftovers.sweep(store) == 0
    assert (new.exists(), old.exists(), source.exists()) == (True, False, True)
    aged(source.parent, 3 * DAY)
    file = _written(tmp_path / "b.txt", b"two")
    assert run(["cost", str(file)]) == 0
    assert not source.exists()
    assert store.source(kept.id).exists()


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def _killed_while_reading(home: Path) -> None:
    """A process that is ended in the middle of a file."""
    script = (
        "import os, pdfs, kimiqa\n"
        "steps = kimiqa.Document.reading(pdfs.make_pdf(['one'] * 9), name='a.pdf')\n"
        "next(steps)\n"
        "os._exit(9)"
    )
    path = os.pathsep.join(filter(None, [*sys.path]))
    environment = {**os.environ, "KIMIQA_HOME": str(home), "PYTHONPATH": path}
    done = subprocess.run([sys.executable, "-c", script], env=environment, check=False)
    assert done.returncode == 9

"""Reading: clean text, a worker that may be lost, and files that mean harm."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
import zlib
from pathlib import Path

import pdfs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kimiqa.document import Document
from kimiqa.errors import DocumentError
from kimiqa.reading import engines, plain, starting
from kimiqa.reading.clean import clean, clean_text
from kimiqa.reading.frames import write_frame
from kimiqa.reading.parts import WorkerLost, WorkerRefused
from kimiqa.reading.pool import Pool, end_workers, fast_pool

ODD = "\r\n\x00\x02\x0c\ufffe\ufb01\ud800 -aB1\u00e9\u6c49"


@pytest.mark.parametrize(
    ("raw", "divides_words", "text"),
    [
        ("one\r\ntwo\rthree\x0cfour", False, "one\ntwo\nthree\nfour"),
        ("sub\ufffetraction", True, "subtraction"),
        ("forward\ufffelooking", False, "forward-\nlooking"),
        (
            "a forward-looking and forward\ufffelooking",
            True,
            "a forward-looking and forward-looking",
        ),
        ("subtraction, sub\ufffetraction", False, "subtraction, subtraction"),
        ("-do\ufffe2001 and a mother-in\ufffelaw", True, "-do-\n2001 and a mother-inlaw"),
        ("COVID\ufffe19 and Cost\ufffeReduction", True, "COVID-19 and Cost-Reduction"),
        ("the \ufb01rst o\ufb03ce", False, "the first office"),
        ("nul\x00 half\ud800 bell\x07", False, "nul half bell"),
        ("a\tb\n汉字 ½ e\u0301", False, "a\tb\n汉字 ½ e\u0301"),
    ],
)
def test_text_is_cleaned(raw: str, divides_words: bool, text: str) -> None:
    assert clean_text(raw, divides_words=divides_words) == text


@given(st.text(alphabet=ODD, max_size=60), st.booleans())
def test_every_clean_character_knows_where_it_came_from(raw: str, divides_words: bool) -> None:
    cleaned = clean(raw, divides_words=divides_words)

    assert cleaned.text == clean_text(raw, divides_words=divides_words)
    assert len(cleaned.positions) == len(cleaned.text)
    assert list(cleaned.positions) == sorted(cleaned.positions)
    assert not set(cleaned.text) & set("\r\x00\x02\x0c\ufffe\ufb01\ud800")
    cleaned.text.encode()


def test_a_range_of_clean_text_leads_back_to_the_engine() -> None:
    cleaned = clean("ab\r\nsub\ufffetraction", divides_words=True)

    start = cleaned.text.index("subtraction")

    assert list(cleaned.engine_places(start, start + 11)) == list(range(4, 16))


@given(st.text(alphabet="ab .\n。汉", max_size=500).map(lambda text: text * 40))
def test_pages_of_plain_text_joined_are_the_text(text: str) -> None:
    pages = plain.pages_of(text)

    assert "".join(pages) == text
    assert max(map(len, pages)) <= plain.PAGE_CHARACTERS


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "gb18030"], ids=lambda name: name
)
def test_text_is_decoded_whatever_wrote_it(encoding: str) -> None:
    text = "合同自五月一日起终止。The lease ends.\n"

    assert plain.decode(text.encode(encoding)) == text


def test_western_bytes_are_not_taken_for_chinese() -> None:
    assert plain.decode("Le café coûte 5 €.".encode("cp1252")) == "Le café coûte 5 €."


def test_bytes_that_are_no_text_are_not_decoded() -> None:
    assert plain.decode(bytes(range(256)) * 4) is None


# The worker -------------------------------------------------------------------------------------


@pytest.fixture
def pool() -> Pool:
    pool = Pool()
    pool.call("ping")
    yield pool  # type: ignore[misc]
    pool.close()


@pytest.fixture
def manual_pages(tmp_path: Path) -> Path:
    path = tmp_path / "pages.pdf"
    path.write_bytes(pdfs.make_pdf([f"Page {n}" for n in range(1, 201)]))
    return path


def test_a_worker_that_dies_is_replaced(pool: Pool, manual_pages: Path) -> None:
    before = pool.pid
    pool._workers[0].end()

    header, _ = pool.call("open", path=str(manual_pages), password=None, sample=1, seconds=1)

    assert header["pages"] == 200
    assert pool.pid != before


@pytest.mark.skipif(sys.platform == "win32", reason="no signal stops a process on Windows")
def test_a_worker_that_hangs_is_ended_and_only_the_guilty_call_is_told(pool: Pool) -> None:
    import signal

    os.kill(pool.pid or 0, signal.SIGSTOP)
    guilty = pool.start("ping", limit=0.3)
    innocent = pool.start("ping", limit=30)

    with pytest.raises(WorkerLost) as lost:
        guilty.result()

    assert lost.value.reason == "hung"
    assert innocent.result()[0].keys() == {"id"}


def test_many_threads_share_one_worker(pool: Pool, manual_pages: Path) -> None:
    found: dict[int, str] = {}

    def read(number: int) -> None:
        key = {"path": str(manual_pages), "password": None}
        found[number] = pool.call("read", **key, pages=[number])[0]["rows"][0][1]

    threads = [threading.Thread(target=read, args=(number,)) for number in range(1, 21)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == {number: f"Page {number}" for number in range(1, 21)}


def test_a_refusal_leaves_the_worker_as_it_was(pool: Pool, tmp_path: Path) -> None:
    (tmp_path / "bad.pdf").write_bytes(b"%PDF-1.7 and nothing more")
    before = pool.pid

    with pytest.raises(WorkerRefused, match="damaged"):
        pool.call("open", path=str(tmp_path / "bad.pdf"), password=None, sample=1, seconds=1)

    assert pool.pid == before


def test_a_file_that_was_read_at_once_is_closed_with_its_opening(
    pool: Pool, manual_pages: Path
) -> None:
    key = {"path": str(manual_pages), "password": None, "seconds": 60}

    part, _ = pool.call("open", **key, sample=60)
    whole, _ = pool.call("open", **key, sample=200)

    assert (part["closed"], whole["closed"]) == (False, True)
    assert len(whole["rows"]) == 200


def test_what_becomes_of_a_small_file_meanwhile_changes_nothing(
    pool: Pool, manual_pages: Path
) -> None:
    key = {"path": str(manual_pages), "password": None}
    pool.call("open", **key, sample=1, seconds=60)

    manual_pages.write_bytes(b"")

    assert pool.call("read", **key, pages=[120])[0]["rows"][0][1] == "Page 120"


def test_the_worker_ends_when_its_input_ends() -> None:
    command = [sys.executable, "-m", "kimiqa.reading.worker"]
    root = str(Path(engines.__file__).parents[2])

    done = subprocess.run(command, input=b"", timeout=20, env=os.environ | {"PYTHONPATH": root})

    assert done.returncode == 0


def test_a_script_without_a_guard_can_open_documents(tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('the working folder was imported')")
    (tmp_path / "a.pdf").write_bytes(pdfs.make_pdf(["Hello"]))
    script = "import kimiqa.document as d; print(d.Document.open('a.pdf', home=None).pages[0].text)"
    environment = os.environ | {"PYTHONPATH": str(Path(engines.__file__).parents[2])}

    done = subprocess.run(
        [sys.executable, "-P", "-c", script],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60,
    )  # fmt: skip

    assert (done.stdout, done.stderr) == ("Hello\n", "")


def test_a_reading_goes_on_when_the_worker_is_killed_in_the_middle(home: Path) -> None:
    texts = [f"Page {n}" for n in range(1, 301)]
    steps = Document.reading(pdfs.make_pdf(texts), home=home)
    next(steps)
    fast_pool()._workers[0].end()

    document = list(steps)[-1]

    assert isinstance(document, Document)
    assert [page.text for page in document.pages] == texts


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="no memory limit on this system")
def test_a_page_that_kills_the_engine_fails_alone(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kimiqa.reading.starting.WORKER_MEMORY", 100 << 20)
    end_workers()

    document = Document.open(_bomb(), home=home)

    assert [page.status for page in document.pages] == ["text", "failed", "text"]
    assert document.pages[1].note == "pdfium: the engine crashed on this page"
    end_workers()


def _bomb() -> bytes:
    """A PDF whose second page unpacks to more than the worker may hold: 3 kB on disk."""
    packer = zlib.compressobj(9)
    spaces = b" " * (1 << 20)
    once = b"".join([packer.compress(spaces) for _ in range(200)] + [packer.flush()])
    twice = zlib.compress(once)
    head = b"<< /Filter [/FlateDecode /FlateDecode] /Length %d >>\nstream\n" % len(twice)
    pages = [(pdfs._lines("before"), "", ""), (b"BOMB", "", ""), (pdfs._lines("after"), "", "")]
    whole = pdfs._assemble(pages)
    return whole.replace(pdfs._stream(b"BOMB"), head + twice + b"\nendstream")


def test_eighty_five_bad_files_end_in_text_or_one_clear_code(data: Path, home: Path) -> None:
    read, codes, slowest = set(), set(), 0.0
    for path in sorted((data / "pdf-bad").glob("*.pdf")):
        start = time.monotonic()
        try:
            if any(page.text.strip() for page in Document.open(path, home=home).pages):
                read.add(path.name)
        except DocumentError as error:
            codes.add(error.code if error.hint else "no next step")
        slowest = max(slowest, time.monotonic() - start)

    assert _readable(data / "pdf-bad" / "ANCHORS.tsv") - read == set()
    assert codes <= {"not_a_document", "password_required", "empty_document", "engine_crashed"}
    assert slowest < engines.CALL_SECONDS


def _readable(anchors: Path) -> set[str]:
    """The files in which pypdf or pdfium alone finds text."""
    rows = [line.split("\t") for line in anchors.read_text().splitlines()[1:]]
    return {row[0] for row in rows if row[1] in ("pypdf", "pdfium") and int(row[4] or 0)}


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="shown by /proc alone")
def test_a_worker_is_told_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {
        "KIMIQA_LEDGER": "postgresql://me:word@host/db",
        "MY_API_KEY": "sk-no",
        "PASSWORD": "x",
    }
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    process = starting.start(None, "pdf")
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        write_frame(process.stdin, {"op": "ping"})
        process.stdout.read(1)  # who answers is no copy of its parent any more
        told = Path(f"/proc/{process.pid}/environ").read_bytes().decode().split("\0")
    finally:
        process.kill()
        process.communicate()

    names = {each.partition("=")[0] for each in told}
    assert "PATH" in names
    assert not names & set(secrets)

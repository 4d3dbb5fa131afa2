"""`kimiqa cost DIR`: every document priced, failures beside the totals, nothing read twice."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from decimal import Decimal
from pathlib import Path
from typing import Any

import pdfs
import pytest

from kimiqa import Client, cli
from kimiqa.document import Document
from kimiqa.plan import Estimate
from kimiqa.singly import Pricer
from kimiqa.store import Store


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    folder = tmp_path / "shelf"
    (folder / "more").mkdir(parents=True)
    for n in range(4):
        text = f"Contract {n}. The rent is {n}00 euros a month."
        (folder / f"{n}.pdf").write_bytes(pdfs.make_pdf([text, text]))
    (folder / "more" / "notes.md").write_text("# Notes\n\nThe deposit is 900 euros.\n")
    return folder


def kimiqa(*arguments: str | Path, home: Path) -> subprocess.CompletedProcess[str]:
    """The command in this process, as its exit code and what it wrote."""
    command = [*map(str, arguments), "--home", str(home)]
    with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err:
        code = cli.run(command)
    return subprocess.CompletedProcess(command, code, out.getvalue(), err.getvalue())


def found(*arguments: str | Path, home: Path) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(kimiqa(*arguments, "--json", home=home).stdout)
    return said


def test_a_folder_is_priced_document_by_document_with_totals(shelf: Path, home: Path) -> None:
    said = found("cost", shelf, home=home)

    assert [row["name"] for row in said["documents"]] == [
        "0.pdf", "1.pdf", "2.pdf", "3.pdf", "notes.md",
    ]  # fmt: skip
    assert [way["strategy"] for way in said["ways"]] == ["full", "chunks"]
    assert [way["documents_that_fit"] for way in said["ways"]] == [5, 5]
    assert said["failures"] == []
    assert said["schema"] == 1


def test_the_total_is_the_sum_of_what_each_would_cost_alone(shelf: Path, home: Path) -> None:
    total = found("cost", shelf, "-q", "What is the rent?", home=home)["ways"][0]
    alone = [
        found("cost", path, "-q", "What is the rent?", home=home)["ways"]
        for path in (*sorted(shelf.glob("*.pdf")), shelf / "more" / "notes.md")
    ]

    full = [next(way for way in ways if way["strategy"] == "full") for ways in alone]
    assert total["prompt_tokens"] == sum(way["prompt_tokens"] for way in full)
    for amount in ("low", "expected", "high", "ceiling"):
        summed = sum(Decimal(way["cost"][amount]) for way in full)
        assert Decimal(total["cost"][amount]) == summed


@pytest.mark.parametrize("tokens", [50, 4_000, 60_000, 900_000])
def test_a_document_is_priced_by_its_size_as_its_plan_would_be(tokens: int, home: Path) -> None:
    client = Client("kimi-k3", home=home)
    document = Document.from_pages([f"{'word ' * tokens}"], name="long")
    pricer: Pricer = client.singly("Why?", max_cost="100")

    priced: Estimate = pricer.prices(pricer.tokens(document))[0].estimate
    [planned] = [
        way.estimate
        for way in client.ways("Why?", [document], max_cost="100")
        if way.strategy == "full" and way.model == "kimi-k3"
    ]

    assert priced.prompt_tokens == pytest.approx(planned.prompt_tokens, abs=3)
    if priced.prompt_tokens == planned.prompt_tokens:
        assert priced.cost == planned.cost


def test_chunks_are_never_priced_below_what_a_plan_would_send(home: Path) -> None:
    client = Client("kimi-k3", home=home)
    pages = [f"Page {n}. The rent of flat {n} is {n}00 euros. " * 30 for n in range(60)]
    document = Document.from_pages(pages)
    pricer = client.singly("What is the rent of flat 7?")

    chunks = pricer.prices(pricer.tokens(document))[1].estimate
    [planned] = [
        way.estimate
        for way in client.ways("What is the rent of flat 7?", [document])
        if way.strategy == "chunks" and way.model == "kimi-k3"
    ]

    assert planned.prompt_tokens <= chunks.prompt_tokens * Decimal("1.01")


def test_what_cannot_be_read_is_listed_and_the_others_go_on(shelf: Path, home: Path) -> None:
    (shelf / "bad.pdf").write_text("this is no PDF")
    (shelf / "empty.pdf").touch()
    (shelf / "locked.pdf").write_bytes(pdfs.make_encrypted_pdf(["words"], "secret"))

    said = found("cost", shelf, home=home)

    codes = {Path(each["file"]).name: each["code"] for each in said["failures"]}
    assert codes == {
        "bad.pdf": "not_a_document",
        "empty.pdf": "empty_document",
        "locked.pdf": "password_required",
    }
    assert all(each["hint"] for each in said["failures"])
    assert len(said["documents"]) == 5


def test_the_exit_code_says_whether_any_document_was_priced(shelf: Path, home: Path) -> None:
    (shelf / "bad.pdf").write_text("this is no PDF")
    some = kimiqa("cost", shelf, home=home)
    for path in shelf.rglob("*.[pm]d*"):
        path.write_bytes(b"")

    none = kimiqa("cost", shelf, home=home)

    assert some.returncode == 0
    assert "1 file could not be priced" in some.stdout
    assert "bad.pdf: not_a_document" in some.stdout
    assert none.returncode == 1


def test_a_cap_under_which_no_document_fits_is_exit_three(shelf: Path, home: Path) -> None:
    assert kimiqa("cost", shelf, "--max-cost", "0.0001", home=home).returncode == 3
    assert kimiqa("cost", shelf, "--max-cost", "1", home=home).returncode == 0


def test_it_says_that_hidden_text_is_still_to_be_looked_for(shelf: Path, home: Path) -> None:
    said = kimiqa("cost", shelf, home=home)
    rows = found("cost", shelf, home=home)["documents"]

    assert "was not looked for yet" in said.stdout
    assert [row["hidden_passages"] for row in rows] == [None, None, None, None, 0]


def test_json_is_one_object_and_nothing_beside_it(shelf: Path, home: Path) -> None:
    done = kimiqa("cost", shelf, "--json", home=home)

    assert json.loads(done.stdout)["schema"] == 1
    assert done.stderr == ""


def test_what_was_read_before_an_interruption_is_not_read_again(shelf: Path, home: Path) -> None:
    if os.name != "posix":
        pytest.skip("only POSIX systems interrupt another process like a keyboard does")
    # The last one is long, so that the interruption comes while it is read.
    pages = [f"Clause {n}: the rent is {n} euros. " * 3 for n in range(3_000)]
    (shelf / "zz.pdf").write_bytes(pdfs.make_pdf(pages))
    command = [sys.executable, "-m", "kimiqa", "cost", str(shelf), "--home", str(home)]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    long = (shelf / "zz.pdf").stat().st_size
    while running.poll() is None and not any(
        path.stat().st_size == long for path in (home / "documents").glob("*/source")
    ):
        time.sleep(0.02)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=60)
    before = _stored(home)

    rest = found("cost", shelf, home=home)

    assert running.returncode == 130
    assert "goes on from there" in said
    assert 4 <= len(before) < 6
    assert before.items() <= _stored(home).items()
    assert len(rest["documents"]) == 6


def _stored(home: Path) -> dict[str, float]:
    """When each document was read."""
    with Store(home)._connection() as database:
        return dict(database.execute("SELECT id, stored FROM documents").fetchall())


def test_a_folder_of_source_code_is_one_document_and_says_so(tmp_path: Path, home: Path) -> None:
    folder = tmp_path / "tool"
    folder.mkdir()
    (folder / "main.py").write_text("x = 1\n")
    (folder / "util.py").write_text("y = 2\n")
    (folder / "manual.md").write_text("Run it.\n")

    done = kimiqa("cost", folder, home=home)
    otherwise = found("cost", folder, "--as-documents", home=home)

    assert "one document of source code; --as-documents prices its 1 document " in done.stderr
    assert [row["name"] for row in otherwise["documents"]] == ["manual.md"]
    assert [row["name"] for row in found("cost", folder, home=home)["documents"]] == ["tool"]


def test_a_folder_without_documents_says_so(tmp_path: Path, home: Path) -> None:
    done = kimiqa("cost", tmp_path, home=home)

    assert done.returncode == 1
    assert "holds no PDF, Word, PowerPoint" in done.stderr


def test_a_long_document_is_quoted_before_hidden_text_is_looked_for(
    tmp_path: Path, home: Path
) -> None:
    for pages in (3, 201):
        (tmp_path / f"{pages}.pdf").write_bytes(pdfs.make_pdf(["The rent is 500."] * pages))

    short = found("cost", tmp_path / "3.pdf", home=home)["documents"][0]
    quoted = found("cost", tmp_path / "201.pdf", home=home)["documents"][0]
    kept = found("cost", tmp_path / "201.pdf", "--keep-hidden", home=home)["documents"][0]

    assert [row["hidden_passages"] for row in (short, quoted, kept)] == [0, None, 0]


def test_a_plan_looks_for_hidden_text_after_a_quote_that_did_not(home: Path) -> None:
    client = Client("kimi-k3", home=home)
    document = Document.open(pdfs.make_pdf(["The rent is 500."]), name="a.pdf", home=home)

    client.ways("What is the rent?", [document], checked=False)
    assert document.hidden_passages is None
    client.plan("What is the rent?", [document], strategy="full")

    assert document.hidden_passages == 0


def test_a_file_of_mere_white_space_is_not_sent_to_ocr(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "papers"
    folder.mkdir()
    (folder / "blank.txt").write_text("  \n\n ")

    assert cli.run(["cost", str(folder), "--as-documents"]) == 1
    told = capsys.readouterr()
    assert cli.run(["cost", str(folder / "blank.txt"), "-q", "Why?"]) == 3
    told_alone = capsys.readouterr()

    assert "nothing to read in it" in told.out
    assert "it is empty" in told_alone.err
    assert "OCR" not in told.out + told_alone.err


def test_a_small_document_is_priced_once_and_a_large_one_by_its_own_evidence() -> None:
    pricer = Client(model="kimi-k3", home=None).singly("Why?")

    small, large = pricer.prices(500), pricer.prices(200_000)

    assert small[0].estimate == small[1].estimate
    assert large[0].estimate.prompt_tokens > large[1].estimate.prompt_tokens
    assert pricer.prices(200_000) == large
    assert pricer._sized.cache_info().misses == 3

"""Kimi's own file extraction: only when asked for, told before, and deleted whatever happens."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from asking import client_at

from kimiqa import Client
from kimiqa.cli import run
from kimiqa.endpoint import extracting
from kimiqa.errors import (
    BadRequestError,
    EmptyDocumentError,
    FileNotFoundError,
    KimiqaError,
    NoKeyError,
    NotAllowedError,
    NoTextError,
)
from kimiqa.testing import KimiServer

TEXT = "The deposit of Eastwick is 300 euros."


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    """A file that nothing here can read."""
    path = tmp_path / "secret-merger.pdf"
    path.write_bytes(b"%PDF-1.7 \xff\xfe not readable here")
    return path


@pytest.fixture
def kimi(server: KimiServer) -> KimiServer:
    server.extract = lambda name, data: TEXT
    return server


def _uploads(server: KimiServer) -> list[bytes]:
    return [each.raw for each in server.requests if (each.method, each.path) == _UPLOAD]


_UPLOAD = ("POST", "/v1/files")


@pytest.mark.parametrize("shape", ["json", "text"])
def test_a_file_is_extracted_and_deleted(shape: str, scan: Path, kimi: KimiServer) -> None:
    kimi.extracted_as = shape  # type: ignore[assignment]

    document = client_at(kimi).extract(scan)

    assert [page.text for page in document.pages] == [TEXT]
    assert document.pages[0].engine == "kimi"
    assert "not the pages of the file" in (document.pages[0].note or "")
    assert document.name == "secret-merger.pdf"
    assert len(kimi.files) == 0


def test_what_would_be_sent_is_told_before_anything_is(scan: Path, kimi: KimiServer) -> None:
    upload = client_at(kimi).upload_of(scan)

    for said in ("secret-merger.pdf", f"{scan.stat().st_size:,} bytes", "127.0.0.1", "deleted"):
        assert said in upload.notice
    assert kimi.requests == []


def test_the_file_goes_under_a_name_of_no_meaning_and_whole(scan: Path, kimi: KimiServer) -> None:
    client_at(kimi).extract(scan)

    (raw,) = _uploads(kimi)
    assert b"secret-merger" not in raw
    assert b'filename="kimiqa-' in raw
    assert scan.read_bytes() in raw


def test_text_that_takes_its_time_is_waited_for(scan: Path, kimi: KimiServer) -> None:
    kimi.ready_after = 1.2

    assert client_at(kimi).extract(scan).pages[0].text == TEXT
    assert len(kimi.files) == 0


@pytest.mark.parametrize("content", ["server_error", "never ready", "empty"])
def test_the_file_is_deleted_also_on_failure(
    content: str, scan: Path, kimi: KimiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extracting, "_READY_SECONDS", 0.7)
    kimi.ready_after = 10_000 if content == "never ready" else 0.0
    kimi.extract = lambda name, data: "" if content == "empty" else TEXT
    if content == "server_error":
        kimi.fault("unavailable_503", path="*", after=1)  # the upload goes well

    with pytest.raises(KimiqaError):
        client_at(kimi).extract(scan)

    assert len(_uploads(kimi)) == 1
    assert len(kimi.files) == 0


def test_a_file_without_text_names_the_other_ways(scan: Path, kimi: KimiServer) -> None:
    kimi.extract = lambda name, data: " "

    with pytest.raises(NoTextError, match="found no text") as refused:
        client_at(kimi).extract(scan)

    assert "--ocr" in refused.value.hint


def test_nothing_goes_where_nothing_is_extracted(scan: Path) -> None:
    client = Client("gpt-5", base_url="https://api.openai.com/v1", api_key="sk-other")

    with pytest.raises(BadRequestError, match="extracts no text"):
        client.extract(scan)


def test_without_a_key_nothing_is_sent(scan: Path) -> None:
    with pytest.raises(NoKeyError):
        Client("kimi-k3").extract(scan)


def test_a_document_s_rule_holds_for_its_extraction(tmp_path: Path, kimi: KimiServer) -> None:
    from kimiqa import Document

    path = tmp_path / "note.txt"
    path.write_text("A note that stays in the EU.")
    Document.open(path).restrict("api.moonshot.cn")

    with pytest.raises(NotAllowedError):
        client_at(kimi).extract(path)

    assert kimi.requests == []


def test_files_that_cannot_be_sent_are_refused(tmp_path: Path, kimi: KimiServer) -> None:
    (tmp_path / "empty.pdf").write_bytes(b"")
    client = client_at(kimi)

    with pytest.raises(FileNotFoundError):
        client.extract(tmp_path / "nowhere.pdf")
    with pytest.raises(EmptyDocumentError):
        client.extract(tmp_path / "empty.pdf")

    assert kimi.requests == []


def test_the_terminal_says_what_it_sends_and_asks_what_came_back(
    scan: Path, kimi: KimiServer, capsys: pytest.CaptureFixture[str]
) -> None:
    kimi.answer = f'"{TEXT}" [D1 p. 1]'
    where = ["--base-url", kimi.base_url, "--api-key", kimi.key or "", "--model", "kimi-k3"]

    asked = ["ask", str(scan), "-q", "What is the deposit?", "--reader", "kimi", "--json"]
    code = run([*asked, *where])

    out, err = capsys.readouterr()
    assert code == 0
    assert json.loads(out)["citations"][0]["status"] == "verified"
    assert "secret-merger.pdf, the whole file of" in err
    assert len(kimi.files) == 0


def test_cost_sends_nothing_and_takes_no_reader(scan: Path) -> None:
    assert run(["cost", str(scan), "--reader", "kimi"]) == 2

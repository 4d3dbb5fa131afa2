"""What a person sees of a swarm: every reader with its cost, and after a stop what is left."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from asking import price_book, report
from test_swarm import QUESTION, SMALL, quoting, readers

from kimiqa.cli import run
from kimiqa.testing import Fault, KimiServer


@pytest.fixture
def quotes(server: KimiServer) -> KimiServer:
    server.answer, server.reasoning = quoting, 20
    return server


@pytest.fixture
def asked(quotes: KimiServer, tmp_path: Path) -> list[str]:
    file = tmp_path / "report.txt"
    file.write_text("\f".join(page.text for page in report(60).pages), encoding="utf-8")
    options = ["--model", "kimi-k3", "--base-url", quotes.base_url, "--api-key", quotes.key or ""]
    more = ["--strategy", "swarm", "--max-prompt-tokens", str(SMALL), "--max-cost", "50", "--yes"]
    return ["ask", str(file), "-q", QUESTION, *options, *more]


def test_the_terminal_shows_each_reader_and_what_is_spent(
    asked: list[str], quotes: KimiServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(asked) == 0

    lines = [line for line in capsys.readouterr().err.splitlines() if "spent so far" in line]
    total = len(readers(quotes))
    assert sum(line.startswith("read ") for line in lines) == total > 1
    assert {f"read {number} of {total}:" for number in range(1, total + 1)} == {
        line[: line.index(":") + 1] for line in lines if line.startswith("read ")
    }
    assert all("D1 pp. " in line for line in lines if line.startswith("read "))
    assert lines[-1].startswith("merge ")


def test_with_json_nothing_is_said_beside_the_object(
    asked: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*asked, "--json"]) == 0

    said = capsys.readouterr()
    found: dict[str, Any] = json.loads(said.out)
    assert found["strategy"] == "swarm"
    assert "spent so far" not in said.err


def test_the_page_says_what_is_paid_when_a_reader_fails_and_goes_on_from_there(
    quotes: KimiServer, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("streamlit")
    from test_ui_states import Page

    price_book(home, kimi_k3={"context_window": 20_000})
    monkeypatch.setenv("KIMIQA_BASE_URL", quotes.base_url)
    monkeypatch.setenv("KIMIQA_API_KEY", quotes.key or "")
    text = "\f".join(page.text for page in report(120).pages)
    page = Page().upload(("report.txt", text.encode()))
    page.type(QUESTION).click("way-swarm")
    quotes.fault(Fault.SERVER_ERROR_500, after=1)

    page.click("ask").settle()

    sent = len(readers(quotes))
    assert f"{sent - 1} of {sent} readers are paid; asking again goes on" in page.words
    assert "found is kept for a week" in page.errors

    page.press("Ask again").type(QUESTION).click("ask").settle()

    assert len(readers(quotes)) == sent + 1
    assert "paid before" in page.words
    assert not page.at.exception

"""What a person sees of a swarm: every reader with its cost, and after a stop what is left."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from asking import report
from test_swarm import QUESTION, SMALL, client_at, quoting, readers, stopped_at, swarm

from kimiqa.cli import run
from kimiqa.testing import KimiServer


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


def test_the_page_says_what_is_paid_after_a_stop_and_what_the_rest_costs(
    quotes: KimiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("streamlit")
    from kimiqa.ui import trace
    from kimiqa.ui.engine import Job

    quotes.tokens_per_second = 400
    client = client_at(quotes)
    plan = swarm(client)
    steps = stopped_at(client, plan, 0.4)
    paid = len({step.number for step in steps if step.state in trace.PAID})
    options = {"max_prompt_tokens": SMALL, "max_cost": "100"}
    said: list[str] = []
    # Streamlit and the table of ways alone stand aside: what is said is what is tested.
    monkeypatch.setattr(trace, "st", SimpleNamespace(info=said.append))
    monkeypatch.setattr(
        trace,
        "desk",
        SimpleNamespace(ways=lambda _, question: client.ways(question, [report(120)], **options)),
    )
    from kimiqa.plan import Started

    trace.ended_early(SimpleNamespace(), Job("talk", "title", log=[Started(plan, ""), *steps]))  # type: ignore[arg-type]

    (line,) = (each.replace("\\", "") for each in said)
    assert line.startswith(f"{paid} of {len(plan.requests)} readers are paid; asking again goes on")
    assert "$" in line

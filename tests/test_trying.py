"""The small question that tries an endpoint: priced, capped, booked, and what it shows."""

from __future__ import annotations

import asyncio
import re
from decimal import Decimal
from pathlib import Path

import pytest

from kimiqa.cli import run
from kimiqa.errors import OverCapError
from kimiqa.ledger import Ledger
from kimiqa.settings import Settings, save_settings
from kimiqa.setup import Setup
from kimiqa.testing import KimiServer
from kimiqa.trying import Trial, trial_plan, try_endpoint


def tried(server: KimiServer) -> Trial:
    setup = Setup.of("kimi-k3", api_key=server.key, base_url=server.base_url)
    return asyncio.run(try_endpoint(setup, trial_plan(setup)))


def test_a_trial_tells_how_the_reply_came_and_where_its_usage_stood(server: KimiServer) -> None:
    found = tried(server)

    assert found.streams
    assert found.usage
    assert found.cached == ("cached_tokens",)
    assert found.reported == server.bill[0].prompt_tokens
    assert abs(found.off or 0) < 40


def test_a_trial_says_what_an_endpoint_leaves_out(server: KimiServer) -> None:
    server.fault("no_usage")

    found = tried(server)

    assert (found.usage, found.cached, found.reported) == ((), (), None)
    assert found.answer.state == "estimated"


def test_a_trial_costs_what_the_endpoint_bills_and_stays_below_its_ceiling(
    server: KimiServer, home: Path
) -> None:
    setup = Setup.of("kimi-k3", api_key=server.key, base_url=server.base_url)
    ceiling = trial_plan(setup).estimate.cost.ceiling

    found = tried(server)

    assert found.answer.cost.amount == server.billed
    assert ceiling is not None
    assert server.billed <= ceiling < Decimal("0.01")


def test_nothing_is_tried_over_a_cap(server: KimiServer, home: Path) -> None:
    save_settings(Settings(max_cost=Decimal("0.0001")), home)

    with pytest.raises(OverCapError):
        tried(server)

    assert server.chats == []


def test_doctor_asks_one_small_question_whose_price_stands_first(
    server: KimiServer, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["doctor", "--base-url", server.base_url, "--api-key", "sk-test", "--ask"]) == 0

    out, err = capsys.readouterr()
    assert re.search(r"Asking kimi-k3 one small question: about 0\.00\d+ USD, at most", err)
    for told in ("streaming: piece by piece", "usage: in ", "cached tokens: in cached_tokens"):
        assert told in out
    assert re.search(r"prompt count: \d+ tokens there, \d+ quoted \([+-]\d+\)", out)
    with Ledger.open(home) as ledger:
        (call,) = ledger.calls()
        assert (call.label, call.state) == ("endpoint test", "settled")
        assert ledger.totals() == {"USD": server.billed}
        assert ledger.history("kimi-k3", "full", call.effort) == []
        assert ledger.accuracy().calls == len(ledger.scores()) == 0


def test_doctor_asks_nothing_over_a_cap(
    server: KimiServer, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_settings(Settings(max_cost=Decimal("0.0001")), home)

    assert run(["doctor", "--base-url", server.base_url, "--api-key", "sk-test", "--ask"]) == 1

    assert "the cap per question is $0.0001" in capsys.readouterr().out
    assert server.chats == []

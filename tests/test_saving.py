"""What an answer saved against sending everything; and everything, where many questions come."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from asking import QUESTION, client_at, lease, report

from kimiqa import Client, Plan
from kimiqa.cli import run
from kimiqa.cli.ask import receipt_lines
from kimiqa.errors import BadRequestError
from kimiqa.plan import Answer
from kimiqa.testing import KimiServer, Scripted

ONE = Scripted("It ends.", reasoning=300)


def asked(server: KimiServer, strategy: str = "chunks", **options: object) -> Answer:
    server.answer = ONE
    return client_at(server, home=None).ask(
        QUESTION, [report()], strategy=strategy, **options  # type: ignore[arg-type]
    )  # fmt: skip


# What was saved ----------------------------------------------------------------------------------


def test_the_saving_is_what_everything_costs_at_that_length_less_what_was_paid(
    server: KimiServer,
) -> None:
    chunks = asked(server)
    full = asked(server, "full")

    assert chunks.saving is not None
    assert chunks.cost.amount is not None
    assert full.cost.amount is not None
    off = chunks.saving.whole - full.cost.amount
    assert abs(off) < full.cost.amount / 100  # the template is not learned yet
    assert chunks.saving.amount == chunks.saving.whole - chunks.cost.amount
    assert chunks.saving.amount == chunks.saving.cold
    assert Decimal("0.5") < chunks.saving.share < 1


def test_a_warm_whole_makes_the_saving_smaller_than_a_cold_one(server: KimiServer) -> None:
    server.answer = ONE
    client = client_at(server, home=None)
    client.ask("Summarise it.", [report()], strategy="full")

    saving = client.ask(QUESTION, [report()], strategy="chunks").saving

    assert saving is not None
    assert saving.amount < saving.cold / 2


def test_where_everything_was_sent_or_fits_nowhere_nothing_was_saved(server: KimiServer) -> None:
    assert asked(server, "full").saving is None
    assert asked(server, max_prompt_tokens=9_000).saving is None


def test_what_cost_more_than_everything_says_so(server: KimiServer) -> None:
    server.answer = lambda body: Scripted("The documents do not say.", reasoning=3_000)

    answer = client_at(server, home=None).ask(QUESTION, [report()], strategy="chunks", climb=True)

    assert answer.saving is not None
    assert answer.saving.amount < 0
    assert any(line.startswith("Cost $") and "more than the $" in line
               for line in receipt_lines(answer))  # fmt: skip


def test_the_terminal_and_the_json_tell_it(
    server: KimiServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answer = ONE
    file = tmp_path / "report.txt"
    file.write_text("\f".join(page.text for page in report().pages), encoding="utf-8")
    at = ["--model", "kimi-k3", "--base-url", server.base_url, "--api-key", server.key or ""]
    ask = ["ask", str(file), "-q", QUESTION, "--strategy", "chunks", *at]

    assert run(ask) == 0
    line = next(each for each in capsys.readouterr().err.splitlines() if "Saved" in each)
    assert run([*ask, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["saving"]

    assert line.startswith("Saved $0.1")
    assert line.endswith("%) that sending everything would have cost")
    assert set(found) == {"amount", "cold", "whole", "currency"}
    assert Decimal(found["amount"]) < Decimal(found["whole"])


# How many questions come -------------------------------------------------------------------------


def plan(questions: int, **options: object) -> Plan:
    return Client("kimi-k3").plan(
        QUESTION, [report()], expected_questions=questions, **options  # type: ignore[arg-type]
    )  # fmt: skip


def test_everything_is_read_once_where_many_questions_come() -> None:
    few, many = plan(3), plan(20)

    assert few.strategy == "chunks"
    assert many.strategy == "full"
    assert many.reason.startswith("full: 20 questions cost about $1.2")
    assert many.reason.endswith("for the whole stays in the cache from the first on")


def test_the_turn_is_where_the_sums_over_all_questions_turn() -> None:
    client = Client("kimi-k3")
    (table,) = client.break_even([report()], 40, question=QUESTION)

    turn = next(n for n in range(2, 40) if plan(n).strategy == "full")

    before, after = table.rows[turn - 2], table.rows[turn - 1]
    assert before.full is not None
    assert after.full is not None
    assert before.full > before.chunks * Decimal("1.25")
    assert after.full <= after.chunks * Decimal("1.25")


def test_several_questions_asked_together_are_counted(server: KimiServer) -> None:
    server.answer = ONE
    questions = [f"{QUESTION} And number {n}?" for n in range(20)]
    client = client_at(server, home=None)

    answers = client.ask_many(questions, [report()])

    assert {each.strategy for each in answers if isinstance(each, Answer)} == {"full"}
    assert len(answers) == 20


@pytest.mark.parametrize("wrong", [0, -1, 1_001, "3", True])
def test_a_number_of_questions_that_is_none_is_refused(wrong: object) -> None:
    with pytest.raises(BadRequestError, match="cannot be expected"):
        Client("kimi-k3").plan(QUESTION, [lease()], expected_questions=wrong)  # type: ignore[arg-type]


def test_the_terminal_takes_the_number(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "report.txt"
    file.write_text("\f".join(page.text for page in report().pages), encoding="utf-8")

    assert run(["cost", str(file), "--model", "kimi-k3", "--questions", "20"]) == 0

    assert "full: 20 questions cost about" in capsys.readouterr().out


def test_the_prices_name_the_way_that_each_reason_is_about(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "report.txt"
    file.write_text("\f".join(page.text for page in report().pages), encoding="utf-8")

    assert run(["cost", str(file), "--model", "kimi-k3"]) == 0

    said = capsys.readouterr().out
    assert "kimi-k3: chunks: " in said
    assert "kimi-k3: swarm: not needed: the documents fit into one prompt" in said

"""Quotes: what a chat template adds, what comes back, and how good the ranges are."""

from __future__ import annotations

import json
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from bench.month import simulate as month
from bench.quotes import FIRST, SHARP, WITHIN, Pareto, coverage, passed, sharpness, simulate
from hypothesis import given
from hypothesis import strategies as st
from simulated import client_with_clock, document, question

from kimiqa import Client
from kimiqa.cli import run
from kimiqa.estimating import ENOUGH_RECEIPTS, Experience, Receipt, completion_range, seconds_range
from kimiqa.models import get_model
from kimiqa.money import Range, Usage
from kimiqa.ranges import learned
from kimiqa.template import PRIOR, PROBES, Observed, Template, learn
from kimiqa.testing import KimiServer

KIMI = get_model("kimi-k3", base_url="https://api.moonshot.ai/v1")
TEMPLATES = st.builds(Template, st.integers(0, 20), st.integers(0, 40))


def _seen(template: Template, *messages: int) -> list[Observed]:
    return [Observed(count, template.tokens(count)) for count in messages]


# The chat template ------------------------------------------------------------------------------


@given(TEMPLATES, st.integers(1, 20), st.integers(1, 20))
def test_two_calls_with_different_message_counts_show_the_template(
    template: Template, one: int, other: int
) -> None:
    if one != other:
        assert learn(_seen(template, one, other)) == template


@given(TEMPLATES, st.integers(1, 20))
def test_one_call_makes_the_total_right_for_its_message_count(
    template: Template, messages: int
) -> None:
    assert learn(_seen(template, messages)).tokens(messages) == template.tokens(messages)


@given(st.integers(-500, 100_000))
def test_one_receipt_that_lies_is_outvoted(lie: int) -> None:
    template = Template(7, 5)

    found = learn([Observed(6, lie), *_seen(template, 2, 4, 2)])

    assert found == template


def test_without_receipts_the_template_is_the_usual_one() -> None:
    assert learn([]) == PRIOR


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_first_prompt_is_within_half_a_percent_and_the_third_exact(seed: int) -> None:
    random = Random(seed)
    with (
        KimiServer(seed=seed, reasoning=30) as server,
        client_with_clock(server) as (client, _),
    ):
        talk = client.conversation([document(random, 15, "paper")])
        answers = [talk.ask(question(random), strategy="full") for _ in range(4)]

    counts = [
        (each.estimate.prompt_tokens, each.usage.prompt_tokens) for each in answers if each.usage
    ]
    assert abs(counts[0][0] - counts[0][1]) <= 0.005 * counts[0][1]
    assert [ours - theirs for ours, theirs in counts[2:]] == [0, 0]


def test_a_template_is_learned_for_each_model_and_host(server: KimiServer) -> None:
    paper = document(Random(1), 2, "paper")
    with client_with_clock(server) as (client, _):
        client.ask("Who?", [paper], strategy="full")

        at_home = client.ledger.template(server.base_url, "kimi-k3")
        assert at_home.tokens(2) == server.template.per_message * 2 + server.template.per_request
        assert client.ledger.template("https://api.moonshot.ai/v1", "kimi-k3") == PRIOR
        assert client.ledger.template(server.base_url, "kimi-k2.6") == PRIOR


def test_doctor_learns_the_template_from_fixed_sentences_alone(
    server: KimiServer, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["--model", "kimi-k3", "--base-url", server.base_url, "--api-key", server.key or ""]

    run(["doctor", "--calibrate", "--json", *line])

    told = json.loads(capsys.readouterr().out)["checks"]
    checks = {each["name"]: each["detail"] for each in told}
    added = server.template
    assert checks["chat template"] == (
        f"kimi-k3 adds {added.per_message} tokens a message and {added.per_request} a request"
    )
    sent = [each.body["messages"] for each in server.requests if each.body]
    assert sent == [list(probe) for probe in PROBES]
    assert server.bill == []


# What comes back --------------------------------------------------------------------------------


def _receipts(*completion: int, seconds: float = 2.0) -> list[Receipt]:
    return [Receipt(Usage(1_000, count, 0), seconds) for count in completion]


def test_without_receipts_the_range_is_the_documented_prior() -> None:
    assert completion_range(KIMI, "low", 16_384) == Range(150, 2_500, 8_000)


def test_a_model_that_thinks_and_has_no_efforts_is_expected_to_think_middlingly() -> None:
    found = completion_range(get_model("deepseek-reasoner"), None, 16_384)
    told = [completion_range(KIMI, effort, 16_384).expected for effort in ("low", "high")]

    assert told[0] < found.expected < told[1]


def test_enough_receipts_replace_the_prior() -> None:
    known = Experience(_receipts(*[300, 330] * ENOUGH_RECEIPTS))

    found = completion_range(KIMI, "low", 16_384, known)

    assert 250 <= found.low <= 300
    assert found.expected == 315
    assert 330 <= found.high <= 400


def test_a_few_receipts_move_the_range_towards_what_they_say() -> None:
    one, five = (
        completion_range(KIMI, "low", 16_384, Experience(_receipts(*[100] * n))) for n in (1, 5)
    )

    assert 2_500 > one.expected > five.expected > 100


def test_other_strategies_stand_in_while_a_strategy_has_no_receipts() -> None:
    kin = _receipts(*[300, 330] * ENOUGH_RECEIPTS)

    assert completion_range(KIMI, "low", 16_384, Experience((), kin)).expected == 315


def test_no_range_is_above_the_limit() -> None:
    known = Experience(_receipts(*[50_000] * 20))

    assert completion_range(KIMI, "low", 4_096, known) == Range(4_096, 4_096, 4_096)


def test_seconds_follow_the_receipts_pace() -> None:
    slow = Experience(_receipts(*range(600, 640), seconds=60.0))
    usual = Experience(_receipts(*range(600, 640), seconds=12.0))
    counts = Range(600, 620, 640)

    times = [seconds_range(1_000, 0, counts, known=known) for known in (slow, usual)]

    assert times[0].expected == pytest.approx(5 * times[1].expected, rel=0.05)


@given(st.lists(st.integers(0, 1_000_000), min_size=1, max_size=60))
def test_a_learned_range_is_in_order_whatever_it_is_learned_from(values: list[int]) -> None:
    found = learned(values)

    assert found.low <= found.expected <= found.high


# How good the ranges are ------------------------------------------------------------------------


@pytest.mark.parametrize("law", [None, Pareto()], ids=["lognormal", "pareto"])
def test_ranges_hold_nine_of_ten_costs_nearly_as_sharply_as_an_oracle(law: Any) -> None:
    rows = simulate(FIRST + 30, seed=5, law=law)

    assert coverage(rows) >= WITHIN
    assert sharpness(rows) <= SHARP
    assert passed(rows) == 0


def test_the_ledger_scores_quotes_by_model_strategy_and_effort(server: KimiServer) -> None:
    paper = document(Random(1), 3, "paper")
    with client_with_clock(server) as (client, _):
        client.ask("Who pays?", [paper], strategy="full")
        scores = client.ledger.scores()

    assert [(each.model, each.strategy, each.effort, each.calls) for each in scores] == [
        ("kimi-k3", "full", "low", 1)
    ]
    assert scores[0].ceilings_passed == 0
    assert scores[0].interval_score >= scores[0].width > 0


def test_scores_are_in_the_ledgers_json_and_table(
    server: KimiServer, capsys: pytest.CaptureFixture[str]
) -> None:
    paper = document(Random(1), 30, "paper")
    with Client(
        "kimi-k3", api_key=server.key, base_url=server.base_url, budget=Decimal(5)
    ) as client:
        client.ask("Who pays?", [paper], strategy="full")

    run(["ledger", "--accuracy"])
    shown = capsys.readouterr().out
    run(["ledger", "--accuracy", "--json"])
    told = json.loads(capsys.readouterr().out)

    assert shown.splitlines()[1].startswith("kimi-k3  full  low")
    assert told["scores"][0]["prompt_error"] <= 0.005


def test_a_simulated_week_is_booked_as_it_was_billed() -> None:
    week = month(days=3, seed=2)

    assert week.settled == week.billed
    assert sum(each.ceilings_passed for each in week.scores) == 0
    assert min(each.prompt_exact for each in week.scores) >= 0.5

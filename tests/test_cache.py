"""The provider's cache: what is warm, what a change drops, and who goes first."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from random import Random

import pytest
from bench.cache import TARGET, right, simulate, used
from simulated import Clock, client_with_clock, document, question

from kimiqa import Client
from kimiqa.caching import break_even
from kimiqa.errors import BadRequestError, KimiqaError
from kimiqa.models import get_model
from kimiqa.money import Price
from kimiqa.parallel import prefix_first
from kimiqa.plan import Answer
from kimiqa.testing import KimiServer

PAPER, OTHER = (document(Random(n), 20, f"paper {n}") for n in (1, 2))
ASKED = "Who pays for the roof?"


@pytest.fixture
def quiet() -> Iterator[KimiServer]:
    with KimiServer(seed=3, reasoning=20) as server:
        yield server


@pytest.fixture
def asked(quiet: KimiServer) -> Iterator[tuple[Client, Clock]]:
    """A client that has asked one question in full, and its clock."""
    with client_with_clock(quiet) as (client, clock):
        client.ask(ASKED, [PAPER], strategy="full")
        yield client, clock


def _cached(answer: Answer | KimiqaError) -> tuple[int, int | None]:
    """The cached tokens that were predicted, and those the server read."""
    assert isinstance(answer, Answer)
    assert answer.usage
    return answer.estimate.cached_tokens, answer.usage.cached_tokens


# Prediction -------------------------------------------------------------------------------------


def test_hits_are_predicted_to_the_token_and_nearly_all_that_are_possible_are_used() -> None:
    rows = simulate(conversations=5, questions=8, seed=2)

    assert right(rows[2:]) >= TARGET
    assert used(rows[2:]) >= TARGET


@pytest.mark.parametrize(("pause", "warm"), [(299, True), (301, False)])
def test_a_prefix_is_cold_after_five_minutes(
    asked: tuple[Client, Clock], pause: float, warm: bool
) -> None:
    client, clock = asked
    clock.advance(pause)

    predicted, read = _cached(client.ask("Who else?", [PAPER], strategy="full"))

    assert predicted == read
    assert (predicted > 0) is warm


def test_a_question_that_begins_like_another_shares_blocks_inside_of_it(
    quiet: KimiServer,
) -> None:
    alike = "I should like to know of the roof and of its repair, again and again: " * 40
    with client_with_clock(quiet) as (client, _):
        client.conversation([PAPER]).ask("First?", strategy="full")
        talk = client.conversation([PAPER])
        talk.ask("Second?", strategy="full")
        talk.ask("Third?", strategy="full")
        client.ask(f"{alike} who pays?", [PAPER], strategy="full")

        predicted, read = _cached(client.ask(f"{alike} who is paid?", [PAPER], strategy="full"))

    assert predicted == read


def test_chunks_that_hold_the_whole_document_are_warm_for_full(quiet: KimiServer) -> None:
    short = document(Random(5), 8, "short")
    with client_with_clock(quiet) as (client, _):
        client.ask(ASKED, [short], strategy="chunks")

        predicted, read = _cached(client.ask(ASKED, [short], strategy="full"))

    assert predicted == read
    assert predicted > 1_024


def test_a_short_prompt_is_never_warm(asked: tuple[Client, Clock]) -> None:
    client, _ = asked
    plan = client.plan("Who?", [PAPER], strategy="full")
    segments = [each for each in plan.requests[0].segments if each.tokens <= 256]

    host = client._asker.setup.host
    client.ledger.remember_prefix(host, "kimi-k3", "max", segments, 300)

    assert client.ledger.warm_tokens(host, "kimi-k3", "max", segments, minimum=257) == (0, None)


def test_an_answer_that_is_stopped_leaves_its_prompt_warm(quiet: KimiServer) -> None:
    quiet.tokens_per_second = 200
    quiet.reasoning = 400
    with client_with_clock(quiet) as (client, _):
        events = client.stream(ASKED, [PAPER], strategy="full")
        next(events), next(events)
        events.close()  # type: ignore[attr-defined]

        assert client.plan(ASKED, [PAPER], strategy="full").estimate.cached_tokens > 1_024


def test_an_endpoint_that_keeps_nothing_is_promised_no_hits_after_three_misses() -> None:
    with (
        KimiServer(seed=3, reasoning=20) as server,
        client_with_clock(server) as (client, _),
    ):

        def ask() -> tuple[int, int | None]:
            server.cache.clear()
            return _cached(client.ask(ASKED, [PAPER], strategy="full"))

        misses = [ask() for _ in range(5)]
        after = [_cached(client.ask(ASKED, [PAPER], strategy="full")) for _ in range(2)]

    assert [predicted > 0 for predicted, _ in misses] == [False, True, True, True, False]
    assert [predicted == read for predicted, read in after] == [False, True]


# What a change does -----------------------------------------------------------------------------


def test_another_question_drops_nothing(asked: tuple[Client, Clock]) -> None:
    client, _ = asked

    assert client.plan("Who else?", [PAPER], strategy="full").cache_note == ""


def test_changing_the_effort_says_what_it_drops_and_costs(asked: tuple[Client, Clock]) -> None:
    client, _ = asked

    plan = client.plan(ASKED, [PAPER], strategy="full", effort="high")
    dropped = plan.requests[0].prompt_tokens // 256 * 256
    more = round(dropped * Decimal("2.70") / 1_000_000, 3)

    assert plan.cache_note == (
        f"Changing the effort from low to high drops {dropped:,} warm tokens: +${more}."
    )


def test_a_document_put_first_drops_what_stood_there(asked: tuple[Client, Clock]) -> None:
    client, _ = asked

    before = client.plan(ASKED, [OTHER, PAPER], strategy="full")
    behind = client.plan(ASKED, [PAPER, OTHER], strategy="full")

    assert before.cache_note.startswith("Adding a document drops ")
    assert "drop" not in behind.cache_note


def test_a_document_put_behind_says_what_it_keeps_and_what_it_adds(
    asked: tuple[Client, Clock],
) -> None:
    client, clock = asked

    plan = client.plan(ASKED, [PAPER, OTHER], strategy="full")
    warm = plan.estimate.cached_tokens
    new = plan.requests[0].prompt_tokens - warm

    assert warm > 1_024
    assert plan.cache_note == (
        f"Adding paper 2 keeps {warm:,} warm tokens and sends {new:,} new ones: "
        f"+${round(new * Decimal(3) / 1_000_000, 3)}."
    )
    clock.advance(301)
    assert client.plan(ASKED, [PAPER, OTHER], strategy="full").cache_note == ""


def test_the_table_of_ways_says_what_each_drops(asked: tuple[Client, Clock]) -> None:
    client, _ = asked

    notes = {way.strategy: way.cache_note for way in client.ways(ASKED, [PAPER], effort="max")}

    assert notes["full"].startswith("Changing the effort from low to max drops ")


def test_what_has_gone_cold_is_not_mourned(asked: tuple[Client, Clock]) -> None:
    client, clock = asked
    clock.advance(301)

    assert client.plan(ASKED, [PAPER], strategy="full", effort="high").cache_note == ""


# Side by side -----------------------------------------------------------------------------------


def test_of_parallel_questions_over_one_document_only_the_first_misses() -> None:
    random = Random(4)
    with (
        KimiServer(seed=4, reasoning=20, latency=0.1) as slow,
        client_with_clock(slow) as (client, _),
    ):
        answers = client.ask_many([question(random) for _ in range(6)], [PAPER], strategy="full")
        rows = [row.cached_tokens for row in slow.bill]

    assert rows[0] == 0
    assert min(rows[1:]) > 1_024
    assert sorted(cached for _, cached in map(_cached, answers) if cached is not None) == sorted(
        rows
    )
    assert all(predicted == read for predicted, read in map(_cached, answers[1:]))


def test_answers_keep_their_order_and_a_failure_its_place(quiet: KimiServer) -> None:
    quiet.answer = lambda body: str(body["messages"][-1]["content"]).rpartition("\n")[2]
    quiet.fault("quota")
    with client_with_clock(quiet) as (client, _):
        answers = client.ask_many(["One?", "Two?", "Three?"], [PAPER], strategy="full")

    assert isinstance(answers[0], KimiqaError)
    assert [each.text for each in answers[1:] if isinstance(each, Answer)] == ["Two?", "Three?"]


def test_what_is_warm_already_needs_nobody_to_go_first(asked: tuple[Client, Clock]) -> None:
    client, _ = asked
    plans = [client.plan(each, [PAPER], strategy="full") for each in ("One?", "Two?")]
    cold = [client.plan(each, [OTHER], strategy="full") for each in ("One?", "Two?")]

    assert prefix_first(plans) == [[0], [1]]
    assert prefix_first([*plans, *cold]) == [[0], [1], [2, 3]]


# Writing, and the one-hour lifetime -------------------------------------------------------------


def test_a_prompt_kept_for_an_hour_is_priced_as_the_server_bills_it(quiet: KimiServer) -> None:
    with client_with_clock(quiet, cache_ttl="1h") as (client, clock):
        first = client.ask(ASKED, [PAPER], strategy="full")
        clock.advance(1_800)
        second = client.ask(ASKED, [PAPER], strategy="full")

    assert [first.cost.amount, second.cost.amount] == [row.amount for row in quiet.bill]
    assert quiet.chats[0]["prompt_cache_options"] == {"ttl": "1h"}
    assert _cached(second)[0] == _cached(second)[1] == second.estimate.prompt_tokens // 256 * 256
    assert first.estimate.cost.ceiling is not None
    assert first.cost.amount is not None
    assert first.estimate.cost.ceiling >= first.cost.amount
    assert "assumed to stand instead of the prompt price" in first.warnings[0]


def test_the_assumption_stands_on_the_receipt(quiet: KimiServer) -> None:
    with client_with_clock(quiet, cache_ttl="1h") as (client, _):
        client.ask(ASKED, [PAPER], strategy="full")

        (call,) = client.ledger.calls()

    assert call.note is not None
    assert "$6.00 per million, assumed" in call.note


def test_the_hour_breaks_even_at_the_second_pause() -> None:
    price = get_model("kimi-k3", base_url="https://api.moonshot.ai/v1").price
    assert price is not None

    assert break_even(price) == 2
    assert break_even(Price(Decimal(3), Decimal(15), Decimal("0.30"))) is None


def test_the_hour_is_offered_once_it_would_have_paid(asked: tuple[Client, Clock]) -> None:
    client, clock = asked

    def offer() -> str:
        return client.plan(ASKED, [PAPER], strategy="full").cache_offer

    clock.advance(900)
    client.ask(ASKED, [PAPER], strategy="full")
    assert offer() == ""
    clock.advance(900)
    client.ask(ASKED, [PAPER], strategy="full")
    assert "it pays from 2 such times on, and the last day had 2" in offer()


@pytest.mark.parametrize(("model", "ttl"), [("kimi-k2.6", "1h"), ("kimi-k3", "2h")])
def test_a_lifetime_that_is_not_offered_is_refused(quiet: KimiServer, model: str, ttl: str) -> None:
    with pytest.raises(BadRequestError):
        Client(model, api_key="x", base_url=quiet.base_url, home=None, cache_ttl=ttl)

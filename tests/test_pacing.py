"""Calls wait for their turn under the account's limits, whichever process makes them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from asking import lease
from ledger_writer import HOST, begin, reserve, start

from kimiqa import Client
from kimiqa.ledger import Ledger
from kimiqa.ledger.pacing import Asking, NotYetError, OverDayError
from kimiqa.money import Cost, Usage
from kimiqa.plan import Progress
from kimiqa.settings import Limits, Settings, save_settings
from kimiqa.testing import KimiServer


class Clock:
    """Wall-clock seconds that a test turns on."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledgers(tmp_path: Path, clock: Clock) -> Iterator[tuple[Ledger, Ledger]]:
    """One ledger, opened twice, as by two processes."""
    with Ledger.open(tmp_path, clock) as one, Ledger.open(tmp_path, clock) as other:
        yield one, other


def turn(ledger: Ledger, limits: Limits, tokens: int = 1_000) -> str:
    return reserve(ledger, endpoint=HOST, pace=Asking(HOST, limits, tokens))


def end(ledger: Ledger, call_id: str) -> None:
    ledger.settle(call_id, Usage(10, 10), Cost(Decimal("0.01"), "USD"), 1.0)


def test_the_request_over_the_limit_per_minute_waits_until_the_first_is_a_minute_old(
    ledgers: tuple[Ledger, Ledger], clock: Clock
) -> None:
    one, other = ledgers
    turn(one, Limits(rpm=2))
    clock.now += 20
    turn(other, Limits(rpm=2))

    with pytest.raises(NotYetError, match="2 times a minute") as caught:
        turn(one, Limits(rpm=2))

    assert caught.value.seconds == 40
    clock.now += 40
    assert turn(one, Limits(rpm=2))


def test_a_clock_that_is_set_back_makes_nobody_wait_for_longer_than_a_minute(
    ledgers: tuple[Ledger, Ledger], clock: Clock
) -> None:
    one, other = ledgers
    turn(one, Limits(rpm=1))
    clock.now -= 3_600

    with pytest.raises(NotYetError) as caught:
        turn(other, Limits(rpm=1))

    assert caught.value.seconds == 60


def test_tokens_count_with_the_longest_answer_and_free_their_room_one_by_one(
    ledgers: tuple[Ledger, Ledger], clock: Clock
) -> None:
    one, other = ledgers
    turn(one, Limits(tpm=100_000), 60_000)
    clock.now += 10
    turn(other, Limits(tpm=100_000), 40_000)

    with pytest.raises(NotYetError, match="100,000 tokens a minute") as caught:
        turn(other, Limits(tpm=100_000), 60_000)

    assert caught.value.seconds == 50
    clock.now += 50
    assert turn(other, Limits(tpm=100_000), 60_000)


def test_one_at_once_waits_for_the_end_of_the_other(ledgers: tuple[Ledger, Ledger]) -> None:
    one, other = ledgers
    first = turn(one, Limits(concurrency=1))

    with pytest.raises(NotYetError, match="1 at once"):
        turn(other, Limits(concurrency=1))

    end(one, first)
    assert turn(other, Limits(concurrency=1))


def test_who_has_to_wait_has_reserved_nothing(ledgers: tuple[Ledger, Ledger]) -> None:
    one, other = ledgers
    turn(one, Limits(rpm=1))

    with pytest.raises(NotYetError):
        turn(other, Limits(rpm=1))

    assert len(one.calls()) == 1


def test_what_was_refused_counts_for_nothing(ledgers: tuple[Ledger, Ledger]) -> None:
    one, other = ledgers
    one.release(turn(one, Limits(rpm=1)))

    assert turn(other, Limits(rpm=1))


def test_two_processes_take_exactly_the_turns_there_are(tmp_path: Path) -> None:
    crowds = [start("turns", tmp_path, 10, 7) for _ in range(2)]

    begin(*crowds)

    assert sum(int(crowd.communicate()[0]) for crowd in crowds) == 7


def test_what_a_day_has_used_counts_as_it_was_used(
    ledgers: tuple[Ledger, Ledger], clock: Clock
) -> None:
    one, other = ledgers
    end(one, turn(one, Limits(tpd=100_000), 90_000))  # 20 tokens in the end
    turn(other, Limits(tpd=100_000), 60_000)

    with pytest.raises(OverDayError, match="100,000 tokens a day, and 60,020 are used or open"):
        turn(one, Limits(tpd=100_000), 40_000)

    assert turn(one, Limits(tpd=100_000), 39_980)
    clock.now += 86_400
    assert turn(one, Limits(tpd=100_000), 100_000)


def test_for_a_new_day_nobody_waits_but_is_told(server: KimiServer, tmp_path: Path) -> None:
    at = {"base_url": server.base_url, "api_key": server.key or ""}
    asked: dict[str, Any] = {"strategy": "full", "max_completion_tokens": 4_096}
    (request,) = Client("kimi-k3", home=None, **at).plan("When?", [lease()], **asked).requests
    save_settings(Settings(tpd=request.prompt_tokens + 4_200), tmp_path)

    with Client("kimi-k3", home=tmp_path, **at) as client:
        client.ask("When?", [lease()], **asked)
        told, *_ = client.stream("When?", [lease()], **asked)

    assert isinstance(told, Progress)
    assert "may refuse this: the account may use" in told.message
    assert len(server.chats) == 2


def test_questions_asked_side_by_side_keep_to_one_at_once(
    server: KimiServer, tmp_path: Path
) -> None:
    save_settings(Settings(concurrency=1), tmp_path)
    with Client(
        "kimi-k3", base_url=server.base_url, api_key=server.key or "", home=tmp_path
    ) as client:
        answers = client.ask_many(["When?", "Where?", "Who?"], [lease()], strategy="full")

    assert [getattr(each, "state", each) for each in answers] == ["settled"] * 3
    assert server.gate.peak == 1


def test_the_wait_is_told(server: KimiServer, tmp_path: Path) -> None:
    answered = threading.Event()

    def answer(_: dict[str, Any]) -> str:
        assert answered.wait(60)
        return "On 30 April 2030."

    server.answer = answer
    save_settings(Settings(concurrency=1), tmp_path)
    with Client(
        "kimi-k3", base_url=server.base_url, api_key=server.key or "", home=tmp_path
    ) as client:
        held = client.stream("When?", [lease()], strategy="full")
        next(held)
        events = client.stream("Where?", [lease()], strategy="full")
        told = next(events)
        answered.set()
        held.close()
        rest = list(events)

    assert isinstance(told, Progress)
    assert told.message == "Waiting for its turn: the account may ask 1 at once."
    assert rest

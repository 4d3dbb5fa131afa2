"""Every fault of an endpoint, met by a question: what is shown, what is booked, what is sent."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from asking import QUESTION, client_at, lease
from raw_server import RawServer, events, reply

from kimiqa import Answer, Client
from kimiqa.errors import CutError, KimiqaError, LedgerError, UnreachableError
from kimiqa.ledger import Call
from kimiqa.plan import Event, Finished, Progress, Reasoning, Started, Text
from kimiqa.testing import Fault, KimiServer, Scripted

KEY = "sk-canary0123456789abcdefXYZ"
FILLER = "Notice may be given in writing by either party at any time. " * 6
ANSWER = (
    f'It ends on "30 April 2030" [D1 p. 1]. {FILLER}'
    'One side suffices: "either party may terminate" [D1 p. 2].'
)


@pytest.fixture
def server() -> Iterator[KimiServer]:
    with KimiServer(seed=12, answer=ANSWER, reasoning=20, key=KEY) as running:
        yield running


# Every fault ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Met:
    """What a question comes to that meets a fault: an answer's end, or an error's code."""

    outcome: str
    state: str
    """The ledger's."""
    tries: int = 1
    """How often it was sent; 0 where the request did not get through."""


ANSWERED = Met("stop", "settled")
AGAIN = Met("stop", "settled", tries=2)
CUT = Met("incomplete", "estimated")

MET = {
    # Refused before any work, and worth another try.
    Fault.RATE_LIMIT: AGAIN,
    Fault.RATE_LIMIT_BARE: AGAIN,
    Fault.OVERLOADED: AGAIN,
    Fault.UNAVAILABLE_503_WAIT: AGAIN,
    # Refused before any work, and not worth one.
    Fault.RETRY_AFTER_300: Met("rate_limited", "released"),
    Fault.DAY_LIMIT: Met("rate_limited", "released"),
    Fault.QUOTA: Met("quota", "released"),
    Fault.QUOTA_403: Met("quota", "released"),
    Fault.PERMISSION_DENIED: Met("auth", "released"),
    Fault.CONTEXT_TOO_LONG: Met("context_window", "released"),
    Fault.CONTENT_FILTER_400: Met("content_filter", "released"),
    Fault.REDIRECT: Met("broken_reply", "released"),
    # Whether it was paid for cannot be known: never sent again.
    Fault.SERVER_ERROR_500: Met("overloaded", "unknown"),
    Fault.UNAVAILABLE_503: Met("overloaded", "unknown"),
    Fault.GATEWAY_504_HTML: Met("overloaded", "unknown"),
    Fault.RESET_AFTER: Met("cut", "unknown"),
    Fault.HTML_200: Met("broken_reply", "unknown"),
    Fault.HTML_FOR_STREAM: Met("broken_reply", "unknown"),
    Fault.ERROR_BODY_200: Met("cut", "unknown"),
    Fault.EMPTY_BODY: Met("broken_reply", "unknown"),
    Fault.GZIP_BOMB: Met("broken_reply", "unknown"),
    Fault.ENDLESS_REPLY: Met("broken_reply", "unknown"),
    Fault.STALL: Met("deadline", "unknown"),
    Fault.SLOW_DRIP: Met("deadline", "unknown"),
    Fault.COMMENT_PINGS: Met("deadline", "unknown"),
    # Usage came without an answer.
    Fault.EMPTY_CHOICES: Met("broken_reply", "estimated"),
    # Part of the answer came: it is kept, and said to be a part.
    Fault.STREAM_RESET: CUT,
    Fault.STREAM_CUT: CUT,
    Fault.STREAM_EOF: CUT,
    Fault.STREAM_STALL: CUT,
    Fault.BAD_JSON_IN_STREAM: CUT,
    Fault.ERROR_EVENT_IN_STREAM: CUT,
    Fault.TRUNCATED_JSON: CUT,
    Fault.LENGTH: Met("length", "settled"),
    Fault.CONTENT_FILTER_FINISH: Met("content_filter", "settled"),
    # The answer is whole all the same.
    Fault.SHORT_BODY: ANSWERED,
    Fault.JSON_FOR_STREAM: ANSWERED,
    Fault.STREAM_NO_DONE: ANSWERED,
    # The answer is whole, and what it used is our own count.
    Fault.NO_USAGE: Met("stop", "estimated"),
    Fault.LYING_USAGE_ZERO: Met("stop", "estimated"),
    Fault.LYING_USAGE_NEGATIVE: Met("stop", "estimated"),
    Fault.LYING_USAGE_TENFOLD: Met("stop", "estimated"),
    Fault.LYING_USAGE_FLOAT: Met("stop", "estimated"),
    Fault.LYING_USAGE_STRING: Met("stop", "estimated"),
}


ENDLESS = (Fault.STALL, Fault.SLOW_DRIP, Fault.COMMENT_PINGS, Fault.STREAM_STALL)
BEFORE = (Fault.RESET_ON_CONNECT, Fault.RESET_BEFORE)
"""Whether the request had been handed over by then depends on who was faster."""


def test_every_fault_of_the_server_is_met_here() -> None:
    assert {*MET, *BEFORE} == set(Fault)


@pytest.mark.parametrize("fault", MET, ids=lambda fault: fault.value)
def test_a_fault_is_shown_and_booked_as_what_it_is(fault: Fault, server: KimiServer) -> None:
    met = MET[fault]
    client = client_at(server, deadline=2 if fault in ENDLESS else 30)
    server.fault(fault)

    outcome = _outcome(client)

    (row,) = client.ledger.calls()
    assert (_name(outcome), row.state) == (met.outcome, met.state)
    assert len(server.chats) == met.tries
    assert len(server.bill) <= 1
    _check_money(row, outcome, server)
    if isinstance(outcome, Answer):
        _check_answer(outcome)
    else:
        _check_error(outcome)


def _outcome(client: Client) -> Answer | KimiqaError:
    try:
        return client.ask(QUESTION, [lease()])
    except KimiqaError as error:
        return error


def _name(outcome: Answer | KimiqaError) -> str:
    if isinstance(outcome, KimiqaError):
        return outcome.code
    return outcome.finish_reason or "incomplete"


def _check_answer(answer: Answer) -> None:
    """No part of an answer is taken for the whole, and what did come is kept and checked."""
    assert ANSWER.startswith(answer.text)
    assert answer.complete is (answer.text == ANSWER)
    assert answer.complete or answer.warnings
    assert all(each.status == "verified" for each in answer.citations)
    assert len(answer.citations) == answer.text.count("]")


def _check_error(error: KimiqaError) -> None:
    """One sentence that names the host or the model, with a next step, and no key in it."""
    assert error.message.endswith(".")
    assert "\n" not in str(error)
    assert "127.0.0.1" in error.message
    assert error.hint
    assert KEY not in str(error)


def _check_money(row: Call, outcome: Answer | KimiqaError, server: KimiServer) -> None:
    if row.state == "settled":
        assert row.cost is not None
        assert row.cost.amount == server.billed
    if row.state == "released":
        assert server.bill == []
    if row.state == "unknown":
        assert row.cost is None
    if isinstance(outcome, Answer):
        assert row.cost == outcome.cost
        assert row.state == outcome.state
        assert row.usage == outcome.usage


@pytest.mark.parametrize("fault", BEFORE, ids=lambda fault: fault.value)
def test_a_connection_that_is_reset_at_once_is_tried_again_or_counts_as_unknown(
    fault: Fault, server: KimiServer
) -> None:
    client = client_at(server)
    server.fault(fault)

    outcome = _outcome(client)

    (row,) = client.ledger.calls()
    assert (_name(outcome), row.state) in (("stop", "settled"), ("cut", "unknown"))
    _check_money(row, outcome, server)


@pytest.mark.parametrize("fault", [f for f, met in MET.items() if met.state == "unknown"][:3])
def test_an_unknown_call_counts_at_its_ceiling(fault: Fault, server: KimiServer) -> None:
    client = client_at(server)
    plan = client.plan(QUESTION, [lease()])
    server.fault(fault)

    with pytest.raises(KimiqaError):
        client.run(plan)

    assert client.ledger.spent("day") == plan.estimate.cost.ceiling


def test_a_released_call_counts_for_nothing(server: KimiServer) -> None:
    client = client_at(server)
    server.fault(Fault.QUOTA)

    with pytest.raises(KimiqaError):
        client.ask(QUESTION, [lease()])

    assert client.ledger.spent("day") == 0


def test_quota_is_never_tried_again_and_patience_ends(server: KimiServer) -> None:
    client = client_at(server)
    server.fault(Fault.QUOTA, times=None)

    with pytest.raises(KimiqaError):
        client.ask(QUESTION, [lease()])
    assert len(server.chats) == 1

    server.faults.clear()
    server.fault(Fault.OVERLOADED, times=None, retry_after=0)
    with pytest.raises(KimiqaError) as caught:
        client.ask(QUESTION, [lease()])

    assert caught.value.code == "overloaded"
    assert len(server.chats) == 1 + 4


def test_a_question_after_a_fault_is_answered(server: KimiServer) -> None:
    client = client_at(server)
    server.fault(Fault.STREAM_RESET)

    client.ask(QUESTION, [lease()])
    answer = client.ask(QUESTION, [lease()])

    assert answer.complete
    assert [row.state for row in client.ledger.calls()] == ["settled", "estimated"]


def test_a_wrong_key_is_refused_by_the_server_and_released(server: KimiServer) -> None:
    client = Client("kimi-k3", base_url=server.base_url, api_key="sk-wrong0123456789abcdef")

    with pytest.raises(KimiqaError) as caught:
        client.ask(QUESTION, [lease()])

    assert caught.value.code == "auth"
    assert "0123456789" not in str(caught.value)
    assert client.ledger.calls()[0].state == "released"


def test_a_server_that_is_not_there_costs_nothing(server: KimiServer) -> None:
    client = client_at(server)
    server.stop()

    with pytest.raises(UnreachableError):
        client.ask(QUESTION, [lease()])

    assert client.ledger.calls()[0].state == "released"


# Answers that are none --------------------------------------------------------------------------


def test_an_answer_of_thoughts_alone_says_what_to_do(server: KimiServer) -> None:
    server.answer, server.reasoning = ANSWER, 50_000

    answer = client_at(server).ask(QUESTION, [lease()], max_completion_tokens=200)

    assert (answer.text, answer.finish_reason, answer.complete) == ("", "length", False)
    assert "used all 200 completion tokens for thinking" in answer.warnings[-1]
    assert answer.cost.amount == server.billed


def test_an_empty_answer_is_said_to_be_empty(server: KimiServer) -> None:
    server.answer = ""

    answer = client_at(server).ask(QUESTION, [lease()])

    assert (answer.complete, answer.state) == (False, "settled")
    assert "no answer" in answer.warnings[-1]


def test_a_content_filter_keeps_what_came(server: KimiServer) -> None:
    server.answer = Scripted("The first half.", reasoning=5, finish_reason="content_filter")

    answer = client_at(server).ask(QUESTION, [lease()])

    assert (answer.text, answer.complete) == ("The first half.", False)
    assert "content filter" in answer.warnings[-1]


# Stopping ---------------------------------------------------------------------------------------


def _until(kind: type, events: Iterator[Event]) -> Any:
    return next(event for event in events if isinstance(event, kind))


def test_a_call_is_reserved_at_its_ceiling_before_it_is_sent(server: KimiServer) -> None:
    client = client_at(server)
    plan = client.plan(QUESTION, [lease()])
    with closing(client.stream(plan)) as events:  # type: ignore[type-var]
        started = _until(Started, events)

        row = client.ledger.call(started.id)
        assert row is not None
        assert (row.state, row.cost) == ("reserved", None)
        assert row.ceiling is not None
        assert row.ceiling.amount == plan.estimate.cost.ceiling


def test_closing_a_stream_books_what_has_come_and_hangs_up(server: KimiServer) -> None:
    server.tokens_per_second = 100
    client = client_at(server)
    events = client.stream(QUESTION, [lease()])
    _until(Text, events)

    events.close()  # type: ignore[attr-defined]

    (row,) = client.ledger.calls()
    assert row.state == "estimated"
    assert row.usage is not None
    assert row.usage.completion_tokens > 0
    assert row.cost is not None
    assert 0 < (row.cost.amount or 0) <= server.billed
    _wait_for(lambda: server.dropped)


def test_closing_while_it_thinks_books_the_thinking(server: KimiServer) -> None:
    server.tokens_per_second, server.reasoning = 100, 400
    client = client_at(server)
    events = client.stream(QUESTION, [lease()])
    _until(Reasoning, events)

    events.close()  # type: ignore[attr-defined]

    (row,) = client.ledger.calls()
    assert row.state == "estimated"
    assert row.usage is not None
    assert row.usage.reasoning_tokens == row.usage.completion_tokens > 0


def test_closing_before_anything_was_sent_costs_nothing(server: KimiServer) -> None:
    client = client_at(server)
    events = client.stream(QUESTION, [lease()])
    _until(Started, events)

    events.close()  # type: ignore[attr-defined]

    assert client.ledger.calls()[0].state in ("released", "unknown", "estimated")


def test_closing_while_it_waits_to_try_again_costs_nothing(server: KimiServer) -> None:
    server.fault(Fault.RATE_LIMIT, retry_after=30)
    client = client_at(server)
    events = client.stream(QUESTION, [lease()])
    progress = _until(Progress, events)

    events.close()  # type: ignore[attr-defined]

    assert "Waiting 30 s." in progress.message
    assert client.ledger.calls()[0].state == "released"
    assert len(server.chats) == 1


def test_dropping_a_stream_is_closing_it(server: KimiServer) -> None:
    server.tokens_per_second = 100
    client = client_at(server)

    for event in client.stream(QUESTION, [lease()]):
        if isinstance(event, Text):
            break

    _wait_for(lambda: client.ledger.calls()[0].state == "estimated")


def _wait_for(happened: Any, tries: int = 200) -> None:
    import time

    for _ in range(tries):
        if happened():
            return
        time.sleep(0.01)
    raise AssertionError("it did not happen")


# A ledger that cannot be written ----------------------------------------------------------------


def _break_ledger(home: Path) -> None:
    with closing(sqlite3.connect(home / "ledger.db")) as database:
        database.execute("ALTER TABLE calls RENAME TO gone")


def test_nothing_is_sent_that_cannot_be_written_down(server: KimiServer, home: Path) -> None:
    client = client_at(server)
    plan = client.plan(QUESTION, [lease()])
    _break_ledger(home)

    with pytest.raises(LedgerError):
        client.run(plan)

    assert server.chats == []


def test_a_paid_answer_is_kept_where_its_receipt_cannot_be(server: KimiServer, home: Path) -> None:
    client = client_at(server)
    server.latency = 1.0
    events = client.stream(QUESTION, [lease()])
    _until(Started, events)
    _break_ledger(home)

    answer = _until(Finished, events).answer

    assert answer.text == ANSWER
    assert answer.cost.amount == server.billed
    assert any("ledger" in warning for warning in answer.warnings)


def test_an_answer_is_kept_where_its_turn_cannot_be(server: KimiServer, home: Path) -> None:
    talk = client_at(server).conversation([lease()])
    with closing(sqlite3.connect(home / "ledger.db")) as database:
        database.execute("ALTER TABLE turns RENAME TO gone")

    answer = talk.ask(QUESTION)

    assert answer.text == ANSWER
    assert any("ledger" in warning for warning in answer.warnings)


# Usage that cannot be believed --------------------------------------------------------------------


def _said(usage: dict[str, int], finish: str | None = "stop") -> bytes:
    usage = usage | {"cached_tokens": 0}
    said = {"choices": [{"index": 0, "delta": {"content": "Yes."}}], "usage": usage}
    end = {"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]}
    return reply(events(said, end))


def _asked_of(raw: bytes) -> tuple[Answer, Client]:
    with RawServer(raw) as server:
        client = Client("kimi-k3", base_url=server.base_url, api_key=KEY)
        return client.ask(QUESTION, [lease()]), client


def test_an_endpoint_that_passes_the_limit_it_was_given_is_told_of() -> None:
    answer, _ = _asked_of(_said({"prompt_tokens": 400, "completion_tokens": 50_000}))

    assert answer.state == "settled"
    assert "50,000 completion tokens, above the limit of 16,384" in answer.warnings[0]


def test_a_prompt_somewhat_off_our_count_is_billed_as_said_and_told_of() -> None:
    answer, _ = _asked_of(_said({"prompt_tokens": 780, "completion_tokens": 10}))

    assert answer.state == "settled"
    assert answer.cost.amount == Decimal("0.00249")
    assert "follows the endpoint's count" in answer.warnings[0]


@pytest.mark.parametrize("finish", ["stop", None])
def test_a_prompt_far_off_our_count_is_not_billed_as_said(finish: str | None) -> None:
    answer, client = _asked_of(_said({"prompt_tokens": 8_000, "completion_tokens": 10}, finish))

    assert answer.state == "estimated"
    assert answer.usage is not None
    assert answer.usage.prompt_tokens == answer.estimate.prompt_tokens
    assert client.ledger.calls()[0].cost == answer.cost


def test_thoughts_that_the_endpoint_forgot_are_counted_and_weigh_the_ceiling() -> None:
    usage = {"prompt_tokens": 400, "completion_tokens": 0, "cached_tokens": 0}
    thought = {"choices": [{"index": 0, "delta": {"reasoning_content": "Let me see. " * 400}}]}
    said = {"choices": [{"index": 0, "delta": {"content": "Yes."}}], "usage": usage}
    end = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}

    answer, client = _asked_of(reply(events(thought, said, end)))

    assert (answer.state, answer.uncertain) == ("estimated", True)
    assert answer.usage is not None
    assert answer.usage.completion_tokens > 1_000
    assert any("0 completion tokens" in each for each in answer.warnings)
    assert client.ledger.spent("day") == answer.estimate.cost.ceiling


def test_a_reply_without_words_or_an_end_is_an_error_that_is_booked() -> None:
    usage = {"prompt_tokens": 400, "completion_tokens": 10, "cached_tokens": 0}
    empty = {"choices": [{"index": 0, "delta": {"role": "assistant"}}], "usage": usage}
    with RawServer(reply(events(empty))) as server:
        client = Client("kimi-k3", base_url=server.base_url, api_key=KEY)

        with pytest.raises(CutError, match="without an answer") as caught:
            client.ask(QUESTION, [lease()])

    (row,) = client.ledger.calls()
    assert row.state == "estimated"
    assert "$0.0014" in caught.value.hint


def test_usage_of_a_reply_that_did_not_end_is_an_estimate() -> None:
    answer, _ = _asked_of(_said({"prompt_tokens": 400, "completion_tokens": 10}, finish=None))

    assert (answer.state, answer.complete) == ("estimated", False)


def test_a_stream_that_is_closed_at_any_moment_leaves_no_row_open(server: KimiServer) -> None:
    client = client_at(server)

    for _ in range(12):
        events = client.stream(QUESTION, [lease()])
        _until(Reasoning, events)
        events.close()  # type: ignore[attr-defined]

    assert {call.state for call in client.ledger.calls()} <= {"estimated", "settled"}
    assert len(client.ledger.calls()) == 12

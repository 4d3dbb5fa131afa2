"""A conversation: a prefix that only grows, byte for byte, and is read from the cache."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from asking import QUESTION, canonical, client_at, lease, planned, report, sent

from kimiqa import Client, Document
from kimiqa.errors import BadRequestError, OverCapError
from kimiqa.plan import Finished, Text
from kimiqa.prompts import document_block, first_message
from kimiqa.testing import Fault, KimiServer

QUESTIONS = ("When does it end?", "And the rent?", "What of the notice?", "Who signs?")


def _messages(server: KimiServer) -> list[list[dict[str, Any]]]:
    return [body["messages"] for body in server.chats]


@pytest.mark.parametrize("strategy", ["full", "chunks"])
def test_each_turn_sends_all_that_was_sent_before_byte_for_byte(
    strategy: Any, server: KimiServer
) -> None:
    talk = client_at(server).conversation([lease(), report(12)])

    answers = [talk.ask(question, strategy=strategy) for question in QUESTIONS]

    turns = _messages(server)
    for n, (before, after) in enumerate(pairwise(turns)):
        assert canonical(after[: len(before)]) == canonical(before)
        assert after[len(before)] == {"role": "assistant", "content": answers[n].text}
        assert len(after) == len(before) + 2


def test_the_documents_stand_in_the_first_message_alone(server: KimiServer) -> None:
    talk = client_at(server).conversation([lease()])

    for question in QUESTIONS:
        talk.ask(question, strategy="full")

    last = _messages(server)[-1]
    first = first_message([document_block(1, lease())], QUESTIONS[0])
    said = [message["content"] for message in last if message["role"] == "user"]
    assert said == [first, *QUESTIONS[1:]]


@pytest.mark.parametrize("strategy", ["full", "chunks"])
def test_a_turn_is_sent_as_planned(strategy: Any, server: KimiServer) -> None:
    talk = client_at(server).conversation([report()])
    talk.ask(QUESTION, strategy=strategy)

    plan = talk.plan("And of Quill house 13?", strategy=strategy)
    list(talk.stream(plan))

    assert sent(server) == planned(plan)


# The cache --------------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", ["full", "chunks"])
def test_the_second_estimate_shows_the_cache_hit_that_comes(
    strategy: Any, server: KimiServer
) -> None:
    talk = client_at(server).conversation([report()])
    first = talk.estimate(QUESTION, strategy=strategy)
    talk.ask(QUESTION, strategy=strategy)

    second = talk.estimate("And the rent of Quill house 5?", strategy=strategy)
    answer = talk.ask("And the rent of Quill house 5?", strategy=strategy)

    assert first.cached_tokens == 0
    assert second.cached_tokens >= first.prompt_tokens - 512
    assert answer.usage is not None
    assert answer.usage.cached_tokens is not None
    assert abs(answer.usage.cached_tokens - second.cached_tokens) <= 512
    assert second.cost.expected is not None
    assert second.cost.cold is not None
    assert second.cost.expected < second.cost.cold


@pytest.mark.parametrize("strategy", ["auto", "full", "chunks"])
def test_the_next_turn_is_estimated_also_where_a_cap_forbids_it(
    strategy: Any, server: KimiServer
) -> None:
    talk = client_at(server).conversation([report()])
    talk.ask(QUESTION, strategy="full")

    guess = talk.estimate("And of Quill house 13?", strategy=strategy, max_cost="0.000001")

    assert guess.cost.ceiling is not None
    assert guess.cost.ceiling > Decimal("0.000001")
    with pytest.raises(OverCapError):
        talk.plan("And of Quill house 13?", strategy=strategy, max_cost="0.000001")


def test_a_cache_that_has_gone_cold_is_not_counted_on(server: KimiServer) -> None:
    client = client_at(server)
    talk = client.conversation([report()])
    talk.ask(QUESTION, strategy="full")
    warm = talk.plan("And the rent?", strategy="full")
    assert warm.estimate.cached_tokens > 0

    _later(client, 301)

    assert talk.plan("And the rent?", strategy="full").estimate.cached_tokens == 0


def _later(client: Client, seconds: float) -> None:
    """Set the ledger's clock forward."""
    clock = client.ledger._clock  # the ledger's own seam for tests
    client.ledger._clock = lambda: clock() + seconds


def test_another_effort_or_model_shares_no_cache(server: KimiServer) -> None:
    client = client_at(server)
    client.ask(QUESTION, [report()], strategy="full")

    high = client.estimate(QUESTION, [report()], strategy="full", effort="high")
    other = client_at(server, "kimi-k2.7-code").estimate(QUESTION, [report()], strategy="full")

    assert (high.cached_tokens, other.cached_tokens) == (0, 0)


def test_a_second_question_without_a_conversation_finds_the_documents_warm(
    server: KimiServer,
) -> None:
    client = client_at(server)
    client.ask("Summarise it.", [report()])

    other = client.estimate("What was settled in 1850?", [report()], strategy="full")

    assert other.cached_tokens > other.prompt_tokens - 600


def test_documents_in_another_order_are_another_prefix(server: KimiServer) -> None:
    client = client_at(server)
    client.ask(QUESTION, [report(40), lease()], strategy="full")

    same = client.estimate("Why?", [report(40), lease()], strategy="full")
    turned = client.estimate("Why?", [lease(), report(40)], strategy="full")

    assert same.cached_tokens > 10_000
    assert turned.cached_tokens <= 512


# What a turn is ---------------------------------------------------------------------------------


def test_an_answer_without_words_is_no_turn(server: KimiServer) -> None:
    talk = client_at(server).conversation([lease()])
    server.answer = ""
    talk.ask("First?")
    server.answer = "Yes."

    talk.ask("Second?")

    assert len(_messages(server)[-1]) == 2


def test_a_turn_that_was_stopped_is_no_turn(server: KimiServer) -> None:
    server.tokens_per_second = 200
    talk = client_at(server).conversation([lease()])
    events = talk.stream("First?")
    next(event for event in events if isinstance(event, Text))
    events.close()  # type: ignore[attr-defined]

    assert len(talk.plan("Second?").requests[0].messages) == 2


def test_a_turn_that_broke_off_is_kept_as_it_was_shown(server: KimiServer) -> None:
    server.answer = "The lease ends on the last day of April. " * 8
    server.fault(Fault.STREAM_CUT)
    talk = client_at(server).conversation([lease()])

    answer = talk.ask("When?")

    assert answer.finish_reason is None
    assert talk.plan("And?").requests[0].messages[2]["content"] == answer.text


def test_every_turn_is_booked_under_its_conversation(server: KimiServer) -> None:
    client = client_at(server)
    talk = client.conversation([lease()])

    list(talk.stream("First?"))
    talk.ask("Second?")
    client.ask("Beside it?", [lease()])

    assert len(client.ledger.calls(conversation=talk.id)) == 2


def test_a_stream_of_a_turn_ends_with_its_answer(server: KimiServer) -> None:
    talk = client_at(server).conversation([lease()])

    *_, end = talk.stream("When does it end?")

    assert isinstance(end, Finished)
    assert talk.plan("And?").requests[0].messages[2]["content"] == end.answer.text


def test_the_ways_of_the_next_turn_count_what_is_warm(server: KimiServer) -> None:
    talk = client_at(server).conversation([report()])
    talk.ask("Summarise it.")

    ways = {way.strategy: way for way in talk.ways("And the rent?")}

    assert ways["full"].estimate.cached_tokens > 40_000
    assert ways["chunks"].estimate.cached_tokens < 1_000


# Going on later ---------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", ["full", "chunks"])
def test_a_conversation_goes_on_from_the_ledger_byte_for_byte(
    strategy: Any, server: KimiServer
) -> None:
    documents = [lease(), report()]
    with client_at(server) as client:
        talk = client.conversation(documents)
        talk.ask("When does it end?\n\tAnd why?", strategy=strategy)
        talk.ask("And the rent of Quill house 5?", strategy=strategy)
        expected = talk.plan("Who signs?", strategy=strategy)

    again = client_at(server).conversation(documents, talk.id)
    plan = again.plan("Who signs?", strategy=strategy)

    assert again.id == talk.id
    assert planned(plan) == planned(expected)
    assert plan.estimate.cached_tokens == expected.estimate.cached_tokens > 0


def test_a_resumed_conversation_names_its_documents_as_before(
    server: KimiServer, tmp_path: Path
) -> None:
    file = tmp_path / "lease.txt"
    file.write_text("The lease ends on 30 April 2030.", encoding="utf-8")
    talk = client_at(server).conversation([file])
    talk.ask("When?")
    renamed = Document.open(file, name="another.txt")

    again = client_at(server).conversation([renamed], talk.id)

    messages = again.plan("And?").requests[0].messages
    assert canonical(messages[:2]) == canonical(server.chats[0]["messages"])


def test_other_documents_are_no_way_to_go_on(server: KimiServer) -> None:
    client = client_at(server)
    talk = client.conversation([lease()])
    talk.ask("When?")

    with pytest.raises(BadRequestError, match=r"about lease\.txt"):
        client.conversation([report()], talk.id)


def test_an_unknown_conversation_begins_anew_under_its_name(server: KimiServer) -> None:
    talk = client_at(server).conversation([lease()], "the-lease")

    talk.ask("When?")

    assert talk.id == "the-lease"
    assert len(client_at(server).conversation([lease()], "the-lease").plan("And?").requests) == 1


def test_without_a_home_a_conversation_lives_as_long_as_its_client(server: KimiServer) -> None:
    client = client_at(server, home=None)
    talk = client.conversation([lease()])
    talk.ask("When?")

    kept = client.conversation([lease()], talk.id).plan("And?")
    lost = client_at(server, home=None).conversation([lease()], talk.id).plan("And?")

    assert len(kept.requests[0].messages) == 4
    assert len(lost.requests[0].messages) == 2


# Evidence ---------------------------------------------------------------------------------------


def test_of_long_pages_the_pieces_nearest_to_the_quotes_are_kept(server: KimiServer) -> None:
    line = "Clause {} of the schedule says nothing that anyone would ever ask about."
    long = "\n".join(line.format(n) for n in range(1, 2_001))
    document = Document.from_pages([long, long], name="schedule.txt")
    server.answer = f'It says "{line.format(1_000)}" [D1 p. 2] and no more [D1 p. 9].'
    talk = client_at(server).conversation([document])
    talk.ask("What does clause 1000 say?", strategy="full")

    (turn,) = talk._talk.turns

    kept = "".join(document.pages[1].text[each.start : each.end] for each in turn.chunks)
    assert {each.page for each in turn.chunks} == {2}
    assert line.format(1_000) in kept
    assert line.format(900) in kept
    assert line.format(1) not in kept
    assert 7_000 < sum(each.tokens for each in turn.chunks) <= 8_000


def test_what_was_sent_before_is_not_kept_twice(server: KimiServer) -> None:
    talk = client_at(server).conversation([lease(), report(40)])
    server.answer = "It ends then [D1 p. 1]."
    talk.ask(QUESTION, strategy="chunks", max_prompt_tokens=700)
    server.answer = "In advance [D1 p. 1], and for 259 crowns [D2 p. 7]."
    talk.ask("How is the rent paid?", strategy="full")

    before, after = talk._talk.turns

    assert {(each.document, each.page) for each in before.chunks} >= {("D1", 1)}
    kept = {(each.document, each.page) for each in after.chunks}
    assert kept == {("D2", 7)}
    assert not kept & {(each.document, each.page) for each in before.chunks}

"""A swarm reads everything once, keeps what it paid for, and never passes its ceiling."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
import threading
from argparse import Namespace
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pdfs
import pytest
from asking import canonical, client_at, report
from bench.swarm import LARGER, measured
from hypothesis import given, settings
from hypothesis import strategies as st

import kimiqa
from kimiqa import Client, Document
from kimiqa.errors import (
    BadRequestError,
    BrokenReplyError,
    ContentFilterError,
    ContextWindowError,
    EndpointError,
    NoPicturesError,
    OverCapError,
    QuotaError,
)
from kimiqa.plan import Answer, Finished, Plan, Step
from kimiqa.settings import Settings, save_settings
from kimiqa.swarm.dividing import Leaf, Share, divide
from kimiqa.swarm.sizing import merge_of
from kimiqa.swarm.wording import NOTHING
from kimiqa.testing import Fault, KimiServer, Limits, Scripted

QUESTION = "What was settled of the rent of Marrow house 2?"
SMALL = 12_000
"""A prompt of so many tokens holds a few dozen of the report's pages."""
_PLACE = re.compile(r'<document id="(D\d+)"|<page n="(\d+)">\n(?=\S)')
_AT_LENGTH = "It was settled, and entered in a book, and told of in other words " * 4
_READ_HERE = re.compile(r'<page n="(\d+)">\n([^\n]{30,}?) was settled')


# What the server says, and what it saw ------------------------------------------------------------


def quoting(body: dict[str, Any]) -> str:
    """A reader's findings: one true quote of its first page. A merge's: the same line again."""
    asked = str(body["messages"][-1]["content"])
    if "<findings" in asked:
        found = re.findall(r"^- .*$", asked.partition("\n</findings>\n\n")[0], re.MULTILINE)
        return "\n".join(dict.fromkeys(found)) or NOTHING
    document = re.search(r'<document id="(D\d+)"', asked)
    page = _READ_HERE.search(asked)
    assert document
    assert page
    return f'- It was settled: "{page[2]} was settled" [{document[1]} p. {page[1]}].'


@pytest.fixture
def quotes(server: KimiServer) -> KimiServer:
    """A server whose readers quote their first page, and whose merges pass quotes on."""
    server.answer, server.reasoning = quoting, 20
    return server


def prompts(server: KimiServer) -> list[str]:
    return [str(body["messages"][-1]["content"]) for body in server.chats]


def readers(server: KimiServer) -> list[str]:
    """The readers' prompts, as they arrived."""
    return [prompt for prompt in prompts(server) if "one of several readers" in prompt]


def merges(server: KimiServer) -> list[str]:
    return [prompt for prompt in prompts(server) if "<findings" in prompt]


def pages_read(server: KimiServer) -> Counter[tuple[str, int]]:
    """How often each page arrived with its text, by the server's own record."""
    seen: Counter[tuple[str, int]] = Counter()
    for prompt in readers(server):
        document = ""
        for match in _PLACE.finditer(prompt):
            document = match[1] or document
            if match[2]:
                seen[document, int(match[2])] += 1
    return seen


def swarm(client: Client, question: str = QUESTION, *documents: Document, **more: Any) -> Plan:
    options: dict[str, Any] = {"max_prompt_tokens": SMALL, "max_cost": "100", **more}
    return client.plan(question, documents or [report(120)], strategy="swarm", **options)


def stopped_at(client: Client, plan: Plan, share: float) -> list[Step]:
    """Run until so many of the readers are done, then close the stream."""
    steps: list[Step] = []
    wanted = round(len(plan.requests) * share)
    with closing(client.stream(plan)) as events:  # type: ignore[type-var]
        for event in events:
            if isinstance(event, Step):
                steps.append(event)
            if sum(step.state in ("done", "nothing") for step in steps) >= wanted:
                return steps
    raise AssertionError("it ended before it was stopped")


def rows(client: Client) -> Counter[tuple[str, str]]:
    return Counter((call.strategy, call.state) for call in client.ledger.calls())


def answered(client: Client) -> int:
    """How many readers' answers came whole, even if their usage did not."""
    reads = [call for call in client.ledger.calls() if call.strategy == "swarm:read"]
    booked = (each for each in reads if each.state in ("settled", "estimated"))
    return sum(not (each.note or "").startswith("Stopped") for each in booked)


def spent(client: Client) -> Decimal:
    costs = [call.cost.amount for call in client.ledger.calls() if call.cost]
    return sum((each for each in costs if each is not None), Decimal(0))


def nothing_held(client: Client) -> bool:
    """Whether today counts for what was booked, and for no reservation beside it. A call that
    was stopped, and may have cost more than is booked, counts at its ceiling."""
    calls = client.ledger.calls()
    stopped = [each for each in calls if each.state in ("unknown", "estimated")]
    most = sum((Decimal(each.estimate["cost"]["ceiling"]) for each in stopped if each.estimate),
               Decimal(0))  # fmt: skip
    booked = sum(
        (each.cost.amount or Decimal(0) for each in calls if each.cost and each not in stopped),
        Decimal(0),
    )
    return client.ledger.spent("day") == booked + most


# Dividing -----------------------------------------------------------------------------------------

_SIZES = st.lists(st.integers(1, 400), min_size=1, max_size=60)


@given(documents=st.lists(_SIZES, min_size=1, max_size=4), spare=st.integers(0, 2_000))
def test_pages_are_divided_in_order_none_lost_none_twice_within_room_and_among_few(
    documents: list[list[int]], spare: int
) -> None:
    leaves = [
        Leaf(n, page, tokens)
        for n, sizes in enumerate(documents, 1)
        for page, tokens in enumerate(sizes, 1)
    ]
    heads = dict.fromkeys(range(1, len(documents) + 1), 20)
    room = max(leaf.tokens for leaf in leaves) + 20 + spare

    shares = divide(leaves, room, heads=heads)

    assert [leaf for share in shares for leaf in share.leaves] == leaves
    assert all(_held(share, heads) <= room for share in shares)
    assert len(shares) == _fewest(leaves, room, heads)


def _held(share: Share, heads: dict[int, int]) -> int:
    return sum(leaf.tokens for leaf in share.leaves) + sum(heads[n] for n in share.pages)


def _fewest(leaves: list[Leaf], room: int, heads: dict[int, int]) -> int:
    """By filling each to the brim, which for shares of consecutive pages is the best there is."""
    count, held, document = 0, 0, 0
    for leaf in leaves:
        more = leaf.tokens + (0 if leaf.document == document else heads[leaf.document])
        if not count or held + more > room:
            count, held, more = count + 1, 0, leaf.tokens + heads[leaf.document]
        held, document = held + more, leaf.document
    return count


def test_readers_are_about_equally_full() -> None:
    leaves = [Leaf(1, page, 100) for page in range(1, 102)]

    shares = divide(leaves, 1_000, heads={1: 10})

    sizes = [len(share.leaves) for share in shares]
    assert max(sizes) - min(sizes) <= 1


def test_a_page_larger_than_a_readers_room_is_named() -> None:
    with pytest.raises(ContextWindowError, match="Page 2 of D1 alone has 900 tokens"):
        divide([Leaf(1, 1, 10), Leaf(1, 2, 900)], 500, heads={1: 10})


@given(readers=st.integers(1, 300), found=st.integers(100, 8_192), room=st.integers(500, 100_000))
def test_every_finding_reaches_the_answer_whatever_the_window(
    readers: int, found: int, room: int
) -> None:
    merge = merge_of(readers, found, room, 300)

    if merge is None:
        assert (room - 300) // (found + 96) < 2
        return
    left = readers
    for calls in merge.rounds:
        assert sum(calls) == left
        assert all(n * (found + 96) + 300 <= room for n in calls)
        left = len(calls)
    assert left == 1


# Reading and merging ------------------------------------------------------------------------------


def test_every_page_is_read_exactly_once_by_the_servers_own_record(quotes: KimiServer) -> None:
    documents = [report(70), report(50)]
    client = client_at(quotes)
    plan = swarm(client, QUESTION, *documents)

    answer = client.run(plan)

    expected = {(f"D{n}", page) for n, doc in enumerate(documents, 1) for page in _numbers(doc)}
    assert pages_read(quotes) == dict.fromkeys(expected, 1)
    assert len(readers(quotes)) == len(plan.requests) > 2
    assert (answer.coverage.pages, answer.coverage.sent) == (120, 120)


def _numbers(document: Document) -> list[int]:
    return [page.number for page in document.pages]


def test_empty_pages_are_read_by_nobody_and_named(quotes: KimiServer) -> None:
    texts = [page.text for page in report(40).pages]
    texts[4] = texts[20] = ""
    document = Document.from_pages(texts, name="gaps.txt")

    answer = client_at(quotes).run(swarm(client_at(quotes), QUESTION, document))

    assert {page for _, page in pages_read(quotes)} == set(range(1, 41)) - {5, 21}
    (left,) = answer.coverage.left_out
    assert (left.reason, left.pages) == ("empty", (5, 21))


def test_chosen_pages_alone_are_read(quotes: KimiServer) -> None:
    client = client_at(quotes)

    answer = client.run(swarm(client, QUESTION, report(120), pages="11-60"))

    assert {page for _, page in pages_read(quotes)} == set(range(11, 61))
    assert answer.coverage.sent == 50


def test_what_was_planned_for_readers_is_sent_byte_for_byte(quotes: KimiServer) -> None:
    client = client_at(quotes)
    plan = swarm(client)

    client.run(plan)

    sent = [
        canonical({key: value for key, value in body.items() if not key.startswith("stream")})
        for body in quotes.chats
    ]
    assert {request.content for request in plan.requests} <= set(sent)
    assert len(plan.requests) == len(readers(quotes))


def test_citations_survive_both_steps_and_are_checked(quotes: KimiServer) -> None:
    client = client_at(quotes)

    answer = client.run(swarm(client))

    assert {each.status for each in answer.citations} == {"verified"}
    assert len(answer.citations) == len(readers(quotes))


def test_the_merge_is_told_which_quotes_stand_on_no_page(server: KimiServer) -> None:
    server.answer = '- It ends: "the lease was never signed by anybody" [D1 p. 3].'
    client = client_at(server)

    answer = client.run(swarm(client))

    assert "[D1 p. 3] (not found on that page)" in merges(server)[0]
    assert {each.status for each in answer.citations} == {"unverified"}


def test_readers_that_find_nothing_are_left_out_of_the_merge(server: KimiServer) -> None:
    def only_the_first(body: dict[str, Any]) -> str:
        said = str(body["messages"][-1]["content"])
        return quoting(body) if "<findings" in said or '<page n="1">' in said else "Nothing here."

    server.answer = only_the_first
    client = client_at(server)
    steps = [event for event in client.stream(swarm(client)) if isinstance(event, Step)]

    states = Counter(step.state for step in steps if step.kind == "read")
    assert states["done"] == 1
    assert states["nothing"] == len(readers(server)) - 1
    assert merges(server)[-1].count("<findings") == 1


def test_where_nobody_finds_anything_the_merge_says_so(server: KimiServer) -> None:
    server.answer = NOTHING
    client = client_at(server)

    client.run(swarm(client))

    assert "No reader found anything that helps." in merges(server)[-1]


def test_findings_larger_than_a_prompt_are_merged_in_rounds(server: KimiServer) -> None:
    server.answer, server.reasoning = quoting_every_page, 20
    client = client_at(server)
    plan = swarm(client, QUESTION, report(200))
    bounds = plan.stages[1].bounds
    assert bounds

    answer = client.run(plan)

    assert len(bounds.rounds) > 1
    assert 1 < len(merges(server)) <= bounds.max_calls
    assert all("one list of them" in prompt for prompt in merges(server)[:-1])
    assert len(answer.citations) == len(plan.requests)
    assert {each.status for each in answer.citations} == {"verified"}


def quoting_every_page(body: dict[str, Any]) -> str:
    """A reader's findings: a true quote of each of its pages. A merge's: the first line of each
    reader's, or list's."""
    asked = str(body["messages"][-1]["content"])
    if "<findings" in asked:
        groups = re.findall(r"<findings pages[^\n]*\n(.*?)\n</findings>", asked, re.DOTALL)
        return "\n".join(line for each in groups for line in kept_of(each))
    return "\n".join(
        f'- {_AT_LENGTH}: "{words} was settled" [D1 p. {page}].'
        for page, words in _READ_HERE.findall(asked)
    )


def kept_of(group: str) -> list[str]:
    """All lines of a list; of a reader's own findings the first."""
    lines = group.splitlines()
    return [lines[0]] if len(lines) > 20 else lines


def test_findings_that_one_prompt_holds_are_merged_at_once(quotes: KimiServer) -> None:
    client = client_at(quotes)
    plan = swarm(client, QUESTION, report(200))
    bounds = plan.stages[1].bounds
    assert bounds
    assert len(bounds.rounds) > 1

    steps = [each for each in client.stream(plan) if isinstance(each, Step)]

    assert len(merges(quotes)) == 1
    assert {(each.number, each.total) for each in steps if each.kind == "merge"} == {(1, 1)}


def test_no_more_merges_run_at_once_than_readers(server: KimiServer) -> None:
    server.answer, server.reasoning = quoting_every_page, 20
    client = client_at(server)
    plan = swarm(client, QUESTION, report(900))
    readers_done = threading.Event()
    running = [0]

    for event in client.stream(plan):
        if isinstance(event, Step) and event.kind == "merge":
            if not readers_done.is_set():
                readers_done.set()
                server.gate.peak, server.latency = 0, 1.0
            running[0] += event.state == "running"

    assert running[0] > 9
    assert server.gate.peak <= 8


def test_lists_that_a_broken_run_has_made_are_not_paid_again(server: KimiServer) -> None:
    server.answer, server.reasoning = quoting_every_page, 20
    client = client_at(server)
    plan = swarm(client, QUESTION, report(200))
    for event in client.stream(plan):
        if isinstance(event, Step) and (event.kind, event.total) == ("merge", event.number):
            break  # the last merge begins
    lists = rows(client)["swarm:condense", "settled"]
    assert lists > 0

    answer = client.run(swarm(client, QUESTION, report(200)))

    assert rows(client)["swarm:condense", "settled"] == lists
    assert len(answer.citations) == len(plan.requests)
    assert swarm(client, QUESTION, report(200)).stages[0].kept == ()


def test_a_reader_that_hit_its_limit_is_told_of(quotes: KimiServer) -> None:
    quotes.fault(Fault.LENGTH)
    client = client_at(quotes)

    answer = client.run(swarm(client))

    assert any("readers were cut off at their limit" in each for each in answer.warnings)


# Money --------------------------------------------------------------------------------------------


def test_the_quote_the_ledger_and_the_servers_bill_agree(server: KimiServer) -> None:
    client = client_at(server)
    client.ask(QUESTION, [report(3)])  # the first receipt shows the model's chat template
    before = len(server.bill)
    plan = swarm(client)

    answer = client.run(plan)

    bill = server.bill[before:]
    calls = [call for call in client.ledger.calls() if call.strategy.startswith("swarm:")]
    own = Counter(each.prompt_tokens for each in plan.requests)
    assert own <= Counter(row.prompt_tokens for row in bill)
    assert sorted(_of_call(call) for call in calls) == sorted(
        (row.prompt_tokens, row.completion_tokens, row.amount) for row in bill
    )
    assert answer.cost.amount == sum(row.amount for row in bill)
    assert answer.usage
    assert answer.usage.prompt_tokens == sum(row.prompt_tokens for row in bill)
    assert plan.estimate.cost.ceiling
    assert answer.cost.amount <= plan.estimate.cost.ceiling


def _of_call(call: Any) -> tuple[int, int, Decimal]:
    return call.usage.prompt_tokens, call.usage.completion_tokens, call.cost.amount


@settings(max_examples=25)
@given(cap=st.decimals("0.10", "3.00", places=2))
def test_a_cap_either_holds_the_whole_swarm_or_refuses_it(cap: Decimal) -> None:
    client = Client("kimi-k3", base_url="http://127.0.0.1:1/v1", api_key="none", home=None)

    try:
        plan = swarm(client, max_cost=cap)
    except OverCapError:
        return

    bounds, ceiling = plan.stages[1].bounds, plan.estimate.cost.ceiling
    assert bounds
    assert bounds.ceiling
    assert ceiling
    assert bounds.ceiling < ceiling <= cap


def test_a_cap_that_is_too_small_sends_nothing(server: KimiServer) -> None:
    client = client_at(server)

    with pytest.raises(OverCapError):
        swarm(client, max_cost="0.05")

    assert server.chats == []


def test_after_thirty_receipts_most_costs_are_inside_their_range(server: KimiServer) -> None:
    client = client_at(server)
    inside: list[bool] = []
    for number in range(1, 33):
        plan = swarm(client, f"What was settled of house {number}?", report(40))
        answer = client.run(plan)
        cost = plan.estimate.cost
        if number > 12:  # three calls each: from here on more than thirty receipts are known
            assert cost.low is not None
            assert cost.high is not None
            assert answer.cost.amount is not None
            inside.append(cost.low <= answer.cost.amount <= cost.high)

    assert sum(inside) / len(inside) >= 0.85


def test_the_next_question_finds_every_readers_pages_warm(quotes: KimiServer) -> None:
    client = client_at(quotes)
    client.run(swarm(client))
    before = len(quotes.bill)

    plan = swarm(client, "And what of the garden of Quill house 5, at great length?")
    client.run(plan)

    least = min(each.prompt_tokens for each in plan.requests)
    own = [row for row in quotes.bill[before:] if row.prompt_tokens >= least]
    cached = sum(row.cached_tokens for row in own)
    bounds = plan.stages[1].bounds
    assert bounds
    assert len(own) == len(plan.requests)
    assert cached > 0.9 * sum(row.prompt_tokens for row in own)
    block = 256
    predicted = plan.estimate.cached_tokens - bounds.max_calls * block  # a merge's rules are warm
    assert abs(predicted - cached) <= 2 * block * len(own)


# Faults, stopping, going on -----------------------------------------------------------------------


def test_a_rate_limit_is_waited_for_and_paid_once(quotes: KimiServer) -> None:
    quotes.fault(Fault.RATE_LIMIT, retry_after=0)
    client = client_at(quotes)
    plan = swarm(client)

    client.run(plan)

    assert len(readers(quotes)) == len(plan.requests) + 1
    assert rows(client)["swarm:read", "settled"] == len(plan.requests)
    assert spent(client) == quotes.billed


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.SERVER_ERROR_500, EndpointError),
        (Fault.STREAM_CUT, None),
        (Fault.QUOTA, QuotaError),
    ],
    ids=lambda each: getattr(each, "value", ""),
)
def test_what_the_others_found_is_kept_when_one_reader_fails(
    fault: Fault, error: type[Exception] | None, quotes: KimiServer
) -> None:
    client = client_at(quotes)
    plan = swarm(client)
    quotes.fault(fault, after=1)
    if error is None:  # a reply that breaks off is kept as far as it came
        client.run(plan)
        return

    with pytest.raises(error, match="found is kept for a week") as caught:
        client.run(plan)

    assert "only what is missing is paid" in str(caught.value)
    assert len(quotes.chats) == sum(rows(client).values()), "none of these is sent again"
    quotes.faults.clear()
    kept = rows(client)["swarm:read", "settled"]
    again = swarm(client)
    assert len(again.requests) == len(plan.requests) - kept
    client.run(again)
    assert rows(client)["swarm:read", "settled"] == len(plan.requests)
    assert nothing_held(client)


def test_a_reader_without_words_is_a_failure_and_not_a_finding(server: KimiServer) -> None:
    server.answer = Scripted("", finish_reason="stop")
    client = client_at(server)

    with pytest.raises(BrokenReplyError, match="wrote nothing"):
        client.run(swarm(client))


def test_a_reader_that_is_cut_before_it_writes_is_asked_once_more_with_twice_the_limit(
    server: KimiServer,
) -> None:
    server.answer, server.reasoning = thinking_of_page(1, tokens=6_000), 20
    client = client_at(server)
    plan = swarm(client)

    steps = [each for each in client.stream(plan) if isinstance(each, Step | Finished)]

    answer = last_of(steps)
    limit = plan.requests[0].max_completion_tokens
    again = [each for each in steps if isinstance(each, Step) and each.kind == "read again"]
    assert [each.state for each in again] == ["waiting", "running", "done"]
    assert len(readers(server)) == len(plan.requests) + 1
    assert len(answer.citations) == len(plan.requests)
    assert answer.coverage.left_out == ()
    assert f"nothing within {limit:,} completion tokens, and was asked again with" in " ".join(
        answer.warnings
    )
    assert plan.estimate.cost.ceiling
    assert answer.cost.amount == server.billed <= plan.estimate.cost.ceiling


def thinking_of_page(page: int, *, tokens: int) -> Callable[[dict[str, Any]], Any]:
    """The reader of a page thinks for so long before it writes; nobody else does."""

    def answer(body: dict[str, Any]) -> Any:
        mine = f'<page n="{page}">' in str(body["messages"][-1]["content"])
        return Scripted(quoting(body), reasoning=tokens) if mine else quoting(body)

    return answer


def last_of(events: list[Any]) -> Answer:
    (finished,) = (each for each in events if isinstance(each, Finished))
    return finished.answer


def test_a_reader_that_writes_nothing_twice_is_left_out_and_the_others_are_not_lost(
    server: KimiServer,
) -> None:
    server.answer, server.reasoning = thinking_of_page(1, tokens=100_000), 20
    client = client_at(server)
    plan = swarm(client)

    answer = client.run(plan)

    (left,) = answer.coverage.left_out
    assert (left.document, left.pages[0], left.reason) == ("D1", 1, "failed")
    assert answer.coverage.sent == 120 - len(left.pages)
    assert len(answer.citations) == len(plan.requests) - 1
    assert "readers brought no report: the answer does not see D1 pp. 1-" in " ".join(
        answer.warnings
    )
    again = swarm(client, effort="high")
    assert [each.about for each in again.requests] == [plan.requests[0].about]


def test_pages_that_a_filter_refuses_are_left_out_and_asked_no_second_time(
    quotes: KimiServer,
) -> None:
    quotes.fault(Fault.CONTENT_FILTER_400, after=1)
    client = client_at(quotes)
    plan = swarm(client)

    answer = client.run(plan)

    assert len(readers(quotes)) == len(plan.requests)
    assert len(answer.citations) == len(plan.requests) - 1
    assert [each.reason for each in answer.coverage.left_out] == ["failed"]
    assert "brought no report" in " ".join(answer.warnings)
    assert rows(client)["swarm:read", "released"] == 1
    assert spent(client) == quotes.billed


def test_where_a_filter_refuses_every_page_that_is_said(quotes: KimiServer) -> None:
    quotes.fault(Fault.CONTENT_FILTER_400, times=None)
    client = client_at(quotes)

    with pytest.raises(ContentFilterError):
        client.run(swarm(client))

    assert nothing_held(client)


def test_where_the_reservation_leaves_no_money_nobody_is_asked_again(server: KimiServer) -> None:
    def answer(body: dict[str, Any]) -> Any:
        said = str(body["messages"][-1]["content"])
        thinks = "<page n=" in said and '<page n="1">' not in said
        return Scripted(quoting(body), reasoning=100_000 if thinks else 20)

    server.answer = answer
    client = client_at(server)
    plan = swarm(client)

    answer = client.run(plan)

    assert len(readers(server)) == len(plan.requests)
    assert {each.reason for each in answer.coverage.left_out} == {"over_budget"}
    assert len(answer.citations) == 1
    assert plan.estimate.cost.ceiling
    assert server.billed <= plan.estimate.cost.ceiling


def test_an_answer_without_words_forgets_nothing(quotes: KimiServer) -> None:
    def answer(body: dict[str, Any]) -> Any:
        said = quoting(body)
        merge = "<findings" in str(body["messages"][-1]["content"])
        return Scripted(said, reasoning=100_000) if merge else said

    quotes.answer = answer
    client = client_at(quotes)

    client.run(swarm(client))

    assert swarm(client, effort="high").requests == ()


def test_stopped_at_forty_percent_it_keeps_what_is_paid_and_goes_on_from_there(
    quotes: KimiServer,
) -> None:
    whole = client_at(quotes, home=None)
    (paid_in_one_go,) = [whole.run(swarm(whole, QUESTION, report(300))).cost.amount]
    assert paid_in_one_go
    quotes.cache.clear()
    quotes.tokens_per_second = 400
    client = client_at(quotes)
    plan = swarm(client, QUESTION, report(300))
    stopped_at(client, plan, 0.4)
    held = rows(client)
    done = answered(client)

    assert done >= round(0.4 * len(plan.requests))
    assert {state for _, state in held} <= {"settled", "estimated", "unknown", "released"}
    assert nothing_held(client)

    before, quotes.tokens_per_second = len(readers(quotes)), 0
    abandoned = spent(client) - sum(
        call.cost.amount
        for call in client.ledger.calls()
        if call.cost and call.cost.amount and not (call.note or "").startswith("Stopped")
    )
    again = swarm(client, QUESTION, report(300))
    answer = client.run(again)

    assert len(again.stages[0].kept) == done
    assert len(readers(quotes)) - before == len(plan.requests) - done == len(again.requests)
    assert f"{done:,} of {len(plan.requests):,} readers were paid" in " ".join(answer.warnings)
    assert again.estimate.cost.expected < plan.estimate.cost.expected  # type: ignore[operator]
    assert spent(client) - abandoned <= paid_in_one_go
    assert {each.status for each in answer.citations} == {"verified"}
    assert len(answer.citations) == len(plan.requests)


def test_stopped_while_answers_are_booked_it_keeps_every_one_of_them(
    quotes: KimiServer, home: Path
) -> None:
    quotes.tokens_per_second = 40  # long enough for another process to take the ledger meanwhile
    client = client_at(quotes, home=home)
    plan = swarm(client, QUESTION, report(300))
    events = client.stream(plan)
    for event in events:
        if isinstance(event, Step) and (event.number, event.state) == (8, "running"):
            break
    until(lambda: len(quotes.bill) == 8)
    with closing(sqlite3.connect(home / "ledger.db", check_same_thread=False)) as other:
        threading.Event().wait(0.3)
        other.execute("BEGIN IMMEDIATE")
        until(lambda: not quotes.gate.running)
        threading.Timer(0.5, other.rollback).start()
        events.close()  # type: ignore[attr-defined]

    done = answered(client)
    assert done > 0
    assert len(swarm(client, QUESTION, report(300)).stages[0].kept) == done
    assert nothing_held(client)


def until(true: Callable[[], object]) -> None:
    """Wait for something that another thread does."""
    waited = threading.Event()
    for _ in range(3_000):
        if true():
            return
        waited.wait(0.01)
    raise AssertionError("it did not happen")


def test_what_is_kept_is_forgotten_at_the_end(quotes: KimiServer) -> None:
    client = client_at(quotes)

    client.run(swarm(client))

    assert swarm(client).stages[0].kept == ()


def test_what_is_kept_goes_with_its_document(quotes: KimiServer) -> None:
    client = client_at(quotes)
    plan = swarm(client)
    quotes.tokens_per_second = 400
    stopped_at(client, plan, 0.4)
    assert swarm(client).stages[0].kept

    client.ledger.forget_document(report(120).id)

    assert swarm(client).stages[0].kept == ()


# Limits of the account ----------------------------------------------------------------------------


def test_without_known_limits_eight_read_at_once(quotes: KimiServer) -> None:
    def answer(body: dict[str, Any]) -> str:
        # The first wait for the eighth, however slowly they are booked; the others for nobody.
        quotes.latency = 0 if len(quotes.chats) >= 8 else quotes.latency
        return quoting(body)

    quotes.answer, quotes.latency = answer, 3.0
    client = client_at(quotes)
    plan = swarm(client, QUESTION, report(300))

    client.run(plan)

    assert len(plan.requests) > 8
    assert quotes.gate.peak == 8


def test_the_accounts_concurrency_is_kept(quotes: KimiServer, home: Path) -> None:
    quotes.limits = Limits(concurrency=2)
    quotes.latency = 0.3
    save_settings(Settings(concurrency=2), home)
    client = client_at(quotes)

    client.run(swarm(client, QUESTION, report(120)))

    assert quotes.gate.peak == 2
    assert len(readers(quotes)) == len(swarm(client, QUESTION, report(120)).requests)


def test_two_processes_of_one_account_keep_to_its_limits_together(
    quotes: KimiServer, home: Path, tmp_path: Path
) -> None:
    quotes.limits, quotes.latency = Limits(concurrency=3), 0.5
    save_settings(Settings(concurrency=3), home)
    file = tmp_path / "report.txt"
    file.write_text("\f".join(page.text for page in report(120).pages), encoding="utf-8")

    asked = [asking(file, question, quotes, home) for question in ("Who?", "And when?")]
    told = [json.loads(each.communicate(timeout=120)[0]) for each in asked]

    assert [each["coverage"]["sent"] for each in told] == [120, 120]
    assert quotes.gate.peak == 3
    assert len(quotes.chats) == len(quotes.bill), "no call was refused, so none was repeated"
    assert {state for _, state in rows(client_at(quotes, home=home))} == {"settled"}


def asking(file: Path, question: str, server: KimiServer, home: Path) -> subprocess.Popen[str]:
    """A process that asks a swarm at the command line."""
    where = ["--model", "kimi-k3", "--base-url", server.base_url, "--api-key", server.key or ""]
    how = ["--strategy", "swarm", "--max-prompt-tokens", str(SMALL), "--max-cost", "100", "--yes"]
    words = ["ask", str(file), "-q", question, *where, *how, "--json", "--home", str(home)]
    root = str(Path(kimiqa.__file__).parent.parent)
    return subprocess.Popen(
        [sys.executable, "-m", "kimiqa", *words],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": root},
    )


# Conversations, placeholders ----------------------------------------------------------------------


def test_a_second_question_tells_readers_and_merge_what_was_said(quotes: KimiServer) -> None:
    client = client_at(quotes)
    talk = client.conversation([report(120)])
    first = talk.ask(QUESTION, strategy="swarm", max_prompt_tokens=SMALL, max_cost="100")
    before = len(quotes.chats)

    talk.ask("And then?", strategy="swarm", max_prompt_tokens=SMALL, max_cost="100")

    asked = prompts(quotes)[before:]
    assert all("Question: And then?\n\nIt goes on from" in prompt for prompt in asked)
    assert all(f"Question: {QUESTION}\nAnswer: {first.text}" in prompt for prompt in asked)


def test_a_turn_of_a_swarm_stands_in_the_next_prompt_of_any_strategy(quotes: KimiServer) -> None:
    client = client_at(quotes)
    talk = client.conversation([report(120)])
    first = talk.ask(QUESTION, strategy="swarm", max_prompt_tokens=SMALL, max_cost="100")

    quotes.answer = "Because it was so."
    for strategy in ("full", "chunks"):
        talk.ask("Why?", strategy=strategy)

        said = [message["content"] for message in quotes.chats[-1]["messages"]]
        assert said[2] == first.text
        assert said[-1].endswith("Why?")


def test_a_long_conversation_leaves_the_division_as_it_was(quotes: KimiServer) -> None:
    quotes.answer = lambda body: "\n".join(f"- Line {n} of a very long answer." for n in range(800))
    client = client_at(quotes)
    talk = client.conversation([report(120)])
    options: dict[str, Any] = {"strategy": "swarm", "max_prompt_tokens": SMALL, "max_cost": "100"}
    one = talk.plan(QUESTION, **options)
    talk.ask(QUESTION, **options)

    two = talk.plan("And then?", **options)

    assert [each.about for each in one.requests] == [each.about for each in two.requests]
    assert "[...]" in two.asked


def test_personal_data_goes_neither_to_readers_nor_to_the_merge(server: KimiServer) -> None:
    mail = "anna.berg@example.org"
    texts = [f"{page.text}\nWrite to {mail} about it." for page in report(60).pages]
    document = Document.from_pages(texts, name="letters.txt")

    def answer_of(body: dict[str, Any]) -> str:
        # Numbers count on from whatever this process has hidden before.
        (mark,) = set(re.findall(r"\[EMAIL-\d+\]", str(body["messages"][-1]["content"])))
        return f'- It says: "Write to {mark} about it" [D1 p. 2].'

    server.answer = answer_of
    client = client_at(server)

    answer = client.run(swarm(client, f"Who is {mail}?", document, private=True))

    assert all(mail not in prompt for prompt in prompts(server))
    assert all("[EMAIL-" in prompt for prompt in merges(server))
    assert mail in answer.text
    assert {each.status for each in answer.citations} == {"verified"}


def test_pictures_are_sent_once_counted_as_billed_and_refused_where_nobody_sees(
    quotes: KimiServer, home: Path
) -> None:
    texts = [page.text.replace("\n", " ")[:600] for page in report(12).pages]
    document = Document.open(pdfs.make_pdf(texts), name="report.pdf", home=home)
    quotes.answer = "- The rent was settled [D1 p. 2]."
    client = client_at(quotes)
    client.ask(QUESTION, [report(3)])  # the first receipt shows the model's chat template
    before = len(quotes.bill)
    plan = swarm(client, QUESTION, document, pictures="1-12")

    client.run(plan)

    parts = [
        part
        for body in quotes.chats
        for message in body["messages"]
        if isinstance(message["content"], list)
        for part in message["content"]
    ]
    assert sum(part["type"] == "image_url" for part in parts) == 12
    own = Counter(each.prompt_tokens for each in plan.requests)
    assert len(plan.requests) > 1
    assert own <= Counter(row.prompt_tokens for row in quotes.bill[before:])
    with pytest.raises(NoPicturesError):
        swarm(Client("deepseek-chat", api_key="k", home=None), QUESTION, document, pictures="1-12")


def test_the_embedded_endpoint_has_no_swarm(home: Path) -> None:
    with pytest.raises(BadRequestError, match="no model that could put findings together"):
        Client(home=home).plan(QUESTION, [report(3)], strategy="swarm")


# A tenth of five million tokens -------------------------------------------------------------------


def test_half_a_million_tokens_are_read_page_by_page_exactly_once(quotes: KimiServer) -> None:
    document = Document.from_pages(_many_pages(1_400), name="archive.txt")
    client = client_at(quotes)
    plan = swarm(client, QUESTION, document, max_prompt_tokens=60_000)

    answer = client.run(plan)

    assert sum(each.prompt_tokens for each in plan.requests) > 500_000
    assert pages_read(quotes) == {("D1", page): 1 for page in range(1, 1_401)}
    assert all(not isinstance(each.source, str) for each in plan.requests)
    assert {each.status for each in answer.citations} == {"verified"}


def test_five_times_the_tokens_take_little_more_memory_and_every_page_is_read_once() -> None:
    asked = Namespace(reader=60_000, concurrency=8, latency=0.05, rpm=None, tpm=None)

    small, large = measured(100_000, asked), measured(500_000, asked)

    for found in (small, large):
        assert len(found["read"]) == found["pages"]
        assert {times for *_, times in found["read"]} == {1}
    assert large["megabytes"] <= LARGER * small["megabytes"]


def _many_pages(count: int) -> Iterator[str]:
    pages = [page.text for page in report(150).pages]
    for number in range(count):
        yield (
            f"Sheet {number} of the archive holds house {number}, which was settled.\n"
            + pages[number % len(pages)]
        )


def test_a_request_that_is_laid_out_otherwise_is_not_sent(quotes: KimiServer) -> None:
    from dataclasses import replace

    client = client_at(quotes)
    plan = swarm(client)
    (first, *others) = plan.requests
    other = first.unkept(lambda: first.content.replace("Marrow", "Thornby", 1))
    stage = replace(plan.stages[0], requests=(other, *others))

    with pytest.raises(BadRequestError, match="not the one that was priced"):
        client.run(replace(plan, stages=(stage, plan.stages[1])))

    assert not any("Thornby house 2?" in prompt for prompt in readers(quotes))

"""The table of ways, and the automatic choice between them with its one line of reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from asking import QUESTION, client_at, lease, price_book, report

from kimiqa import Client, Document, Plan
from kimiqa.choosing import needs_everything
from kimiqa.errors import ContextWindowError, NoTextError, OverCapError, PriceUnknownError
from kimiqa.testing import KimiServer

MINUTES = 60


def _auto(question: str, *documents: Document, **options: Any) -> Plan:
    return Client("kimi-k3").plan(question, documents, **options)


def test_a_short_document_is_sent_whole() -> None:
    plan = _auto(QUESTION, lease())

    assert plan.strategy == "full"
    assert plan.reason == f"full: all 3 pages are only {plan.estimate.prompt_tokens} tokens"


def test_one_page_is_one_page() -> None:
    plan = _auto(QUESTION, Document.from_pages(["The lease of Eastwick ends in 2030."]))

    assert plan.reason == f"full: the only page has only {plan.estimate.prompt_tokens} tokens"


def test_short_ends_at_a_number_of_tokens() -> None:
    def of(pages: int) -> Plan:
        return _auto(QUESTION, Document.from_pages(["word " * 98] * pages))

    tokens = {pages: of(pages).estimate.prompt_tokens for pages in (1, 2)}
    page = tokens[2] - tokens[1]
    most = (16_000 - tokens[1]) // page + 1

    under, over = of(most - 2), of(most + 3)

    assert under.strategy == "full"
    assert 15_000 < under.estimate.prompt_tokens <= 16_000
    assert over.strategy == "chunks"


def test_the_whole_may_cost_a_quarter_more_than_chunks(home: Path) -> None:
    full, chunks = (
        Client("kimi-k3").estimate(QUESTION, [report()], strategy=way) for way in ("full", "chunks")
    )
    words = full.completion_tokens.expected
    # Where a token of answer costs so many tokens of prompt, the whole costs 1.25 times as much.
    edge = (full.prompt_tokens - 1.25 * chunks.prompt_tokens) / (0.25 * words)

    chosen = []
    for factor in (0.98, 1.02):
        price_book(home, kimi_k3={"prompt": "1", "completion": f"{edge * factor:.4f}"})
        chosen.append(_auto(QUESTION, report()))

    assert [plan.strategy for plan in chosen] == ["chunks", "full"]
    assert chosen[1].reason.startswith("full: all 150 pages cost about $0.2")


def test_a_long_document_is_asked_by_chunks() -> None:
    plan = _auto(QUESTION, report())

    assert plan.strategy == "chunks"
    assert plan.reason.startswith("chunks: ")
    assert "of all 150 pages, about $0.06" in plan.reason
    assert "instead of $0.19" in plan.reason


@pytest.mark.parametrize(
    "question",
    [
        "Summarise the report.",
        "Give me a timeline of the repairs",
        "List all rents.",
        "Does anything contradict anything else?",
        "How many times is Quill named?",
        "总结这份报告",
        "列出所有租金",
    ],
)
def test_a_question_about_everything_gets_everything_that_fits(question: str) -> None:
    plan = _auto(question, report())

    assert (plan.strategy, plan.reason) == ("full", "full: the question needs all 150 pages")


def test_a_part_never_stands_for_the_whole_where_a_cap_forbids_that() -> None:
    with pytest.raises(OverCapError, match="asks for the whole document") as caught:
        _auto("Summarise the report.", report(), max_cost="0.15")

    assert "0.15" in caught.value.message
    assert "Chunks fit (about $0.06" in caught.value.hint
    assert "of 150 pages: name them to ask all the same (--strategy chunks)" in caught.value.hint
    assert "What does fit" not in caught.value.hint


def test_a_part_never_stands_for_the_whole_where_no_prompt_holds_it() -> None:
    def ask(cap: str) -> Plan:
        return _auto("List all rents.", report(), max_prompt_tokens=20_000, max_cost=cap)

    with pytest.raises(OverCapError, match="asks for the whole document"):
        ask("0.15")
    assert ask("2.00").strategy == "swarm"


def test_chunks_that_are_named_say_what_they_do_not_see() -> None:
    plan = _auto("Summarise the report.", report(), strategy="chunks")

    seen = plan.coverage.sent
    assert f"This asks for the whole document; chunks see {seen} of 150 pages." in plan.warnings


def test_chunks_that_see_every_page_are_no_part() -> None:
    plan = _auto("Summarise it.", lease(), strategy="chunks")

    assert not any("whole document" in each for each in plan.warnings)


def test_the_estimate_of_a_forbidden_whole_is_that_of_the_whole() -> None:
    client = Client("kimi-k3")

    guess = client.estimate("Summarise the report.", [report()], max_cost="0.15")

    assert guess.prompt_tokens > 50_000


def test_the_ways_mark_what_sees_only_a_part() -> None:
    ways = Client("kimi-k3").ways("Summarise the report.", [report()])

    assert [way.strategy for way in ways if way.partial] == ["chunks"]
    assert ways[0].strategy == "full"


@pytest.mark.parametrize(
    "question",
    ["When does the lease end?", "What does the summons say?", "Who lists?", "租金是多少？"],
)
def test_an_ordinary_question_does_not(question: str) -> None:
    assert not needs_everything(question)


def test_a_warm_cache_turns_the_choice_to_the_whole(server: KimiServer) -> None:
    client = client_at(server)
    document = report(180)
    cold = client.plan(QUESTION, [document])
    client.ask("Summarise it.", [document])

    warm = client.plan(QUESTION, [document])

    assert cold.strategy == "chunks"
    assert warm.strategy == "full"
    assert "while the cache is warm" in warm.reason
    assert warm.estimate.cached_tokens > 0.9 * warm.estimate.prompt_tokens


def test_warm_rules_alone_are_no_warm_cache(server: KimiServer) -> None:
    client = client_at(server)
    client.ask(QUESTION, [lease()])

    plan = client.plan("word " * 60_000, [lease()], strategy="auto")

    assert plan.estimate.cached_tokens > 0
    assert plan.reason.startswith("full: all 3 pages cost about")
    assert "warm" not in plan.reason


def test_over_the_window_a_task_for_all_pages_goes_to_a_swarm(home: Path) -> None:
    price_book(home, kimi_k3={"context_window": 30_000})

    plan = _auto("Summarise the report.", report())

    assert plan.strategy == "swarm"
    assert plan.reason.startswith("swarm: the question needs all 150 pages, and they fit no")
    assert "kimi-k3 holds 30,000" in plan.reason


def test_over_the_window_a_plain_question_goes_by_chunks(home: Path) -> None:
    price_book(home, kimi_k3={"context_window": 30_000})

    plan = _auto(QUESTION, report())

    assert plan.strategy == "chunks"
    assert "a swarm over everything $0." in plan.reason


def test_no_swarm_goes_round_a_cap() -> None:
    with pytest.raises(OverCapError, match="room for an answer of"):
        _auto("Summarise it.", lease(), max_cost="0.05")


def test_over_the_cap_only_chunks_are_left() -> None:
    plan = _auto(QUESTION, report(), max_cost="0.20")

    assert plan.strategy == "chunks"
    assert "the cap per question is $0.20" in plan.reason


def test_without_a_price_the_whole_is_sent_where_it_fits() -> None:
    client = Client("nobody", base_url="http://127.0.0.1:9/v1", allow_unpriced=True)

    plan = client.plan(QUESTION, [report(120)])

    assert plan.strategy == "full"
    assert plan.reason == "full: all 120 pages fit, and no price speaks against it"


# A conversation keeps its way -------------------------------------------------------------------


def test_a_conversation_that_began_with_chunks_goes_on_so(server: KimiServer) -> None:
    talk = client_at(server).conversation([report()])
    talk.ask(QUESTION)

    plan = talk.plan("And the rent of Quill?")

    assert plan.strategy == "chunks"
    assert plan.reason == "chunks: the conversation goes by chunks, and its prefix stays"


def test_a_conversation_that_began_with_the_whole_goes_on_so(server: KimiServer) -> None:
    document = Document.from_pages([page.text * 4 for page in report().pages])
    talk = client_at(server).conversation([document])
    talk.ask("Summarise it.")

    plan = talk.plan(QUESTION)

    assert plan.strategy == "full"
    assert plan.reason == "full: the conversation holds all 150 pages, and its prefix stays"


def test_a_conversation_in_chunks_that_asks_for_everything_gets_it(server: KimiServer) -> None:
    talk = client_at(server).conversation([report()])
    talk.ask(QUESTION)

    assert talk.plan("Summarise the whole document.").strategy == "full"


# The table of ways ------------------------------------------------------------------------------


def test_the_choice_of_auto_heads_the_table_with_its_reason() -> None:
    ways = Client("kimi-k3").ways(QUESTION, [report()])

    assert [way.strategy for way in ways] == ["chunks", "full", "swarm", "digest", "research"]
    assert [way.fits for way in ways] == [True] * 5
    assert ways[0].reason == _auto(QUESTION, report()).reason
    assert ways[1].reason is None
    assert ways[2].reason == "not needed: the documents fit into one prompt"
    assert (ways[3].reason or "").startswith("A digest is made once for about $0.")
    assert ways[4].reason == "searches and reads what it needs, step by step"


def test_what_cannot_run_stands_last_with_its_reason_and_its_price(home: Path) -> None:
    price_book(home, kimi_k3={"context_window": 30_000})

    ways = Client("kimi-k3").ways("Summarise it.", [report()])

    found = [way.strategy for way in ways]
    assert found == ["swarm", "chunks", "digest", "research", "full"]
    assert [way.fits for way in ways] == [True] * 4 + [False]
    assert "kimi-k3 holds 30,000" in (ways[4].reason or "")
    assert ways[4].estimate.prompt_tokens > 50_000


def test_the_table_stands_also_where_nothing_can_run() -> None:
    ways = Client("kimi-k3").ways(QUESTION, [report()], max_cost="0.001")

    assert [way.fits for way in ways] == [False] * 5
    assert all("cap per question" in (way.reason or "") for way in ways)
    assert all(way.estimate.cost.expected for way in ways)


def test_every_reason_is_one_line() -> None:
    tables = [
        Client("kimi-k3").ways(question, [document], max_cost=cap)
        for question in (QUESTION, "Summarise it.")
        for document in (lease(), report())
        for cap in (None, "0.2", "0.001")
    ]

    assert not [way for ways in tables for way in ways if "\n" in (way.reason or "")]


# Refusals name what does fit --------------------------------------------------------------------


def test_a_refusal_for_size_names_the_way_that_fits(home: Path) -> None:
    price_book(home, kimi_k3={"context_window": 30_000})

    with pytest.raises(ContextWindowError) as caught:
        Client("kimi-k3").plan(QUESTION, [report()], strategy="full")

    assert "holds 30,000" in caught.value.message
    assert "What does fit: chunks (8," in caught.value.hint
    assert "about $" in caught.value.hint


def test_an_estimate_over_the_window_is_refused_with_the_way_that_fits(home: Path) -> None:
    price_book(home, kimi_k3={"context_window": 30_000})

    with pytest.raises(ContextWindowError, match="holds 30,000") as caught:
        Client("kimi-k3").estimate(QUESTION, [report()], strategy="full")

    assert "What does fit: chunks (8," in caught.value.hint


def test_a_limit_that_leaves_no_room_for_a_chunk_is_refused() -> None:
    client = Client("kimi-k3")
    rules = client.plan(QUESTION, [lease()], strategy="chunks").estimate.prompt_tokens - 100

    with pytest.raises(ContextWindowError, match="no chunk of the documents fits"):
        client.plan(QUESTION, [report()], strategy="chunks", max_prompt_tokens=rules + 10)


def test_a_refusal_for_money_names_the_way_that_fits() -> None:
    with pytest.raises(OverCapError) as caught:
        Client("kimi-k3").plan(QUESTION, [report()], strategy="full", max_cost="0.20")

    assert "the cap per question is $0.20" in caught.value.message
    assert "What does fit: chunks (" in caught.value.hint


def test_where_no_way_fits_auto_gives_the_nearest_ones_refusal() -> None:
    with pytest.raises(OverCapError) as caught:
        _auto(QUESTION, report(), max_cost="0.01")

    assert "What does fit" not in caught.value.hint
    assert "8," in caught.value.message


def test_an_estimate_is_given_where_a_cap_or_a_missing_price_forbids_the_question() -> None:
    capped = Client("kimi-k3").estimate(QUESTION, [report()], max_cost="0.001")
    unpriced = Client("nobody", base_url="http://127.0.0.1:9/v1").estimate(QUESTION, [report()])

    assert capped.prompt_tokens > 8_000
    assert unpriced.cost.expected is None


def test_an_unknown_price_is_refused_unless_it_is_allowed() -> None:
    with pytest.raises(PriceUnknownError, match="There is no price for nobody"):
        Client("nobody", base_url="http://127.0.0.1:9/v1").plan(QUESTION, [lease()])


@pytest.mark.parametrize("strategy", ["full", "chunks", "auto"])
def test_a_document_without_text_has_no_way(strategy: Any) -> None:
    blank = Document.from_pages(["", " \n"], name="scan.pdf")
    client = Client("kimi-k3")

    with pytest.raises(NoTextError, match=r"scan\.pdf"):
        client.plan(QUESTION, [blank], strategy=strategy)
    with pytest.raises(NoTextError):
        client.ways(QUESTION, [blank])
    with pytest.raises(NoTextError):
        client.estimate(QUESTION, [blank], strategy=strategy)

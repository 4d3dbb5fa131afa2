"""What a question will take: prompt tokens that are counted, and ranges and ceilings that hold."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from asking import QUESTION, client_at, lease, report, sample
from hypothesis import given, settings
from hypothesis import strategies as st

from kimiqa import Client, Document, Plan, count_tokens, get_model
from kimiqa.estimating import (
    ENOUGH_RECEIPTS,
    Experience,
    Receipt,
    affordable_completion,
    ceiling,
    ceiling_prompt,
    completion_range,
    cost_range,
    seconds_range,
)
from kimiqa.money import Price, Range, Tier, Usage, cost
from kimiqa.template import PRIOR
from kimiqa.testing import KimiServer

KIMI = get_model("kimi-k3")
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=120)
DOCUMENTS = ("lease.md", "fhs-3.0.pdf", "debian-reference.en.pdf", "debian-reference.zh-cn.pdf")
PRICE = Price(Decimal("3.00"), Decimal("15.00"), cached=Decimal("0.30"))


def _counted(plan: Plan, model: str = "kimi-k3") -> int:
    """The tokens of a plan's prompt, each message counted whole."""
    messages = plan.requests[0].messages
    own = sum(count_tokens(message["content"], model) for message in messages)
    return own + PRIOR.tokens(len(messages))


# Prompt tokens ----------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", ["full", "chunks"])
@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_estimate_is_the_count_of_what_is_sent(name: str, strategy: Any) -> None:
    plan = Client("kimi-k3", home=None).plan("备份 backup?", [sample(name)], strategy=strategy)

    assert plan.estimate.prompt_tokens == plan.requests[0].prompt_tokens == _counted(plan)


@pytest.mark.parametrize("name", DOCUMENTS[1:])
def test_the_estimate_is_within_half_a_percent_of_the_servers_own_count(
    name: str, server: KimiServer
) -> None:
    plan = Client("kimi-k3", home=None).plan("What of backups?", [sample(name)], strategy="full")

    theirs = server.count(plan.requests[0].messages)

    assert abs(plan.estimate.prompt_tokens - theirs) <= theirs * 0.005


@settings(max_examples=30, deadline=None)
@given(
    documents=st.lists(st.lists(TEXT, min_size=1, max_size=3), min_size=1, max_size=3),
    names=st.lists(TEXT, min_size=3, max_size=3),
    question=TEXT,
    strategy=st.sampled_from(["full", "chunks"]),
)
def test_the_sum_over_pages_is_the_count_of_the_whole(
    documents: list[list[str]], names: list[str], question: str, strategy: Any
) -> None:
    opened = [
        Document.from_pages([*pages, "words"], name=name)
        for pages, name in zip(documents, names, strict=False)
    ]

    plan = Client("kimi-k3", home=None).plan(f"Q{question}", opened, strategy=strategy)

    assert plan.estimate.prompt_tokens == _counted(plan)


@pytest.mark.parametrize("model", ["gpt-5", "deepseek-chat", "kimi-k2.6"])
def test_other_vocabularies_are_counted_with_their_own(model: str) -> None:
    plan = Client(model, home=None).plan(QUESTION, [lease(), report(20)], strategy="full")

    assert plan.estimate.prompt_tokens == _counted(plan, model)
    assert plan.estimate.margin < Decimal("0.06")


def test_a_count_by_a_nearest_vocabulary_says_how_far_it_may_be_off() -> None:
    client = Client("claude-opus-4", base_url="https://example.com/v1", allow_unpriced=True)

    estimate = client.estimate(QUESTION, [lease()])

    assert estimate.margin == Decimal("0.50")


def test_a_conversation_is_counted_to_its_last_message(server: KimiServer) -> None:
    talk = client_at(server).conversation([lease(), report(8)])
    for question in ("When?", "And the rent?"):
        talk.ask(question, strategy="full")

    plan = talk.plan("Who?", strategy="full")

    theirs = server.count(plan.requests[0].messages)
    assert abs(plan.estimate.prompt_tokens - theirs) <= max(30, theirs * 0.005)


@settings(max_examples=20, deadline=None)
@given(pages=st.lists(st.integers(1, 30), min_size=1, max_size=30, unique=True))
def test_chosen_pages_are_counted_exactly(pages: list[int]) -> None:
    client = Client("kimi-k3", home=None)

    plan = client.plan(QUESTION, [report(30)], strategy="full", pages=pages)

    assert plan.estimate.prompt_tokens == _counted(plan)


# Ranges -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("effort", ["low", "high", "max"])
@pytest.mark.parametrize("strategy", ["full", "chunks"])
def test_every_range_goes_up_and_stays_under_its_ceiling(effort: str, strategy: Any) -> None:
    estimate = Client("kimi-k3").estimate(QUESTION, [report()], strategy=strategy, effort=effort)

    words, seconds, money = estimate.completion_tokens, estimate.seconds, estimate.cost
    assert 0 < words.low <= words.expected <= words.high <= 16_384
    assert 0 < seconds.low <= seconds.expected <= seconds.high
    assert money.low is not None
    assert money.low <= money.expected <= money.high <= money.ceiling  # type: ignore[operator]
    assert money.expected <= money.cold  # type: ignore[operator]
    assert (money.currency, money.price_basis) == ("USD", "listed")
    assert money.price_date is not None


def test_a_higher_effort_is_expected_to_think_longer() -> None:
    low, high, most = (
        completion_range(KIMI, effort, 16_384).expected for effort in ("low", "high", "max")
    )

    assert low < high < most


@given(limit=st.integers(1, 20_000), count=st.integers(0, 30_000))
def test_no_range_passes_the_limit(limit: int, count: int) -> None:
    known = Experience([Receipt(Usage(100, count), 3.0)] * ENOUGH_RECEIPTS)

    for experience in (Experience(), known):
        found = completion_range(KIMI, "low", limit, experience)
        assert 0 <= found.low <= found.expected <= found.high <= limit


def test_own_receipts_take_the_place_of_the_priors() -> None:
    receipts = [Receipt(Usage(100, 700 + n), 3.0) for n in range(ENOUGH_RECEIPTS)]

    prior = completion_range(KIMI, "low", 16_384)
    known = completion_range(KIMI, "low", 16_384, Experience(receipts))
    few = completion_range(KIMI, "low", 16_384, Experience(receipts[:2]))

    assert known.expected in range(700, 711)
    assert known.high < 1_000
    assert known.expected < few.expected < prior.expected


def test_what_is_read_from_the_cache_is_read_faster_and_for_less() -> None:
    words = Range(500, 2_500, 8_000)

    cold, warm = (seconds_range(200_000, cached, words) for cached in (0, 199_000))
    dear, cheap = (
        cost_range(PRICE, 200_000, cached, words, ceiling_prompt=200_000, limit=16_384)
        for cached in (0, 199_000)
    )

    assert warm.expected < cold.expected
    assert cheap.expected < dear.expected == cheap.cold  # type: ignore[operator]
    assert cheap.ceiling == dear.ceiling


def test_without_a_price_every_amount_is_unknown_and_none_is_zero() -> None:
    found = cost_range(None, 1_000, 0, Range(1, 2, 3), ceiling_prompt=1_100, limit=10)

    amounts = (found.low, found.expected, found.high, found.ceiling, found.cold)
    assert amounts == (None,) * 5
    assert found.currency is None


# Ceilings ---------------------------------------------------------------------------------------


@given(
    prompt=st.integers(1, 1_000_000),
    messages=st.integers(2, 60),
    per_message=st.integers(0, 60),
    per_request=st.integers(0, 60),
)
def test_the_ceiling_covers_any_chat_template(
    prompt: int, messages: int, per_message: int, per_request: int
) -> None:
    counted = prompt + PRIOR.tokens(messages)
    theirs = prompt + per_message * messages + per_request

    assert theirs <= ceiling_prompt(counted, messages, Decimal(0))


@given(prompt=st.integers(1, 1_000_000), margin=st.decimals("0", "0.5", places=2))
def test_the_ceiling_covers_the_margin_of_the_count(prompt: int, margin: Decimal) -> None:
    assert ceiling_prompt(prompt, 2, margin) >= prompt * (1 + margin)


_AMOUNTS = {
    "prompt": st.decimals("0", "20", places=2),
    "completion": st.decimals("0.01", "100", places=2),
    "cached": st.none() | st.decimals("0", "40", places=2),
    "cache_write": st.none() | st.decimals("0", "40", places=2),
}
TIERS = st.lists(
    st.builds(Tier, above=st.integers(1, 500_000), **_AMOUNTS),
    max_size=3,
    unique_by=lambda tier: tier.above,
)
PRICES = st.builds(Price, tiers=TIERS.map(tuple), **_AMOUNTS)


@given(
    price=PRICES,
    cap=st.decimals("0", "5", places=4),
    prompt=st.integers(1, 500_000),
)
def test_a_cap_affords_exactly_as_many_tokens_as_stay_within_it(
    price: Price, cap: Decimal, prompt: int
) -> None:
    tokens = affordable_completion(cap, price, prompt)

    if tokens:
        assert ceiling(price, prompt, tokens) <= cap
    assert ceiling(price, prompt, tokens + 1) > cap


@given(
    price=PRICES,
    prompt=st.integers(0, 500_000),
    counted=st.floats(0, 1),
    parts=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    limit=st.integers(0, 16_384),
    used=st.floats(0, 1),
)
def test_no_usage_within_the_limits_costs_more_than_the_ceiling(
    price: Price,
    prompt: int,
    counted: float,
    parts: tuple[float, float],
    limit: int,
    used: float,
) -> None:
    server = int(prompt * counted)
    cached = int(server * parts[0])
    written = int((server - cached) * parts[1])
    usage = Usage(server, int(limit * used), cached, cache_write_tokens=written)

    assert cost(usage, price) <= ceiling(price, prompt, limit)


@given(
    price=PRICES,
    prompt=st.integers(1, 500_000),
    warm=st.floats(0, 1),
    limit=st.integers(0, 16_384),
    writes=st.booleans(),
)
def test_no_range_reaches_above_its_ceiling(
    price: Price, prompt: int, warm: float, limit: int, writes: bool
) -> None:
    written = Range(0, limit // 2, limit)
    most = ceiling_prompt(prompt, 2, Decimal(0))

    found = cost_range(
        price, prompt, int(prompt * warm), written, ceiling_prompt=most, limit=limit, writes=writes
    )

    assert found.ceiling is not None
    assert all(each <= found.ceiling for each in (found.low, found.high, found.cold) if each)


def _tiered(above: int, prompt: str, write: str | None = None) -> Price:
    tier = Tier(above, Decimal(prompt), Decimal(30), cache_write=write and Decimal(write))
    return Price(Decimal(3), Decimal(15), cache_write=write and Decimal("3.75"), tiers=(tier,))


def test_a_tiers_own_price_of_writing_to_the_cache_is_in_the_ceiling() -> None:
    price = _tiered(10_000, "6.00", "7.50")

    assert ceiling(price, 10_000, 10) == Decimal("0.03765")
    assert ceiling(price, 10_001, 10) == Decimal("0.0753075")


def test_cached_tokens_that_are_dearer_than_fresh_ones_are_in_the_ceiling() -> None:
    price = Price(Decimal("0.10"), Decimal(0), cached=Decimal("1.00"))

    assert ceiling(price, 10_000, 0) == cost(Usage(10_000, 0, 10_000), price) == Decimal("0.01")


def test_a_count_that_is_padded_into_a_cheaper_tier_keeps_the_dearer_ceiling() -> None:
    cheaper = replace(_tiered(1_000, "1.00"), completion=Decimal(0))
    cheaper = replace(cheaper, tiers=(replace(cheaper.tiers[0], completion=Decimal(0)),))

    assert ceiling(cheaper, 1_100, 0) == Decimal("0.003")  # 1,000 tokens below the edge
    assert ceiling(cheaper, 3_100, 0) == Decimal("0.0031")
    assert affordable_completion(Decimal("0.0029"), cheaper, 1_100) == 0


def test_a_model_that_writes_for_nothing_is_not_cut_short() -> None:
    free = Price(Decimal("1"), Decimal("0"))

    assert affordable_completion(Decimal("1"), free, 1_000) >= 1_000_000
    assert affordable_completion(Decimal("0.0001"), free, 1_000) == 0

"""Money: exact arithmetic, both sides of every edge, and caps that hold."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
from asking import QUESTION, client_at, lease, price_book, report
from hypothesis import given
from hypothesis import strategies as st

from kimiqa import Budget, Client, Cost, Price, Usage, cost_of, get_model
from kimiqa.amounts import amount
from kimiqa.errors import (
    BadRequestError,
    ContextWindowError,
    OverCapError,
    PriceUnknownError,
)
from kimiqa.estimating import ceiling, ceiling_prompt
from kimiqa.money import Tier, cost, plain, total
from kimiqa.plan import Plan
from kimiqa.testing import KimiServer

PRICE = Price(Decimal("3.00"), Decimal("15.00"), cached=Decimal("0.30"))
CENTS = st.decimals("0", "100", places=2)
PRICES = st.builds(Price, prompt=CENTS, completion=CENTS, cached=st.none() | CENTS)
STEP = Decimal("0.000000001")


# Arithmetic -------------------------------------------------------------------------------------


@given(prompt=st.integers(0, 10**7), words=st.integers(0, 10**6), price=PRICES)
def test_a_cost_is_exact_and_prints_without_an_exponent(
    prompt: int, words: int, price: Price
) -> None:
    found = cost(Usage(prompt, words), price)

    micro = prompt * price.prompt + words * price.completion
    assert found * 1_000_000 == micro
    printed = plain(found)
    assert printed is not None
    assert "E" not in printed
    assert Decimal(printed) == found


@given(cached=st.integers(0, 1_000), price=PRICES)
def test_what_is_cached_is_priced_as_cached_and_what_is_not_said_as_fresh(
    cached: int, price: Price
) -> None:
    said = cost(Usage(1_000, 0, cached), price)
    unsaid = cost(Usage(1_000, 0, None), price)

    rate = price.prompt if price.cached is None else price.cached
    assert said == ((1_000 - cached) * price.prompt + cached * rate) / 1_000_000
    assert unsaid == price.prompt / 1_000


@pytest.mark.parametrize(("tokens", "rate"), [(99, 1), (100, 1), (101, 2), (200, 2), (201, 4)])
def test_a_tier_prices_every_token_once_it_is_crossed(tokens: int, rate: int) -> None:
    tiers = (
        Tier(200, Decimal(4), Decimal(0)),
        Tier(100, Decimal(2), Decimal(0)),
    )
    price = Price(Decimal(1), Decimal(0), tiers=tiers)

    assert cost(Usage(tokens, 0), price) * 1_000_000 == tokens * rate


def test_sums_are_kept_by_currency_and_what_is_unknown_is_not_zero() -> None:
    found = total([Cost(Decimal("1.10")), Cost(Decimal("2"), "CNY"), Cost(None), Cost(Decimal(1))])

    assert found == {"USD": Decimal("2.10"), "CNY": Decimal("2")}


@pytest.mark.parametrize(
    "value", [0.25, True, "a lot", "-1", "NaN", "Infinity", "", "1,50", None, b"1"]
)
def test_what_is_no_amount_of_money_is_refused(value: Any) -> None:
    with pytest.raises(BadRequestError, match=r'"0\.25"'):
        amount(value)


@pytest.mark.parametrize("value", ["0.25", Decimal("0.25"), "0.250", "25e-2"])
def test_an_amount_is_a_decimal_string_or_a_decimal(value: Any) -> None:
    assert amount(value) == Decimal("0.25")


@pytest.mark.parametrize(
    "usage",
    [
        {"prompt_tokens": 1_000, "completion_tokens": 100, "cached_tokens": 600},
        {
            "prompt_tokens": 1_000,
            "completion_tokens": 100,
            "prompt_tokens_details": {"cached_tokens": 600},
        },
        Usage(1_000, 100, 600),
    ],
)
def test_a_usage_is_priced_wherever_it_names_its_cached_tokens(usage: Any) -> None:
    assert cost_of(usage, "kimi-k3") == Cost(Decimal("0.00288"))


def test_usages_add_up_and_what_is_unknown_stays_unknown() -> None:
    found = Usage(10, 5, 4, None) + Usage(1, 2, 3, 4)

    assert found == Usage(11, 7, 7, None)


def test_a_usage_without_a_price_costs_an_unknown_amount() -> None:
    assert cost_of(Usage(1, 1), "nobody").amount is None


# The window -------------------------------------------------------------------------------------


def _sized(home: Path, window: int, **options: Any) -> Plan:
    price_book(home, kimi_k3={"context_window": window})
    return Client("kimi-k3").plan(QUESTION, [report()], strategy="full", **options)


def _limit(plan: Plan) -> int:
    (request,) = plan.requests
    assert request.body["max_completion_tokens"] == request.max_completion_tokens
    return request.max_completion_tokens


def test_the_window_has_an_edge(home: Path) -> None:
    prompt = _sized(home, 1_000_000).estimate.prompt_tokens

    assert _limit(_sized(home, prompt + 4_096)) == 4_096
    with pytest.raises(ContextWindowError, match=f"{prompt:,} tokens and an answer 4,096"):
        _sized(home, prompt + 4_095)


def test_a_short_answer_needs_less_of_the_window(home: Path) -> None:
    prompt = _sized(home, 1_000_000).estimate.prompt_tokens

    assert _limit(_sized(home, prompt + 100, max_completion_tokens=100)) == 100
    with pytest.raises(ContextWindowError):
        _sized(home, prompt + 99, max_completion_tokens=100)


def test_a_narrow_window_shortens_the_answer(home: Path) -> None:
    plan = _sized(home, 1_000_000)
    most = ceiling_prompt(plan.estimate.prompt_tokens, 2, Decimal(0))

    assert _limit(plan) == 16_384
    assert _limit(_sized(home, most + 16_384)) == 16_384
    assert _limit(_sized(home, most + 16_383)) == 16_383
    assert _limit(_sized(home, most + 5_000)) == 5_000


def test_the_prompt_limit_has_an_edge() -> None:
    client = Client("kimi-k3")
    prompt = client.estimate(QUESTION, [report()], strategy="full").prompt_tokens

    client.plan(QUESTION, [report()], strategy="full", max_prompt_tokens=prompt)
    with pytest.raises(ContextWindowError, match=f"the limit you set is {prompt - 1:,}"):
        client.plan(QUESTION, [report()], strategy="full", max_prompt_tokens=prompt - 1)


# Caps on both sides of their edges --------------------------------------------------------------


def _ceiling_of(completion: int) -> Decimal:
    """What asking the lease in full may cost with an answer of so many tokens."""
    estimate = Client("kimi-k3", home=None).estimate(QUESTION, [lease()], strategy="full")
    price = get_model("kimi-k3").price
    assert price is not None
    return ceiling(price, ceiling_prompt(estimate.prompt_tokens, 2, Decimal(0)), completion)


def _capped(cap: Decimal | str, **options: Any) -> Plan:
    client = Client("kimi-k3", home=None)
    return client.plan(QUESTION, [lease()], strategy="full", max_cost=cap, **options)


def test_the_default_answer_has_16384_tokens_and_is_shortened_by_the_cap() -> None:
    assert _limit(_capped("2.00")) == 16_384
    assert _limit(_capped(_ceiling_of(16_384))) == 16_384
    assert _limit(_capped(_ceiling_of(16_384) - STEP)) == 16_383
    assert _limit(_capped(_ceiling_of(10_000))) == 10_000


def test_less_than_4096_tokens_of_answer_is_over_the_cap() -> None:
    cap = _ceiling_of(4_096)

    assert _limit(_capped(cap)) == 4_096
    with pytest.raises(OverCapError) as caught:
        _capped(cap - STEP)

    assert "room for an answer of 4,096" in caught.value.message
    assert "prompt tokens" in caught.value.message


def test_a_limit_of_ones_own_moves_the_least() -> None:
    cap = _ceiling_of(700)

    assert _limit(_capped(cap, max_completion_tokens=700)) == 700
    with pytest.raises(OverCapError):
        _capped(cap - STEP, max_completion_tokens=700)
    assert _limit(_capped("2.00", max_completion_tokens=30_000)) == 30_000


def test_the_ceiling_of_a_plan_is_within_its_cap() -> None:
    for cap in ("0.07", "0.1", "0.2", "2"):
        found = _capped(cap).estimate.cost.ceiling
        assert found is not None
        assert found <= Decimal(cap)


def test_the_usual_cap_is_two_dollars_and_the_settings_may_set_another(home: Path) -> None:
    default = Client("kimi-k3").plan(QUESTION, [lease()], max_completion_tokens=500_000)
    home.mkdir(exist_ok=True)
    (home / "settings.toml").write_text('max_cost = "0.10"\n', encoding="utf-8")
    own = Client("kimi-k3").plan(QUESTION, [lease()], max_completion_tokens=500_000)
    more = Client("kimi-k3").plan(
        QUESTION, [lease()], max_completion_tokens=10_000, max_cost="0.50"
    )

    assert Decimal("1.99") < (default.estimate.cost.ceiling or 0) <= 2
    assert Decimal("0.09") < (own.estimate.cost.ceiling or 0) <= Decimal("0.10")
    assert _limit(more) == 10_000


@pytest.mark.parametrize("budget", ["0.10", Decimal("0.10"), Budget(question=Decimal("0.10"))])
def test_a_budget_caps_the_question(budget: Any) -> None:
    plan = Client("kimi-k3", budget=budget).plan(QUESTION, [lease()])

    assert (plan.estimate.cost.ceiling or 0) <= Decimal("0.10")
    assert _limit(plan) < 16_384


def test_a_day_leaves_what_was_not_spent(server: KimiServer) -> None:
    budget = Budget(question=None, day=Decimal("0.20"))
    client = client_at(server, budget=budget)

    answers = []
    with pytest.raises(OverCapError, match="day's cap"):  # noqa: PT012
        for _ in range(200):
            answers.append(client.ask(QUESTION, [lease()]))

    assert len(answers) > 5
    assert server.billed <= Decimal("0.20")
    assert client.ledger.spent("day") == server.billed


def test_a_cap_that_filled_up_since_the_plan_refuses_the_run(server: KimiServer) -> None:
    client = client_at(server, budget=Budget(question=None, day=Decimal("0.30")))
    plan = client.plan(QUESTION, [lease()])
    server.reasoning = 12_000
    client.run(plan)

    with pytest.raises(OverCapError):
        client.run(plan)

    assert len(server.chats) == 1


# Currencies -------------------------------------------------------------------------------------

YUAN = {
    "prompt": "20",
    "cached": "2",
    "completion": "100",
    "currency": "CNY",
}


def test_a_cap_in_dollars_binds_no_cost_in_yuan_and_says_so(home: Path) -> None:
    price_book(home, kimi_k3=YUAN)
    client = Client("kimi-k3", budget=Budget(question=Decimal("0.01"), day=Decimal("0.01")))

    plan = client.plan(QUESTION, [lease()])

    assert plan.estimate.cost.currency == "CNY"
    assert _limit(plan) == 16_384
    assert "do not bind this cost in CNY" in plan.warnings[0]


def test_a_question_in_yuan_is_capped_on_default_settings(home: Path) -> None:
    price_book(home, kimi_k3=YUAN)
    client = Client("kimi-k3")

    ways = {way.strategy: way for way in client.ways(QUESTION, [lease()])}
    research = ways["research"]

    assert research.estimate.cost.currency == "CNY"
    assert (research.estimate.cost.ceiling or 0) <= 15
    price_book(home, kimi_k3={**YUAN, "completion": "10000"})
    with pytest.raises(OverCapError, match=r"the cap per question is 15\.00 CNY"):
        Client("kimi-k3").plan(QUESTION, [lease()])


def test_without_a_cap_in_its_currency_a_question_needs_one_of_its_own(home: Path) -> None:
    price_book(home, kimi_k3={**YUAN, "currency": "EUR"})
    client = Client("kimi-k3")

    for way in client.ways(QUESTION, [lease()]):
        assert not way.fits
        assert "there is no cap in EUR" in (way.reason or "")
    with pytest.raises(OverCapError, match="there is no cap in EUR"):
        client.plan(QUESTION, [lease()])

    assert client.plan(QUESTION, [lease()], max_cost="3.00").estimate.cost.currency == "EUR"


def test_a_cap_of_the_question_is_in_the_questions_currency(home: Path) -> None:
    price_book(home, kimi_k3=YUAN)
    client = Client("kimi-k3")

    plan = client.plan(QUESTION, [lease()], max_cost="1.00")

    assert Decimal("0.99") < (plan.estimate.cost.ceiling or 0) <= 1
    with pytest.raises(OverCapError, match=r"0\.10 CNY"):
        client.plan(QUESTION, [lease()], max_cost="0.10")


def test_yuan_are_booked_as_yuan(home: Path) -> None:
    price_book(home, kimi_k3=YUAN)
    with KimiServer(seed=8, region="cn") as server:
        client = client_at(server)
        client.ask(QUESTION, [lease()])
        client.ask(QUESTION, [lease()])

        assert client.ledger.totals() == {"CNY": server.billed}
        assert client.ledger.spent("day", "USD") == 0


# Unknown prices ---------------------------------------------------------------------------------


def test_an_unknown_price_is_never_sent_unless_allowed(server: KimiServer) -> None:
    server.models = ["nobody"]

    with pytest.raises(PriceUnknownError):
        client_at(server, "nobody").ask(QUESTION, [lease()])
    assert server.chats == []

    answer = client_at(server, "nobody", allow_unpriced=True).ask(QUESTION, [lease()])

    assert answer.cost.amount is None
    assert answer.estimate.cost.ceiling is None


# The books against the server's -----------------------------------------------------------------


@pytest.mark.parametrize("placement", ["choice", "top", "extra", "both"])
@pytest.mark.parametrize("field", ["top", "nested", "both"])
def test_a_settled_row_is_the_servers_bill_to_the_token(
    placement: Any, field: Any, server: KimiServer
) -> None:
    server.usage_placement, server.cached_field = placement, field
    server.reasoning_details = True
    client = client_at(server)
    for question in ("When?", "Why?"):
        client.ask(question, [lease(), report(6)], strategy="full")

    rows = client.ledger.calls()[::-1]

    assert server.bill[1].cached_tokens > 0
    for row, bill in zip(rows, server.bill, strict=True):
        assert row.state == "settled"
        assert row.usage == Usage(
            bill.prompt_tokens, bill.completion_tokens, bill.cached_tokens, bill.reasoning_tokens
        )
        assert row.cost == Cost(bill.amount, bill.currency)


@pytest.mark.parametrize("field", ["cache_write_tokens", None])
def test_a_prompt_kept_for_an_hour_is_booked_at_what_that_costs(
    field: str | None, server: KimiServer
) -> None:
    server.cache_write_field = field
    server.reasoning = 400  # what the documented priors hold for usual
    client = client_at(server, cache_ttl="1h")
    for question in ("When?", "Why?"):
        plan = client.plan(question, [report(40)], strategy="full")

        answer = client.run(plan)

        bill = server.bill[-1]
        assert answer.cost.amount == bill.amount
        assert bill.amount <= (plan.estimate.cost.ceiling or 0)
        assert plan.estimate.cost.low <= bill.amount  # type: ignore[operator]


def test_without_usage_the_row_is_our_own_count(server: KimiServer) -> None:
    server.usage_placement = "none"
    client = client_at(server)

    answer = client.ask(QUESTION, [lease()])

    (row,) = client.ledger.calls()
    (bill,) = server.bill
    assert (row.state, answer.state) == ("estimated", "estimated")
    assert row.usage is not None
    assert abs(row.usage.prompt_tokens - bill.prompt_tokens) < 40
    assert row.usage.completion_tokens == bill.completion_tokens


def test_a_question_whose_cached_tokens_are_not_told_is_never_booked_too_low(
    server: KimiServer,
) -> None:
    server.cached_field = "absent"
    client = client_at(server)
    for question in ("When?", "Why?"):
        client.ask(question, [report(20)], strategy="full")

    for row, bill in zip(client.ledger.calls()[::-1], server.bill, strict=True):
        assert row.cost is not None
        assert row.cost.amount is not None
        assert row.cost.amount >= bill.amount


# Ceilings that are never passed -----------------------------------------------------------------


@pytest.fixture
def spendthrift() -> Iterator[KimiServer]:
    """A server whose answers think for as long as they are let."""
    random = Random(5)

    def answer(_: Any) -> str:
        running.reasoning = random.choice((0, 50, 3_000, 9_000, 60_000))
        return "Yes. " * random.choice((1, 40, 2_000))

    with KimiServer(seed=9, answer=answer) as running:
        yield running


def test_no_call_passes_its_ceiling_nor_its_cap(spendthrift: KimiServer) -> None:
    random = Random(7)
    client = client_at(spendthrift)
    documents = [lease(), report(10), report(40)]
    for _ in range(30):
        cap = Decimal(random.choice(("0.07", "0.09", "0.15", "0.40")))
        plan = client.plan(
            random.choice(("When?", "What of Quill house 5?")),
            random.sample(documents, random.randint(1, 2)),
            strategy=random.choice(("auto", "chunks")),
            effort=random.choice(("low", "high", "max")),
            max_cost=cap,
            max_prompt_tokens=random.choice((None, 900, 3_000)),
            max_completion_tokens=500,
        )

        answer = client.run(plan)

        bound = plan.estimate.cost.ceiling
        assert answer.cost.amount == spendthrift.bill[-1].amount
        assert bound is not None
        assert answer.cost.amount <= bound <= cap

    assert client.ledger.totals() == {"USD": spendthrift.billed}


def test_questions_asked_at_once_never_pass_the_day_together(spendthrift: KimiServer) -> None:
    cap = Decimal("0.50")
    client = client_at(spendthrift, budget=Budget(question=None, day=cap))

    def ask(number: int) -> bool:
        try:
            client.ask(
                f"Question {number}?", [lease()], strategy="full", max_completion_tokens=6_000
            )
        except OverCapError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        answered = list(pool.map(ask, range(24)))

    assert any(answered)
    assert not all(answered)
    assert len(spendthrift.chats) == sum(answered)
    assert spendthrift.billed <= cap
    assert client.ledger.spent("day") == spendthrift.billed


def test_two_clients_share_one_day(spendthrift: KimiServer) -> None:
    budget = Budget(question=None, day=Decimal("0.30"))
    clients = [client_at(spendthrift, budget=budget) for _ in range(2)]

    for number in range(20):
        with suppress(OverCapError):
            clients[number % 2].ask(f"Question {number}?", [lease()], strategy="full")

    assert Decimal("0.1") < spendthrift.billed <= Decimal("0.30")

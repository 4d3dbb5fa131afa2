"""What several questions cost together, held against the server's own bill."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from asking import lease, report

from kimiqa import Client, Document
from kimiqa.models import get_model
from kimiqa.money import MTOK
from kimiqa.parallel import WORTH_WAITING
from kimiqa.plan import Plan
from kimiqa.settings import Settings, save_settings
from kimiqa.testing import KimiServer
from kimiqa.together import Together, together

QUESTIONS = ("Who paid for the garden?", "When was the rent settled?", "In which book is 7.3?")


@pytest.fixture
def client(server: KimiServer, home: Path) -> Client:
    """A client that has learned the server's template from two receipts."""
    client = Client("kimi-k3", base_url=server.base_url, api_key=server.key or "")
    talk = client.conversation([lease()])
    talk.ask("When?")
    talk.ask("And who?")
    return client


def priced(client: Client, document: Document) -> tuple[list[Plan], Together]:
    plans = [client.plan(each, [document], strategy="full") for each in QUESTIONS]
    return plans, together(plans, get_model(client.model, base_url=plans[0].endpoint))


def billed_since(server: KimiServer, before: int) -> tuple[Decimal, int, int]:
    """What was billed since, the completion tokens of it, and how many calls found the document
    in the cache."""
    entries = server.bill[before:]
    return (
        sum((each.amount for each in entries), Decimal(0)),
        sum(each.completion_tokens for each in entries),
        sum(each.cached_tokens > WORTH_WAITING for each in entries),
    )


def test_prompts_asked_side_by_side_cost_what_was_said_to_the_token(
    client: Client, server: KimiServer
) -> None:
    plans, said = priced(client, report())
    before = len(server.bill)

    client.ask_many(QUESTIONS, [report()], strategy="full")

    bill, completion, warm = billed_since(server, before)
    expected = sum(plan.estimate.completion_tokens.expected for plan in plans)
    price = plans[0].price
    assert price is not None
    assert said.expected is not None
    answers = (completion - expected) * price.completion / MTOK
    assert bill - answers == said.expected
    assert (said.questions, said.warm) == (len(QUESTIONS), warm) == (3, 2)


def test_the_ceiling_is_as_if_nothing_were_warm_and_is_never_passed(
    client: Client, server: KimiServer
) -> None:
    plans, said = priced(client, report())
    before = len(server.bill)

    client.ask_many(QUESTIONS, [report()], strategy="full")

    ceilings = [plan.estimate.cost.ceiling or Decimal(0) for plan in plans]
    assert said.ceiling == sum(ceilings)
    assert said.expected is not None
    assert billed_since(server, before)[0] <= said.ceiling
    assert said.expected < sum(plan.estimate.cost.expected or 0 for plan in plans)


def test_what_shares_too_little_is_cold_each_time(client: Client) -> None:
    plans, said = priced(client, lease())

    assert said.warm == 0
    assert said.expected == sum(plan.estimate.cost.expected or Decimal(0) for plan in plans)


def test_without_a_price_the_sum_is_unknown_and_not_zero(server: KimiServer, home: Path) -> None:
    save_settings(Settings(max_cost=None), home)
    at = {"base_url": server.base_url, "api_key": server.key or ""}
    with Client("nobody-knows-1", allow_unpriced=True, **at) as client:
        _, said = priced(client, report())

    assert (said.expected, said.ceiling) == (None, None)


def test_no_question_costs_nothing() -> None:
    assert together([], get_model("kimi-k3")).ceiling == 0

"""What is planned is priced without a network, and is byte for byte what is sent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx2
import openai
import pytest
from asking import (
    QUESTION,
    canonical,
    client_at,
    guard_network,
    lease,
    planned,
    report,
    sample,
    sent,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from kimiqa import AsyncClient, Client, Document
from kimiqa.cli import run
from kimiqa.errors import BadRequestError
from kimiqa.plan import Plan
from kimiqa.testing import KimiServer

STRATEGIES = ("full", "chunks", "auto")
TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200)


@pytest.fixture(scope="module")
def shared() -> Iterator[KimiServer]:
    with KimiServer(seed=13, answer="Yes.", reasoning=3) as running:
        yield running


# Nothing leaves the machine ---------------------------------------------------------------------


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_planning_makes_no_network_call_and_needs_no_key(
    strategy: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts = guard_network(monkeypatch)
    client = Client("kimi-k3")

    client.plan(QUESTION, [lease(), report()], strategy=strategy)
    client.estimate(QUESTION, [report()], strategy=strategy)
    client.ways(QUESTION, [report()])

    assert attempts == []


@pytest.mark.parametrize(
    "model", ["gpt-5", "deepseek-chat", "qwen3-max", "claude-opus-4", "nobody"]
)
def test_no_model_needs_a_network_to_be_counted(
    model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts = guard_network(monkeypatch)

    Client(model, base_url="https://example.com/v1", allow_unpriced=True).ways(QUESTION, [lease()])

    assert attempts == []


def test_the_asynchronous_twin_plans_without_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    attempts: list[str] = []

    async def planning() -> None:
        attempts.extend(guard_network(monkeypatch))
        client = AsyncClient("kimi-k3")
        await client.plan(QUESTION, [report()])
        await client.estimate(QUESTION, [report()], strategy="full")
        await client.ways(QUESTION, [report()])

    asyncio.run(planning())

    assert attempts == []


def test_cost_at_the_terminal_makes_no_network_call(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], samples: Any
) -> None:
    attempts = guard_network(monkeypatch)

    code = run(["cost", str(samples / "fhs-3.0.pdf"), "-q", "What is in /etc?", "--json"])

    assert (code, attempts) == (0, [])
    assert json.loads(capsys.readouterr().out)["ways"]


def test_the_guard_notices_a_question(monkeypatch: pytest.MonkeyPatch, server: KimiServer) -> None:
    attempts = guard_network(monkeypatch)

    with pytest.raises(Exception, match="cannot be reached"):
        client_at(server, deadline=2).ask(QUESTION, [lease()])

    assert attempts


# What is planned is what is sent ----------------------------------------------------------------


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("effort", ["low", "max"])
def test_what_is_planned_is_what_is_sent(strategy: Any, effort: str, server: KimiServer) -> None:
    client = client_at(server)

    plan = client.plan(QUESTION, [lease(), report()], strategy=strategy, effort=effort)
    client.run(plan)

    assert sent(server) == planned(plan)
    assert len(server.chats) == 1


def test_a_real_document_is_sent_as_planned(server: KimiServer) -> None:
    client = client_at(server)

    plan = client.plan("备份怎么做？", [sample("debian-reference.zh-cn.pdf")], strategy="full")
    client.run(plan)

    assert sent(server) == planned(plan)


@settings(max_examples=15, deadline=None)
@given(pages=st.lists(TEXT, min_size=1, max_size=3), question=TEXT)
def test_any_text_is_sent_as_planned(pages: list[str], question: str, shared: KimiServer) -> None:
    client = client_at(shared, home=None)
    document = Document.from_pages([*pages, "a page with words"], name="d")
    plan = client.plan(f"Q: {question}", [document], strategy="full")

    client.run(plan)

    assert sent(shared) == planned(plan)


def test_streaming_adds_its_two_keys_and_nothing_else(server: KimiServer) -> None:
    client = client_at(server)
    plan = client.plan(QUESTION, [lease()])

    client.run(plan)

    (body,) = server.chats
    assert set(body) - set(plan.requests[0].body) == {"stream", "stream_options"}
    assert body["stream_options"] == {"include_usage": True}


def test_no_sampling_parameter_is_sent(server: KimiServer) -> None:
    client_at(server).ask(QUESTION, [lease()])

    assert set(server.chats[0]) == {
        "model", "messages", "max_completion_tokens", "reasoning_effort", "stream",
        "stream_options",
    }  # fmt: skip


def test_a_stream_and_an_ask_send_the_same(server: KimiServer) -> None:
    client = client_at(server)

    client.ask(QUESTION, [lease()])
    list(client.stream(QUESTION, [lease()]))

    assert sent(server, 0) == sent(server, 1)


# A byte that changes on the way -----------------------------------------------------------------


def _altered(plan: Plan, place: int) -> Plan:
    """The plan with one character of its request changed, and all else as it was priced."""
    (stage,) = plan.stages
    (request,) = stage.requests
    place %= len(request.content)
    other = "x" if request.content[place] != "x" else "y"
    content = f"{request.content[:place]}{other}{request.content[place + 1 :]}"
    altered = replace(stage, requests=(replace(request, source=content),))
    return replace(plan, stages=(altered,))


@settings(max_examples=15, deadline=None)
@given(place=st.integers(min_value=0, max_value=10_000))
def test_one_changed_byte_between_plan_and_wire_is_refused(place: int, shared: KimiServer) -> None:
    client = client_at(shared, home=None)
    plan = client.plan(QUESTION, [lease()])
    before = len(shared.chats)

    with pytest.raises(BadRequestError, match="not the one that was priced"):
        client.run(_altered(plan, place))

    assert len(shared.chats) == before
    assert client.ledger.calls() == []


def test_a_body_that_is_altered_in_hand_changes_nothing(server: KimiServer) -> None:
    client = client_at(server)
    plan = client.plan(QUESTION, [lease()])
    content = planned(plan)

    plan.requests[0].body["messages"][1]["content"] = "altered"
    plan.requests[0].messages.clear()
    client.run(plan)

    assert sent(server) == content


class _Meddling(httpx2.AsyncHTTPTransport):
    """Changes one letter of what is sent, on the wire itself."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        body = (await request.aread()).replace(b"Eastwick", b"Eastwich", 1)
        headers = {k: v for k, v in request.headers.items() if k != "content-length"}
        changed = httpx2.Request(request.method, request.url, headers=headers, content=body)
        changed.extensions.update(request.extensions)
        return await super().handle_async_request(changed)


def test_the_comparison_would_notice_one_byte_on_the_wire(server: KimiServer) -> None:
    meddling = openai.AsyncOpenAI(
        api_key=server.key,
        base_url=server.base_url,
        http_client=httpx2.AsyncClient(transport=_Meddling()),
    )
    client = Client("kimi-k3", openai_client=meddling)
    plan = client.plan(QUESTION, [lease()])

    client.run(plan)

    arrived, wanted = sent(server), planned(plan)
    differences = [a for a, b in zip(arrived, wanted, strict=True) if a != b]
    assert differences == ["h"]


def test_a_plan_may_be_run_again_and_is_sent_again(server: KimiServer) -> None:
    client = client_at(server)
    plan = client.plan(QUESTION, [lease()])

    client.run(plan)
    client.run(plan)

    assert sent(server, 0) == sent(server, 1) == canonical(plan.requests[0].body)

"""The asynchronous twin: the same names, the same answers, and no loop held up."""

from __future__ import annotations

import asyncio
import inspect
import sqlite3
import threading
from collections.abc import Coroutine
from contextlib import closing, suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from asking import QUESTION, lease, planned, report, sent

from kimiqa import AsyncClient, AsyncConversation, Budget, Client, Conversation
from kimiqa.errors import KimiqaError, OverCapError
from kimiqa.plan import Finished, Reasoning, Started, Text
from kimiqa.testing import Fault, KimiServer


def _client(server: KimiServer, **options: Any) -> AsyncClient:
    return AsyncClient("kimi-k3", base_url=server.base_url, api_key=server.key or "", **options)


def _names(kind: type) -> set[str]:
    """The public methods of a class."""
    names = {name for name, _ in inspect.getmembers(kind, callable) if not name.startswith("_")}
    return {name.removeprefix("a") if name == "aclose" else name for name in names}


@pytest.mark.parametrize(
    ("twin", "other"), [(AsyncClient, Client), (AsyncConversation, Conversation)]
)
def test_both_clients_have_the_same_names(twin: type, other: type) -> None:
    assert _names(twin) == _names(other)


def _run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(work)


def test_it_plans_runs_and_is_sent_as_planned(server: KimiServer) -> None:
    async def asking() -> None:
        async with _client(server) as client:
            plan = await client.plan(QUESTION, [report()])
            estimate = await client.estimate(QUESTION, [report()])
            ways = await client.ways(QUESTION, [report()])
            answer = await client.run(plan)

        assert estimate == ways[0].estimate == plan.estimate == answer.estimate
        assert sent(server) == planned(plan)
        assert answer.cost.amount == server.billed
        assert client.ledger.calls()[0].state == "settled"

    _run(asking())


def test_it_plans_what_its_twin_plans(server: KimiServer) -> None:
    async def planning() -> str:
        async with _client(server) as client:
            return planned(await client.plan(QUESTION, [lease(), report()], strategy="chunks"))

    twin = Client("kimi-k3", base_url=server.base_url, api_key=server.key or "")

    assert _run(planning()) == planned(twin.plan(QUESTION, [lease(), report()], strategy="chunks"))


def test_it_streams_in_order(server: KimiServer) -> None:
    async def streaming() -> list[type]:
        async with _client(server) as client:
            return [type(event) async for event in client.stream(QUESTION, [lease()])]

    kinds = _run(streaming())

    assert kinds[0] is Started
    assert kinds[-1] is Finished
    assert kinds.index(Reasoning) < kinds.index(Text)


def test_closing_a_stream_books_what_came(server: KimiServer) -> None:
    server.tokens_per_second, server.reasoning = 100, 400

    async def stopping() -> str:
        async with _client(server) as client:
            events = client.stream(QUESTION, [lease()])
            async for event in events:
                if isinstance(event, Reasoning):
                    break
            await events.aclose()
            return client.ledger.calls()[0].state

    assert _run(stopping()) == "estimated"


def test_cancelling_a_question_books_it(server: KimiServer) -> None:
    server.fault(Fault.STALL, seconds=60)

    async def cancelling() -> str:
        async with _client(server) as client:
            task = asyncio.create_task(client.ask(QUESTION, [lease()]))
            while not server.chats:
                await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return client.ledger.calls()[0].state

    assert _run(cancelling()) == "unknown"


def test_a_time_limit_of_the_callers_own_books_it_too(server: KimiServer) -> None:
    server.tokens_per_second, server.reasoning = 50, 400

    async def waiting() -> str:
        async with _client(server) as client:
            with suppress(TimeoutError):
                async with asyncio.timeout(None) as limit:
                    async for event in client.stream(QUESTION, [lease()]):
                        assert not isinstance(event, Finished)
                        if isinstance(event, Reasoning):
                            limit.reschedule(0)
            return client.ledger.calls()[0].state

    assert _run(waiting()) == "estimated"


def test_questions_run_beside_each_other(server: KimiServer) -> None:
    server.latency = 0.3

    async def asking() -> int:
        async with _client(server) as client:
            questions = [client.ask(f"Question {n}?", [lease()]) for n in range(6)]
            answers = await asyncio.gather(*questions)
            assert all(answer.complete for answer in answers)
        return server.gate.peak

    assert _run(asking()) > 1


def test_questions_at_once_keep_to_the_cap_together(server: KimiServer) -> None:
    """No answer comes before all are decided, so that nothing is given back meanwhile."""
    budget, decided = Budget(question=None, day=Decimal("0.60")), threading.Event()

    def answer(_: dict[str, Any]) -> str:
        assert decided.wait(60)
        return "On 30 April 2030."

    server.answer = answer

    async def asking() -> tuple[int, list[str]]:
        async with _client(server, budget=budget) as client:
            plan = await client.plan(QUESTION, [lease()], max_completion_tokens=12_000)
            assert plan.estimate.cost.ceiling is not None
            fits, heard = int(Decimal("0.60") / plan.estimate.cost.ceiling), list[str]()

            async def ask() -> None:
                try:
                    await client.run(plan)
                    heard.append("answered")
                except OverCapError:
                    heard.append("refused")
                    if heard.count("refused") == 6 - fits:
                        decided.set()

            await asyncio.gather(*(ask() for _ in range(6)))
            return fits, heard

    fits, heard = _run(asking())

    assert 0 < fits < 6
    assert sorted(heard) == ["answered"] * fits + ["refused"] * (6 - fits)
    assert len(server.chats) == fits
    assert server.billed <= Decimal("0.60")


def test_planning_does_not_hold_up_the_loop(server: KimiServer) -> None:
    async def planning() -> int:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0)

        ticking = asyncio.create_task(tick())
        await _client(server).plan(QUESTION, [report(400)], strategy="chunks")
        ticking.cancel()
        return ticks

    assert _run(planning()) > 10


def test_one_client_may_be_used_in_one_loop_after_another(server: KimiServer) -> None:
    client = _client(server)

    async def asking() -> bool:
        answer = await client.ask(QUESTION, [lease()])
        await client.aclose()
        return answer.complete

    assert _run(asking())
    assert _run(asking())


def test_a_client_that_was_not_closed_may_be_used_in_another_loop(server: KimiServer) -> None:
    client = _client(server)

    async def asking() -> bool:
        return (await client.ask(QUESTION, [lease()])).complete

    assert _run(asking())
    assert _run(asking())


def test_a_conversation_grows(server: KimiServer) -> None:
    async def talking() -> None:
        async with _client(server) as client:
            talk = client.conversation([lease()])
            first = await talk.ask("When?")
            events = [event async for event in talk.stream("And the rent?")]
            estimate = await talk.estimate("Who?")
            plan = await talk.plan("Who?")
            ways = await talk.ways("Who?")

        assert isinstance(events[-1], Finished)
        messages = plan.requests[0].messages
        assert messages[2]["content"] == first.text
        assert len(messages) == 6
        assert estimate.prompt_tokens == plan.estimate.prompt_tokens
        assert ways[0].strategy == plan.strategy

    _run(talking())


def test_errors_come_as_they_are(server: KimiServer) -> None:
    server.fault(Fault.QUOTA)

    async def asking() -> None:
        async with _client(server) as client:
            with pytest.raises(KimiqaError) as caught:
                await client.ask(QUESTION, [lease()])
            assert caught.value.code == "quota"
            with pytest.raises(OverCapError):
                await client.plan(QUESTION, [lease()], max_cost="0.001")

    _run(asking())


def test_the_synchronous_client_works_inside_a_running_loop(server: KimiServer) -> None:
    async def asking() -> bool:
        client = Client("kimi-k3", base_url=server.base_url, api_key=server.key or "")
        return client.ask(QUESTION, [lease()]).complete

    assert _run(asking())


def test_the_embedded_endpoint_answers_too() -> None:
    async def asking() -> str:
        async with AsyncClient() as client:
            return (await client.ask("When does the lease of Eastwick end?", [lease()])).text

    assert "30 April 2030" in _run(asking())


def test_a_task_that_is_cancelled_while_it_reserves_has_given_back_when_it_ends(
    server: KimiServer, home: Path
) -> None:
    async def stopped() -> list[str]:
        async with _client(server, home=home) as client:
            plan = await client.plan(QUESTION, [lease()])
            with closing(sqlite3.connect(home / "ledger.db", check_same_thread=False)) as other:
                other.execute("BEGIN IMMEDIATE")
                task = asyncio.create_task(client.run(plan))
                await asyncio.sleep(0.5)
                asyncio.get_running_loop().call_later(0.5, other.rollback)
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
            return [call.state for call in client.ledger.calls()]

    assert asyncio.run(stopped()) == ["released"]
    assert server.chats == []

"""Web search in research: off by default, priced per search, held by the ceiling, and said."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

import kimiqa
from kimiqa.errors import BadRequestError, NotAllowedError, PriceUnknownError
from kimiqa.plan import Answer, Finished, Step
from kimiqa.testing import MODELS, KimiServer, Replies, Scripted, tool_call

QUESTION = "Is the rent in line with the official index?"
RENT = "The rent is 3,850 euros a month, adjusted to the official index each May."
FEE = Decimal("0.005")


def lease() -> kimiqa.Document:
    return kimiqa.Document.from_pages([RENT, "Pets are not allowed."], name="lease")


def search(tokens: int, number: int = 1) -> dict[str, Any]:
    found = {"search_result": {"search_id": f"s{number}"}, "usage": {"total_tokens": tokens}}
    return tool_call("$web_search", found, number)


def researcher(*searches: dict[str, Any]) -> Replies:
    """A model that reads the first page, searches the web, and answers."""
    read = tool_call("read_pages", {"document": "D1", "pages": "1"}, 9)
    return Replies(
        [
            Scripted(tool_calls=[read]),
            *([Scripted(tool_calls=list(searches))] if searches else []),
            'It follows the index: "adjusted to the official index each May" [D1 p. 1].',
        ]
    )


def client(server: KimiServer, **options: Any) -> kimiqa.Client:
    return kimiqa.Client(
        "kimi-k3", api_key=server.key, base_url=server.base_url, home=None, **options
    )


def ask(asker: kimiqa.Client, **options: Any) -> Answer:
    return asker.ask(QUESTION, [lease()], strategy="research", **options)


def test_no_tool_searches_the_web_unless_that_is_asked_for(server: KimiServer) -> None:
    server.answer = researcher()

    ask(client(server))

    offered = {tool["function"]["name"] for body in server.chats for tool in body["tools"]}
    assert "$web_search" not in offered
    assert "web" not in server.chats[0]["messages"][0]["content"]


def test_a_search_is_paid_by_its_price_and_its_tokens_to_the_cent(server: KimiServer) -> None:
    server.answer = researcher(search(5_000), search(3_000, 2))
    asker = client(server)

    answer = ask(asker, web_searches=3)

    assert [call.state for call in asker.ledger.calls()] == ["settled"] * 3
    assert answer.cost.amount == server.billed
    assert sum(row.amount for row in server.bill) >= 2 * FEE
    assert server.bill[2].prompt_tokens - server.bill[1].prompt_tokens > 8_000
    assert answer.citations[0].status == "verified"
    assert any("searched 2 time(s)" in each and "not checked" in each for each in answer.warnings)
    assert any("Web searches: 2 at $0.005" in each for each in answer.warnings)


def test_a_search_goes_back_as_it_came(server: KimiServer) -> None:
    server.answer = researcher(search(5_000))

    ask(client(server), web_searches=1)

    said, back = server.chats[-1]["messages"][-2:]
    assert said["tool_calls"][0]["type"] == "builtin_function"
    assert (back["role"], back["name"]) == ("tool", "$web_search")
    assert json.loads(back["content"])["usage"]["total_tokens"] == 5_000


def test_the_estimate_holds_the_searches_and_the_ceiling_is_not_passed(server: KimiServer) -> None:
    server.answer = researcher(search(5_000))
    asker = client(server)

    without = asker.estimate(QUESTION, [lease()], strategy="research").cost
    plan = asker.plan(QUESTION, [lease()], strategy="research", web_searches=4)
    answer = asker.run(plan)

    assert plan.estimate.cost.expected is not None
    assert without.expected is not None
    assert plan.estimate.cost.expected >= without.expected + 2 * FEE
    assert plan.estimate.cost.ceiling is not None
    assert answer.cost.amount is not None
    assert answer.cost.amount <= plan.estimate.cost.ceiling


def test_more_searches_than_agreed_find_nothing_and_their_price_is_booked(
    server: KimiServer,
) -> None:
    server.answer = researcher(search(1_000), search(1_000, 2), search(1_000, 3))
    asker = client(server)

    answer = ask(asker, web_searches=1)

    results = [each["content"] for each in server.chats[-1]["messages"] if each["role"] == "tool"]
    assert sum("all 1 web searches are used" in each for each in results) == 2
    assert answer.cost.amount == server.billed


def within_their_ceilings(asker: kimiqa.Client) -> bool:
    rows = [(row.cost, row.ceiling) for row in asker.ledger.calls()]
    return all(a and b and (a.amount or 0) <= (b.amount or 0) for a, b in rows)


def test_of_one_reply_no_more_searches_are_read_than_are_reserved_for(server: KimiServer) -> None:
    server.answer = researcher(*(search(100, number) for number in range(1, 31)))
    asker = client(server)

    answer = ask(asker, web_searches=1)

    results = [each.get("name") for each in server.chats[-1]["messages"]]
    assert results.count("$web_search") == 8
    assert within_their_ceilings(asker)
    assert any("9 at $0.005" in each for each in answer.warnings)
    assert any("read no further" in each for each in answer.warnings)
    assert answer.state == "estimated"


def test_the_last_call_too_reserves_what_searches_cost(server: KimiServer) -> None:
    read = tool_call("read_pages", {"document": "D1", "pages": "1"}, 9)
    said = Scripted("Nothing [D1 p. 1].", tool_calls=[search(100, n) for n in range(1, 9)])
    server.answer = Replies([Scripted(tool_calls=[read]), said])
    asker = client(server)

    ask(asker, web_searches=1, max_steps=2, max_completion_tokens=1_000)

    assert [body.get("tool_choice") for body in server.chats] == [None, "none"]
    assert within_their_ceilings(asker)


def test_a_search_that_is_offered_no_more_is_reserved_for_all_the_same(server: KimiServer) -> None:
    server.answer = researcher(search(100))
    asker = client(server)

    ask(asker, web_searches=1)

    ceilings = [row.ceiling.amount for row in reversed(asker.ledger.calls()) if row.ceiling]
    assert '"$web_search"' not in json.dumps(server.chats[2]["tools"])
    assert ceilings == sorted(ceilings)


def test_no_request_offers_the_search_once_all_are_used(server: KimiServer) -> None:
    server.answer = researcher(search(1_000))

    ask(client(server), web_searches=1)

    offered = [json.dumps(body["tools"]) for body in server.chats]
    assert ["$web_search" in each for each in offered] == [True, True, False]


def test_what_was_found_and_has_no_room_is_not_put_into_the_prompt(server: KimiServer) -> None:
    server.answer = researcher(search(900_000))

    answer = ask(client(server), web_searches=1)

    assert max(row.prompt_tokens for row in server.bill) < 100_000
    results = [each["content"] for each in server.chats[-1]["messages"] if each["role"] == "tool"]
    assert any("900,000 tokens, and there is no room" in each for each in results)
    assert answer.complete


def test_an_endpoint_that_searches_no_web_is_asked_without(server: KimiServer) -> None:
    server.models = [replace(each, web=False) for each in MODELS]
    server.answer = researcher()
    asker = client(server)

    events = list(asker.stream(QUESTION, [lease()], strategy="research", web_searches=2))

    (answer,) = [each.answer for each in events if isinstance(each, Finished)]
    steps = [each.message for each in events if isinstance(each, Step)]
    assert "It searches no web: asked without." in steps
    assert answer.citations[0].status == "verified"
    assert answer.cost.amount == server.billed


def test_a_step_shows_how_much_was_found(server: KimiServer) -> None:
    server.answer = researcher(search(5_000))

    events = list(client(server).stream(QUESTION, [lease()], strategy="research", web_searches=1))

    told = [(each.kind, each.state, each.message) for each in events if isinstance(each, Step)]
    assert ("web", "done", "5,000 tokens found") in told


def test_a_document_with_a_rule_is_not_searched_about(server: KimiServer, home: Any) -> None:
    path = home.parent / "lease.md"
    path.write_text(RENT)
    document = kimiqa.Document.open(path)
    document.restrict("127.0.0.1")

    with pytest.raises(NotAllowedError, match="a web search may carry its words elsewhere"):
        client(server).plan(QUESTION, [document], strategy="research", web_searches=1)

    assert server.chats == []


def test_a_search_without_a_price_is_refused(server: KimiServer, home: Any) -> None:
    home.mkdir(exist_ok=True)
    host = server.base_url.split("/")[2]
    (home / "prices.toml").write_text(
        f'["my-model"]\nprompt = "1.00"\ncompletion = "2.00"\nhost = "{host}"\n'
        "context_window = 100_000\n"
    )
    asker = kimiqa.Client("my-model", api_key=server.key, base_url=server.base_url)

    with pytest.raises(PriceUnknownError, match="What a web search costs with my-model"):
        asker.plan(QUESTION, [lease()], strategy="research", web_searches=1)


@pytest.mark.parametrize("many", [-1, 51, 1.5, True], ids=str)
def test_a_number_of_searches_that_is_none_is_refused(server: KimiServer, many: Any) -> None:
    with pytest.raises(BadRequestError, match="cannot make"):
        client(server).plan(QUESTION, [lease()], strategy="research", web_searches=many)


def test_placeholders_go_out_in_place_of_personal_data_in_searches_too(server: KimiServer) -> None:
    found = {"query": "ann@example.org", "usage": {"total_tokens": 100}}
    server.answer = researcher(tool_call("$web_search", found, 1))
    document = kimiqa.Document.from_pages([f"{RENT} Write to ann@example.org."], name="lease")

    client(server).ask(QUESTION, [document], strategy="research", web_searches=1, private=True)

    assert "ann@example.org" not in json.dumps(server.chats)


def test_the_page_asks_for_searches_only_on_the_card_of_research(
    server: KimiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("streamlit")
    from test_ui_states import Page

    monkeypatch.setenv("KIMIQA_BASE_URL", server.base_url)
    monkeypatch.setenv("KIMIQA_API_KEY", server.key or "")
    server.answer = researcher(search(2_000))
    page = Page().upload(("lease.txt", RENT.encode()))
    assert not page.at.number_input

    page.at.button(key="way-research").click().run()
    page.at.number_input(key="choice-web").set_value(2).run()
    page.ask(QUESTION)

    assert "The web was searched 1 time(s)" in page.words
    assert sum(row.amount for row in server.bill) == server.billed
    assert any("$web_search" in json.dumps(body["tools"]) for body in server.chats)

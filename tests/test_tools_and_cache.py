"""Tools stand before every message in what a provider caches: with others, nothing is shared."""

from __future__ import annotations

from decimal import Decimal

from test_ledger import reserve

from kimiqa.caching import Asked, change_note
from kimiqa.ledger import Ledger
from kimiqa.models import get_model
from kimiqa.money import Cost, Usage
from kimiqa.plan import Request, Segment, tools_json, tools_name
from kimiqa.strategies.prefixes import Part, segments_of
from kimiqa.template import PRIOR
from kimiqa.tokens import counter_for

SEARCH = [{"type": "function", "function": {"name": "search", "parameters": {}}}]
READ = [{"type": "function", "function": {"name": "read", "parameters": {}}}]
HOST, MODEL = "api.moonshot.ai", "kimi-k3"


def segments(tools: object) -> tuple[Segment, ...]:
    counter = counter_for("kimi_k3")
    text = "The rent is due on the first working day of each month. " * 400
    messages = [(Part(counter.count(text), text),)]
    return segments_of(messages, PRIOR, counter, 256, tools=tools_json(tools))


def digests(tools: object) -> set[str]:
    return {each.digest for each in segments(tools)}


def test_with_other_tools_no_prefix_is_shared() -> None:
    assert not digests(SEARCH) & digests(READ)
    assert not digests(SEARCH) & digests(None)
    assert digests(SEARCH) == digests(list(SEARCH))


def test_tools_count_among_the_prompt_tokens_of_every_prefix() -> None:
    tokens = counter_for("kimi_k3").count(tools_json(SEARCH))

    assert segments(SEARCH)[-1].tokens == segments(None)[-1].tokens + tokens


def test_a_request_names_the_tools_that_it_carries() -> None:
    def named(**more: object) -> str:
        body = {"model": MODEL, "messages": [], **more}
        return Request.of(body, prompt_tokens=1, max_completion_tokens=1).tools

    assert named(tools=SEARCH) == tools_name(SEARCH)
    assert named(tools=SEARCH) != named(tools=READ)
    assert named() == ""


def test_what_is_warm_for_one_set_of_tools_is_cold_for_another() -> None:
    with Ledger.open(None) as ledger:
        ledger.remember_prefix(HOST, MODEL, "low", segments(SEARCH), 300)

        assert ledger.warm_tokens(HOST, MODEL, "low", segments(SEARCH))[0] > 0
        assert ledger.warm_tokens(HOST, MODEL, "low", segments(READ)) == (0, None)


def test_changing_the_tools_says_what_it_drops_and_costs() -> None:
    warm = segments(SEARCH)
    with Ledger.open(None) as ledger:
        reserved = reserve(
            ledger,
            endpoint=HOST,
            model=MODEL,
            effort="low",
            strategy="research",
            documents=[("a", "lease")],
            prefix=warm[-1].digest,
            tools=tools_name(SEARCH),
        )
        settle(ledger, reserved, warm[-1].tokens)
        ledger.remember_prefix(HOST, MODEL, "low", warm, 300)
        last = ledger.last_warm(HOST, None, ["a"])
    model = get_model(MODEL)

    def note(tools: object) -> str:
        asked = Asked(warm[-1].tokens, 0, model, "low", "research", ("a",), tools_name(tools))
        return change_note(last, asked)

    assert note(READ).startswith("Changing the tools drops ")
    assert "+$" in note(READ)
    assert note(SEARCH) == ""


def settle(ledger: Ledger, call_id: str, tokens: int) -> None:
    ledger.settle(call_id, Usage(tokens, 10), Cost(Decimal("0.01"), "USD"), 1.0)

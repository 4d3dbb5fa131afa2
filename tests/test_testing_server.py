"""The loopback server speaks the dialect, keeps honest books, and fails as it is told."""

from __future__ import annotations

import ast
import json
import re
import runpy
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import httpx2
import openai
import pytest

import kimiqa.testing
from kimiqa.testing import TIERS, Fault, KimiServer, Limits, Scripted, ServedModel
from kimiqa.testing.cache import PrefixCache
from kimiqa.testing.chance import ReasoningLaw
from kimiqa.testing.faults import STREAMS_ONLY, UNBILLED
from kimiqa.testing.vocabulary import Vocabulary

PACKAGE = Path(kimiqa.testing.__file__).parent
CHAT = "/chat/completions"
MODEL = "kimi-k3"
PAGES = """<document id="D1" name="lease.pdf" pages="2">
<page n="1">
The tenant pays the rent on the first day of the month.
</page>
<page n="2">
Either party may terminate this lease on six
months' notice. Nobody reads &lt;page&gt; tags.
</page>
</document>

Who may terminate the lease?"""


@pytest.fixture
def server() -> Iterator[KimiServer]:
    with KimiServer(seed=7, reasoning=20) as running:
        yield running


def http(server: KimiServer, **options: Any) -> httpx2.Client:
    """A plain client, without certificates: loading them would be most of each test's time."""
    options |= {"headers": {"Authorization": f"Bearer {server.key}"}, "trust_env": False}
    return httpx2.Client(base_url=server.base_url, verify=False, **options)


def body(text: str = "Hello", **options: Any) -> dict[str, Any]:
    return {"model": MODEL, "messages": [{"role": "user", "content": text}], **options}


def post(server: KimiServer, text: str = "Hello", **options: Any) -> httpx2.Response:
    with http(server, timeout=5) as client:
        return client.post(CHAT, json=body(text, **options))


def usage(server: KimiServer, text: str, **options: Any) -> dict[str, Any]:
    told: dict[str, Any] = post(server, text, **options).json()["usage"]
    return told


def chunks(response: httpx2.Response) -> list[dict[str, Any]]:
    lines = [line[6:] for line in response.text.splitlines() if line.startswith("data: ")]
    return [json.loads(line) for line in lines if line != "[DONE]"]


def said(response: httpx2.Response, field: str = "content") -> str:
    deltas = [choice["delta"] for chunk in chunks(response) for choice in chunk.get("choices", ())]
    return "".join(delta.get(field) or "" for delta in deltas)


def long_text(tokens: int, *, start: str = "") -> str:
    """A text of exactly so many tokens."""
    words = Vocabulary("kimi_k3")
    return words.first(start + "The rent is due on the first day of May. " * tokens, tokens)


# Independence -----------------------------------------------------------------------------------


@pytest.mark.parametrize("module", sorted(PACKAGE.glob("*.py")), ids=lambda path: path.name)
def test_it_imports_nothing_else_of_kimiqa(module: Path) -> None:
    tree = ast.parse(module.read_text(encoding="utf-8"))
    names = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    names += [
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    ]
    relative = [n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.level]

    ours = [name for name in names if name.split(".")[0] == "kimiqa"]
    assert all(name.startswith("kimiqa.testing") for name in ours)
    assert not relative


def test_without_a_web_server_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)

    with pytest.raises(ImportError, match=re.escape("pip install 'kimiqa[testing]'")):
        runpy.run_path(str(PACKAGE / "__init__.py"))


# Counting ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_the_overhead_is_linear_in_the_messages(seed: int) -> None:
    server = KimiServer(seed=seed)
    text = {"role": "user", "content": "Hello world"}

    per_message, per_request = server.template.per_message, server.template.per_request
    assert server.count([text]) == 2 + per_message + per_request
    assert server.count([text] * 5) == 5 * (2 + per_message) + per_request


def test_the_seed_decides_what_is_drawn() -> None:
    drawn = [(KimiServer(seed=seed).template, KimiServer(seed=seed).law) for seed in range(20)]

    assert drawn[3] == (KimiServer(seed=3).template, KimiServer(seed=3).law)
    assert len(set(drawn)) == 20


def test_the_estimate_equals_what_is_billed(server: KimiServer) -> None:
    with http(server) as client:
        estimate = client.post("/tokenizers/estimate-token-count", json=body(PAGES)).json()
        post(server, PAGES)

    assert estimate["data"]["total_tokens"] == server.bill[0].prompt_tokens
    assert estimate["data"]["total_tokens"] == server.count(body(PAGES)["messages"])


@pytest.mark.parametrize("model", ["kimi_k2", "kimi_k3"])
def test_reasoning_has_as_many_tokens_as_are_billed(model: str) -> None:
    words = Vocabulary(model)

    assert words.count(words.thoughts(500, Random(1))) == 500


def test_the_law_of_reasoning_is_what_is_drawn() -> None:
    law, random = ReasoningLaw(300, 1.0), Random(5)
    drawn = sorted(law.draw(random, "high") for _ in range(4000))

    assert drawn[2000] == pytest.approx(law.quantile(0.5, "high"), rel=0.1)
    assert drawn[3800] == pytest.approx(law.quantile(0.95, "high"), rel=0.15)


# Usage ------------------------------------------------------------------------------------------

PLACEMENTS = [
    ("choice", True, (1, 0)),
    ("top", False, (0, 1)),
    ("extra", True, (0, 1)),
    ("extra", False, (0, 0)),
    ("both", True, (1, 1)),
    ("both", False, (1, 0)),
    ("none", True, (0, 0)),
]


@pytest.mark.parametrize(("placement", "asked", "places"), PLACEMENTS)
def test_streamed_usage_stands_where_it_is_told(
    server: KimiServer, placement: Any, asked: bool, places: tuple[int, int]
) -> None:
    server.usage_placement = placement
    got = chunks(post(server, stream=True, stream_options={"include_usage": asked}))

    inside = [c["usage"] for chunk in got for c in chunk["choices"] if c.get("usage")]
    on_top = [chunk["usage"] for chunk in got if chunk.get("usage")]
    assert (len(inside), len(on_top)) == places
    row = server.bill[0]
    for told in inside + on_top:
        assert told["prompt_tokens"] == row.prompt_tokens
        assert told["completion_tokens"] == row.completion_tokens


def test_the_extra_chunk_has_no_choices_and_null_stands_before(server: KimiServer) -> None:
    server.usage_placement = "extra"
    *before, last = chunks(post(server, stream=True, stream_options={"include_usage": True}))

    assert last["choices"] == []
    assert {chunk["usage"] for chunk in before} == {None}


@pytest.mark.parametrize(
    ("field", "top", "nested"),
    [("top", 768, None), ("nested", None, 768), ("both", 768, 768), ("absent", None, None)],
)
def test_cached_tokens_stand_where_they_are_told(
    server: KimiServer, field: Any, top: int | None, nested: int | None
) -> None:
    server.cached_field = field
    text = long_text(800)
    post(server, text)
    told = usage(server, text)

    assert told.get("cached_tokens") == top
    assert told.get("prompt_tokens_details", {}).get("cached_tokens") == nested
    assert server.bill[1].cached_tokens == 768


def test_the_bill_is_the_price_table_times_the_true_usage(server: KimiServer) -> None:
    text = long_text(1_000)
    post(server, text)
    told = usage(server, text)

    row = server.bill[1]
    fresh = row.prompt_tokens - row.cached_tokens
    millionths = fresh * 3 + row.cached_tokens * Decimal("0.30") + row.completion_tokens * 15
    assert row.amount == millionths / 1_000_000
    assert row.cached_tokens == told["cached_tokens"] == 768
    assert row.completion_tokens == told["completion_tokens"] > row.reasoning_tokens == 20
    assert server.billed == sum(each.amount for each in server.bill)


def test_china_bills_in_yuan() -> None:
    with KimiServer(region="cn", reasoning=0, answer="Yes") as server:
        post(server)

        row = server.bill[0]
        assert row.currency == "CNY"
        assert row.amount == (row.prompt_tokens * 20 + Decimal(100)) / 1_000_000


# The cache --------------------------------------------------------------------------------------


def test_the_cache_reads_whole_blocks_of_the_common_prefix(server: KimiServer) -> None:
    shared = long_text(1_000)

    first, second = usage(server, shared + " One"), usage(server, shared + " Two")
    other = usage(server, "Other. " + shared)
    assert first["cached_tokens"] == 0
    assert second["cached_tokens"] == 768
    assert other["cached_tokens"] == 0


def test_a_prompt_of_256_tokens_is_not_cached(server: KimiServer) -> None:
    overhead = server.count([{"role": "user", "content": "x"}]) - 1
    small, large = long_text(256 - overhead), long_text(257 - overhead, start="Now. ")

    assert [usage(server, small)["cached_tokens"] for _ in range(2)] == [0, 0]
    assert [usage(server, large)["cached_tokens"] for _ in range(2)] == [0, 256]


def test_a_conversation_grows_its_prefix(server: KimiServer) -> None:
    talk = [{"role": "user", "content": long_text(600)}]
    with http(server) as client:
        reply = client.post(CHAT, json={"model": MODEL, "messages": talk}).json()
        talk += [reply["choices"][0]["message"], {"role": "user", "content": "And then?"}]
        told = client.post(CHAT, json={"model": MODEL, "messages": talk}).json()["usage"]

    assert told["cached_tokens"] == 512


@pytest.mark.parametrize(
    "change",
    [
        {"reasoning_effort": "high"},
        {"model": "kimi-k3.1-pro"},
        {"tools": [{"type": "function", "function": {"name": "search"}}]},
    ],
    ids=["effort", "model", "tools"],
)
def test_another_model_effort_or_tools_reads_nothing(
    server: KimiServer, change: dict[str, Any]
) -> None:
    text = long_text(800)
    usage(server, text, reasoning_effort="low")

    again = body(text, reasoning_effort="low") | change
    with http(server) as client:
        assert client.post(CHAT, json=again).json()["usage"]["cached_tokens"] == 0


@pytest.mark.parametrize(
    ("options", "ttl"), [({}, 300), ({"prompt_cache_options": {"ttl": "1h"}}, 3600)]
)
def test_a_prefix_lives_its_time_and_a_hit_renews_it(
    server: KimiServer, options: dict[str, Any], ttl: float
) -> None:
    server.clock = lambda: 0.0
    text, cached = long_text(800), []
    for wait in (0, ttl - 1, ttl - 1, ttl):
        server.advance(wait)
        cached.append(usage(server, text, **options)["cached_tokens"])

    assert cached == [0, 768, 768, 0]


def test_an_hour_costs_the_write_price_instead_of_the_miss(server: KimiServer) -> None:
    text = long_text(800)
    post(server, text, prompt_cache_options={"ttl": "1h"})
    post(server, text, prompt_cache_options={"ttl": "1h"})

    first, second = server.bill
    answers = Decimal(15) * first.completion_tokens
    assert first.amount == (first.prompt_tokens * 6 + answers) / 1_000_000
    fresh = second.prompt_tokens - 768
    assert second.amount == (fresh * 6 + 768 * Decimal("0.3") + answers) / 1_000_000


def test_calls_sent_together_do_not_read_each_others_prefix(server: KimiServer) -> None:
    server.clock, server.latency = lambda: 0.0, 0.01
    text = long_text(800)
    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(lambda _: usage(server, text)["cached_tokens"], range(3)))

    server.advance(1)
    assert together == [0, 0, 0]
    assert usage(server, text)["cached_tokens"] == 768


def test_an_exact_resend_can_be_read_in_full(server: KimiServer) -> None:
    server.cache_exact_resend = True
    text = long_text(800)
    post(server, text)
    told = usage(server, text)

    assert told["cached_tokens"] == told["prompt_tokens"]
    assert usage(server, text + " More")["cached_tokens"] == 768


def test_a_block_kept_for_an_hour_is_not_shortened() -> None:
    cache = PrefixCache()
    cache.write([b"1"], 0, ttl=3600, ready=0)
    cache.write([b"1"], 10, ttl=300, ready=10)

    assert cache.read([b"1"], 3000) == 1


# Answers ----------------------------------------------------------------------------------------


def test_the_default_answer_quotes_a_page_word_for_word(server: KimiServer) -> None:
    text = post(server, PAGES).json()["choices"][0]["message"]["content"]

    assert '"Either party may terminate this lease on six" [D1 p. 2]' in text


def test_findings_pass_on_their_citations(server: KimiServer) -> None:
    finding = '"may terminate on six months notice" [D2 p. 17]'
    text = post(server, f"Merge: {finding}\nand {finding}").json()["choices"][0]["message"]

    assert text["content"] == f"Together: {finding}."


def test_reasoning_comes_first_and_counts_as_completion(server: KimiServer) -> None:
    response = post(server, PAGES, stream=True)
    kinds = [
        next(iter(set(choice["delta"]) & {"content", "reasoning_content"}), None)
        for chunk in chunks(response)[1:]
        for choice in chunk["choices"]
    ]

    assert kinds == sorted(kinds, key=["reasoning_content", "content", None].index)
    words = Vocabulary("kimi_k3")
    assert words.count(said(response, "reasoning_content")) == 20
    assert server.bill[0].completion_tokens == 20 + words.count(said(response))


def test_too_low_a_limit_leaves_no_answer(server: KimiServer) -> None:
    choice = post(server, max_completion_tokens=20).json()["choices"][0]

    assert choice["message"]["content"] == ""
    assert choice["finish_reason"] == "length"
    assert server.bill[0].completion_tokens == 20


def test_the_limit_cuts_the_answer(server: KimiServer) -> None:
    server.answer = "one two three four five"
    choice = post(server, max_completion_tokens=23).json()["choices"][0]

    assert choice["message"]["content"] == "one two three"
    assert choice["finish_reason"] == "length"
    assert server.bill[0].completion_tokens == 23


def test_answers_can_be_scripted_with_tools_and_field_names(server: KimiServer) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "read", "arguments": '{"p": 1}'}}
    server.answer = lambda sent: Scripted(tool_calls=[call], reasoning="I look.")
    server.reasoning_field, server.null_content = "reasoning", True
    choice = post(server).json()["choices"][0]
    streamed = chunks(post(server, stream=True))

    message = choice["message"]
    assert (message["content"], message["reasoning"]) == (None, "I look.")
    assert message["tool_calls"] == [call]
    assert choice["finish_reason"] == "tool_calls"
    deltas = [c["delta"].get("tool_calls") for chunk in streamed for c in chunk["choices"]]
    pieces = [piece for delta in deltas if delta for piece in delta]
    assert pieces[0]["function"] == {"name": "read", "arguments": ""}
    assert "".join(piece["function"]["arguments"] for piece in pieces) == '{"p": 1}'


def test_speed_and_latency_are_kept(server: KimiServer) -> None:
    server.latency, server.tokens_per_second, server.reasoning = 0.1, 200, 40
    server.answer = "ten"
    began = time.monotonic()
    post(server, stream=True)

    assert 0.28 <= time.monotonic() - began < 1.5


# Refusals ---------------------------------------------------------------------------------------

REFUSED: list[tuple[str, dict[str, Any], int, str, str]] = [
    ("retired", {"model": "kimi-k2.5"}, 404, "resource_not_found_error",
     "Not found the model kimi-k2.5 or Permission denied"),
    ("temperature", {"temperature": 0.6}, 400, "invalid_request_error",
     "invalid temperature: only 1 is allowed for this model"),
    ("n", {"n": 2}, 400, "invalid_request_error", "invalid n: only 1 is allowed for this model"),
    ("top_p", {"top_p": 1}, 400, "invalid_request_error",
     "invalid top_p: only 0.95 is allowed for this model"),
    ("thinking", {"thinking": {"type": "disabled"}}, 400, "invalid_request_error",
     "invalid thinking: the parameter is not supported by this model"),
    ("effort", {"model": "kimi-k2.6", "reasoning_effort": "low"}, 400, "invalid_request_error",
     "invalid reasoning_effort: low is not allowed for this model"),
    ("k2.7 thinks", {"model": "kimi-k2.7-code", "thinking": {"type": "disabled"}}, 400,
     "invalid_request_error", "invalid thinking: only type=enabled is allowed for this model"),
    ("required", {"model": "kimi-k2.6", "tool_choice": "required"}, 400, "invalid_request_error",
     "tool_choice 'required' is incompatible with thinking enabled"),
    ("empty", {"messages": []}, 400, "invalid_request_error",
     "Invalid request: messages must not be empty"),
    ("no content", {"messages": [{"role": "user", "content": ""}]}, 400, "invalid_request_error",
     "Invalid request: message with role 'user' is empty"),
    ("no reasoning", {"messages": [{"role": "assistant", "tool_calls": [{"id": "1"}]}]}, 400,
     "invalid_request_error",
     "thinking is enabled but reasoning_content is missing in assistant tool call message"),
    ("url", {"messages": [{"role": "user", "content": [
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]}]}, 400,
     "invalid_request_error",
     "Invalid request: unsupported image url, use base64 or ms://<file_id>"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "status", "kind", "message"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED]
)
def test_refusals_have_the_platforms_words(
    server: KimiServer, changed: dict[str, Any], status: int, kind: str, message: str
) -> None:
    with http(server) as client:
        response = client.post(CHAT, json=body() | changed)

    assert response.status_code == status
    assert response.json() == {"error": {"type": kind, "message": message}}
    assert server.bill == []


@pytest.mark.parametrize("thinking", ["enabled", "disabled"])
def test_k2_6_thinks_unless_told_not_to(server: KimiServer, thinking: str) -> None:
    temperature = 1.0 if thinking == "enabled" else 0.6
    with http(server) as client:
        sent = body(thinking={"type": thinking}, temperature=temperature) | {"model": "kimi-k2.6"}
        assert client.post(CHAT, json=sent).status_code == 200

    assert (server.bill[0].reasoning_tokens > 0) == (thinking == "enabled")


def test_the_window_holds_the_prompt_and_the_answer(server: KimiServer) -> None:
    server.models = [ServedModel(MODEL, context_length=300, default_max_tokens=100)]
    room = 300 - server.count(body()["messages"])

    assert post(server, max_completion_tokens=room).status_code == 200
    refused = post(server, max_completion_tokens=room + 1)
    assert refused.status_code == 400
    assert refused.json()["error"]["message"] == (
        "Invalid request: Your request exceeded model token limit: 300 (requested: 301)"
    )


@pytest.mark.parametrize(
    ("key", "kind", "message"),
    [
        ("", "incorrect_api_key_error", "Incorrect API key provided"),
        ("Bearer sk-cn", "invalid_authentication_error", "Invalid Authentication"),
    ],
    ids=["none", "of another region"],
)
def test_a_key_is_asked_for(server: KimiServer, key: str, kind: str, message: str) -> None:
    server.fault("quota", path="*")
    headers = {"Authorization": key} if key else {}
    response = httpx2.get(f"{server.base_url}/models", headers=headers, trust_env=False)

    assert response.status_code == 401
    assert response.json() == {"error": {"type": kind, "message": message}}
    assert len(server.faults) == 1


def test_models_have_windows_and_no_prices(server: KimiServer) -> None:
    with http(server) as client:
        items = {item["id"]: item for item in client.get("/models").json()["data"]}

    assert items["kimi-k3"]["context_length"] == 1_048_576
    assert items["kimi-k2.6"]["supports_reasoning"] is True
    assert not any("price" in name for item in items.values() for name in item)


# Money and limits -------------------------------------------------------------------------------


def test_the_balance_falls_by_the_bill_and_at_zero_nothing_is_done(server: KimiServer) -> None:
    with http(server) as client:
        post(server)
        told = client.get("/users/me/balance").json()
        server.balance = Decimal(0)
        refused = client.post(CHAT, json=body())

    assert told["data"]["available_balance"] == float(100 - server.billed)
    assert refused.status_code == 429
    assert refused.json()["error"]["type"] == "exceeded_current_quota_error"
    assert "insufficient balance" in refused.json()["error"]["message"]
    assert len(server.bill) == 1


@pytest.mark.parametrize(
    ("limits", "text", "wait"),
    [
        (Limits(rpm=2), "reached organization max RPM: 2, please try again after 60 seconds", 60),
        (Limits(tpm=1_000), r"TPM rate limit, current:\d{4}, limit:1000", 60),
        (Limits(tpd=1_000), r"TPD rate limit, current:\d{4}, limit:1000", 86_400),
    ],
    ids=["requests", "tokens a minute", "tokens a day"],
)
def test_limits_refuse_the_third_call_until_time_has_passed(
    server: KimiServer, limits: Limits, text: str, wait: float
) -> None:
    server.limits, server.clock = limits, lambda: 0.0
    answers = [post(server, max_completion_tokens=450) for _ in range(3)]
    server.advance(wait)

    assert [each.status_code for each in answers] == [200, 200, 429]
    error = answers[2].json()["error"]
    assert error["type"] == "rate_limit_reached_error"
    assert re.search(text, error["message"])
    assert answers[2].headers.get("Retry-After") == ("60" if wait == 60 else None)
    assert post(server, max_completion_tokens=450).status_code == 200


def test_concurrency_counts_calls_until_their_end(server: KimiServer) -> None:
    server.limits, server.latency = Limits(concurrency=2), 0.5
    with ThreadPoolExecutor(4) as pool:
        codes = sorted(r.status_code for r in pool.map(lambda _: post(server), range(4)))

    assert codes == [200, 200, 429, 429]
    assert server.gate.peak == 2
    assert server.gate.running == 0


def test_who_has_read_an_answer_may_ask_again_at_once(server: KimiServer) -> None:
    server.limits = Limits(concurrency=1)
    with http(server) as client:
        codes = {client.post(CHAT, json=body(stream=n % 2 == 0)).status_code for n in range(60)}

    assert codes == {200}


def test_tier_nought_is_the_entry_tier() -> None:
    assert TIERS[0] == Limits(concurrency=1, rpm=3, tpm=500_000, tpd=1_500_000)


# Files ------------------------------------------------------------------------------------------


def upload(name: str = "a.txt", data: bytes = b"The rent.", purpose: str = "file-extract") -> Any:
    return {"file": (name, data), "purpose": (None, purpose)}


def test_a_file_is_uploaded_read_listed_and_deleted(server: KimiServer) -> None:
    with http(server) as client:
        made = client.post("/files", files=upload()).json()
        content = client.get(f"/files/{made['id']}/content").json()
        listed = client.get("/files").json()["data"]
        gone = client.delete(f"/files/{made['id']}").json()
        missing = client.get(f"/files/{made['id']}")

    assert made["id"].startswith("file_")
    assert (made["bytes"], made["status"]) == (9, "ready")
    assert content["content"] == "The rent."
    assert [each["id"] for each in listed] == [made["id"]]
    assert gone == {"id": made["id"], "object": "file", "deleted": True}
    assert missing.status_code == 404


@pytest.mark.parametrize(
    ("name", "data", "purpose", "message"),
    [
        ("a.txt", b"", "file-extract", "File size is zero"),
        ("a.txt", b"x", "fine-tune", "Invalid purpose: fine-tune, only"),
        ("a.png", b"x", "file-extract", "不支持的文件类型"),
    ],
)
def test_files_that_are_refused(
    server: KimiServer, name: str, data: bytes, purpose: str, message: str
) -> None:
    with http(server) as client:
        response = client.post("/files", files=upload(name, data, purpose))

    assert response.status_code == 400
    assert response.json()["error"]["message"].startswith(message)


def test_content_may_be_text_and_may_come_later(server: KimiServer) -> None:
    server.extracted_as, server.ready_after = "text", 10
    with http(server) as client:
        path = f"/files/{client.post('/files', files=upload()).json()['id']}/content"
        early = client.get(path)
        server.advance(11)

        assert early.status_code == 500
        assert client.get(path).text == "The rent."


# Faults -----------------------------------------------------------------------------------------

REFUSING = {
    "rate_limit": (429, "rate_limit_reached_error", "1"),
    "retry_after_300": (429, "rate_limit_reached_error", "300"),
    "rate_limit_bare": (429, "rate_limit_reached_error", None),
    "day_limit": (429, "rate_limit_reached_error", None),
    "quota": (429, "exceeded_current_quota_error", None),
    "quota_403": (403, "exceeded_current_quota_error", None),
    "overloaded": (429, "engine_overloaded_error", "1"),
    "permission_denied": (403, "permission_denied_error", None),
    "context_too_long": (400, "invalid_request_error", None),
    "content_filter_400": (400, "content_filter", None),
    "server_error_500": (500, "server_error", None),
    "unavailable_503": (503, "server_unavailable", None),
    "unavailable_503_wait": (503, "server_unavailable", "1"),
}


@pytest.mark.parametrize("fault", REFUSING)
def test_refusing_faults_are_not_billed(server: KimiServer, fault: str) -> None:
    status, kind, wait = REFUSING[fault]
    server.fault(fault)
    response = post(server)

    assert response.status_code == status
    assert response.json()["error"]["type"] == kind
    assert response.headers.get("Retry-After") == wait
    assert server.bill == []
    assert post(server).status_code == 200


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "plain"])
@pytest.mark.parametrize("fault", Fault)
def test_every_fault_is_billed_as_it_says_and_the_server_lives_on(
    server: KimiServer, fault: Fault, stream: bool
) -> None:
    server.answer = "The document says so, on its very first page, and again on its last one."
    server.fault(fault, seconds=0.0001)
    met = stream or fault not in STREAMS_ONLY
    try:
        with (
            http(server, timeout=5) as client,
            client.stream("POST", CHAT, json=body(stream=stream)) as response,
        ):
            for _ in zip(range(40), response.iter_raw(), strict=False):
                pass
    except httpx2.TransportError:
        pass

    assert [row.fault for row in server.bill if row.fault] == (
        [fault.value] if met and fault not in UNBILLED else []
    )
    assert len(server.faults) == (0 if met else 1)
    server.faults.clear()
    assert post(server).status_code == 200


TRANSPORT_FAULTS: list[tuple[str, type[Exception]]] = [
    ("reset_on_connect", httpx2.TransportError),
    ("reset_before", httpx2.TransportError),
    ("reset_after", httpx2.NetworkError),
    ("short_body", httpx2.RemoteProtocolError),
    ("stream_reset", httpx2.NetworkError),
    ("stream_cut", httpx2.RemoteProtocolError),
]


@pytest.mark.parametrize(("fault", "error"), TRANSPORT_FAULTS)
def test_broken_connections_look_broken(
    server: KimiServer, fault: str, error: type[Exception]
) -> None:
    server.fault(fault)

    with pytest.raises(error):
        post(server, stream=True)


def test_a_reset_before_is_not_read_and_one_after_is(server: KimiServer) -> None:
    for fault, read in (("reset_before", 0), ("reset_after", 1)):
        server.fault(fault)
        with pytest.raises(httpx2.TransportError):
            post(server)
        assert len(server.chats) == len(server.bill) == read


def test_a_kept_connection_can_be_reset_too(server: KimiServer) -> None:
    with http(server) as client:
        client.get("/models")
        server.fault("reset_before")
        with pytest.raises(httpx2.TransportError):
            client.post(CHAT, json=body())


def test_pieces_that_came_before_a_reset_are_read(server: KimiServer) -> None:
    server.answer = "The rent is due on the first day of every month of the year."
    server.fault("stream_reset", chunks=2)
    pieces: list[str] = []
    with (
        http(server) as client,
        client.stream("POST", CHAT, json=body(stream=True)) as response,
        pytest.raises(httpx2.NetworkError),
    ):
        pieces.extend(response.iter_text())

    contents = re.findall(r'"content": "([^"]+)"', "".join(pieces))
    assert "".join(contents) == server.answer[:32]


@pytest.mark.parametrize(
    ("fault", "finished", "done"),
    [("stream_eof", False, False), ("stream_no_done", True, False), (None, True, True)],
)
def test_streams_that_end_cleanly(
    server: KimiServer, fault: str | None, finished: bool, done: bool
) -> None:
    if fault:
        server.fault(fault)
    response = post(server, stream=True)

    reasons = [c["finish_reason"] for chunk in chunks(response) for c in chunk["choices"]]
    assert ("stop" in reasons) == finished
    assert ("data: [DONE]" in response.text) == done


def test_errors_inside_a_stream(server: KimiServer) -> None:
    server.answer = "The rent is due on the first day of every month of the year."
    server.fault("bad_json_in_stream", chunks=1)
    server.fault("error_event_in_stream", chunks=1)
    bad, error = post(server, stream=True), post(server, stream=True)

    assert '"choi\n' in bad.text
    assert "[DONE]" in bad.text
    assert chunks(error)[-1]["error"]["type"] == "engine_overloaded_error"
    assert said(error) == server.answer[:16]


def test_replies_of_another_kind(server: KimiServer) -> None:
    for fault in ("html_200", "json_for_stream", "html_for_stream", "empty_body", "empty_choices"):
        server.fault(fault)
    html, whole, sign_in, empty, no_choice = (post(server, stream=True) for _ in range(5))

    assert html.headers["content-type"] == sign_in.headers["content-type"] == "text/html"
    assert whole.json()["choices"][0]["message"]["content"]
    assert empty.content == b""
    assert no_choice.json()["choices"] == []


def test_a_small_reply_can_unpack_to_a_large_one(server: KimiServer) -> None:
    server.fault("gzip_bomb")
    unpacked = 0
    with http(server) as client, client.stream("POST", CHAT, json=body()) as response:
        for piece in response.iter_bytes():
            unpacked += len(piece)

    assert int(response.headers["content-length"]) < 200_000
    assert unpacked == 128 * 2**20


def test_truncated_json_and_gateway(server: KimiServer) -> None:
    server.fault("truncated_json")
    server.fault("gateway_504_html")
    server.fault("error_body_200")
    cut, gateway, error = post(server), post(server), post(server)

    with pytest.raises(json.JSONDecodeError):
        cut.json()
    assert (gateway.status_code, gateway.headers["content-type"]) == (504, "text/html")
    assert (error.status_code, error.json()["error"]["type"]) == (200, "server_error")
    assert [row.fault for row in server.bill] == ["truncated_json", "gateway_504_html"]


@pytest.mark.parametrize(
    ("fault", "reason"), [("length", "length"), ("content_filter_finish", "content_filter")]
)
def test_answers_broken_off(server: KimiServer, fault: str, reason: str) -> None:
    server.answer = "one two three four"
    server.fault(fault)
    choice = post(server).json()["choices"][0]

    assert choice["message"]["content"] == "one two t"
    assert choice["finish_reason"] == reason


LIES = {
    "zero": lambda told, true: told == 0,
    "negative": lambda told, true: told < 0,
    "tenfold": lambda told, true: told == 10 * true,
    "float": lambda told, true: told == true + 0.5,
    "string": lambda told, true: told == f"{true:,} tokens",
}


@pytest.mark.parametrize("lie", LIES)
def test_lying_usage_is_told_while_the_bill_is_true(server: KimiServer, lie: str) -> None:
    server.fault(f"lying_usage_{lie}")
    told = usage(server, "Hello")

    assert LIES[lie](told["prompt_tokens"], server.bill[0].prompt_tokens)
    assert server.bill[0].prompt_tokens == server.count(body()["messages"])


def test_no_usage_is_told_anywhere(server: KimiServer) -> None:
    server.fault("no_usage", times=2)

    assert "usage" not in post(server).json()
    assert "prompt_tokens" not in post(server, stream=True).text


def test_a_redirect_leads_to_another_name_and_is_recorded_if_followed(server: KimiServer) -> None:
    server.fault("redirect")
    with http(server, follow_redirects=True) as client:
        client.post(CHAT, json=body())

    followed = server.requests[-1]
    assert followed.path == "/redirected"
    assert "authorization" not in followed.headers
    assert server.bill == []


def test_stalls_and_drips_outlast_a_read_timeout(server: KimiServer) -> None:
    server.fault("stall")
    server.fault("slow_drip", seconds=0.002)
    with http(server, timeout=0.2) as client:
        with pytest.raises(httpx2.ReadTimeout):
            client.post(CHAT, json=body())
        began = time.monotonic()
        assert client.post(CHAT, json=body(max_completion_tokens=1)).status_code == 200

    assert time.monotonic() - began > 0.4


def test_comments_come_before_the_answer(server: KimiServer) -> None:
    server.fault("comment_pings", seconds=0.02, times=2)
    streamed, plain = post(server, stream=True), post(server)

    assert streamed.text.startswith(": ping\n\n: ping\n\ndata: ")
    assert plain.text.startswith("\n\n{")
    assert plain.json()["choices"]


def test_faults_wait_for_their_path_their_turn_and_their_kind(server: KimiServer) -> None:
    server.fault("unavailable_503", path="/v1/models")
    server.fault("json_for_stream")
    server.fault("quota", after=1, times=2)
    with http(server) as client:
        codes = [client.post(CHAT, json=body()).status_code for _ in range(4)]
        assert client.get("/models").status_code == 503

    assert codes == [200, 429, 429, 200]
    assert len(server.faults) == 1


def test_a_fault_can_be_paid_for_all_the_same(server: KimiServer) -> None:
    server.fault("server_error_500", billed=True)

    assert post(server).status_code == 500
    assert [row.fault for row in server.bill] == ["server_error_500"]


def test_a_client_that_hangs_up_is_billed_and_noticed(server: KimiServer) -> None:
    server.tokens_per_second = 50
    with http(server) as client, client.stream("POST", CHAT, json=body(stream=True)) as response:
        next(response.iter_raw())
    deadline = time.monotonic() + 5
    while not server.dropped and time.monotonic() < deadline:
        time.sleep(0.01)

    assert [each.path for each in server.dropped] == ["/v1/chat/completions"]
    assert len(server.bill) == 1
    assert server.gate.running == 0


# Clients and terminal ---------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [True, False])
def test_the_openai_client_reads_it(server: KimiServer, stream: bool) -> None:
    with openai.OpenAI(base_url=server.base_url, api_key="sk-test", max_retries=0) as client:
        made: Any = client.chat.completions.create(**body(PAGES), stream=stream)
        if stream:
            text = "".join(c.choices[0].delta.content or "" for c in made if c.choices)
        else:
            text = made.choices[0].message.content

    assert "[D1 p. 2]" in text
    assert server.chats[0]["messages"][0]["content"] == PAGES
    assert server.requests[0].headers["authorization"] == "Bearer sk-test"


def test_a_long_prompt_is_counted_fast(server: KimiServer) -> None:
    text = "".join(f"Clause {n}: the tenant shall pay {n} dollars. " for n in range(17_000))
    post(server, text)
    began = time.monotonic()
    told = usage(server, text)

    assert told["prompt_tokens"] > 190_000
    assert time.monotonic() - began < 2


def test_a_kept_connection_answers_without_delay(server: KimiServer) -> None:
    with http(server) as client:
        client.post(CHAT, json=body())
        began = time.monotonic()
        for _ in range(20):
            client.post(CHAT, json=body())

    assert time.monotonic() - began < 0.6


def test_it_stops_at_once_whatever_is_still_running() -> None:
    server = KimiServer().start()
    server.fault("stall")

    def ask() -> None:
        with pytest.raises(httpx2.TransportError):
            post(server)

    waiting = threading.Thread(target=ask)
    waiting.start()
    while not server.chats:
        time.sleep(0.005)
    began = time.monotonic()
    server.stop()
    waiting.join(5)

    assert time.monotonic() - began < 1
    assert not waiting.is_alive()


def test_it_runs_from_a_terminal_and_takes_orders() -> None:
    command = [sys.executable, "-m", "kimiqa.testing", "--port", "0", "--seed", "7"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        control = url.removesuffix("/v1") + "/control"
        with httpx2.Client(headers={"Authorization": "Bearer sk-test"}, trust_env=False) as client:
            client.post(f"{control}/fault", json={"fault": "quota"})
            client.post(f"{control}/advance", json={"seconds": 300})
            codes = [client.post(url + CHAT, json=body()).status_code for _ in range(2)]
            books = client.get(f"{control}/bill").json()
        process.terminate()

    assert codes == [429, 200]
    assert [row["model"] for row in books["rows"]] == [MODEL]
    assert Decimal(books["billed"]) == Decimal(books["rows"][0]["amount"])

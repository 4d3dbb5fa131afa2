"""The endpoint: what goes on the wire, what is read back, and every way it can fail."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import ssl
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from typing import Any

import httpx2
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from raw_server import RawServer, events, refusal, reply

from kimiqa.endpoint import (
    Delta,
    FinishDelta,
    NoteDelta,
    OpenAIEndpoint,
    ReasoningDelta,
    SentDelta,
    TextDelta,
    ToolCallDelta,
    UsageDelta,
    WaitDelta,
    check_endpoint,
)
from kimiqa.endpoint.complaints import Asked, clean
from kimiqa.endpoint.connecting import Handover, unconnected
from kimiqa.endpoint.faults import refused
from kimiqa.endpoint.replies import MOST_BYTES, ReplyReader
from kimiqa.errors import (
    AuthError,
    BadRequestError,
    BrokenReplyError,
    ContentFilterError,
    ContextWindowError,
    CutError,
    DeadlineError,
    EndpointError,
    KimiqaError,
    NoKeyError,
    OverloadedError,
    QuotaError,
    RateLimitedError,
    UnreachableError,
)
from kimiqa.money import Cost, Usage
from kimiqa.settings import Secret, Target
from kimiqa.testing import KimiServer
from kimiqa.usage import read_usage

KEY = "sk-canary0123456789abcdefXYZ"
BODY: dict[str, Any] = {
    "model": "kimi-k3",
    "messages": [
        {"role": "system", "content": "Rules, with ümlauts, 中文 and a zero\x00 byte."},
        {"role": "user", "content": "Why?\r\n\t\u2028\U0001f600"},
    ],
    "max_completion_tokens": 4096,
    "reasoning_effort": "low",
}
USAGE = {"prompt_tokens": 19, "completion_tokens": 21, "total_tokens": 40, "cached_tokens": 10}


@dataclass
class Call:
    """What one call yielded, how it ended, and how long it would have waited."""

    deltas: list[Delta] = field(default_factory=list)
    error: KimiqaError | None = None
    waits: list[float] = field(default_factory=list)
    seconds: float = 0.0

    def of(self, *kinds: type) -> list[Any]:
        return [each for each in self.deltas if isinstance(each, kinds)]

    @property
    def text(self) -> str:
        return "".join(each.text for each in self.of(TextDelta))

    @property
    def usage(self) -> Usage | None:
        found = self.of(UsageDelta)
        return found[-1].usage if found else None

    @property
    def billed(self) -> str:
        return str(getattr(self.error, "billed", "no"))


def ask(base_url: str, key: str | None = KEY, *, deadline: float = 5.0, body: Any = BODY) -> Call:
    target = Target(base_url, Secret(key) if key else None, "test")
    return asyncio.run(_ask(target, deadline, body))


async def _ask(target: Target, deadline: float, body: Any, client: Any = None) -> Call:
    call = Call()

    async def sleep(seconds: float) -> None:
        call.waits.append(seconds)

    endpoint = OpenAIEndpoint(target, client=client, sleep=sleep)
    start = time.monotonic()
    try:
        async for delta in endpoint.stream(body, deadline=deadline):
            call.deltas.append(delta)
    except KimiqaError as error:
        call.error = error
    finally:
        call.seconds = time.monotonic() - start
        await endpoint.aclose()
    return call


def answered(*replies: bytes, deadline: float = 5.0, hold_open: bool = False) -> Call:
    with RawServer(*replies, hold_open=hold_open) as server:
        return ask(server.base_url, deadline=deadline)


def delta(**fields: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": fields}]}


def end(reason: str = "stop", **more: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {}, "finish_reason": reason} | more]}


GOOD = reply(events(delta(content="Yes."), end() | {"usage": USAGE}))


# What goes out --------------------------------------------------------------------------------


def test_what_is_planned_is_what_is_sent_apart_from_the_two_streaming_keys() -> None:
    with RawServer(GOOD) as server:
        ask(server.base_url)

    sent = json.loads(server.bodies[0])
    assert sent.pop("stream") is True
    assert sent.pop("stream_options") == {"include_usage": True}
    assert json.dumps(sent) == json.dumps(BODY)


def test_the_request_names_the_key_and_nothing_of_the_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", "org-secret")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-secret")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Corp: secret\nAuthorization: Bearer secret")
    with RawServer(GOOD) as server:
        ask(server.base_url)

    head = server.heads[0].lower()
    assert head.startswith("post /v1/chat/completions http/1.1")
    assert f"authorization: bearer {KEY.lower()}" in head
    assert "secret" not in head
    assert "x-stainless" not in head


def test_a_loopback_server_without_a_key_gets_none() -> None:
    with RawServer(GOOD) as server:
        call = ask(server.base_url, None)

    assert call.text == "Yes."
    assert "authorization" not in server.heads[0].lower()


def test_a_proxy_is_no_way_to_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")

    assert answered(GOOD).text == "Yes."


def test_without_a_key_nothing_is_sent() -> None:
    target = Target("https://api.moonshot.ai/v1", None, "moonshot", "Set MOONSHOT_API_KEY.")

    call = asyncio.run(_ask(target, 5, BODY))

    assert isinstance(call.error, NoKeyError)
    assert call.error.hint == "Set MOONSHOT_API_KEY."
    assert call.deltas == []


def test_a_body_that_is_no_text_is_refused_before_it_is_sent() -> None:
    with RawServer(GOOD) as server:
        call = ask(server.base_url, body=BODY | {"messages": [{"content": "half \ud83d"}]})

    assert isinstance(call.error, BadRequestError)
    assert (call.billed, server.bodies) == ("no", [])


@pytest.mark.parametrize("kind", [openai.OpenAI, openai.AsyncOpenAI])
def test_a_callers_own_client_is_used_with_its_key_and_without_its_retries(kind: type) -> None:
    with RawServer(refusal("500 Oops", "server_error", "broken")) as server:
        client = kind(api_key=KEY, base_url=server.base_url, default_headers={"X-Mine": "1"})
        call = asyncio.run(_ask(Target(server.base_url, None, "yours"), 5, BODY, client))

    assert isinstance(call.error, OverloadedError)
    assert len(server.heads) == 1
    assert f"bearer {KEY.lower()}" in server.heads[0].lower()
    assert "x-mine: 1" in server.heads[0].lower()


# What comes back ------------------------------------------------------------------------------


def test_reasoning_answer_usage_and_finish_come_apart() -> None:
    said = [
        delta(role="assistant", content=""),
        delta(reasoning_content="Hm."),
        delta(content="Yes"),
    ]
    chunks = [*said, delta(content="."), end(), {"choices": [], "usage": USAGE}]

    call = answered(reply(events(*chunks)))

    assert call.deltas == [
        SentDelta(),
        ReasoningDelta("Hm."),
        TextDelta("Yes"),
        TextDelta("."),
        FinishDelta("stop"),
        UsageDelta(Usage(19, 21, 10)),
    ]


NESTED = {
    "prompt_tokens": 19, "completion_tokens": 21, "prompt_tokens_details": {"cached_tokens": 10},
    "completion_tokens_details": {"reasoning_tokens": 5},
}  # fmt: skip


@pytest.mark.parametrize(
    ("chunks", "usage"),
    [
        pytest.param([end(usage=USAGE)], Usage(19, 21, 10), id="in the choice"),
        pytest.param([end() | {"usage": USAGE}], Usage(19, 21, 10), id="on top"),
        pytest.param(
            [end() | {"usage": None}, {"choices": [], "usage": USAGE}], Usage(19, 21, 10), id="last"
        ),
        pytest.param(
            [end(usage=USAGE), {"choices": [], "usage": USAGE}], Usage(19, 21, 10), id="twice"
        ),
        pytest.param(
            [end(usage=USAGE), {"choices": [], "usage": USAGE | {"completion_tokens": 30}}],
            Usage(19, 30, 10),
            id="a later one replaces",
        ),
        pytest.param([end() | {"usage": NESTED}], Usage(19, 21, 10, 5), id="nested"),
        pytest.param([end()], None, id="none"),
    ],
)
def test_usage_is_found_wherever_the_endpoint_puts_it(chunks: Any, usage: Usage | None) -> None:
    call = answered(reply(events(delta(content="Yes."), *chunks)))

    assert call.error is None
    assert call.usage == usage


@pytest.mark.parametrize(
    "change",
    [
        {"prompt_tokens": 0}, {"prompt_tokens": -19}, {"prompt_tokens": 19.0},
        {"prompt_tokens": "19"}, {"prompt_tokens": True}, {"completion_tokens": None},
        {"cached_tokens": 20}, {"prompt_tokens": 10**15},
        {"completion_tokens_details": {"reasoning_tokens": 22}},
        {"cached_tokens": 10, "cache_write_tokens": 10},
    ],
)  # fmt: skip
def test_usage_that_cannot_be_true_is_noted_and_not_passed_on(change: dict[str, Any]) -> None:
    call = answered(reply(events(delta(content="Yes."), end() | {"usage": USAGE | change})))

    assert call.usage is None
    assert [type(each) for each in call.deltas][-1] is NoteDelta
    assert call.text == "Yes."


def test_the_sdks_usage_object_is_read_like_a_dictionary() -> None:
    reported = openai.types.CompletionUsage.model_validate(NESTED | {"total_tokens": 40})

    assert read_usage(reported) == Usage(19, 21, 10, 5)


def test_a_stream_request_answered_by_json_is_read_as_an_answer() -> None:
    message = {"reasoning": "Hm.", "content": "Yes."}
    whole = {"choices": [{"message": message, "finish_reason": "stop"}], "usage": USAGE}

    call = answered(reply("\n\n" + json.dumps(whole), kind="application/json"))

    assert call.deltas[1:] == [
        ReasoningDelta("Hm."),
        TextDelta("Yes."),
        UsageDelta(Usage(19, 21, 10)),
        FinishDelta("stop"),
    ]


def test_a_stream_that_just_ends_has_no_finish_and_is_no_error() -> None:
    call = answered(reply(events(delta(content="Perh"), done=False)))

    assert (call.error, call.text, call.of(FinishDelta)) == (None, "Perh", [])


def test_a_finished_answer_does_not_wait_for_a_server_that_stays_open() -> None:
    head, _, body = GOOD.partition(b"\r\n\r\n")
    endless = head.replace(b"Content-Length", b"X-Was") + b"\r\n\r\n" + body

    call = answered(endless, hold_open=True)

    assert (call.error, call.text) == (None, "Yes.")
    assert call.seconds < 2


def test_pieces_of_a_tool_call_pass_through() -> None:
    first = {"index": 1, "id": "c1", "function": {"name": "search", "arguments": ""}}
    second = {"index": 1, "function": {"arguments": '{"q"'}}

    call = answered(reply(events(delta(tool_calls=[first]), delta(tool_calls=[second]), end())))

    assert call.of(ToolCallDelta) == [
        ToolCallDelta(1, "c1", "search", ""),
        ToolCallDelta(1, "", "", '{"q"'),
    ]


def read(pieces: Sequence[bytes]) -> list[Delta]:
    reader = ReplyReader(Asked("https://x.test/v1", "x.test"))
    return [each for piece in pieces for each in reader.feed(piece)] + list(reader.close())


@given(st.data(), st.sampled_from(["\n", "\r\n", "\r"]))
def test_how_the_bytes_are_cut_changes_nothing(data: st.DataObject, line_end: str) -> None:
    text = ": ping\n\n" + events(delta(content="Ja, 中文 "), delta(content="\u2028é"), end())
    whole = text.replace("\n", line_end).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=12)))
    places = [0, *cuts, len(whole)]

    pieces = [whole[a:b] for a, b in pairwise(places)]

    assert read(pieces) == [TextDelta("Ja, 中文 "), TextDelta("\u2028é"), FinishDelta("stop")]


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_no_bytes_raise_anything_but_our_errors(pieces: list[bytes]) -> None:
    with suppress(BrokenReplyError, CutError):
        read(pieces)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["choices", "delta", "usage", "content", "index", "tool_calls", "error"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.lists(JSON, max_size=3))
def test_no_json_raises_anything_but_our_errors(chunks: list[Any]) -> None:
    with suppress(EndpointError):
        read([events(*chunks).encode()])


def test_half_a_character_becomes_a_mark_that_can_be_stored() -> None:
    (text, *_) = read([b'data: {"choices":[{"delta":{"content":"a\\ud83d"}}]}\n\n'])

    assert text == TextDelta("a\ufffd")


# Replies that only look like success ----------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "error", "says"),
    [
        pytest.param("<!DOCTYPE html><h1>Welcome</h1>", BrokenReplyError, "a web page", id="html"),
        pytest.param("", BrokenReplyError, "an empty reply", id="empty"),
        pytest.param("Hello", BrokenReplyError, "not a chat endpoint", id="text"),
        pytest.param('{"choices": []}', BrokenReplyError, "JSON without", id="no choices"),
        pytest.param('{"choices": [{"message": {"con', CutError, "broke off", id="cut JSON"),
        pytest.param('{"error": {"message": "odd"}}', CutError, "odd", id="error body"),
        pytest.param(events(), BrokenReplyError, "no answer", id="done at once"),
        pytest.param('data: {"choices": [{"del\n\n', CutError, "broke off", id="bad piece"),
        pytest.param(
            events({"error": {"type": "engine_overloaded_error", "message": "busy"}}),
            OverloadedError,
            "busy",
            id="error event",
        ),
    ],
)
def test_a_broken_reply_under_200_is_an_error_that_may_cost_and_is_not_sent_again(
    body: str, error: type[EndpointError], says: str
) -> None:
    with RawServer(reply(body, kind="application/json")) as server:
        call = ask(server.base_url)

    assert type(call.error) is error
    assert says in str(call.error)
    assert (call.billed, len(server.heads)) == ("unknown", 1)


def test_a_body_shorter_than_promised_is_cut() -> None:
    short = GOOD.replace(b"data: [DONE]\n\n", b"").partition(
        b'data: {"choices": [{"index": 0, "delta": {}'
    )[0]

    call = answered(short)

    assert isinstance(call.error, CutError)
    assert (call.text, call.billed) == ("Yes.", "unknown")


def test_a_reply_without_end_is_dropped() -> None:
    piece = b"data: " + b"x" * (1 << 20)

    with pytest.raises(BrokenReplyError, match=f"{MOST_BYTES:,}"):
        read([piece] * 80)


# The whole table of faults, against the server that speaks Kimi's dialect ----------------------

WAITED = {"rate_limit": [1.0], "overloaded": [1.0], "unavailable_503_wait": [1.0]}
NOT_BILLED = {
    "retry_after_300": RateLimitedError, "day_limit": RateLimitedError, "quota": QuotaError,
    "quota_403": QuotaError, "permission_denied": AuthError,
    "context_too_long": ContextWindowError, "content_filter_400": ContentFilterError,
    "redirect": BrokenReplyError,
}  # fmt: skip
UNKNOWN = {
    "server_error_500": OverloadedError, "unavailable_503": OverloadedError,
    "gateway_504_html": OverloadedError, "html_200": BrokenReplyError,
    "error_body_200": CutError, "truncated_json": CutError, "empty_body": BrokenReplyError,
    "empty_choices": BrokenReplyError, "reset_after": CutError, "stall": DeadlineError,
    "slow_drip": DeadlineError, "comment_pings": DeadlineError, "gzip_bomb": BrokenReplyError,
    "endless_reply": BrokenReplyError,
}  # fmt: skip
PARTIAL = {
    "stream_reset": CutError, "stream_cut": CutError, "bad_json_in_stream": CutError,
    "error_event_in_stream": OverloadedError, "stream_stall": DeadlineError,
}  # fmt: skip


@pytest.fixture(scope="module")
def kimi() -> Iterator[KimiServer]:
    with KimiServer(seed=7) as server:
        yield server


def faulty(kimi: KimiServer, fault: str, *, times: int = 1) -> tuple[Call, int]:
    """The call that met `fault`, and how many requests it took."""
    kimi.faults.clear()
    before = len(kimi.requests)
    kimi.fault(fault, times=times)
    # What is measured by its bytes gets time enough; all others are measured by the clock.
    deadline = 20 if fault in ("endless_reply", "gzip_bomb") else 1.5
    call = ask(kimi.base_url, kimi.key, deadline=deadline)
    kimi.faults.clear()
    return call, len(kimi.requests) - before


@pytest.mark.parametrize("fault", WAITED)
def test_a_refusal_before_any_work_is_waited_out(kimi: KimiServer, fault: str) -> None:
    kimi.faults.clear()
    kimi.fault(fault)

    call = ask(kimi.base_url, kimi.key)

    assert (call.error, call.waits) == (None, WAITED[fault])
    assert [type(each) for each in call.deltas[:3]] == [SentDelta, WaitDelta, SentDelta]
    assert call.of(FinishDelta) == [FinishDelta("stop")]


@pytest.mark.parametrize("fault", NOT_BILLED)
def test_a_refusal_is_told_at_once_and_costs_nothing(kimi: KimiServer, fault: str) -> None:
    call, requests = faulty(kimi, fault)

    assert isinstance(call.error, NOT_BILLED[fault])
    assert (call.billed, call.waits, requests) == ("no", [], 1)


@pytest.mark.parametrize("fault", UNKNOWN)
def test_what_may_have_been_paid_for_is_never_sent_again(kimi: KimiServer, fault: str) -> None:
    call, requests = faulty(kimi, fault)

    assert type(call.error) is UNKNOWN[fault]
    assert (call.billed, call.waits, requests) == ("unknown", [], 1)
    assert "<" not in str(call.error)


@pytest.mark.parametrize("fault", PARTIAL)
def test_a_broken_stream_keeps_what_came_before(kimi: KimiServer, fault: str) -> None:
    call, requests = faulty(kimi, fault)

    assert type(call.error) is PARTIAL[fault]
    assert call.text
    assert (call.billed, requests) == ("unknown", 1)


@pytest.mark.parametrize(
    ("fault", "reason"), [("length", "length"), ("content_filter_finish", "content_filter")]
)
def test_a_finish_reason_is_passed_on(kimi: KimiServer, fault: str, reason: str) -> None:
    call, _ = faulty(kimi, fault)

    assert (call.error, call.of(FinishDelta)) == (None, [FinishDelta(reason)])


def test_a_limit_that_does_not_end_is_given_up_after_four_tries(kimi: KimiServer) -> None:
    kimi.faults.clear()
    kimi.fault("rate_limit_bare", times=9)
    before = len(kimi.requests)

    call = ask(kimi.base_url, kimi.key, deadline=100)

    kimi.faults.clear()
    assert isinstance(call.error, RateLimitedError)
    assert len(kimi.requests) - before == 4
    assert len(call.waits) == 3


def test_a_wait_beyond_the_deadline_is_not_begun() -> None:
    busy = refusal("429 Slow", "rate_limit_reached_error", "please try again after 7 seconds")

    call = answered(busy, deadline=5)

    assert isinstance(call.error, RateLimitedError)
    assert (call.waits, call.error.retry_after) == ([], 7.0)


def test_a_connection_that_is_refused_is_tried_twice_and_costs_nothing() -> None:
    with RawServer(GOOD) as server:
        gone = server.base_url

    call = ask(gone)

    assert isinstance(call.error, UnreachableError)
    assert "the connection was refused" in call.error.message
    assert (call.billed, len(call.waits)) == ("no", 1)


def test_closing_the_stream_ends_the_call(kimi: KimiServer) -> None:
    async def first_words() -> str:
        endpoint = OpenAIEndpoint(Target(kimi.base_url, Secret(kimi.key), "test"))
        stream = endpoint.stream(BODY, deadline=5)
        async for each in stream:
            if isinstance(each, ReasoningDelta | TextDelta):
                await stream.aclose()
                await endpoint.aclose()
                return each.text
        return ""

    assert asyncio.run(first_words())


# Refusals in detail ----------------------------------------------------------------------------

AI = Asked("https://api.moonshot.ai/v1", "api.moonshot.ai", "kimi-k3", Secret(KEY))


def error_of(
    status: int, kind: str, message: str, asked: Asked = AI, **headers: str
) -> KimiqaError:
    return refused(status, {"error": {"type": kind, "message": message}}, headers, asked).error


@pytest.mark.parametrize(
    ("host", "other"), [("api.moonshot.ai", ".cn/v1"), ("api.moonshot.cn", ".ai/v1")]
)
def test_a_refused_key_is_told_of_the_other_region(host: str, other: str) -> None:
    asked = Asked(f"https://{host}/v1", host, "kimi-k3", Secret(KEY))

    error = error_of(401, "invalid_authentication_error", f"Invalid key {KEY}", asked)

    assert isinstance(error, AuthError)
    assert f"https://api.moonshot{other}" in error.hint
    assert "sk-…fXYZ" in error.message
    assert KEY not in str(error)


@pytest.mark.parametrize(
    "message",
    [
        "Invalid request: Your request exceeded model token limit: 262144 (requested: 274613)",
        "This model's maximum context length is 262144 tokens. However, you requested 274613 "
        "tokens (270000 in the messages, 4613 in the completion).",
        "This model's maximum context length is 262144 tokens. However, your messages resulted "
        "in 274613 tokens.",
    ],
)
def test_a_prompt_too_long_is_refused_with_both_numbers(message: str) -> None:
    error = error_of(400, "invalid_request_error", message)

    assert isinstance(error, ContextWindowError)
    assert isinstance(error, EndpointError)
    assert (error.code, error.billed) == ("context_window", "no")
    assert "274,613" in error.message
    assert "262,144" in error.message
    assert "chunks" in error.hint


@pytest.mark.parametrize(
    ("status", "kind", "message", "error"),
    [
        (404, "resource_not_found_error", "Not found the model kimi-k3", BadRequestError),
        (404, "", "", BrokenReplyError),
        (402, "", "Insufficient Balance", QuotaError),
        (429, "insufficient_quota", "You exceeded your current quota", QuotaError),
        (429, "", "Your account is suspended due to insufficient balance", QuotaError),
        (429, "engine_overloaded_error", "overloaded", OverloadedError),
        (429, "", "", RateLimitedError),
        (400, "invalid_request_error", "invalid temperature: only 1", BadRequestError),
        (422, "", "no", BadRequestError),
        (502, "", "", OverloadedError),
    ],
)
def test_a_refusal_is_named_by_its_kind(
    status: int, kind: str, message: str, error: type[KimiqaError]
) -> None:
    found = error_of(status, kind, message)

    assert type(found) is error
    assert found.message
    assert found.hint


@pytest.mark.parametrize(
    ("headers", "message", "seconds"),
    [
        ({"retry-after": "2"}, "", 2.0),
        ({"retry-after-ms": "1500"}, "", 1.5),
        ({}, "please try again after 1 seconds", 1.0),
        ({}, "Please try again in 20ms", 0.02),
        ({"retry-after": "soon"}, "", None),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, "", None),
    ],
)
def test_the_time_to_wait_is_read_where_it_stands(
    headers: dict[str, str], message: str, seconds: float | None
) -> None:
    error = error_of(429, "rate_limit_reached_error", message, **headers)

    assert isinstance(error, EndpointError)
    assert error.retry_after == seconds


@pytest.mark.parametrize("body", [None, "", [], [{}], {"error": None}, {"error": ["x"]}, 7, "a<b"])
@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 413, 429, 500, 599])
def test_a_refusal_of_any_shape_is_a_sentence(status: int, body: Any) -> None:
    error = refused(status, body, {}, AI).error

    assert error.message.endswith((".", "…"))


def test_a_servers_words_are_shown_short_and_harmless() -> None:
    shown = clean(f"<script>x</script>\x1b]0;owned\x07\u202e {KEY} " + "y" * 900, Secret(KEY))

    assert len(shown) == 300
    assert shown.isprintable()
    assert not {"<", ">", KEY} & {*shown, KEY if KEY in shown else ""}


def test_a_certificate_that_is_not_accepted_is_named() -> None:
    error = httpx2.ConnectError("x")
    error.__cause__ = ssl.SSLCertVerificationError("self-signed")

    fault = unconnected(error, AI, Handover())

    assert "certificate" in fault.error.message
    assert fault.again == "never"


# Secrets ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        refusal("401 No", "incorrect_api_key_error", f"Incorrect API key provided: {KEY}"),
        refusal("429 No", "exceeded_current_quota_error", f"key {KEY} has no balance"),
        refusal("500 No", "server_error", f"Authorization: Bearer {KEY}"),
        reply("", status="307 Moved", Location="https://evil.test/"),
        reply(f"<html>{KEY}</html>"),
        reply(events({"error": {"message": KEY}})),
        b"",
        b"HTTP/1.1 nonsense\r\n\r\n",
    ],
)
def test_the_key_is_in_no_error_log_or_traceback(
    answer: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    call = answered(answer)

    error = call.error
    assert error is not None
    frames = traceback.TracebackException.from_exception(
        error, capture_locals=KEY not in str(answer)
    )
    chain = "".join(frames.format())
    spoken = [str(error), repr(error), repr(vars(error)), error.hint, caplog.text, chain]
    assert not any(KEY in each for each in spoken)
    assert error.__cause__ is None
    assert error.__context__ is None


def test_a_redirect_that_holds_the_key_is_shown_without_it() -> None:
    error = refused(307, "", {"location": f"https://evil.test/?key={KEY}"}, AI).error

    assert "evil.test" in error.message
    assert KEY not in str(error)


def test_a_redirect_is_not_followed_and_takes_no_key_along() -> None:
    with (
        RawServer(GOOD) as thief,
        RawServer(
            reply("", status="307 Moved", Location=thief.base_url + "/chat/completions")
        ) as server,
    ):
        call = ask(server.base_url)

    assert isinstance(call.error, BrokenReplyError)
    assert thief.heads == []


# The short calls ----------------------------------------------------------------------------------


def use(kimi: KimiServer, what: Any) -> Any:
    async def run() -> Any:
        endpoint = OpenAIEndpoint(Target(kimi.base_url, Secret(kimi.key), "test"))
        try:
            return await what(endpoint)
        finally:
            await endpoint.aclose()

    kimi.faults.clear()
    return asyncio.run(run())


def test_the_models_are_listed(kimi: KimiServer) -> None:
    rows = use(kimi, lambda endpoint: endpoint.models())

    assert "kimi-k3" in [row["id"] for row in rows]


def test_only_a_provider_that_tells_a_balance_is_asked_for_it(kimi: KimiServer) -> None:
    with pytest.raises(BadRequestError, match="tells no balance"):
        use(kimi, lambda endpoint: endpoint.balance())


def test_balance_and_token_count_are_read_at_moonshot() -> None:
    async def run() -> tuple[Cost, int]:
        def answer(request: httpx2.Request) -> httpx2.Response:
            if request.url.path.endswith("balance"):
                return httpx2.Response(200, text='{"data": {"available_balance": 49.58894}}')
            return httpx2.Response(200, json={"data": {"total_tokens": 80}})

        target = Target("https://api.moonshot.cn/v1", Secret(KEY), "moonshot")
        endpoint = OpenAIEndpoint(target, transport=httpx2.MockTransport(answer))
        found = await endpoint.balance(), await endpoint.estimate_tokens(BODY)
        await endpoint.aclose()
        return found

    assert asyncio.run(run()) == (Cost(Decimal("49.58894"), "CNY"), 80)


def test_checking_an_endpoint_costs_nothing(kimi: KimiServer) -> None:
    before = kimi.billed

    free = use(kimi, lambda endpoint: check_endpoint(endpoint, "kimi-k3"))

    assert (free.ok, free.key_accepted, free.model_listed) == (True, True, True)
    assert kimi.billed == before


def test_checking_with_a_wrong_key_says_so(kimi: KimiServer) -> None:
    async def run() -> Any:
        endpoint = OpenAIEndpoint(Target(kimi.base_url, Secret(KEY), "test"))
        found = await check_endpoint(endpoint, "kimi-k3")
        await endpoint.aclose()
        return found

    found = asyncio.run(run())

    assert (found.ok, found.key_accepted) == (False, False)
    assert isinstance(found.error, AuthError)


def test_nothing_is_left_open(kimi: KimiServer) -> None:
    faulty(kimi, "stream_cut")

    gc.collect()  # an unclosed connection warns here, and a warning is an error

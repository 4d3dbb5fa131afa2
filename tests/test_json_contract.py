"""`--json`: one object on standard output, with the keys that scripts rely on."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from asking import price_book
from pdfs import make_image_pdf, make_pdf

from kimiqa import Document, count_tokens
from kimiqa.cli import run
from kimiqa.prompts import document_block
from kimiqa.testing import Fault, KimiServer

AMOUNT = re.compile(r"\d+(\.\d+)?")
MONEY = ("low", "expected", "high", "ceiling", "cold")
WAY = {
    "strategy", "model", "fits", "reason", "prompt_tokens", "cached_tokens", "completion_tokens",
    "seconds", "cost",
}  # fmt: skip
COST = {*MONEY, "currency", "price_basis", "price_date"}
ANSWER = {
    "text", "strategy", "model", "citations", "coverage", "usage", "cost", "estimate",
    "finish_reason", "warnings",
}  # fmt: skip
USAGE = {"prompt_tokens", "cached_tokens", "completion_tokens", "reasoning_tokens"}
ESTIMATE = {"prompt_tokens", "cached_tokens", "completion_tokens", "seconds", "cost"}

BAD, GONE = "bad_request", "unreachable"
CLOSED = "http://127.0.0.1:9/v1"

Json = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Json:
    """Runs a command with --json; its exit code and the one object it wrote."""

    def tell(*arguments: str | Path) -> tuple[int, dict[str, Any]]:
        code = run([*map(str, arguments), "--json"])
        out = capsys.readouterr().out
        assert out.isascii()
        assert out.endswith("\n")
        assert out.count("\n") == 1
        found = json.loads(out, parse_constant=pytest.fail)
        assert found["schema"] == 1
        _check_money(found)
        return code, found

    return tell


def _check_money(value: Any, key: str = "") -> None:
    """Amounts are decimal strings or null, wherever they stand."""
    if isinstance(value, dict):
        money = "currency" in value
        for name, each in value.items():
            if money and name in (*MONEY, "amount"):
                assert each is None or AMOUNT.fullmatch(each), (name, each)
            _check_money(each, name)
    elif isinstance(value, list):
        for each in value:
            _check_money(each, key)


@pytest.fixture
def pdf(tmp_path: Path) -> Path:
    file = tmp_path / "lease.pdf"
    file.write_bytes(make_pdf(["The lease of Eastwick ends on 30 April 2030.", "", "The rent."]))
    return file


@pytest.fixture
def at(server: KimiServer) -> list[str]:
    """The options that name the loopback server."""
    return ["--model", "kimi-k3", "--base-url", server.base_url, "--api-key", server.key or ""]


# cost -------------------------------------------------------------------------------------------


def test_cost_tells_documents_and_ways(told: Json, pdf: Path) -> None:
    code, found = told("cost", pdf, "-q", "When does it end?", "--model", "kimi-k3")

    assert code == 0
    (document,) = found["documents"]
    assert document["id"] == _sha256(pdf)
    assert (document["name"], document["pages"]) == ("lease.pdf", 3)
    assert document["empty_pages"] == 1
    assert document["failed_pages"] == 0
    assert "hidden_passages" in document
    assert (document["title"], document["author"], document["created"]) == (None, None, None)
    assert 0 < document["tokens"] < found["ways"][0]["prompt_tokens"]
    for way in found["ways"]:
        assert set(way) >= WAY
        assert set(way["completion_tokens"]) == set(way["seconds"]) == {"low", "expected", "high"}
        assert set(way["cost"]) >= COST
        assert way["cost"]["currency"] == "USD"
        assert way["cost"]["price_basis"] == "listed"
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", way["cost"]["price_date"])
    assert [way["strategy"] for way in found["ways"]] == [
        "full",
        "chunks",
        "swarm",
        "research",
    ]


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_cost_without_a_question_or_a_key_tells_the_same_keys(told: Json, pdf: Path) -> None:
    code, found = told("cost", pdf)

    assert code == 0
    assert [way["model"] for way in found["ways"]] == [*["kimi-k3"] * 4, "local"]
    assert all(set(way) >= WAY for way in found["ways"])
    assert found["ways"][-1]["cost"]["expected"] == "0"


def test_cost_of_several_files_has_a_row_for_each(told: Json, pdf: Path, tmp_path: Path) -> None:
    other = tmp_path / "notes.md"
    other.write_text("# Notes\n\nThe rent is 500 euros.", encoding="utf-8")

    _, found = told("cost", pdf, other)

    assert [each["name"] for each in found["documents"]] == ["lease.pdf", "notes.md"]


def test_the_tokens_of_documents_are_those_of_their_blocks(told: Json, samples: Path) -> None:
    _, found = told("cost", samples / "fhs-3.0.pdf", "--model", "kimi-k3")

    block = document_block(1, Document.open(samples / "fhs-3.0.pdf"))
    assert abs(found["documents"][0]["tokens"] - count_tokens(block)) <= 1


def test_an_unknown_price_is_null_and_never_zero(told: Json, pdf: Path) -> None:
    code, found = told(
        "cost", pdf, "--model", "nobody", "--base-url", "http://127.0.0.1:9/v1", "--max-cost", "1"
    )

    assert code == 3
    for way in found["ways"]:
        assert way["fits"] is False
        assert "price" in way["reason"]
        assert {way["cost"][name] for name in MONEY} == {None}
        assert way["cost"]["currency"] is None


@pytest.mark.parametrize(("cap", "code"), [("2.00", 0), ("0.0001", 3)])
@pytest.mark.parametrize("model", [["--model", "kimi-k3"], []])
def test_cost_over_a_cap_exits_3_and_tells_the_ways_all_the_same(
    cap: str, code: int, model: list[str], told: Json, pdf: Path
) -> None:
    found_code, found = told("cost", pdf, "--max-cost", cap, *model)

    assert found_code == code
    assert {way["fits"] for way in found["ways"] if way["model"] == "kimi-k3"} == {code == 0}
    assert all(way["cost"]["expected"] for way in found["ways"])


def test_a_price_of_the_users_book_is_told_as_such(told: Json, pdf: Path, home: Path) -> None:
    yuan = {"prompt": "20", "completion": "100", "currency": "CNY", "checked": "2026-11-01"}
    price_book(home, kimi_k3=yuan)

    _, found = told("cost", pdf, "--model", "kimi-k3")

    cost = found["ways"][0]["cost"]
    assert (cost["currency"], cost["price_basis"]) == ("CNY", "book")
    assert cost["price_date"] == "2026-11-01"


# ask --------------------------------------------------------------------------------------------


def test_ask_tells_the_answer_and_all_about_it(
    told: Json, pdf: Path, at: list[str], server: KimiServer
) -> None:
    server.answer = 'It ends "on 30 April 2030" [D1 p. 1], not "on 1 May 2031" [D1 p. 3] [D1 p. 9].'
    server.reasoning_details = True

    code, found = told("ask", pdf, "-q", "When does it end?", *at)

    assert code == 0
    assert set(found) >= ANSWER
    assert found["text"] == server.answer
    assert (found["strategy"], found["model"], found["finish_reason"]) == (
        "full",
        "kimi-k3",
        "stop",
    )
    document_id = _sha256(pdf)
    assert found["citations"] == [
        {
            "document": "D1",
            "document_id": document_id,
            "page": 1,
            "found_page": 1,
            "quote": "on 30 April 2030",
            "status": "verified",
            "place": None,
        },
        {
            "document": "D1",
            "document_id": document_id,
            "page": 3,
            "found_page": None,
            "quote": "on 1 May 2031",
            "status": "unverified",
            "place": None,
        },
        {
            "document": "D1",
            "document_id": document_id,
            "page": 9,
            "found_page": None,
            "quote": "on 1 May 2031",
            "status": "invalid",
            "place": None,
        },
    ]
    left = {"document": "D1", "pages": [2], "reason": "empty"}
    assert found["coverage"] == {"pages": 3, "sent": 2, "left_out": [left]}
    (bill,) = server.bill
    assert found["usage"] == {
        "prompt_tokens": bill.prompt_tokens,
        "cached_tokens": bill.cached_tokens,
        "completion_tokens": bill.completion_tokens,
        "reasoning_tokens": bill.reasoning_tokens,
    }
    assert found["cost"] == {"amount": format(bill.amount, "f"), "currency": "USD"}
    assert set(found["estimate"]) >= ESTIMATE
    assert found["warnings"] == []


def test_what_an_endpoint_does_not_say_is_null(
    told: Json, pdf: Path, at: list[str], server: KimiServer
) -> None:
    server.cached_field = "absent"

    _, found = told("ask", pdf, "-q", "When?", *at)

    assert set(found["usage"]) == USAGE
    assert found["usage"]["cached_tokens"] is None
    assert found["usage"]["reasoning_tokens"] is None


def test_quotes_are_told_in_the_same_form(told: Json, pdf: Path) -> None:
    code, found = told("ask", pdf, "-q", "When does the lease of Eastwick end?")

    assert code == 0
    assert set(found) >= ANSWER
    assert (found["model"], found["cost"]) == ("local", {"amount": "0", "currency": "USD"})
    assert {each["status"] for each in found["citations"]} == {"verified"}


def test_an_answer_that_broke_off_is_told_with_its_error(
    told: Json, pdf: Path, at: list[str], server: KimiServer
) -> None:
    server.answer = "The lease ends on the last day of April. " * 8
    server.fault(Fault.STREAM_CUT)

    code, found = told("ask", pdf, "-q", "When?", *at)

    assert code == 1
    assert set(found) >= {*ANSWER, "error"}
    assert found["finish_reason"] is None
    assert found["text"]
    assert found["error"]["code"] == "cut"


# ledger, models, doctor, app --------------------------------------------------------------------


def test_the_ledger_tells_calls_and_totals(
    told: Json, pdf: Path, at: list[str], server: KimiServer
) -> None:
    told("ask", pdf, "-q", "When?", *at)
    server.fault(Fault.RESET_AFTER)
    told("ask", pdf, "-q", "Why?", *at)

    code, found = told("ledger")

    assert code == 0
    unknown, settled = found["calls"]
    for call in (unknown, settled):
        assert set(call) >= {"id", "model", "state", "usage", "cost", "estimate"}
        assert set(call["estimate"]) >= ESTIMATE
    assert (unknown["state"], unknown["usage"], unknown["cost"]) == ("unknown", None, None)
    assert settled["state"] == "settled"
    assert set(settled["usage"]) == USAGE
    assert settled["cost"]["amount"] == format(server.bill[0].amount, "f")
    assert found["total"] == {"USD": format(server.bill[0].amount, "f")}


def test_an_empty_ledger_tells_no_calls(told: Json) -> None:
    code, found = told("ledger")

    assert (code, found["calls"], found["total"]) == (0, [], {})


def test_models_tell_windows_and_dated_prices(told: Json) -> None:
    code, found = told("models")

    assert code == 0
    (kimi,) = [model for model in found["models"] if model["id"] == "kimi-k3"]
    assert kimi["context_window"] == 1_048_576
    assert kimi["price"]["prompt"] == "3.00"
    assert kimi["price"]["checked"]


def test_models_of_an_endpoint_are_those_it_lists(told: Json, server: KimiServer) -> None:
    code, found = told("models", "--refresh", "--base-url", server.base_url, "--api-key", "sk-test")

    assert code == 0
    assert {model["id"] for model in found["models"]} == set(server.offered)


def test_doctor_tells_what_is_configured_and_masks_the_key(told: Json, server: KimiServer) -> None:
    server.key = "sk-canary0123456789abcdefXYZ"

    code, found = told("doctor", "--base-url", server.base_url, "--api-key", server.key)

    assert code == 0
    checks = {each["name"]: each for each in found["checks"]}
    assert set(checks) >= {"folder", "ledger", "model", "key", "price", "endpoint"}
    assert "canary" not in json.dumps(found)
    assert "fXYZ" in checks["key"]["detail"]


def test_doctor_exits_1_where_something_is_missing(told: Json) -> None:
    code, found = told("doctor", "--model", "kimi-k3", "--offline")

    checks = {each["name"]: each for each in found["checks"]}
    assert code == 1
    assert checks["key"]["ok"] is False
    assert "MOONSHOT_API_KEY" in checks["key"]["detail"]


# Errors -----------------------------------------------------------------------------------------


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    file = tmp_path / "scan.pdf"
    file.write_bytes(make_image_pdf(2))
    return file


@pytest.mark.parametrize(
    ("arguments", "code", "name"),
    [
        (["ask", "nowhere.pdf", "-q", "Why?"], 1, "file_not_found"),
        (["cost", "nowhere.pdf"], 1, "file_not_found"),
        (["ask", "PDF", "-q", "Why?", "--model", "kimi-k3"], 3, "no_key"),
        (["ask", "PDF", "-q", "Why?", "--model", "kimi-k3", "--max-cost", "0.001"], 3, "over_cap"),
        (
            ["ask", "PDF", "-q", "Why?", "--model", "kimi-k3", "--max-prompt-tokens", "100"],
            3,
            "context_window",
        ),
        (["ask", "PDF", "-q", "Why?", "--model", "x", "--base-url", CLOSED], 3, "price_unknown"),
        (["ask", "SCAN", "-q", "Why?"], 3, "no_text"),
        (["cost", "SCAN"], 3, "no_text"),
        (["ask", "PDF", "-q", " "], 2, BAD),
        (["ask", "PDF", "-q", "Why?", "--pages", "9"], 2, BAD),
        (["ask", "PDF", "-q", "Why?", "--pages", "x"], 2, BAD),
        (["ask", "PDF", "-q", "Why?", "--max-cost", "much"], 2, BAD),
        (["ask", "PDF", "-q", "Why?", "--strategy", "guess"], 2, BAD),
        (["ask", "PDF", "-q", "W?", "--model", "kimi-k3", "--effort", "x"], 2, BAD),
        (["ask", "PDF"], 2, BAD),
        (["ask", "-q", "Why?"], 2, BAD),
        (["cost", "PDF", "--max-prompt-tokens", "0"], 2, BAD),
        (["fly"], 2, BAD),
        (["ask", "PDF", "-q", "Why?", "--base-url", "nonsense", "--api-key", "k"], 2, BAD),
        (["ask", "PDF", "-q", "Why?", "--model", "kimi-k3", "--base-url", CLOSED], 1, GONE),
    ],
    ids=lambda value: " ".join(value[:1]) if isinstance(value, list) else str(value),
)  # fmt: skip
def test_an_error_is_one_object_with_code_message_and_hint(
    arguments: list[str], code: int, name: str, told: Json, pdf: Path, scan: Path
) -> None:
    files = {"PDF": str(pdf), "SCAN": str(scan)}

    found_code, found = told(*(files.get(each, each) for each in arguments))

    assert (found_code, found["error"]["code"]) == (code, name)
    assert set(found) == {"schema", "error"}
    assert set(found["error"]) == {"code", "message", "hint"}
    assert found["error"]["message"].rstrip().endswith((".", "'"))
    assert "Traceback" not in found["error"]["message"]


@pytest.mark.parametrize(
    ("fault", "code", "name"),
    [
        (Fault.QUOTA, 1, "quota"),
        (Fault.RETRY_AFTER_300, 1, "rate_limited"),
        (Fault.SERVER_ERROR_500, 1, "overloaded"),
        (Fault.CONTENT_FILTER_400, 1, "content_filter"),
        (Fault.HTML_200, 1, "broken_reply"),
        (Fault.RESET_AFTER, 1, "cut"),
        (Fault.PERMISSION_DENIED, 1, "auth"),
    ],
)
def test_an_endpoints_error_is_told_by_its_code(
    fault: Fault, code: int, name: str, told: Json, pdf: Path, at: list[str], server: KimiServer
) -> None:
    server.fault(fault)

    found_code, found = told("ask", pdf, "-q", "When?", *at)

    assert (found_code, found["error"]["code"]) == (code, name)

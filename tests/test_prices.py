"""Every price has a source, a day and an age; the user's book is checked; updates are asked for."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from kimiqa import Client, Document, bookcheck
from kimiqa.cli import run
from kimiqa.errors import KimiqaError, PriceUnknownError, UnreachableError
from kimiqa.models import all_models, get_model, updates
from kimiqa.money import Price, Usage, cost
from kimiqa.settings import providers

BOOK = """
["mine"]
prompt = "1.00"
cached = "0.10"
completion = "4.00"
cache_write = "1.25"
currency = "CNY"
source = "our contract"
checked = 2026-11-01

["mine".batch]
prompt = "0.50"
completion = "2.00"

[["mine".tiers]]
above = 1_000
prompt = "2.00"
completion = "8.00"
cache_write = "2.50"
"""
WRONG = """
["a"]
prompt = 0.5
completion = "1"

["b"]
prompt = "1"

["c"]
prompt = "1"
completion = "2"
colour = "red"

["d"]
prompt = "1"
completion = "2"
"""


@pytest.fixture
def booked(home: Path) -> Path:
    (home / "prices.toml").write_text(BOOK)
    return home


BROKEN = """
["broken"]
prompt = 0.5
completion = "2"
["kimi-k2.6"]
prompt = "1"
["sound"]
prompt = "1.00"
completion = "4.00"
"""


def test_a_row_with_a_mistake_is_an_error_for_its_own_model_alone(
    home: Path, capsys: pytest.CaptureFixture[str], samples: Path
) -> None:
    (home / "prices.toml").write_text(BROKEN)
    at = ["--base-url", "http://127.0.0.1:9/v1"]

    assert run(["prices"]) == 0
    table, warned = capsys.readouterr()
    assert run(["cost", str(samples / "lease.md"), "--model", "sound", *at, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["ways"][0]["cost"]["expected"]
    assert run(["cost", str(samples / "lease.md"), "--model", "broken", *at]) == 3

    assert "table [broken], key prompt: 0.5 is not exact without quotes" in warned
    assert "table [kimi-k2.6], key completion: missing" in warned
    assert "sound" in table
    assert "0.5 is not exact" in capsys.readouterr().err
    listed = {each.id: each.price for each in all_models(None, home)}
    assert (listed["kimi-k2.6"], listed["broken"]) == (None, None)
    assert listed["kimi-k3"]
    assert listed["sound"]


def test_an_unknown_price_says_how_to_ask_all_the_same(home: Path) -> None:
    client = Client("nobodys", base_url="http://127.0.0.1:9/v1", home=home)

    with pytest.raises(PriceUnknownError) as caught:
        client.plan("Rent?", [Document.from_pages(["The rent is 3,850 euros."])])

    assert "--allow-unpriced, allow_unpriced=True" in caught.value.hint


# The age of a price -----------------------------------------------------------------------------


@pytest.mark.parametrize(("day", "stale"), [(date(2026, 8, 24), False), (date(2026, 8, 23), True)])
def test_a_price_older_than_ninety_days_is_stale(day: date, stale: bool) -> None:
    price = Price(Decimal(1), Decimal(2), checked=day)

    assert price.stale(date(2026, 11, 22)) is stale


def test_an_undated_price_is_of_unknown_age_and_a_free_one_never_old() -> None:
    assert Price(Decimal(1), Decimal(2)).stale(date(2026, 11, 22)) is None
    assert Price(Decimal(0), Decimal(0), basis="embedded").stale(date(2099, 1, 1)) is False


def test_every_price_of_every_known_endpoint_has_a_source_and_a_day() -> None:
    urls = [each.base_url for each in providers() if each.name not in ("openrouter", "together")]

    prices = [model.price for url in urls for model in all_models(url) if model.price]

    assert len(prices) > 100
    assert all(price.source and price.checked for price in prices)


def test_an_old_price_is_flagged_in_plans_ways_and_json(
    home: Path, capsys: pytest.CaptureFixture[str], samples: Path
) -> None:
    old = BOOK.replace("2026-11-01", "2020-01-01")
    (home / "prices.toml").write_text(old)
    url = "http://127.0.0.1:9/v1"
    notes = Document.from_pages(["The rent is 3,850 euros."])

    plan = Client("mine", base_url=url, home=home).plan("Rent?", [notes])
    run(["cost", str(samples / "lease.md"), "--model", "mine", "--base-url", url, "--json"])
    run(["models", "--json"])
    run(["models"])

    cost_line, models_line, *table = capsys.readouterr().out.splitlines()
    way, *_ = json.loads(cost_line)["ways"]
    booked = {each["id"]: each["price"] for each in json.loads(models_line)["models"]}
    assert any("2020-01-01" in note for note in plan.warnings)
    assert way["cost"]["price_stale"] is True
    assert booked["mine"]["stale"] is True
    assert booked["kimi-k3"]["age_days"] is not None
    assert any("mine" in row and "OLD" in row for row in table)


# The user's book --------------------------------------------------------------------------------


def test_the_book_holds_cached_write_batch_and_tiered_prices_in_yuan(booked: Path) -> None:
    price = get_model("mine", base_url="http://127.0.0.1:9/v1", home=booked).price
    assert price is not None

    batch = price.batched()

    assert price.currency == "CNY"
    assert cost(Usage(1_000, 0, 500, cache_write_tokens=500), price) == Decimal("0.000675")
    assert cost(Usage(2_000, 0, 0, cache_write_tokens=2_000), price) == Decimal("0.005")
    assert batch is not None
    assert cost(Usage(2_000, 1_000), batch) == Decimal("0.003")
    assert price.to_json()["batch"] == {"prompt": "0.50", "cached": None, "completion": "2.00"}


def test_a_check_names_every_mistake_and_what_can_still_be_used(home: Path) -> None:
    (home / "prices.toml").write_text(WRONG)

    wrong = bookcheck.problems(home)
    remarks = bookcheck.remarks(home, date(2026, 11, 22))

    assert [each.message.split("table ")[1].split(",")[0] for each in wrong] == [
        "[a]",
        "[b]",
        "[c]",
    ]
    assert all(each.hint for each in wrong)
    assert bookcheck.count(home) == 1
    assert remarks == [
        "[d]: no day is given on which it was checked.",
        "[d]: no source is given.",
    ]


def test_a_book_that_is_in_order_passes(booked: Path) -> None:
    assert bookcheck.problems(booked) == []
    assert bookcheck.remarks(booked, date(2026, 11, 22)) == []
    assert bookcheck.problems(booked / "nowhere") == []


def test_the_terminal_checks_the_book(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "prices.toml").write_text(WRONG)

    assert run(["prices", "--check"]) == 1
    assert "3 wrong" in capsys.readouterr().out
    (home / "prices.toml").write_text(BOOK)
    assert run(["prices", "--check", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["problems"] == []


def test_the_terminal_shows_prices_of_models_asked_for(
    booked: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["prices", "kimi-k3", "gpt-4o", "nameless", "--json"]) == 0

    rows = json.loads(capsys.readouterr().out)["prices"]
    assert [row["model"] for row in rows] == ["kimi-k3", "gpt-4o", "nameless"]
    assert rows[0]["price"]["source"].startswith("https://platform.kimi.ai")
    assert rows[1]["price"]["basis"] == "listed"
    assert rows[2]["price"] is None
    assert run(["prices"]) == 0
    assert "above 1,000" in capsys.readouterr().out


# Updates ----------------------------------------------------------------------------------------


class _Lists(BaseHTTPRequestHandler):
    content = b"[]"

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.content)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def seller() -> Iterator[tuple[str, type[_Lists]]]:
    server = HTTPServer(("127.0.0.1", 0), _Lists)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/data.json", _Lists
    server.shutdown()
    server.server_close()


def listing(prompt: str) -> bytes:
    model = {
        "id": "gpt-4o",
        "match": {"equals": "gpt-4o"},
        "prices": {"input_mtok": prompt, "output_mtok": "99"},
    }
    provider = {
        "id": "openai",
        "name": "OpenAI",
        "api_pattern": r"https://api\\.openai\\.com",
        "models": [model],
    }
    return json.dumps([provider]).encode()


def test_fetched_lists_hold_from_then_on_and_only_in_their_home(
    home: Path, tmp_path: Path, seller: tuple[str, type[_Lists]]
) -> None:
    url, lists = seller
    lists.content = listing("77")

    updates.fetch(home, url=url, now=datetime(2026, 12, 1, tzinfo=UTC))

    fetched = get_model("gpt-4o", base_url="https://api.openai.com/v1", home=home).price
    before = get_model("gpt-4o", base_url="https://api.openai.com/v1", home=tmp_path).price
    assert fetched is not None
    assert before is not None
    assert (fetched.prompt, fetched.checked) == (Decimal(77), date(2026, 12, 1))
    assert before.prompt != 77


@pytest.mark.parametrize("content", [b"<html>", b"{}", b"[]", b'[{"id": 1}]'])
def test_what_is_no_price_list_changes_nothing(
    home: Path, seller: tuple[str, type[_Lists]], content: bytes
) -> None:
    url, lists = seller
    lists.content = content

    with pytest.raises(KimiqaError, match="not a price list"):
        updates.fetch(home, url=url)

    assert not (home / updates.FILE).exists()


def test_without_a_connection_it_says_so_and_the_old_prices_stay(home: Path) -> None:
    with pytest.raises(UnreachableError, match="cannot be fetched"):
        updates.fetch(home, url="http://127.0.0.1:9/data.json")

    assert get_model("kimi-k3", home=home).price


def test_lists_that_cannot_be_read_any_more_are_as_none(home: Path) -> None:
    (home / updates.FILE).write_text("{")

    assert updates.kept(home) is None
    assert get_model("gpt-4o", base_url="https://api.openai.com/v1", home=home).price


def test_doctor_says_what_keeps_a_cap_from_holding(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "settings.toml").write_text('cap_day = "0.50"\nmonth_cap = "9"\ncurrency = "cny"\n')

    run(["doctor", "--offline", "--model", "kimi-k3"])

    told = capsys.readouterr().out
    assert "15.00 CNY a question, 9.00 CNY a month, $2.00 a question" in told
    assert "The cap per month is in CNY and does not bind this cost in USD." in told
    assert "cap_day in settings.toml is no setting of this version" in told


def test_a_cached_token_that_costs_more_is_worth_a_look(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "prices.toml").write_text('["m"]\nprompt = "1"\ncached = "5"\ncompletion = "2"\n')

    assert run(["prices", "--check"]) == 0
    assert "a cached token costs more than another" in capsys.readouterr().out

"""Models and their prices: dated, by host, the user's book first, and None where not known."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from kimiqa import offers
from kimiqa.errors import PriceUnknownError
from kimiqa.estimating import affordable_completion, ceiling
from kimiqa.models import LOCAL, Model, all_models, get_model, listed, refresh, rows
from kimiqa.money import Price, Usage, cost
from kimiqa.pricebook import parse_book

INTERNATIONAL = "https://api.moonshot.ai/v1"
CHINA = "https://api.moonshot.cn/v1"
LOOPBACK = "http://127.0.0.1:8000/v1"
PROXY = "https://llm.example.com/v1"
OPENROUTER = "https://openrouter.ai/api/v1"
TODAY = date(2026, 11, 22)


def price_of(model_id: str, base_url: str | None = None, **more: object) -> Price:
    price = get_model(model_id, base_url=base_url, **more).price  # type: ignore[arg-type]
    assert price is not None
    return price


def amounts(price: Price) -> tuple[str, ...]:
    return tuple(map(str, (price.prompt, price.cached, price.completion)))


# Our own rows -----------------------------------------------------------------------------------

ROWS = [
    (name, currency)
    for name, row in rows.data()["models"].items()
    for currency in row
    if currency.isupper()
]


@pytest.mark.parametrize(("name", "currency"), ROWS)
def test_every_row_is_priced_sourced_and_dated(name: str, currency: str) -> None:
    price = rows.own_price(name, currency)

    assert price is not None
    assert 0 < cost(Usage(1_000_000, 1_000, cached_tokens=1_000), price) < 1_000
    assert price.cached is not None
    assert price.cached < price.prompt < price.completion
    assert price.currency == currency
    assert price.source.startswith("https://")
    assert price.checked is not None
    assert date(2026, 9, 1) <= price.checked <= TODAY


@pytest.mark.parametrize("name", rows.names())
def test_our_rows_and_the_packages_list_agree(name: str) -> None:
    entry = listed.made(name, datetime(2026, 11, 22, tzinfo=UTC))
    own = rows.own_price(name, "USD")

    assert entry is not None
    assert entry.price is not None
    assert own is not None
    assert (own.prompt, own.cached, own.completion, own.cache_write, own.cache_write_1h) == (
        entry.price.prompt,
        entry.price.cached,
        entry.price.completion,
        entry.price.cache_write,
        entry.price.cache_write_1h,
    )
    assert entry.context_window == get_model(name).context_window


def test_a_later_release_of_the_package_wins_where_it_differs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(rows.data(), "checked_against", "0.0.1")
    monkeypatch.setitem(rows.data()["models"]["kimi-k3"]["USD"], "prompt", "9.99")

    assert price_of("kimi-k3").prompt == Decimal(3)
    assert price_of("kimi-k3").checked is None


def test_an_equal_release_leaves_our_dated_row_in_force() -> None:
    assert price_of("kimi-k3").checked == date(2026, 10, 15)


def test_cache_writes_of_k3_cost_as_input_for_five_minutes_and_twice_for_an_hour() -> None:
    price = price_of("kimi-k3")

    assert (price.cache_write, price.cache_write_1h) == (Decimal(3), Decimal(6))


# What a model holds and can do ------------------------------------------------------------------


def test_k3_has_efforts_fixed_sampling_and_kimis_cache_rules() -> None:
    model = get_model("kimi-k3")

    assert model.efforts == ("low", "high", "max")
    assert model.fixed_sampling
    assert model.reasons
    assert (model.cache_block, model.cache_min_tokens) == (256, 257)
    assert (model.cache_ttl, model.cache_ttl_1h) == (300, 3600)
    assert (model.context_window, model.vocabulary, model.margin) == (1_048_576, "kimi_k3", 0)


def test_only_k26_can_be_told_not_to_think() -> None:
    switched = [name for name in rows.names() if get_model(name).thinking_switch]

    assert switched == ["kimi-k2.6"]
    assert get_model("kimi-k2.6").efforts == ()


def test_a_model_without_known_cache_rules_names_none() -> None:
    assert get_model("deepseek-v4-pro").cache_block is None
    assert get_model("gpt-4o").cache_block == 128


def test_a_kimi_model_of_tomorrow_is_unpriced_but_not_sent_a_temperature() -> None:
    model = get_model("kimi-k4")

    assert (model.price, model.context_window, model.efforts) == (None, None, ())
    assert model.fixed_sampling
    assert model.vocabulary == "kimi_k3"


# By host ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base_url", "expected", "currency", "basis"),
    [
        (None, ("3.00", "0.30", "15.00"), "USD", "listed"),
        ("http://kimiqa.local/v1", ("3.00", "0.30", "15.00"), "USD", "listed"),
        (INTERNATIONAL, ("3.00", "0.30", "15.00"), "USD", "listed"),
        ("https://API.MOONSHOT.AI:443/v1", ("3.00", "0.30", "15.00"), "USD", "listed"),
        (CHINA, ("20", "2", "100"), "CNY", "listed"),
        (LOOPBACK, ("3.00", "0.30", "15.00"), "USD", "assumed"),
        ("http://[::1]:8000/v1", ("3.00", "0.30", "15.00"), "USD", "assumed"),
        (PROXY, ("3.00", "0.30", "15.00"), "USD", "assumed"),
        ("https://api.moonshot.ai.example.net", ("3.00", "0.30", "15.00"), "USD", "assumed"),
    ],
)
def test_the_price_of_k3_is_that_of_the_host(
    base_url: str | None, expected: tuple[str, ...], currency: str, basis: str
) -> None:
    price = price_of("kimi-k3", base_url)

    assert (amounts(price), price.currency, price.basis) == (expected, currency, basis)


def test_a_model_without_a_price_in_yuan_is_not_given_its_dollars() -> None:
    model = get_model("kimi-k3.1-pro", base_url=CHINA)

    assert model.price is None
    assert model.context_window == 1_048_576
    assert "CNY" in model.note


@pytest.mark.parametrize(
    "base_url", ["https://open.bigmodel.cn/api/paas/v4", "https://api.minimaxi.com/v1"]
)
@pytest.mark.parametrize("model", ["GLM-4-Plus", "MiniMax-M2"])
def test_dollars_converted_by_someone_are_no_price_where_yuan_are_billed(
    base_url: str, model: str
) -> None:
    assert get_model(model, base_url=base_url).price is None


@pytest.mark.parametrize(
    ("model", "base_url"),
    [
        ("moonshotai/kimi-k3", OPENROUTER),
        ("moonshotai/Kimi-K3", "https://api.together.xyz/v1"),
        ("accounts/fireworks/models/kimi-k3", "https://api.fireworks.ai/inference/v1"),
    ],
)
def test_a_reseller_has_its_own_list_under_its_own_ids(model: str, base_url: str) -> None:
    found = get_model(model, base_url=base_url)

    assert found.price is not None
    assert found.price.basis == "listed"
    assert "moonshot" not in found.price.source
    assert "kimi.ai" not in found.price.source
    assert (found.vendor, found.vocabulary, found.efforts[0]) == ("moonshotai", "kimi_k3", "low")


def test_what_a_reseller_does_not_list_has_no_price_there() -> None:
    assert get_model("kimi-k3", base_url="https://api.together.xyz/v1").price is None


def test_a_makers_name_before_the_id_is_understood_at_an_unknown_host() -> None:
    price = price_of("moonshotai/Kimi-K3", LOOPBACK)

    assert (amounts(price), price.basis) == (("3.00", "0.30", "15.00"), "assumed")


def test_a_makers_name_before_the_id_is_another_id_at_the_makers_own_host() -> None:
    assert get_model("moonshotai/kimi-k3", base_url=INTERNATIONAL).price is None


def test_a_cloud_that_refers_to_the_makers_lists_takes_their_price_as_assumed() -> None:
    price = price_of("kimi-k2.6", "https://mine.openai.azure.com/openai/v1")

    assert (price.prompt, price.basis) == (Decimal("0.95"), "assumed")


def test_other_makers_are_known_at_their_hosts_and_assumed_elsewhere() -> None:
    assert price_of("gpt-4o", "https://api.openai.com/v1").basis == "listed"
    assert price_of("gpt-4o", LOOPBACK).basis == "assumed"
    assert price_of("gpt-4o").basis == "listed"
    assert price_of("gpt-4o").source.startswith("https://")
    assert get_model("gpt-4o").vendor == "openai"


def test_a_server_on_this_machine_costs_what_the_book_says_and_is_unpriced_without(
    home: Path,
) -> None:
    ollama = "http://127.0.0.1:11434/v1"
    unpriced = get_model("some-weights:20b", base_url=ollama)
    row = '["some-weights:20b"]\nprompt = 0\ncompletion = 0\nhost = "127.0.0.1:11434"'
    (home / "prices.toml").write_text(row)

    assert unpriced.price is None
    assert "your book" in unpriced.note
    assert cost(Usage(9, 9), price_of("some-weights:20b", ollama, home=home)) == 0
    assert get_model("some-weights:20b", base_url=PROXY, home=home).price is None


@pytest.mark.parametrize("host", ["qianfan.baidubce.com/v2", "ark.cn-beijing.volces.com/api/v3"])
def test_a_host_that_bills_in_yuan_by_its_own_list_is_not_given_a_makers_dollars(host: str) -> None:
    assert get_model("deepseek-v4-flash", base_url=f"https://{host}").price is None


def test_a_host_whose_name_only_begins_like_a_sellers_is_unknown() -> None:
    assert price_of("gpt-4o", "https://api.openai.com.example.net/v1").basis == "assumed"


@pytest.mark.parametrize(
    "model",
    ["no-such-model", "", "kimi", "kimi-k3-turbo", "kimi-k2.6-foo", "gpt-5-nano-turbo", "local"],
)
@pytest.mark.parametrize("base_url", [INTERNATIONAL, CHINA, LOOPBACK, OPENROUTER])
def test_an_unknown_id_has_no_price_and_no_near_names_price(model: str, base_url: str) -> None:
    found = get_model(model, base_url=base_url)

    assert found.price is None
    assert found.context_window is None


def test_a_dated_snapshot_has_the_price_of_its_model() -> None:
    snapshot, model = price_of("gpt-5-nano-2025-08-07"), price_of("gpt-5-nano")

    assert amounts(snapshot) == amounts(model)


# Tiers, dates and hours -------------------------------------------------------------------------


def test_a_tier_is_a_cliff_at_its_edge() -> None:
    price = price_of("claude-sonnet-4-5", "https://api.anthropic.com/v1")

    assert [tier.above for tier in price.tiers] == [200_000]
    assert amounts(price.at(200_000)) == ("3", "0.3", "15")
    assert amounts(price.at(200_001)) == ("6", "0.6", "22.5")
    assert cost(Usage(200_000, 0), price) == Decimal("0.6")
    assert cost(Usage(200_001, 0), price) == Decimal("1.200006")


def test_writing_to_the_cache_has_each_tiers_own_price() -> None:
    price = price_of("claude-sonnet-4-5")

    below, above = price.at(200_000), price.at(200_001)
    assert (below.prompt, below.cache_write, below.cache_write_1h) == (3, Decimal("3.75"), 6)
    assert (above.prompt, above.cache_write, above.cache_write_1h) == (6, Decimal("7.5"), 12)


@pytest.mark.parametrize(
    ("today", "prompt"),
    [
        (date(2026, 8, 16), "0.14"),
        (date(2026, 8, 17), "0.22"),
        (date(2026, 9, 9), "0.22"),
        (date(2026, 9, 10), "0.15"),
    ],
)
def test_a_price_holds_from_its_day_on(today: date, prompt: str) -> None:
    assert price_of("deepseek-v4-flash", today=today).prompt == Decimal(prompt)


@pytest.mark.parametrize(
    ("hour", "minute", "prompt"),
    [(0, 59, "0.15"), (1, 0, "0.3"), (3, 59, "0.3"), (4, 0, "0.15"), (6, 0, "0.3")],
)
def test_a_price_holds_in_its_hours_and_says_that_it_changes(
    hour: int, minute: int, prompt: str
) -> None:
    now = datetime(2026, 11, 20, hour, minute, tzinfo=UTC)

    model = get_model("deepseek-flash", base_url="https://api.deepseek.com", today=now)

    assert model.price is not None
    assert model.price.prompt == Decimal(prompt)
    assert "hour" in model.note


def test_the_ceiling_of_a_price_that_changes_with_the_hour_takes_the_dearest() -> None:
    url = "https://api.deepseek.com"
    night, day = (
        get_model("deepseek-flash", base_url=url, today=datetime(2026, 11, 20, hour, tzinfo=UTC))
        for hour in (0, 1)
    )
    assert night.price
    assert day.price
    assert night.price.prompt < day.price.prompt

    assert ceiling(night.price, 10_000, 500) == ceiling(day.price, 10_000, 500)
    assert ceiling(night.price, 10_000, 500) >= cost(Usage(10_000, 500), day.price)
    cap = ceiling(day.price, 10_000, 500)
    assert affordable_completion(cap, night.price, 10_000) == 500


@pytest.mark.parametrize(
    ("model", "last"),
    [("kimi-k2.5", date(2026, 8, 31)), ("moonshot-v1-8k", date(2026, 8, 31))],
)
def test_a_retired_model_stays_known_with_its_last_price_and_a_warning(
    model: str, last: date
) -> None:
    after = get_model(model, today=date(2026, 9, 1))

    assert after.deprecated
    assert after.note == f"{model} was retired after {last}: choose another model."
    assert after.price is not None
    assert after.context_window is not None
    assert "retired" not in get_model(model, today=last).note


@pytest.mark.parametrize("model", rows.names())
def test_no_current_model_is_deprecated(model: str) -> None:
    assert not get_model(model, today=TODAY).deprecated


# The price book ---------------------------------------------------------------------------------

BOOK = """
["kimi-k3"]
prompt = "2.50"
completion = 12
currency = "EUR"
context_window = 500_000
source = "our contract"
checked = 2026-11-01

[["kimi-k3".tiers]]
above = 100_000
prompt = "5.00"
completion = "24.00"

[["in-house"]]
host = "127.0.0.1:8000"
prompt = "0.00"
completion = "0.00"

[["in-house"]]
prompt = "1.00"
completion = "2.00"

["qwen-long"]
context_window = 10_000_000
"""


@pytest.fixture
def booked(home: Path) -> Path:
    (home / "prices.toml").write_text(BOOK, encoding="utf-8")
    return home


@pytest.mark.parametrize("base_url", [None, INTERNATIONAL, CHINA, LOOPBACK, OPENROUTER])
def test_the_book_wins_at_every_host(base_url: str | None, booked: Path) -> None:
    model = get_model("kimi-k3", base_url=base_url, home=booked)

    assert model.price is not None
    assert (model.price.basis, model.price.currency) == ("book", "EUR")
    assert (model.price.checked, model.price.source) == (date(2026, 11, 1), "our contract")
    assert model.context_window == 500_000
    assert model.efforts == ("low", "high", "max")


def test_a_tier_of_the_book_is_a_cliff_at_its_edge(booked: Path) -> None:
    price = price_of("kimi-k3", home=booked)

    assert cost(Usage(100_000, 0), price) == Decimal("0.25")
    assert cost(Usage(100_001, 0), price) == Decimal("0.500005")


def test_a_row_for_a_host_goes_before_a_row_for_any(booked: Path) -> None:
    assert price_of("in-house", LOOPBACK, home=booked).prompt == 0
    assert price_of("in-house", "http://127.0.0.1:9000/v1", home=booked).prompt == 1


def test_the_book_wins_over_what_the_endpoint_says(booked: Path) -> None:
    offered = [{"id": "kimi-k3", "context_length": 131_072}]

    model = get_model("kimi-k3", base_url=LOOPBACK, home=booked, listing=offered)

    assert (model.context_window, model.offered) == (500_000, True)


def test_a_row_may_give_a_window_alone_and_leaves_the_price_unknown(booked: Path) -> None:
    model = get_model("qwen-long", home=booked)

    assert (model.context_window, model.price) == (10_000_000, None)


def test_a_book_that_changed_is_read_again(booked: Path) -> None:
    get_model("kimi-k3", home=booked)
    (booked / "prices.toml").write_text('["kimi-k3"]\nprompt = 1\ncompletion = 2\n')

    assert price_of("kimi-k3", home=booked).prompt == 1


def test_a_book_written_by_notepad_is_read(home: Path) -> None:
    text = '["kimi-k3"]\r\nprompt = "1.10"\r\ncompletion = "2.20"\r\n'
    (home / "prices.toml").write_bytes(b"\xef\xbb\xbf" + text.encode())

    assert price_of("kimi-k3", home=home).prompt == Decimal("1.10")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ('["m"]\nprompt = 0.5\ncompletion = "1"', "table [m], key prompt: 0.5 is not exact"),
        ('["m"]\nprompt = "1"', "table [m], key completion: missing"),
        ('["m"]\nprompt = "-1"\ncompletion = 1', "table [m], key prompt: '-1' is not an amount"),
        ('["m"]\nprompt = "NaN"\ncompletion = 1', "key prompt: 'NaN' is not an amount"),
        ('["m"]\nprompt = true\ncompletion = 1', "key prompt: True is not an amount"),
        ('["m"]\nprompt = "free"\ncompletion = 1', "key prompt: 'free' is not an amount"),
        ('["m"]\nprompt = "1e999999"\ncompletion = 1', "'1e999999' is not an amount"),
        ('["m"]\nprompt = 1\ncompletion = 1\ncurrency = "yuan"', "'yuan' is not a currency"),
        ('["m"]\nprice = "1"', "table [m], key price: not a key of a price"),
        ('["m"]\ncontext_window = -5', "key context_window: -5 is not a count"),
        ('["m"]\nprompt = 1\ncompletion = 1\nchecked = "soon"', "key checked: 'soon' is not a day"),
        ('["m"]\nprompt = 1\ncompletion = 1\ncurrency = 7', "key currency: 7 is not text"),
        (
            '["m"]\nprompt = 1\ncompletion = 1\n[["m".tiers]]\nprompt = 2\ncompletion = 1',
            "table [m.tiers], key above: missing",
        ),
        ('["m"]\nprompt = 1\ncompletion = 1\ntiers = 3', "key tiers: not a list of tables"),
        ('prompt = "1"', "key prompt: it stands outside any table"),
        ('["m"\nprompt', "is not valid TOML"),
    ],
)
def test_a_wrong_book_is_refused_with_its_place_and_the_next_step(
    content: str, complaint: str, home: Path
) -> None:
    (home / "prices.toml").write_text(content)

    with pytest.raises(PriceUnknownError) as caught:
        get_model("m", home=home)

    assert complaint in caught.value.message
    assert str(home / "prices.toml") in caught.value.message
    assert caught.value.hint


def test_a_book_that_is_not_text_is_refused(home: Path) -> None:
    (home / "prices.toml").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(PriceUnknownError, match="cannot be read"):
        get_model("kimi-k3", home=home)


def test_ids_of_the_book_are_found_in_any_case() -> None:
    assert parse_book('["My/Model"]\nprompt = 1\ncompletion = 2', "b")["my/model"][0].price


# What an endpoint offers ------------------------------------------------------------------------

LISTING = [
    {"id": "kimi-k3", "context_length": 900_000, "supports_image_in": True},
    {"id": "house-model", "max_model_len": 32_768},
    {"id": "odd", "context_length": "many", "supports_image_in": "yes"},
    {"name": "no id"},
    "not an object",
]


def test_a_listing_gives_the_window_and_says_what_is_offered() -> None:
    k3 = get_model("kimi-k3", base_url=LOOPBACK, listing=LISTING)

    assert (k3.context_window, k3.pictures, k3.offered) == (900_000, True, True)
    assert get_model("kimi-k2.6", base_url=LOOPBACK, listing=LISTING).offered is False
    assert get_model("kimi-k2.6", base_url=LOOPBACK).offered is None


def test_a_listed_model_without_a_known_price_is_unpriced_not_free() -> None:
    model = get_model("house-model", base_url=LOOPBACK, listing=LISTING)

    assert (model.price, model.context_window, model.offered) == (None, 32_768, True)


def test_a_listing_is_kept_with_its_time_and_found_again(home: Path) -> None:
    now = datetime(2026, 11, 22, 9, tzinfo=UTC)
    found = refresh(LISTING, LOOPBACK, home, now=now)

    kept = offers.kept(LOOPBACK, home)
    assert kept is not None
    assert kept.time == now
    assert [model.id for model in found] == ["kimi-k3", "house-model", "odd"]
    assert get_model("kimi-k3", base_url=LOOPBACK + "/", home=home).context_window == 900_000
    assert get_model("kimi-k3", base_url=INTERNATIONAL, home=home).offered is None


def test_without_a_home_a_listing_is_read_and_not_kept() -> None:
    found = refresh(LISTING, LOOPBACK, None)

    assert [model.id for model in found] == ["kimi-k3", "house-model", "odd"]
    assert found[0].offered


@pytest.mark.parametrize("spoiled", ["{", "[]", '{"time": 1}', '{"time": "x", "models": []}'])
def test_a_kept_listing_that_cannot_be_read_is_as_none(spoiled: str, home: Path) -> None:
    refresh(LISTING, LOOPBACK, home)
    next((home / "models").glob("*.json")).write_text(spoiled)

    assert get_model("kimi-k3", base_url=LOOPBACK, home=home).offered is None


# Choosing ---------------------------------------------------------------------------------------


def test_kimis_current_models_come_first_the_default_at_the_top() -> None:
    ids = [model.id for model in all_models()]

    assert ids[:2] == ["kimi-k3", "kimi-k3.1-pro"]
    assert ids[-1] == "local"
    assert "kimi-k2.5" not in ids


def test_the_models_of_the_book_are_offered_beside_them(booked: Path) -> None:
    assert {"in-house", "qwen-long"} <= {model.id for model in all_models(home=booked)}


def test_at_a_sellers_host_its_own_ids_are_offered_kimis_first() -> None:
    models = all_models("https://api.together.xyz/v1")

    assert models[0].id.startswith("moonshotai/Kimi")
    assert all(model.price is None or model.price.basis == "listed" for model in models)
    assert any(model.vendor != "moonshotai" for model in models)


def test_at_an_unknown_host_kimis_models_are_offered_at_assumed_prices() -> None:
    assert {model.price.basis for model in all_models(PROXY) if model.price} == {"assumed"}


def test_the_embedded_endpoint_offers_one_model_for_nothing() -> None:
    assert all_models("http://kimiqa.local/v1") == [LOCAL]
    assert get_model("local", base_url="http://kimiqa.local/v1") is LOCAL
    assert LOCAL.price is not None
    assert cost(Usage(1_000_000, 1_000_000), LOCAL.price) == 0
    assert LOCAL.price.basis == "embedded"


def test_a_model_says_all_it_is_not_told_is_unknown() -> None:
    bare = Model("x")

    assert (bare.price, bare.context_window, bare.cache_block, bare.offered) == (None,) * 4


# Light ------------------------------------------------------------------------------------------


def test_pricing_kimi_imports_neither_the_price_package_nor_a_tokenizer() -> None:
    code = (
        "import sys, json, kimiqa.models as m; m.get_model('kimi-k3');"
        "m.get_model('kimi-k3', base_url='http://127.0.0.1:8000/v1');"
        "print(json.dumps([n for n in ('genai_prices', 'splintr', 'tiktoken')"
        " if n in sys.modules]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )

    assert json.loads(done.stdout) == []

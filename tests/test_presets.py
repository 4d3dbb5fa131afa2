"""Presets: what providers sell that no other list has, each with its source and honest nulls."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest
from asking import lease

from kimiqa import Client
from kimiqa.cli import run
from kimiqa.models import all_models, get_model, presets
from kimiqa.settings.providers import Provider, providers

OWN_LISTS = {
    "dashscope-intl.aliyuncs.com": "USD",
    "dashscope.aliyuncs.com": "CNY",
    "open.bigmodel.cn": "CNY",
    "api.minimaxi.com": "CNY",
    "qianfan.baidubce.com": "CNY",
    "ark.cn-beijing.volces.com": "CNY",
    "api.lingyiwanwu.com": "CNY",
    "api.baichuan-ai.com": "CNY",
}
SOLD = [each for each in providers() if not each.local]


@pytest.mark.parametrize("provider", SOLD, ids=lambda each: each.name)
def test_every_provider_has_models_and_a_priced_one_to_begin_with(provider: Provider) -> None:
    first = get_model(provider.default_model, base_url=provider.base_url)

    assert first.id.lower() in {model.id.lower() for model in all_models(provider.base_url)}
    assert first.price is not None
    assert first.price.source
    assert first.context_window


@pytest.mark.parametrize("host", sorted(presets.hosts()))
def test_every_preset_has_a_source_and_every_price_a_day(host: str) -> None:
    for model_id in presets.ids_at(host):
        found = presets.preset_at(host, model_id)
        assert found is not None
        assert found.source
        if found.price is not None:
            assert found.price.checked
            assert found.price.currency == OWN_LISTS[host]
            assert (found.price.basis, found.price.source) == ("listed", found.source)


def test_the_hosts_of_presets_are_those_of_providers() -> None:
    assert presets.hosts() <= {host for each in providers() for host in each.hosts}


def test_what_sources_disagree_about_is_not_known_and_says_what_to_do() -> None:
    model = get_model("qwen3.7-plus", base_url="https://dashscope-intl.aliyuncs.com/v1")

    assert (model.price, model.context_window) == (None, 1_000_000)
    assert "your book" in model.note


def test_a_tier_of_a_preset_is_a_cliff() -> None:
    price = get_model("MiniMax-M3", base_url="https://api.minimaxi.com/v1").price

    assert price is not None
    assert price.at(512_000).prompt == Decimal("2.10")
    assert (price.at(512_001).prompt, price.at(512_001).cached) == (
        Decimal("4.20"),
        Decimal("0.84"),
    )


def test_ones_own_book_goes_before_a_preset(home: Path) -> None:
    (home / "prices.toml").write_text('["glm-5.3"]\nprompt = "1"\ncompletion = "2"\n')
    price = get_model("glm-5.3", base_url="https://open.bigmodel.cn/v4", home=home).price

    assert price is not None
    assert (price.prompt, price.basis) == (Decimal(1), "book")


@pytest.mark.parametrize("host", ["qianfan.baidubce.com/v2", "ark.cn-beijing.volces.com/api/v3"])
def test_a_provider_is_not_said_to_sell_kimis_models(host: str) -> None:
    assert not [each for each in all_models(f"https://{host}") if each.id.startswith("kimi")]


@pytest.mark.parametrize("port", [11434, 8000, 30000])
def test_of_a_server_of_ones_own_no_model_is_guessed(
    port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    base_url = f"http://127.0.0.1:{port}/v1"

    assert all_models(base_url) == []
    assert run(["models", "--base-url", base_url]) == 0
    assert "ask it with --refresh" in capsys.readouterr().out


def test_a_comparison_reaches_every_provider() -> None:
    with Client("kimi-k3", home=None) as client:
        offers = client.compare("When?", [lease()])

    hosts = {host for each in SOLD for host in each.hosts}
    assert hosts <= {each.host for each in offers}
    assert {"USD", "CNY"} <= {each.currency for each in offers}


def test_a_comparison_flags_old_prices(samples: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["-q", "What is the rent?", "--model", "kimi-k3", "--models", "yi-lightning"]
    assert run(["compare", str(samples / "lease.md"), *asked]) == 0

    row = next(line for line in capsys.readouterr().out.splitlines() if "lingyiwanwu" in line)
    assert row.endswith("2026-04-25 OLD")


def test_the_file_has_no_price_without_quotes() -> None:
    """A bare number would be a float, and money is not."""
    text = (Path(presets.__file__).parent.parent / "data" / "presets.toml").read_text("utf-8")

    assert not re.findall(r"^(?:prompt|cached|completion|cache_write)\w* = [^\"]", text, re.M)

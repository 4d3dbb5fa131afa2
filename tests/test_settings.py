"""Where a model is reached and with which key; the settings and where they are kept."""

from __future__ import annotations

import copy
import os
import pickle
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kimiqa.errors import BadRequestError, NoKeyError
from kimiqa.settings import (
    EMBEDDED,
    Secret,
    Settings,
    clean_url,
    home_folder,
    is_loopback,
    load_settings,
    mask,
    providers,
    resolve,
    resolve_target,
    save_key,
    save_settings,
    saved_keys,
    secret,
)
from kimiqa.setup import usual_budget

AI = "https://api.moonshot.ai/v1"
CN = "https://api.moonshot.cn/v1"
OPENAI = "https://api.openai.com/v1"
CORP = "https://llm.corp.test/v1"
OLLAMA = "http://127.0.0.1:11434/v1"


def found(
    env: dict[str, str] | None = None, home: Path | None = None, **arguments: Any
) -> tuple[str, str, str | None]:
    """The model, the base URL and the key that are resolved."""
    model, target = resolve(env=env or {}, home=home, **arguments)
    return model, target.base_url, target.api_key.reveal() if target.api_key else None


# Which model, where, with which key -----------------------------------------------------------


def test_the_embedded_endpoint_answers_where_nothing_is_named() -> None:
    assert resolve(env={}) == ("local", EMBEDDED)


def test_it_answers_also_where_it_is_named_itself() -> None:
    assert resolve("local", env={"MOONSHOT_API_KEY": "k"}) == ("local", EMBEDDED)


RULES: dict[str, tuple[dict[str, str], dict[str, str], tuple[str, str, str | None]]] = {
    # variables, arguments, (model, base URL, key)
    "a key chooses kimi": ({"MOONSHOT_API_KEY": "k"}, {}, ("kimi-k3", AI, "k")),
    "under its other name": ({"KIMI_API_KEY": "k"}, {}, ("kimi-k3", AI, "k")),
    "the first name wins": (
        {"MOONSHOT_API_KEY": "k", "KIMI_API_KEY": "x"}, {}, ("kimi-k3", AI, "k"),
    ),
    "an empty key is none": ({"MOONSHOT_API_KEY": " "}, {}, ("local", EMBEDDED.base_url, None)),
    "a base among its hosts": (
        {"MOONSHOT_API_KEY": "k", "MOONSHOT_BASE_URL": CN}, {}, ("kimi-k3", CN, "k"),
    ),
    "a base elsewhere is not its own": (
        {"KIMI_API_KEY": "k", "KIMI_BASE_URL": "https://api.kimi.com/coding/v1"}, {},
        ("kimi-k3", AI, "k"),
    ),
    "a base over plain http is not its own": (
        {"KIMI_API_KEY": "k", "KIMI_BASE_URL": "http://api.moonshot.ai/v1"}, {},
        ("kimi-k3", AI, "k"),
    ),
    "kimi's key before others": (
        {"DEEPSEEK_API_KEY": "d", "MOONSHOT_API_KEY": "k"}, {}, ("kimi-k3", AI, "k"),
    ),
    "another provider's key": (
        {"DEEPSEEK_API_KEY": "d"}, {},
        ("deepseek-v4-flash", "https://api.deepseek.com/v1", "d"),
    ),
    "the model chooses the provider": (
        {"DEEPSEEK_API_KEY": "d", "MOONSHOT_API_KEY": "k"}, {"model": "deepseek-v4-pro"},
        ("deepseek-v4-pro", "https://api.deepseek.com/v1", "d"),
    ),
    "a model without its key is still priced": (
        {"DEEPSEEK_API_KEY": "d"}, {"model": "kimi-k3"}, ("kimi-k3", AI, None),
    ),
    "a router serves ids with a slash": (
        {"TOGETHER_API_KEY": "t"}, {"model": "moonshotai/Kimi-K3"},
        ("moonshotai/Kimi-K3", "https://api.together.xyz/v1", "t"),
    ),
    "a base URL gets no provider's key": (
        {"MOONSHOT_API_KEY": "k"}, {"base_url": CORP}, ("kimi-k3", CORP, None),
    ),
    "unless it is the provider's own": (
        {"MOONSHOT_API_KEY": "k"}, {"base_url": CN + "/"}, ("kimi-k3", CN, "k"),
    ),
    "but not at another port": (
        {"MOONSHOT_API_KEY": "k"}, {"base_url": "https://api.moonshot.ai:8443/v1"},
        ("kimi-k3", "https://api.moonshot.ai:8443/v1", None),
    ),
    "nor at a host that only begins alike": (
        {"MOONSHOT_API_KEY": "k"}, {"base_url": "https://api.moonshot.ai.evil.test/v1"},
        ("kimi-k3", "https://api.moonshot.ai.evil.test/v1", None),
    ),
    "a key and a URL given": (
        {"MOONSHOT_API_KEY": "k"}, {"api_key": "a", "base_url": CORP}, ("kimi-k3", CORP, "a"),
    ),
    "a key alone goes to the model's provider": (
        {}, {"api_key": "a", "model": "glm-5.3"}, ("glm-5.3", "https://api.z.ai/api/paas/v4", "a"),
    ),
    "and without a model to kimi": ({}, {"api_key": "a"}, ("kimi-k3", AI, "a")),
    "a given key wins": (
        {"MOONSHOT_API_KEY": "k", "KIMIQA_API_KEY": "q"}, {"api_key": "a"}, ("kimi-k3", AI, "a"),
    ),
    "our own pair": (
        {"KIMIQA_API_KEY": "q", "KIMIQA_BASE_URL": CORP, "MOONSHOT_API_KEY": "k"}, {},
        ("kimi-k3", CORP, "q"),
    ),
    "our own key alone": (
        {"KIMIQA_API_KEY": "q", "MOONSHOT_API_KEY": "k"}, {}, ("kimi-k3", AI, "q"),
    ),
    "our own key stays with its host": (
        {"KIMIQA_API_KEY": "q", "KIMIQA_BASE_URL": CORP}, {"base_url": "https://x.test/v1"},
        ("kimi-k3", "https://x.test/v1", None),
    ),
    "our own key alone stays with the provider": (
        {"KIMIQA_API_KEY": "q"}, {"base_url": CORP}, ("kimi-k3", CORP, None),
    ),
    "our own URL without a key": ({"KIMIQA_BASE_URL": OLLAMA}, {}, ("kimi-k3", OLLAMA, None)),
    "openai's pair": (
        {"OPENAI_API_KEY": "o", "OPENAI_BASE_URL": CORP}, {"model": "some-model"},
        ("some-model", CORP, "o"),
    ),
    "openai's pair at kimi": (
        {"OPENAI_API_KEY": "o", "OPENAI_BASE_URL": CN}, {}, ("kimi-k3", CN, "o"),
    ),
    "a provider's key before openai's pair": (
        {"OPENAI_API_KEY": "o", "OPENAI_BASE_URL": CORP, "MOONSHOT_API_KEY": "k"}, {},
        ("kimi-k3", AI, "k"),
    ),
    "openai's key alone": ({"OPENAI_API_KEY": "o"}, {}, ("gpt-5-mini", OPENAI, "o")),
    "does not go to kimi": ({"OPENAI_API_KEY": "o"}, {"model": "kimi-k3"}, ("kimi-k3", AI, None)),
    "openai's URL alone is no pair": (
        {"OPENAI_BASE_URL": CORP}, {}, ("local", EMBEDDED.base_url, None),
    ),
    "openai's key bound to another host": (
        {"OPENAI_API_KEY": "o", "OPENAI_BASE_URL": CORP}, {"base_url": OPENAI},
        ("gpt-5-mini", OPENAI, None),
    ),
    "this machine needs no key": ({}, {"base_url": OLLAMA}, ("kimi-k3", OLLAMA, None)),
}  # fmt: skip


@pytest.mark.parametrize("rule", RULES)
def test_a_key_goes_to_its_own_host_and_nowhere_else(rule: str) -> None:
    env, arguments, expected = RULES[rule]

    assert found(env, **arguments) == expected


def test_a_target_without_a_key_says_what_to_do() -> None:
    target = resolve_target("kimi-k3", env={})

    assert target.needs_key
    assert target.name == "moonshot"
    assert target.key_hint == "Set MOONSHOT_API_KEY, or name the key (--api-key)."


def test_a_target_of_ones_own_says_what_to_do_for_its_host() -> None:
    target = resolve_target("kimi-k3", base_url=CORP, env={})

    assert "KIMIQA_BASE_URL" in target.key_hint
    assert "llm.corp.test" in target.key_hint


@pytest.mark.parametrize("target", [EMBEDDED, resolve_target("m", base_url=OLLAMA, env={})])
def test_what_runs_on_this_machine_needs_no_key(target: Any) -> None:
    assert not target.needs_key


def test_a_target_tells_where_its_key_was_found() -> None:
    sources = [resolve_target(env={"KIMI_API_KEY": "k"}), resolve_target(api_key="k", env={})]

    assert [each.key_source for each in sources] == ["KIMI_API_KEY", "argument"]


# What was saved -------------------------------------------------------------------------------


def test_a_saved_key_is_used_at_its_host_alone(tmp_path: Path) -> None:
    save_key(CN, "s", tmp_path)

    assert found(home=tmp_path) == ("kimi-k3", CN, "s")
    assert found(home=tmp_path, base_url=AI) == ("kimi-k3", AI, None)
    assert found(home=tmp_path, base_url=CORP) == ("kimi-k3", CORP, None)


def test_a_variable_comes_before_a_saved_key(tmp_path: Path) -> None:
    save_key(AI, "s", tmp_path)

    assert found({"MOONSHOT_API_KEY": "k"}, home=tmp_path) == ("kimi-k3", AI, "k")


def test_the_saved_address_and_model_are_used_with_the_key_of_that_host(tmp_path: Path) -> None:
    save_settings(Settings(model="some-model", base_url=CORP), tmp_path)
    save_key(CORP, "s", tmp_path)

    assert found({"MOONSHOT_API_KEY": "k"}, home=tmp_path) == ("some-model", CORP, "s")
    assert found(home=tmp_path, model="kimi-k3", base_url=AI) == ("kimi-k3", AI, None)


def test_another_saved_address_sends_no_saved_key_there(tmp_path: Path) -> None:
    save_key(AI, "s", tmp_path)
    save_settings(Settings(base_url="https://evil.test/v1"), tmp_path)

    assert found(home=tmp_path)[1:] == ("https://evil.test/v1", None)


def test_a_key_is_forgotten_by_host(tmp_path: Path) -> None:
    save_key(AI, "s", tmp_path)
    save_key(CORP, "c", tmp_path)

    save_key(AI, None, tmp_path)

    assert saved_keys(tmp_path) == {"llm.corp.test": Secret("c")}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_the_keys_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    save_key(AI, "s", tmp_path)

    assert os.stat(tmp_path / "keys.toml").st_mode & 0o777 == 0o600


def test_without_a_home_nothing_saved_is_looked_for() -> None:
    assert (load_settings(None), saved_keys(None)) == (Settings(), {})


def test_settings_come_back_as_they_were_saved(tmp_path: Path) -> None:
    mine = Settings("kimi-k2.6", CN, "high", None, Decimal("5.00"), None, "CNY", Decimal("0.1"), 60)

    save_settings(mine, tmp_path)

    assert load_settings(tmp_path) == mine
    assert list(tmp_path.iterdir()) == [tmp_path / "settings.toml"]


@given(model=st.text(min_size=1).filter(lambda text: text.strip() not in ("", "none")))
def test_any_text_survives_the_file(tmp_path_factory: pytest.TempPathFactory, model: str) -> None:
    if any(0xD800 <= ord(each) < 0xE000 for each in model):
        return
    home = tmp_path_factory.mktemp("home")

    save_settings(Settings(model=model), home)

    assert load_settings(home).model == model.strip()


def test_what_another_version_wrote_is_kept(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text('theme = "dark"\nmax_cost = "1.50"\n')

    save_settings(replace(load_settings(tmp_path), effort="max"), tmp_path)

    assert "theme" in (tmp_path / "settings.toml").read_text()
    assert load_settings(tmp_path).max_cost == Decimal("1.50")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('max_cost = "two"', "max_cost"), ("max_cost = -1", "max_cost"),
        ("max_cost = nan", "max_cost"), ("day_cap = true", "day_cap"),
        ('day_cap = "1e999999"', "day_cap"), ('currency = "dollars"', "three letters"),
        ('effort = "most"', "low"), ("deadline = 0", "deadline"), ("model = 3", "model"),
        ('base_url = "http://evil.test"', "https"), ("max_cost = ", "cannot be read"),
    ],
)  # fmt: skip
def test_a_broken_setting_is_named_and_never_taken_for_none(
    tmp_path: Path, line: str, says: str
) -> None:
    (tmp_path / "settings.toml").write_text(line)

    with pytest.raises(BadRequestError, match=says):
        load_settings(tmp_path)


def test_a_cap_written_as_a_number_is_read_exactly(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text("max_cost = 0.10\nday_cap = 5")

    found = load_settings(tmp_path)

    assert (found.max_cost, found.day_cap) == (Decimal("0.1"), Decimal(5))


CAPS = """
max_cost = "1.00"
[caps.CNY]
question = "8.00"
day = "none"
confirm_above = "3"
[caps.CNY.labels]
"client 7" = "70"
[caps.EUR]
day = "5"
"""


def test_caps_in_other_currencies_stand_beside_and_survive_saving(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text(CAPS)

    save_settings(replace(load_settings(tmp_path), effort="max"), tmp_path)
    settings = load_settings(tmp_path)
    dollars, yuan, euros = usual_budget(settings).everywhere()

    assert (dollars.question, yuan.question, yuan.day) == (Decimal(1), Decimal(8), None)
    assert (yuan.of_label("client 7"), yuan.of_label("client 8")) == (Decimal(70), None)
    assert (euros.currency, euros.question, euros.day) == ("EUR", None, Decimal(5))
    assert (settings.confirm_in("CNY"), settings.confirm_in("USD")) == (Decimal(3), None)


def test_the_settings_own_currency_may_stand_in_a_table_too(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text('currency = "CNY"\n[caps.CNY]\nday = "40"\n')

    found = load_settings(tmp_path)

    assert (found.max_cost, found.day_cap, found.caps) == (Decimal("15.00"), Decimal(40), {})


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ('[caps.CNY]\nquestion = "two"', "max_cost"),
        ('[caps.CNY]\nweek = "2"', "week under .caps.CNY. .* is no cap"),
        ('[caps.yuan]\nday = "2"', "names no currency"),
        ('[caps]\nCNY = "2"', "no table of currencies"),
        ('[caps.CNY]\nday = "2"\n[caps.cny]\nday = "3"', "two tables of caps in CNY"),
        ('max_cost = "1"\n[caps.USD]\nquestion = "2"', "twice: max_cost"),
    ],
)
def test_a_broken_table_of_caps_is_named(tmp_path: Path, table: str, says: str) -> None:
    (tmp_path / "settings.toml").write_text(table)

    with pytest.raises(BadRequestError, match=says):
        load_settings(tmp_path)


def test_a_broken_key_file_shows_no_key(tmp_path: Path) -> None:
    (tmp_path / "keys.toml").write_text('api.moonshot.ai = "sk-0123456789abcdefgh')

    with pytest.raises(BadRequestError) as caught:
        resolve(env={}, home=tmp_path)

    assert "0123456789" not in str(caught.value)


def test_a_home_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(BadRequestError, match=r"cannot be (read|written)"):
        save_settings(Settings(), tmp_path / "file")


def test_the_home_is_the_argument_then_the_variable_then_the_platforms(tmp_path: Path) -> None:
    env = {"KIMIQA_HOME": str(tmp_path / "env")}

    assert home_folder(tmp_path, env) == tmp_path
    assert home_folder(None, env) == tmp_path / "env"
    assert home_folder(None, {}).name == "kimiqa"


# URLs ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "http://api.moonshot.ai/v1", "http://10.0.0.1/v1", "http://localhost.evil.test",
        "http://127.0.0.1.evil.test", "http://0.0.0.0/v1", "http://[::ffff:169.254.169.254]/",
        "http://0x7f.1/", "ftp://x.test", "file:///etc/passwd", "x.test/v1", "", "https://",
        "https://user:pw@x.test", "https://x.test/?key=1", "https://x.test/#a",
        "https://x.test:99999", "https://[::1", "https://аpi.moonshot.ai/v1",
        "http://127.0.0.1@evil.test/", "https://x.test\\@api.moonshot.ai/", "https://x .test/",
    ],
)  # fmt: skip
def test_an_unsafe_url_is_refused(url: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        clean_url(url)

    assert caught.value.billed == "no"
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "clean"),
    [
        (" https://API.Moonshot.ai/v1/ ", AI),
        (AI + "/chat/completions", AI),
        ("http://localhost:8000/v1", "http://localhost:8000/v1"),
        ("http://[::1]:8000/v1", "http://[::1]:8000/v1"),
    ],
)
def test_a_url_is_cleaned(url: str, clean: str) -> None:
    assert clean_url(url) == clean


def test_loopback_is_seen_through_its_mapped_form() -> None:
    assert is_loopback("http://[::ffff:127.0.0.1]/v1")
    assert not is_loopback("http://[::ffff:10.0.0.1]/v1")


# Keys ------------------------------------------------------------------------------------------


def test_a_key_is_shown_masked_however_it_is_printed() -> None:
    key = Secret("sk-0123456789abcdef")

    shown = [str(key), repr(key), f"{key}", f"{key!r}", repr([key]), repr(EMBEDDED)]

    assert not any("0123456789" in each for each in shown)
    assert copy.deepcopy(key) == key


def test_a_key_is_not_pickled() -> None:
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(Secret("sk-0123456789abcdef"))


@given(st.text())
def test_a_mask_never_holds_most_of_a_key(key: str) -> None:
    assert len(mask(key).replace("…", "")) <= len(key) / 1.6


@pytest.mark.parametrize("key", ["sk-a b", "sk-a\nb", "sk–abc", "sk-\x00"])
def test_a_key_that_was_copied_wrongly_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(NoKeyError) as caught:
        secret(key)

    assert key not in str(caught.value)


# The table of providers ------------------------------------------------------------------------


@pytest.mark.parametrize("provider", providers(), ids=lambda each: each.name)
def test_every_row_of_the_table_is_whole(provider: Any) -> None:
    assert clean_url(provider.base_url) == provider.base_url
    scheme = "http" if provider.local else "https"
    assert provider.base_url.startswith(f"{scheme}://{provider.hosts[0]}")
    assert set(provider.regions) <= set(provider.hosts)
    assert all(name.endswith("_API_KEY") for name in provider.keys)
    assert all(each == each.lower() for each in provider.models)
    assert provider.source.startswith("https://")
    assert provider.checked.year >= 2026
    if not provider.local:
        env = {provider.keys[0]: "k"}
        assert resolve_target(provider.default_model, env=env).name == provider.name


@pytest.mark.parametrize("provider", [p for p in providers() if p.local], ids=lambda p: p.name)
def test_a_server_on_this_machine_needs_no_key_and_has_no_model_of_its_own(provider: Any) -> None:
    target = resolve_target("gpt-oss:20b", base_url=provider.base_url, env={})

    assert (target.name, target.needs_key, provider.default_model) == (provider.name, False, "")
    assert found(base_url=provider.base_url)[0] == "kimi-k3"


def test_a_local_servers_key_does_not_make_it_the_one_that_is_asked() -> None:
    assert found({"VLLM_API_KEY": "k"}) == ("local", EMBEDDED.base_url, None)
    assert found({"VLLM_API_KEY": "k"}, base_url="http://127.0.0.1:8000/v1")[2] == "k"


def test_every_provider_of_the_presets_is_in_the_table() -> None:
    wanted = {
        "moonshot", "openai", "anthropic", "deepseek", "dashscope", "zai", "minimax", "qianfan",
        "volcengine", "lingyiwanwu", "baichuan", "together", "fireworks", "openrouter", "ollama",
        "vllm", "sglang",
    }  # fmt: skip

    assert wanted <= {each.name for each in providers()}


def test_no_two_providers_share_a_host_or_a_variable() -> None:
    names = [name for each in providers() for name in (*each.hosts, *each.keys, *each.bases)]

    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    "table",
    ['confirm_above = "5"', 'conversation = "5"', 'day = "none"', '[caps.EUR.labels]\na = "5"'],
)
def test_a_table_whose_caps_do_not_hold_for_every_question_switches_none_off(
    tmp_path: Path, table: str
) -> None:
    (tmp_path / "settings.toml").write_text(f"[caps.EUR]\n{table}\n")

    with pytest.raises(BadRequestError, match="names no cap that holds for every question"):
        usual_budget(load_settings(tmp_path))

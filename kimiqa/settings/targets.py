"""Which model is asked, where, and with which key: a key never leaves its own host."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kimiqa.saying import Said, say
from kimiqa.settings.files import Settings, load_settings, saved_keys
from kimiqa.settings.hosts import clean_url, host_of, is_loopback
from kimiqa.settings.providers import Provider, provider_at, provider_of, providers
from kimiqa.settings.secrets import Secret, secret

LOCAL_MODEL = "local"
DEFAULT_MODEL = "kimi-k3"


_NOTHING = Said("")


@dataclass(frozen=True, slots=True)
class Target:
    """Where a model is reached. Without a key it can be priced, not asked."""

    base_url: str
    api_key: Secret | None
    name: str
    """The provider's name, else the host."""
    key_hint: Said = _NOTHING
    """What to do where a key is missing."""
    key_source: str = ""
    """Where the key was found: an argument, a variable, the saved keys."""

    @property
    def embedded(self) -> bool:
        return self.base_url == EMBEDDED.base_url

    @property
    def host(self) -> str:
        return host_of(self.base_url)

    @property
    def needs_key(self) -> bool:
        """Whether asking would be refused for want of a key."""
        return not (self.api_key or self.embedded or is_loopback(self.base_url))


EMBEDDED = Target("http://kimiqa.local/v1", None, LOCAL_MODEL)
"""The embedded endpoint: it has no address, and nothing leaves the process."""


@dataclass(frozen=True, slots=True)
class _Sources:
    """Everything that may name a URL or a key."""

    api_key: Secret | None
    base_url: str | None
    env: Mapping[str, str]
    settings: Settings
    saved: Mapping[str, Secret]

    def variable(self, name: str) -> str | None:
        return self.env.get(name, "").strip() or None

    @property
    def pair_url(self) -> str | None:
        """OPENAI_BASE_URL, which counts only together with OPENAI_API_KEY."""
        return self.variable("OPENAI_BASE_URL") if self.variable("OPENAI_API_KEY") else None


def resolve(
    model: str | None = None,
    api_key: str | Secret | None = None,
    base_url: str | None = None,
    env: Mapping[str, str] | None = None,
    home: Path | None = None,
) -> tuple[str, Target]:
    """The model to ask and where it is reached.

    Arguments come first, then KIMIQA_API_KEY with KIMIQA_BASE_URL, the settings, the
    provider's variables, OPENAI_API_KEY with OPENAI_BASE_URL, and the saved keys. Where no
    model, key or URL is named anywhere, the embedded endpoint answers.

    Raises:
        BadRequestError: a URL is unusable or would send the key unencrypted.
        NoKeyError: a key holds characters that no key has.
    """
    sources = _Sources(
        secret(api_key),
        base_url.strip() if base_url and base_url.strip() else None,
        os.environ if env is None else env,
        load_settings(home),
        saved_keys(home),
    )
    chosen = (model or "").strip() or sources.settings.model or _default_model(sources)
    return chosen, _target(chosen, sources)


def resolve_target(
    model: str | None = None,
    api_key: str | Secret | None = None,
    base_url: str | None = None,
    env: Mapping[str, str] | None = None,
    home: Path | None = None,
) -> Target:
    """Where `model` is reached, and with which key: see `resolve`."""
    return resolve(model, api_key, base_url, env, home)[1]


def _default_model(sources: _Sources) -> str:
    """Kimi's where any of its keys, or a key for any host, is found; else the model of the
    provider whose key is found; else the embedded one."""
    url = sources.base_url or sources.variable("KIMIQA_BASE_URL")
    keyed = sources.api_key or sources.variable("KIMIQA_API_KEY")
    url = url or (None if keyed else sources.settings.base_url)
    if url or keyed:
        return _model_at(url)
    for each in providers():
        # A local server's key says nothing about whether it is the one to be asked.
        if each.key_variable(sources.env) and not each.local:
            # OpenAI's key can be that of another host.
            pair = sources.pair_url if each.name == "openai" else None
            return _model_at(pair) if pair else _model_of(each)
    for each in providers():
        if any(host in sources.saved for host in each.hosts):
            return _model_of(each)
    return LOCAL_MODEL


def _model_at(url: str | None) -> str:
    provider = provider_at(clean_url(url)) if url else None
    return _model_of(provider) if provider else DEFAULT_MODEL


def _model_of(provider: Provider) -> str:
    """Its default model; a server of one's own has none."""
    return provider.default_model or DEFAULT_MODEL


def _target(model: str, sources: _Sources) -> Target:
    if model == LOCAL_MODEL and not sources.base_url:
        return EMBEDDED
    provider = provider_of(model, sources.env)
    base_url = clean_url(_url(provider, sources))
    there = provider_at(base_url)
    key, source = _key_for(base_url, provider, sources)
    hint = Said("") if key else _hint(base_url, provider, there)
    return Target(base_url, key, there.name if there else host_of(base_url), hint, source)


def _url(provider: Provider | None, sources: _Sources) -> str:
    """The first place that names where `provider`'s model is reached."""
    env, home_provider = sources.env, provider or providers()[0]
    named = sources.base_url or sources.variable("KIMIQA_BASE_URL")
    if named:
        return named
    if sources.api_key or sources.variable("KIMIQA_API_KEY"):
        return home_provider.url(env)
    if sources.settings.base_url:
        return sources.settings.base_url
    if provider and provider.name != "openai" and provider.key_variable(env):
        return provider.url(env)
    if sources.pair_url:
        return sources.pair_url
    region = next((host for host in home_provider.hosts if host in sources.saved), None)
    if region and not (provider and provider.key_variable(env)):
        return home_provider.url_at(region)
    return home_provider.url(env)


def _key_for(
    base_url: str, provider: Provider | None, sources: _Sources
) -> tuple[Secret | None, str]:
    """The key that is bound to the host of `base_url`, and where it was found."""
    if sources.api_key:
        return sources.api_key, "argument"
    host, there = host_of(base_url), provider_at(base_url)
    for variable in _variables(base_url, provider, there, sources):
        if found := secret(sources.variable(variable)):
            return found, variable
    return (sources.saved[host], "saved") if host in sources.saved else (None, "")


def _variables(
    base_url: str, provider: Provider | None, there: Provider | None, sources: _Sources
) -> list[str]:
    """The variables whose keys may go to `base_url`, the first one first."""
    own = sources.variable("KIMIQA_BASE_URL")
    bound = _same_host(own, base_url) if own else there is (provider or providers()[0])
    names = ["KIMIQA_API_KEY"] if bound else []
    if there and there.name != "openai":
        names += there.keys
    pair = sources.variable("OPENAI_BASE_URL")
    if _same_host(pair, base_url) if pair else there is not None and there.name == "openai":
        names.append("OPENAI_API_KEY")
    return names


def _same_host(url: str, other: str) -> bool:
    return host_of(clean_url(url)) == host_of(other)


def _hint(base_url: str, provider: Provider | None, there: Provider | None) -> Said:
    if there and there.local:
        return say("It needs a key only where it was started with one: name that then (--api-key).")
    if there and (provider is there or provider is None):
        return say("Set {variable}, or name the key (--api-key).", variable=there.keys[0])
    if there:
        return say(
            "Set {variable}, or name the key with its base URL (--api-key, --base-url).",
            variable=there.keys[0],
        )
    return say(
        "Name the key with its base URL (--api-key, --base-url), or set KIMIQA_API_KEY and "
        "KIMIQA_BASE_URL, for {host}.",
        host=host_of(base_url),
    )

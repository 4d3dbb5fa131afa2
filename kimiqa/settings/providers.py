"""The providers known by name, from `data/endpoints.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib.resources import files

from kimiqa.errors import BadRequestError
from kimiqa.settings.hosts import clean_url, host_of, is_loopback


@dataclass(frozen=True, slots=True)
class Provider:
    """Where a provider is reached, and which keys and models are its own."""

    name: str
    title: str
    base_url: str
    hosts: tuple[str, ...]
    keys: tuple[str, ...]
    """Environment variables that hold its key, the first one first."""
    bases: tuple[str, ...]
    """Environment variables that choose among its hosts."""
    models: tuple[str, ...]
    """How the ids of its own models begin, in small letters."""
    default_model: str
    note: str
    source: str
    checked: date
    routed: bool = False
    local: bool = False
    """Runs on this machine, and has no model of its own."""
    balance: bool = False
    estimate: bool = False
    regions: Mapping[str, str] = field(default_factory=dict)

    def key_variable(self, env: Mapping[str, str]) -> str | None:
        """The variable that holds its key, if one does."""
        return next((name for name in self.keys if env.get(name, "").strip()), None)

    def url(self, env: Mapping[str, str]) -> str:
        """Its base URL: another of its own hosts where a variable names one."""
        named = (env[name] for name in self.bases if env.get(name, "").strip())
        return next((clean_url(url) for url in named if _host(url) in self.hosts), self.base_url)

    def url_at(self, host: str) -> str:
        """Its base URL at another of its hosts."""
        return self.base_url.replace(self.hosts[0], host, 1)


def _host(url: str) -> str | None:
    try:
        return host_of(clean_url(url))
    except BadRequestError:
        return None


@cache
def providers() -> tuple[Provider, ...]:
    """Every known provider; Moonshot first."""
    text = files("kimiqa").joinpath("data", "endpoints.toml").read_text(encoding="utf-8")
    return tuple(_provider(row) for row in tomllib.loads(text)["provider"])


def _provider(row: dict[str, object]) -> Provider:
    lists = {name: tuple(value) for name, value in row.items() if isinstance(value, list)}
    return Provider(**(row | lists))  # type: ignore[arg-type]  # a test checks every row


def provider_at(base_url: str) -> Provider | None:
    """The provider whose own host `base_url` is on."""
    host = host_of(base_url)
    return next((each for each in providers() if host in each.hosts), None)


def url_at(host: str) -> str:
    """The base URL of an endpoint of which only the host is known, as the ledger keeps it.

    >>> url_at("api.deepseek.com"), url_at("127.0.0.1:8000")
    ('https://api.deepseek.com/v1', 'http://127.0.0.1:8000/v1')
    """
    provider = next((each for each in providers() if host in each.hosts), None)
    if provider is not None:
        return provider.url_at(host)
    alone = is_loopback(f"http://{host}")
    return f"{'http' if alone else 'https'}://{host}/v1"


def local_provider(base_url: str) -> str | None:
    """The title of the server of one's own that `base_url` usually is; None for any other."""
    host = _host(base_url)
    return next((each.title for each in providers() if each.local and host in each.hosts), None)


def provider_of(model: str, env: Mapping[str, str]) -> Provider | None:
    """The provider that serves `model`: its maker, or for an id with a slash a router, one
    whose key is set before the others."""
    small = model.lower()
    for each in providers():
        if small.startswith(each.models):
            return each
    if "/" not in model:
        return None
    routers = [each for each in providers() if each.routed]
    return next((each for each in routers if each.key_variable(env)), routers[0])

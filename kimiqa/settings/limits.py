"""What an account may ask of a provider: requests and tokens a minute, at once, and a day."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from kimiqa.errors import BadRequestError
from kimiqa.saying import Said, say


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one account. None: no such limit, or none that is known."""

    concurrency: int | None = None
    """Requests at once."""
    rpm: int | None = None
    """Requests a minute."""
    tpm: int | None = None
    """Tokens a minute."""
    tpd: int | None = None
    """Tokens a day."""
    tier: str | None = None
    """The tier these are the limits of, as the provider names it."""
    provider: str | None = None
    """Whose tier it is."""

    @property
    def request_tokens(self) -> tuple[int, Said] | None:
        """The most tokens one request may ever ask for, and the limit that says so. A request
        counts with its prompt tokens and its `max_completion_tokens`, whatever it then uses."""
        known = [(self.tpm, say("a minute")), (self.tpd, say("a day"))]
        found = [(tokens, span) for tokens, span in known if tokens is not None]
        return min(found) if found else None


UNLIMITED = Limits()
"""Nothing is known, so nothing is checked."""


@dataclass(frozen=True, slots=True)
class Tier:
    """A row of a provider's table: what was paid in to be there, and its limits."""

    provider: str
    name: str
    paid: Mapping[str, str]
    limits: Limits
    source: str
    checked: date | None
    """The day on which the source was read; None where it bears none."""


@cache
def tiers() -> tuple[Tier, ...]:
    """Every known tier, by provider, lowest first."""
    text = files("kimiqa").joinpath("data", "limits.toml").read_text(encoding="utf-8")
    return tuple(
        _tier(provider, row)
        for provider in tomllib.loads(text)["provider"]
        for row in provider["tier"]
    )


def _tier(provider: Mapping[str, Any], row: Mapping[str, Any]) -> Tier:
    counts = {name: row.get(name) for name in ("concurrency", "rpm", "tpm", "tpd")}
    limits = Limits(tier=row["name"], provider=provider["name"], **counts)
    paid, read = row.get("paid", {}), provider.get("checked")
    return Tier(provider["name"], row["name"], paid, limits, provider["source"], read)


def find_tier(name: str) -> Tier:
    """The tier called `name`: `moonshot-0`, or `0` for the first provider's.

    Raises:
        BadRequestError: there is no such tier; the message names those there are.

    >>> find_tier("moonshot-0").limits.tpm, find_tier("5").limits.tpd
    (500000, None)
    """
    wanted = name.strip().lower()
    for each in tiers():
        if wanted == f"{each.provider}-{each.name}":
            return each
    for each in tiers():
        if wanted == each.name:
            return each
    known = ", ".join(f"{each.provider}-{each.name}" for each in tiers())
    raise BadRequestError(
        say("There is no tier {name}.", name=ascii(name)[:40]),
        say("Choose one of {known}.", known=known),
    )


def limits_for(
    provider: str,
    tier: str | None = None,
    own: Mapping[str, int | None] | None = None,
) -> Limits:
    """The limits at `provider`: those of the tier where it is that provider's, each replaced by
    the one set by hand (`own`), which holds at any provider."""
    known = find_tier(tier) if tier else None
    limits = known.limits if known and known.provider == provider else UNLIMITED
    set_by_hand = {name: value for name, value in (own or {}).items() if value is not None}
    return replace(limits, **set_by_hand)  # type: ignore[arg-type]  # the names are Limits' own


def next_tier(limits: Limits, tokens: int) -> Tier | None:
    """The lowest tier whose limits admit a request of so many tokens; None where none does, or
    the account's tier is not known."""
    if limits.tier is None:
        return None
    for each in (tier for tier in tiers() if tier.provider == limits.provider):
        most = each.limits.request_tokens
        if most is None or most[0] >= tokens:
            return each
    return None

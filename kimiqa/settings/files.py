"""The home folder, `settings.toml` and `keys.toml`."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from pathlib import Path
from typing import Any

from kimiqa.amounts import USUAL_CAPS, amount
from kimiqa.errors import BadRequestError
from kimiqa.money import is_currency, plain
from kimiqa.saying import say
from kimiqa.settings.caps import CAPS, checked_caps
from kimiqa.settings.hosts import clean_url, host_of
from kimiqa.settings.limits import find_tier
from kimiqa.settings.secrets import Secret, secret
from kimiqa.settings.writing import toml, write

RANKINGS = ("auto", "bm25", "semantic")
EFFORTS = ("minimal", "low", "medium", "high", "max")


def home_folder(
    home: str | os.PathLike[str] | None = None, env: Mapping[str, str] | None = None
) -> Path:
    """The folder for store, ledger and settings: `home`, else KIMIQA_HOME, else the platform's
    data folder. It is not created here."""
    named = home or (os.environ if env is None else env).get("KIMIQA_HOME")
    if named:
        return Path(named).expanduser()
    from platformdirs import user_data_path

    return user_data_path("kimiqa", appauthor=False)


def ledger_place(home: Path | None, env: Mapping[str, str] | None = None) -> Path | str | None:
    """Where the ledger is: in the database that KIMIQA_LEDGER names, else in the home folder.
    Without a home nothing is kept, and the ledger is in memory.

    Raises:
        BadRequestError: KIMIQA_LEDGER is no URL.
    """
    named = (os.environ if env is None else env).get("KIMIQA_LEDGER", "").strip()
    if home is None or not named:
        return home
    if "://" not in named:
        raise BadRequestError(
            "KIMIQA_LEDGER is no address of a database.",
            "It looks like postgresql://user@host/database.",
        )
    return named


@dataclass(frozen=True, slots=True)
class Settings:
    """What holds until an argument says otherwise. None: not set, or no cap."""

    model: str | None = None
    base_url: str | None = None
    effort: str = "low"
    max_cost: Decimal | None = Decimal("2.00")
    """The cap per question."""
    day_cap: Decimal | None = None
    month_cap: Decimal | None = None
    currency: str = "USD"
    """The currency of the caps; they bind no other."""
    caps: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, kw_only=True)
    """The caps in other currencies, by currency and by name; see `kimiqa.settings.caps`."""
    confirm_above: Decimal | None = None
    """Ask a person before a question whose ceiling is above this. A script is refused there,
    unless it says that it means it."""
    deadline: int = 900
    """Seconds that a whole answer may take."""
    conversation_cap: Decimal | None = None
    label_caps: Mapping[str, Decimal] = field(default_factory=dict)
    """The caps of labels (a client, a matter, a project); `*` for each that is not named."""
    tier: str | None = None
    """The account's tier at its provider, as `moonshot-1`: its limits are checked beforehand."""
    rpm: int | None = None
    """The account's requests a minute, where it is not the tier's; so the next three."""
    tpm: int | None = None
    concurrency: int | None = None
    tpd: int | None = None
    retention_days: int | None = None
    """Documents that nobody used for so many days are deleted when the app or a command starts."""
    ranking: str = "auto"
    """How chunks are chosen: by words ("bm25"), by meaning too ("semantic"), or "auto"."""
    rewrite: bool = False
    """Whether a cheap call puts a question into the documents' words before chunks are chosen."""
    climb: bool = False
    """Whether more of the documents is asked where an answer from chunks does not hold."""

    @property
    def own_limits(self) -> dict[str, int | None]:
        """The limits that are set by hand."""
        return {name: getattr(self, name) for name in _COUNTS}

    def confirm_in(self, currency: str | None) -> Decimal | None:
        """Above which cost in this currency a person is asked first; None: above none."""
        if currency == self.currency:
            return self.confirm_above
        return self.caps.get(currency or "", {}).get("confirm_above")


_AMOUNTS = ("max_cost", "conversation_cap", "day_cap", "month_cap", "confirm_above")
_COUNTS = ("rpm", "tpm", "concurrency", "tpd")
_SWITCHES = ("rewrite", "climb")
_CHOICES = {"effort": EFFORTS, "ranking": RANKINGS}
_NAMES = tuple(each.name for each in fields(Settings))


def load_settings(home: Path | None) -> Settings:
    """The settings in `home`; the defaults where there are none, or where `home` is None.

    Raises:
        BadRequestError: the file cannot be read, or a value is not what it must be. A broken
            cap is never taken for no cap.
    """
    if home is None:
        return Settings()
    path = home / "settings.toml"
    found = {name: value for name, value in _read(path).items() if name in _NAMES}
    checked = {name: _checked(path, name, value) for name, value in found.items()}
    return Settings(**_folded(path, checked))


def _folded(path: Path, found: dict[str, Any]) -> dict[str, Any]:
    """With the table of caps in the settings' own currency under the names that these have
    outside a table, and the usual cap per question where none is named."""
    currency = found.get("currency", "USD")
    tables = dict(found.get("caps", {}))
    own = {CAPS[cap]: value for cap, value in tables.pop(currency, {}).items()}
    for name in own.keys() & found.keys():
        raise BadRequestError(
            say(
                "{path} names a cap in {currency} twice: {name}, and under [caps.{currency}].",
                path=path,
                currency=currency,
                name=name,
            ),
            "Keep one of the two.",
        )
    usual = {"max_cost": USUAL_CAPS[currency]} if currency in USUAL_CAPS else {}
    return {**usual, **found, **own, "caps": tables}


def unknown_settings(home: Path | None) -> list[str]:
    """What stands in the file and is no setting here: another version's, or misspelt."""
    if home is None:
        return []
    return [name for name in _read(home / "settings.toml") if name not in _NAMES]


def save_settings(settings: Settings, home: Path) -> None:
    """Write the settings. What other versions wrote beside them is kept."""
    path = home / "settings.toml"
    values = {name: getattr(settings, name) for name in _NAMES}
    checked = {name: _checked(path, name, _plain(value)) for name, value in values.items()}
    kept = {name: value for name, value in _read(path).items() if name not in _NAMES}
    # "none" and not an absent line: absent means the default, and the default is a cap.
    rows = {name: "none" if value is None else _plain(value) for name, value in checked.items()}
    write(path, toml(kept | rows))


def saved_keys(home: Path | None) -> dict[str, Secret]:
    """The saved keys by the host they are bound to."""
    if home is None:
        return {}
    found = (
        (host, secret(key))
        for host, key in _read(home / "keys.toml").items()
        if isinstance(key, str)
    )
    return {host: key for host, key in found if key}


def save_key(base_url: str, key: str | Secret | None, home: Path) -> None:
    """Bind `key` to the host of `base_url`; None forgets that host's key."""
    host = host_of(clean_url(base_url))
    keys = {each: kept.reveal() for each, kept in saved_keys(home).items() if each != host}
    new = secret(key)
    if new:
        keys[host] = new.reveal()
    write(home / "keys.toml", toml(keys))


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {name: "none" if each is None else _plain(each) for name, each in value.items()}
    return plain(value) if isinstance(value, Decimal) else value


def _checked(path: Path, name: str, value: object) -> Any:
    """`value` as the settings hold it."""
    if value == "none" or value is None:
        if name in (*_AMOUNTS, *_COUNTS, "retention_days", "model", "base_url", "tier"):
            return None
    elif name in _AMOUNTS:
        return _amount(path, name, value)
    elif name == "label_caps":
        if isinstance(value, Mapping):
            return {label: _amount(path, name, cap) for label, cap in value.items()}
    elif name == "caps":
        return checked_caps(value, lambda key, each: _checked(path, key, each), path)
    elif name == "deadline":
        if isinstance(value, int) and 0 < value <= 86_400 and value is not True:
            return value
    elif name in (*_COUNTS, "retention_days"):
        if isinstance(value, int) and value > 0 and value is not True:
            return value
    elif name == "tier" and isinstance(value, int | str) and value is not True:
        return _tier(path, str(value))
    elif name in _SWITCHES:
        if isinstance(value, bool):
            return value
    elif name in _CHOICES:
        if value in _CHOICES[name]:
            return value
    elif name == "base_url" and isinstance(value, str):
        return clean_url(value)
    elif name == "currency":
        if isinstance(value, str) and is_currency(value.strip()):
            return value.strip().upper()
    elif isinstance(value, str) and value.strip():
        return value.strip()
    raise _unusable(path, name, value)


def _amount(path: Path, name: str, value: object) -> Decimal:
    try:
        # Through the text: a bare TOML number is a float, and money is not.
        return amount("" if isinstance(value, bool) else str(value))
    except BadRequestError:
        raise _unusable(path, name, value) from None


def _tier(path: Path, name: str) -> str:
    try:
        found = find_tier(name)
    except BadRequestError as error:
        raise BadRequestError(
            say("tier in {path}: {message}", path=path, message=error.message), error.hint
        ) from None
    return f"{found.provider}-{found.name}"


def _unusable(path: Path, name: str, value: object) -> BadRequestError:
    wanted = {
        **dict.fromkeys(_AMOUNTS, say('an amount such as "2.00", or "none"')),
        "label_caps": say('a table such as [label_caps] with lines like "client 7" = "20.00"'),
        "retention_days": say('whole days such as 30, or "none"'),
        **dict.fromkeys(_COUNTS, say('a whole number such as 100, or "none"')),
        "effort": say("one of {efforts}", efforts=", ".join(EFFORTS)),
        "currency": say("three letters such as USD, or CNY for yuan"),
        **dict.fromkeys(_SWITCHES, say("true or false")),
        "deadline": say("whole seconds between 1 and 86400"),
    }.get(name, say("a text"))
    shown = ascii(value)[:60]
    return BadRequestError(
        say("{name} in {path} is {shown}.", name=name, path=path, shown=shown),
        say("It must be {wanted}.", wanted=wanted),
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return {}
    except tomllib.TOMLDecodeError as error:
        where = str(error) if path.name == "settings.toml" else say("a line is not TOML")
        raise BadRequestError(
            say("{path} cannot be read: {where}.", path=path, where=where),
            "Mend it, or delete it to start afresh.",
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadRequestError(
            say("{path} cannot be read: {kind}.", path=path, kind=type(error).__name__),
            "Check the file and its rights.",
        ) from None

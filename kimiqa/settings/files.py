"""The home folder, `settings.toml` and `keys.toml`."""

from __future__ import annotations

import json
import os
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from kimiqa.errors import BadRequestError
from kimiqa.money import is_amount, is_currency, plain
from kimiqa.settings.hosts import clean_url, host_of
from kimiqa.settings.limits import find_tier
from kimiqa.settings.secrets import Secret, secret

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

    @property
    def own_limits(self) -> dict[str, int | None]:
        """The limits that are set by hand."""
        return {name: getattr(self, name) for name in _COUNTS}


_AMOUNTS = ("max_cost", "conversation_cap", "day_cap", "month_cap", "confirm_above")
_COUNTS = ("rpm", "tpm", "concurrency", "tpd")
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
    return Settings(**{name: _checked(path, name, value) for name, value in found.items()})


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
    _write(path, _toml(kept | rows))


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
    _write(home / "keys.toml", _toml(keys))


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
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
    elif name == "deadline":
        if isinstance(value, int) and 0 < value <= 86_400 and value is not True:
            return value
    elif name in (*_COUNTS, "retention_days"):
        if isinstance(value, int) and value > 0 and value is not True:
            return value
    elif name == "tier" and isinstance(value, int | str) and value is not True:
        return _tier(path, str(value))
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
        amount = Decimal(str(value))
    except InvalidOperation:
        amount = Decimal("NaN")
    if isinstance(value, bool) or not is_amount(amount):
        raise _unusable(path, name, value)
    return amount


def _tier(path: Path, name: str) -> str:
    try:
        found = find_tier(name)
    except BadRequestError as error:
        raise BadRequestError(f"tier in {path}: {error.message}", error.hint) from None
    return f"{found.provider}-{found.name}"


def _unusable(path: Path, name: str, value: object) -> BadRequestError:
    wanted = {
        **dict.fromkeys(_AMOUNTS, 'an amount such as "2.00", or "none"'),
        "label_caps": 'a table such as [label_caps] with lines like "client 7" = "20.00"',
        "retention_days": 'whole days such as 30, or "none"',
        **dict.fromkeys(_COUNTS, 'a whole number such as 100, or "none"'),
        "effort": "one of " + ", ".join(EFFORTS),
        "currency": "three letters such as USD, or CNY for yuan",
        "deadline": "whole seconds between 1 and 86400",
    }.get(name, "a text")
    shown = ascii(value)[:60]
    return BadRequestError(f"{name} in {path} is {shown}.", f"It must be {wanted}.")


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return {}
    except tomllib.TOMLDecodeError as error:
        where = str(error) if path.name == "settings.toml" else "a line is not TOML"
        raise BadRequestError(
            f"{path} cannot be read: {where}.", "Mend it, or delete it to start afresh."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadRequestError(
            f"{path} cannot be read: {type(error).__name__}.", "Check the file and its rights."
        ) from None


def _toml(rows: Mapping[str, Any]) -> str:
    # Tables come last: what stands under one belongs to it.
    tables = {name: value for name, value in rows.items() if isinstance(value, Mapping)}
    alone = {name: value for name, value in rows.items() if name not in tables}
    tables = {name: value for name, value in tables.items() if value}
    lines = [f"{_string(name)} = {_value(value)}" for name, value in alone.items()]
    for name, table in tables.items():
        lines += [f"\n[{_string(name)}]"]
        lines += [f"{_string(key)} = {_value(value)}" for key, value in table.items()]
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else _string(str(value))


def _string(text: str) -> str:
    """A TOML basic string: JSON's, which leaves one control character bare."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _write(path: Path, text: str) -> None:
    """Replace `path` as a whole, readable by its owner alone: a crash leaves old or new."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # mkstemp makes the file with mode 0600 where the system has modes.
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=".tmp")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise BadRequestError(
            f"{path} cannot be written: {error.strerror or type(error).__name__}.",
            "Choose another folder with KIMIQA_HOME or --home.",
        ) from None

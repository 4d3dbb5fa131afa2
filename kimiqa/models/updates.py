"""Later price lists than the installed package's: fetched when asked, kept in the home folder."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kimiqa.errors import KimiqaError, UnreachableError
from kimiqa.saying import say

if TYPE_CHECKING:
    from genai_prices.types import Provider

FILE = "genai-prices.json"
_MOST_BYTES = 50_000_000


@dataclass(frozen=True, slots=True)
class Lists:
    """What every seller lists, and on which day it was fetched."""

    day: date
    providers: Sequence[Provider]

    @property
    def models(self) -> int:
        return sum(len(each.models) for each in self.providers)


def fetch(
    home: Path, *, url: str | None = None, now: datetime | None = None, timeout: float = 20
) -> Lists:
    """Fetch the lists from where the package's own updater does, and keep them in `home`.

    Raises:
        UnreachableError: there is no connection; what was known before stays in force.
        KimiqaError: what came is no price list, or cannot be kept.
    """
    from genai_prices.update_prices import DEFAULT_UPDATE_URL

    address = url or DEFAULT_UPDATE_URL
    content = _downloaded(address, timeout)
    try:
        raw = json.loads(content)
        lists = Lists((now or datetime.now(UTC)).date(), _read(raw))
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
        raise KimiqaError(
            "What came is not a price list.", "The prices known before stay in force."
        ) from None
    _keep(home / FILE, json.dumps({"day": lists.day.isoformat(), "providers": raw}))
    return lists


def _downloaded(url: str, timeout: float) -> bytes:
    """The file, no larger than one can be."""
    from urllib.request import urlopen  # here, for only who fetches needs it

    try:
        with urlopen(url, timeout=timeout) as reply:
            content: bytes = reply.read(_MOST_BYTES)
    except (OSError, ValueError) as error:
        why = getattr(error, "reason", None) or type(error).__name__
        raise UnreachableError(
            say("The price lists cannot be fetched: {why}.", why=str(why)[:120]),
            "Check the connection; the prices known before stay in force.",
        ) from None
    return content


def _read(raw: Any) -> Sequence[Provider]:
    """The lists in the package's own types, by its own reader."""
    from genai_prices.types import _providers_from_raw

    if not isinstance(raw, list) or not raw:
        raise ValueError("no list of providers")
    return _providers_from_raw(raw)


def _keep(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
        try:
            with open(handle, "w", encoding="utf-8") as out:
                out.write(text)
            os.replace(name, path)
        except BaseException:
            with suppress(OSError):
                os.unlink(name)
            raise
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise KimiqaError(
            say("{path} cannot be written: {why}.", path=path, why=why), "Choose another --home."
        ) from None


def kept(home: Path | None) -> Lists | None:
    """The lists kept in `home`; None where there are none, or they cannot be read any more."""
    if home is None:
        return None
    path = home / FILE
    try:
        changed = path.stat().st_mtime_ns
    except OSError:
        return None
    return _parsed(path, changed)


@lru_cache(maxsize=2)
def _parsed(path: Path, _changed: int) -> Lists | None:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return Lists(date.fromisoformat(content["day"]), _read(content["providers"]))
    except (OSError, ValueError, TypeError, AttributeError, KeyError):
        return None

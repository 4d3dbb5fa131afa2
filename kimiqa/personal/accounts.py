"""International bank account numbers: where they stand in a text, also over the end of a line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

_LINE = r"[^\S\n]?\n[^\S\n]?"
_IBAN = re.compile(
    rf"(?<![A-Za-z0-9])(?=([A-Za-z]{{2}}\d{{2}}(?:(?:[ -]|{_LINE})?[A-Za-z0-9]){{11,30}}))"
)
_PART = re.compile(r"(\d+)!([nac])")
_KINDS = {"n": "[0-9]", "a": "[A-Z]", "c": "[A-Z0-9]"}


def spans(text: str) -> Iterator[tuple[int, int]]:
    """Where an account number with valid check digits stands."""
    for match in _IBAN.finditer(text):
        if length := _length(match[1]):
            yield match.start(), match.start() + length


def _length(written: str) -> int:
    """How many characters of `written` are a valid IBAN; what follows it may look alike."""
    from stdnum import iban

    form = _account(written[:2].upper())
    places = [at for at, char in enumerate(written) if char.isalnum()] if form else []
    if form is None or len(places) < form.length:
        return 0
    end = places[form.length - 1] + 1
    if end < len(written) and written[end].isalnum():
        return 0  # an account number ends where a group ends
    compact = "".join(written[at] for at in places[: form.length])
    if written.count("\n", 0, end) > 1 or not form.written.fullmatch(compact):
        return 0
    return end if _adds_up(compact) and iban.is_valid(compact) else 0


class _Account(NamedTuple):
    """How account numbers of a country are written."""

    length: int
    written: re.Pattern[str]


@lru_cache(maxsize=1_024)
def _account(country: str) -> _Account | None:
    from stdnum import numdb

    known = numdb.get("iban").info(country)
    form = known[0][1].get("bban", "") if known else ""
    parts = [(int(count), _KINDS[kind]) for count, kind in _PART.findall(form)]
    if not parts:
        return None
    digits = "".join(f"{kind}{{{count}}}" for count, kind in parts)
    length = 4 + sum(count for count, _ in parts)
    return _Account(length, re.compile(rf"[A-Z]{{2}}\d{{2}}{digits}", re.ASCII | re.IGNORECASE))


def _adds_up(compact: str) -> bool:
    """Whether the check digits are right, which is quicker to see than all else."""
    turned = compact[4:] + compact[:4]
    return compact.isascii() and int("".join(str(int(each, 36)) for each in turned)) % 97 == 1

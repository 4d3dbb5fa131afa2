"""Numbers in text, with their scale and unit, and whether two of them say the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation

from kimiqa.evaluating.units import Unit, unit_of

WORDS = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14,
    "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20,
    "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
_SCALES = {
    "thousand": 3, "k": 3, "million": 6, "millions": 6, "mn": 6, "mm": 6, "m": 6, "mio": 6,
    "billion": 9, "billions": 9, "bn": 9, "b": 9, "trillion": 12, "万": 4, "亿": 8,
}  # fmt: skip
_WORD = "|".join(sorted(WORDS, key=len, reverse=True))
_NUMBER = re.compile(
    r"(?P<open>\()?(?P<minus>[-\u2212\u2013](?=[$€£¥\d]))?\s?[$€£¥]?\s?(?P<minus2>[-\u2212](?=\d))?"
    r"(?P<digits>\d{1,3}(?:\.\d{3})+,\d+|\d{1,3}(?:\.\d{3}){2,}(?![\d.])"
    r"|\d{1,3}(?:[ \u00a0\u202f,]\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
    r"(?P<close>\))?"
    r"(?:\s?(?P<percent>%|％|percent\b|per\s+cent\b)|"
    r"\s?(?P<scale>thousand|millions?|billions?|trillion|mn|mm|mio|bn|[kmb](?![a-zA-Z])|万|亿)"
    r"(?![a-z]))?"
    rf"|\b(?P<word>{_WORD})(?:-(?P<unit>one|two|three|four|five|six|seven|eight|nine))?\b"
    r"(?:\s(?P<wpercent>percent\b|per\s+cent\b))?",
    re.IGNORECASE,
)

_EUROPEAN = re.compile(r"\d{1,3}(?:\.\d{3})+,\d+|\d{1,3}(?:\.\d{3}){2,}")
_GROUPED = re.compile(r"[1-9]\d{0,2}\.\d{3}")
_LOST = re.compile(
    r"\b(?:loss|losses|lost|deficit|decreas\w+|declin\w+|fell|fall|down|drop\w*|negative|minus)\b"
    r"[^.;\d]{0,24}$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it is written. `step` is the worth of its last digit."""

    value: Decimal
    step: Decimal
    percent: bool = False
    scaled: bool = False
    unit: Unit | None = None
    """What it counts, where that is said: money of a currency, or time."""
    grouped: Decimal | None = None
    """What it is where its one point groups thousands, as in "3.850 €"."""
    lost: bool = False
    """Whether it is told as a loss or a fall: that may stand for a minus."""


def numbers(text: str) -> Iterator[Number]:
    """The numbers of a text, in order.

    >>> [format(each.value, "f") for each in numbers("$1,561 million, (3.5)% or six")]
    ['1561000000', '-3.5', '6']
    """
    for match in _NUMBER.finditer(text):
        if found := _word(match) if match["word"] else _digits(match):
            start, end = match.span("word" if match["word"] else "digits")
            yield replace(
                found,
                unit=unit_of(text, start, max(end, match.end())),
                lost=bool(_LOST.search(text[max(0, match.start() - 40) : match.start()])),
            )


def _word(match: re.Match[str]) -> Number:
    value = WORDS[match["word"].lower()] + WORDS.get((match["unit"] or "zero").lower(), 0)
    return Number(Decimal(value), Decimal(1), percent=bool(match["wpercent"]))


def _digits(match: re.Match[str]) -> Number | None:
    written = match["digits"]
    try:
        value = Decimal(_plain(written))
    except InvalidOperation:
        return None
    exponent = value.as_tuple().exponent
    step = Decimal(1).scaleb(exponent if isinstance(exponent, int) else 0)
    power = _SCALES.get((match["scale"] or "").lower(), 0)
    bracketed = bool(match["open"] and match["close"])  # how accounts write what is below zero
    if match["minus"] or match["minus2"] or bracketed:
        value = -value
    return Number(
        value.scaleb(power),
        step.scaleb(power),
        percent=bool(match["percent"]),
        scaled=power > 0,
        grouped=value.scaleb(power + 3) if _GROUPED.fullmatch(written) else None,
    )


def _plain(written: str) -> str:
    """Digits with at most one point, as Python reads them."""
    if _EUROPEAN.fullmatch(written):
        return written.replace(".", "").replace(",", ".")
    return re.sub(r"[ \u00a0\u202f,]", "", written)


def same(found: Number, gold: Number, tolerance: float | None = None) -> bool:
    """Whether an answer gives the gold number: exactly, or rounded to the digits that either
    of them has; a share may stand for its percentage, an unscaled figure for a scaled one
    ("in millions" stands above a table, not in it), and a loss for what is below zero. Where
    both say what they count, it has to be the same: six years are 72 months, and no dollars."""
    if found.unit and gold.unit:
        if found.unit[0] != gold.unit[0]:
            return False
        found, gold = _in_parts(found), _in_parts(gold)
    return found.value == gold.value or any(
        _near(value, step, gold, tolerance) for value, step in _readings(found, gold) if value
    )


def _in_parts(number: Number) -> Number:
    """The number counted in the smallest part of its unit: 6 years as 72 months."""
    assert number.unit is not None, "asked only of what has a unit"
    parts = number.unit[1]
    grouped = None if number.grouped is None else number.grouped * parts
    return replace(number, value=number.value * parts, step=number.step * parts, grouped=grouped)


def _readings(found: Number, gold: Number) -> Iterator[tuple[Decimal, Decimal]]:
    yield found.value, found.step
    if found.lost and found.value > 0 > gold.value:
        yield -found.value, found.step
    if found.grouped is not None:
        yield found.grouped, Decimal(1)
    if found.percent != gold.percent:
        # 0.042 is 4.2 %; but a bare 4.2 beside "4.2 %" is the same already.
        power = 2 if gold.percent else -2
        yield found.value.scaleb(power), found.step.scaleb(power)
    if found.scaled != gold.scaled:
        for power in (3, 6, 9):
            power = power if gold.scaled else -power
            yield found.value.scaleb(power), found.step.scaleb(power)


def _near(value: Decimal, step: Decimal, gold: Number, tolerance: float | None) -> bool:
    off = abs(value - gold.value)
    if tolerance is not None and off <= abs(gold.value) * Decimal(str(tolerance)):
        return True
    finer, coarser = sorted((step, gold.step))
    if finer == coarser:
        return off == 0
    # Rounding: half of the coarser one's last digit, as long as that is a small share.
    allowed = coarser / 2
    return off <= allowed and allowed <= abs(gold.value) * Decimal("0.02")

"""Phone numbers: by their country, by a form of their own, or by a word beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kimiqa.personal.folding import WORD, said

_NUMBER = re.compile(
    rf"(?<![{WORD}.,$€£¥#%/=+-])[+(]?\d(?:[\s()./-]{{0,3}}\d){{6,18}}(?![{WORD}%]|[.,]\d)"
)
_WORD = re.compile(
    r"\btel|phone|\b(?:tele)?fax|\bmobil|\bcall\b|\bdial|hotline|\bcontact"
    r"|whatsapp|\bfon\b|\bcell(?:phone|ular)?\s*(?:no|number|[:#.])"
    r"|\b[tmp]:|☎|📞"
    r"|电话|電話|手机|手機|传真|傳真|联系|聯繫|联系方式|전화|휴대|téléphone|тел",
    re.IGNORECASE,
)
_US = re.compile(r"(?:\+?1[-.\s])?(?:\([2-9]\d\d\)\s?|[2-9]\d\d[-.])[2-9]\d\d[-.]\d{4}")
_GB = re.compile(
    r"\(?0(?:2\d\)? \d{4} \d{4}|1\d1\)? \d{3} \d{4}|1\d{3}\)? \d{6}|7\d{3} \d{3} ?\d{3})"
)
_SPACES = re.compile(r"\s+")
_DECIMALS = re.compile(r"\.\d{1,2}(?:\s|$)")
_DATE = re.compile(
    r"(?:19|20)\d\d[\s(]*[-./ ][\s(]*\d{1,2}\s*[-./ ]\s*\d{1,2}"
    r"|\d{1,2}[-./]\d{1,2}[-./](?:19|20)\d\d"
)
_REGIONS = ("US", "GB", "DE", "FR", "CN", "IN", "JP", "ES", "IT", "AU", "BR", "MX", "NL", "CH")


def spans(text: str) -> Iterator[tuple[int, int]]:
    """Where a phone number stands."""
    for match in _NUMBER.finditer(text):
        unclosed = match[0].startswith("(") and ")" not in match[0]
        start = match.start() + unclosed
        for written in _readings(match[0][unclosed:]):
            if _is_phone(written, text, start):
                yield start, start + len(written)
                break


def _readings(written: str) -> Iterator[str]:
    """What of a run of digits may be one number: after a plus all of it, else its first line,
    or its first two, which come first where they have a form of their own."""
    lines = written.split("\n")
    if len(lines) == 1 or written.startswith("+"):
        yield written
        return
    one, two = (each.rstrip("( .-/\n") for each in (lines[0], "\n".join(lines[:2])))
    yield from (two, one) if _own_form(two) else (one, two)


def _is_phone(written: str, text: str, start: int) -> bool:
    if sum(map(str.isdigit, written)) < 7 or _DATE.search(written):
        return False
    if _DECIMALS.search(written) and " " in written:
        return False  # two numbers of a table
    if written.startswith("+"):
        return _valid(written, (None,))
    if own := _own_form(written):
        return _valid(written, (own,))
    return said(_WORD, text, start) and _valid(written, _REGIONS)


def _own_form(written: str) -> str | None:
    """The region in whose own way a number is written."""
    flat = _SPACES.sub(" ", written)
    forms = {"US": _US, "GB": _GB}
    return next((region for region, form in forms.items() if form.fullmatch(flat)), None)


def _valid(written: str, regions: tuple[str | None, ...]) -> bool:
    import phonenumbers

    flat = _SPACES.sub(" ", written)
    for region in regions:
        try:
            number = phonenumbers.parse(flat, region)
        except phonenumbers.NumberParseException:
            continue
        if region is None and phonenumbers.is_valid_number(number):
            return True
        if region is not None and phonenumbers.is_valid_number_for_region(number, region):
            return True
    return False

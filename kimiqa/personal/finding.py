"""Personal data that has a form of its own: where it stands in a text.

E-mail addresses, phone numbers, card and bank numbers with valid checksums, and common identity
numbers. Names and addresses have no such form and are not found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Literal, NamedTuple

from kimiqa.personal.identities import IDENTITIES, Identity

FINDER = 1
"""Raised when something else would be found: documents are then looked through anew."""

Kind = Literal["email", "phone", "card", "bank", "identity"]

NOT_FOUND = "Names and addresses are not found."
"""What is never promised."""


class Finding(NamedTuple):
    """A stretch of a text that holds personal data of a kind."""

    start: int
    end: int
    kind: Kind
    what: str


WORD = "0-9A-Za-z_\u00c0-\u024f\u0370-\u052f"
"""What a number or a Latin word goes on with: in Chinese none stands apart from its neighbours."""

_EMAIL = re.compile(
    rf"(?<![{WORD}.+%/=@-])[{WORD}][{WORD}.+%'-]{{0,63}}(?<![.'])@"
    r"(?:[0-9A-Za-z](?:[0-9A-Za-z-]{0,61}[0-9A-Za-z])?\.){1,8}"
    rf"([A-Za-z]{{2,24}}|xn--[a-z0-9-]{{2,59}})(?![{WORD}@-])"
)
_FOREIGN_EMAIL = re.compile(
    r"(?<![\w.+%/=@-])[^\W_][\w.+%'-]{0,63}@(?:[^\W_][\w-]{0,62}\.){1,8}[^\W\d_a-zA-Z]{2,24}"
)
# Two letters are a country's; of the longer ones those in common use. Code is full of what only
# looks like an address (object@slot.frame, logo@2x.png).
_COMMON = """
    com net org edu gov mil int info biz name pro coop museum aero jobs mobi travel tel cat asia
    post xxx app dev page blog shop store online site website tech cloud digital agency email
    company solutions services consulting group team work world life live today news media press
    global international bank insurance finance financial capital fund money law legal lawyer
    attorney health care clinic doctor hospital dental pharmacy school academy university
    college institute foundation charity church community center city london paris berlin hamburg
    koeln wien tokyo nyc amsterdam brussels vlaanderen bayern saarland swiss scot wales eus gal
    bzh corsica quebec africa example test invalid xyz top club vip ltd gmbh inc llc systems
    network software hosting studio design photography energy industries engineering
    construction properties estate realty house holdings ventures partners management
    marketing support contact help"""
_ENDINGS = frozenset(_COMMON.split())
_FILES = frozenset({"py", "pl", "sh", "so", "md", "rs", "js", "ts", "cc", "hs", "ps"})

_NUMBER = re.compile(
    rf"(?<![{WORD}.,$€£¥#%/=+-])[+(]?\d(?:[\s()./-]{{0,3}}\d){{6,18}}(?![{WORD}%]|[.,]\d)"
)
_PHONE_WORD = re.compile(
    r"\btel|phone|\b(?:tele)?fax|\bmobil|\bcall\b|\bdial|hotline|\bcontact"
    r"|whatsapp|\bfon\b|\bcell(?:phone|ular)?\s*(?:no|number|[:#.])"
    r"|\b[tmp]:|☎|📞"
    r"|电话|電話|手机|手機|传真|傳真|联系|聯繫|联系方式|전화|휴대|téléphone|тел",
    re.IGNORECASE,
)
_US_PHONE = re.compile(r"(?:\+?1[-.\s])?(?:\([2-9]\d\d\)\s?|[2-9]\d\d[-.])[2-9]\d\d[-.]\d{4}")
_DECIMALS = re.compile(r"\.\d{1,2}(?:\s|$)")
_DATE = re.compile(
    r"(?:19|20)\d\d[\s(]*[-./ ][\s(]*\d{1,2}\s*[-./ ]\s*\d{1,2}"
    r"|\d{1,2}[-./]\d{1,2}[-./](?:19|20)\d\d"
)
_REGIONS = ("US", "GB", "DE", "FR", "CN", "IN", "JP", "ES", "IT", "AU", "BR", "MX", "NL", "CH")

_CARD = re.compile(
    rf"(?<![{WORD}.,+-])"
    r"(?:\d{4}([ -]?)\d{4}\1\d{4}\1\d{4}(?:\1\d{3})?|3[47]\d{2}([ -]?)\d{6}\2\d{5}"
    r"|3(?:0[0-5]|[68]\d)\d([ -]?)\d{6}\3\d{4}|62\d{14,17})"
    rf"(?![{WORD}]|[ -]\d|[.,]\d)"
)
_ISSUED = re.compile(
    r"4\d{12}(?:\d{3}){0,2}|5[1-5]\d{14}|2(?:2[2-9]|[3-6]\d|7[01])\d{13}|2720\d{12}"
    r"|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}|6(?:011|5\d\d|4[4-9]\d)\d{12}|35\d{14}|62\d{14,17}"
)
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?:[ \u00a0-]?[A-Z0-9]){11,30}")
_ROUTING = re.compile(rf"(?<![{WORD}.,-])\d{{9}}(?![{WORD}]|[.,-]\d)")
_ROUTING_WORD = re.compile(r"routing|\baba\b|\brtn\b", re.IGNORECASE)

_NEAR = 48
"""How many characters before a number its word may stand."""


def find(text: str) -> list[Finding]:
    """What of `text` is personal data, in order; no two findings overlap.

    >>> [(each.kind, each.what) for each in find("Pay to GB33BUKB20201555555555, ann@example.org")]
    [('bank', 'IBAN'), ('email', 'e-mail address')]
    """
    found: list[Finding] = []
    for search in (_emails, _ibans, _cards, _identities, _routing, _phones):
        found += (each for each in search(text) if not _taken(each, found))
    return sorted(found)


def _taken(new: Finding, found: list[Finding]) -> bool:
    return any(new.start < each.end and each.start < new.end for each in found)


def _emails(text: str) -> Iterator[Finding]:
    if "@" not in text:
        return
    for match in _EMAIL.finditer(text):
        ending = match[1].casefold()
        if ending in _FILES and match[0].count(".") == 1 and len(match[0]) < 12:
            continue
        if len(ending) == 2 or ending in _ENDINGS or ending.startswith("xn--"):
            yield Finding(match.start(), match.end(), "email", "e-mail address")
    for match in _FOREIGN_EMAIL.finditer(text):
        yield Finding(match.start(), match.end(), "email", "e-mail address")


def _ibans(text: str) -> Iterator[Finding]:
    for match in _IBAN.finditer(text):
        if length := _iban_length(match[0]):
            yield Finding(match.start(), match.start() + length, "bank", "IBAN")


def _iban_length(written: str) -> int:
    """How many characters of `written` are a valid IBAN; what follows it may look alike."""
    from stdnum import iban

    places = [at for at, char in enumerate(written) if char.isalnum()]
    for count in range(min(34, len(places)), 14, -1):
        end = places[count - 1] + 1
        if end < len(written) and written[end].isalnum():
            continue  # an account number ends where a group ends
        if iban.is_valid(re.sub(r"[\s\u00a0-]", "", written[:end])):
            return end
    return 0


def _cards(text: str) -> Iterator[Finding]:
    from stdnum import luhn

    for match in _CARD.finditer(text):
        digits = re.sub(r"\D", "", match[0])
        if _ISSUED.fullmatch(digits) and len(set(digits)) > 1 and luhn.is_valid(digits):
            yield Finding(match.start(), match.end(), "card", "card number")


def _routing(text: str) -> Iterator[Finding]:
    from stdnum.us import rtn

    for match in _ROUTING.finditer(text):
        if _said(_ROUTING_WORD, text, match.start()) and rtn.is_valid(match[0]):
            yield Finding(match.start(), match.end(), "bank", "US routing number")


# Identity numbers --------------------------------------------------------------------------------


_ZONE = re.compile(r"\d(?:[ ./+-]?[A-Z]{0,2}\d){5,}|(?<![A-Za-z0-9])[A-Z]{5}\d{4}[A-Z]")
"""Where an identity number may stand: most of a text is nothing of the kind."""
_BESIDE = 10
"""How far the letters of one may stand beside its digits."""


class _Form(NamedTuple):
    identity: Identity
    written: re.Pattern[str]
    words: re.Pattern[str] | None


@cache
def _forms() -> tuple[_Form, ...]:
    return tuple(
        _Form(
            each,
            re.compile(rf"(?<![{WORD}.,/$€£+-])(?:{each.form})(?![{WORD}/-]|[.,]\d)"),
            re.compile(each.words, re.IGNORECASE) if each.words else None,
        )
        for each in IDENTITIES
    )


@cache
def _any_word() -> re.Pattern[str]:
    return re.compile("|".join(each.words for each in IDENTITIES if each.words), re.IGNORECASE)


def _identities(text: str) -> Iterator[Finding]:
    for zone in _ZONE.finditer(text):
        said = _said(_any_word(), text, zone.start())
        for identity, written, words in _forms():
            if words is not None and not (said and _said(words, text, zone.start())):
                continue
            start, end = max(0, zone.start() - _BESIDE), zone.end() + _BESIDE
            for match in written.finditer(text, start, end):
                if identity.valid(match[0]):
                    yield Finding(match.start(), match.end(), "identity", identity.what)


def _said(words: re.Pattern[str], text: str, at: int) -> bool:
    """Whether one of the words stands shortly before a place, at most a line higher."""
    before = text[max(0, at - _NEAR) : at]
    lines = before.rsplit("\n", 2)
    return words.search("\n".join(lines[-2:])) is not None


# Phone numbers -----------------------------------------------------------------------------------


def _phones(text: str) -> Iterator[Finding]:
    for match in _NUMBER.finditer(text):
        start, end = match.span()
        written = match[0]
        if written.count("\n") and not written.startswith("+"):
            written = written.split("\n")[0].rstrip("( .-/")
            end = start + len(written)
        if _is_phone(written, text, start):
            yield Finding(start, end, "phone", "phone number")


def _is_phone(written: str, text: str, start: int) -> bool:
    if sum(map(str.isdigit, written)) < 7 or _DATE.search(written):
        return False
    if _DECIMALS.search(written) and " " in written:
        return False  # two numbers of a table
    if written.startswith("+"):
        return _valid(written, (None,))
    if _US_PHONE.fullmatch(written):
        return _valid(written, ("US",))
    return _said(_PHONE_WORD, text, start) and _valid(written, _REGIONS)


def _valid(written: str, regions: tuple[str | None, ...]) -> bool:
    import phonenumbers

    for region in regions:
        try:
            number = phonenumbers.parse(written, region)
        except phonenumbers.NumberParseException:
            continue
        if region is None and phonenumbers.is_valid_number(number):
            return True
        if region is not None and phonenumbers.is_valid_number_for_region(number, region):
            return True
    return False

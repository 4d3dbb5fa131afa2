"""Personal data that has a form of its own: where it stands in a text.

E-mail addresses, phone numbers, card and bank numbers with valid checksums, and common identity
numbers; also where they are broken at the end of a line, or set in full-width characters.
Names and addresses have no such form and are not found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Literal, NamedTuple

from kimiqa.personal import accounts, addresses, phones
from kimiqa.personal.folding import WORD, folded, said
from kimiqa.personal.identities import IDENTITIES, Identity
from kimiqa.saying import say

FINDER = 3
"""Raised when something else would be found: documents are then looked through anew."""

Kind = Literal["email", "phone", "card", "bank", "identity"]

NOT_FOUND = say(
    "Names and addresses are not found, nor are dates of birth, passport and account numbers "
    "without a checksum, phone numbers that nothing marks as such, e-mail addresses with rare "
    "endings, or what is misspelt or in a picture."
)
"""What is never promised."""


class Finding(NamedTuple):
    """A stretch of a text that holds personal data of a kind."""

    start: int
    end: int
    kind: Kind
    what: str


_LINE = r"[^\S\n]?\n[^\S\n]?"
_GAP = rf"([ -]?|{_LINE})"
_CARD = re.compile(
    rf"(?<![{WORD}.,+-])"
    rf"(?:\d{{4}}{_GAP}\d{{4}}{_GAP}\d{{4}}{_GAP}\d{{4}}(?:[ -]?\d{{3}})?"
    rf"|3[47]\d{{2}}{_GAP}\d{{6}}{_GAP}\d{{5}}|3(?:0[0-5]|[68]\d)\d{_GAP}\d{{6}}{_GAP}\d{{4}}"
    rf"|62\d{{14,17}})(?![{WORD}]|[ -]\d|[.,]\d)"
)
_CARD_WORD = re.compile(
    r"\bcard|credit|debit|visa|master|amex|\bkarte|kreditk|\bcarte|tarjeta|cart[aã]o|卡|カード",
    re.IGNORECASE,
)
_ISSUED = re.compile(
    r"4\d{12}(?:\d{3}){0,2}|5[1-5]\d{14}|2(?:2[2-9]|[3-6]\d|7[01])\d{13}|2720\d{12}"
    r"|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}|6(?:011|5\d\d|4[4-9]\d)\d{12}|35\d{14}|62\d{14,17}"
)
_ROUTING = re.compile(rf"(?<![{WORD}.,-])\d{{9}}(?![{WORD}]|[.,-]\d)")
_ROUTING_WORD = re.compile(r"routing|\baba\b|\brtn\b", re.IGNORECASE)


def find(text: str) -> list[Finding]:
    """What of `text` is personal data, in order; no two findings overlap.

    >>> [(each.kind, each.what) for each in find("Pay to GB33BUKB20201555555555, ann@example.org")]
    [('bank', 'IBAN'), ('email', 'e-mail address')]
    """
    plain = folded(text)
    found: list[Finding] = []
    taken = bytearray(len(plain.text))  # asking each finding so far would take their square
    for search in (_emails, _ibans, _cards, _identities, _routing, _phones):
        for each in search(plain.text):
            if taken.find(1, each.start, each.end) < 0:
                taken[each.start : each.end] = bytes([1]) * (each.end - each.start)
                found.append(each)
    return [Finding(*plain.span(e.start, e.end), e.kind, e.what) for e in sorted(found)]


def _emails(text: str) -> Iterator[Finding]:
    return (Finding(*each, "email", "e-mail address") for each in addresses.spans(text))


def _phones(text: str) -> Iterator[Finding]:
    return (Finding(*each, "phone", "phone number") for each in phones.spans(text))


def _ibans(text: str) -> Iterator[Finding]:
    return (Finding(*each, "bank", "IBAN") for each in accounts.spans(text))


def _cards(text: str) -> Iterator[Finding]:
    from stdnum import luhn

    for match in _CARD.finditer(text):
        digits = re.sub(r"\D", "", match[0])
        if not (_ISSUED.fullmatch(digits) and len(set(digits)) > 1 and luhn.is_valid(digits)):
            continue
        gaps = [each for each in match.groups() if each is not None]
        if _is_one(gaps, named=said(_CARD_WORD, text, match.start())):
            yield Finding(match.start(), match.end(), "card", "card number")


def _is_one(gaps: list[str], *, named: bool) -> bool:
    """Whether groups of digits are one number: written in one way, on at most two lines. Digits
    without gaps, one row above the other, may be two: a word must say what they are."""
    whole = [each for each in gaps if "\n" not in each]
    if len(set(whole)) > 1 or len(gaps) - len(whole) > 1:
        return False
    return whole == gaps or whole[0] != "" or named


def _routing(text: str) -> Iterator[Finding]:
    from stdnum.us import rtn

    for match in _ROUTING.finditer(text):
        if said(_ROUTING_WORD, text, match.start()) and rtn.is_valid(match[0]):
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
        named = said(_any_word(), text, zone.start())
        for identity, written, words in _forms():
            if words is not None and not (named and said(words, text, zone.start())):
                continue
            start, end = max(0, zone.start() - _BESIDE), zone.end() + _BESIDE
            for match in written.finditer(text, start, end):
                if identity.valid(match[0]):
                    yield Finding(match.start(), match.end(), "identity", identity.what)

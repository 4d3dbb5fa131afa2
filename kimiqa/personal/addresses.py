"""E-mail addresses: where they stand in a text, also broken at the end of a line."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kimiqa.personal.folding import WORD

_LOCAL = rf"(?<![{WORD}.+%/=@-])[{WORD}][{WORD}.+%'-]{{0,63}}(?<![.'])"
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_END = rf"([A-Za-z]{{2,24}}|xn--[a-z0-9-]{{2,59}})(?![{WORD}@-])"
_LINE = r"[^\S\n]*\n[^\S\n]*"

_WHOLE = re.compile(rf"{_LOCAL}@(?:{_LABEL}\.){{1,8}}{_END}")
_FOREIGN = re.compile(
    r"(?<![\w.+%/=@-])[^\W_][\w.+%'-]{0,63}@(?:[^\W_][\w-]{0,62}\.){1,8}"
    r"([^\W\d_a-zA-Z]{2,24}|[A-Za-z]{2,24}(?![\w@-]))"
)
# The end of a line stands beside the @, or inside of a host that had not come to its end.
_BROKEN = re.compile(
    rf"{_LOCAL}(?:@{_LINE}(?:{_LABEL}\.){{1,8}}|{_LINE}@(?:{_LABEL}\.){{1,8}}"
    rf"|@(?:{_LABEL}\.){{0,7}}(?:{_LABEL}{_LINE}(?:\.(?:{_LABEL}\.){{0,6}}|(?:{_LABEL}\.){{1,7}})"
    rf"|{_LABEL}\.{_LINE}(?:{_LABEL}\.){{0,6}})){_END}(?!\()"
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
    marketing support contact help one family social technology engineer games wiki google apple
    microsoft amazon icu fun win vin wine land farm garden bio guru expert ninja rocks cool space
    cafe bar beer pizza restaurant kitchen fashion beauty salon spa fit fitness yoga bike cars auto
    taxi limo flights cruises vacations holiday hotel tours tickets events party wedding gifts toys
    kids baby art gallery film movie music band theater dance photos pictures radio report reviews
    education training courses degree mba science vet surgery dentist surgeon rehab nrw ruhr
    cologne hamburg zuerich gent istanbul moscow miami vegas boston melbourne sydney joburg capetown
    durban osaka nagoya kyoto yokohama taipei seoul rio lat krd brussels frl irish cymru
    associates builders contractors plumbing repair cleaning furniture lighting solar green eco
    organic vegas villas apartments rent rentals forsale auction market markets shopping deals
    discount sale coupons cash credit loan loans mortgage tax accountants cpa audit broker exchange
    trading forex gold diamonds jewelry watch clothing shoes boutique florist flowers
    chat email blogs social community network online social dating love singles lgbt gay
    church faith bible catholic islam org ngo ong charity republican democrat vote voto army navy
    airforce legal esq associates claims institute academy club football soccer golf tennis hockey
    rugby basketball cricket horse dog pet pets fish camp fishing ski surf"""
_ENDINGS = frozenset(_COMMON.split())
_FILES = frozenset({"py", "pl", "sh", "so", "md", "rs", "js", "ts", "cc", "hs", "ps"})


def spans(text: str) -> Iterator[tuple[int, int]]:
    """Where an e-mail address stands; those on one line before those that are broken."""
    if "@" not in text:
        return
    for match in _WHOLE.finditer(text):
        if _is_ending(match[1]) and not _is_file(match):
            yield match.span()
    for match in _FOREIGN.finditer(text):
        if not match[1].isascii() or _is_ending(match[1]):
            yield match.span()
    for match in _BROKEN.finditer(text):
        if _is_ending(match[1]) and match[1].islower() and match[1] not in _FILES:
            yield match.span()


def _is_ending(written: str) -> bool:
    """Whether a host can end so."""
    ending = written.casefold()
    return len(ending) == 2 or ending in _ENDINGS or ending.startswith("xn--")


def _is_file(match: re.Match[str]) -> bool:
    return match[1].casefold() in _FILES and match[0].count(".") == 1 and len(match[0]) < 12

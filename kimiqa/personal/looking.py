"""What personal data a document holds: looked for once, kept by the hash of its texts."""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kimiqa.pages import spans
from kimiqa.personal import keeping
from kimiqa.personal.finding import FINDER, NOT_FOUND, Finding, find
from kimiqa.personal.identities import IDENTITIES
from kimiqa.saying import Said, joined, say

if TYPE_CHECKING:
    from kimiqa.reading.parts import Page
    from kimiqa.store import Store

_PLURALS = {"e-mail address": "e-mail addresses", "Estonian or Lithuanian personal code": ""}
_SHOWN_PAGES = 40


@dataclass(frozen=True, slots=True)
class PersonalData:
    """How often a kind of personal data stands in a document, and on which pages."""

    kind: str
    """email, phone, card, bank or identity."""
    what: str
    """The kind in words: "German Steuer-ID"."""
    count: int
    pages: tuple[int, ...]

    def __str__(self) -> str:
        where = spans(self.pages)
        if len(where) > _SHOWN_PAGES:
            where = where[:_SHOWN_PAGES].rpartition(",")[0] + ", …"
        return say(
            "{count:,} {what} (p. {pages})",
            count=self.count,
            what=_noun(self.what, self.count),
            pages=where,
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "what": self.what,
            "count": self.count,
            "pages": list(self.pages),
        }


def kinds() -> list[tuple[str, str]]:
    """What one thing that is looked for is called, and what several are: for translators."""
    plain = ("e-mail address", "phone number", "IBAN", "card number", "US routing number")
    named = dict.fromkeys((*plain, *(each.what for each in IDENTITIES)))
    return [(what, _many(what)) for what in named]


def _many(what: str) -> str:
    return _PLURALS.get(what) or f"{what}s"


def _noun(what: str, count: int) -> Said:
    many = _many(what)
    return Said(what if count == 1 else many, what, None, many, count)


def texts_key(pages: Sequence[Page]) -> str:
    """Names the texts that were looked through, and by which finder."""
    digest = hashlib.sha256(str(FINDER).encode())
    for page in pages:
        digest.update(page.text.encode("utf-8", "surrogatepass"))
        digest.update(b"\0")
    return digest.hexdigest()


def look(document: str, pages: Sequence[Page], store: Store | None) -> dict[int, list[Finding]]:
    """Where personal data stands on each page that holds some."""
    key = texts_key(pages)
    known = keeping.findings(store, document, key) if store is not None else None
    if known is not None:
        return known
    found = {page.number: here for page in pages if (here := find(page.text))}
    if store is not None:
        with contextlib.suppress(OSError, sqlite3.Error):
            keeping.save_findings(store, document, key, found)
    return found


def summary(found: Mapping[int, Sequence[Finding]]) -> tuple[PersonalData, ...]:
    """The kinds that were found, the most frequent first."""
    counts: dict[tuple[str, str], list[int]] = {}
    for page, here in found.items():
        for each in here:
            counts.setdefault((each.kind, each.what), []).append(page)
    rows = [
        PersonalData(kind, what, len(pages), tuple(sorted(set(pages))))
        for (kind, what), pages in counts.items()
    ]
    return tuple(sorted(rows, key=lambda row: -row.count))


def in_words(rows: Sequence[PersonalData]) -> Said:
    """What was found, and what is never looked for, in a sentence or two."""
    found = (
        say("It holds {found}.", found=joined(map(str, rows), ", "))
        if rows
        else say("No e-mail address and no number of a person is found.")
    )
    return joined([found, NOT_FOUND])

"""A question about a company's accounts → the words in which its statements answer.

Questions say "capital expenditure" where a statement of cash flows says "purchases of property,
plant and equipment", and ask for ratios whose names stand in no statement. The vocabulary is
data, and every part of it names its source (`data/accounting.toml`).
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

from kimiqa.words import raw_words, words


@dataclass(frozen=True, slots=True)
class Term:
    """Something accounts state: its names in questions, and the words under which they show it."""

    asked: tuple[str, ...]
    written: frozenset[str]
    source: str
    checked: date


@cache
def terms() -> tuple[Term, ...]:
    """The whole vocabulary, in the order of its sources."""
    text = files("kimiqa").joinpath("data", "accounting.toml").read_text(encoding="utf-8")
    return tuple(
        Term(
            tuple(map(_plain, term["asked"])),
            frozenset(words(term["written"])),
            part["source"],
            part["checked"],
        )
        for part in tomllib.loads(text)["source"]
        for term in part["terms"]
    )


def written(question: str) -> set[str]:
    """The words under which accounts show what is asked for, as ranking compares them.

    >>> sorted(written("How high was the capex, by the P&L?"))[:5]
    ['acquir', 'earn', 'equip', 'incom', 'oper']
    >>> written("Who may terminate the lease?")
    set()
    """
    plain = _plain(question)
    named = [term for term in terms() if any(name in plain for name in term.asked)]
    return {word for term in named for word in term.written}


def _plain(text: str) -> str:
    """Its words in small letters and in the singular, one space before and behind each."""
    return f" {' '.join(word.removesuffix('s') for word in raw_words(text))} "

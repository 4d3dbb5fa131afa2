"""From which question on the whole document is cheaper than chunks, and a digest than the
whole document: arithmetic only.

The first question in full is read cold and dear; those after it, asked while the provider's cache
is warm, cost a fraction. Chunks cost about the same each time. Somewhere the two lines may cross.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from typing import Any, Literal

from kimiqa import payoff
from kimiqa.figures import money
from kimiqa.money import Price, Usage, cost, plain
from kimiqa.payoff import Once, ordinal
from kimiqa.plurals import counted
from kimiqa.saying import Said, say

Per = Literal["day", "month"]
_TIMES: dict[Per, dict[str, int]] = {
    "day": {"day": 1, "month": 30, "year": 365},
    "month": {"month": 1, "year": 12},
}


@dataclass(frozen=True, slots=True)
class Asking:
    """One question under one strategy: what it sends, what of that the next one finds warm, and
    what is expected back."""

    prompt_tokens: int
    warm_tokens: int
    completion_tokens: int
    writes: bool = False
    """Whether what is not read from the cache is written to it, at the price of that."""

    def cost(self, price: Price, *, warm: bool) -> Decimal:
        """What it costs cold, or while the cache holds what the last one left."""
        cached = self.warm_tokens if warm else 0
        written = self.prompt_tokens - cached if self.writes else None
        usage = Usage(self.prompt_tokens, self.completion_tokens, cached, None, written)
        return cost(usage, price)


@dataclass(frozen=True, slots=True)
class Row:
    """What so many questions cost together. None: the whole document does not fit."""

    questions: int
    full: Decimal | None
    """The first cold, the others warm: asked in one sitting."""
    full_cold: Decimal | None
    """Each after the cache has let go of the document."""
    chunks: Decimal
    digest: Decimal | None = None
    """The digest, made or kept, and the questions from it, asked in one sitting; None where
    none is worth making."""

    def to_json(self) -> dict[str, Any]:
        names = ("full", "full_cold", "chunks", "digest")
        amounts = {name: plain(getattr(self, name)) for name in names}
        return {"questions": self.questions} | amounts


@dataclass(frozen=True, slots=True)
class Total:
    """What the questions cost over a longer time."""

    span: str
    row: Row

    def to_json(self) -> dict[str, Any]:
        return {"span": self.span} | self.row.to_json()


@dataclass(frozen=True, slots=True)
class BreakEven:
    """The costs of 1, 2, 3… questions, and where the whole document becomes the cheaper way."""

    model: str
    currency: str | None
    rows: tuple[Row, ...]
    crossing: int | None
    """The first question from which on the whole document is cheaper; None: never."""
    sentence: str
    per: Per | None = None
    totals: tuple[Total, ...] = ()
    host: str = ""
    """Where the model is asked at these prices."""
    digest_crossing: int | None = None
    """The first question from which on a digest is cheaper than the whole document, asked in one
    sitting; None: never, or none is worth making."""
    digest_sentence: str = ""

    def to_json(self) -> dict[str, Any]:
        return {
            "model": self.model,
            "host": self.host,
            "currency": self.currency,
            "rows": [row.to_json() for row in self.rows],
            "crossing": self.crossing,
            "sentence": self.sentence,
            "per": self.per,
            "totals": [total.to_json() for total in self.totals],
            "digest_crossing": self.digest_crossing,
            "digest_sentence": self.digest_sentence or None,
        }


def unpriced(model: str, why: str) -> BreakEven:
    """The table of a model for which there is nothing to reckon with."""
    return BreakEven(model, None, (), None, why)


def break_even(
    model: str,
    price: Price,
    full: Asking | None,
    chunks: Asking,
    questions: int,
    per: Per | None = None,
    digest: Once | None = None,
) -> BreakEven:
    """The table of 1 to `questions` questions, the crossing named in words.

    >>> from decimal import Decimal as D
    >>> kimi = Price(D(3), D(15), cached=D("0.30"))
    >>> table = break_even("kimi-k3", kimi, Asking(100_000, 99_840, 500), Asking(20_000, 0, 500), 9)
    >>> table.crossing, table.sentence
    (10, 'Only from the 10th question on would the whole document be cheaper than chunks, while \
the cache stays warm.')
    """
    rows = tuple(_row(price, full, chunks, digest, n) for n in range(1, questions + 1))
    crossing = None if full is None else _crossing(price, full, chunks)
    sentence = _sentence(price, full, chunks, crossing, questions)
    totals = _totals(rows[-1], per) if per else ()
    return BreakEven(
        model,
        price.currency,
        rows,
        crossing,
        sentence,
        per,
        totals,
        digest_crossing=digest.pays_warm(price, full) if digest and full else None,
        digest_sentence=payoff.sentence(price, digest, full) if digest else "",
    )


def _row(price: Price, full: Asking | None, chunks: Asking, digest: Once | None, n: int) -> Row:
    part = chunks.cost(price, warm=False) + (n - 1) * chunks.cost(price, warm=True)
    outlined = digest.total(price, n) if digest else None
    if full is None:
        return Row(n, None, None, part, outlined)
    cold, warm = full.cost(price, warm=False), full.cost(price, warm=True)
    return Row(n, cold + (n - 1) * warm, n * cold, part, outlined)


def _crossing(price: Price, full: Asking, chunks: Asking) -> int | None:
    """The lines are straight, so the place is reckoned, however far away it is."""
    ahead, saved = _lead(price, full, chunks)
    if ahead < 0 <= saved:
        return 1
    return None if saved <= 0 else _meeting(max(ahead, Decimal(0)), saved)


def _lead(price: Price, full: Asking, chunks: Asking) -> tuple[Decimal, Decimal]:
    """How much more the first question costs in full, and how much less each one after it."""
    ahead = full.cost(price, warm=False) - chunks.cost(price, warm=False)
    return ahead, chunks.cost(price, warm=True) - full.cost(price, warm=True)


def _meeting(ahead: Decimal, saved: Decimal) -> int:
    """The first question at which what is saved is more than what was ahead."""
    return 2 + int((ahead / saved).to_integral_value(ROUND_FLOOR))


def _never(price: Price, full: Asking, chunks: Asking) -> Said:
    """Why the whole document is not cheaper for good: which way is, and by how much."""
    ahead, saved = _lead(price, full, chunks)
    one, other = (money(each.cost(price, warm=True), price.currency) for each in (full, chunks))
    if not ahead and not saved:
        return say(
            "Both ways cost the same, however many questions are asked: one more costs {one}.",
            one=one,
        )
    if ahead < 0:
        turn = _meeting(-ahead, -saved)
        return _only_at_first(turn, one, other)
    if one == other:
        return say(
            "Chunks stay cheaper, however many questions are asked: the first one costs {ahead} "
            "less, and one more {one} either way.",
            ahead=money(ahead, price.currency),
            one=one,
        )
    return say(
        "Chunks stay cheaper, however many questions are asked: one more costs {one} in full and "
        "{other} by chunks.",
        one=one,
        other=other,
    )


def _only_at_first(turn: int, one: str, other: str) -> Said:
    if turn == 2:
        return say(
            "Only for the first question is the whole document cheaper: from the {question} "
            "question on chunks are, for one more costs {one} in full and {other} by chunks.",
            question=ordinal(turn),
            one=one,
            other=other,
        )
    return say(
        "Only up to the {last} question is the whole document cheaper: from the {question} "
        "question on chunks are, for one more costs {one} in full and {other} by chunks.",
        last=ordinal(turn - 1),
        question=ordinal(turn),
        one=one,
        other=other,
    )


def _sentence(
    price: Price, full: Asking | None, chunks: Asking, crossing: int | None, questions: int
) -> Said:
    if full is None:
        return say("The whole document does not fit, so chunks are the only way.")
    if crossing == 1:
        return say("From the first question on, the whole document is cheaper than chunks.")
    if crossing is None:
        return _never(price, full, chunks)
    if crossing > questions:
        return say(
            "Only from the {question} question on would the whole document be "
            "cheaper than chunks, while the cache stays warm.",
            question=ordinal(crossing),
        )
    return say(
        "From the {question} question on, the whole document is cheaper than "
        "chunks while the cache stays warm.",
        question=ordinal(crossing),
    )


def _totals(last: Row, per: Per) -> tuple[Total, ...]:
    """The last row over longer times: each day or month is a new sitting, and starts cold."""
    return tuple(Total(span, _times(last, times)) for span, times in _TIMES[per].items())


def _times(row: Row, times: int) -> Row:
    """A digest is left out: it is not made anew each time."""
    full, cold = (None if each is None else each * times for each in (row.full, row.full_cold))
    return Row(row.questions * times, full, cold, row.chunks * times)


def in_words(totals: Sequence[Total], currency: str | None) -> list[str]:
    """Each total as a sentence."""
    return [_total_in_words(total, currency or "USD") for total in totals]


def _total_in_words(total: Total, currency: str) -> str:
    row = total.row
    part = f"{money(row.chunks, currency)} by chunks"
    if row.full is None or row.full_cold is None:
        return f"{counted(row.questions, 'question')} a {total.span}: {part}."
    return (
        f"{counted(row.questions, 'question')} a {total.span}: {money(row.full, currency)} in full "
        f"when asked in one sitting, {money(row.full_cold, currency)} when each comes cold, {part}."
    )

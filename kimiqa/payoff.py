"""What is paid once and makes every later question cheaper: from which one on it pays."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING

from kimiqa.figures import money
from kimiqa.money import Price
from kimiqa.saying import Said, say

if TYPE_CHECKING:
    from kimiqa.breakeven import Asking


@dataclass(frozen=True, slots=True)
class Once:
    """A digest as it would be made, and one question from it."""

    making: Decimal
    """What it is expected to cost; 0 where it is kept already."""
    asking: Asking

    def total(self, price: Price, questions: int) -> Decimal:
        """The digest and so many questions, the first cold and the others warm."""
        cold, warm = (self.asking.cost(price, warm=each) for each in (False, True))
        return self.making + cold + (questions - 1) * warm

    def pays_warm(self, price: Price, full: Asking) -> int | None:
        """The first question from which on it stays cheaper than the whole document, all asked
        in one sitting; None: never."""
        ahead, saved = self._sitting(price, full)
        return None if saved < 0 else first_ahead(ahead, saved)

    def cheaper_up_to(self, price: Price, full: Asking) -> int:
        """Up to which question in one sitting it is cheaper although each that follows costs
        more than one of the whole document, which stays warm; 0 where that is not so."""
        ahead, saved = self._sitting(price, full)
        if ahead >= 0 or saved >= 0:
            return 0
        return int((ahead / saved).to_integral_value(ROUND_CEILING))

    def _sitting(self, price: Price, full: Asking) -> tuple[Decimal, Decimal]:
        """By how much the first question is dearer, and what each that follows saves."""
        ahead = self.total(price, 1) - full.cost(price, warm=False)
        return ahead, full.cost(price, warm=True) - self.asking.cost(price, warm=True)

    def pays_cold(self, price: Price, full: Asking) -> int | None:
        """The same where each question comes after the cache has let go of both."""
        saved = full.cost(price, warm=False) - self.asking.cost(price, warm=False)
        return first_ahead(self.making - saved, saved)


def first_ahead(ahead: Decimal, saved: Decimal) -> int | None:
    """The first question at which what was `ahead` at the first is saved, at so much for each
    that follows. The lines are straight, so the place is reckoned, however far away it is.

    >>> first_ahead(Decimal(-1), Decimal(1)), first_ahead(Decimal(5), Decimal(2))
    (1, 4)
    >>> first_ahead(Decimal(5), Decimal(0)) is None
    True
    """
    if ahead < 0:
        return 1
    if saved <= 0:
        return None
    return 2 + int((ahead / saved).to_integral_value(ROUND_FLOOR))


def sentence(price: Price, once: Once, full: Asking | None) -> Said:
    """What a digest costs once and then, and from which question on it pays."""
    each = money(once.asking.cost(price, warm=True), price.currency)
    head = (
        say(
            "A digest is made once for about {making}, then about {each} a question",
            making=money(once.making, price.currency),
            each=each,
        )
        if once.making
        else say("A digest is kept: about {each} a question", each=each)
    )
    if full is None:
        return say("{digest}; the whole document fits no prompt.", digest=head)
    return say("{digest}; {against}.", digest=head, against=_against(price, once, full))


def _against(price: Price, once: Once, full: Asking) -> Said:
    """From which question on it is cheaper than the whole document: while that stays warm, and
    where each question comes cold."""
    warm, cold = once.pays_warm(price, full), once.pays_cold(price, full)
    up_to = once.cheaper_up_to(price, full)
    apart = (
        say("always")
        if cold == 1
        else say("from the {question} on", question=ordinal(cold))
        if cold
        else say("never")
    )
    if warm == 1 == cold:
        return say("cheaper than the whole document from the first question on")
    if warm is not None:
        return say(
            "it pays against the whole document from the {question} question on in one sitting, "
            "and {apart} where each comes cold",
            question=ordinal(warm),
            apart=apart,
        )
    if up_to:
        return say(
            "cheaper than the whole document up to the {question} question in one sitting, and "
            "{apart} where each comes cold",
            question=ordinal(up_to),
            apart=apart,
        )
    if cold is None:
        return say("the whole document stays cheaper, however many are asked")
    return say(
        "while the cache stays warm the whole document is cheaper, and where each question comes "
        "cold it pays {apart}",
        apart=apart,
    )


def ordinal(number: int) -> Said:
    """A number as a place in a row.

    >>> [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 21, 113)]
    ['1st', '2nd', '3rd', '4th', '11th', '12th', '21st', '113th']
    """
    end = 0 if number % 100 in (11, 12, 13) else number % 10
    return say(_PLACES[end if end in _PLACES else 0], number=number)


_PLACES = {1: "{number:,}st", 2: "{number:,}nd", 3: "{number:,}rd", 0: "{number:,}th"}

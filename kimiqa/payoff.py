"""What is paid once and makes every later question cheaper: from which one on it pays."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING

from kimiqa.money import Price, plain

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
        """The first question from which on it is cheaper than the whole document, all asked in
        one sitting; None: never."""
        ahead = self.total(price, 1) - full.cost(price, warm=False)
        saved = full.cost(price, warm=True) - self.asking.cost(price, warm=True)
        return first_ahead(ahead, saved)

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


def sentence(price: Price, once: Once, full: Asking | None) -> str:
    """What a digest costs once and then, and from which question on it pays."""
    each = f"about {money(once.asking.cost(price, warm=True), price)} a question"
    if once.making:
        head = f"A digest is made once for about {money(once.making, price)}, then {each}"
    else:
        head = f"A digest is kept: {each}"
    if full is None:
        return f"{head}; the whole document fits no prompt."
    warm, cold = once.pays_warm(price, full), once.pays_cold(price, full)
    if warm == 1 == cold:
        return f"{head}; cheaper than the whole document from the first question on."
    if cold is None and warm is None:
        return f"{head}; the whole document stays cheaper, however many are asked."
    if warm is None:
        return (
            f"{head}; while the cache stays warm the whole document stays cheaper, and where each "
            f"question comes cold it pays from the {ordinal(cold or 1)} on."
        )
    apart = f", and from the {ordinal(cold)} where each comes cold" if cold is not None else ""
    return (
        f"{head}; it pays against the whole document from the {ordinal(warm)} question on in one "
        f"sitting{apart}."
    )


def ordinal(number: int) -> str:
    """A number as a place in a row.

    >>> [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 21, 113)]
    ['1st', '2nd', '3rd', '4th', '11th', '12th', '21st', '113th']
    """
    ends = {1: "st", 2: "nd", 3: "rd"}
    end = "th" if number % 100 in (11, 12, 13) else ends.get(number % 10, "th")
    return f"{number:,}{end}"


def money(amount: Decimal, price: Price) -> str:
    """An amount as it stands in a sentence."""
    shown = plain(round(amount, 2 if amount >= 1 else 4))
    return f"${shown}" if price.currency == "USD" else f"{shown} {price.currency}"

"""A budget: the caps on money, each in its own currency."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from kimiqa.amounts import USUAL_CAPS, amount
from kimiqa.errors import BadRequestError
from kimiqa.figures import exact
from kimiqa.money import is_currency
from kimiqa.saying import say

ANY_LABEL = "*"
"""Stands among the caps of labels for each label that has none of its own."""


@dataclass(frozen=True, slots=True)
class Budget:
    """Caps in one currency, and `beside` them those in others. None: no cap.

    A conversation and a label (a client, a matter, a project) have their caps for as long as
    the ledger lasts; `labels` may name `*` for each label that is not named.

    Raises
    ------
    BadRequestError
        A cap is no amount of money, or a currency is none.
    """

    question: Decimal | None = USUAL_CAPS["USD"]
    day: Decimal | None = None
    month: Decimal | None = None
    currency: str = "USD"
    conversation: Decimal | None = None
    labels: Mapping[str, Decimal] = field(default_factory=dict, hash=False)
    beside: tuple[Budget, ...] = ()

    def __post_init__(self) -> None:
        if not is_currency(self.currency):
            raise BadRequestError(
                say(
                    "{currency} is no currency, so the caps in it would bind nothing.",
                    currency=repr(self.currency),
                ),
                'Write its three letters: "USD", or "CNY" for yuan.',
            )
        object.__setattr__(self, "currency", self.currency.upper())
        for name in ("question", "day", "month", "conversation"):
            cap = getattr(self, name)
            object.__setattr__(self, name, None if cap is None else amount(cap))
        labels = {label: amount(cap) for label, cap in self.labels.items()}
        object.__setattr__(self, "labels", labels)
        units = [self.currency, *(each.currency for each in self.beside)]
        for unit in units:
            if units.count(unit) > 1:
                raise BadRequestError(
                    say("There are two budgets in {unit}.", unit=unit), "Name each currency once."
                )

    def of_label(self, label: str | None) -> Decimal | None:
        """The cap of a label; None where there is none.

        >>> Budget(labels={"client 7": Decimal(9), "*": Decimal(5)}).of_label("client 8")
        Decimal('5')
        """
        return None if label is None else self.labels.get(label, self.labels.get(ANY_LABEL))

    def of_currency(self, currency: str) -> Budget | None:
        """The caps that bind costs in a currency: those named in it, else the usual cap per
        question. None where there is none either, and nothing would hold such a cost.

        >>> Budget(question=Decimal(1)).of_currency("CNY").question
        Decimal('15.00')
        >>> Budget().of_currency("EUR") is None
        True
        """
        named = (each for each in (self, *self.beside) if each.currency == currency)
        usual = USUAL_CAPS.get(currency)
        return next(named, None if usual is None else Budget(usual, currency=currency))

    def everywhere(self) -> tuple[Budget, ...]:
        """Those of every currency in which there is a cap, named or usual."""
        units = dict.fromkeys((self.currency, *(each.currency for each in self.beside)))
        found = (self.of_currency(unit) for unit in (units | dict.fromkeys(USUAL_CAPS)))
        return tuple(each for each in found if each is not None)

    def in_words(self) -> list[str]:
        """Its own caps, those in other currencies left out.

        >>> Budget(day=Decimal(5)).in_words()
        ['$2.00 a question', '$5.00 a day']
        """
        unit = self.currency
        known = (
            (self.question, say("{cap} a question", cap=exact(self.question, unit))),
            (
                self.conversation,
                say("{cap} a conversation", cap=exact(self.conversation, unit)),
            ),
            (self.day, say("{cap} a day", cap=exact(self.day, unit))),
            (self.month, say("{cap} a month", cap=exact(self.month, unit))),
        )
        labels = [
            say("{cap} for {label}", cap=exact(cap, unit), label=repr(label))
            for label, cap in self.labels.items()
        ]
        return [*(told for cap, told in known if cap is not None), *labels]


NO_BUDGET = Budget(question=None)

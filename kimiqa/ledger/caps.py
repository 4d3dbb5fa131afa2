"""Caps on money: what is left under them, and the refusal when a ceiling is over one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Literal

from kimiqa.errors import BadRequestError, OverCapError
from kimiqa.ledger.records import Period
from kimiqa.money import is_currency

CapName = Literal["question", "conversation", "label", "day", "month"]
Spent = Callable[[CapName], Decimal]
"""What the calls under a cap count for: their costs, and the ceilings of those still open."""

ANY_LABEL = "*"
"""Stands among the caps of labels for each label that has none of its own."""

_SHOWN = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Budget:
    """Caps in one currency. They say nothing about costs in another. None: no cap.

    A conversation and a label (a client, a matter, a project) have their caps for as long as
    the ledger lasts; `labels` may name `*` for each label that is not named.
    """

    question: Decimal | None = Decimal("2.00")
    day: Decimal | None = None
    month: Decimal | None = None
    currency: str = "USD"
    conversation: Decimal | None = None
    labels: Mapping[str, Decimal] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if not is_currency(self.currency):
            raise BadRequestError(
                f"{self.currency!r} is no currency, so the caps in it would bind nothing.",
                'Write its three letters: "USD", or "CNY" for yuan.',
            )
        object.__setattr__(self, "currency", self.currency.upper())

    def of_label(self, label: str | None) -> Decimal | None:
        """The cap of a label; None where there is none.

        >>> Budget(labels={"client 7": Decimal(9), "*": Decimal(5)}).of_label("client 8")
        Decimal('5')
        """
        return None if label is None else self.labels.get(label, self.labels.get(ANY_LABEL))


@dataclass(frozen=True, slots=True)
class Scope:
    """What a question is asked under, besides its day and its month."""

    conversation: str | None = None
    label: str | None = None


NO_BUDGET = Budget(question=None)
NO_SCOPE = Scope()


@dataclass(frozen=True, slots=True)
class Breach:
    """A ceiling that is over a cap."""

    cap: CapName
    limit: Decimal
    left: Decimal
    """What the cap leaves for this question; below zero where more was spent than the cap."""
    ceiling: Decimal
    currency: str
    label: str | None = None

    def error(self) -> OverCapError:
        """The refusal, with the numbers and the next step."""
        asked = f"This question may cost up to {_up(self.ceiling)} {self.currency}"
        if self.cap == "question":
            message = f"{asked}; the cap per question is {_up(self.limit)} {self.currency}."
            return OverCapError(message, "Raise the cap (max_cost), or choose a cheaper way.")
        used = f"of which {_up(self.limit - self.left)} are spent or reserved"
        left = f"{_down(max(self.left, Decimal(0)))} {self.currency} are left"
        cap = f"label {self.label!r}'s cap" if self.cap == "label" else f"this {self.cap}'s cap"
        message = f"{asked}; {cap} is {_up(self.limit)} {self.currency}, {used}"
        return OverCapError(f"{message}, so {left}.", self._hint())

    def _hint(self) -> str:
        wait = {
            "conversation": "Begin a new conversation, raise the cap in the settings",
            "label": "Raise its cap in the settings",
        }.get(self.cap, f"Wait for the next {self.cap}, raise its cap in the settings")
        return f"{wait}, or choose a cheaper way."


@dataclass(frozen=True, slots=True)
class Case:
    """A question as the caps see it: whose caps, and what it is asked under."""

    currency: str
    budget: Budget
    max_cost: Decimal | None = None
    scope: Scope = NO_SCOPE


def find_breach(ceiling: Decimal, case: Case, spent: Spent) -> Breach | None:
    """The first cap that `ceiling` does not fit under; exactly filling a cap is within it.

    What costs nothing is over no cap, however much was spent.
    """
    if ceiling <= 0:
        return None
    for cap, limit, left in _limits(case, spent):
        if ceiling > left:
            return Breach(cap, limit, left, ceiling, case.currency, case.scope.label)
    return None


def headroom(case: Case, spent: Spent) -> Decimal | None:
    """What the tightest cap leaves for one question, never below zero; None where none binds."""
    lefts = [left for _, _, left in _limits(case, spent)]
    return max(Decimal(0), min(lefts)) if lefts else None


def _limits(case: Case, spent: Spent) -> Iterator[tuple[CapName, Decimal, Decimal]]:
    """The caps that bind this currency: name, limit, what is left.

    `max_cost` stands for the cap per question and is in the question's own currency, the one
    its quote was in: a limit that was given by hand for this question must never fall away.
    """
    budget, scope = case.budget, case.scope
    binds = budget.currency == case.currency
    alone = case.max_cost
    if alone is None and binds:
        alone = budget.question
    if alone is not None:
        yield "question", alone, alone
    shared: tuple[tuple[CapName, Decimal | None], ...] = (
        ("conversation", budget.conversation if scope.conversation else None),
        ("label", budget.of_label(scope.label)),
        ("day", budget.day),
        ("month", budget.month),
    )
    for cap, limit in shared:
        if binds and limit is not None:
            yield cap, limit, limit - spent(cap)


def cap_warnings(
    budget: Budget, currency: str | None, max_cost: Decimal | None = None
) -> tuple[str, ...]:
    """What a person should know about caps that do not bind costs in `currency`.

    >>> cap_warnings(Budget(day=Decimal("5.00")), "CNY")
    ('The caps per question and day are in USD and do not bind this cost in CNY.',)
    """
    caps = {
        "question": budget.question if max_cost is None else None,
        "conversation": budget.conversation,
        "label": next(iter(budget.labels.values()), None),
        "day": budget.day,
        "month": budget.month,
    }
    loose = [name for name, limit in caps.items() if limit is not None]
    if currency in (None, budget.currency) or not loose:
        return ()
    names = " and ".join(filter(None, (", ".join(loose[:-1]), loose[-1])))
    subject, verb = ("caps", "are") if len(loose) > 1 else ("cap", "is")
    binds = "do not bind" if len(loose) > 1 else "does not bind"
    return (
        f"The {subject} per {names} {verb} in {budget.currency} "
        f"and {binds} this cost in {currency}.",
    )


def start_of(period: Period, now: float) -> float:
    """The moment at which the day or month of `now` began, in this machine's time zone."""
    midnight = datetime.fromtimestamp(now).replace(hour=0, minute=0, second=0, microsecond=0)
    return (midnight if period == "day" else midnight.replace(day=1)).timestamp()


def _up(amount: Decimal) -> str:
    return _show(amount, ROUND_CEILING)


def _down(amount: Decimal) -> str:
    return _show(amount, ROUND_FLOOR)


def _show(amount: Decimal, rounding: str) -> str:
    """At most four decimals and at least two, rounded to the careful side."""
    whole, _, decimals = format(amount.quantize(_SHOWN, rounding=rounding), "f").partition(".")
    return f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"

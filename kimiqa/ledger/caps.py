"""Caps on money: what is left under them, and the refusal when a ceiling is over one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from kimiqa.amounts import USUAL_CAPS
from kimiqa.errors import OverCapError
from kimiqa.figures import at_least, at_most, exact
from kimiqa.ledger.budget import Budget
from kimiqa.ledger.records import Period
from kimiqa.saying import Said, listed, say, say_of

CapName = Literal["question", "conversation", "label", "day", "month", "none"]
"""`none` stands where a currency has no cap at all: it leaves nothing."""

Spent = Callable[[CapName], Decimal]
"""What the calls under a cap count for: their costs, and the ceilings of those still open."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a question is asked under, besides its day and its month."""

    conversation: str | None = None
    label: str | None = None


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
        message = say(
            _REFUSED[self.cap], ceiling=at_most(self.ceiling, self.currency), **self._numbers()
        )
        return OverCapError(message, say(_NEXT[self.cap], currency=self.currency))

    @property
    def in_words(self) -> Said:
        """The cap alone, for all that is over it."""
        return say(_CAPS[self.cap], **self._numbers())

    def _numbers(self) -> dict[str, str]:
        unit, left = self.currency, at_least(self.left)
        return {
            "currency": unit,
            "limit": exact(self.limit, unit),
            # Rounded once, so that what is spent and what is left still add up to the cap.
            "used": exact(self.limit - left, unit),
            "left": exact(max(left, Decimal(0)), unit),
            "label": repr(self.label),
        }


_REFUSED: Mapping[CapName, str] = {
    "none": "This question may cost up to {ceiling}, and there is no cap in {currency} "
    "that would hold it.",
    "question": "This question may cost up to {ceiling}; the cap per question is {limit}.",
    "label": "This question may cost up to {ceiling}; label {label}'s cap is {limit}, "
    "of which {used} are spent or reserved, so {left} are left.",
    "conversation": "This question may cost up to {ceiling}; this conversation's cap is "
    "{limit}, of which {used} are spent or reserved, so {left} are left.",
    "day": "This question may cost up to {ceiling}; this day's cap is {limit}, "
    "of which {used} are spent or reserved, so {left} are left.",
    "month": "This question may cost up to {ceiling}; this month's cap is {limit}, "
    "of which {used} are spent or reserved, so {left} are left.",
}
_CAPS: Mapping[CapName, str] = {
    "none": "There is no cap in {currency} that would hold a question.",
    "question": "The cap per question is {limit}.",
    "label": "The cap of label {label} is {limit}, of which {used} are spent or reserved: {left} "
    "are left.",
    "conversation": "This conversation's cap is {limit}, of which {used} are spent or reserved: "
    "{left} are left.",
    "day": "This day's cap is {limit}, of which {used} are spent or reserved: {left} are left.",
    "month": "This month's cap is {limit}, of which {used} are spent or reserved: {left} are left.",
}
_NEXT: Mapping[CapName, str] = {
    "none": "Give this question one (max_cost, --max-cost), or set one in the settings: "
    '[caps.{currency}] with question = "1.00", or "none" to ask without.',
    "question": "Raise the cap (max_cost), or choose a cheaper way.",
    "label": "Raise its cap in the settings, or choose a cheaper way.",
    "conversation": "Begin a new conversation, raise the cap in the settings, or choose a cheaper "
    "way.",
    "day": "Wait for the next day, raise its cap in the settings, or choose a cheaper way.",
    "month": "Wait for the next month, raise its cap in the settings, or choose a cheaper way.",
}


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
    Without it a currency in which nobody named a cap leaves nothing, as an unknown price does.
    """
    caps, scope = case.budget.of_currency(case.currency), case.scope
    if case.max_cost is not None:
        yield "question", case.max_cost, case.max_cost
    elif caps is None:
        yield "none", Decimal(0), Decimal(0)
    elif caps.question is not None:
        yield "question", caps.question, caps.question
    if caps is None:
        return
    shared: tuple[tuple[CapName, Decimal | None], ...] = (
        ("conversation", caps.conversation if scope.conversation else None),
        ("label", caps.of_label(scope.label)),
        ("day", caps.day),
        ("month", caps.month),
    )
    for cap, limit in shared:
        if limit is not None:
            yield cap, limit, limit - spent(cap)


def cap_warnings(
    budget: Budget, currency: str | None, max_cost: Decimal | None = None
) -> tuple[str, ...]:
    """What a person should know about caps that do not bind costs in `currency`: those that
    are named in another and not in this one.

    >>> cap_warnings(Budget(day=Decimal("5.00")), "CNY")
    ('The cap per day is in USD and does not bind this cost in CNY.',)
    """
    if currency is None:
        return ()
    named = (budget, *budget.beside)
    bound = {cap for each in named if each.currency == currency for cap in _named(each)}
    bound |= {"question"} if max_cost is not None else set()
    others = [each for each in named if each.currency != currency]
    loose = {each.currency: [cap for cap in _named(each) if cap not in bound] for each in others}
    return tuple(_unbound(names, unit, currency) for unit, names in loose.items() if names)


def _named(caps: Budget) -> list[str]:
    """Which caps somebody meant; the usual one holds in every currency."""
    usual = caps.question == USUAL_CAPS.get(caps.currency)
    limits = {
        "question": None if usual else caps.question,
        "conversation": caps.conversation,
        "label": next(iter(caps.labels.values()), None),
        "day": caps.day,
        "month": caps.month,
    }
    return [name for name, limit in limits.items() if limit is not None]


def _unbound(loose: list[str], unit: str, currency: str) -> Said:
    return say_of(
        len(loose),
        "The cap per {names} is in {unit} and does not bind this cost in {currency}.",
        "The caps per {names} are in {unit} and do not bind this cost in {currency}.",
        names=listed(loose),
        unit=unit,
        currency=currency,
    )


def start_of(period: Period, now: float) -> float:
    """The moment at which the day or month of `now` began, in this machine's time zone."""
    midnight = datetime.fromtimestamp(now).replace(hour=0, minute=0, second=0, microsecond=0)
    return (midnight if period == "day" else midnight.replace(day=1)).timestamp()

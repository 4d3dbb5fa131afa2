"""Caps on money: what is left under them, and the refusal when a ceiling is over one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Literal

from kimiqa.amounts import USUAL_CAPS
from kimiqa.errors import OverCapError
from kimiqa.ledger.budget import Budget
from kimiqa.ledger.records import Period

CapName = Literal["question", "conversation", "label", "day", "month", "none"]
"""`none` stands where a currency has no cap at all: it leaves nothing."""

Spent = Callable[[CapName], Decimal]
"""What the calls under a cap count for: their costs, and the ceilings of those still open."""

_SHOWN = Decimal("0.0001")


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
        asked = f"This question may cost up to {_up(self.ceiling)} {self.currency}"
        if self.cap == "none":
            message = f"{asked}, and there is no cap in {self.currency} that would hold it."
            return OverCapError(message, self._hint())
        if self.cap == "question":
            message = f"{asked}; the cap per question is {_up(self.limit)} {self.currency}."
            return OverCapError(message, "Raise the cap (max_cost), or choose a cheaper way.")
        used = f"of which {_up(self.limit - self.left)} are spent or reserved"
        left = f"{_down(max(self.left, Decimal(0)))} {self.currency} are left"
        cap = f"label {self.label!r}'s cap" if self.cap == "label" else f"this {self.cap}'s cap"
        message = f"{asked}; {cap} is {_up(self.limit)} {self.currency}, {used}"
        return OverCapError(f"{message}, so {left}.", self._hint())

    def _hint(self) -> str:
        if self.cap == "none":
            return (
                "Give this question one (max_cost, --max-cost), or set one in the settings: "
                f'[caps.{self.currency}] with question = "1.00", or "none" to ask without.'
            )
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


def _unbound(loose: list[str], unit: str, currency: str) -> str:
    names = " and ".join(filter(None, (", ".join(loose[:-1]), loose[-1])))
    subject, verb = ("caps", "are") if len(loose) > 1 else ("cap", "is")
    binds = "do not bind" if len(loose) > 1 else "does not bind"
    return f"The {subject} per {names} {verb} in {unit} and {binds} this cost in {currency}."


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

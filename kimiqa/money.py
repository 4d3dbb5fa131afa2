"""Prices, usage and cost: arithmetic only, `Decimal` only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Context, Decimal, localcontext
from typing import Any, Generic, Literal, TypeVar

T = TypeVar("T", int, float, Decimal)

MTOK = Decimal(1_000_000)

_EXACT = Context(prec=40)
"""Enough for any bill: a caller's own decimal context must not round money."""

PriceBasis = Literal["listed", "assumed", "book", "embedded"]
"""Where a price comes from: the vendor's list for this host; the vendor's list, for a host
that is not the vendor's; the user's price book; the embedded endpoint, which is free."""


def plain(amount: Decimal | None) -> str | None:
    """`amount` as a decimal string without exponent; null stays null.

    >>> plain(Decimal("1E-7"))
    '0.0000001'
    """
    return None if amount is None else format(amount, "f")


def is_amount(value: Decimal) -> bool:
    """Whether it can be money: from zero to a billion, and to eighteen decimals.

    >>> [is_amount(Decimal(each)) for each in ("0.05", "-1", "NaN", "1e999999", "1e-999999")]
    [True, False, False, False, False]
    """
    if not value.is_finite():
        return False
    exponent = value.as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -18 and 0 <= value <= 1_000_000_000


def is_currency(code: str) -> bool:
    """Whether it is a code such as USD: a cap in any other word would bind nothing."""
    return len(code) == 3 and code.isascii() and code.isalpha()


@dataclass(frozen=True, slots=True)
class Usage:
    """What a call used, in tokens. `cached_tokens` are inside `prompt_tokens`,
    `reasoning_tokens` inside `completion_tokens`; None means the endpoint did not say."""

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None
    cache_write_tokens: int | None = None

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            _sum(self.cached_tokens, other.cached_tokens),
            _sum(self.reasoning_tokens, other.reasoning_tokens),
            _sum(self.cache_write_tokens, other.cache_write_tokens),
        )

    def to_json(self) -> dict[str, int | None]:
        return {
            "prompt_tokens": self.prompt_tokens,
            "cached_tokens": self.cached_tokens,
            "completion_tokens": self.completion_tokens,
            "reasoning_tokens": self.reasoning_tokens,
        }


def _sum(one: int | None, other: int | None) -> int | None:
    """A sum in which an unknown part makes the whole unknown."""
    return None if one is None or other is None else one + other


@dataclass(frozen=True, slots=True)
class Tier:
    """Prices that hold for a whole request once its prompt has more than `above` tokens."""

    above: int
    prompt: Decimal
    completion: Decimal
    cached: Decimal | None = None
    cache_write: Decimal | None = None
    """None: as below the tier."""
    cache_write_1h: Decimal | None = None

    def to_json(self) -> dict[str, Any]:
        names = ("prompt", "cached", "completion", "cache_write", "cache_write_1h")
        return {"above": self.above} | {name: plain(getattr(self, name)) for name in names}


@dataclass(frozen=True, slots=True)
class Batch:
    """What a request costs that is handed in as part of a batch, to be answered within hours."""

    prompt: Decimal
    completion: Decimal
    cached: Decimal | None = None

    def to_json(self) -> dict[str, str | None]:
        return {name: plain(getattr(self, name)) for name in ("prompt", "cached", "completion")}


STALE_DAYS = 90
"""A price that was checked longer ago than this is flagged as old."""


@dataclass(frozen=True, slots=True)
class Price:
    """Money per million tokens.

    `cached` is the price of a prompt token read from the provider's cache; where a model
    lists none, cached tokens cost what prompt tokens cost. `cache_write` (five minutes) and
    `cache_write_1h` are kept as listed; a written token is billed at the write price *instead
    of* the prompt price (two third parties read Moonshot's price page so; see `cost`).
    """

    prompt: Decimal
    completion: Decimal
    cached: Decimal | None = None
    cache_write: Decimal | None = None
    cache_write_1h: Decimal | None = None
    currency: str = "USD"
    basis: PriceBasis = "listed"
    source: str = ""
    checked: date | None = None
    tiers: tuple[Tier, ...] = ()
    batch: Batch | None = None
    web_search: Decimal | None = None
    """What one web search by the provider's own tool costs, beside the tokens of what it finds."""
    hours: tuple[Price, ...] = field(default=(), compare=False)
    """What else it costs within a day that changes it by the hour: ceilings take the dearest."""

    def age_days(self, today: date) -> int | None:
        """How many days ago it was checked; None where it has no date.

        >>> Price(Decimal(1), Decimal(2), checked=date(2026, 8, 1)).age_days(date(2026, 11, 1))
        92
        """
        return None if self.checked is None else (today - self.checked).days

    def stale(self, today: date) -> bool | None:
        """Whether it is older than ninety days; None where it has no date."""
        if self.basis == "embedded":
            return False
        age = self.age_days(today)
        return None if age is None else age > STALE_DAYS

    def batched(self) -> Price | None:
        """The price of the same request inside a batch; None where no such price is known."""
        if self.batch is None:
            return None
        sold = self.batch
        return replace(
            self,
            prompt=sold.prompt,
            completion=sold.completion,
            cached=sold.cached,
            tiers=(),
            batch=None,
            hours=(),
        )

    def at(self, prompt_tokens: int) -> Price:
        """The prices that hold for a request of this size: tiers are cliffs, so the
        highest tier that is crossed prices every token of the request."""
        crossed = [tier for tier in self.tiers if prompt_tokens > tier.above]
        if not crossed:
            return self
        tier = max(crossed, key=lambda tier: tier.above)
        return replace(
            self,
            prompt=tier.prompt,
            completion=tier.completion,
            cached=tier.cached,
            cache_write=self.cache_write if tier.cache_write is None else tier.cache_write,
            cache_write_1h=(
                self.cache_write_1h if tier.cache_write_1h is None else tier.cache_write_1h
            ),
        )

    def to_json(self) -> dict[str, Any]:
        """All of it, as a receipt keeps it."""
        return {
            "prompt": plain(self.prompt),
            "cached": plain(self.cached),
            "completion": plain(self.completion),
            "cache_write": plain(self.cache_write),
            "cache_write_1h": plain(self.cache_write_1h),
            "currency": self.currency,
            "basis": self.basis,
            "source": self.source,
            "checked": self.checked.isoformat() if self.checked else None,
            "tiers": [tier.to_json() for tier in self.tiers],
            "batch": self.batch.to_json() if self.batch else None,
            "web_search": plain(self.web_search),
        }


def cost(usage: Usage, price: Price) -> Decimal:
    """What `usage` costs at `price`, in the price's currency.

    Cached tokens that the endpoint did not report are priced as fresh ones: the receipt may
    then be too high, never too low. Tokens reported as written to the cache are priced at the
    write price where the model lists one.

    >>> three = Price(Decimal("3.00"), Decimal("15.00"), cached=Decimal("0.30"))
    >>> cost(Usage(1_000_000, 0, cached_tokens=500_000), three)
    Decimal('1.65')
    """
    with localcontext(_EXACT):
        return _cost(usage, price.at(usage.prompt_tokens))


def _cost(usage: Usage, at: Price) -> Decimal:
    cached = usage.cached_tokens or 0
    written = 0 if at.cache_write is None else usage.cache_write_tokens or 0
    fresh = usage.prompt_tokens - cached - written
    return (
        fresh * at.prompt
        + cached * (at.prompt if at.cached is None else at.cached)
        + written * (at.prompt if at.cache_write is None else at.cache_write)
        + usage.completion_tokens * at.completion
    ) / MTOK


@dataclass(frozen=True, slots=True)
class Cost:
    """An amount of money. `amount` is None where the price is not known: never zero."""

    amount: Decimal | None
    currency: str = "USD"

    def to_json(self) -> dict[str, str | None]:
        return {"amount": plain(self.amount), "currency": self.currency}


@dataclass(frozen=True, slots=True)
class Range(Generic[T]):
    """Low and high as learned (5 and 95 %), and what is expected between them."""

    low: T
    expected: T
    high: T

    def to_json(self) -> dict[str, Any]:
        return {name: _number(getattr(self, name)) for name in ("low", "expected", "high")}


def _number(value: object) -> object:
    return plain(value) if isinstance(value, Decimal) else value


@dataclass(frozen=True, slots=True)
class CostRange:
    """What a question would cost. All amounts are None where the price is not known.

    `ceiling` cannot be passed: every prompt token fresh, every completion token used.
    `cold` is what is expected when nothing is read from the provider's cache.
    """

    low: Decimal | None
    expected: Decimal | None
    high: Decimal | None
    ceiling: Decimal | None
    cold: Decimal | None
    currency: str | None = "USD"
    price_basis: PriceBasis | None = None
    price_date: date | None = None

    def to_json(self) -> dict[str, str | None]:
        amounts = {
            name: plain(getattr(self, name))
            for name in ("low", "expected", "high", "ceiling", "cold")
        }
        return amounts | {
            "currency": self.currency,
            "price_basis": self.price_basis,
            "price_date": self.price_date.isoformat() if self.price_date else None,
        }


UNPRICED = CostRange(None, None, None, None, None, currency=None)


def total(amounts: Sequence[Cost]) -> dict[str, Decimal]:
    """The sum per currency of what is known.

    >>> total([Cost(Decimal("1.10")), Cost(Decimal("2"), "CNY"), Cost(None)])
    {'USD': Decimal('1.10'), 'CNY': Decimal('2')}
    """
    sums: dict[str, Decimal] = {}
    for each in amounts:
        if each.amount is not None:
            sums[each.currency] = sums.get(each.currency, Decimal(0)) + each.amount
    return sums

"""Money as a person reads it: in one form, wherever it stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal

from kimiqa.money import plain

UNKNOWN = "unknown"


def money(amount: Decimal | None, currency: str | None) -> str:
    """An amount, as exact as it is worth telling; what is not known is never zero.

    >>> money(Decimal("0.01234"), "USD"), money(Decimal("12.345"), "CNY")
    ('$0.012', '12.35 CNY')
    >>> money(Decimal("0.0000123"), "USD"), money(Decimal(0), "USD"), money(None, "USD")
    ('$0.000012', '$0.00', 'unknown')
    """
    return UNKNOWN if amount is None else in_steps(amount, step(amount), currency)


def at_most(amount: Decimal, currency: str | None) -> str:
    """A ceiling: rounded up, for it may not be passed. What is over a cap is never told as it.

    >>> at_most(Decimal("0.0651"), "USD"), at_most(Decimal("2.0001"), "USD")
    ('$0.066', '$2.01')
    """
    return in_steps(amount, step(amount), currency, ROUND_CEILING)


def at_least(amount: Decimal) -> Decimal:
    """What is left: rounded down, for no more may be spent."""
    return amount.quantize(step(amount), rounding=ROUND_FLOOR)


def exact(amount: Decimal | None, currency: str | None) -> str:
    """An amount that somebody named, to its last decimal: a cap, a price.

    >>> exact(Decimal("0.0010"), "USD"), exact(Decimal("2"), "USD"), exact(Decimal("9.5"), "CNY")
    ('$0.001', '$2.00', '9.50 CNY')
    """
    if amount is None:
        return UNKNOWN
    whole, _, decimals = format(amount, "f").partition(".")
    return _with_unit(f"{whole}.{decimals.rstrip('0').ljust(2, '0')}", currency)


def span(low: Decimal, high: Decimal, currency: str | None) -> str:
    """Low to high, with as many decimals each where both can be told so.

    >>> span(Decimal("0.0325"), Decimal("0.145"), "USD"), span(Decimal(1), Decimal(1), "CNY")
    ('$0.03 – 0.15', '1.00 CNY')
    """
    least = step(high)
    first = in_steps(low, least if low >= least else step(low), currency)
    last = in_steps(high, least, currency)
    if first == last:
        return first
    return f"{first.removesuffix(f' {currency}')} – {last.removeprefix('$')}"


def step(amount: Decimal) -> Decimal:
    """The last decimal worth telling: a cent, and of less than ten cents two figures.

    >>> step(Decimal("1.234")), step(Decimal("0.01234")), step(Decimal("0.00001234"))
    (Decimal('0.01'), Decimal('0.001'), Decimal('0.000001'))
    """
    if 0 < abs(amount) < Decimal("0.0001"):
        return Decimal(1).scaleb(amount.adjusted() - 1)
    for limit, smallest in (("0.01", "0.0001"), ("0.1", "0.001")):
        if 0 < abs(amount) < Decimal(limit):
            return Decimal(smallest)
    return Decimal("0.01")


def common_step(amounts: Iterable[Decimal]) -> Decimal:
    """The last decimal of all amounts in a column, so that their points stand under each other.

    >>> common_step([Decimal("0.075"), Decimal("3.7415"), Decimal(0)])
    Decimal('0.001')
    """
    return min((step(each) for each in amounts), default=step(Decimal(0)))


def steps_of(column: Sequence[Mapping[str, Decimal]]) -> dict[str, Decimal]:
    """The last decimal of each currency in a column of sums."""
    currencies = {currency for sums in column for currency in sums}
    return {each: common_step(sums[each] for sums in column if each in sums) for each in currencies}


def amounts(sums: Mapping[str, Decimal], steps: Mapping[str, Decimal] | None = None) -> str:
    """Money in every currency it was spent in, to the last decimal of its column where there is
    one; empty where nothing was booked.

    >>> amounts({"USD": Decimal("1.5"), "CNY": Decimal(2)}), amounts({"USD": Decimal(0)})
    ('$1.50, 2.00 CNY', '$0.00')
    """
    last = steps or {}
    paid = {currency: amount for currency, amount in sums.items() if amount}
    shown = paid or dict(list(sums.items())[:1])
    return ", ".join(
        in_steps(amount, last.get(currency) or step(amount), currency)
        for currency, amount in shown.items()
    )


def in_steps(
    amount: Decimal, last: Decimal, currency: str | None, rounding: str = ROUND_HALF_UP
) -> str:
    """An amount to a given decimal: those that stand under each other end at the same one."""
    return _with_unit(plain(amount.quantize(last, rounding=rounding)) or "", currency)


def _with_unit(figures: str, currency: str | None) -> str:
    return f"${figures}" if currency == "USD" else f"{figures} {currency}"

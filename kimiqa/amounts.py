"""Amounts of money as people give them: checked, and never a float."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from kimiqa.errors import BadRequestError
from kimiqa.money import is_amount
from kimiqa.saying import say

USUAL_CAPS = {"USD": Decimal("2.00"), "CNY": Decimal("15.00")}
"""The cap of a question where none was named, in the currencies that models are priced in."""


def amount(value: Decimal | str) -> Decimal:
    """Money as given by a caller: a decimal string or a `Decimal`, never a float.

    Raises
    ------
    BadRequestError
        It is not an amount of money.

    >>> amount("0.25")
    Decimal('0.25')
    """
    if not isinstance(value, Decimal | str | int) or isinstance(value, bool):
        raise BadRequestError(
            say("An amount of money is a decimal string, not {value}.", value=repr(value)),
            'Write it as "0.25".',
        )
    try:
        read = Decimal(value)
    except InvalidOperation:
        read = Decimal("NaN")
    if not is_amount(read):
        raise BadRequestError(
            say("{value} is not an amount of money.", value=repr(value)), 'Write it as "0.25".'
        )
    return read

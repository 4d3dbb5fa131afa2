"""Numbers as files write them: none is so long or so odd that reading it fails."""

from __future__ import annotations

import math

_MOST_DIGITS = 9
_LONGEST = 40


def whole(written: str | None, otherwise: int = 0) -> int:
    """A number without sign and fraction; `otherwise` where there is none.

    >>> whole("12"), whole("²"), whole("1" * 5_000), whole(None, 7)
    (12, 0, 0, 7)
    """
    if written is None or not written.isascii() or not written.isdecimal():
        return otherwise
    return int(written) if len(written) <= _MOST_DIGITS else otherwise


def real(written: str | None, otherwise: float = 0.0) -> float:
    """A number that is one; `otherwise` where there is none.

    >>> real("-0.5"), real("nan"), real("1e999"), real("", 11.0)
    (-0.5, 0.0, 0.0, 11.0)
    """
    if written is None or len(written) > _LONGEST:
        return otherwise
    try:
        number = float(written)
    except ValueError:
        return otherwise
    return number if math.isfinite(number) else otherwise

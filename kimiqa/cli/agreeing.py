"""A person's word for what is above the threshold of the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kimiqa.cli.options import Choices, confirmed
from kimiqa.cli.show import at_most, price_range
from kimiqa.errors import OverCapError

if TYPE_CHECKING:
    from kimiqa.plan import Plan


def agreed(plan: Plan, choices: Choices, what: str, ask: str, instead: str) -> None:
    """A person agrees to a ceiling above the threshold; a script cannot.

    Raises
    ------
    OverCapError
        Nobody agreed; nothing was sent.
    """
    guess = plan.estimate
    ceiling = at_most(guess.cost.ceiling, guess.cost.currency)
    message = (
        f"This {what} may cost up to {ceiling} (expected {price_range(guess)}), "
        "which is above the threshold of the settings (confirm_above)."
    )
    if not confirmed(f"{message} {ask}", choices):
        raise OverCapError(f"{message} Nothing was sent.", f"Say --yes, or {instead}.")

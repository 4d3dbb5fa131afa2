"""Past usage at the prices of another model: what last month would have cost there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from kimiqa.ledger import Call
from kimiqa.models import Model
from kimiqa.money import Cost, Price, cost, plain, total
from kimiqa.plurals import counted
from kimiqa.saying import Said, say
from kimiqa.tokens import vocabulary_for


@dataclass(frozen=True, slots=True)
class Repriced:
    """Calls of the ledger, and what their usage would cost on another model."""

    model: str
    calls: int
    """How many could be priced again: their usage is known."""
    was: dict[str, Decimal]
    """What these calls did cost, per currency."""
    now: Cost
    """What they would cost; the amount is None where the model has no price."""
    left_out: int
    """Calls whose usage is not known: never answered, or still open."""
    too_large: int
    """Calls, of those priced, whose prompt and answer the model does not hold."""
    other_vocabulary: int
    """Calls, of those priced, whose tokens another vocabulary counted: there they are others."""

    def to_json(self) -> dict[str, Any]:
        return {
            "model": self.model,
            "calls": self.calls,
            "was": {currency: plain(amount) for currency, amount in self.was.items()},
            "now": self.now.to_json(),
            "left_out": self.left_out,
            "too_large": self.too_large,
            "other_vocabulary": self.other_vocabulary,
            "notes": self.notes,
        }

    @property
    def notes(self) -> list[str]:
        """What to know about the number, a sentence each."""
        left, large, other = map(
            calls_in_words, (self.left_out, self.too_large, self.other_vocabulary)
        )
        told = (
            (self.left_out, say("Left out: {calls} of unknown usage.", calls=left)),
            (self.too_large, say("Too large for {model}: {calls}.", model=self.model, calls=large)),
            (
                self.other_vocabulary,
                say(
                    "Counted with another vocabulary than its own, and the tokens taken as they "
                    "were: {calls}.",
                    calls=other,
                ),
            ),
        )
        return [text for count, text in told if count]


def calls_in_words(count: int) -> Said:
    """A number of calls."""
    return counted(count, "call")


def reprice(calls: Sequence[Call], model: Model) -> Repriced:
    """What the usage of `calls` would have cost on `model`, cached tokens cached there too where
    it has a price for them. Calls without a known usage are counted and left out."""
    known = [call for call in calls if call.usage and call.state in ("settled", "estimated")]
    asked = [call for call in calls if call.state != "released"]
    return Repriced(
        model=model.id,
        calls=len(known),
        was=total([call.cost for call in known if call.cost]),
        now=_now(known, model.price),
        left_out=len(asked) - len(known),
        too_large=sum(_is_too_large(call, model) for call in known),
        other_vocabulary=sum(vocabulary_for(call.model)[0] != model.vocabulary for call in known),
    )


def _now(calls: Sequence[Call], price: Price | None) -> Cost:
    if price is None:
        return Cost(None)
    amounts = (cost(call.usage, price) for call in calls if call.usage)
    return Cost(sum(amounts, Decimal(0)), price.currency)


def _is_too_large(call: Call, model: Model) -> bool:
    if call.usage is None or model.context_window is None:
        return False
    return call.usage.prompt_tokens + call.usage.completion_tokens > model.context_window

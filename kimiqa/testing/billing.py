"""The server's own books: what each call really used, and what it costs."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from kimiqa.testing.catalogue import SEARCH_FEES, ServedModel

MILLION = Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a call used, whatever its reply says."""

    prompt: int
    cached: int
    completion: int
    reasoning: int
    kept_1h: int = 0
    """Prompt tokens written to the cache for an hour."""
    searches: int = 0
    """Web searches that the reply called for."""


@dataclass(frozen=True, slots=True)
class BillRow:
    """One billed call. `id` is the completion's id; `amount` is exact, never rounded."""

    id: str
    model: str
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    reasoning_tokens: int
    amount: Decimal
    currency: str
    fault: str | None = None
    """The fault the client met, where the work was done all the same."""

    def to_json(self) -> dict[str, object]:
        row = {name: getattr(self, name) for name in self.__slots__}
        return row | {"amount": format(self.amount, "f")}


def amount(tokens: Tokens, model: ServedModel, currency: str) -> Decimal:
    """A token kept for an hour costs the write price instead of the price of a miss."""
    rates = model.rates[currency]
    hour = rates.miss if rates.write_1h is None else rates.write_1h
    fresh = tokens.prompt - tokens.cached - tokens.kept_1h
    return (
        fresh * rates.miss
        + tokens.cached * rates.hit
        + tokens.kept_1h * hour
        + tokens.completion * rates.output
    ) / MILLION + tokens.searches * SEARCH_FEES[currency]


def bill_row(
    call_id: str, tokens: Tokens, model: ServedModel, currency: str, fault: str | None
) -> BillRow:
    return BillRow(
        id=call_id,
        model=model.id,
        prompt_tokens=tokens.prompt,
        cached_tokens=tokens.cached,
        completion_tokens=tokens.completion,
        reasoning_tokens=tokens.reasoning,
        amount=amount(tokens, model, currency),
        currency=currency,
        fault=fault,
    )

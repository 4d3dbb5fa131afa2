"""What one question leaves warm for the next one about the same documents."""

from __future__ import annotations

from decimal import Decimal

from kimiqa.breakeven import Asking
from kimiqa.models import Model
from kimiqa.planner import Sized

_KNOWN = ("full", "chunks", "digest")
"""The strategies whose next question is sent as this one is."""


def asking(model: Model, sized: Sized) -> Asking:
    """A question of this size, and what of it another one finds in the provider's cache."""
    guess = sized.estimate
    return Asking(
        guess.prompt_tokens,
        _warm_tokens(model, sized),
        guess.completion_tokens.expected,
        writes=bool(model.cache_block),
    )


def next_cost(model: Model, sized: Sized) -> Decimal | None:
    """What the next question would cost while the cache is warm; None where that is not known,
    or nothing would be read from it."""
    if model.price is None or sized.strategy not in _KNOWN:
        return None
    found = asking(model, sized)
    return found.cost(model.price, warm=True) if found.warm_tokens else None


def _warm_tokens(model: Model, sized: Sized) -> int:
    """What another question about the same finds in the cache: the prompt before its own part,
    which for chunks is the rules alone, and for a digest the rules and the digests, in whole
    blocks."""
    if not model.cache_block or not sized.layout.parts:
        return 0
    messages = sized.layout.parts
    if sized.strategy == "full":
        shared, stays = messages, [part for message in messages for part in message][:-1]
    elif sized.strategy == "digest":
        shared, stays = messages[:2], [*messages[0], messages[1][0]]
    else:
        shared, stays = messages[:1], list(messages[0])
    tokens = sum(part.tokens for part in stays)
    tokens += len(shared) * sized.layout.template.per_message
    return (
        tokens // model.cache_block * model.cache_block if tokens >= model.cache_min_tokens else 0
    )

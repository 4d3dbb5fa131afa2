"""What to leave out where documents cross a price tier or a context window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from kimiqa.figures import money
from kimiqa.money import Price, Usage, cost
from kimiqa.saying import Said, listed, say
from kimiqa.strategies.layout import Draft, document_parts, numbered


@dataclass(frozen=True, slots=True)
class Place:
    """A prompt that is to be held against its cliffs."""

    draft: Draft
    prompt_tokens: int
    completion_tokens: int
    """What is expected back."""
    least: int
    """The room that an answer needs in the context window."""
    margin: Decimal
    """The share by which the count may be off."""


def cliff(place: Place) -> Said:
    """What to leave out to get under the cliff that the whole documents are over, with the price
    on either side; empty where they are over none, or nothing that is left out would help."""
    window, price = place.draft.model.context_window, place.draft.model.price
    if window is not None and place.prompt_tokens + place.least > window:
        room = _safe(window - place.least, place.margin)
        told = say(
            "the {window:,} tokens that {model} holds", window=window, model=place.draft.model.id
        )
        return _advice(place, room, told, before=None)
    tier = _crossed(price, place.prompt_tokens)
    if price is None or tier is None:
        return Said("")
    before = _cost(place, price, place.prompt_tokens)
    return _advice(
        place, _safe(tier, place.margin), say("{tier:,} tokens", tier=tier), before=before
    )


def _crossed(price: Price | None, prompt_tokens: int) -> int | None:
    """The highest tier that this prompt is over."""
    tiers = [tier.above for tier in price.tiers if prompt_tokens > tier.above] if price else []
    return max(tiers, default=None)


def _safe(tokens: int, margin: Decimal) -> int:
    """So many of our own tokens are no more than `tokens` of the server's."""
    return int((tokens - 256) / (Decimal("1.005") + margin))


def _advice(place: Place, room: int, told: Said, before: Decimal | None) -> Said:
    sizes = {n: _tokens(place.draft, n) for n, _ in numbered(place.draft.documents)}
    dropped = _to_drop(sizes, place.prompt_tokens - room)
    if dropped:
        left = place.prompt_tokens - sum(sizes[n] for n in dropped)
        what = say(
            "Leaving out {names} gets under {limit}",
            names=_names(place.draft, dropped),
            limit=told,
        )
    else:
        pages, left = _first_pages(place, room)
        if not pages:
            return Said("")
        what = say(
            "Asking only pages 1-{pages} of {name} gets under {limit}",
            pages=pages,
            name=_names(place.draft, [1]),
            limit=told,
        )
    return _priced(what, place, left, before)


def _priced(what: Said, place: Place, left: int, before: Decimal | None) -> Said:
    price = place.draft.model.price
    if price is None:
        return say("{what}.", what=what)
    after = money(_cost(place, price, left), price.currency)
    if before is None:
        return say("{what}: about {after}.", what=what, after=after)
    before_it = money(before, price.currency)
    return say(
        "{what}: about {after} instead of {before}.", what=what, after=after, before=before_it
    )


def _to_drop(sizes: dict[int, int], excess: int) -> list[int]:
    """The documents to leave out: the smallest that is enough alone, else the largest ones; none
    where nothing would be left to ask about."""
    enough = [n for n in sizes if sizes[n] >= excess]
    if enough and len(sizes) > 1:
        return [min(enough, key=lambda n: sizes[n])]
    dropped: list[int] = []
    for n in sorted(sizes, key=lambda n: -sizes[n]):
        if sum(sizes[each] for each in dropped) >= excess:
            break
        dropped.append(n)
    return sorted(dropped) if len(dropped) < len(sizes) else []


def _first_pages(place: Place, room: int) -> tuple[int, int]:
    """Of a single document, how many of its first pages fit, and the tokens of the prompt then."""
    draft = place.draft
    if len(draft.documents) != 1 or draft.pages[0] is not None or draft.pictured(1):
        return 0, 0
    pages = place.draft.documents[0].block_tokens(place.draft.counter)
    left, kept = place.prompt_tokens, len(pages)
    while kept and left > room:
        kept -= 1
        left -= pages[kept]
    return kept, left


def _tokens(draft: Draft, n: int) -> int:
    return sum(part.tokens for part in document_parts(draft, n))


def _names(draft: Draft, numbers: Sequence[int]) -> Said:
    return listed([f"D{n} ({draft.documents[n - 1].name})" for n in numbers])


def _cost(place: Place, price: Price, prompt_tokens: int) -> Decimal:
    """What is expected where nothing is cached: the caches of the two prompts are not the same."""
    written = prompt_tokens if place.draft.model.cache_block else None
    return cost(Usage(prompt_tokens, place.completion_tokens, 0, None, written), price)

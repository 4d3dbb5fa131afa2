"""What a choice does to the provider's cache and the price, in words and before it is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Decimal
from functools import reduce

from kimiqa.errors import BadRequestError
from kimiqa.figures import money
from kimiqa.ledger import WarmPrompt
from kimiqa.models import Model
from kimiqa.money import MTOK, Price
from kimiqa.saying import Said, joined, say, say_of

FIVE_MINUTES, ONE_HOUR = "5m", "1h"

WORTH_A_WORD = 1_024
"""Fewer tokens than these are not worth a sentence: a cent buys thousands of them."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as the cache sees it: what of it is warm, and what it is asked with."""

    prompt_tokens: int
    cached_tokens: int
    model: Model
    effort: str | None
    strategy: str
    documents: tuple[str, ...]
    """Their ids."""
    tools: str = ""
    """Names the tools that are sent, which stand before everything else."""
    names: tuple[str, ...] = ()
    """What the documents are called, in the same order."""


def with_ttl(model: Model, ttl: str | None) -> Model:
    """The model with the lifetime and the write price that are asked for.

    Raises
    ------
    BadRequestError
        There is no such lifetime, or the model does not offer it.
    """
    if ttl not in (None, FIVE_MINUTES, ONE_HOUR):
        raise BadRequestError(
            say("There is no cache lifetime {ttl}.", ttl=repr(ttl)), "Choose 5m or 1h."
        )
    if ttl != ONE_HOUR:
        return model
    price = model.price
    if not model.cache_ttl_1h or (price is not None and price.cache_write_1h is None):
        raise BadRequestError(
            say("{model} is not known to keep a prompt for an hour.", model=model.id),
            "Leave the lifetime out.",
        )
    return replace(model, cache_ttl=model.cache_ttl_1h, price=price and _hourly(price))


def _hourly(price: Price) -> Price:
    """The price of a request that is kept for an hour: writing costs what that costs."""
    tiers = tuple(replace(tier, cache_write=tier.cache_write_1h) for tier in price.tiers)
    return replace(price, cache_write=price.cache_write_1h, tiers=tiers)


def change_note(last: WarmPrompt | None, asked: Asked) -> Said:
    """What the change against the last question drops of the cache, or keeps of it, and what
    that costs; empty where nothing was changed, or too little is dropped for a word."""
    block = asked.model.cache_block or 1
    changes = _changes(last, asked) if last else []
    if last is None or not changes:
        return Said("")
    dropped = last.tokens // block * block - asked.cached_tokens
    fresh = min(dropped, asked.prompt_tokens - asked.cached_tokens)
    if min(dropped, fresh) < WORTH_A_WORD:
        return _added_note(last, asked)
    paid = say("{fresh:,} of this prompt are read fresh", fresh=fresh) if fresh < dropped else ""
    after = joined([paid, _more(asked.model.price, asked.prompt_tokens, fresh)], ", ")
    what = say_of(
        len(changes),
        "{changes} drops {dropped:,} warm tokens",
        "{changes} drop {dropped:,} warm tokens",
        changes=reduce(lambda one, other: say("{one} and {other}", one=one, other=other), changes),
        dropped=dropped,
    )
    return say("{what}: {after}.", what=what, after=after) if after else say("{what}.", what=what)


def _added_note(last: WarmPrompt, asked: Asked) -> Said:
    """What documents that were put behind the others keep warm, and what they add."""
    held = len(last.documents)
    names = ", ".join(asked.names[held:])
    behind = asked.documents[:held] == last.documents and len(_changes(last, asked)) == 1
    if not (names and behind) or asked.cached_tokens < WORTH_A_WORD:
        return Said("")
    new, price = asked.prompt_tokens - asked.cached_tokens, asked.model.price
    what = say(
        "Adding {names} keeps {kept:,} warm tokens and sends {new:,} new ones",
        names=names,
        kept=asked.cached_tokens,
        new=new,
    )
    if price is None:
        return say("{what}.", what=what)
    at = price.at(asked.prompt_tokens)
    each = at.prompt if at.cache_write is None or not asked.model.cache_block else at.cache_write
    return say("{what}: +{cost}.", what=what, cost=money(new * each / MTOK, price.currency))


def _changes(last: WarmPrompt, asked: Asked) -> list[Said]:
    found: list[Said] = []
    if last.documents != asked.documents:
        added = set(asked.documents) > set(last.documents)
        found.append(say("Adding a document") if added else say("Changing the documents"))
    pairs = (
        ("model", last.model, asked.model.id),
        ("effort", last.effort, asked.effort),
        ("strategy", last.strategy.partition(":")[0], asked.strategy),  # of a step its strategy
    )
    for name, before, now in pairs:
        if before != now and not (name == "effort" and last.model != asked.model.id):
            told = _AND_CHANGING if found else _CHANGING
            found.append(say(told[name], before=before, now=now))
    if last.tools != asked.tools:
        found.append(say("changing the tools") if found else say("Changing the tools"))
    return found


_CHANGING = {
    "model": "Changing the model from {before} to {now}",
    "effort": "Changing the effort from {before} to {now}",
    "strategy": "Changing the strategy from {before} to {now}",
}
_AND_CHANGING = {
    "model": "changing the model from {before} to {now}",
    "effort": "changing the effort from {before} to {now}",
    "strategy": "changing the strategy from {before} to {now}",
}


def _more(price: Price | None, prompt_tokens: int, fresh: int) -> str:
    saved = None if price is None else _hit_saves(price.at(prompt_tokens))
    if price is None or not saved:
        return ""
    return f"+{money(fresh * saved / MTOK, price.currency)}"


def _hit_saves(price: Price) -> Decimal:
    """What a million cached tokens cost less than fresh ones."""
    return price.prompt - price.cached if price.cached is not None else Decimal(0)


def break_even(price: Price) -> int | None:
    """After how many pauses of more than five minutes and less than an hour a prompt that is
    kept for an hour has been cheaper; None where it is not offered, or never is.

    >>> kimi = Price(Decimal(3), Decimal(15), Decimal("0.30"), Decimal(3), Decimal(6))
    >>> break_even(kimi)
    2
    """
    saves = _hit_saves(price)
    if price.cache_write_1h is None or saves <= 0:
        return None
    written = price.prompt if price.cache_write is None else price.cache_write
    more = (price.cache_write_1h - written) / saves
    return max(1, int(more.to_integral_value(ROUND_CEILING)))


def hour_offer(model: Model, prompt_tokens: int, pauses: Sequence[float]) -> Said:
    """The one-hour lifetime, where it would have paid for the last day's `pauses` (seconds
    between questions about these documents); empty where not."""
    price = None if model.price is None else model.price.at(prompt_tokens)
    if price is None or model.cache_ttl >= model.cache_ttl_1h:
        return Said("")
    needed = break_even(price)
    missed = sum(model.cache_ttl < pause < model.cache_ttl_1h for pause in pauses)
    if needed is None or missed < needed or price.cache_write_1h is None:
        return Said("")
    written = price.prompt if price.cache_write is None else price.cache_write
    more = money(prompt_tokens * (price.cache_write_1h - written) / MTOK, price.currency)
    saved = money(prompt_tokens * _hit_saves(price) / MTOK, price.currency)
    return say_of(
        needed,
        "Kept for an hour instead of five minutes (cache_ttl 1h) this prompt costs {more} more "
        "now and saves {saved} whenever the next question comes 5 to 60 minutes later: it pays "
        "from {number} such time on, and the last day had {missed}.",
        "Kept for an hour instead of five minutes (cache_ttl 1h) this prompt costs {more} more "
        "now and saves {saved} whenever the next question comes 5 to 60 minutes later: it pays "
        "from {number} such times on, and the last day had {missed}.",
        more=more,
        saved=saved,
        missed=missed,
    )

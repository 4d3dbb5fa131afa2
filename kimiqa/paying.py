"""What a call cost, and the assumption under which writes to the provider's cache were priced."""

from __future__ import annotations

from dataclasses import replace

from kimiqa.figures import exact
from kimiqa.money import Cost, Usage, cost
from kimiqa.plan import Plan
from kimiqa.saying import say

WRITES = "Cache writes: "
WEB = "Web searches: "
WEB_SEARCH = "$web_search"
"""The tool by which Kimi's platform searches the web: each call of it has a price of its own."""
SEARCHES_READ = 8
"""So many web searches of one reply are read. The next one that begins ends the reading: a model
may call for more than it was told to, and what is paid for them has to have an end."""
MOST_SEARCHES_PAID = SEARCHES_READ + 1
"""With the one at which the reading ends."""


def paid_for(usage: Usage, plan: Plan, searches: int = 0) -> Cost:
    """What a call cost: its tokens, and each web search that it called for."""
    if plan.price is None or (searches and plan.price.web_search is None):
        return Cost(None, "USD" if plan.price is None else plan.price.currency)
    fees = searches * (plan.price.web_search or 0)
    return Cost(cost(_with_writes(usage, plan), plan.price) + fees, plan.price.currency)


def about_searches(searches: int, plan: Plan) -> list[str]:
    """What the web searches of a call cost, as a receipt names it."""
    if not searches or plan.price is None:
        return []
    each = exact(plan.price.web_search, plan.price.currency)
    return [
        say(
            "Web searches: {searches:,} at {each}, beside their tokens.",
            searches=searches,
            each=each,
        )
    ]


def about_writes(usage: Usage, plan: Plan) -> list[str]:
    """The assumption under which writes to the provider's cache were priced."""
    if not _writes_matter(usage, plan) or plan.price is None:
        return []
    price, written = plan.price.at(usage.prompt_tokens), _with_writes(usage, plan)
    template = _REPORTED if usage.cache_write_tokens is not None else _ASSUMED
    return [
        say(
            template,
            tokens=written.cache_write_tokens or 0,
            price=exact(price.cache_write, price.currency),
        )
    ]


_REPORTED = (
    "Cache writes: {tokens:,} tokens, reported, at {price} per million, assumed to "
    "stand instead of the prompt price and not on top of it."
)
_ASSUMED = (
    "Cache writes: {tokens:,} tokens, assumed (none reported), at {price} per million, "
    "assumed to stand instead of the prompt price and not on top of it."
)


def _with_writes(usage: Usage, plan: Plan) -> Usage:
    """The usage as it is priced: where writing to the cache has a price of its own and the
    endpoint does not say what it wrote, that is all it did not read from there."""
    if not _writes_matter(usage, plan) or usage.cache_write_tokens is not None:
        return usage
    return replace(usage, cache_write_tokens=usage.prompt_tokens - (usage.cached_tokens or 0))


def _writes_matter(usage: Usage, plan: Plan) -> bool:
    price = plan.price and plan.price.at(usage.prompt_tokens)
    return bool(plan.caches and price and price.cache_write not in (None, price.prompt))

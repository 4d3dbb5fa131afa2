"""The ways to answer: which of them Ask will go, and what each costs, takes and sees, in words."""

from __future__ import annotations

from kimiqa.figures import at_most
from kimiqa.plan import Way
from kimiqa.ui.state import State
from kimiqa.ui.text import about, escape, money, price_range
from kimiqa.ui.words import _, plural

MEANINGS = {
    "full": "Every readable page is sent.",
    "chunks": "Only the passages that match your question are sent.",
    "swarm": "Parallel readers go through everything, then merge what they found.",
    "research": "A model searches and reads with tools.",
    "digest": "An outline with its places, made once and kept, and the passages that match.",
    "local": "Free, on this computer. No language model is asked.",
}


def kind_of(way: Way) -> str:
    """What a way is called: the embedded endpoint's one way has a name of its own."""
    return "local" if way.model == "local" else way.strategy


def chosen_way(state: State, ways: list[Way], embedded: bool) -> Way | None:
    """The way that Ask will go: the chosen one, else the best that can run here."""
    named = next((way for way in ways if kind_of(way) == state.choices.strategy), None)
    if named is not None and (named.fits or over_cap(named)):
        return named
    fitting = [way for way in ways if way.fits and not way.partial]
    if not fitting and any(way.fits for way in ways):
        # What sees a part of what is asked for as a whole is chosen by hand, or not at all.
        fitting = [way for way in ways if over_cap(way)]
    if embedded:
        fitting = [way for way in fitting if way.model == "local"] or fitting
    return fitting[0] if fitting else _nearest(ways)


def _nearest(ways: list[Way]) -> Way | None:
    """No way can run as it stands: the one that is over its cap by the least may still be asked
    for once."""
    over = [way for way in ways if over_cap(way) and not way.partial]
    return min(over, key=lambda way: way.estimate.cost.ceiling or 0, default=None)


def over_cap(way: Way) -> bool:
    """Whether only a cap forbids a way: a person may lift that for one question."""
    return way.code == "over_cap" and way.estimate.cost.ceiling is not None


def price(way: Way) -> str:
    """What it costs, from the least to the most, escaped."""
    cost = way.estimate.cost
    if cost.low is None:
        return _("price unknown")
    return _("free") if not cost.ceiling else escape(price_range(cost))


def facts(way: Way) -> str:
    """Cold and warm; ceiling and time; coverage and tokens: a line each, escaped. Then what the
    way drops of a warm cache."""
    guess, cost = way.estimate, way.estimate.cost
    pages = plural(
        way.coverage.pages,
        "{done:,} of {number:,} page",
        "{done:,} of {number:,} pages",
        done=way.coverage.sent,
    )
    if way.strategy == "research":
        pages = _("pages as it finds them")
    ceiling = (
        _("at most {amount}").format(amount=at_most(cost.ceiling, cost.currency))
        if cost.ceiling
        else _("costs nothing")
    )
    lines = [
        _cold_and_warm(way),
        f"{ceiling} · {about(guess.seconds.expected)}",
        f"{pages} · {_('{prompt:,} prompt tokens').format(prompt=guess.prompt_tokens)}",
        way.cache_note,
    ]
    return "  \n".join(escape(line) for line in lines if line)


def _cold_and_warm(way: Way) -> str:
    """What it costs now, and what the other temperature would cost."""
    cost = way.estimate.cost
    if not cost.ceiling or cost.expected is None:
        return ""
    amount = money(cost.expected, cost.currency)
    now = _("about {amount}").format(amount=amount)
    if way.next_cost is None or is_warm(way):
        cold = money(cost.cold, cost.currency)
        # What research finds in the cache it wrote there itself: nothing is warm before it.
        if not (way.estimate.cached_tokens and way.warm_until) or cold == amount:
            return now
        return _("about {warm} while warm, {cold} cold").format(warm=amount, cold=cold)
    warm = money(way.next_cost, cost.currency)
    if warm == amount:
        return now
    return _("about {cold} cold, then {warm} while warm").format(cold=amount, warm=warm)


def is_warm(way: Way) -> bool:
    """Whether more than the rules is cached: those alone change no price."""
    return way.estimate.cached_tokens * 3 > way.estimate.prompt_tokens

"""The ways to answer, as cards: what each costs, takes and sees."""

from __future__ import annotations

import streamlit as st

from kimiqa.figures import at_most
from kimiqa.plan import Way
from kimiqa.ui import desk, folding, history, switches, web
from kimiqa.ui.names import called
from kimiqa.ui.state import State
from kimiqa.ui.text import about, escape, for_readers, money, price_range
from kimiqa.ui.words import _, plural, told

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


def show(state: State, ways: list[Way], embedded: bool) -> None:
    """One card per way."""
    chosen = chosen_way(state, ways, embedded)
    best = chosen_way(_unchosen(state), ways, embedded)
    ordered = sorted(ways, key=lambda way: way.model != "local") if embedded else ways
    said = _said_of_all(ordered)
    _about_the_cap(state, ordered)
    with folding.cards(state, [way for way in ordered if way is not chosen], chosen) as all_drawn:
        drawn = ordered if all_drawn else [way for way in ordered if way is chosen]
        across = _across(len(drawn))
        for first in range(0, len(drawn), across):
            row = drawn[first : first + across]
            for column, way in zip(st.columns(across), row, strict=False):
                with column:
                    _card(state, way, way is chosen, way is best and len(ways) > 1, said)
    answered = history.turns(state)
    for warning in said:
        if answered and warning in answered[-1].receipt["warnings"]:
            continue  # it stands under the answer above
        st.caption(f":material/info: {escape(warning)}")


def _about_the_cap(state: State, ways: list[Way]) -> None:
    """The cap that some of the ways are over, once for all of them; not while a person is being
    asked about it."""
    over = [way for way in ways if over_cap(way)]
    passed = desk.cap_over(state, over) if over and state.confirm is None else None
    if passed is None:
        return
    marked = plural(
        len(over),
        "The way marked below may cost more.",
        "The {number:,} ways marked below may cost more.",
    )
    asked = _("You are asked before one of them is sent.") if passed.cap == "question" else ""
    words = " ".join(filter(None, (told(passed.in_words), marked, asked)))
    st.caption(f":material/payments: {escape(words)}")


def _across(cards: int) -> int:
    """How many stand side by side: a price is never cut off for want of room.

    >>> [_across(cards) for cards in (1, 2, 3, 4, 5)]
    [1, 2, 3, 2, 3]
    """
    return {1: 1, 2: 2, 4: 2}.get(cards, 3)


def _unchosen(state: State) -> State:
    return State(state.conversation)


def _said_of_all(ways: list[Way]) -> list[str]:
    """The warnings that every paid way has: said once, under the cards."""
    paid = [way for way in ways if way.model != "local"]
    return (
        [each for each in paid[0].warnings if all(each in way.warnings for way in paid)]
        if (paid)
        else []
    )


def _card(state: State, way: Way, chosen: bool, best: bool, said: list[str]) -> None:
    kind = kind_of(way)
    key = f"chosen-card-{kind}" if chosen else f"card-{kind}"
    with st.container(border=True, height="stretch", key=key):
        st.metric(
            escape(called(way.model, kind)),
            _price(way),
            help=escape(way.reason) if way.reason and way.fits else None,
        )
        if not way.fits:
            _cannot(way)
        elif way.strategy in ("swarm", "digest") and way.reason:
            st.caption(escape(way.reason))
        if way.fits or over_cap(way):
            st.caption(_facts(way))
        for each in way.warnings:
            if each not in said and each not in way.hint:
                st.caption(escape(each))
        st.caption(_(MEANINGS[kind]))
        if kind == "research" and chosen:
            web.choice(state)
        if kind == "chunks":
            switches.show(state, way)
        st.space("stretch")
        _button(state, way, kind, chosen, best)


def _cannot(way: Way) -> None:
    """Why a way cannot run, and what to leave out so that it could."""
    if over_cap(way):
        st.markdown(f":orange-badge[{escape(_('Over the cap'))}]")
        return  # the cap itself stands above the cards
    st.markdown(f":orange-badge[{escape(_('Cannot run'))}]")
    st.caption(escape(way.reason or ""))
    if way.hint:
        st.caption(escape(for_readers(way.hint)))


def _button(state: State, way: Way, kind: str, chosen: bool, best: bool) -> None:
    label = _("Chosen") if chosen else _("Choose")
    if best:
        label = _("Chosen: recommended") if chosen else _("Choose: recommended")

    def choose() -> None:
        state.choices.strategy = kind

    st.button(
        label,
        key=f"way-{kind}",
        on_click=choose,
        disabled=not (way.fits or over_cap(way)),
        icon=":material/check:" if chosen else None,
        width="stretch",
    )


def _price(way: Way) -> str:
    cost = way.estimate.cost
    if cost.low is None:
        return _("price unknown")
    return _("free") if not cost.ceiling else escape(price_range(cost))


def _facts(way: Way) -> str:
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

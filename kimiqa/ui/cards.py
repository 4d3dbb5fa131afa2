"""The ways to answer, as cards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from kimiqa.plan import Way
from kimiqa.ui import desk, folding, history, switches, web
from kimiqa.ui.names import called
from kimiqa.ui.state import State
from kimiqa.ui.text import escape, for_readers
from kimiqa.ui.ways import MEANINGS, chosen_way, facts, kind_of, over_cap, price
from kimiqa.ui.words import _, plural, told


@dataclass(frozen=True, slots=True)
class Deck:
    """What the cards of all ways share."""

    chosen: Way | None
    best: Way | None
    """The one that is recommended, where there are several."""
    said: Sequence[str]
    """The warnings that every paid way has: said once, under the cards."""


def show(state: State, ways: list[Way], embedded: bool, stands_for: str) -> None:
    """One card per way, and a word on what they stand for; folded away, the chosen one alone."""
    ordered = sorted(ways, key=lambda way: way.model != "local") if embedded else ways
    best = chosen_way(_unchosen(state), ways, embedded) if len(ways) > 1 else None
    deck = Deck(chosen_way(state, ways, embedded), best, _said_of_all(ordered))
    others = [way for way in ordered if way is not deck.chosen]
    fold = folding.fold(state, others, deck.chosen)
    drawn = ordered if fold.all_drawn else [way for way in ordered if way is deck.chosen]
    if len(drawn) == 1:
        _captions([_about_the_cap(state, ordered)])
        _alone(state, drawn[0], deck, stands_for)
    else:
        _captions([stands_for, _about_the_cap(state, ordered)])
        with st.container(key=fold.place):
            _in_rows(state, drawn, deck)
    folding.button(state, fold, others)
    answered = history.turns(state)
    above = answered[-1].receipt["warnings"] if answered else ()
    _captions([f":material/info: {escape(each)}" for each in deck.said if each not in above])


def _captions(said: Sequence[str]) -> None:
    """What is said, escaped, in one place; Markdown has no use for the lines of what is empty."""
    if any(said):
        st.caption("\n\n".join(said))


def _about_the_cap(state: State, ways: list[Way]) -> str:
    """The cap that some of the ways are over, once for all of them; not while a person is being
    asked about it."""
    over = [way for way in ways if over_cap(way)]
    passed = desk.cap_over(state, over) if over and state.confirm is None else None
    if passed is None:
        return ""
    marked = plural(
        len(over),
        "The way marked below may cost more.",
        "The {number:,} ways marked below may cost more.",
    )
    asked = _("You are asked before one of them is sent.") if passed.cap == "question" else ""
    words = " ".join(filter(None, (told(passed.in_words), marked, asked)))
    return f":material/payments: {escape(words)}"


def _in_rows(state: State, drawn: Sequence[Way], deck: Deck) -> None:
    across = _across(len(drawn))
    for first in range(0, len(drawn), across):
        row = drawn[first : first + across]
        for column, way in zip(st.columns(across), row, strict=False):
            with column:
                _card(state, way, deck)


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
    first = paid[0].warnings if paid else ()
    return [each for each in first if all(each in way.warnings for way in paid)]


def _card(state: State, way: Way, deck: Deck) -> None:
    with st.container(border=True, height="stretch", key=_key(way, deck)):
        _inside(state, way, deck, [_(MEANINGS[kind_of(way)])])
        st.space("stretch")
        _button(state, way, deck)


def _alone(state: State, way: Way, deck: Deck, stands_for: str) -> None:
    """The only card: where there is nothing to choose from, it says that it is chosen."""
    meaning = _(MEANINGS[kind_of(way)])
    chosen = f":material/check: {_chosen(way, deck)} · " if way is deck.chosen else ""
    with st.container(border=True, key=_key(way, deck)):
        _inside(state, way, deck, [f"{chosen}{meaning}", stands_for])


def _key(way: Way, deck: Deck) -> str:
    return f"chosen-card-{kind_of(way)}" if way is deck.chosen else f"card-{kind_of(way)}"


def _inside(state: State, way: Way, deck: Deck, last: Sequence[str]) -> None:
    """What a card tells; `last` after what is this way's own."""
    kind = kind_of(way)
    st.metric(
        escape(called(way.model, kind)),
        price(way),
        help=escape(way.reason) if way.reason and way.fits else None,
    )
    own = [each for each in way.warnings if each not in deck.said and each not in way.hint]
    counted = facts(way) if way.fits or over_cap(way) else ""
    _captions([*_state_of(way), counted, *[escape(each) for each in own], *last])
    if kind == "research" and way is deck.chosen:
        web.choice(state)
    if kind == "chunks":
        switches.show(state, way)


def _state_of(way: Way) -> list[str]:
    """What is special: why a way cannot run, and what to leave out so that it could; or why it
    is the one to take. Each escaped."""
    if way.fits:
        return [escape(way.reason)] if way.strategy in ("swarm", "digest") and way.reason else []
    if over_cap(way):
        st.markdown(f":orange-badge[{escape(_('Over the cap'))}]")
        return []  # the cap itself stands above the cards
    st.markdown(f":orange-badge[{escape(_('Cannot run'))}]")
    return [escape(way.reason or ""), escape(for_readers(way.hint or ""))]


def _chosen(way: Way, deck: Deck) -> str:
    return _("Chosen: recommended") if way is deck.best else _("Chosen")


def _button(state: State, way: Way, deck: Deck) -> None:
    kind, chosen = kind_of(way), way is deck.chosen
    choose = _("Choose: recommended") if way is deck.best else _("Choose")

    def chose() -> None:
        state.choices.strategy = kind

    st.button(
        _chosen(way, deck) if chosen else choose,
        key=f"way-{kind}",
        on_click=chose,
        disabled=not (way.fits or over_cap(way)),
        icon=":material/check:" if chosen else None,
        width="stretch",
    )

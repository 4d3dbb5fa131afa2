"""Several questions at once: one on each line, priced together, asked side by side."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

import streamlit as st

from kimiqa.client import Conversation
from kimiqa.conversation import Talk
from kimiqa.errors import BadRequestError
from kimiqa.figures import at_most
from kimiqa.plan import Plan, Strategy, Way
from kimiqa.saying import say
from kimiqa.together import Together, together
from kimiqa.ui import asking, desk
from kimiqa.ui.latest import Latest
from kimiqa.ui.state import Confirm, State, ready
from kimiqa.ui.text import about, money
from kimiqa.ui.words import _, counted, plural

MOST = 30


@dataclass(slots=True)
class Priced:
    """What the questions cost together."""

    price: Latest[Together] = field(default_factory=Latest)


def lines(text: str) -> list[str]:
    """The questions of a text that has one on each line.

    >>> lines("Who? \\n\\n When?")
    ['Who?', 'When?']
    """
    return [line.strip() for line in text.splitlines() if line.strip()]


def choice(state: State) -> None:
    """The choice between one question of several lines and several questions."""
    if len(lines(state.choices.question)) < 2:
        state.choices.each_line = False
        return
    key = f"each-line-{state.conversation}"
    st.session_state.setdefault(key, state.choices.each_line)
    state.choices.each_line = st.checkbox(
        _("Each line is a question of its own"),
        key=key,
        help=_("They are asked side by side, and none knows of the others."),
    )


def priced(state: State, way: Way) -> Together:
    """What the lines cost together, one way."""
    asked = (state.choices.question, way.strategy, tuple(desk.options(state).values()))
    key = (asked, desk.client(state), tuple(state.documents))
    return state.of(Priced).price.made_for(
        key, lambda: together(_plans(state, way.strategy), desk.model(state))
    )


def in_words(price: Together) -> str:
    """The price of all of them; not yet escaped."""
    said = [counted(price.questions, "question", "questions")]
    if price.ceiling is not None:
        most = at_most(price.ceiling, price.currency)
        said.append(_("at most {amount} together").format(amount=most))
    said.append(about(price.seconds))
    if price.warm:
        said.append(_("the first reads the document, the others find it in the cache"))
    return " · ".join(said)


def label(price: Together) -> str:
    """The words of the button; not yet escaped."""
    asked = plural(price.questions, "Ask {number:,} question", "Ask {number:,} questions")
    if price.expected is None:
        return asked
    if not price.ceiling:
        return f"{asked} · {_('free')}"
    cost = money(price.expected, price.currency)
    return f"{asked} · {_('about {amount}').format(amount=cost)}"


def submit(state: State, way: Way, agreed: Confirm | None = None) -> None:
    """Plan them all and hand them to the engine; above the threshold a person is asked once.

    Raises `KimiqaError` where one of them cannot run; nothing was sent then.
    """
    plans = _plans(state, way.strategy)
    if agreed is None and _needs_a_word(state, plans):
        price = together(plans, desk.model(state))
        said = _("{price}: which is above the threshold of the settings.").format(
            price=in_words(price)
        )
        state.confirm = Confirm(said, way, over_cap=False)
    else:
        asking.start_many(state, plans, way.strategy)


def _plans(state: State, strategy: Strategy) -> list[Plan]:
    questions = lines(state.choices.question)
    if len(questions) > MOST:
        raise BadRequestError(
            say(
                "There are {questions:,} questions; {most} are asked at once at most.",
                questions=len(questions),
                most=MOST,
            ),
            say("Take some of the lines out."),
        )
    client = desk.client(state)
    talk = asking.alone(Talk(ready(state), client.ledger, state.conversation))
    conversation, options = Conversation(client, talk), desk.options(state)
    return [conversation.plan(each, strategy=strategy, **options) for each in questions]


def _needs_a_word(state: State, plans: list[Plan]) -> bool:
    settings, costs = desk.setup(state).settings, [plan.estimate.cost for plan in plans]
    units = {cost.currency for cost in costs}
    above = settings.confirm_in(units.pop()) if len(units) == 1 else None
    return above is not None and sum((c.ceiling or Decimal(0) for c in costs), Decimal(0)) > above

"""A question that is pressed: planned and given to the engine, or the sentence that forbids it."""

from __future__ import annotations

from decimal import Decimal

from kimiqa.errors import KimiqaError, OverCapError
from kimiqa.figures import at_most
from kimiqa.plan import Plan, Strategy, Way
from kimiqa.ui import asking, desk, several
from kimiqa.ui.calm import sentence
from kimiqa.ui.state import Confirm, State
from kimiqa.ui.text import price_range
from kimiqa.ui.words import _


def submit(state: State, question: str, way: Way, agreed: Confirm | None = None) -> None:
    """Plan the question and give it to the engine; what forbids it is shown, not raised."""
    state.confirm, state.problem = None, ""
    if state.choices.each_line:
        _submit_many(state, way, agreed)
        return
    lifted = agreed is not None and agreed.over_cap
    try:
        plan = _planned(state, question, way, way.estimate.cost.ceiling if lifted else None)
    except OverCapError as refusal:
        _over_cap(state, question, way, refusal, lifted=lifted)
    except KimiqaError as error:
        state.problem = sentence(error)
    else:
        if agreed is None and desk.client(state).needs_a_word(plan):
            state.confirm = Confirm(_above_threshold(way), way, over_cap=False)
        else:
            asking.start(state, plan)


def _submit_many(state: State, way: Way, agreed: Confirm | None) -> None:
    try:
        several.submit(state, way, agreed)
    except KimiqaError as error:
        state.problem = sentence(error)


def _planned(state: State, question: str, way: Way, max_cost: Decimal | None) -> Plan:
    strategy: Strategy = way.strategy if state.choices.strategy else "auto"
    options = desk.options(state)
    if max_cost is not None:
        strategy, options["max_cost"] = way.strategy, max_cost
    return desk.talk(state).plan(question, strategy=strategy, **options)


def _over_cap(
    state: State, question: str, way: Way, refusal: OverCapError, *, lifted: bool
) -> None:
    """Offer to go on where that helps: a cap for the day or the month cannot be lifted here."""
    ceiling = way.estimate.cost.ceiling
    try:
        if lifted or ceiling is None:
            raise refusal
        _planned(state, question, way, ceiling)
    except KimiqaError as error:
        state.problem = sentence(error)
    else:
        state.confirm = Confirm(refusal.message, way, over_cap=True)


def _above_threshold(way: Way) -> str:
    cost = way.estimate.cost
    ceiling = at_most(cost.ceiling or Decimal(0), cost.currency)
    return _(
        "This question may cost up to {ceiling} (expected {range}), which is above the threshold "
        "of the settings."
    ).format(ceiling=ceiling, range=price_range(cost))

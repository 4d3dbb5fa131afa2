"""What to weigh before asking: other efforts and lengths, and the same on other models."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import streamlit as st

from kimiqa.comparing import Offer, few
from kimiqa.efforts import Effort
from kimiqa.figures import at_most
from kimiqa.plan import Strategy, Way
from kimiqa.planner import STRATEGIES
from kimiqa.ui import desk
from kimiqa.ui.latest import Latest, T
from kimiqa.ui.state import State, ready
from kimiqa.ui.sums import table
from kimiqa.ui.text import duration, escape, money_range, price_range
from kimiqa.ui.words import _, plural, told

SHOWN_MODELS = 15
SHOWN_SMALL = 6
EXPECTED = "Expected, low to high"
"""The second column of both tables."""


@dataclass(slots=True)
class Weighed:
    """What was weighed for this page."""

    efforts: Latest[list[Effort]] = field(default_factory=Latest)
    offers: Latest[list[Offer]] = field(default_factory=Latest)
    of_answers: dict[str, Latest[list[Offer]]] = field(default_factory=dict)
    """By the number of the answer's call."""


def show(state: State, question: str, way: Way) -> None:
    """Two tables, made when they are opened and not before."""
    if way.model == "local" or way.strategy not in STRATEGIES:
        return  # of several calls there is no one prompt to weigh
    fold = st.expander(_("Other efforts, lengths and models"), key="weigh", on_change="rerun")
    if not fold.open:
        return
    names = [_("Efforts and lengths"), _("Other models")]
    lengths, models = fold.tabs(names, key="weigh-tab", on_change="rerun")
    if lengths.open:
        with lengths:
            _efforts(state, question, way)
    if models.open:
        with models:
            offers(_offers(state, question, way.strategy), "weigh")


def _efforts(state: State, question: str, way: Way) -> None:
    options = desk.options(state) | {"max_completion_tokens": None}
    client = desk.client(state)
    found = _kept(
        state,
        state.of(Weighed).efforts,
        (question, way.strategy, *options.values()),
        lambda: client.efforts(ready(state), question=question, strategy=way.strategy, **options),
    )
    head = ["Effort, longest answer", EXPECTED, "At most", "Time"]
    rows = [_effort_row(each) for each in found]
    st.markdown(table([_(each) for each in head], rows, numbers=range(1, 4)))
    for why in dict.fromkeys(each.reason for each in found if each.reason and not each.fits):
        st.caption(escape(why))
    _length(state, sorted({each.max_completion_tokens for each in found}))


def _effort_row(each: Effort) -> list[str]:
    cost, seconds = each.estimate.cost, each.estimate.seconds
    ceiling = "–" if cost.ceiling is None else at_most(cost.ceiling, cost.currency)
    effort = f"{each.effort}, " if each.effort else ""
    note = _("cannot run") if not each.fits else _("often cut off") if each.cut else ""
    return [
        f"{effort}{each.max_completion_tokens:,}" + (f" ({note})" if note else ""),
        price_range(cost),
        ceiling,
        f"{duration(seconds.low)} – {duration(seconds.high)}",
    ]


def _length(state: State, lengths: Sequence[int]) -> None:
    """The longest answer, for the next question; the prices above follow at once."""
    choices, key = [0, *lengths], "answer-length"
    now = state.choices.length if state.choices.length in choices else 0

    def chosen() -> None:
        state.choices.length = st.session_state[key] or 0

    st.radio(
        _("Longest answer, in tokens, thinking included"),
        choices,
        index=choices.index(now),
        key=key,
        format_func=lambda each: f"{each:,}" if each else _("as usual"),
        horizontal=True,
        on_change=chosen,
    )


# Other models -----------------------------------------------------------------------------------


def _offers(state: State, question: str, strategy: Strategy) -> list[Offer]:
    options, client = desk.options(state), desk.client(state)
    return _kept(
        state,
        state.of(Weighed).offers,
        (question, strategy, *options.values()),
        lambda: client.compare(question, ready(state), strategy=strategy, **options),
    )


def of_answer(state: State, call: str) -> list[Offer]:
    """A finished answer on every model known.

    Raises `KimiqaError` where its documents or its usage are not known any more.
    """
    client, known = desk.client(state), state.of(Weighed).of_answers
    kept = known.setdefault(call, Latest())
    return _kept(state, kept, (), lambda: client.compare(None, answer=call))


def _kept(state: State, kept: Latest[T], key: tuple[object, ...], make: Callable[[], T]) -> T:
    """What was weighed for this question, until anything changes that it rests on."""

    def counted() -> T:
        with st.spinner(_("Counting …")):
            return make()

    return kept.made_for((desk.client(state), tuple(state.documents), *key), counted)


def offers(found: Sequence[Offer], key: str) -> None:
    """The cheapest that fit, the model that is asked among them, and what does not fit and why."""
    if not found:
        st.caption(_("No other model is known here."))
        return
    words = st.text_input(
        _("Only models whose names hold"), key=f"{key}-named", placeholder=_("kimi, glm")
    )
    named = [each.strip().lower() for each in (words or "").split(",") if each.strip()]
    found = [each for each in found if not named or any(n in each.model.lower() for n in named)]
    priced = [each for each in found if each.cost and each.fits is not False]
    shown = few(found, SHOWN_MODELS)
    head = ["Model", EXPECTED, "Prompt tokens"]
    rows = [_offer_row(each) for each in shown]
    st.markdown(table([_(each) for each in head], rows, numbers=range(1, 3)))
    st.caption(_("Nothing cached. ± is the margin where another vocabulary counted."))
    _unfit([each for each in found if each.fits is False])
    unpriced = sum(each.cost is None and each.fits is not False for each in found)
    rest = len(priced) - len(shown)
    if rest:
        fit = plural(
            rest, "{number:,} more fits and costs more.", "{number:,} more fit and cost more."
        )
        st.caption(escape(fit))
    if unpriced:
        priceless = plural(
            unpriced, "{number:,} has no known price.", "{number:,} have no known price."
        )
        st.caption(escape(priceless))


def _offer_row(each: Offer) -> list[str]:
    assert each.cost is not None, "only what has a price is shown"
    margin = f" ± {each.margin:.0%}" if each.margin else ""
    return [
        _("{model}, {provider} (asked)").format(model=each.model, provider=each.provider)
        if each.asked
        else f"{each.model}, {each.provider}",
        money_range(each.cost.low, each.cost.high, each.currency),
        f"{each.prompt_tokens:,}{margin}",
    ]


def _unfit(small: Sequence[Offer]) -> None:
    if not small:
        return
    for each in small[:SHOWN_SMALL]:
        words = _("Does not fit: {model}, {provider}. {why}").format(
            model=each.model, provider=each.provider, why=told(each.reason or "")
        )
        st.caption(escape(words))
    more = len(small) - SHOWN_SMALL
    if more > 0:
        too_small = plural(more, "{number:,} more is too small.", "{number:,} more are too small.")
        st.caption(escape(too_small))

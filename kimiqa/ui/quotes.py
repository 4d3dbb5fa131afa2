"""How good the quotes were: the figures of `kimiqa ledger --accuracy` on the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from kimiqa.ledger import Accuracy, Ledger, Scores
from kimiqa.ui.sums import table
from kimiqa.ui.text import escape
from kimiqa.ui.words import _, plural

SHOWN = 40
FIRST = {
    "calls": "Calls",
    "cost in range": "Inside",
    "off by": "Off by",
    "from cache": "From cache",
}
"""The figures of `Scores.in_words` that a person asks for; a telephone has no room for more
columns."""

MORE = (
    {
        "score": "Score",
        "width": "Width",
        "time in range": "Time inside",
    },
    {
        "prompt exact": "Prompt exact",
        "cache exact": "Cache exact",
        "ceilings passed": "Ceilings passed",
    },
)


def show(ledger: Ledger) -> None:
    """Every figure of the scores, and in words how many receipts cost what was quoted."""
    st.subheader(_("How good the quotes were"), anchor=False)
    st.caption(escape(accuracy_line(ledger.accuracy())))
    scores = ledger.scores()[:SHOWN]
    if not scores:
        return
    head = [_("Quotes for"), *(_(name) for name in FIRST.values())]
    st.markdown(table(head, _rows(scores, FIRST), numbers=range(1, len(head))))
    st.caption(
        _(
            "Nine of ten costs should lie inside the range. Off by is the median distance from "
            "what was expected."
        )
    )
    passed = sum(each.ceilings_passed for each in scores)
    st.caption(_("Ceilings passed: {number:,}").format(number=passed))
    with st.expander(_("More about the quotes")):
        for figures in MORE:
            head = [_("Quotes for"), *(_(name) for name in figures.values())]
            st.markdown(table(head, _rows(scores, figures), numbers=range(1, len(head))))
        st.caption(
            _(
                "The score is the width of the range, and twenty times what lies outside, in "
                "multiples of the cost: lower is better. Exact is to the token."
            )
        )


def _rows(scores: Sequence[Scores], figures: Mapping[str, str]) -> list[list[str]]:
    return [[_of_what(each), *(each.in_words()[name] for name in figures)] for each in scores]


def _of_what(each: Scores) -> str:
    return ", ".join(filter(None, (each.model, each.strategy, each.effort)))


def accuracy_line(found: Accuracy) -> str:
    """How many receipts cost what was quoted; not yet escaped."""
    if not found.calls or found.cost_within is None:
        return _("No quote has been tested by a receipt yet.")
    return plural(
        found.calls,
        "{share:.0%} of {number:,} receipt cost what was quoted; the prompt was off by {off:.1%} "
        "(median).",
        "{share:.0%} of {number:,} receipts cost what was quoted; the prompt was off by {off:.1%} "
        "(median).",
        share=found.cost_within,
        off=found.prompt_error or 0,
    )

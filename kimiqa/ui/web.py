"""Web search in research: a number of searches, none until somebody wants some."""

from __future__ import annotations

import streamlit as st

from kimiqa.research.web import MOST_SEARCHES
from kimiqa.ui import desk
from kimiqa.ui.state import State
from kimiqa.ui.text import escape, money
from kimiqa.ui.words import _


def choice(state: State) -> None:
    """How many times the web may be searched; nothing where no price of a search is known."""
    price = desk.model(state).price
    if price is None or price.web_search is None:
        return

    def chosen() -> None:
        state.choices.web_searches = int(st.session_state["choice-web"])

    st.session_state.setdefault("choice-web", state.choices.web_searches)
    each = escape(money(price.web_search, price.currency))
    st.number_input(
        _("Web searches, at most"),
        min_value=0,
        max_value=MOST_SEARCHES,
        key="choice-web",
        on_change=chosen,
        help=_(
            "Each costs {price} beside the tokens of what it finds, and may carry words of the "
            "document to a search engine. What comes from the web is not checked."
        ).format(price=each),
    )

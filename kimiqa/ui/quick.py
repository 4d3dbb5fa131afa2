"""What runs alone: a choice that changes only prices runs the question's part of the page."""

from __future__ import annotations

from contextlib import suppress

import streamlit as st
from streamlit.errors import StreamlitAPIException

PRICED = "priced"
"""The part of the page that is priced: the question, its ways, the button that asks."""


def reprice() -> None:
    """Count the prices again, and leave the rest of the page as it is; for the end of a widget's
    callback. Where nothing is priced just now, the whole page runs."""
    with suppress(StreamlitAPIException):
        st.rerun(PRICED)

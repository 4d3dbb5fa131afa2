"""Errors as sentences: what a person reads where something did not work."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import ParamSpec

import streamlit as st

from kimiqa.errors import KimiqaError
from kimiqa.ui.text import for_readers, lines
from kimiqa.ui.words import _

P = ParamSpec("P")
log = logging.getLogger("kimiqa.app")


def show_error(error: KimiqaError) -> None:
    """The sentence, and the next step under it."""
    st.error(lines(sentence(error)), icon=":material/error:")


def sentence(error: KimiqaError) -> str:
    """The same in the reader's language, to be shown later; not yet escaped."""
    return "\n".join(for_readers(each) for each in (error.message, error.hint) if each)


def calm(part: Callable[P, None]) -> Callable[P, None]:
    """A part of the page whose failure is a sentence and never a traceback."""

    @functools.wraps(part)
    def shown(*arguments: P.args, **named: P.kwargs) -> None:
        try:
            part(*arguments, **named)
        except KimiqaError as error:
            show_error(error)
        except Exception as error:
            # The type alone: a message may hold what does not belong into a log.
            log.error("A part of the page failed with %s.", type(error).__name__)
            st.error(_("This part of the page could not be shown. Reload it; nothing is lost."))

    return shown

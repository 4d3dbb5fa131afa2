"""What lives in the browser alone: a countdown, marks that open their page, a draft that is kept,
a server that is gone, and how the page is dressed.

Streamlit has none of it. Each is a few lines of our own that never see a document's text.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from kimiqa.ui.words import _, spoken

FOLDER = Path(__file__).resolve().parent.parent / "data"
PARTS = ("axios", "Selectbox", "Radio", "Checkbox", "Progress", "TextArea", "Metric")
"""The parts of Streamlit's page that come with the first document, in the order of their use."""
QUIET = "p{margin:0;font-size:.875rem;color:var(--st-text-color);opacity:.75}"


@cache
def _component(name: str) -> Any:
    script = (FOLDER / f"{name}.js").read_text(encoding="utf-8")
    if name == "dress":
        style = (FOLDER / "page.css").read_text(encoding="utf-8")
        return st.components.v2.component(
            "kimiqa_dress", css=style, js=script, isolate_styles=False
        )
    if name == "countdown":
        return st.components.v2.component(f"kimiqa_{name}", html="<p></p>", css=QUIET, js=script)
    return st.components.v2.component(f"kimiqa_{name}", js=script)


def countdown(key: str, seconds: float, label: str, over: str, on_over: Callable[[], None]) -> None:
    """`label` and the time that is left, counted by the browser; `on_over` is called once."""
    told = {"seconds": round(seconds), "label": label, "over": over}
    _component("countdown")(key=key, data=told, on_over_change=on_over, width="content")


def reach_citations(
    conversation: str, turn: int, at: int, count: int, opened: Callable[[int], None]
) -> None:
    """Let a click on one of `count` marks in an answer open its page (`opened` is told which), and
    bring the open one into sight."""
    key = f"citations-{turn}"

    def pressed() -> None:
        number = st.session_state[key].open
        if isinstance(number, int) and 0 <= number < count:
            opened(number)

    told = {"conversation": conversation, "turn": turn, "at": at, "drawn": time.time()}
    _component("citations")(key=key, data=told, height=1, on_open_change=pressed)


def keep_draft(field: str, given: str) -> None:
    """Let what is typed into a field survive a reload, also where it was not left yet. `given`
    names the question that was put there for the reader, if one was."""
    _component("draft")(key="draft", data={"key": field, "given": given}, height=1)


def notice_loss() -> None:
    """Say it in the page's own words where its server is gone."""
    told = {
        "words": _(
            "kimiqa is not running or cannot be reached. Your documents and answers are kept. "
            "Start it again, then reload."
        ),
        "again": _("Reload"),
    }
    _component("lost")(key="lost", data=told, height=1)


def bring_parts() -> None:
    """Let the browser fetch what a page with a document is drawn with, before there is one."""
    _component("parts")(key="parts", data=_parts(), height=1)


@cache
def _parts() -> list[str]:
    """The files of these parts, as this version of Streamlit calls them."""
    folder = Path(st.__file__).parent / "static" / "static" / "js"
    found = (folder.glob(f"{part}.*.js") for part in PARTS)
    return [path.name for each in found for path in each]


def dress() -> None:
    """What the page looks like beyond Streamlit's own theme, `page.css` says where and why; and
    which language it speaks."""
    _component("dress")(key="dress", data={"language": spoken()}, height=1)

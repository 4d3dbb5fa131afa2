"""Kimi's file extraction as a reader: what it sends is said first, and it is never a default."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import streamlit as st

from kimiqa import extracting
from kimiqa.client import Client
from kimiqa.document import Document
from kimiqa.errors import KimiqaError
from kimiqa.settings import home_folder
from kimiqa.store import store_for
from kimiqa.ui import desk, history, sizes
from kimiqa.ui.engine import Job, engine
from kimiqa.ui.state import State, new_conversation
from kimiqa.ui.text import escape
from kimiqa.ui.words import _

TICK_SECONDS = 0.5


@dataclass(slots=True)
class Asked:
    """The document of which somebody asked what would be sent."""

    document: str = ""


def show(state: State, document: Document) -> None:
    """The reading, while it goes on; and what would be sent, once that was asked for."""
    job = engine().latest(_key(document.id))
    if job is not None and not job.running:
        _settled(state, job, document.id)
    elif job is not None:
        _progress(document.id)
    elif state.of(Asked).document == document.id:
        _notice(state, document)


def offer(state: State, document: Document) -> None:
    """The button that asks what would be sent."""

    def asked() -> None:
        state.of(Asked).document = document.id

    st.button(
        _("Have Kimi read the file"),
        key=f"extract-ask-{document.id}",
        icon=":material/upload_file:",
        on_click=asked,
        help=_("For files that are read badly here. What is sent is said first."),
    )


def _key(document_id: str) -> str:
    """What the engine calls the extraction of a document."""
    return f"{home_folder()}:{document_id}:extraction"


def is_offered(state: State, document: Document) -> bool:
    """Whether the endpoint in use extracts the text of files."""
    used = desk.setup(state)
    if used.embedded or used.target.needs_key:
        return False
    here = store_for(home_folder()).source(document.id).exists()
    return here and extracting.is_offered(used.target.base_url)


def _notice(state: State, document: Document) -> None:
    """What would be sent, before anything is."""
    try:
        upload = desk.client(state).upload_of(
            store_for(home_folder()).source(document.id), name=document.name
        )
    except KimiqaError as error:
        _not_asked(state)
        st.warning(escape(str(error)), icon=":material/block:")
        return
    said = _(
        "What Kimi reads takes this document's place: its pages are not the file's own, and have "
        "no picture."
    )
    st.info(f"{escape(upload.notice)}  \n{said}", icon=":material/outbound:")
    row = st.container(horizontal=True)
    row.button(
        _("Send the file"),
        key=f"extract-{document.id}",
        on_click=_start,
        args=(state, document, upload),
    )
    row.button(
        _("Not now"),
        key=f"extract-not-{document.id}",
        on_click=_not_asked,
        args=(state,),
    )


def _not_asked(state: State) -> None:
    state.of(Asked).document = ""


def _start(state: State, document: Document, upload: extracting.Upload) -> None:
    _not_asked(state)
    model, options = state.choices.model or None, desk.client_options(state)

    def steps() -> Iterator[Any]:
        with Client(model, **options) as client:
            yield extracting.keep(client.extract(upload), home_folder())

    engine().read(_key(document.id), document.name, steps)


@st.fragment(run_every=TICK_SECONDS)
def _progress(document_id: str) -> None:
    job = engine().latest(_key(document_id))
    if job is None or not job.running:
        st.rerun()
        return
    st.progress(0.5, text=_("Kimi reads {name}").format(name=escape(job.title)))


def _settled(state: State, job: Job, document_id: str) -> None:
    """Put what Kimi has read in the place of the document; the answers so far were about that."""
    engine().forget(job)
    made = job.last(Document)
    if made is None:
        error = job.error or KimiqaError(_("Reading it was stopped."))
        st.warning(escape(str(error)), icon=":material/block:")
        return
    at = state.documents.index(document_id)
    others = [each for each in state.documents if each != made.id]
    state.documents = [*others[:at], made.id, *others[at + 1 :]]
    state.opened[made.id], state.names[made.id] = made, made.name
    desk.forget_documents(state)
    history.forget(state)
    sizes.forget(state)
    new_conversation(state)
    st.rerun()

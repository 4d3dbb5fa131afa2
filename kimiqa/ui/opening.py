"""Where documents come from: an upload, a path on this computer, the samples."""

from __future__ import annotations

import streamlit as st

from kimiqa.samples import sample_documents
from kimiqa.ui import desk, intake, library, uploads
from kimiqa.ui.state import State
from kimiqa.ui.text import escape
from kimiqa.ui.words import _

LOOPBACK = ("127.0.0.1", "localhost", "::1")
FORWARDED = ("X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Forwarded", "Via")


def add(state: State) -> None:
    """Files, a folder, or a path: everything that brings documents in."""
    uploads.files(state, _("Drop documents here, or a folder"))
    with st.expander(_("A whole folder, or a path"), icon=":material/folder_open:"):
        _more(state)


def add_folded(state: State) -> None:
    """The same behind one line, where documents are there already."""
    fold = st.expander(
        _("Add documents"), icon=":material/add:", key="add-documents", on_change="rerun"
    )
    if not fold.open:
        return
    with fold:
        uploads.files(state, _("Drop documents here, or a folder"))
        _more(state)


def _more(state: State) -> None:
    uploads.folder(state)
    path_field(state)


def path_field(state: State) -> None:
    """A path, where the page runs on the reader's own computer."""
    if not on_this_computer():
        return
    with st.form(f"path-{state.uploads}", border=False):
        # Beside each other where there is room for both; at the side there is none.
        row = st.container(horizontal=True, vertical_alignment="bottom")
        path = row.text_input(
            _("Or name a file or a folder on this computer"), placeholder="~/Documents/lease.pdf"
        )
        if row.form_submit_button(_("Open")) and path.strip():
            intake.take_path(state, path)
            state.uploads += 1
            st.rerun()


def on_this_computer() -> bool:
    """Whether only this computer can have asked: the server listens here alone, and was not
    spoken to under another name, as it is through a proxy."""
    if st.get_option("server.address") not in LOOPBACK:
        return False
    headers = st.context.headers
    host = (headers.get("Host") or LOOPBACK[0]).rpartition("@")[2]
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    return name in LOOPBACK and not any(headers.get(each) for each in FORWARDED)


def sample_button(state: State) -> None:
    """A real document to try everything with."""
    found = sample_documents()
    if found and st.button(_("Try a sample"), key="sample", icon=":material/description:"):
        intake.take_path(state, str(found[-1]))
        st.rerun()


def welcome(state: State) -> None:
    """The page when nothing is open yet: what to do first."""
    st.title(_("Ask a long document"), anchor=False)
    st.markdown(
        _(
            "See what it holds, what each way of asking would cost, and ask. "
            "Every answer names its pages, and every quote is checked against them."
        )
    )
    with st.container(border=True):
        add(state)
    library.show(state)
    sample_button(state)
    names = ", ".join(escape(path.name) for path in sample_documents())
    words = _("Samples: {names}")
    if desk.setup(state).embedded:
        words = _("No key is needed to begin: quotes are found on this computer. Samples: {names}")
    st.caption(words.format(names=names))

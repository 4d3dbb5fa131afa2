"""Uploads: taken from the browser once, and then let go of, for Streamlit would keep them."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile

from kimiqa.ui import intake
from kimiqa.ui.state import State
from kimiqa.ui.words import _


def files(state: State, label: str) -> None:
    """A place for files, and for a folder that is dropped on it.

    Every kind is let in: of what the browser turns away the page would learn nothing, and its
    word on that goes with the widget. What cannot be read is refused with its reason.
    """
    _take(
        state,
        st.file_uploader(
            label,
            accept_multiple_files=True,
            key=f"upload-{state.uploads}",
            help=_(
                "PDF, Word, PowerPoint, Excel, EPUB, web pages, plain text and Markdown, up to "
                "256 MB each. Everything stays on this computer until you ask."
            ),
        ),
    )


def folder(state: State) -> None:
    """A folder to choose, with everything in it that can be read."""
    _take(
        state,
        st.file_uploader(
            _("Or choose a whole folder"),
            type=list(intake.KINDS),
            accept_multiple_files="directory",
            key=f"upload-folder-{state.uploads}",
            help=_("All that can be read in it, also in the folders inside it."),
        ),
    )


def _take(state: State, found: Sequence[UploadedFile]) -> None:
    """Put the bytes on disk at once, then forget the widget."""
    if not found:
        return
    taken = []
    for file in found:
        taken.append(intake.take(file, file.name))
        release(file)
    intake.place(state, taken)
    state.uploads += 1
    st.rerun()


def release(file: UploadedFile) -> None:
    """Free an upload's bytes: they would stay in memory for as long as its visitor does."""
    context = get_script_run_ctx()
    manager = context.uploaded_file_mgr if context else None
    if context and isinstance(manager, MemoryUploadedFileManager):
        manager.remove_file(session_id=context.session_id, file_id=file.file_id)
    file.close()

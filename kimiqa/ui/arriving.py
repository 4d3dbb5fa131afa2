"""What is on its way in: progress per file, passwords in place, and what was refused."""

from __future__ import annotations

import streamlit as st

from kimiqa.document import Preview
from kimiqa.plan import Progress
from kimiqa.ui import intake, reading
from kimiqa.ui.calm import calm
from kimiqa.ui.engine import Job
from kimiqa.ui.state import Refused, State
from kimiqa.ui.text import escape, shortened
from kimiqa.ui.words import _, counted, plural

TICK_SECONDS = 0.3
SHOWN = 6


def settle(state: State) -> None:
    """Take in what the engine has finished."""
    intake.settle_folders(state)
    reading.settle(state)


def show(state: State) -> None:
    """Progress per file, passwords in place, and what was refused."""
    # A job may have ended since this run began: the progress then has the page shown anew.
    if _jobs(state) or intake.unsettled(state) or reading.unsettled(state):
        _show_progress(state)
    for document_id in state.documents:
        if reading.is_locked(state, document_id):
            _ask_password(state, document_id)
    if state.arrived and not state.shelved:
        _show_arrived(state)
    if state.refused:
        _show_refused(state)


def _jobs(state: State) -> list[Job]:
    return [*intake.folder_jobs(state), *reading.jobs(state)]


# Progress ---------------------------------------------------------------------------------------


@st.fragment(run_every=TICK_SECONDS)
def _show_progress(state: State) -> None:
    before = _standing(state)
    reading.wait(state, TICK_SECONDS - 0.05)
    settle(state)
    running = _jobs(state)
    if not running or _standing(state) != before:
        st.rerun()
    begun = [job for job in running if job.log]
    shown = (begun or running)[:SHOWN]
    for job in shown:
        calm(_show_job)(job)
    if len(running) > 1:
        _show_rest(running, len(running) - len(shown))


def _standing(state: State) -> tuple[int, int, int]:
    """What the rest of the page rests on: it is shown anew once this changes."""
    return len(state.opened), len(state.documents), len(state.refused)


def _show_rest(running: list[Job], waiting: int) -> None:
    row = st.container(horizontal=True, vertical_alignment="center")

    def stop() -> None:
        for job in running:
            job.stop()

    row.button(_("Stop all"), key="stop-all", on_click=stop, icon=":material/stop:")
    if waiting:
        row.caption(f"{counted(waiting, 'file waits', 'files wait')}")


def _show_job(job: Job) -> None:
    name, stop = st.columns([5, 1], vertical_alignment="bottom")
    share, words = _folder(job) if job.last(intake.Found) else _file(job)
    name.progress(min(share, 1.0), text=words)
    stop.button(
        _("Stop"),
        key=f"stop-{job.id}",
        help=escape(shortened(job.title, 60)),
        on_click=job.stop,
        width="stretch",
    )


def _folder(job: Job) -> tuple[float, str]:
    done, total = intake.copying(job)
    words = _("Opening {name}").format(name=escape(job.title))
    if not total:
        return 0.0, words
    files = plural(total, "{done:,} of {number:,} file", "{done:,} of {number:,} files", done=done)
    return done / total, f"{words} · {files}"


def _file(job: Job) -> tuple[float, str]:
    step, preview = job.last(Progress), job.last(Preview)
    done, total = (step.done, step.total) if step else (0, None)
    words = [_doing(job, step).format(name=escape(job.title))]
    if total:
        words.append(
            plural(total, "{done:,} of {number:,} page", "{done:,} of {number:,} pages", done=done)
        )
    if preview:
        words.append(
            plural(preview.rough_tokens, "about {number:,} token", "about {number:,} tokens")
        )
    return done / total if total else 0.0, " · ".join(words)


def _doing(job: Job, step: Progress | None) -> str:
    if not job.log:
        return _("Waiting: {name}")
    return _("Checking {name}") if step and step.step == "checking" else _("Reading {name}")


# Passwords --------------------------------------------------------------------------------------


def _ask_password(state: State, document_id: str) -> None:
    name = escape(reading.name_of(state, document_id))
    tried = document_id in state.passwords
    with st.form(f"password-{document_id}", clear_on_submit=True):
        st.markdown(_("{name} is protected by a password.").format(name=f"**{name}**"))
        if tried:
            st.caption(_("That password does not open it."))
        password = st.text_input(_("Password"), type="password", autocomplete="off")
        row = st.container(horizontal=True)
        opened = row.form_submit_button(_("Open"))
        left_out = row.form_submit_button(_("Leave it out"), key=f"drop-{document_id}")
    if left_out:
        reading.drop(state, document_id)
        st.rerun()
    if opened and password:
        reading.unlock(state, document_id, password)
        st.rerun()


# What came of it --------------------------------------------------------------------------------


def _show_arrived(state: State) -> None:
    """Many together go to the library, where those are chosen that are asked."""
    read = plural(
        state.arrived,
        "{number:,} document was read into the library. Tick there what you ask together.",
        "{number:,} documents were read into the library. Tick there what you ask together.",
    )
    row = st.container(horizontal=True, vertical_alignment="center")
    row.success(
        read,
        icon=":material/library_books:",
    )

    def seen() -> None:
        state.arrived = 0
        state.view = "library"

    label = _("Fine") if state.view == "library" else _("Open the library")
    row.button(label, key="arrived", on_click=seen)


def _show_refused(state: State) -> None:
    for refused in state.refused[:SHOWN]:
        _show_one(refused)
    more = state.refused[SHOWN:]
    if more:
        with st.expander(
            plural(len(more), "{number:,} more was not opened", "{number:,} more were not opened")
        ):
            for refused in more[:200]:
                st.markdown(f"**{escape(shortened(refused.name, 80))}** {escape(refused.reason)}")
    if st.button(_("Dismiss"), key="dismiss-refused"):
        state.refused.clear()
        st.rerun()


def _show_one(refused: Refused) -> None:
    st.warning(
        _("{name} was not opened. {why}").format(
            name=f"**{escape(shortened(refused.name, 80))}**", why=escape(refused.reason)
        ),
        icon=":material/block:",
    )

"""An answer on its way: replayed from the engine's log, in every tab, until it ends."""

from __future__ import annotations

import time

import streamlit as st

from kimiqa.errors import AuthError, NoKeyError
from kimiqa.plan import Cited, Finished, Progress, Reasoning, Started, Step, Text
from kimiqa.ui import box, history, trace
from kimiqa.ui.address import page_state
from kimiqa.ui.asking import SEVERAL, Unanswered, last_asked
from kimiqa.ui.calm import calm, show_error
from kimiqa.ui.engine import Job, engine
from kimiqa.ui.markdown import answer_markdown
from kimiqa.ui.state import State
from kimiqa.ui.text import duration, escape, price_range
from kimiqa.ui.words import _, plural, recalled, told

TICK_SECONDS = 0.4


def show(state: State) -> None:
    """The running answer; or how the last one ended, where it left no turn."""
    job = engine().latest(state.conversation)
    if job is None:
        return
    if job.running:
        _replay(state)
    elif not _kept(state, job):
        _ended(state, job)


def _kept(state: State, job: Job) -> bool:
    """Whether what the job brought stands in the conversation, whole or as far as it came."""
    if job.of(Unanswered):
        return False
    started, progress = job.last(Started), job.last(Progress)
    if started is None:
        whole = progress is not None and progress.step == SEVERAL
        return whole and progress.done == progress.total
    finished = job.last(Finished)
    # A plan of several calls has no number of its own: its turn has that of its last call.
    calls = {started.id, finished.answer.id if finished else ""} - {""}
    return any(turn.call in calls for turn in history.turns(state))


def aside(state: State) -> None:
    """What is being answered while another view is open, and the way to stop it."""
    job = engine().running(state.conversation)
    if job is not None:
        _beside()


@st.fragment(run_every=1.0)
def _beside() -> None:
    state = page_state()
    job = engine().running(state.conversation)
    if job is None:
        st.rerun()
    st.caption(escape(_standing(job)))
    _stop(st.container(), job)


@st.fragment(run_every=TICK_SECONDS)
def _replay(state: State) -> None:
    job = engine().latest(state.conversation)
    if job is None or not job.running:
        st.rerun()
    else:
        calm(_show_running)(job)


def _show_running(job: Job) -> None:
    _question(job)
    with st.container(border=True):
        _so_far(job, expanded=False)
        row = st.container(horizontal=True, vertical_alignment="center")
        _stop(row, job)
        row.caption(escape(_standing(job)))


def _stop(place: st.delta_generator.DeltaGenerator, job: Job) -> None:
    place.button(
        _("Stop"), key="stop", on_click=job.stop, icon=":material/stop:", disabled=job.stopped
    )


def _standing(job: Job) -> str:
    took = f"{duration(time.time() - job.started)}{_quoted(job)}"
    if job.stopped:
        return _("Stopping …")
    waiting, words = job.last(Progress), job.of(Text)
    if waiting is not None and not words and waiting.message:
        return f"{told(waiting.message)} · {took}"
    if words:
        return _("Answering · {time}").format(time=took)
    return (_("Thinking … {time}") if job.of(Reasoning) else _("Asking … {time}")).format(time=took)


def _quoted(job: Job) -> str:
    """What was quoted for it, as long as no receipt stands."""
    started = job.last(Started)
    cost = started.plan.estimate.cost if started else None
    if cost is None or not cost.ceiling:
        return ""
    return " · " + _("quoted {range}").format(range=price_range(cost))


def _question(job: Job) -> None:
    started = job.last(Started)
    st.markdown(f"**{escape(started.plan.question if started else job.title)}**")


def _so_far(job: Job, *, expanded: bool) -> None:
    """What has come: the thinking folded away, the answer with its checked marks."""
    thought = "".join(event.text for event in job.of(Reasoning))
    text = "".join(event.text for event in job.of(Text))
    trace.show(job.of(Step), expanded=job.running)
    if thought:
        reasoning(thought, expanded=expanded)
    if text:
        st.markdown(answer_markdown(text, [event.citation for event in job.of(Cited)]))
    elif job.running:
        st.skeleton(height=60)


def reasoning(text: str, *, expanded: bool = False) -> None:
    """The model's thinking: not the answer, but paid for."""
    about = plural(len(text), "Thinking · {number:,} character", "Thinking · {number:,} characters")
    with st.expander(about, expanded=expanded, icon=":material/psychology:"):
        st.text(text)


def _ended(state: State, job: Job) -> None:
    """A run that left no turn: an error, a stop, or an answer without words."""
    _question(job)
    with st.container(border=True):
        _so_far(job, expanded=False)
        finished = job.last(Finished)
        if job.error is not None:
            show_error(job.error)
        elif job.stopped:
            st.info(_("Stopped. What it cost, if anything, stands in the ledger."))
        trace.ended_early(state, job)
        for each in job.of(Unanswered):
            st.markdown(f"**{escape(each.question)}**")
            show_error(each.error)
        for warning in finished.answer.warnings if finished else ():
            st.warning(escape(recalled(warning)))
        row = st.container(horizontal=True)
        if row.button(_("Ask again"), key=f"again-{job.id}", icon=":material/refresh:"):
            _bring_back(state, job)
        if row.button(_("Dismiss"), key=f"dismiss-{job.id}"):
            engine().forget(job)
            st.rerun()
        if isinstance(job.error, AuthError | NoKeyError):
            _to_settings(state, row)


def _to_settings(state: State, row: st.delta_generator.DeltaGenerator) -> None:
    """Where a key was refused, the way to another one."""

    def settings() -> None:
        state.view = "settings"

    label = _("Key and settings")
    row.button(label, key="to-settings", icon=":material/settings:", on_click=settings)


def _bring_back(state: State, job: Job) -> None:
    """Put the question back into its box; asking it is a decision, for it costs again."""
    started = job.last(Started)
    missed = [each.question for each in job.of(Unanswered)]
    question = started.plan.question if started else last_asked(state)
    question = "\n".join(missed) or question
    box.put(state, question, job.id)
    engine().forget(job)
    st.rerun()

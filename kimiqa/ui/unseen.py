"""What no reader of a document would see: shown before anything is sent, and kept if wanted."""

from __future__ import annotations

import streamlit as st

from kimiqa.document import Document, Hidden
from kimiqa.pages import spans
from kimiqa.plan import Progress
from kimiqa.settings import home_folder
from kimiqa.ui import desk, pictures, sizes
from kimiqa.ui.engine import Job, engine
from kimiqa.ui.state import State
from kimiqa.ui.text import escape, shortened, unlinked, visible
from kimiqa.ui.words import _, counted, plural

TICK_SECONDS = 0.5
SHOWN = 12
LONGEST = 240
TAGS = {0xE0000 + letter: letter for letter in range(0x20, 0x7F)}


def show(state: State, document: Document) -> None:
    """What was left out and why, and a switch that sends it; a deep check while it goes on."""
    job = engine().latest(_key(document.id))
    if job is not None and not job.running:
        _settled(state, job)
    if job is not None and job.running:
        _progress(document.id)
    elif document.hidden_passages:
        found = counted(document.hidden_passages, "hidden passage", "hidden passages")
        with st.expander(found, key=f"unseen-{document.id}"):
            _passages(document)
            _choice(state, document)


def _key(document_id: str) -> str:
    """What the engine calls the deep check of a document."""
    return f"{home_folder()}:{document_id}:deep"


def _passages(document: Document) -> None:
    """The first of them: where, why, and what they say."""
    found = [(page.number, each) for page in document.pages for each in page.hidden]
    for number, each in found[:SHOWN]:
        where = document.place(number) or _("page {number:,}").format(number=number)
        st.caption(f"**{escape(where)}** · {escape(_(each.why))}")
        st.markdown(_quoted(each))
    if len(found) > SHOWN:
        st.caption(_("{number:,} more").format(number=len(found) - SHOWN))
    if document.unchecked_pages:
        pages = spans(document.unchecked_pages)
        st.caption(_("Not checked: page {pages}").format(pages=escape(pages)))


def _quoted(passage: Hidden) -> str:
    """A passage as it stands in the file, tags as the letters that a model reads in them; what
    shows as nothing is named by its number."""
    words = " ".join(passage.text.translate(TAGS).split())
    if not any(each.isprintable() and not each.isspace() for each in words):
        words = " ".join(f"U+{ord(each):04X}" for each in words[:20])
    return f"> {escape(visible(unlinked(shortened(words, LONGEST))))}"


def _choice(state: State, document: Document) -> None:
    """Left out, until it is switched on."""
    key = f"keep-hidden-{document.id}"

    def chosen() -> None:
        kept = set(state.choices.hidden_kept)
        kept.symmetric_difference_update({document.id})
        state.choices.hidden_kept = tuple(sorted(kept))
        desk.forget_documents(state)
        sizes.forget(state)

    st.session_state[key] = document.id in state.choices.hidden_kept
    st.toggle(
        _("Send it all the same"),
        key=key,
        on_change=chosen,
        help=_("Hidden text is left out: it may be there to tell a model what no person reads."),
    )


def deeper(document: Document) -> None:
    """The comparison with the pages' pictures, which takes a while."""
    if document.deeply_checked:
        st.caption(_("Each page was compared with its picture."))
        return
    st.button(
        _("Compare pages with their pictures"),
        key=f"deep-{document.id}",
        icon=":material/plagiarism:",
        on_click=_start,
        args=(document,),
        help=_("Finds text under other things, and letters that show something else. Free."),
    )


def _start(document: Document) -> None:
    engine().read(_key(document.id), document.name, lambda: document.checking(deep=True))


@st.fragment(run_every=TICK_SECONDS)
def _progress(document_id: str) -> None:
    job = engine().latest(_key(document_id))
    if job is None or not job.running:
        st.rerun()
        return
    step = job.last(Progress)
    done, total = (step.done, step.total or 1) if step else (0, 1)
    text = plural(
        total,
        "Comparing · {done:,} of {number:,} page",
        "Comparing · {done:,} of {number:,} pages",
        done=done,
    )
    st.progress(min(1.0, done / total), text=text)
    st.button(_("Stop"), key=f"stop-deep-{document_id}", on_click=job.stop)


def _settled(state: State, job: Job) -> None:
    engine().forget(job)
    desk.forget_documents(state)
    sizes.forget(state)
    pictures.forget(state)
    state.with_hidden.clear()
    if job.error is not None:
        st.warning(escape(str(job.error)), icon=":material/block:")

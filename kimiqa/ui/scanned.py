"""Pages without a text layer: read by OCR or by the model's eyes, price and time beside each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import streamlit as st

from kimiqa.document import Document
from kimiqa.errors import NoTextError
from kimiqa.plan import Progress
from kimiqa.scanned import ScanOffer
from kimiqa.seeing import SCANNED
from kimiqa.settings import home_folder
from kimiqa.ui import desk, sizes
from kimiqa.ui.calm import sentence, show_error
from kimiqa.ui.engine import Job, engine
from kimiqa.ui.state import State, ready
from kimiqa.ui.text import about, escape, lines, money
from kimiqa.ui.words import _, plural, told

TICK_SECONDS = 0.5
HERE = "here"
"""What tells the keys in the question's box from those at the side."""


@dataclass(slots=True)
class Scans:
    """What the ways to read scanned pages would cost: by documents with how many of their pages
    are scanned, and model."""

    offers: dict[tuple[tuple[tuple[str, int], ...], str], list[ScanOffer]] = field(
        default_factory=dict
    )


def settled(state: State, document: Document) -> Document:
    """The document with what OCR has read of it since."""
    job = engine().latest(_key(document.id))
    if job is not None and not job.running:
        _settled(state, job, document.id)
    return state.opened.get(document.id, document)


def is_reading(document: Document) -> bool:
    """Whether OCR reads it just now."""
    return engine().running(_key(document.id)) is not None


def show(state: State, document: Document) -> None:
    """Both ways to read a document's scanned pages; a reading that goes on shows how far it is."""
    if not document.pages_with("image") or not document.drawable:
        return
    if is_reading(document):
        _progress(state, document.id)
        return
    for offer in _offers(state, [document]):
        _by_ocr([document], offer) if offer.how == "ocr" else _by_eyes(state, document, offer)


def way_on(state: State, error: NoTextError) -> None:
    """No page that was asked for has text. With scans that is no fault: the ways to read them
    stand here too, for on a telephone the side is out of sight."""
    scans = [each for each in ready(state) if each.drawable and each.pages_with("image")]
    reading = [each for each in scans if is_reading(each)]
    for document in reading:
        _progress(state, document.id, HERE)
    if reading:
        return
    offers = [offer for offer in _offers(state, scans) if offer.fits]
    if not offers:
        show_error(error)
        return
    st.info(lines(sentence(error)), icon=":material/document_scanner:")
    for offer in offers:
        if offer.how == "ocr":
            _by_ocr(scans, offer, HERE)
        else:
            _by_eyes_here(state, offer)


def _key(document_id: str) -> str:
    """What the engine calls the OCR of a document."""
    return f"{home_folder()}:{document_id}:ocr"


def _offers(state: State, documents: Sequence[Document]) -> list[ScanOffer]:
    kept = state.of(Scans).offers
    held = tuple((each.id, len(each.pages_with("image"))) for each in documents)
    key = (held, desk.model(state).id)
    if key not in kept:
        kept[key] = desk.client(state).scanned(documents)
    return kept[key]


def _by_ocr(documents: Sequence[Document], offer: ScanOffer, at: str = "") -> None:
    st.button(
        plural(offer.pages, "Read {number:,} page by OCR", "Read {number:,} pages by OCR"),
        key=f"ocr-{at or documents[0].id}",
        disabled=not offer.fits,
        on_click=_start,
        args=(documents,),
        icon=":material/document_scanner:",
    )
    line = f"{told(offer.reason)} · {_('free')} · {about(offer.seconds)}"
    st.caption(escape(line if offer.fits else offer.reason))


def _by_eyes(state: State, document: Document, offer: ScanOffer) -> None:
    """One switch for all documents of the page: a question is asked of them together."""

    def switch() -> None:
        chosen = bool(st.session_state[f"eyes-{document.id}"])
        state.choices.pictures = SCANNED if chosen else ""
        desk.forget_prices(state)

    st.session_state[f"eyes-{document.id}"] = state.choices.pictures == SCANNED
    st.checkbox(
        _("Send pages without text as pictures"),
        key=f"eyes-{document.id}",
        on_change=switch,
        disabled=not offer.fits,
    )
    if not offer.fits:
        st.caption(escape(offer.reason))
        return
    _about_eyes(offer)


def _by_eyes_here(state: State, offer: ScanOffer) -> None:
    """The same as a button: it stands here only while it is off."""
    label = _("Send pages without text as pictures")
    if st.button(label, key=f"eyes-{HERE}", icon=":material/image:"):
        state.choices.pictures = SCANNED
        desk.forget_prices(state)
        st.rerun()
    _about_eyes(offer)


def _about_eyes(offer: ScanOffer) -> None:
    price = _("price unknown") if offer.cost is None else _priced(offer)
    line = f"{told(offer.reason)} · {price} · {about(offer.seconds)}."
    st.caption(escape(f"{line} {_('Quotes in them go unchecked.')}"))


def _priced(offer: ScanOffer) -> str:
    amount = money(offer.cost, offer.currency)
    return _("about {amount} more for a question").format(amount=amount)


def _start(documents: Sequence[Document]) -> None:
    for document in documents:
        engine().read(_key(document.id), document.name, document.reading_ocr)


@st.fragment(run_every=TICK_SECONDS)
def _progress(state: State, document_id: str, at: str = "") -> None:
    job = engine().latest(_key(document_id))
    if job is None or not job.running:
        st.rerun()
        return
    step = job.last(Progress)
    done, total = (step.done, step.total or 1) if step else (0, 1)
    text = plural(
        total,
        "Reading by OCR · {done:,} of {number:,} page",
        "Reading by OCR · {done:,} of {number:,} pages",
        done=done,
    )
    st.progress(done / total, text=text)
    st.button(_("Stop"), key=f"stop-ocr-{document_id}{at}", on_click=job.stop)


def _settled(state: State, job: Job, document_id: str) -> None:
    """Take in what was read, also up to a stop: it is in the store."""
    engine().forget(job)
    document = job.last(Document)
    if document is None:
        document = Document.stored(document_id, password=state.passwords.get(document_id))
    if document is not None and document_id in state.documents:
        for _step in document.checking():
            pass
        state.opened[document_id] = document
    desk.forget_prices(state)
    sizes.forget(state)
    state.of(Scans).offers.clear()
    if job.error is not None:
        st.warning(escape(str(job.error)), icon=":material/block:")

"""The documents of this page: what each holds, and which of its pages have no text."""

from __future__ import annotations

from dataclasses import dataclass, field

import streamlit as st

from kimiqa.document import Document
from kimiqa.pages import spans
from kimiqa.ui import desk, extracted, library, opening, private, reading, scanned, sizes, unseen
from kimiqa.ui.state import State, ready
from kimiqa.ui.text import escape, shortened
from kimiqa.ui.words import _, counted, plural, recalled

SHOWN_NOTES = 8
WITHOUT_TEXT = {
    "image": "only a picture",
    "empty": "empty",
    "failed": "could not be read",
}


@dataclass(slots=True)
class Shelf:
    """What the documents' files say of themselves, by id."""

    about: dict[str, str] = field(default_factory=dict)


def show(state: State) -> None:
    """Each document with its counts, and a place for more."""
    st.subheader(_("Documents"), anchor=False)
    numbers = {document_id: n for n, document_id in enumerate(state.documents, 1)}
    for document in ready(state):
        _entry(state, document, numbers[document.id])
    if state.view != "library":
        opening.add_folded(state)
    library.show(state, aside=True)


def _entry(state: State, document: Document, number: int) -> None:
    with st.container(border=True):
        st.markdown(_card(state, document, number))
        st.button(
            _("Remove"),
            key=f"remove-{document.id}",
            type="tertiary",
            help=_("Take it off this page. It stays on this computer."),
            on_click=reading.drop,
            args=(state, document.id),
        )
        private.rule(state, document)
        _without_text(state, document)
        unseen.show(state, document)
        extracted.show(state, document)
        _reading(state, document)


def _card(state: State, document: Document, number: int) -> str:
    """The name; the number in the prompt, pages and tokens; what the file says of itself."""
    lines = [f"D{number} · {counts(state, document)}", escape(_about(state, document))]
    lines.append(private.ruled(document))
    small = [f":small[{each}]" for each in lines if each]
    return "  \n".join([f"**{escape(shortened(document.name, 60))}**", *small])


def _reading(state: State, document: Document) -> None:
    """Who read which pages where that is worth a word, and what else can be tried."""
    notes: dict[str, list[int]] = {}
    for page in document.pages:
        if page.note:
            notes.setdefault(page.note, []).append(page.number)
    extracts = extracted.is_offered(state, document)
    if not (notes or document.drawable or extracts):
        return
    fold = st.expander(_("How it is read"), key=f"reading-{document.id}", on_change="rerun")
    if not fold.open:
        return
    with fold:
        for note, pages in list(notes.items())[:SHOWN_NOTES]:
            words = _("page {pages}: {note}").format(
                pages=escape(shortened(spans(pages), 100)), note=escape(recalled(note))
            )
            st.caption(words)
        if document.drawable:
            unseen.deeper(state.opened.get(document.id, document))
        if extracts:
            extracted.offer(state, document)


def _about(state: State, document: Document) -> str:
    """Title, author and year, as far as the file names them."""
    kept = state.of(Shelf).about
    if document.id not in kept:
        told = document.metadata()
        year = told.get("created", "")[:4].strip()
        made = _("made in {year}").format(year=year) if year else ""
        named = (told.get("title", ""), told.get("author", ""), made)
        kept[document.id] = " · ".join(shortened(" ".join(each.split()), 80) for each in named
                                       if each.strip())  # fmt: skip
    return kept[document.id]


def counts(state: State, document: Document) -> str:
    """Pages and tokens, counted for the model in use."""
    pages = counted(len(document.pages), "page", "pages")
    return f"{pages} · {counted(tokens(state, document), 'token', 'tokens')}"


def tokens(state: State, document: Document) -> int:
    """The tokens of the document's block as it would be sent."""
    return sizes.tokens(state, document, desk.model(state).id)


def _without_text(state: State, document: Document) -> None:
    """Which pages have none, and the ways to read them: folded where they are few."""
    document = scanned.settled(state, document)
    found = {why: document.pages_with(why) for why in ("image", "empty", "failed")}
    missing = sum(len(pages) for pages in found.values())
    if not missing:
        return
    many = missing * 2 > len(document.pages) or scanned.is_reading(document)
    label = plural(missing, "{number:,} page without text", "{number:,} pages without text")
    with st.expander(label, expanded=many):
        for why, pages in found.items():
            if pages:
                st.caption(f"{_(WITHOUT_TEXT[why])}: {escape(shortened(spans(pages), 300))}")
        scanned.show(state, document)


def header(state: State) -> None:
    """What is asked about, in one line."""
    documents = ready(state)
    if len(documents) == 1:
        title = shortened(documents[0].name, 80)
    else:
        title = counted(len(documents), "document", "documents")
    st.header(escape(title), anchor=False)
    pages = sum(len(document.pages) for document in documents)
    total = sum(tokens(state, document) for document in documents)
    st.caption(f"{counted(pages, 'page', 'pages')} · {counted(total, 'token', 'tokens')}")

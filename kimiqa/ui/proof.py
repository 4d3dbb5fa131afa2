"""The cited page beside the answer, with the quoted words boxed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from kimiqa.document import Document, Page
from kimiqa.errors import KimiqaError
from kimiqa.plan import Citation, CitationStatus
from kimiqa.ui import history, pictures
from kimiqa.ui.marks import MARKS
from kimiqa.ui.state import State, opened
from kimiqa.ui.text import escape, shortened, unlinked, visible
from kimiqa.ui.words import _, counted, recalled

STATES: dict[CitationStatus, str] = {
    "verified": "Verified: these words stand on this page",
    "moved": "Moved: these words stand on another page, shown here",
    "supported": "Supported: numbers and words of the sentence stand on this page",
    "unverified": "Unverified: this was not found on the page",
    "invalid": "Invalid: there is no such document or page",
}
SHOWN_TEXT = 12_000
NEAR_TEXT = 900


@dataclass(slots=True)
class Whole:
    """The page without a picture of which more than the quoted words is shown."""

    page: tuple[int, int] | None = None
    """The turn, and the page's number."""


def open_citation(state: State, turn: int, citation: int) -> None:
    """Show a citation's page."""
    state.cited[turn] = citation
    state.shown_page.pop(turn, None)


def show(
    state: State,
    turn: int,
    citations: Sequence[Citation],
    at: int,
    documents: Mapping[str, tuple[str, str]],
) -> None:
    """The page of one citation, its state, and the way to the next one."""
    citation = citations[at]
    with st.container(border=True):
        document = _document(state, citation, documents)
        number = _number(state, turn, citation, document)
        st.markdown(_head(citations, at, document, number))
        if document is None:
            st.caption(_("The document is not open here, so its page cannot be shown."))
        elif not number:
            st.caption(_pages_it_has(document))
        else:
            _show_page(state, turn, document, citation, number)
        _steps(state, turn, len(citations), at)
        st.markdown(_link_to_mark(turn, at))
    sources = [opened(state, document_id) for document_id, _name in documents.values()]
    pictures.ahead(state, pictures.near(citations, at, sources))


def _head(citations: Sequence[Citation], at: int, document: Document | None, number: int) -> str:
    """What the check found; the page that is shown; which of the citations it is of."""
    shape, colour = MARKS[citations[at].status]
    lines = [f":{colour}-badge[{escape(shape)}] {escape(_(STATES[citations[at].status]))}"]
    if document is not None and number:
        lines.append(
            _("{name} page {number:,} of {last:,}").format(
                name=f"**{escape(shortened(document.name, 60))}**",
                number=number,
                last=len(document.pages),
            )
        )
    if len(citations) > 1:
        standing = _("citation {number} of {count}").format(number=at + 1, count=len(citations))
        lines.append(f":small[{standing}]")
    return "  \n".join(lines)


def _number(state: State, turn: int, citation: Citation, document: Document | None) -> int:
    """The page to show: the cited one, or to which was leafed; 0 where there is none."""
    if document is None or citation.status == "invalid":
        return 0
    wanted = state.shown_page.get(turn, _cited(citation))
    return min(max(1, wanted), len(document.pages))


def _cited(citation: Citation) -> int:
    return citation.found_page or citation.page


def _link_to_mark(turn: int, citation: int) -> str:
    """The way back from a page to its mark in the text, which may be a screen away."""
    return f"[{_('Back to the text')}](#text-{turn}-{citation})"


def _document(
    state: State, citation: Citation, documents: Mapping[str, tuple[str, str]]
) -> Document | None:
    found = documents.get(citation.document)
    return opened(state, found[0]) if found else None


def _pages_it_has(document: Document) -> str:
    return _("{name}: it has {pages}.").format(
        name=escape(document.name), pages=counted(len(document.pages), "page", "pages")
    )


def _show_page(
    state: State, turn: int, document: Document, citation: Citation, number: int
) -> None:
    cited = _cited(citation)
    _leaf(state, turn, document, number)
    if number == cited and citation.place:
        st.caption(escape(citation.place))
    elif named := document.place(number):
        st.caption(escape(named))
    quoted = (citation.found_start, citation.found_end) if number == cited else (None, None)
    page = document.pages[number - 1]
    if page.note:
        st.caption(escape(recalled(page.note)))
    try:
        if document.drawable:
            _picture(state, document, number, quoted)
            if page.text and not document.boxable(number):
                st.caption(
                    _("Where its words stand is not known: here they are as they were read.")
                )
                _words(state, turn, page, quoted)
        else:
            st.caption(_("This page has no picture: here is its text."))
            _words(state, turn, page, quoted)
    except KimiqaError:
        _words(state, turn, document.pages[number - 1], quoted)


def _leaf(state: State, turn: int, document: Document, number: int) -> None:
    """The pages before and after the one that is shown."""

    def to(page: int) -> None:
        state.shown_page[turn] = page

    row = st.container(horizontal=True, horizontal_alignment="distribute")
    row.button(
        _("Page {number:,}").format(number=number - 1) if number > 1 else _("First page"),
        key=f"before-{turn}",
        icon=":material/chevron_left:",
        disabled=number <= 1,
        on_click=to,
        args=(number - 1,),
        type="tertiary",
    )
    row.button(
        _("Page {number:,}").format(number=number + 1)
        if number < len(document.pages)
        else _("Last page"),
        key=f"after-{turn}",
        icon=":material/chevron_right:",
        icon_position="right",
        disabled=number >= len(document.pages),
        on_click=to,
        args=(number + 1,),
        type="tertiary",
    )


def _picture(
    state: State, document: Document, number: int, quoted: tuple[int | None, int | None]
) -> None:
    picture = pictures.drawn(state, pictures.Sight(document, number, *quoted))
    alt = _("{name}, page {number}").format(name=document.name, number=number)
    st.image(picture, width="stretch", alt=alt)


def _words(state: State, turn: int, page: Page, quoted: tuple[int | None, int | None]) -> None:
    """A page without a picture: its text round the quoted words, which are marked."""
    start, end = quoted
    text = page.text
    if start is None or end is None:
        start = end = 0
    room = SHOWN_TEXT if state.of(Whole).page == (turn, page.number) else NEAR_TEXT
    before, inside, after = text[:start], text[start:end], text[end : end + room]
    marked = f":orange-background[{escape(inside)}]" if inside.strip() else ""
    st.markdown(f"{_block(before[-room:])}{marked}{_block(after)}")
    if room == NEAR_TEXT and (len(before) > room or len(text) > end + room):

        def whole() -> None:
            state.of(Whole).page = (turn, page.number)

        st.button(_("Show more of the page"), key=f"whole-{turn}", type="tertiary", on_click=whole)


def _block(text: str) -> str:
    """Text with its lines kept, each escaped."""
    lines = visible(unlinked(text)).split("\n")
    return "  \n".join(
        f"{' ' if line[:1].isspace() else ''}{escape(line)}{' ' if line[-1:].isspace() else ''}"
        for line in lines
    )


def _steps(state: State, turn: int, count: int, at: int) -> None:
    """From citation to citation, in the newest answer by keys too."""
    if count < 2:
        return
    newest = turn + 1 == len(history.turns(state))
    row = st.container(horizontal=True, horizontal_alignment="distribute")
    row.button(
        _("Previous"),
        key=f"previous-{turn}",
        disabled=at == 0,
        on_click=open_citation,
        args=(state, turn, at - 1),
        shortcut="Alt+Up" if newest else None,
    )
    row.button(
        _("Next"),
        key=f"next-{turn}",
        disabled=at + 1 >= count,
        on_click=open_citation,
        args=(state, turn, at + 1),
        shortcut="Alt+Down" if newest else None,
    )

"""A digest as it is read: section by section, its places as marks that open their page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

import streamlit as st

from kimiqa.digest import Digest
from kimiqa.exporting import Sheet
from kimiqa.plan import Citation
from kimiqa.ui import afterwards, live, proof
from kimiqa.ui.calm import calm
from kimiqa.ui.markdown import answer_markdown
from kimiqa.ui.state import State
from kimiqa.ui.text import escape, money, shortened
from kimiqa.ui.words import _, counted, plural, spoken, told

DIGEST = -1
"""Where turns have their number, this stands for the digest."""
LINES_AT_ONCE = 25
_HEADING = re.compile(r"^(#{1,6})\s+(.+?)\s*#*$", re.MULTILINE)


@dataclass(slots=True)
class Unrolled:
    """How much is shown of the section that is read."""

    lines: int = LINES_AT_ONCE


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch of a digest under its heading; its citations are placed in its own text."""

    title: str
    text: str
    citations: tuple[Citation, ...]

    def first(self, lines: int) -> Section:
        """Only so many of its lines."""
        cut = "\n".join(self.text.splitlines()[:lines])
        held = tuple(each for each in self.citations if each.end <= len(cut))
        return Section(self.title, cut, held)


def sections(digest: Digest) -> list[Section]:
    """The digest at its headings; what stands over several of them stands in their titles."""
    found: list[Section] = []
    above = ""
    heads = list(_HEADING.finditer(digest.text))
    starts = [0, *(head.end() for head in heads)]
    ends = [*(head.start() for head in heads), len(digest.text)]
    for head, start, end in zip((None, *heads), starts, ends, strict=True):
        title = head[2] if head else ""
        if head is not None and len(head[1]) == 1:
            above = title
        elif above:
            title = f"{above} · {title}"
        text = digest.text[start:end]
        if text.strip():
            found.append(_section(title or above, text, start, digest.citations))
    return found


def _section(title: str, text: str, start: int, citations: Sequence[Citation]) -> Section:
    shift = start + len(text) - len(text.lstrip("\n"))
    text = text.strip("\n")
    held = tuple(
        replace(each, start=each.start - shift, end=each.end - shift)
        for each in citations
        if shift <= each.start and each.end <= shift + len(text)
    )
    return Section(title, text, held)


def show(state: State, digest: Digest) -> None:
    """The digest, folded away until somebody opens it."""
    fold = st.expander(
        escape(_head(digest)), key="digest-fold", on_change="rerun", icon=":material/toc:"
    )
    if not fold.open:
        return
    with fold:
        _inside(state, digest)


def _head(digest: Digest) -> str:
    made = "" if digest.made is None else f"{datetime.fromtimestamp(digest.made, UTC):%Y-%m-%d}"
    places = counted(len(digest.citations), "place", "places")
    return f"{_('Digest')} · {places} · {digest.model}, {made}"


@st.fragment
def _inside(state: State, digest: Digest) -> None:
    calm(_read)(state, digest)


def _read(state: State, digest: Digest) -> None:
    found = sections(digest)
    if not found:
        return
    chosen = _chosen(state, found)
    lines = state.of(Unrolled).lines
    part = found[chosen].first(lines)
    text, page = st.columns([3, 2], gap="medium")
    with text:
        reach = [(_key(n), _about(each)) for n, each in enumerate(part.citations)]
        st.markdown(answer_markdown(part.text, part.citations, reach))
        _more(state, found[chosen], lines)
    with page, st.container(key=f"page-{DIGEST}"):
        _page(state, digest, part.citations)
    at, opened = state.cited.get(DIGEST, -1), partial(proof.open_citation, state, DIGEST)
    live.reach_citations(state.conversation, DIGEST, at, len(part.citations), opened)
    for note in (*digest.warnings, _seen(digest)):
        st.caption(escape(note))
    with st.container(horizontal=True, gap="small"):
        afterwards.downloads("digest", lambda: [sheet(digest)], "digest")


def _chosen(state: State, found: Sequence[Section]) -> int:
    """The section that is read; another one begins at its first lines, and with no page open."""
    key = "digest-section"

    def changed() -> None:
        state.cited.pop(DIGEST, None)
        state.of(Unrolled).lines = LINES_AT_ONCE

    chosen = st.radio(
        _("Section"),
        range(len(found)),
        key=key,
        format_func=lambda n: escape(shortened(found[n].title or _("Digest"), 60)),
        horizontal=True,
        label_visibility="collapsed",
        on_change=changed,
    )
    return min(chosen or 0, len(found) - 1)


def _more(state: State, section: Section, lines: int) -> None:
    rest = len(section.text.splitlines()) - lines
    if rest <= 0:
        return

    def more() -> None:
        state.of(Unrolled).lines = lines + LINES_AT_ONCE

    label = plural(rest, "Show more ({number:,} line)", "Show more ({number:,} lines)")
    st.button(label, key="digest-more", type="tertiary", on_click=more)


def _page(state: State, digest: Digest, citations: Sequence[Citation]) -> None:
    at = state.cited.get(DIGEST, -1)
    documents = {
        f"D{n}": (document_id, name)
        for n, (document_id, name) in enumerate(
            zip(state.documents, digest.documents, strict=False), 1
        )
    }
    if 0 <= at < len(citations):
        calm(proof.show)(state, DIGEST, citations, at, documents)
    elif citations:
        st.caption(_("Choose a place to see its page here."))


def _key(citation: int) -> str:
    return f"cite-{DIGEST}-{citation}"


def _about(citation: Citation) -> str:
    quote = f": “{shortened(citation.quote, 160)}”" if citation.quote else ""
    return f"{_(proof.STATES[citation.status])}{quote}"


def _seen(digest: Digest) -> str:
    """What it was made of and for how much, and that it is an outline."""
    seen = digest.coverage
    made = plural(
        seen.pages,
        "Made of {done:,} of {number:,} page",
        "Made of {done:,} of {number:,} pages",
        done=seen.sent,
    )
    cost = digest.cost
    paid = "" if cost.amount is None else f" · {money(cost.amount, cost.currency)}"
    return f"{made}{paid}. {_('An outline can leave things out.')}"


def sheet(digest: Digest) -> Sheet:
    """The digest as it is exported."""
    title = _("Digest of {names}").format(names=", ".join(digest.documents))
    facts = (digest.model, _seen(digest))
    said = (facts, digest.warnings, spoken(), told)
    return Sheet(title, digest.text, digest.citations, digest.documents, *said)

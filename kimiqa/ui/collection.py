"""The library: every document read here, searched and put in order."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from kimiqa.settings import home_folder
from kimiqa.store import Store, Stored, store_for
from kimiqa.strategies.layout import frame_tokens
from kimiqa.tokens import counter_for
from kimiqa.ui import arriving, desk, opening, spent, ticked, unread
from kimiqa.ui.calm import calm
from kimiqa.ui.spent import NEVER, Books, Spent
from kimiqa.ui.state import State
from kimiqa.ui.sums import amounts, day
from kimiqa.ui.text import escape, shortened
from kimiqa.ui.words import _, counted, plural

PER_PAGE = 20
ORDERS = {
    "newest": "Newest first",
    "name": "By name",
    "asked": "Last asked first",
    "spent": "Dearest first",
}


def show(state: State) -> None:
    """The library, a page of it at a time: no document is opened for it."""
    st.header(_("Library"), anchor=False)
    known = _store().documents()
    if not known:
        st.markdown(
            _("Nothing is here yet. Each document that you open stays until you delete it.")
        )
        opening.add(state)
        opening.sample_button(state)
        calm(arriving.show)(state)
        unread.show(state)
        return
    opening.add_folded(state)
    calm(arriving.show)(state)
    books = spent.by_document(state)
    found = _chosen(known, books)
    ticked.bar(state, known)
    st.caption(_standing(len(known), len(found)))
    pages = max(1, -(-len(found) // PER_PAGE))
    at = st.session_state.get(f"library-page-{pages}", 1)
    _entries(state, found[(at - 1) * PER_PAGE : at * PER_PAGE], books)
    if pages > 1:
        st.pagination(pages, key=f"library-page-{pages}")
    unread.show(state)


def _store() -> Store:
    return store_for(home_folder())


def _standing(known: int, found: int) -> str:
    if found == known:
        return counted(known, "document", "documents")
    return plural(
        known, "{done:,} of {number:,} document", "{done:,} of {number:,} documents", done=found
    )


# Which, in which order --------------------------------------------------------------------------


def _chosen(known: list[Stored], books: Books) -> list[Stored]:
    search, order = st.columns([3, 1], vertical_alignment="bottom")
    words = search.text_input(
        _("Search"), key="library-search", placeholder=_("part of a name"), type="search"
    )
    wanted = (words or "").casefold().split()
    by = order.selectbox(
        _("Order"), list(ORDERS), key="library-order", format_func=lambda each: _(ORDERS[each])
    )
    found = [each for each in known if all(word in each.name.casefold() for word in wanted)]
    return _ordered(found, by or "newest", books)


def _ordered(found: list[Stored], by: str, books: Books) -> list[Stored]:
    if by == "name":
        return sorted(found, key=lambda each: each.name.casefold())
    if by == "asked":
        return sorted(found, key=lambda each: -books.get(each.id, NEVER).last)
    if by == "spent":
        return sorted(found, key=lambda each: -books.get(each.id, NEVER).dearest())
    return found


# One by one -------------------------------------------------------------------------------------


def _entries(state: State, shown: Sequence[Stored], books: Books) -> None:
    ids = [each.id for each in shown]
    missing, tokens = _store().missing(ids), _tokens(state, shown)
    for each in shown:
        facts = _facts(each, tokens.get(each.id), books.get(each.id, NEVER))
        _entry(state, each, facts, missing.get(each.id, 0))


def _tokens(state: State, shown: Sequence[Stored]) -> dict[str, int]:
    """The tokens of each document's block as it would be sent alone, where its pages were
    counted."""
    counter = counter_for(desk.model(state).vocabulary)
    ids = [each.id for each in shown]
    found = _store().token_sums(ids, f"{counter.vocabulary} {counter.engine}")
    return {
        each.id: found[each.id] + frame_tokens(each.name, each.pages, counter)
        for each in shown
        if each.id in found
    }


def _facts(each: Stored, tokens: int | None, book: Spent) -> str:
    facts = [counted(each.pages, "page", "pages")]
    if tokens is not None:
        facts.append(counted(tokens, "token", "tokens"))
    if each.locked:
        facts.append(_("protected by a password"))
    if book.last:
        facts.append(_("last asked {day}").format(day=day(book.last)))
        facts.append(_("spent {amount}").format(amount=amounts(book.total)))
    return " · ".join(facts)


def _entry(state: State, each: Stored, facts: str, missing: int) -> None:
    key = f"tick-{each.id}"
    # The widget's own memory ends with its page of the list; `ticked` is what counts.
    st.session_state[key] = each.id in ticked.ticked(state)
    row = st.container(horizontal=True, vertical_alignment="center", gap="small")
    with row.container(gap=None):
        st.checkbox(
            f"{escape(shortened(each.name, 90))}{_warning(missing)}",
            key=key,
            on_change=ticked.tick,
            args=(state, each.id),
        )
        st.caption(escape(facts))
    row.button(
        _("Open"),
        key=f"ask-{each.id}",
        help=escape(each.name),
        on_click=ticked.ask_about,
        args=(state, [each.id]),
    )


def _warning(missing: int) -> str:
    """Beside the name: in the small print its colour would be too pale to read."""
    if not missing:
        return ""
    words = plural(missing, "{number:,} page without text", "{number:,} pages without text")
    return f" :orange-badge[{words}]"

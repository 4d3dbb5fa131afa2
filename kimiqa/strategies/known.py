"""Prompts that are counted once: another effort, cap or price changes nothing of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import eq
from typing import Generic, TypeVar

from kimiqa.document import Document, Page
from kimiqa.strategies.layout import Draft, Layout

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Made(Generic[T]):
    """What was made of a draft last."""

    draft: Draft
    pages: tuple[tuple[Page, ...], ...]
    made: T


def counted(strategy: str, draft: Draft, count: Callable[[Draft], Layout]) -> Layout:
    """`count(draft)`, or what it gave the last time, where that was asked of the same draft."""
    by_meaning = strategy != "full" and _by_meaning(draft)
    return _made(f"counted {strategy} {by_meaning}", draft, count, eq)


def begun(draft: Draft, make: Callable[[Draft], T]) -> T:
    """`make(draft)`, or what it gave the last time, where that was made of the same turns: what
    is asked next, and of which pages, changes nothing of what was said before."""
    return _made("begun", draft, make, _same_turns)


def ranked(draft: Draft, make: Callable[[Draft], T]) -> T:
    """The same for what rests on the question and the documents alone: whichever pages are asked
    about, the order of all chunks is one."""
    return _made(f"ranked {_by_meaning(draft)}", draft, make, _same_question)


def _made(
    name: str,
    draft: Draft,
    make: Callable[[Draft], T],
    same: Callable[[Draft, Draft], bool],
) -> T:
    # Documents equal each other by their bytes: here they have to be the very same, as they are
    # read now.
    memo = draft.documents[0].memo
    known: _Made[T] | None = memo.get(name)
    if (
        known is None
        or not _identical(known.draft.documents, draft.documents)
        or not _same_pages(known.pages, draft)
        or not same(known.draft, draft)
    ):
        pages = tuple(each.pages for each in draft.documents)
        memo[name] = known = _Made(draft, pages, make(draft))
    return known.made


def _same_turns(before: Draft, draft: Draft) -> bool:
    return (
        before.turns == draft.turns
        and before.model == draft.model
        and before.counter == draft.counter
    )


def _same_question(before: Draft, draft: Draft) -> bool:
    return (
        before.question == draft.question
        and before.queries == draft.queries
        and before.counter == draft.counter
        and before.chunk_tokens == draft.chunk_tokens
        and before.ranking == draft.ranking
    )


def _by_meaning(draft: Draft) -> bool:
    """Whether chunks are chosen by meaning too just now: vectors may come later, and what is made
    with and without them is two things."""
    if draft.ranking != "auto":
        return False
    from kimiqa.semantic import ready  # here, for it brings numpy

    return ready(draft.documents)


def _same_pages(known: tuple[tuple[Page, ...], ...], draft: Draft) -> bool:
    return all(before is each.pages for before, each in zip(known, draft.documents, strict=True))


def _identical(some: Sequence[Document], others: Sequence[Document]) -> bool:
    return list(map(id, some)) == list(map(id, others))

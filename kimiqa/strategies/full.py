"""`full`: the whole documents in one prompt, ahead of the conversation and the question."""

from __future__ import annotations

from typing import Any

from kimiqa.plan import Coverage
from kimiqa.prompts import build_messages, content, document_block
from kimiqa.strategies.layout import (
    Draft,
    Drawing,
    Layout,
    document_parts,
    numbered,
    picture_tokens,
    readable,
    rules_part,
    text_part,
    unread,
)
from kimiqa.strategies.prefixes import Part

PICTURES = True
"""Pages can be sent as pictures."""


def lay_out(draft: Draft) -> Layout:
    """Documents first and byte-identical from question to question, the question last."""
    documents = numbered(draft.documents)
    blocks = [
        document_block(n, each, draft.pages[n - 1], draft.pictured(n)) for n, each in documents
    ]
    opening = draft.turns[0].question if draft.turns else draft.question
    first = content(blocks, opening, Drawing(draft))
    history = [
        (first if i == 0 else turn.question, turn.answer) for i, turn in enumerate(draft.turns)
    ]
    question = draft.question if draft.turns else first
    return _laid_out(draft, tuple(build_messages((), question, history)))


def count(draft: Draft) -> Layout:
    """The same layout with its sizes alone: nothing of the documents is copied."""
    return _laid_out(draft, ())


def _laid_out(draft: Draft, messages: tuple[dict[str, Any], ...]) -> Layout:
    return Layout(
        messages,
        _parts(draft),
        _coverage(draft),
        template=draft.template,
        counter=draft.counter,
        pictures=sum(
            picture_tokens(draft, n, page)
            for n, _ in numbered(draft.documents)
            for page in draft.pictured(n)
        ),
        block=draft.model.cache_block,
    )


def _parts(draft: Draft) -> tuple[tuple[Part, ...], ...]:
    counter = draft.counter
    blocks = [part for n, _ in numbered(draft.documents) for part in document_parts(draft, n)]
    questions = [turn.question for turn in draft.turns] + [draft.question]
    messages: list[tuple[Part, ...]] = [(rules_part(counter),)]
    for i, question in enumerate(questions):
        messages.append((*(blocks if i == 0 else ()), text_part(question, counter)))
        if i < len(draft.turns):
            messages.append((text_part(draft.turns[i].answer, counter),))
    return tuple(messages)


def _coverage(draft: Draft) -> Coverage:
    documents = numbered(draft.documents)
    return Coverage(
        pages=sum(len(each.pages) for _, each in documents),
        sent=sum(len(readable(draft, n, each)) for n, each in documents),
        left_out=tuple(left for n, each in documents for left in unread(draft, n, each)),
    )

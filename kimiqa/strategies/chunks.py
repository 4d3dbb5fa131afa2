"""`chunks`: the chunks that match the question best, in document order.

A turn's evidence stands in that turn's message and is never moved or removed afterwards, so
that the prefix of a conversation only grows; what an earlier turn sent is not sent again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any

from kimiqa.plan import Chunk, Coverage, LeftOut
from kimiqa.prompts import build_messages, chunks_block, content
from kimiqa.strategies import known
from kimiqa.strategies.evidence import Material, evidence_tokens
from kimiqa.strategies.layout import (
    Draft,
    Drawing,
    Layout,
    block_parts,
    numbered,
    picture_tokens,
    readable,
    rules_part,
    text_part,
    undrawn,
    unread,
)
from kimiqa.strategies.prefixes import Part

if TYPE_CHECKING:
    from kimiqa.ranking import Index, Ranking
    from kimiqa.ranking.ordering import Order

_MISSES = 20
"""So many chunks in a row that no longer fit, and the budget counts as full."""

_TAGS = 16
"""Tokens of the tags round a piece, for choosing; what is sent is then counted exactly."""


PICTURES = True
"""Pages can be sent as pictures: they stand among the chunks."""


def lay_out(draft: Draft) -> Layout:
    """Choose, lay out and count: as many of the best chunks as the room holds."""
    layout = count(draft)
    return _laid_out(draft, layout.chunks, Drawing(draft)) if layout.pictures else layout


def count(draft: Draft) -> Layout:
    """The same layout without the bytes of its pictures. They are always all there: nothing
    that was asked for is left out silently."""
    pictures, before = _pictures(draft), known.begun(draft, _Before.of)
    bare = partial(_laid_out, draft, before=before)
    chosen = _within(draft, _best(draft), lambda: _tokens(draft, pictures, before))
    layout = bare([*pictures, *chosen])
    while chosen and draft.room is not None and layout.prompt_tokens > draft.room:
        over = layout.prompt_tokens - draft.room
        chosen = _without(chosen, over)
        layout = bare([*pictures, *chosen])
    return layout


def count_bare(draft: Draft) -> int:
    """The tokens of the prompt without any chunk: the pictures that are asked for stay."""
    return _tokens(draft, _pictures(draft), known.begun(draft, _Before.of))


def _tokens(draft: Draft, chosen: Sequence[Chunk], before: _Before) -> int:
    """The tokens of the prompt with these chunks, without laying it out."""
    parts = _asked(draft, _evidence(draft, chosen), draft.question)
    own = sum(part.tokens for said in (*before.parts, parts) for part in said)
    return own + draft.template.tokens(len(before.parts) + 1)


def _pictures(draft: Draft) -> list[Chunk]:
    """The pictures that are asked for and were not sent by an earlier turn."""
    before = {(each.document, each.page) for turn in draft.turns for each in _shown(turn.chunks)}
    return [
        Chunk(f"D{n}", each.id, page, 0, 0, picture_tokens(draft, n, page), picture=True)
        for n, each in numbered(draft.documents)
        for page in sorted(draft.pictured(n))
        if (f"D{n}", page) not in before
    ]


def _shown(chunks: Iterable[Chunk]) -> list[Chunk]:
    return [chunk for chunk in chunks if chunk.picture]


def _best(draft: Draft) -> Iterator[Chunk]:
    """The chunks that may be sent, best first."""
    sent: dict[tuple[str, int], list[Chunk]] = {}
    for turn in draft.turns:
        for chunk in turn.chunks:
            sent.setdefault((chunk.document, chunk.page), []).append(chunk)
    for chunk in _ranking(draft).among(draft.pages):
        before = sent.get((chunk.document, chunk.page), ())
        if not any(map(chunk.overlaps, before)):
            yield chunk


def _ranking(draft: Draft) -> Ranking:
    """All chunks of the documents, best first; ranked once for all pages that may be asked."""
    from kimiqa.ranking import Ranking  # here, for these bring numpy
    from kimiqa.ranking.several import together
    from kimiqa.semantic import likeness

    index = index_of(draft)

    def order(draft: Draft) -> tuple[Order, bool]:
        asked = (draft.question, *draft.queries)
        found = together([index.rank(each, likeness(index, each, draft.ranking)) for each in asked])
        return found.order, found.matched

    # The order alone is kept: an index is large, and has a place of its own where it may be let go.
    return Ranking(index, *known.ranked(draft, order))


def index_of(draft: Draft) -> Index:
    """The index of all chunks there are to choose from."""
    from kimiqa.ranking import Index

    return Index.build(numbered(draft.documents), draft.counter, draft.chunk_tokens)


def best(draft: Draft, tokens: int) -> list[Chunk]:
    """The best chunks that so many tokens hold, best first; the first that does not fit ends
    them."""
    found: list[Chunk] = []
    for chunk in _best(draft):
        tokens -= chunk.tokens
        if tokens < 0:
            break
        found.append(chunk)
    return found


def everything(draft: Draft) -> int:
    """The tokens of all chunks there are."""
    return int(index_of(draft).tokens.sum())


def sends_all(draft: Draft, layout: Layout) -> bool:
    """Whether nothing is left to choose, now and in the turns before."""
    sent = [*layout.chunks, *(chunk for turn in draft.turns for chunk in turn.chunks)]
    return sum(chunk.tokens for chunk in sent) >= everything(draft)


def budget_of(draft: Draft) -> int | None:
    """How many tokens of chunks are sent where the room allows; None: all that it holds."""
    if draft.evidence is not None:
        return draft.evidence
    return None if draft.fills_room else evidence_tokens(material(draft))


def _within(draft: Draft, ranked: Iterator[Chunk], bare: Callable[[], int]) -> list[Chunk]:
    """The best chunks, best first, until the budget is full; one that does not fit is skipped.
    `bare` counts the prompt without any."""
    budget = budget_of(draft)
    if draft.room is not None:
        left = draft.room - bare()
        budget = left if budget is None else min(budget, left)
    if budget is None:
        return list(ranked)
    chosen: list[Chunk] = []
    pages: set[tuple[str, int]] = set()
    misses = 0
    for chunk in ranked:
        page = (chunk.document, chunk.page)
        tokens = chunk.tokens + (0 if page in pages else _TAGS)
        if tokens <= budget:
            chosen.append(chunk)
            pages.add(page)
            budget -= tokens
            misses = 0
        elif (misses := misses + 1) == _MISSES:
            break
    return chosen


def material(draft: Draft) -> Material:
    """What the documents are made of."""
    return Material.of(draft.documents, draft.counter, draft.chunk_tokens)


def _without(chosen: Sequence[Chunk], tokens: int) -> list[Chunk]:
    """`chosen` without its last ones, which hold at least `tokens` tokens."""
    kept = list(chosen)
    while kept and tokens > 0:
        tokens -= kept.pop().tokens
    return kept


@dataclass(frozen=True, slots=True)
class _Before:
    """What stands before the question: the rules and the turns, with what each was sent."""

    history: list[tuple[Any, str]]
    parts: tuple[tuple[Part, ...], ...]

    @classmethod
    def of(cls, draft: Draft, draw: Callable[[int, int], str] = undrawn) -> _Before:
        history: list[tuple[Any, str]] = []
        parts: list[tuple[Part, ...]] = [(rules_part(draft.counter),)]
        for turn in draft.turns:
            blocks = _evidence(draft, turn.chunks)
            history.append((_content(blocks, turn.question, draw), turn.answer))
            parts.append(_asked(draft, blocks, turn.question))
            parts.append((text_part(turn.answer, draft.counter),))
        return cls(history, tuple(parts))


def _laid_out(
    draft: Draft,
    chosen: Sequence[Chunk],
    draw: Callable[[int, int], str] = undrawn,
    before: _Before | None = None,
) -> Layout:
    ordered = tuple(
        sorted(chosen, key=lambda chunk: (int(chunk.document[1:]), chunk.page, chunk.start))
    )
    before = before or _Before.of(draft, draw)
    blocks = _evidence(draft, ordered)
    messages = build_messages((), _content(blocks, draft.question, draw), before.history)
    return Layout(
        tuple(messages),
        (*before.parts, _asked(draft, blocks, draft.question)),
        _coverage(draft, ordered),
        ordered,
        template=draft.template,
        counter=draft.counter,
        pictures=sum(
            picture_tokens(draft, int(each.document[1:]), each.page)
            for chunks in (ordered, *(turn.chunks for turn in draft.turns))
            for each in _shown(chunks)
        ),
        block=draft.model.cache_block,
    )


def _evidence(draft: Draft, chunks: Sequence[Chunk]) -> list[str]:
    """One block for each document that has chosen pieces."""
    by_document = groupby(chunks, key=lambda chunk: int(chunk.document[1:]))
    return [chunks_block(n, draft.documents[n - 1], list(group)) for n, group in by_document]


def _content(blocks: list[str], question: str, draw: Callable[[int, int], str]) -> Any:
    return content(blocks, question, draw) if blocks else question


def _asked(draft: Draft, blocks: list[str], question: str) -> tuple[Part, ...]:
    """The parts of a question with its evidence."""
    # The blank line belongs to the blocks: that is where the tokenizer cuts.
    head = block_parts(draft, blocks) if blocks else ()
    return (*head, text_part(question, draft.counter))


def _coverage(draft: Draft, chosen: Sequence[Chunk]) -> Coverage:
    """Pages of which a part was sent, in this turn or an earlier one of the conversation."""
    chunks = [*chosen, *(chunk for turn in draft.turns for chunk in turn.chunks)]
    seen = {(chunk.document, chunk.page) for chunk in chunks}
    left: list[LeftOut] = []
    for n, document in numbered(draft.documents):
        left += [
            each for each in map(partial(_unseen, seen), unread(draft, n, document)) if each.pages
        ]
        missed = tuple(page for page in readable(draft, n, document) if (f"D{n}", page) not in seen)
        if missed:
            left.append(LeftOut(f"D{n}", missed, "not_chosen"))
    pages = sum(len(document.pages) for document in draft.documents)
    return Coverage(pages, len(seen), _merged(left))


def _unseen(seen: set[tuple[str, int]], left: LeftOut) -> LeftOut:
    """`left` without the pages that an earlier turn sent."""
    pages = tuple(page for page in left.pages if (left.document, page) not in seen)
    return LeftOut(left.document, pages, left.reason)


def _merged(left: list[LeftOut]) -> tuple[LeftOut, ...]:
    """One row for each document and reason."""
    rows: dict[tuple[str, str], LeftOut] = {}
    for each in left:
        key = (each.document, each.reason)
        before = rows[key].pages if key in rows else ()
        rows[key] = LeftOut(each.document, tuple(sorted({*before, *each.pages})), each.reason)
    return tuple(rows.values())

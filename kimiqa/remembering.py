"""What a turn leaves as evidence for those after it, where it sent no chunks: what it cites."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kimiqa.chunking import chunk_text
from kimiqa.document import Document
from kimiqa.models import get_model
from kimiqa.plan import Answer, Chunk, Citation, Plan
from kimiqa.tokens import Counter, counter_for

MOST_TOKENS = 8_000
"""As much as a question over prose is sent; a page or two have less."""


def cited_pieces(plan: Plan, answer: Answer, sent: Sequence[Chunk]) -> tuple[Chunk, ...]:
    """The pieces of the pages that an answer cites, in document order: what was quoted, then
    what stands nearest to it, as far as `MOST_TOKENS` goes, without what was sent before."""
    counter = counter_for(get_model(plan.model, base_url=plan.endpoint).vocabulary)
    near = sorted(_pieces(plan.documents, answer.citations, counter), key=lambda each: each[0])
    left, taken = MOST_TOKENS, set[Chunk]()
    for _, chunk in near:
        if chunk not in taken and chunk.tokens <= left and not any(map(chunk.overlaps, sent)):
            taken.add(chunk)
            left -= chunk.tokens
    return tuple(sorted(taken, key=lambda each: (int(each.document[1:]), each.page, each.start)))


def _pieces(
    documents: Sequence[Document], citations: Sequence[Citation], counter: Counter
) -> Iterator[tuple[int, Chunk]]:
    """The pieces of every cited page, each with how far it stands from what was quoted."""
    for citation in citations:
        if citation.status == "invalid":
            continue
        document = documents[int(citation.document[1:]) - 1]
        page = document.pages[(citation.found_page or citation.page) - 1]
        quoted = (citation.found_start or 0, citation.found_end or 0)
        for start, end, tokens in chunk_text(page.text, counter):
            away = max(0, start - quoted[1], quoted[0] - end)
            yield away, Chunk(citation.document, document.id, page.number, start, end, tokens)

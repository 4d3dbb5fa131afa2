"""The tokens of each page inside its tags, counted once for each vocabulary and kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol
from zlib import crc32

from kimiqa.prompts import page_block
from kimiqa.reading.parts import Page
from kimiqa.store import Store

FIRST_VOCABULARY = "kimi_k3"
"""The default model's: its counts are taken while the worker reads, and stored."""


class TokenCounter(Protocol):
    """What `kimiqa.tokens.Counter` is, as far as documents need it."""

    @property
    def vocabulary(self) -> str: ...

    @property
    def engine(self) -> str: ...

    def count(self, text: str) -> int: ...


def first_counter() -> TokenCounter:
    """The counter of the default model."""
    from kimiqa.tokens import counter_for

    return counter_for(FIRST_VOCABULARY)


def block_tokens(page: Page, counter: TokenCounter) -> int:
    """The tokens of a page inside its tags."""
    return counter.count(page_block(page.number, page.text))


def counted_by(counter: TokenCounter) -> str:
    """Counts of a stand-in are never taken for those of the vocabulary itself."""
    return f"{counter.vocabulary} {counter.engine}"


def counted(
    document_id: str,
    pages: Sequence[Page],
    counter: TokenCounter,
    counts: dict[str, tuple[int, ...]],
    store: Store | None,
) -> tuple[int, ...]:
    """The tokens of each page's block: from `counts`, else from the store, else counted now
    and remembered in both. Pages that passages were left out of have counts of their own."""
    key = counts_key(pages, counter)
    if key not in counts:
        stored = store.counts(document_id, key) if store is not None else None
        if stored is None or len(stored) != len(pages):
            stored = tuple(block_tokens(page, counter) for page in pages)
            if store is not None:
                store.save_counts(document_id, key, stored)
        counts[key] = stored
    return counts[key]


def counts_key(pages: Sequence[Page], counter: TokenCounter) -> str:
    """Names the counts of these pages."""
    cut = any(page.hidden and not page.kept for page in pages)
    return counted_by(counter) + (" seen" if cut else "") + edition(pages)


def edition(pages: Sequence[Page]) -> str:
    """Names the text of a document beside its bytes, which OCR gives another one; empty where
    no page was read by it."""
    read = [f"{page.number} {page.text}" for page in pages if page.status == "ocr"]
    return f" ocr {crc32(chr(0).join(read).encode()):08x}" if read else ""


def rough_tokens(counts: Mapping[int, int], pages: int) -> int:
    """The sample's mean for every page but the first: a title page stands for itself alone."""
    others = [tokens for number, tokens in counts.items() if number != 1]
    first = counts.get(1, 0)
    return round(first + sum(others) * (pages - 1) / len(others)) if others else first * pages

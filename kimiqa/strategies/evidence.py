"""How much of a document a question is sent: by what the document is made of.

Measured on the development questions (tests/bench/selection.py): in prose 98.5 % of the evidence
stands in 8,000 tokens of chunks; in filings 84 % in 8,000 and 88 % in 16,000, for a table is
long and means something only whole; a clause of a contract is asked for in other words than it
is written in, and 95 % of the evidence takes four fifths of the contract: it is sent whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kimiqa.document import Document
    from kimiqa.ranking.indexing import Vocabulary

PROSE_TOKENS = 8_000
TABLE_TOKENS = 16_000
CONTRACT_TOKENS = 16_000
"""Of a contract that is too long to be sent whole."""
MOST_TOKENS = max(PROSE_TOKENS, TABLE_TOKENS, CONTRACT_TOKENS)

SHORT_TOKENS = 16_000
"""A prompt up to this size is sent whole: choosing saves little and can miss something."""
SHORT_CONTRACT_TOKENS = 64_000

MANY_DUTIES = 8.0
"""Words of obligation per 1,000 tokens from which a text is a contract or a statute: the
contracts of the development data have 9 to 15 (but for one), annual reports below 7."""


@dataclass(frozen=True, slots=True)
class Material:
    """What documents are made of, as far as it decides how much of them is sent."""

    tables: float
    """How much of the text stands in documents made of tables, from 0 to 1."""
    duties: float
    """Words of obligation (shall, hereby, 甲方) per 1,000 tokens."""

    @classmethod
    def of(cls, documents: Sequence[Document], counter: Vocabulary, chunk_tokens: int) -> Material:
        """That of some documents together, from their indexes, which are made once."""
        from kimiqa.ranking.indexing import index_of  # here, for these bring numpy
        from kimiqa.ranking.tables import tables_of

        parts = [index_of(each, counter, chunk_tokens) for each in documents]
        tokens = [int(part.tokens.sum()) for part in parts]
        whole = max(1, sum(tokens))
        tables = sum(tables_of(p) * n for p, n in zip(parts, tokens, strict=True)) / whole
        return cls(tables, 1_000 * sum(part.duties for part in parts) / whole)

    @property
    def contract(self) -> bool:
        """Whether it reads as a contract or a statute."""
        return self.duties >= MANY_DUTIES


def evidence_tokens(material: Material) -> int:
    """How many tokens of chunks one question is sent.

    >>> evidence_tokens(Material(tables=0, duties=0)), evidence_tokens(Material(1.0, 0))
    (8000, 16000)
    """
    if material.contract:
        return CONTRACT_TOKENS
    return PROSE_TOKENS + round(material.tables * (TABLE_TOKENS - PROSE_TOKENS))


def short_tokens(material: Material) -> int:
    """Up to which size the whole is sent rather than chunks."""
    return SHORT_CONTRACT_TOKENS if material.contract else SHORT_TOKENS

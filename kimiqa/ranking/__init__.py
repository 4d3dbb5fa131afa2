"""Chunks and a question → the chunks worth sending, by multi-scale BM25.

A chunk's score is BM25 of its own words, plus that of the four chunks around it, plus some of
that of the thousand tokens around it and of its page, each divided by its maximum. A chunk that
introduces a word counts more for it ("X is a", in quotation marks, an abbreviation in brackets);
a word that the documents lack is looked for by its relatives, and what accounts call otherwise
than questions (`kimiqa.ranking.accounts`) by both names. In prose the words that keep company
with these in the best chunks are looked for too, with little weight. Where vectors were made
(`kimiqa.semantic`), the likeness of the chunk and of its page in meaning is added to that.

Where the question asks for figures, chunks full of digits count more: "how much" is answered in
the table, not where the table is spoken about. In documents made of tables, and in a table of any
other, a chunk counts more beside a good one: a table that was cut into several chunks answers only
whole. A page, a section or a table that the question names counts as much as its words.
"""

from kimiqa.ranking.choosing import choose, choose_chunks
from kimiqa.ranking.index import Index
from kimiqa.ranking.ordering import Ranking

__all__ = ["Index", "Ranking", "choose", "choose_chunks"]

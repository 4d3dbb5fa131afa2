"""What is counted, named or read once and used again: it is the same as counted anew."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledger_writer import reserve, settle

from kimiqa.document import Document
from kimiqa.ledger import Ledger
from kimiqa.models import get_model
from kimiqa.plan import Chunk
from kimiqa.ranking import Index
from kimiqa.strategies import chunks, known
from kimiqa.strategies.layout import Draft, Layout, Turn
from kimiqa.strategies.prefixes import Part, segments_of
from kimiqa.template import PRIOR
from kimiqa.tokens import counter_for

LEASE = ("The lease begins on 1 May 2026.", "Either party may terminate.", "The rent is 1,200.")


@pytest.fixture
def lease() -> Document:
    return Document.from_pages(LEASE, name="lease.txt")


def _draft(document: Document, **more: Any) -> Draft:
    counter = counter_for("kimi_k3")
    chosen: dict[str, Any] = {"pages": (None,), "room": 4_000} | more
    model = get_model("kimi-k3")
    return Draft("Who may terminate?", (document,), model=model, counter=counter, **chosen)


def test_the_prompt_of_the_same_draft_is_counted_once(lease: Document) -> None:
    counted = []

    def count(draft: Draft) -> Layout:
        counted.append(draft)
        return chunks.count(draft)

    first = known.counted("chunks", _draft(lease), count)

    assert known.counted("chunks", _draft(lease), count) is first
    assert len(counted) == 1
    assert first == chunks.count(_draft(lease))


def test_what_changes_a_prompt_has_it_counted_anew(lease: Document) -> None:
    pages: tuple[frozenset[int], ...] = (frozenset({2}),)
    first = known.counted("chunks", _draft(lease), chunks.count)

    fewer = known.counted("chunks", _draft(lease, pages=pages), chunks.count)
    other = known.counted("chunks", _draft(replace(lease, name="b.pdf")), chunks.count)

    assert fewer.coverage.sent < first.coverage.sent
    assert 'name="b.pdf"' in str(other.messages)
    again = known.counted("chunks", _draft(lease), chunks.count)
    assert again == first


SAID = (
    Turn("When does it begin?", "On 1 May 2026.", "chunks", (Chunk("D1", "", 1, 0, 30, 9),)),
    Turn("And the rent?", "1,200.", "chunks", (Chunk("D1", "", 3, 0, 18, 7),)),
)


def _layouts(document: Document) -> list[Layout]:
    """Counted with two turns said, for other pages, with one turn, for another model."""
    said, second = _draft(document, turns=SAID), (frozenset({2}),)
    drafts = [said, replace(said, pages=second), replace(said, turns=SAID[:1])]
    drafts.append(replace(said, model=get_model("kimi-k2.6"), counter=counter_for("kimi_k2")))
    return [chunks.count(draft) for draft in drafts]


def test_what_was_said_before_is_laid_out_once_and_alike(lease: Document) -> None:
    together = _layouts(lease)

    alone = [_layouts(Document.from_pages(LEASE, name="lease.txt"))[n] for n in range(4)]
    assert together == alone
    assert together[1].parts[:-1] == together[0].parts[:-1]
    assert together[1].parts[1] is together[0].parts[1]
    assert len(together[2].parts) == len(together[0].parts) - 2


def test_what_was_said_before_is_laid_out_anew_where_its_pages_were_read_anew(
    lease: Document,
) -> None:
    before = chunks.count(_draft(lease, turns=SAID))
    text = "The lease starts on 1 May 2027."
    object.__setattr__(lease, "pages", (replace(lease.pages[0], text=text), *lease.pages[1:]))

    after = chunks.count(_draft(lease, turns=SAID))

    assert "starts on 1 May 2027" in str(after.messages)
    assert after.parts[1] != before.parts[1]


def test_chunks_are_ranked_once_whichever_pages_are_asked(lease: Document) -> None:
    ranked: list[Draft] = []

    def order(draft: Draft) -> int:
        ranked.append(draft)
        return len(ranked)

    pages: tuple[frozenset[int], ...] = (frozenset({2}),)
    first = _draft(lease)
    found = [known.ranked(each, order) for each in (first, replace(first, pages=pages))]
    assert found == [1, 1]

    others = (
        replace(first, question="What is the rent?"),
        replace(first, queries=("rent",)),
        replace(first, chunk_tokens=50),
        replace(first, documents=(Document.from_pages(LEASE, name="lease.txt"),)),
    )
    assert [known.ranked(each, order) for each in others] == [2, 3, 4, 5]


def test_a_prompt_without_chunks_is_counted_as_it_would_be_laid_out(lease: Document) -> None:
    draft = _draft(lease, turns=SAID)

    assert chunks.count_bare(draft) == chunks._laid_out(draft, ()).prompt_tokens


def test_of_the_chunks_only_those_on_the_chosen_pages_are_ranked(lease: Document) -> None:
    index = Index.build([(1, lease), (2, replace(lease, id="0" * 64))], counter_for("kimi_k3"))
    ranked = index.rank("Either party may terminate the lease")
    pages = (frozenset({1, 3}), None)

    wanted = [each for each in ranked if each.document == "D2" or each.page != 2]

    assert list(ranked.among(pages)) == wanted
    assert len(wanted) == len(ranked) - 1
    assert ranked.among((None, None)) is ranked


def test_a_ledger_that_is_looked_at_once_is_not_read_again(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as ledger:
        still = ledger.still()
        before = still.history("kimi-k3", None, "low")
        settle(ledger, reserve(ledger, "0.10", effort="low"), "0.05")

        assert before == still.history("kimi-k3", None, "low") == []
        assert len(ledger.history("kimi-k3", None, "low")) == 1
        assert len(ledger.still().history("kimi-k3", None, "low")) == 1


@given(st.text(max_size=200))
def test_a_text_that_was_counted_before_counts_as_much(text: str) -> None:
    counter = counter_for("kimi_k3")

    assert counter.recount(text) == counter.recount(text) == counter.count(text)


@given(st.lists(st.text("ab \n.", min_size=1, max_size=60), min_size=1, max_size=6))
def test_a_prefix_is_named_alike_whether_or_not_a_block_of_the_cache_ends_in_it(
    texts: list[str],
) -> None:
    counter = counter_for("kimi_k3")
    prompt = [[Part(counter.count(text), text)] for text in texts]

    whole = segments_of(prompt, PRIOR, counter, None)
    named = {each.digest: each.tokens for each in segments_of(prompt, PRIOR, counter, 8)}

    assert all(named[each.digest] == each.tokens for each in whole)

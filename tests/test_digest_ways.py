"""A digest among the ways: when it is listed, when `auto` takes it, and from when on it pays."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from asking import QUESTION, client_at, price_book, report
from outlining import fresh

from kimiqa import Client, Document, Plan, digest
from kimiqa.breakeven import Asking, break_even
from kimiqa.money import Price
from kimiqa.payoff import Once, sentence
from kimiqa.planner import Question
from kimiqa.testing import KimiServer

KIMI = Price(Decimal(3), Decimal(15), cached=Decimal("0.30"))
FULL = Asking(200_000, 199_680, 1_000)
CHUNKS = Asking(9_000, 512, 1_000)
FROM_DIGEST = Asking(15_000, 6_144, 1_000)


# Listed, and told ---------------------------------------------------------------------------------


def _way(question: str, document: Document, **options: Any) -> Any:
    ways = Client("kimi-k3").ways(question, [document], **options)
    return next((way for way in ways if way.strategy == "digest"), None)


def test_a_short_document_has_no_such_way() -> None:
    assert _way(QUESTION, fresh(1)) is None


def test_neither_has_a_question_about_chosen_pages() -> None:
    assert _way(QUESTION, report(), pages="3-90") is None


def test_a_long_one_is_told_what_it_costs_once_and_then_and_from_when_on_it_pays() -> None:
    way = _way(QUESTION, report())

    assert way.fits
    assert way.reason.startswith("A digest is made once for about $0.")
    assert "where each question comes cold it pays from the 3rd on." in way.reason
    assert way.coverage.sent == 150


@pytest.mark.parametrize("effort", ["low", "high"])
def test_over_a_cap_what_it_is_expected_to_cost_is_no_more_than_what_it_may(effort: str) -> None:
    """The outline of so long a document is cut to the shorter answers that a cap leaves."""
    long = Document.from_pages(
        [f"{n}. The tenant of house {n} pays {n} dollars and more. " * 40 for n in range(900)]
    )
    client = Client("kimi-k3", effort=effort, budget="0.5")

    way = next(way for way in client.ways(QUESTION, [long]) if way.strategy == "digest")
    once = digest.offer(client.setup.planner, Question(QUESTION, (long,)))
    cost = way.estimate.cost

    assert not way.fits
    assert cost.low <= cost.expected <= cost.high <= cost.ceiling
    assert once.making < cost.expected


def test_where_it_is_kept_the_way_says_so_and_what_the_next_question_costs(
    outlines: KimiServer,
) -> None:
    client, document = client_at(outlines), fresh()
    client.digest([document])
    client.ask(QUESTION, [document], strategy="digest")

    way = next(w for w in client.ways(QUESTION, [document]) if w.strategy == "digest")

    assert way.reason is not None
    assert way.reason.startswith("A digest is kept: about $0.0")
    assert way.estimate.cost.expected is not None
    assert way.next_cost is not None
    assert way.next_cost < way.estimate.cost.cold


# The automatic choice -----------------------------------------------------------------------------


@pytest.fixture
def large(outlines: KimiServer, tmp_path: Path) -> tuple[Client, Document]:
    """A document whose digest is kept, dear to send whole, and a client that finds it cold."""
    outlines.answer, document = '- "was settled in 1801" [D1 p. 1].', fresh(300)
    client_at(outlines).digest([document])
    cold = tmp_path / "cold"
    price_book(cold, kimi_k3={"prompt": "30", "completion": "15", "cached": "3"})
    return Client("kimi-k3", home=cold, budget="50"), document


def _auto(large: tuple[Client, Document], question: str) -> Plan:
    client, document = large
    return client.plan(question, [document])


def test_while_the_whole_is_warm_it_is_sent(outlines: KimiServer) -> None:
    client, document = client_at(outlines), fresh()
    client.digest([document])

    plan = client.plan("Summarise the report.", [document])

    assert plan.strategy == "full"
    assert plan.estimate.cached_tokens > 0.9 * plan.estimate.prompt_tokens


@pytest.mark.parametrize("question", ["Summarise the report.", "Fasse den Bericht zusammen."])
def test_a_summary_rests_on_a_digest_that_is_kept_where_the_whole_is_too_dear(
    large: tuple[Client, Document], question: str
) -> None:
    plan = _auto(large, question)

    assert plan.strategy == "digest"
    assert plan.reason.startswith(
        "digest: the question needs all 300 pages, of which a digest is kept: about "
    )
    assert any("may leave things out" in each for each in plan.warnings)


@pytest.mark.parametrize(
    "question", ["List all rents.", "Find all contradictions.", "How many times is Quill named?"]
)
def test_what_has_to_be_complete_gets_the_whole_all_the_same(
    large: tuple[Client, Document], question: str
) -> None:
    assert _auto(large, question).strategy == "full"


def test_a_question_for_one_fact_never_goes_by_a_digest(large: tuple[Client, Document]) -> None:
    assert _auto(large, QUESTION).strategy == "chunks"


def test_without_a_digest_that_is_kept_none_is_made_unasked() -> None:
    plan = Client("kimi-k3", budget="50").plan("Summarise the report.", [report()])

    assert plan.strategy == "full"


def test_beyond_the_window_a_kept_digest_summarises_and_a_swarm_lists(
    outlines: KimiServer,
    home: Path,
) -> None:
    price_book(home, kimi_k3={"context_window": 40_000})
    client, document = client_at(outlines), fresh()
    client.digest([document])

    summary, every = (
        client.plan(each, [document]) for each in ("Summarise it.", "List all rents.")
    )

    assert (summary.strategy, every.strategy) == ("digest", "swarm")
    assert "a digest of them is kept" in summary.reason
    assert "holds 40,000" in summary.reason


# From which question on it pays -------------------------------------------------------------------


def test_the_third_line_crosses_where_its_sums_say() -> None:
    once = Once(Decimal("0.72"), FROM_DIGEST)

    table = break_even("kimi-k3", KIMI, FULL, CHUNKS, 40, digest=once)

    crossing = table.digest_crossing
    assert crossing is not None
    costs = {row.questions: (row.digest, row.full) for row in table.rows}
    before, after = costs[crossing - 1], costs[crossing]
    assert before[0] is not None and before[1] is not None  # noqa: PT018
    assert after[0] is not None and after[1] is not None  # noqa: PT018
    assert before[0] >= before[1]
    assert after[0] < after[1]
    assert f"from the {crossing}th question on in one sitting" in table.digest_sentence


@pytest.mark.parametrize(
    ("once", "full", "words"),
    [
        (Once(Decimal("0.72"), FROM_DIGEST), FULL, "and from the 2nd on where each comes cold."),
        (
            Once(Decimal(0), FROM_DIGEST),
            FULL,
            "A digest is kept: about $0.043 a question; cheaper",
        ),
        (Once(Decimal("0.72"), FROM_DIGEST), None, "; the whole document fits no prompt."),
        (Once(Decimal(1), FROM_DIGEST), CHUNKS, "the whole document stays cheaper, however many"),
        (
            Once(Decimal("0.1"), FROM_DIGEST),
            Asking(24_000, 23_808, 1_000),
            "while the cache stays warm the whole document is cheaper, and where each question "
            "comes cold it pays from the 4th on.",
        ),
        (
            Once(Decimal(0), FROM_DIGEST),
            Asking(24_000, 23_808, 1_000),
            "cheaper than the whole document up to the 2nd question in one sitting, and always "
            "where each comes cold.",
        ),
    ],
)
def test_the_crossing_is_said_in_words(once: Once, full: Asking | None, words: str) -> None:
    assert words in sentence(KIMI, once, full)


def test_what_is_cheaper_at_first_need_not_stay_so() -> None:
    once = Once(Decimal(0), FROM_DIGEST)
    warm_whole = Asking(24_000, 23_808, 1_000)

    rows = break_even("kimi-k3", KIMI, warm_whole, CHUNKS, 6, digest=once).rows

    cheaper = [row.questions for row in rows if (row.digest or 0) < (row.full or 0)]
    assert cheaper == list(range(1, once.cheaper_up_to(KIMI, warm_whole) + 1))
    assert once.pays_warm(KIMI, warm_whole) is None


def test_a_client_tells_it_beside_the_other_lines() -> None:
    (table,) = Client("kimi-k3").break_even([report()], 12)
    (short,) = Client("kimi-k3").break_even([fresh(1)], 12)

    assert all(row.digest is not None for row in table.rows)
    assert table.to_json()["rows"][0]["digest"] is not None
    assert table.digest_sentence
    assert short.rows[0].digest is None
    assert short.to_json()["digest_sentence"] is None

"""How much is sent follows what the documents are made of."""

from __future__ import annotations

import pytest
from asking import QUESTION, report

from kimiqa import Client, Document
from kimiqa.strategies.evidence import Material, evidence_tokens, short_tokens
from kimiqa.tokens import counter_for

COUNTER = counter_for("kimi_k3")
PROSE = "Rain fell on the yard while the carpenters sang of rivers and of bread. "
CLAUSE = "The Lessee shall keep the yard, and hereby agrees to the terms set out herein. "
ROW = "Sales 1,204 1,190 1,077 1,010 998 960\n"


def made_of(*texts: str) -> Material:
    return Material.of([Document.from_pages([each]) for each in texts], COUNTER, 100)


@pytest.mark.parametrize(
    ("text", "evidence", "short"),
    [(PROSE * 50, 8_000, 16_000), (ROW * 90, 16_000, 16_000), (CLAUSE * 50, 16_000, 64_000)],
    ids=["prose", "tables", "contract"],
)
def test_tables_and_contracts_are_sent_more_than_prose(
    text: str, evidence: int, short: int
) -> None:
    material = made_of(text)

    assert (evidence_tokens(material), short_tokens(material)) == (evidence, short)


def test_between_prose_and_tables_the_evidence_grows_with_the_tables() -> None:
    amounts = [evidence_tokens(Material(share / 4, 0)) for share in range(5)]

    assert amounts == sorted(amounts)
    assert amounts[2] == 12_000


def test_several_documents_are_weighed_by_their_length() -> None:
    mostly_prose = made_of(PROSE * 300, ROW * 20)

    assert 8_000 < evidence_tokens(mostly_prose) < 12_000


def test_a_text_in_chinese_is_known_as_a_contract() -> None:
    assert made_of("甲方应当于每月五日前向乙方支付租金。" * 40).contract


def test_a_long_contract_is_asked_whole_and_the_reason_says_so() -> None:
    contract = Document.from_pages([CLAUSE * 60] * 30, name="contract")

    plan = Client("kimi-k3").plan(QUESTION, [contract])

    assert plan.estimate.prompt_tokens > 16_000
    assert (plan.strategy, "of a contract" in plan.reason) == ("full", True)


def test_a_document_without_text_is_made_of_nothing() -> None:
    assert made_of(" ") == Material(0.0, 0.0)


def test_a_long_text_of_prose_is_asked_by_what_prose_needs() -> None:
    plan = Client("kimi-k3").plan(QUESTION, [report()], strategy="chunks")

    assert 7_000 < sum(chunk.tokens for chunk in plan.chunks) <= 8_000

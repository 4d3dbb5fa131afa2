"""Which questions only the whole document can answer, and which merely sound so."""

from __future__ import annotations

import pytest

from kimiqa.tasks import needs_everything


@pytest.mark.parametrize(
    "question",
    [
        "Summarise the report.",
        "Could you sum up the main ideas?",
        "Give me a one-page overview.",
        "Executive summary, please",
        "An outline of this contract",
        "List every party and its duties.",
        "What are all the deadlines?",
        "Extract all dates and amounts",
        "How many times is Quill named?",
        "How many clauses deal with repairs?",
        "Are there any inconsistencies between the annexes?",
        "Where does the witness contradict himself? Find all contradictions.",
        "Compare the two versions.",
        "What changed between the drafts?",
        "What are the differences between D1 and D2?",
        "Give me a timeline of the repairs",
        "Put the letters in chronological order",
        "What is this paper about?",
        "Is the same rent used throughout the lease?",
        "总结这份报告",
        "列出所有租金",
        "请按时间顺序整理事件",
        "两份合同有什么区别？",
        "甲方出现了多少次？",
    ],
)
def test_a_task_over_all_pages_is_known(question: str) -> None:
    assert needs_everything(question)


@pytest.mark.parametrize(
    "question",
    [
        "When does the lease end?",
        "What does the summons say?",
        "Who lists the shares?",
        "How much did sales grow compared to 2021?",
        "What is the total, as outlined in the balance sheet?",
        "Was the claim found to be contradictory?",
        "Is the abstract of title delivered at closing?",
        "How many employees did the company have in 2019?",
        "How many times has the player won the award?",
        "What was summarized in the letter of 3 May?",
        "How does the rent differ from the year before?",
        "Which dividends were paid in every quarter of 2020?",
        "租金是多少？",
        "公司2021年共有多少员工？",
        "合同何时终止？",
    ],
)
def test_a_question_for_one_fact_is_not_taken_for_one(question: str) -> None:
    assert not needs_everything(question)

"""Which questions only the whole document can answer, and which merely sound so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kimiqa.tasks import READY, for_an_outline, kind_of, needs_everything

ASKED = {
    "summary": (
        "Summarise the report.",
        "Could you sum up the main ideas?",
        "Give me a one-page overview.",
        "Executive summary, please",
        "An outline of this contract",
        "What is this paper about?",
        "I would like a short summary of the lease",
        "Fasse den Vertrag bitte in fünf Sätzen zusammen.",
        "Gib mir einen Überblick über das Gutachten",
        "Worum geht es in diesem Vertrag?",
        "Résume ce contrat en dix lignes",
        "Rédigez une synthèse du rapport",
        "De quoi parle ce document ?",
        "Resume el contrato",
        "Hazme un resumen del informe",
        "¿De qué trata este informe?",
        "总结这份报告",
        "この契約書を要約してください",
        "報告書の概要を説明してください",
    ),
    "list": (
        "List every party and its duties.",
        "List the parties",
        "Please list the main risks",
        "What are all the deadlines?",
        "Extract all dates and amounts",
        "How many times is Quill named?",
        "How many clauses deal with repairs?",
        "Count the number of tables",
        "Count all references to Quill",
        "Nenne alle Fristen",
        "Liste die Parteien auf",
        "Wie oft wird Quill erwähnt?",
        "Wie viele Klauseln regeln Reparaturen?",
        "Liste toutes les obligations du locataire",
        "Quelles sont toutes les échéances ?",
        "Combien de fois est-il question de Quill ?",
        "Enumera las partes",
        "¿Cuáles son todas las obligaciones?",
        "¿Cuántas cláusulas tiene el contrato?",
        "列出所有租金",
        "甲方出现了多少次？",
        "请列出合同各方",
        "すべての期限を挙げてください",
        "当事者の一覧を作ってください",
        "条項はいくつありますか",
    ),
    "timeline": (
        "Give me a timeline of the repairs",
        "Put the letters in chronological order",
        "Erstelle eine Zeitleiste der Ereignisse",
        "Ordne die Briefe chronologisch",
        "Établissez une chronologie des faits",
        "Haz una cronología de los hechos",
        "请按时间顺序整理事件",
        "出来事を時系列で整理してください",
    ),
    "contradictions": (
        "Are there any inconsistencies between the annexes?",
        "Where does the witness contradict himself? Find all contradictions.",
        "Gibt es Widersprüche im Vertrag?",
        "Wo widersprechen sich die Zeugen?",
        "Y a-t-il des contradictions dans ce contrat ?",
        "¿Hay contradicciones en el contrato?",
        "合同里有没有矛盾？",
        "契約書に矛盾はありますか",
    ),
    "comparison": (
        "Compare the two versions.",
        "What changed between the drafts?",
        "What are the differences between D1 and D2?",
        "What differs between D1 and D2?",
        "How do the 2022 and 2023 reports differ?",
        "How do D1 and D2 differ?",
        "Vergleiche die beiden Verträge",
        "Was hat sich zwischen den Fassungen geändert?",
        "Welche Unterschiede gibt es zwischen D1 und D2?",
        "Wie unterscheiden sich die beiden Berichte?",
        "Compare les deux contrats",
        "Quelles sont les différences entre les deux versions ?",
        "En quoi les deux rapports diffèrent-ils ?",
        "Compara los dos contratos",
        "¿Qué diferencias hay entre las dos versiones?",
        "两份合同有什么区别？",
        "比较这两份年报",
        "二つの契約書の違いは何ですか",
        "D1とD2を比較してください",
    ),
    "review": (
        "Review this contract for risks",
        "Analyse the agreement.",
        "Please check our lease for mistakes",
        "Prüfe den Vertrag auf Risiken",
        "Analysieren Sie diesen Vertrag",
        "Analyse ce contrat et signale les risques",
        "Revisa este contrato",
        "审查这份合同的风险",
        "この契約書のリスクをレビューしてください",
    ),
    "text": (
        "Translate the document",
        "Is the same rent used throughout the lease?",
        "Rewrite the whole report",
        "Translate it into German",
        "Übersetze den Vertrag ins Englische",
        "Traduis le contrat en anglais",
        "Traduce el contrato al inglés",
        "翻译这份合同",
        "この契約書を英語に翻訳してください",
    ),
}

ONE_FACT = (
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
    "What does the summary of the report say?",
    "What does the summary of the report say about rent?",
    "Summary judgment was granted to whom?",
    "The summary of the report says what about rent?",
    "On which exchange does the company list its shares?",
    "How do rent and deposit differ?",
    "Check the report for the revenue of 2021",
    "Review clause 5: who pays?",
    "Translate the sentence on page 3",
    "Who reviewed the financial statements?",
    "What is the count of shares outstanding?",
    "Which currency are foreign accounts translated into?",
    "Wann endet der Mietvertrag?",
    "Wie hoch ist die Miete im Vergleich zum Vorjahr?",
    "Was steht in der Zusammenfassung?",
    "Wann kann der Mieter der Erhöhung widersprechen?",
    "Wie viele Mitarbeiter hatte das Unternehmen 2019?",
    "Wer prüft den Jahresabschluss?",
    "Worum geht es in Artikel 5?",
    "Wie unterscheidet sich die Miete vom Vorjahr?",
    "Bis wann ist Widerspruch einzulegen?",
    "Quand le bail prend-il fin ?",
    "Que dit le résumé ?",
    "De combien les ventes ont-elles augmenté par rapport à 2021 ?",
    "Combien de salariés comptait la société en 2019 ?",
    "Qui vérifie les comptes ?",
    "Quel est le montant du loyer ?",
    "Quel est le plan de paiement ?",
    "¿Cuándo termina el contrato?",
    "¿Qué dice el resumen?",
    "¿Cuántos empleados tenía la empresa en 2019?",
    "¿Cuánto crecieron las ventas en comparación con 2021?",
    "¿Quién revisa las cuentas?",
    "¿Cuánto es la renta?",
    "租金是多少？",
    "公司2021年共有多少员工？",
    "合同何时终止？",
    "摘要里说了什么？",
    "哪个部门的收入比较大？",
    "与2021年相比收入增长了多少？",
    "契約はいつ終了しますか",
    "賃料はいくらですか",
    "前年と比べて売上はいくら増えましたか",
    "要約には何と書いてありますか",
    "従業員は何人いますか",
    "解約の通知期間は何か月ですか",
)


@pytest.mark.parametrize(
    ("kind", "question"), [(kind, each) for kind, held in ASKED.items() for each in held]
)
def test_a_task_over_all_pages_is_known_by_its_kind(kind: str, question: str) -> None:
    assert kind_of(question) == kind
    assert needs_everything(question)


@pytest.mark.parametrize("question", ONE_FACT)
def test_a_question_for_one_fact_is_not_taken_for_one(question: str) -> None:
    assert kind_of(question) is None
    assert not needs_everything(question)


@pytest.mark.parametrize(("kind", "question"), [(kind, held[0]) for kind, held in ASKED.items()])
def test_an_outline_serves_summaries_and_timelines_alone(kind: str, question: str) -> None:
    assert for_an_outline(question) == (kind in ("summary", "timeline"))


@pytest.mark.parametrize("name", READY)
def test_a_ready_question_is_known_as_what_it_is(name: str) -> None:
    kinds = {"compare": "comparison"}

    assert kind_of(READY[name].question()) == kinds.get(name, name)
    assert kind_of(READY[name].question("Mind the deposit.")) == kinds.get(name, name)


def test_the_comparison_wants_a_place_in_each_document() -> None:
    text = READY["compare"].question()

    assert "[D1 p. n]" in text
    assert "[D2 p. n]" in text
    assert READY["compare"].documents == 2


def test_hardly_a_question_of_the_development_data_is_taken_for_one(data: Path) -> None:
    """They ask for facts, but for the few whose answer takes the whole."""
    names = ("questions.jsonl", "qa.jsonl")
    lines = [
        each for name in names for each in (data / "qa" / name).read_text("utf-8").splitlines()
    ]
    questions = [json.loads(line)["question"] for line in lines]

    taken = [each for each in questions if needs_everything(each)]

    assert len(questions) > 1_500
    assert len(taken) / len(questions) < 0.015

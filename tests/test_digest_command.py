"""`kimiqa digest` and `kimiqa ask --task`: a price first, an outline kept, both sides cited."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from asking import client_at, lease, report
from outlining import prompts
from test_cli import terminal  # noqa: F401

from kimiqa import Document
from kimiqa.cli import run
from kimiqa.figures import money
from kimiqa.testing import KimiServer


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "report.txt"
    made.write_text("\f".join(page.text for page in report(90).pages), encoding="utf-8")
    return made


@pytest.fixture
def at(outlines: KimiServer) -> list[str]:
    named = outlines.base_url, outlines.key or ""
    return ["--model", "kimi-k3", "--base-url", named[0], "--api-key", named[1]]


def _told(capsys: pytest.CaptureFixture[str], *arguments: Any) -> tuple[int, dict[str, Any]]:
    code = run([*map(str, arguments), "--json"])
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    return code, json.loads(out)


# digest -----------------------------------------------------------------------------------------


def test_a_digest_shows_its_price_first_then_its_lines_and_what_holds(
    file: Path,
    at: list[str],
    outlines: KimiServer,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["digest", str(file), *at, "--yes"]) == 0

    out, err = capsys.readouterr()
    assert out.startswith("## Claims\n- ")
    assert "[D1 p. 90]." in out
    quote, *rest = err.splitlines()
    assert quote.startswith("Quote: $0.")
    assert "prompt tokens to kimi-k3, 90 of 90 pages, about " in quote
    assert any(line.startswith("A digest is made once for about $0.") for line in rest)
    assert "90 of 90 places hold; made of 90 of 90 pages" in err
    assert f"Cost {money(outlines.billed, 'USD')}, quoted $0." in err


def test_a_second_time_it_is_shown_for_nothing_and_questions_use_it(
    file: Path,
    at: list[str],
    outlines: KimiServer,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run(["digest", str(file), *at, "--yes"])
    paid = outlines.billed
    capsys.readouterr()

    assert run(["digest", str(file), *at]) == 0
    out, err = capsys.readouterr()
    assert run(["ask", str(file), "-q", "Who pays?", "--strategy", "digest", *at]) == 0

    assert out.startswith("## Claims")
    assert "The digest is kept: nothing is sent, and it costs nothing." in err
    assert f"Cost {money(paid, 'USD')} when it was made" in err
    assert len(outlines.chats) == 2
    assert '<digest of="D1" name="report.txt"' in prompts(outlines)[-1]


def test_a_quote_sends_nothing(
    file: Path,
    at: list[str],
    outlines: KimiServer,
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, found = _told(capsys, "digest", file, *at, "--quote")

    assert code == 0
    assert not found["kept"]
    assert found["calls"] == 1
    assert found["estimate"]["cost"]["ceiling"]
    assert found["pays"].startswith("A digest is made once for about $")
    assert outlines.chats == []


def test_as_json_it_is_one_object_with_what_was_paid_and_what_it_cost(
    file: Path,
    at: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, made = _told(capsys, "digest", file, *at, "--yes")
    _, kept = _told(capsys, "digest", file, *at)

    assert code == 0
    assert made["schema"] == 1
    assert set(made) >= {"documents", "text", "citations", "coverage", "model", "cost", "made"}
    assert made["citations"][0] | {"status": "verified", "document": "D1"} == made["citations"][0]
    assert made["paid"] == made["cost"] == kept["cost"]
    assert kept["paid"] == {"amount": "0", "currency": "USD"}
    assert (made["kept"], kept["kept"]) == (False, True)
    assert kept["text"] == made["text"]


def test_above_the_threshold_a_script_says_yes(
    file: Path,
    at: list[str],
    home: Path,
    outlines: KimiServer,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (home / "settings.toml").write_text('confirm_above = "0.05"\n', encoding="utf-8")

    assert run(["digest", str(file), *at]) == 3
    assert "Say --yes" in capsys.readouterr().err
    assert outlines.chats == []
    assert run(["digest", str(file), *at, "--yes"]) == 0


def test_over_a_cap_it_is_refused_with_the_numbers(
    file: Path,
    at: list[str],
    outlines: KimiServer,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["digest", str(file), *at, "--max-cost", "0.01"]) == 3

    assert "the cap per question is $0.01" in capsys.readouterr().err
    assert outlines.chats == []


def test_over_a_cap_a_person_is_asked_once(
    file: Path,
    at: list[str],
    terminal: Any,  # noqa: F811
    outlines: KimiServer,
) -> None:
    session = terminal("digest", file, *at, "--max-cost", "0.05")
    assert "Make it all the same, for at most $0." in session.until("?")
    session.type("y\n")

    assert session.end() == 0
    assert len(outlines.chats) == 1


def test_the_embedded_endpoint_and_a_missing_key_are_told(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["digest", str(file)]) == 2
    assert "has no model that could make a digest" in capsys.readouterr().err
    assert run(["digest", str(file), "--model", "kimi-k3", "--yes"]) == 3
    assert "no key" in capsys.readouterr().err
    assert run(["digest", str(file), "--model", "kimi-k3", "--quote"]) == 0


def test_places_that_do_not_hold_are_listed(
    file: Path,
    at: list[str],
    outlines: KimiServer,
    capsys: pytest.CaptureFixture[str],
) -> None:
    outlines.answer = '- "made of whole cloth" [D1 p. 3].\n- "was settled in" [D1 p. 4].'

    assert run(["digest", str(file), *at, "--yes"]) == 0

    out, err = capsys.readouterr()
    assert "?  D1 p. 3   unverified  made of whole cloth" in out
    assert "1 of 2 places hold" in err


# ask --task -------------------------------------------------------------------------------------


def test_a_task_is_asked_in_words_of_its_own(
    file: Path,
    at: list[str],
    outlines: KimiServer,
) -> None:
    more = ["--task", "summary", "-q", "Mind the garden."]
    assert run(["ask", str(file), *more, *at, "--strategy", "full"]) == 0

    asked = prompts(outlines)[-1]
    assert "Summarise the documents: first what they are" in asked
    assert asked.endswith("Mind the garden.")


def test_a_comparison_needs_two_documents_and_says_what_has_no_place_in_the_answer(
    file: Path,
    at: list[str],
    samples: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["ask", str(file), "--task", "compare", *at]) == 2
    assert "needs 2 documents" in capsys.readouterr().err
    assert run(["ask", str(file), str(samples / "lease.md"), "--task", "compare", *at]) == 0

    assert "Note: Nothing in the answer cites D2 (lease.md)." in capsys.readouterr().err


def test_neither_question_nor_task_is_wrong_usage(
    file: Path, at: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["ask", str(file), *at]) == 2
    assert "-q QUESTION, or --task" in capsys.readouterr().err


# Both sides -------------------------------------------------------------------------------------

SECOND = Document.from_pages(["The rent of Eastwick is 4,000 euros a month."], name="new.txt")


@pytest.mark.parametrize(
    ("answer", "question", "notes"),
    [
        (
            '"ends on 30 April 2030" [D1 p. 1]; "4,000 euros a month" [D2 p. 1]',
            "Compare D1 and D2.",
            [],
        ),
        (
            '"ends on 30 April 2030" [D1 p. 1]',
            "Vergleiche die beiden Verträge",
            ["Nothing in the answer cites D2 (new.txt)."],
        ),
        (
            '"ends on 30 April 2030" [D1 p. 1]; "5,000 euros a month" [D2 p. 1]',
            "Summarise both documents",
            ["No place in D2 (new.txt) that the answer cites holds."],
        ),
        ('"ends on 30 April 2030" [D1 p. 1]', "When does the lease end?", []),
    ],
)
def test_an_answer_over_several_documents_rests_on_each(
    server: KimiServer, answer: str, question: str, notes: list[str]
) -> None:
    server.answer = answer

    found = client_at(server).ask(question, [lease(), SECOND])

    assert [each for each in found.warnings if "D2" in each] == notes


@pytest.mark.parametrize("strategy", ["full", "digest", "swarm"])
def test_a_comparison_goes_by_every_way_that_reads_everything(
    server: KimiServer, strategy: Any
) -> None:
    server.answer = '- "ends on 30 April 2030" [D1 p. 1]\n- "4,000 euros a month" [D2 p. 1]'
    first = Document.from_pages([page.text for page in lease().pages], name=f"{strategy}.txt")

    answer = client_at(server).ask("Compare D1 and D2.", [first, SECOND], strategy=strategy)

    held = {each.document for each in answer.citations if each.status == "verified"}
    assert held == {"D1", "D2"}
    assert not [each for each in answer.warnings if "cites" in each]

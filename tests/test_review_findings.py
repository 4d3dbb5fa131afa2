"""What a review of the whole broke, and must not break again."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

import kimiqa
from kimiqa import Client, Document, KimiqaError
from kimiqa.cli import run
from kimiqa.errors import BadRequestError, ContextWindowError
from kimiqa.testing import KimiServer

SERVED = """
    import os, kimiqa
    from kimiqa.testing import KimiServer
    server = KimiServer(seed=3).start()
    lease = kimiqa.Document.from_pages(["The rent is 500 euros a month."])
    client = kimiqa.Client("kimi-k3", base_url=server.base_url, api_key=server.key)
"""


def script(body: str, home: Path) -> str:
    """What a script prints that is run as users run theirs."""
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(SERVED) + textwrap.dedent(body)],
        env={**os.environ, "KIMIQA_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.stderr == ""
    return ended.stdout


@pytest.fixture
def lease() -> Document:
    pages = [f"Unit {n} costs {n * 17} euros a month. Alice pays Bob." for n in range(1, 40)]
    return Document.from_pages(pages, name="lease")


@pytest.fixture
def client(server: KimiServer) -> Client:
    return Client("kimi-k3", base_url=server.base_url, api_key=server.key)


# The engine's thread ----------------------------------------------------------------------------


def test_a_script_that_ends_inside_an_answer_has_it_booked(home: Path) -> None:
    script(
        """
        server.fault("stream_stall", seconds=60)
        events = client.stream("What is the rent?", [lease])
        while not isinstance(next(events), kimiqa.Text | kimiqa.Reasoning):
            pass
        """,
        home,
    )

    with kimiqa.Ledger.open(home) as ledger:
        assert [call.state for call in ledger.calls()] == ["estimated"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_asks_with_an_engine_of_its_own(home: Path) -> None:
    said = script(
        """
        import warnings
        warnings.simplefilter("ignore")  # newer Pythons warn of forks beside threads
        client.ask("What is the rent?", [lease])
        child = os.fork()
        if not child:
            print(kimiqa.Client(home=None, model="local").ask("Rent?", [lease]).state, flush=True)
            os._exit(0)
        os.waitpid(child, 0)
        """,
        home,
    )

    assert said == "settled\n"


# Nothing is paid for nothing, and nothing that was paid for is lost ------------------------------


def test_a_prompt_without_a_word_of_the_documents_is_refused(
    client: Client, lease: Document, server: KimiServer
) -> None:
    with pytest.raises(ContextWindowError, match="no chunk of the documents fits"):
        client.ask("What is the rent of unit 7?", [lease], max_prompt_tokens=330)

    assert server.billed == 0


def test_an_answer_survives_a_turn_that_cannot_be_kept(
    client: Client, lease: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise KimiqaError("The disk is full.")

    monkeypatch.setattr(client.ledger, "save_turn", full)

    answer = client.conversation([lease]).ask("What is the rent of unit 7?")

    assert answer.text
    assert "The disk is full." in answer.warnings


def test_an_answer_survives_a_ledger_that_took_its_call_for_lost(
    client: Client, lease: Document, server: KimiServer
) -> None:
    server.fault("no_usage")
    events = client.stream("What is the rent of unit 7?", [lease])
    started = next(events)
    assert isinstance(started, kimiqa.Started)
    client.ledger.unknown(started.id)

    *_, finished = events

    assert isinstance(finished, kimiqa.Finished)
    assert finished.answer.text
    assert any("could not book" in each for each in finished.answer.warnings)


def test_two_windows_of_one_conversation_keep_every_turn(client: Client, lease: Document) -> None:
    first = client.conversation([lease])
    first.ask("What is the rent of unit 1?")
    one, other = client.conversation([lease], first.id), client.conversation([lease], first.id)

    one.ask("And of unit 2?")
    other.ask("And of unit 3?")

    asked = [turn["question"] for turn in client.ledger.turns(first.id)]
    assert asked == ["What is the rent of unit 1?", "And of unit 2?", "And of unit 3?"]


def test_a_conversation_does_not_go_on_over_other_documents(
    client: Client, lease: Document
) -> None:
    talk = client.conversation([lease])
    talk.ask("What is the rent of unit 7?", strategy="chunks")
    other = Document.from_pages(["Cats and dogs."])

    with pytest.raises(BadRequestError, match="is about lease"):
        client.conversation([other], talk.id)


def test_a_plan_is_not_run_where_it_was_not_priced(
    client: Client, lease: Document, server: KimiServer
) -> None:
    plan = client.plan("What is the rent of unit 7?", [lease])
    elsewhere = Client("kimi-k3", base_url="http://127.0.0.1:9/v1", api_key="k")

    with pytest.raises(BadRequestError, match="was priced for kimi-k3 at"):
        elsewhere.run(plan)

    assert elsewhere.ledger.calls() == []


def test_an_estimate_stands_where_no_price_or_cap_lets_the_question_run(
    client: Client, server: KimiServer, lease: Document
) -> None:
    unpriced = Client("nobody-knows-1", base_url=server.base_url, api_key=server.key)

    assert unpriced.estimate("What is the rent?", [lease]).cost.expected is None
    assert client.estimate("What is the rent?", [lease], max_cost="0.001").cost.expected


# Odd input has an error of its own, or is taken as it is meant ------------------------------------


def test_half_characters_are_asked_as_marks(client: Client) -> None:
    broken = Document.from_pages(["The rent \ud800 is 500 euros a month."])

    answer = client.ask("What is the rent \udcff?", [broken])

    assert broken.pages[0].text == "The rent \ufffd is 500 euros a month."
    assert answer.finish_reason == "stop"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.pdf")

    with pytest.raises(KimiqaError, match=r"pipe\.pdf is a pipe or a device"):
        Document.open(tmp_path / "pipe.pdf")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        pytest.param(io.StringIO("text"), "A StringIO gives no bytes", id="a file of text"),
        pytest.param(5, "A int gives no bytes", id="a number"),
        pytest.param("a\0b", "does not exist", id="a path with a NUL"),
    ],
)
def test_what_is_no_file_is_named(source: Any, message: str) -> None:
    with pytest.raises(KimiqaError, match=message):
        Document.open(source)


@pytest.mark.parametrize("pages", [["1"], [1.5], "1.5"])
def test_pages_that_are_no_numbers_are_named(client: Client, lease: Document, pages: Any) -> None:
    with pytest.raises(
        BadRequestError, match=r"number of a page|cannot be read|There are no pages"
    ):
        client.plan("What is the rent?", [lease], pages=pages)


def test_one_page_may_be_given_as_a_number(client: Client, lease: Document) -> None:
    plan = client.plan("What is the rent?", [lease], pages=7)

    assert plan.coverage.sent == 1


def test_bytes_are_a_document(client: Client) -> None:
    plan = client.plan("What is the rent?", b"The rent is 500 euros a month.")

    assert plan.coverage.pages == 1


# A "not" that an ellipsis swallows ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("quote", "status"),
    [
        pytest.param("The lease ends on ... 30 June 2029", "unverified", id="not on, in between"),
        pytest.param("The tenant may ... keep a dog", "unverified", id="in no case, in between"),
        pytest.param("甲方……转让合同权利", "unverified", id="in Chinese"),
        pytest.param("The lease ends ... The tenant may", "verified", id="in a sentence before"),
        pytest.param("The lease ends ... 31 December 2030", "verified", id="nothing denied"),
    ],
)
def test_no_ellipsis_hides_a_not(quote: str, status: str) -> None:
    page = (
        "The lease ends on 31 December 2030, not on 30 June 2029. The tenant may in no case "
        "whatever keep a dog. 甲方在任何情况下均不得擅自转让合同权利。"
    )
    document = Document.from_pages([page])

    (citation,) = kimiqa.check_citations(f'"{quote}" [D1 p. 1]', [document])

    assert citation.status == status


# The terminal ------------------------------------------------------------------------------------


def test_an_amount_that_is_none_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    code = run(["cost", "no-such-file.txt", "--max-cost", "cheap", "--json"])

    assert code == 2
    assert "'cheap' is not an amount of money" in capsys.readouterr().err


def test_an_answer_that_its_limit_cut_is_no_error_of_the_command(
    server: KimiServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "lease.txt"
    file.write_text("The rent is 500 euros a month.", encoding="utf-8")
    server.fault("length")
    where = ["--model", "kimi-k3", "--base-url", server.base_url, "--api-key", server.key or ""]

    code = run(["ask", str(file), "-q", "What is the rent?", *where, "--json"])

    said = json.loads(capsys.readouterr().out)
    assert (code, said["finish_reason"], "error" in said) == (0, "length", False)
    assert "cut at its limit" in said["warnings"][0]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full device")
def test_a_full_disk_is_said_without_a_traceback(tmp_path: Path) -> None:
    file = tmp_path / "lease.txt"
    file.write_text("The rent is 500 euros a month.", encoding="utf-8")
    command = [sys.executable, "-m", "kimiqa", "ask", str(file), "-q", "What is the rent?"]

    with open("/dev/full", "w", encoding="utf-8") as full:
        ended = subprocess.run(
            [*command, "--json"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )

    assert ended.returncode == 1
    assert "No space left on device" in ended.stderr
    assert "Traceback" not in ended.stderr

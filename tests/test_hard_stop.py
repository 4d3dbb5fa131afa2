"""The hard stop: nothing is sent that a cap, a threshold or a full disk forbids."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from decimal import Decimal
from pathlib import Path
from typing import Any

import asking_crowd
import pytest
from ledger_writer import begin
from sqlalchemy import event

import kimiqa
from kimiqa import Client
from kimiqa.cli import run
from kimiqa.errors import LedgerError, OverCapError, PriceUnknownError
from kimiqa.estimating import DEFAULT_COMPLETION, LEAST_COMPLETION
from kimiqa.ledger import Budget, Ledger
from kimiqa.plan import Plan
from kimiqa.settings import Settings, save_settings
from kimiqa.testing import KimiServer

ASKED = asking_crowd.document()
QUESTION = "What is the rent?"


def client_of(server: KimiServer, **options: Any) -> Client:
    return Client("kimi-k3", base_url=server.base_url, api_key=server.key or "", **options)


def ceiling_of(client: Client, **options: Any) -> Decimal:
    ceiling = client.plan(QUESTION, ASKED, **options).estimate.cost.ceiling
    assert ceiling is not None
    return ceiling


# Many at once -----------------------------------------------------------------------------------


def crowd(server: KimiServer, home: Path, askers: int, cap: Decimal) -> subprocess.Popen[str]:
    root = Path(kimiqa.__file__).parent.parent
    command = [sys.executable, asking_crowd.__file__, server.base_url, str(home), str(askers)]
    return subprocess.Popen(
        [*command, str(cap)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(root)},
    )


def test_fifty_questions_of_two_processes_admit_exactly_what_fits(home: Path) -> None:
    """No answer comes before all are decided, so that nothing is given back meanwhile."""
    fits, refused, decided = 12, 50 - 12, threading.Event()

    def answer(_: dict[str, Any]) -> str:
        assert decided.wait(60)
        return "It is 3,850 euros."

    with KimiServer(seed=11, key=None, answer=answer, reasoning=5) as server:
        with client_of(server, home=None) as alone:
            each = ceiling_of(alone, max_completion_tokens=asking_crowd.ROOM)
        cap = each * fits + each / 2
        crowds = [crowd(server, home, 25, cap) for _ in range(2)]
        begin(*crowds)
        heard = Listening(crowds)
        heard.wait_for(refused)
        with Ledger.open(home) as ledger:
            most = ledger.spent("day")
        decided.set()
        heard.wait_for(50)

    assert sorted(heard.lines) == ["answered"] * fits + ["refused"] * refused
    assert each * fits == most <= cap
    assert len(server.chats) == len(server.bill) == fits


class Listening:
    """The lines of several processes, in whatever order they come."""

    def __init__(self, processes: list[subprocess.Popen[str]]) -> None:
        self.lines: list[str] = []
        self._news = threading.Condition()
        for each in processes:
            threading.Thread(target=self._listen, args=(each,), daemon=True).start()

    def _listen(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        assert process.stdin is not None
        with process.stdout, process.stdin:
            for line in process.stdout:
                with self._news:
                    self.lines.append(line.strip())
                    self._news.notify_all()
        process.wait()

    def wait_for(self, count: int) -> None:
        with self._news:
            assert self._news.wait_for(lambda: len(self.lines) >= count, 60), self.lines


# One alone --------------------------------------------------------------------------------------


def left_for(client: Client, tokens: int) -> Decimal:
    """What the question costs at most with room for so many completion tokens."""
    return ceiling_of(client, max_completion_tokens=tokens)


@pytest.mark.parametrize("cap", ["question", "conversation", "label", "day", "month"])
def test_a_plan_fits_itself_to_what_a_cap_leaves(server: KimiServer, cap: str) -> None:
    free = client_of(server, home=None, budget=Budget(question=None))
    talk = free.conversation(ASKED).id
    limits = {
        tokens: _planned(server, cap, left_for(free, tokens), talk)
        for tokens in (20_000, 5_000, LEAST_COMPLETION)
    }

    assert limits == {
        20_000: DEFAULT_COMPLETION,
        5_000: 5_000,
        LEAST_COMPLETION: LEAST_COMPLETION,
    }
    with pytest.raises(OverCapError, match=r"may cost up to \$.*; .*cap.* is \$"):
        _planned(server, cap, left_for(free, LEAST_COMPLETION) - Decimal("0.000001"), talk)
    assert server.chats == []


def _planned(server: KimiServer, cap: str, limit: Decimal, talk: str) -> int:
    """The completion tokens of a plan under one cap of any kind."""
    amounts: dict[str, Any] = {"question": None} | {cap: limit}
    amounts |= {"labels": {"client 7": amounts.pop("label")}} if cap == "label" else {}
    client = client_of(server, home=None, label="client 7", budget=Budget(**amounts))
    (request,) = client.conversation(ASKED, talk).plan(QUESTION, strategy="full").requests
    return request.max_completion_tokens


def test_a_label_given_at_asking_is_booked_and_capped(server: KimiServer, home: Path) -> None:
    save_settings(Settings(label_caps={"client 7": Decimal("0.001")}), home)
    client = client_of(server)

    with pytest.raises(OverCapError, match="label 'client 7'"):
        client.ask(QUESTION, ASKED, label="client 7")
    client.ask(QUESTION, ASKED, label="client 8")

    assert [call.label for call in client.ledger.calls()] == ["client 8"]


def test_a_model_of_unknown_price_needs_an_explicit_word(server: KimiServer) -> None:
    at = {"base_url": server.base_url, "api_key": server.key or ""}
    with pytest.raises(PriceUnknownError):
        Client("nobody-knows-1", **at).ask(QUESTION, ASKED)

    assert server.chats == []


def test_on_a_full_disk_nothing_is_paid_and_the_words_are_plain(server: KimiServer) -> None:
    client = client_of(server)
    plan = client.plan(QUESTION, ASKED)
    fill_disk(client.ledger)

    refusal = _first_refusal(client, plan)

    assert refusal.startswith(f"The ledger {Path(os.environ['KIMIQA_HOME']) / 'ledger.db'} cannot")
    assert "the disk is full. Nothing was sent. Free some space on that disk" in refusal
    assert len(server.chats) == len(client.ledger.calls())


def fill_disk(ledger: Ledger) -> None:
    """Let the database grow no further, in whichever thread, as a full disk would."""
    engine = ledger._database._readers

    def full(connection: Any, _: object) -> None:
        connection.execute("PRAGMA max_page_count = 1")

    event.listen(engine, "connect", full)
    engine.dispose()


def _first_refusal(client: Client, plan: Plan) -> str:
    """Ask until the room that is left in the file is used up."""
    for _ in range(50):
        try:
            client.run(plan)
        except LedgerError as error:
            return str(error)
    return "never refused"


# A person is asked ------------------------------------------------------------------------------


def ask_at_the_terminal(server: KimiServer, tmp_path: Path, *more: str) -> int:
    (tmp_path / "a.txt").write_text(ASKED.pages[0].text)
    at = ["--base-url", server.base_url, "--api-key", server.key or "", "--model", "kimi-k3"]
    return run(["ask", str(tmp_path / "a.txt"), "-q", QUESTION, *at, *more])


def test_above_the_threshold_a_script_says_yes_or_is_refused(
    server: KimiServer, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_settings(Settings(confirm_above=Decimal("0.01")), home)

    refused = ask_at_the_terminal(server, tmp_path, "--json")
    told, sent = json.loads(capsys.readouterr().out), len(server.chats)
    allowed = ask_at_the_terminal(server, tmp_path, "--json", "--yes")

    assert (refused, sent, allowed) == (3, 0, 0)
    assert told["error"]["code"] == "over_cap"
    assert "--yes" in told["error"]["hint"]
    assert len(server.chats) == 1


def test_below_the_threshold_nobody_is_asked(
    server: KimiServer, home: Path, tmp_path: Path
) -> None:
    save_settings(Settings(confirm_above=Decimal("1.00")), home)

    assert ask_at_the_terminal(server, tmp_path, "--label", "client 7") == 0
    with Ledger.open(home) as ledger:
        assert ledger.calls()[0].label == "client 7"


def test_a_yes_raises_no_cap(server: KimiServer, home: Path, tmp_path: Path) -> None:
    save_settings(Settings(max_cost=Decimal("0.001")), home)

    assert ask_at_the_terminal(server, tmp_path, "--yes") == 3
    assert server.chats == []


@pytest.mark.parametrize(("word", "code"), [("y", 0), ("n", 3)])
def test_a_person_is_asked_with_the_numbers(
    server: KimiServer,
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    word: str,
    code: int,
) -> None:
    save_settings(Settings(confirm_above=Decimal("0.01")), home)
    questions: list[str] = []

    def answer(text: str, **_: Any) -> bool:
        questions.append(text)
        return word == "y"

    monkeypatch.setattr("kimiqa.cli.options.person", lambda: True)
    monkeypatch.setattr("click.confirm", answer)

    assert ask_at_the_terminal(server, tmp_path) == code
    assert len(server.chats) == (1 if code == 0 else 0)
    # Rounded up: what it may come to is never told as less.
    assert "may cost up to $0.25" in questions[0]

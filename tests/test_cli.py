"""The terminal: what is shown, where, in which code it ends, and what cannot steer it."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from ledger_writer import reserve, settle
from pdfs import make_encrypted_pdf, make_pdf
from raw_server import RawServer, refusal

import kimiqa
from kimiqa import Ledger
from kimiqa.cli import run
from kimiqa.cli.show import column, safe, table
from kimiqa.figures import money
from kimiqa.money import Cost
from kimiqa.testing import Fault, KimiServer

POSIX = os.name == "posix"
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]")
ANSWER = 'The lease ends "on 30 April 2030" [D1 p. 1].'
SECONDS = 60


@pytest.fixture
def pdf(tmp_path: Path) -> Path:
    file = tmp_path / "lease.pdf"
    file.write_bytes(make_pdf(["The lease of Eastwick ends on 30 April 2030.", "", "The rent."]))
    return file


@pytest.fixture
def lease(samples: Path) -> Path:
    """A document that is read without a process of its own."""
    return samples / "lease.md"


@pytest.fixture
def at(server: KimiServer) -> list[str]:
    """The options that name the loopback server, which gives a known answer."""
    server.answer, server.reasoning = ANSWER, 50
    return ["--model", "kimi-k3", "--base-url", server.base_url, "--api-key", server.key or ""]


def _start(*arguments: Any, **options: Any) -> subprocess.Popen[bytes]:
    """A command as a process of its own."""
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    command = [sys.executable, "-m", "kimiqa", *map(str, arguments)]
    environment = {**os.environ, **options.pop("env", {})}
    return subprocess.Popen(command, env=environment, **{**pipes, **options})


def _ended(*arguments: Any, **options: Any) -> tuple[int, str, str]:
    """A finished command's code and what it wrote."""
    process = _start(*arguments, **options)
    out, err = process.communicate(timeout=SECONDS)
    return process.returncode, out.decode("utf-8"), err.decode("utf-8")


# Asking -----------------------------------------------------------------------------------------


def test_the_answer_goes_to_standard_output_and_the_receipt_beside_it(
    pdf: Path, at: list[str], capsys: pytest.CaptureFixture[str], server: KimiServer
) -> None:
    code = run(["ask", str(pdf), "-q", "When does it end?", *at])

    out, err = capsys.readouterr()
    assert code == 0
    assert out.startswith(f"{ANSWER}\n")
    assert "✓  D1 p. 1   verified  on 30 April 2030" in out
    quote, *receipt = err.splitlines()
    assert quote.startswith("Quote: $0.0")
    assert "to kimi-k3, 2 of 3 pages (full: all 2 pages are only" in quote
    assert "2 of 3 pages sent (left out: D1 p. 2 empty)" in receipt[1]
    assert f"{server.bill[0].prompt_tokens:,} prompt tokens, 0 cached" in receipt[2]
    assert receipt[3].startswith(f"Cost {money(server.billed, 'USD')}, quoted $")


def test_several_files_are_numbered_in_their_order(
    pdf: Path, at: list[str], samples: Path, server: KimiServer
) -> None:
    assert run(["ask", str(samples / "lease.md"), str(pdf), "-q", "When?", *at]) == 0

    content = server.chats[0]["messages"][1]["content"]
    assert content.index('id="D1" name="lease.md"') < content.index('id="D2" name="lease.pdf"')


def test_options_of_a_question_reach_it(pdf: Path, at: list[str], server: KimiServer) -> None:
    options = ["--strategy", "chunks", "--pages", "1", "--effort", "max", "--max-cost", "0.30"]
    more = ["--max-completion-tokens", "5000", "--max-prompt-tokens", "2000", "--label", "m7"]

    assert run(["ask", str(pdf), "-q", "When?", *at, *options, *more]) == 0

    (body,) = server.chats
    assert (body["reasoning_effort"], body["max_completion_tokens"]) == ("max", 5_000)
    assert "30 April 2030" in body["messages"][1]["content"]
    with Ledger.open(os.environ["KIMIQA_HOME"]) as book:
        (row,) = book.calls()
    assert (row.strategy, row.label) == ("chunks", "m7")


def test_a_home_may_be_named(pdf: Path, at: list[str], tmp_path: Path, home: Path) -> None:
    own = tmp_path / "own"

    assert run(["ask", str(pdf), "-q", "When?", *at, "--home", str(own)]) == 0

    assert (own / "ledger.db").is_file()
    assert not (home / "ledger.db").exists()


def test_quotes_need_no_key_and_say_what_they_are(
    pdf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(["ask", str(pdf), "-q", "When does the lease of Eastwick end?"])

    out, err = capsys.readouterr()
    assert code == 0
    assert "no language model was asked" in out
    assert "Cost $0.00" in err


@pytest.mark.parametrize(
    ("fault", "code", "line"),
    [
        (Fault.QUOTA, 1, "no money or quota left"),
        (Fault.RESET_AFTER, 1, "hung up after the question was sent"),
        (Fault.STREAM_CUT, 1, "may be incomplete"),
        (Fault.CONTENT_FILTER_FINISH, 1, "content filter cut the answer"),
        (Fault.LENGTH, 0, "Note: The answer was cut at its limit"),
        (Fault.NO_USAGE, 0, "(estimated), quoted $"),
    ],
)
def test_a_fault_ends_in_one_line_and_its_code(
    fault: Fault,
    code: int,
    line: str,
    pdf: Path,
    at: list[str],
    server: KimiServer,
    capsys: pytest.CaptureFixture[str],
) -> None:
    server.answer = f"{ANSWER} {'Notice may be given in writing at any time. ' * 6}"
    server.fault(fault)

    assert run(["ask", str(pdf), "-q", "When?", *at]) == code

    err = capsys.readouterr().err
    assert line in err
    assert "Traceback" not in err
    assert len([each for each in err.splitlines() if each.startswith("kimiqa: ")]) == bool(code)


def test_nothing_is_sent_without_a_key_or_over_a_cap(
    pdf: Path, server: KimiServer, at: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["ask", str(pdf), "-q", "When?", "--model", "kimi-k3"]) == 3
    assert "Set MOONSHOT_API_KEY" in capsys.readouterr().err
    assert run(["ask", str(pdf), "-q", "When?", *at, "--max-cost", "0.01"]) == 3
    assert "the cap per question is $0.01" in capsys.readouterr().err
    assert run(["ask", "nowhere.pdf", "-q", "When?", *at]) == 1
    assert "nowhere.pdf does not exist" in capsys.readouterr().err

    assert server.requests == []


def test_above_the_threshold_a_script_must_say_yes(
    pdf: Path,
    at: list[str],
    home: Path,
    server: KimiServer,
    capsys: pytest.CaptureFixture[str],
) -> None:
    home.mkdir(exist_ok=True)
    (home / "settings.toml").write_text('confirm_above = "0.05"\n', encoding="utf-8")

    assert run(["ask", str(pdf), "-q", "When?", *at]) == 3
    assert "Say --yes" in capsys.readouterr().err
    assert server.chats == []
    assert run(["ask", str(pdf), "-q", "When?", *at, "--yes"]) == 0


# Pricing, books, models, doctor -----------------------------------------------------------------


def test_cost_shows_documents_ways_and_dates(
    pdf: Path, capsys: pytest.CaptureFixture[str], samples: Path
) -> None:
    assert run(["cost", str(pdf), str(samples / "fhs-3.0.pdf"), "-q", "What is in /etc?"]) == 0

    out = capsys.readouterr().out
    assert re.search(r"D1 +lease\.pdf +3 +\d+ +empty: p\. 2", out)
    assert re.search(r"D2 +fhs-3\.0\.pdf +50 +23,\d\d\d", out)
    assert re.search(r"full +kimi-k3 +2\d,\d\d\d +0 +\$0\.0\d+ - \$?0\.\d+", out)
    assert re.search(r"full +local ", out)
    assert "Prices of kimi-k3 as of 2026-" in out
    assert "Set MOONSHOT_API_KEY to ask Kimi" in out


def test_cost_tells_why_a_way_cannot_run(pdf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["cost", str(pdf), "--model", "kimi-k3", "--max-cost", "0.001"]) == 3

    out = capsys.readouterr().out
    assert "full (no)" in out
    assert "cannot run: This question may cost up to" in out


def test_the_ledger_shows_what_was_spent(
    pdf: Path, at: list[str], server: KimiServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["ledger"]) == 0
    assert "Nothing was asked yet." in capsys.readouterr().out
    run(["ask", str(pdf), "-q", "When?", *at])
    capsys.readouterr()

    assert run(["ledger"]) == 0

    out = capsys.readouterr().out
    assert re.search(r"1 +\d{4}-\d\d-\d\d \d\d:\d\d +kimi-k3 +full +settled", out)
    assert "lease.pdf" in out
    assert f"Total {money(server.billed, 'USD')}" in out


def test_models_are_a_table_and_what_is_not_known_is_asked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["models"]) == 0

    out = capsys.readouterr().out
    assert re.search(r"kimi-k3 +1,048,576 +3\.00 +0\.30 +15\.00 +USD +2026-", out)


def test_doctor_names_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    code = run(["doctor", "--model", "kimi-k3", "--offline"])

    out = capsys.readouterr().out
    assert code == 1
    assert "MISSING key: Set MOONSHOT_API_KEY" in out
    assert "ok      price: 3.00 prompt, 15.00 completion USD per million" in out


def test_doctor_reaches_an_endpoint(server: KimiServer, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "--base-url", server.base_url, "--api-key", "sk-test"]) == 0
    assert "answers and offers" in capsys.readouterr().out

    assert run(["doctor", "--base-url", server.base_url, "--api-key", "sk-wrong"]) == 1
    assert "MISSING endpoint" in capsys.readouterr().out
    assert server.bill == []


@pytest.mark.parametrize(
    "command", [[], *([name] for name in ("app", "models", "cost", "ask", "ledger", "doctor"))]
)
def test_every_command_explains_itself(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*command, "--help"]) == 0

    out = capsys.readouterr().out
    assert "Usage: kimiqa" in out
    assert not command or ("--json" in out and "--home" in out)


@pytest.mark.parametrize("command", ["cost", "ask"])
def test_what_prices_or_asks_takes_the_options_of_the_contract(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run([command, "--help"])

    out = capsys.readouterr().out
    for option in (
        "--model", "--base-url", "--api-key", "--effort", "--strategy", "--pages", "--max-cost",
        "--max-prompt-tokens",
    ):  # fmt: skip
        assert option in out


def test_a_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert kimiqa.__version__ in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["fly"], ["ask"], ["ask", "x", "-q"], ["cost", "--wings"]])
def test_wrong_usage_ends_with_2_and_the_way_to_help(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2

    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "--help" in err


# What cannot steer a terminal -------------------------------------------------------------------


def test_names_and_words_with_escape_codes_are_inert(
    tmp_path: Path, at: list[str], server: KimiServer, capsys: pytest.CaptureFixture[str]
) -> None:
    evil = tmp_path / "a\x1b]0;owned\x07\u202efdp.txt"
    evil.write_text("The lease ends in May.\x1b[31m", encoding="utf-8")
    server.answer = 'Red \x1b[31m, back\r\n\x07 "The \x1b]0;lease ends in May" [D1 p. 1].'

    assert run(["ask", str(evil), "-q", "When\x1b[2J?", *at]) == 0
    asked = capsys.readouterr()
    assert run(["cost", str(evil)]) == 0
    assert run(["ledger"]) == 0
    assert run(["ask", str(evil) + "\x1b[2J", "-q", "When?"]) == 1
    others = capsys.readouterr()

    for written in (*asked, *others):
        assert not CONTROL.search(written)
    assert "Red [31m, back" in asked.out


def test_an_endpoints_words_are_inert_too(
    pdf: Path, at: list[str], server: KimiServer, capsys: pytest.CaptureFixture[str]
) -> None:
    with RawServer(refusal("400 Bad", "invalid", "no\x1b[2J\r\nkimiqa: all is well")) as raw:
        code = run(["ask", str(pdf), "-q", "When?", *at[:2], "--base-url", raw.base_url])

    err = capsys.readouterr().err
    assert code == 1
    assert not CONTROL.search(err)
    assert len([line for line in err.splitlines() if line.startswith("kimiqa: ")]) == 1


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mb", "a[31mb"),
        ("one\rtwo", "onetwo"),
        ("tab\tand\nline", "tab\tand\nline"),
        ("\u202eright\u2066", "right"),
        ("\x9b31m", "31m"),
        ("汉字 ½", "汉字 ½"),
        ("half \ud83d", "half "),
    ],
)
def test_what_is_shown_is_safe(text: str, shown: str) -> None:
    assert safe(text) == shown


def test_columns_stand_under_each_other_whatever_the_script() -> None:
    lines = table([["name", "n"], ["汉字", "1"], ["ab", "23"]], right=(1,)).splitlines()

    assert lines == ["name   n", "汉字   1", "ab    23"]


def test_costs_under_each_other_end_at_the_same_decimal_of_their_currency() -> None:
    costs = [
        Cost(Decimal("0.0036")),
        Cost(Decimal("1.5")),
        Cost(Decimal(2), "CNY"),
        Cost(None),
        None,
    ]

    assert column(costs, "?") == ["$0.0036", "$1.5000", "2.00 CNY", "unknown", "?"]


def test_the_terminal_writes_money_as_the_page_does(home: Path, capsys: Any) -> None:
    with Ledger.open(home) as ledger:
        for spent in ("0.123456", "0.0036"):
            settle(ledger, reserve(ledger, "0.20"), spent)

    run(["ledger", "--by", "day"])
    by_day = capsys.readouterr().out
    run(["ledger"])

    assert "  $0.13  " in by_day
    rows = capsys.readouterr().out
    assert re.findall(r" (\$0\.\d+)\n", rows) == ["$0.0036", "$0.1235", "$0.13"]


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        (Decimal("0.01234"), "USD", "$0.012"),
        (Decimal("1.005"), "USD", "$1.01"),
        (Decimal("0"), "USD", "$0.00"),
        (Decimal("0.00009876"), "USD", "$0.000099"),
        (Decimal("0.0000000123"), "CNY", "0.000000012 CNY"),
        (Decimal("12.3"), "CNY", "12.30 CNY"),
        (None, "USD", "unknown"),
    ],
)
def test_money_is_shown_as_a_person_reads_it(
    amount: Decimal | None, currency: str, shown: str
) -> None:
    assert money(amount, currency) == shown


# A process of its own ---------------------------------------------------------------------------


def test_piped_it_is_clean(lease: Path, at: list[str], home: Path, server: KimiServer) -> None:
    server.answer = "Zur Kündigung: „sechs Monate“ 六个月 ✓."

    code, out, err = _ended("ask", lease, "-q", "Wann? 什么时候", *at)

    assert code == 0
    assert out.startswith(server.answer)
    assert not CONTROL.search(out.replace("\r\n", "\n") + err.replace("\r\n", "\n"))


def test_where_the_locale_is_not_unicode_nothing_breaks(
    lease: Path, at: list[str], server: KimiServer
) -> None:
    server.answer = "六个月 ✓ sechs."

    locale = {"PYTHONIOENCODING": "ascii", "LC_ALL": "C", "PYTHONUTF8": "0"}
    process = _start("ask", lease, "-q", "When?", *at, env=locale)
    out, err = process.communicate(timeout=SECONDS)

    assert process.returncode == 0, err
    assert b"sechs." in out
    assert b"Traceback" not in err


@pytest.mark.skipif(not POSIX, reason="this system takes Unicode arguments alone")
def test_a_question_of_broken_bytes_is_asked(
    lease: Path, at: list[str], server: KimiServer
) -> None:
    command = [sys.executable, "-m", "kimiqa", "ask", str(lease), "-q", b"Wann \xff?", *at]

    ended = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)

    assert ended.returncode == 0, ended.stderr
    assert server.chats[0]["messages"][1]["content"].endswith("Wann ??")


def test_the_answer_is_written_as_it_comes(lease: Path, at: list[str], server: KimiServer) -> None:
    server.answer, server.reasoning = "Six months. " * 60, 1
    server.tokens_per_second = 20
    process = _start("ask", lease, "-q", "When?", *at)
    assert process.stdout is not None

    first = process.stdout.read(11)

    assert first == b"Six months."
    assert process.poll() is None
    process.kill()
    process.communicate(timeout=SECONDS)


@pytest.mark.skipif(not POSIX, reason="this system sends no interrupt to one process")
def test_an_interrupt_ends_with_130_and_is_booked(
    lease: Path, at: list[str], server: KimiServer, home: Path
) -> None:
    server.answer, server.reasoning = "Six months. " * 200, 1
    server.tokens_per_second = 20
    process = _start("ask", lease, "-q", "When?", *at)
    assert process.stdout is not None
    process.stdout.read(3)
    assert _states(home) == ["reserved"]

    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=SECONDS)

    assert process.returncode == 130
    assert err.endswith(b"Interrupted.\n")
    assert b"Traceback" not in err
    assert _states(home) == ["estimated"]


@pytest.mark.skipif(not POSIX, reason="this system sends no interrupt to one process")
def test_an_interrupt_leaves_one_json_object(
    lease: Path, at: list[str], server: KimiServer
) -> None:
    server.fault(Fault.STALL, seconds=60)
    process = _start("ask", lease, "-q", "When?", "--json", *at)
    _wait_for(lambda: server.bill)

    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=SECONDS)

    assert process.returncode == 130
    assert json.loads(out)["error"]["code"] == "interrupted"


@pytest.mark.skipif(not POSIX, reason="this system sends no interrupt to one process")
def test_an_interrupt_before_any_word_is_booked_as_unknown(
    lease: Path, at: list[str], server: KimiServer, home: Path
) -> None:
    server.fault(Fault.STALL, seconds=60)
    process = _start("ask", lease, "-q", "When?", *at)
    _wait_for(lambda: server.bill)

    process.send_signal(signal.SIGINT)
    process.communicate(timeout=SECONDS)

    assert process.returncode == 130
    assert _states(home) == ["unknown"]


def _states(home: Path) -> list[str]:
    if not (home / "ledger.db").exists():
        return []
    with suppress(kimiqa.KimiqaError), Ledger.open(home) as book:
        return [call.state for call in book.calls()]
    return []


def _wait_for(happened: Any) -> None:
    end = time.monotonic() + SECONDS
    while not happened():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


@pytest.mark.skipif(not POSIX, reason="this system ends pipes otherwise")
def test_a_reader_that_goes_away_stops_the_answer_and_it_is_booked(
    lease: Path, at: list[str], server: KimiServer, home: Path
) -> None:
    server.answer, server.reasoning = "Six months. " * 200, 1
    server.tokens_per_second = 40
    process = _start("ask", lease, "-q", "When?", *at)
    assert process.stdout is not None
    process.stdout.read(3)

    process.stdout.close()
    process.stdout = None
    _, err = process.communicate(timeout=SECONDS)

    assert process.returncode == 1
    assert b"Traceback" not in err
    assert b"Exception ignored" not in err
    assert _states(home) == ["estimated"]


def test_the_app_writes_its_address_as_json_and_nothing_else_there() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = _start("app", "--json", "--no-open", "--port", port)
    _wait_for(lambda: _listens(port))

    process.terminate()
    out, _ = process.communicate(timeout=SECONDS)

    assert json.loads(out) == {"schema": 1, "url": f"http://127.0.0.1:{port}"}


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def test_an_unexpected_fault_is_one_line_without_a_traceback(
    pdf: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError("secret details")

    monkeypatch.setattr("kimiqa.client.Client.ways", broken)

    assert run(["cost", str(pdf)]) == 1

    err = capsys.readouterr().err
    assert err.startswith("kimiqa: Unexpected ZeroDivisionError. This is a fault of kimiqa's")
    assert "secret" not in err


# At a terminal ----------------------------------------------------------------------------------


class _Terminal:
    """A command with a terminal around it, as a person has one."""

    def __init__(self, *arguments: Any) -> None:
        import pty

        self._ours, theirs = pty.openpty()
        self.process = _start(*arguments, stdin=theirs, stdout=theirs, stderr=theirs)
        os.close(theirs)
        self.shown = ""

    def until(self, words: str) -> str:
        """All that was shown until `words` were."""
        while words not in self.shown:
            piece = self._read()
            assert piece, self.shown
            self.shown += piece
        return self.shown

    def type(self, words: str) -> None:
        os.write(self._ours, words.encode())

    def end(self) -> int:
        while piece := self._read():
            self.shown += piece
        os.close(self._ours)
        return self.process.wait(SECONDS)

    def _read(self) -> str:
        try:
            return os.read(self._ours, 65_536).decode("utf-8", "replace")
        except OSError:  # Linux says so where others give nothing
            return ""


@pytest.fixture
def terminal() -> Iterator[type[_Terminal]]:
    if not POSIX:
        pytest.skip("this system has no pseudo-terminals")
    return _Terminal


def test_at_a_terminal_progress_is_shown_and_taken_away(
    samples: Path, at: list[str], terminal: type[_Terminal], server: KimiServer
) -> None:
    session = terminal("ask", samples / "fhs-3.0.pdf", "-q", "What is in /etc?", *at)

    assert session.end() == 0
    assert "Reading " in session.shown
    assert "page 50 of 50" in session.shown
    assert "Asking ..." in session.shown
    last = session.shown.rpartition("\r      ")[2]
    assert ANSWER in last
    assert "\x1b" not in session.shown


def test_a_password_is_asked_for_at_a_terminal_and_not_shown(
    tmp_path: Path, at: list[str], terminal: type[_Terminal]
) -> None:
    file = tmp_path / "locked.pdf"
    file.write_bytes(make_encrypted_pdf(["The lease ends in May."], "open sesame"))
    session = terminal("ask", file, "-q", "When?", *at)

    session.until("Password of")
    session.type("open sesame\n")

    assert session.end() == 0
    assert "sesame" not in session.shown
    assert ANSWER in session.shown


def test_over_a_cap_a_person_is_asked_once(
    lease: Path, at: list[str], terminal: type[_Terminal], server: KimiServer
) -> None:
    session = terminal("ask", lease, "-q", "When?", *at, "--max-cost", "0.01")
    assert "the cap per question is $0.01" in session.until("Ask all the same?")
    session.type("y\n")

    assert session.end() == 0
    assert len(server.chats) == 1


# Passwords without a terminal -------------------------------------------------------------------


def test_a_password_may_be_given(
    tmp_path: Path, at: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "locked.pdf"
    file.write_bytes(make_encrypted_pdf(["The lease ends in May."], "open sesame"))

    assert run(["ask", str(file), "-q", "When?", *at]) == 1
    assert "password" in capsys.readouterr().err
    assert run(["ask", str(file), "-q", "When?", *at, "--password", "wrong"]) == 1
    assert "wrong" not in capsys.readouterr().err.replace("a wrong", "").replace("is wrong", "")
    assert run(["ask", str(file), "-q", "When?", *at, "--password", "open sesame"]) == 0

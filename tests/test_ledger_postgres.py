"""The ledger's own tests once more, over a real PostgreSQL: the logic knows no dialect."""

from __future__ import annotations

import inspect
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from uuid import uuid4

import pytest
import test_ledger
import test_pacing
import test_spending
from ledger_writer import begin, reserve, settle, start
from test_ledger import Clock

from kimiqa.cli import run
from kimiqa.errors import LedgerError
from kimiqa.ledger import Ledger

DEBIAN = Path("/usr/lib/postgresql")
OF_A_FILE = {
    "test_on_a_full_disk_nothing_is_sent_and_the_old_rows_are_readable",
    "test_a_turn_that_cannot_be_kept_does_not_say_that_nothing_was_sent",
}
"""They fill the disk in SQLite's way."""


def _again(module: ModuleType) -> dict[str, object]:
    """The tests of a module that are about an open ledger, whatever it lies in."""
    return {
        name: test
        for name, test in vars(module).items()
        if name.startswith("test_")
        and _fixtures(test) & {"ledger", "ledgers"}
        and name not in OF_A_FILE
    }


def _fixtures(test: object) -> set[str]:
    return set(inspect.signature(test).parameters) if inspect.isfunction(test) else set()


globals().update(_again(test_ledger) | _again(test_spending) | _again(test_pacing))


# A server of its own ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """The URL of a PostgreSQL that runs as long as these tests."""
    tools = _tools()
    folder = Path(tempfile.mkdtemp(prefix="kimiqa-pg-"))
    user = "nobody" if hasattr(os, "geteuid") and os.geteuid() == 0 else None
    if user:
        shutil.chown(folder, user)
    port = _free_port()

    def do(tool: str, *arguments: str) -> None:
        # Its output goes to a file: a pipe would stay open in the server it starts.
        with (folder / f"{tool}.log").open("ab") as log:
            command = [tools[tool], "-D", str(folder / "db"), *arguments]
            subprocess.run(command, check=True, cwd=folder, user=user, stdout=log, stderr=log)

    try:
        do("initdb", "-U", "kimiqa", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync")
        options = f"-F -h 127.0.0.1 -p {port} -k {folder}"
        do("pg_ctl", "-w", "-o", options, "start")
        try:
            yield f"postgresql://kimiqa@127.0.0.1:{port}/postgres"
        finally:
            do("pg_ctl", "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _tools() -> dict[str, str]:
    names = ("initdb", "pg_ctl")
    folders = [None, *(str(each / "bin") for each in sorted(DEBIAN.glob("*"), reverse=True))]
    for folder in folders:
        found = {name: shutil.which(name, path=folder) for name in names}
        if all(found.values()):
            return {name: path for name, path in found.items() if path}
    pytest.skip("no PostgreSQL is installed: on Debian it is the package postgresql")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture
def place(cluster: str) -> str:
    """The URL of an empty schema."""
    import psycopg

    name = f"t{uuid4().hex[:12]}"
    with psycopg.connect(cluster, autocommit=True) as connection:
        connection.execute(f'CREATE SCHEMA "{name}"'.encode())
    return f"{cluster}?options=-csearch_path%3D{name}"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(place: str, clock: Clock) -> Iterator[Ledger]:
    with Ledger.open(place, clock) as opened:
        yield opened


@pytest.fixture
def ledgers(place: str, clock: Clock) -> Iterator[tuple[Ledger, Ledger]]:
    with Ledger.open(place, clock) as one, Ledger.open(place, clock) as other:
        yield one, other


# What is PostgreSQL's own -----------------------------------------------------------------------


def test_fifty_questions_of_two_processes_admit_exactly_what_fits(place: str) -> None:
    crowds = [start("crowd", place, 25, "0.10", "3.05") for _ in range(2)]

    begin(*crowds)
    admitted = [int(crowd.communicate()[0]) for crowd in crowds]

    assert sum(admitted) == 30
    with Ledger.open(place) as opened:
        assert len(opened.calls(state="reserved")) == 30


def test_two_processes_take_exactly_the_turns_there_are(place: str) -> None:
    crowds = [start("turns", place, 10, 7) for _ in range(2)]

    begin(*crowds)

    assert sum(int(crowd.communicate()[0]) for crowd in crowds) == 7


def test_two_processes_write_at_once_and_no_row_is_lost(place: str) -> None:
    writers = [start("write", place, 100) for _ in range(2)]

    begin(*writers)
    said = {call_id for writer in writers for call_id in writer.communicate()[0].split()}

    with Ledger.open(place) as opened:
        assert {call.id for call in opened.calls(state="settled")} == said
    assert len(said) == 200


def test_the_environment_names_the_ledger(
    place: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Ledger.open(place) as opened:
        settle(opened, reserve(opened, label="client 7"), "0.07")
    monkeypatch.setenv("KIMIQA_LEDGER", place)

    assert run(["ledger", "--by", "label"]) == 0
    assert "client 7" in capsys.readouterr().out


def test_a_server_that_is_not_there_is_said_without_its_password() -> None:
    with pytest.raises(LedgerError, match="the server cannot be reached") as refused:
        Ledger.open(f"postgresql://me:hunter2@127.0.0.1:{_free_port()}/team")

    assert "team at 127.0.0.1" in refused.value.message
    assert "hunter2" not in str(refused.value)


def test_an_address_of_another_kind_is_refused_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for address in ("mysql://me:hunter2@host/db", "me:hunter2@host"):
        monkeypatch.setenv("KIMIQA_LEDGER", address)

        assert run(["ledger"]) in (2, 3)

        said = capsys.readouterr().err
        assert "KIMIQA_LEDGER is no address" in said
        assert "hunter2" not in said

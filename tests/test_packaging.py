"""The package alone is enough: its wheel, its requirements, its settings, its samples."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))[
    "project"
]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
OUTSIDE = [
    each
    for group in [PROJECT["dependencies"], *EXTRAS.values()]
    for each in group
    if not each.startswith("kimiqa")
]


def _plain_name(requirement: str) -> str:
    return re.split(r"[\[<>=!~; ]", requirement)[0].lower()


# The wheel --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package alone, as an installation has it."""
    site = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    return site


def _environment(installed: Path, home: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(installed), "KIMIQA_HOME": str(home)}


def test_the_wheel_holds_every_module_and_every_file_of_data(wheel: Path) -> None:
    source = {path.relative_to(ROOT).as_posix() for path in (ROOT / "kimiqa").rglob("*.py")}

    held = set(zipfile.ZipFile(wheel).namelist())

    assert source - held == set()
    assert {"kimiqa/py.typed", "kimiqa/data/streamlit.toml"} <= held
    assert {"kimiqa/data/samples/lease.md", "kimiqa/data/samples/fhs-3.0.pdf"} <= held
    assert not {name for name in held if name.startswith(("tests/", "samples/"))}


def test_the_wheel_stays_small(wheel: Path) -> None:
    assert wheel.stat().st_size < 2_000_000


def test_the_installed_package_works_from_an_empty_folder(
    installed: Path, home: Path, tmp_path: Path
) -> None:
    code = (
        "import kimiqa; from kimiqa.samples import sample_documents\n"
        "print(kimiqa.__file__)\n"
        "for path in sample_documents(): print(path, kimiqa.Document.open(path).pages[0].status)"
    )

    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=_environment(installed, home),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 3
    assert all(line.startswith(str(installed)) for line in lines)
    assert list(tmp_path.iterdir()) == []


def test_the_installed_app_opens_from_an_empty_folder(
    installed: Path, home: Path, tmp_path: Path
) -> None:
    port = _free_port()
    command = [sys.executable, "-m", "kimiqa", "app", "--no-open", "--port", str(port)]
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        env=_environment(installed, home),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as app:
        try:
            assert _answers(f"http://127.0.0.1:{port}/_stcore/health", app)
        finally:
            app.terminate()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(url: str, process: subprocess.Popen[bytes], seconds: float = 60) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5) as reply:
                return bool(reply.status == 200)
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    return False


# Requirements -----------------------------------------------------------------------------------


@pytest.mark.parametrize("requirement", OUTSIDE)
def test_a_requirement_has_a_floor_and_a_cap_and_is_locked(requirement: str) -> None:
    assert re.search(r">=[\d.]+,<\d+(\.\d+)?$", requirement)
    assert re.search(rf"^{re.escape(_plain_name(requirement))}==", LOCK, re.MULTILINE)


def _locked() -> Iterator[str]:
    yield from re.split(r"\n(?=\w)", LOCK.strip())


def test_every_locked_package_has_its_hashes() -> None:
    assert [entry for entry in _locked() if "--hash=sha256:" not in entry] == []


def test_the_lock_names_no_index() -> None:
    assert re.findall(r"://|--index|--extra-index|--find-links|#", LOCK) == []


def test_streamlit_comes_with_the_app_alone() -> None:
    assert "streamlit" not in map(_plain_name, PROJECT["dependencies"])
    assert "streamlit" in map(_plain_name, EXTRAS["app"])


# Settings of the app ----------------------------------------------------------------------------


def test_the_app_has_the_same_settings_in_the_checkout_and_installed() -> None:
    checkout = (ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8")

    assert checkout == (ROOT / "kimiqa" / "data" / "streamlit.toml").read_text(encoding="utf-8")


def test_the_settings_of_the_app_are_safe() -> None:
    settings = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))

    assert settings["server"]["address"] == "127.0.0.1"
    assert settings["server"]["enableXsrfProtection"] is True
    assert 0 < settings["server"]["maxUploadSize"] <= 500
    assert settings["browser"]["gatherUsageStats"] is False
    assert settings["client"]["showErrorDetails"] == "none"


def test_nobody_is_asked_for_an_address_before_the_app_is_there() -> None:
    """On a machine on which it never ran, Streamlit asks for one in the terminal, and waits."""
    from kimiqa.cli.app import flags

    assert "--server.showEmailPrompt=false" in flags("127.0.0.1", 8501, no_open=False)

"""What every test shares: a home of its own, no keys, real documents, a server, and its skips."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from kimiqa.ui import heap

ROOT = Path(__file__).resolve().parent.parent
KEPT = {"KIMIQA_DATA", "KIMIQA_MANUAL", "KIMIQA_CHROMIUM", "KIMIQA_PICTURES"}
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MANUAL = Path("/usr/share/R/doc/manual/refman.pdf")

collect_ignore_glob = ["bench/*"]  # measurements, run by hand

_skips: list[tuple[str, str]] = []


# A home of its own, and no key from outside -----------------------------------------------------


def _steers_kimiqa(name: str) -> bool:
    return name not in KEPT and (
        name.endswith("_API_KEY") or name.startswith(("KIMIQA_", "OPENAI_", "MOONSHOT_", "KIMI_"))
    )


def pytest_configure(config: pytest.Config) -> None:
    for name in filter(_steers_kimiqa, list(os.environ)):
        del os.environ[name]
    # Where the run itself is in the background, Ctrl-C is ignored, and by all that it starts too.
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # The app tidies its memory now and then; here that would hold a test to what another one left.
    gc.callbacks.remove(heap.watch())
    home = tempfile.mkdtemp(prefix="kimiqa-tests-")
    os.environ["KIMIQA_HOME"] = home
    config.add_cleanup(lambda: shutil.rmtree(home, ignore_errors=True))


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIMIQA_HOME", str(tmp_path_factory.mktemp("home")))


@pytest.fixture
def home(_own_home: None) -> Path:
    """The folder for store, ledger and settings that this test has to itself."""
    return Path(os.environ["KIMIQA_HOME"])


# Real parts -------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real documents and questions for development, which are not shipped."""
    folder = Path(os.environ.get("KIMIQA_DATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip("development data is missing: set KIMIQA_DATA to its folder")
    return folder


@pytest.fixture(scope="session")
def samples() -> Path:
    """The sample documents and scripts of the project."""
    return ROOT / "samples"


@pytest.fixture(scope="session")
def manual() -> Path:
    """A PDF of well over a thousand pages: the R reference manual, or the one named."""
    path = Path(os.environ.get("KIMIQA_MANUAL") or MANUAL)
    if not path.is_file():
        pytest.skip("no manual of a thousand pages: install r-doc-pdf, or set KIMIQA_MANUAL")
    return path


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A loopback server that speaks Kimi's dialect."""
    from kimiqa.testing import KimiServer

    # Drawn anew for each test, and the same in each run: a failure can be repeated.
    with KimiServer(seed=zlib.crc32(request.node.nodeid.encode())) as running:
        # Once in a thousand calls thoughts of a heavy tail leave no room for an answer. Tests
        # that want that say so; the others must not meet it by chance.
        running.law = replace(running.law, sigma=0.5)
        yield running


@pytest.fixture
def outlines(server: Any) -> Any:
    """The server, making digests with a true quote of each page."""
    from outlining import outlining

    server.answer, server.reasoning = outlining, 20
    return server


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium that can be driven without a screen."""
    found = os.environ.get("KIMIQA_CHROMIUM") or _on_path() or _of_playwright()
    if not found:
        pytest.skip("no Chromium was found")
    return found


def _on_path() -> str | None:
    return next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)


def _of_playwright() -> str | None:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return None
    with sync_playwright() as driver:
        path = driver.chromium.executable_path
    return path if Path(path).is_file() else None


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Any]:
    """One Chromium for the tests of a module; each opens tabs of its own. Not for the whole run:
    as long as it is there, no test could run an event loop of its own."""
    from browsing import FLAGS

    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield running
        running.close()


@pytest.fixture
def tab(browser: Any) -> Iterator[Any]:
    """A tab of 1440 pixels."""
    from browsing import Tab

    opened = Tab(browser)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pictures of the page go: the folder named in KIMIQA_PICTURES, else a temporary one."""
    named = os.environ.get("KIMIQA_PICTURES")
    folder = Path(named) if named else tmp_path_factory.mktemp("pictures")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def free(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The app of a newcomer: no key."""
    from browsing import App, running_app

    home = tmp_path_factory.mktemp("free")
    with running_app(home) as url:
        yield App(url, home)


@pytest.fixture(scope="session")
def _paid(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from browsing import paid_app

    with paid_app(tmp_path_factory.mktemp("paid")) as app:
        yield app


@pytest.fixture
def paid(_paid: Any) -> Iterator[Any]:
    """The app of somebody who has read and asked, with a key for the loopback server."""
    from browsing import SAID

    _paid.kimi.answer, _paid.kimi.tokens_per_second = SAID, 0
    yield _paid
    _paid.kimi.answer, _paid.kimi.tokens_per_second = SAID, 0


# Skips are named at the end, and one that is not allowed fails the run --------------------------


def _allowed() -> tuple[str, ...]:
    lines = (ROOT / "tests" / "allowed_skips.txt").read_text(encoding="utf-8").splitlines()
    return tuple(line.strip() for line in lines if line.strip() and not line.startswith("#"))


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[2]).removeprefix("Skipped: ")
    return str(getattr(report, "wasxfail", "") or report.longrepr)


def _note(report: pytest.TestReport | pytest.CollectReport) -> None:
    if report.outcome == "skipped":
        _skips.append((report.nodeid, _reason(report)))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    _note(report)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    _note(report)


def _forbidden() -> list[tuple[str, str]]:
    allowed = _allowed()
    return [(test, why) for test, why in _skips if not why.startswith(allowed)]


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if session.exitstatus == pytest.ExitCode.OK and _forbidden():
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    forbidden = _forbidden()
    terminalreporter.section("skipped tests and why")
    for test, why in _skips:
        mark = "NOT ALLOWED" if (test, why) in forbidden else "allowed"
        terminalreporter.line(f"{mark}: {test}: {why}")
    if not _skips:
        terminalreporter.line("none")
    again = terminalreporter.stats.get("rerun", [])
    if again:
        terminalreporter.section("tests that needed a second try")
    for report in again:
        terminalreporter.line(f"{report.nodeid}: {report.longreprtext.splitlines()[-1]}")
    if forbidden:
        terminalreporter.line("A skip whose reason is not in tests/allowed_skips.txt is a failure.")


# Hypothesis: no time limits, for machines are noisy; the same examples on every run of CI. -------

settings.register_profile(
    "kimiqa",
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("kimiqa")

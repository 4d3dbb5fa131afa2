"""The page in a real browser, on real documents: the whole way, and that nothing leaves it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from kimiqa.ledger import Ledger
from kimiqa.testing import KimiServer

pytest.importorskip("streamlit")
sync_api = pytest.importorskip("playwright.sync_api")

ROOT = Path(__file__).resolve().parent.parent
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
WIDTHS = {1440: 1000, 768: 1024, 360: 800}
QUESTION = "How do I configure apt pinning with Pin-Priority?"
HOSTILE = """It costs $5 today and $6 tomorrow.

![a](http://evil.test/image.png) ![b][ref] <img src="http://evil.test/tag.png">
[click](http://evil.test/link) http://evil.test/bare :red[alarm] :smile: :material/home:
<script src="http://evil.test/script.js"></script>

| a | b |
|---|---|
| ![c](//evil.test/cell.png) | **bold** |

[ref]: http://evil.test/reference.png
"""


@dataclass(frozen=True)
class App:
    """The app as `kimiqa app` runs it, in a process of its own."""

    url: str
    home: Path
    kimi: KimiServer | None = None


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _up(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False


@contextmanager
def _app(home: Path, **environment: str) -> Iterator[str]:
    port = _free_port()
    command = [sys.executable, "-m", "kimiqa", "app", "--no-open", "--port", str(port)]
    process = subprocess.Popen(
        [*command, "--home", str(home)],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 60
        while not _up(url):
            assert process.poll() is None, "the app ended"
            assert time.monotonic() < deadline, "the app did not start"
            time.sleep(0.1)
        yield url
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the app and what it started."""
    if hasattr(os, "killpg"):
        os.killpg(process.pid, signal.SIGTERM)
    else:
        process.terminate()
    process.wait(20)


@pytest.fixture(scope="module")
def free(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The app of a newcomer: no key."""
    home = tmp_path_factory.mktemp("free")
    with _app(home) as url:
        yield App(url, home)


@pytest.fixture(scope="module")
def paid(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The app with a key for the loopback server."""
    home = tmp_path_factory.mktemp("paid")
    with KimiServer(seed=6, reasoning=80) as kimi:
        key = str(kimi.key)
        with _app(home, KIMIQA_BASE_URL=kimi.base_url, KIMIQA_API_KEY=key) as url:
            yield App(url, home, kimi)


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Any]:
    with sync_api.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield running
        running.close()


class Tab:
    """A tab that notes every request it makes."""

    def __init__(self, browser: Any, *, width: int = 1440, scheme: str = "light") -> None:
        self.context = browser.new_context(
            viewport={"width": width, "height": WIDTHS[width]},
            color_scheme=scheme,
            reduced_motion="reduce",
        )
        self.page = self.context.new_page()
        self.page.set_default_timeout(60_000)
        self.requests: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))

    def open(self, url: str) -> Tab:
        self.page.goto(url)
        return self

    def upload(self, path: Path) -> Tab:
        self.page.locator("input[type=file]").first.set_input_files(str(path))
        self.button("Ask ·").wait_for()
        return self

    def ask(self, question: str) -> Tab:
        self.page.get_by_label(re.compile("^Your (next )?question")).fill(question)
        self.button("Ask ·").click()
        return self

    def button(self, name: str) -> Any:
        return self.page.get_by_role("button", name=name).first

    def text(self, text: str) -> Any:
        return self.page.get_by_text(text).first

    @property
    def citations(self) -> Any:
        return self.page.get_by_role("button", name=re.compile("^. D1 p"))

    @property
    def foreign(self) -> list[str]:
        """The requests that went anywhere but to this computer."""
        return [
            url
            for url in self.requests
            if urlsplit(url).scheme in ("http", "https", "ws", "wss")
            and urlsplit(url).hostname != "127.0.0.1"
        ]

    def picture(self, folder: Path, name: str) -> None:
        self.page.screenshot(path=folder / f"{name}.png")

    def overflow(self) -> int:
        """By how many pixels the page is wider than its window."""
        wide: int = self.page.evaluate(
            "Math.max(...[...document.querySelectorAll('[data-testid=stMain], body')]"
            ".map(each => each.scrollWidth - each.clientWidth))"
        )
        return wide


@pytest.fixture
def tab(browser: Any) -> Iterator[Tab]:
    opened = Tab(browser)
    yield opened
    opened.context.close()


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the screenshots go: the folder named in BROWSER_PICTURES, else a temporary one."""
    named = os.environ.get("BROWSER_PICTURES")
    folder = Path(named) if named else tmp_path_factory.mktemp("pictures")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


# The whole way ----------------------------------------------------------------------------------


def test_from_a_dropped_pdf_to_a_proven_answer(
    paid: App, tab: Tab, samples: Path, pictures: Path
) -> None:
    assert paid.kimi is not None
    paid.kimi.tokens_per_second = 60
    tab.open(paid.url).upload(samples / "debian-reference.en.pdf")
    tab.text("261 pages · 166,653 tokens").wait_for()  # once hidden text is out
    assert tab.text("Whole document").is_visible()
    tab.picture(pictures, "priced")

    tab.ask(QUESTION)
    tab.button("Stop").wait_for()
    tab.text("The document says").wait_for()
    tab.picture(pictures, "streaming")
    tab.citations.first.wait_for()
    paid.kimi.tokens_per_second = 0

    tab.citations.first.click()
    image = tab.page.get_by_role("img", name=re.compile("debian-reference.en.pdf, page"))
    image.wait_for()
    assert image.evaluate("each => each.naturalWidth") > 500
    assert tab.text(", quoted $").is_visible()
    tab.picture(pictures, "answer")

    tab.page.reload()
    tab.citations.first.wait_for()
    assert tab.text(QUESTION).is_visible()
    image.wait_for()
    with Ledger.open(paid.home) as ledger:
        assert ledger.totals() == {"USD": paid.kimi.billed}
    assert tab.foreign == []


def test_a_newcomer_without_a_key_gets_quotes_and_sees_prices(
    free: App, tab: Tab, pictures: Path
) -> None:
    tab.open(free.url).text("Ask a long document").wait_for()
    tab.picture(pictures, "empty")

    tab.button("Try a sample").click()
    tab.button("Ask · free").wait_for()
    assert tab.text("Chosen chunks · kimi-k3").is_visible()
    tab.ask("Where must host-specific configuration files be stored?")
    tab.citations.first.wait_for()

    assert tab.text("no language model was asked").is_visible()
    assert tab.foreign == []


def test_a_running_answer_survives_its_page_and_stops_from_another_tab(
    paid: App, tab: Tab, browser: Any, samples: Path
) -> None:
    assert paid.kimi is not None
    paid.kimi.tokens_per_second = 8
    tab.open(paid.url).upload(samples / "lease.md")
    tab.ask("Who may terminate the lease, and when?")
    tab.button("Stop").wait_for()
    url = tab.page.url
    tab.page.goto("about:blank")

    other = Tab(browser).open(url)
    other.button("Stop").wait_for()
    other.button("Stop").click()
    other.text("Stopped.").wait_for()
    paid.kimi.tokens_per_second = 0
    other.context.close()

    with Ledger.open(paid.home) as ledger:
        assert "reserved" not in [call.state for call in ledger.calls()]


def test_the_draft_survives_a_reload(free: App, tab: Tab, samples: Path) -> None:
    tab.open(free.url).upload(samples / "lease.md")
    box = tab.page.get_by_label("Your question")
    box.fill("A question that is not finish")
    box.blur()
    tab.page.wait_for_timeout(500)

    tab.page.reload()

    tab.button("Ask ·").wait_for()
    assert tab.page.get_by_label("Your question").input_value() == "A question that is not finish"


# Nothing leaves, nothing runs -------------------------------------------------------------------


def test_a_hostile_answer_loads_nothing_and_is_not_mathematics(
    paid: App, tab: Tab, samples: Path, pictures: Path
) -> None:
    assert paid.kimi is not None
    paid.kimi.answer = HOSTILE
    tab.open(paid.url).upload(samples / "lease.md")

    tab.ask("What does it cost?")
    tab.text("It costs $5 today and $6 tomorrow.").wait_for()
    paid.kimi.answer = None
    tab.picture(pictures, "hostile")

    main = tab.page.locator("[data-testid=stMain]")
    assert tab.foreign == []
    assert main.locator(".katex").count() == 0
    assert main.locator("img[src*=evil], script[src*=evil], a[href*=evil]").count() == 0
    assert ":red[alarm]" in main.inner_text()
    assert ":smile:" in main.inner_text().replace("\u2060", "")


def test_a_hostile_name_shows_as_it_is(free: App, tab: Tab, samples: Path, tmp_path: Path) -> None:
    path = tmp_path / "$1 and $2 :red[x] [a](b) ![c](evil.test).md"
    path.write_bytes((samples / "lease.md").read_bytes() + b"\nOne more line.\n")

    tab.open(free.url).upload(path)

    heading = tab.page.get_by_role("heading", name="$1 and $2 :red[x] [a](b) ![c](evil.test).md")
    assert heading.is_visible()
    assert tab.page.locator(".katex, a[href='b']").count() == 0
    assert tab.foreign == []


# For everyone -----------------------------------------------------------------------------------


def test_citations_open_by_keyboard_alone(free: App, tab: Tab, samples: Path) -> None:
    tab.open(free.url).upload(samples / "lease.md")
    tab.ask("Who may terminate the lease?")
    tab.citations.first.wait_for()
    last = tab.citations.last

    last.focus()
    tab.page.keyboard.press("Enter")

    count = tab.citations.count()
    tab.text(f"citation {count} of {count}").wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", list(WIDTHS))
def test_nothing_is_wider_than_the_window(
    free: App, browser: Any, samples: Path, pictures: Path, width: int, scheme: str
) -> None:
    tab = Tab(browser, width=width, scheme=scheme).open(free.url)
    tab.text("Ask a long document").wait_for()
    tab.picture(pictures, f"empty-{width}-{scheme}")
    tab.upload(samples / "fhs-3.0.pdf")
    tab.page.wait_for_timeout(800)  # the page before it fades out first
    tab.picture(pictures, f"priced-{width}-{scheme}")
    tab.ask("Where must host-specific configuration files be stored?")
    tab.citations.first.wait_for()
    tab.page.get_by_role("img", name=re.compile("fhs-3.0.pdf, page")).wait_for()
    tab.page.wait_for_timeout(800)
    tab.picture(pictures, f"answer-{width}-{scheme}")

    assert tab.overflow() <= 0
    tab.context.close()

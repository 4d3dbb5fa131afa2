"""The app in a process of its own and tabs that show it: what the tests in a browser share."""

from __future__ import annotations

import contextlib
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

import pdfs

from kimiqa.ledger import Ledger
from kimiqa.reading.parts import Page as Leaf
from kimiqa.store import Store, Stored
from kimiqa.testing import KimiServer

ROOT = Path(__file__).resolve().parent.parent
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
SIZES = {1440: 900, 768: 1024, 360: 800}
SCHEMES = ("light", "dark")
TALLEST = 6_000
SAID = "The document says so [D1 p. 1], and once more [D1 p. 1]."
"""What the loopback server answers unless a test wants something else: left to itself, it now and
then finds no answer, and then there is nothing cited."""
SERIOUS = ("serious", "critical")


# The app ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class App:
    """The app as `kimiqa app` runs it, in a process of its own."""

    url: str
    home: Path
    server: KimiServer | None = None

    @property
    def kimi(self) -> KimiServer:
        """The loopback server that answers, where there is one."""
        assert self.server is not None, "this app has no key"
        return self.server

    def spent(self) -> Any:
        """What the ledger says was spent at the loopback server."""
        endpoint = self.kimi.base_url.split("/")[2]
        with Ledger.open(self.home) as ledger:
            calls = [call for call in ledger.calls() if call.endpoint == endpoint]
        return sum(call.cost.amount for call in calls if call.cost and call.cost.amount)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def is_up(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False


@contextmanager
def running_app(home: Path, *, port: int = 0, **environment: str) -> Iterator[str]:
    """The app over a home of its own; its URL."""
    port = port or free_port()
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
        while not is_up(url):
            assert process.poll() is None, "the app ended"
            assert time.monotonic() < deadline, "the app did not start"
            time.sleep(0.1)
        yield url
    finally:
        end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """End the app and what it started; by force where it takes long to end by itself."""
    grouped = hasattr(os, "killpg")
    for name in ("SIGTERM", "SIGKILL"):
        if grouped:
            os.killpg(process.pid, getattr(signal, name))
        else:
            process.terminate() if name == "SIGTERM" else process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
            return


@contextmanager
def paid_app(home: Path) -> Iterator[App]:
    """The app of somebody who has read and asked: with a key for the loopback server, forty
    documents and some receipts."""
    fill(home)
    with KimiServer(seed=6, reasoning=80) as kimi:
        key = str(kimi.key)
        with running_app(home, KIMIQA_BASE_URL=kimi.base_url, KIMIQA_API_KEY=key) as url:
            yield App(url, home, kimi)


def fill(home: Path) -> None:
    """Forty documents in the library, and a dozen receipts of the last weeks in the ledger."""
    from ledger_writer import reserve, settle

    store = Store(home)
    for n in range(40):
        pages = [Leaf(1, f"Contract {n} ends.", "text"), Leaf(2, "", "empty" if n % 5 else "image")]
        row = Stored(f"{n:064x}", f"contract {n:02} with Smith.pdf", "text/plain", 9, 2, False)
        store.save(row, pages, {"kimi_k3 splintr": (20 + n, 5)})
    ago = [0.0]
    with Ledger.open(home, lambda: time.time() - ago[0]) as ledger:
        for n in range(12):
            ago[0] = (12 - n) * 2 * 86_400.0
            documents = [(f"{n % 4:064x}", f"contract {n % 4:02} with Smith.pdf")]
            label = "Smith & Sons" if n % 2 else None
            settle(ledger, reserve(ledger, "0.10", documents=documents, label=label), f"0.0{n + 1}")


def contract(folder: Path, name: str, rent: int) -> Path:
    """A PDF of one page that says what the rent is."""
    path = folder / name
    path.write_bytes(pdfs.make_pdf([f"The rent of {name} is {rent:,} dollars a month."]))
    return path


# A tab ------------------------------------------------------------------------------------------


class Tab:
    """A tab that notes every request it makes."""

    def __init__(self, browser: Any, *, locale: str = "en-US") -> None:
        self.context = browser.new_context(
            viewport={"width": 1440, "height": SIZES[1440]},
            color_scheme="light",
            locale=locale,
            reduced_motion="reduce",
            permissions=["clipboard-read", "clipboard-write"],
        )
        self.page = self.context.new_page()
        self.page.set_default_timeout(60_000)
        self.requests: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))

    def open(self, url: str) -> Tab:
        self.page.goto(url)
        return self

    def close(self) -> None:
        self.context.close()

    def upload(self, path: Path) -> Tab:
        """A file, where no document is open yet."""
        self.page.locator("input[type=file]").first.set_input_files(str(path))
        self.button("Ask ·").wait_for()
        self.page.get_by_test_id("stProgress").wait_for(state="detached")
        return self.settled()

    def ask(self, question: str) -> Tab:
        self.page.get_by_label(re.compile("^Your (next )?question")).fill(question)
        self.button("Ask ·").click()
        return self

    def go(self, view: str) -> Tab:
        """To another view, by its button at the side."""
        self.button(view).click()
        self.page.get_by_role("heading", name=view, exact=True).wait_for()
        return self.settled()

    def settled(self) -> Tab:
        """Wait until the script has run and everything is drawn."""
        self.page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
        self.page.wait_for_function(
            "!document.querySelector('[data-testid=stSkeleton], [data-stale=true]')"
        )
        # The pointer's own colour is not what is measured.
        self.page.mouse.move(0, 0)
        return self

    def button(self, name: str) -> Any:
        return self.page.get_by_role("button", name=name).first

    def text(self, text: str) -> Any:
        return self.page.get_by_text(text).first

    def heading(self, name: str) -> Any:
        return self.page.get_by_role("heading", name=name).first

    @property
    def citations(self) -> Any:
        """The marks in the answers, each a link to its page."""
        return self.page.locator("a[href^='#cite-']")

    @property
    def foreign(self) -> list[str]:
        """The requests that went anywhere but to this computer."""
        return [
            url
            for url in self.requests
            if urlsplit(url).scheme in ("http", "https", "ws", "wss")
            and urlsplit(url).hostname != "127.0.0.1"
        ]

    # How it looks -------------------------------------------------------------------------------

    def shown(self, folder: Path, name: str, *, tall: bool = True) -> Tab:
        """Keep pictures of the page at three widths, light and dark, and find nothing wrong
        with it: no width at which it overflows, nothing that axe-core calls serious."""
        found = {}
        for scheme in SCHEMES:
            self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            for width in SIZES:
                self._sized(width, tall=tall)
                self.page.screenshot(path=folder / f"{name}-{width}-{scheme}.png")
                found[f"{width} {scheme}: pixels too wide"] = self.overflow()
                found[f"{width} {scheme}: axe"] = self.faults()
        self.page.emulate_media(color_scheme="light", reduced_motion="reduce")
        self._sized(1440)
        wrong = {what: each for what, each in found.items() if each}
        assert not wrong, f"{name}: {wrong}"
        return self

    def _sized(self, width: int, *, tall: bool = False) -> None:
        """Resize the window; a tall one shows all that could be scrolled to."""
        self.page.set_viewport_size({"width": width, "height": SIZES[width]})
        self.settled().page.wait_for_timeout(250)
        if tall:
            most = self.page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
            height = min(max(most, SIZES[width]), TALLEST)
            self.page.set_viewport_size({"width": width, "height": height})
            self.page.wait_for_timeout(100)

    def overflow(self) -> int:
        """By how many pixels the page is wider than its window."""
        wide: int = self.page.evaluate(
            "Math.max(0, ...[...document.querySelectorAll('[data-testid=stMain], body')]"
            ".map(each => each.scrollWidth - each.clientWidth))"
        )
        return wide

    def faults(self) -> list[str]:
        """What axe-core calls serious or critical, with the place."""
        from axe_playwright_python.sync_playwright import Axe

        found = Axe().run(self.page).response["violations"]
        return [
            f"{each['id']}: {node['target']} {node.get('failureSummary', '')[:300]}"
            for each in found
            if each["impact"] in SERIOUS
            for node in each["nodes"]
        ]

"""The page, felt: what a person waits for in a real Chromium, beside an empty Streamlit app.

    python tests/bench/page.py [--rounds 7] [--only a,b,c,d,e] [--check]

a: a PDF dropped; b: prices counted again; c: a click on a citation; d: first paint; e: memory.
With `--check` it exits 1 where a target is missed; that means something on a quiet machine only.

The library holds 1,000 documents, and the conversation 100 answers about the R reference manual
(KIMIQA_MANUAL, else where Debian's r-doc-pdf puts it, else a made one of as many pages), whose
first 600 pages are what is dropped. Page and empty app are measured in turn, so that both meet
the same machine, and where prices are counted again a third app beside them: as many elements as
the page has with nothing behind them (plain_app.py). Medians are printed, and the processor time
that the server and its workers took for each, which the load of the machine does not lengthen as
it does the wait.

Counting prices again is timed by two clocks at once. The driver's runs from its key press until
its locator finds the new words, as anyone times a rerun who drives a browser, and its own way of
looking is in it, for the page and the empty app alike; the target is for this one. The browser's
own clock runs from the key's event to the frame that shows the words: what of it is the page's.
Pages and caps are new each time; an effort comes back, and with it the prices it had before.
"""

from __future__ import annotations

import argparse
import base64
import io
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from browsing import FLAGS, end, free_port, is_up, running_app  # noqa: E402
from pdfs import make_pdf  # noqa: E402
from playwright.sync_api import Page, sync_playwright  # noqa: E402

from kimiqa.client import Client  # noqa: E402
from kimiqa.document import Document  # noqa: E402
from kimiqa.ledger import Ledger  # noqa: E402
from kimiqa.reading.parts import Page as Leaf  # noqa: E402
from kimiqa.store import Store, Stored  # noqa: E402
from kimiqa.testing import KimiServer  # noqa: E402

LIBRARY, ANSWERS, DROPPED = 1_000, 100, 600
CONVERSATION = "0123456789ab"
EMPTY = """
import streamlit as st

st.title("empty")
n = len(st.text_input("Pages"))
st.markdown(f"**{n} letters**")
"""
PLAIN = Path(__file__).with_name("plain_app.py")
LOOKED_OVER = 4_000
SETTLES = 150
"""Seconds after which Streamlit has let go of visitors who left: it keeps them for two minutes."""

AFTERWARDS = 0.4
"""Seconds in which a server does what it does after a page is there, such as collecting garbage."""

PARTS = {"a": "drop", "b": "rerun", "c": "cite", "d": "paint", "e": "visit"}

T = TypeVar("T")

CITED = (12, 480, 977, 1300, 1720, 2005, 2210, 2380)


# What there is ----------------------------------------------------------------------------------


@cache
def manual() -> Path:
    path = Path(os.environ.get("KIMIQA_MANUAL") or "/usr/share/R/doc/manual/refman.pdf")
    return path if path.is_file() else _made_manual()


def _made_manual() -> Path:
    """As many pages as the R manual has, of words that differ from page to page."""
    chance = random.Random(6)
    words = ["".join(chance.choices("abcdefghilmnorstu", k=7)) for _ in range(6_000)]
    texts = [
        "\n".join(" ".join(chance.choices(words, k=10)) for _ in range(32)) for _ in range(2_415)
    ]
    path = Path(tempfile.mkdtemp(prefix="kimiqa-manual-"), "manual.pdf")
    path.write_bytes(make_pdf(texts))
    return path


def cut(path: Path, pages: int) -> bytes:
    """The first pages of a PDF."""
    import pypdf

    writer = pypdf.PdfWriter()
    writer.append(str(path), pages=(0, pages))
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def stock(home: Path) -> None:
    store = Store(home)
    for n in range(LIBRARY):
        pages = [Leaf(1, f"Contract {n} ends.", "text"), Leaf(2, "", "empty")]
        row = Stored(f"{n:064x}", f"contract {n:04}.pdf", "text/plain", 9, 2, False)
        store.save(row, pages, {"kimi_k3 splintr": (20, 5)})


def converse(home: Path, kimi: KimiServer) -> Document:
    """A hundred answers, the newest with citations all over the manual."""
    document = Document.open(manual(), home=home)
    words = [" ".join(document.pages[n - 1].text.split()[20:28]) for n in CITED]
    kimi.answer = " ".join(
        f'It says "{quote}" [D1 p. {n}].' for n, quote in zip(CITED, words, strict=True)
    )
    options: dict[str, Any] = {"api_key": str(kimi.key), "base_url": kimi.base_url}
    with Client("kimi-k3", home=home, **options) as client:
        talk = client.conversation(document, CONVERSATION)
        talk.ask("What does the manual say?", strategy="chunks")
    kimi.answer = None
    with Ledger.open(home) as ledger:
        row = ledger.turns(CONVERSATION)[0]
        for n in range(2, ANSWERS + 1):
            ledger.save_turn(CONVERSATION, n, {**row, "question": f"Question {n}?", "chunks": []})
    return document


@contextmanager
def other_app(folder: Path, text: str) -> Iterator[str]:
    """Another app, as Streamlit's own command runs it."""
    port = free_port()
    script = folder / f"app-{port}.py"
    script.write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.headless=true"]
    quiet = ["--browser.gatherUsageStats=false", "--server.fileWatcherType=none"]
    process = subprocess.Popen(
        [*command, *quiet, f"--server.port={port}"],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        while not is_up(url):
            time.sleep(0.1)
        yield url
    finally:
        end(process)


def processor(port: str) -> float:
    """Seconds of processor time that the server at this port and its workers have taken so far;
    as far as the system tells."""
    try:
        return sum(map(_seconds_of, _family(_pid(port))))
    except (FileNotFoundError, ValueError):
        return float("nan")


def _seconds_of(pid: int) -> float:
    """With that of the processes it started which have ended: a worker may be one of them."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def _family(pid: int) -> set[int]:
    """A process and those it has started."""
    listed = subprocess.run(["ps", "-eo", "pid,ppid"], capture_output=True, text=True).stdout
    rows = [tuple(map(int, line.split())) for line in listed.splitlines()[1:]]
    family = {pid}
    for _ in range(4):
        family |= {own for own, parent in rows if parent in family}
    return family - {own for own in family if not Path(f"/proc/{own}").exists()}


# What is measured -------------------------------------------------------------------------------


def seconds(act: Callable[[], object], until: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    until()
    return time.perf_counter() - began


def first_paint(browser: Any, url: str, title: str, until: str = "") -> float:
    """From the address to the title, or to where these words stand."""
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(60_000)
    heading = page.get_by_role("heading", name=title, exact=True)
    there = page.get_by_text(until).last if until else heading
    took = seconds(lambda: page.goto(url), there.wait_for)
    context.close()
    return took


HOLD = """bytes => {
    const raw = Uint8Array.from(atob(bytes), each => each.charCodeAt(0));
    window.held = new DataTransfer();
    window.held.items.add(new File([raw], "part.pdf", {type: "application/pdf"}));
}"""
DROP = """field => {
    field.files = window.held.files;
    field.dispatchEvent(new Event("change", {bubbles: true}));
}"""


def drop(page: Page, content: bytes) -> float:
    """From the file in the browser's hand to the prices on the cards."""
    # Other bytes each time: a document that is known is not read again.
    new = content + f"\n% {random.random()}\n".encode()
    page.evaluate(HOLD, base64.b64encode(new).decode())
    field = page.locator("input[type=file]").first
    return felt(page, lambda: field.evaluate(DROP), ASKS, "^Ask ·")


def choose_whole(page: Page) -> None:
    """Choose the way whose card tells the pages as they are chosen, and fold the others."""
    rerun(page, "1-19", CHOSEN, "prompt tokens")
    page.get_by_role("button", name=re.compile("^Other ways")).click()
    page.locator(".st-key-card-full").get_by_role("button", name=re.compile("^Choose")).click()
    page.locator(".st-key-chosen-card-full").wait_for()
    page.get_by_role("button", name="Only the chosen way").click()
    page.get_by_role("button", name=re.compile("^Other ways")).wait_for()
    page.locator("[data-test-script-state=notRunning]").wait_for()


CHOSEN = "[class*=st-key-chosen-card]"
ASKS = ".st-key-ask button"
STOPWATCH = """([place, pattern]) => {
    const wanted = new RegExp(pattern);
    const shown = () => [...document.querySelectorAll(place)].some(
        each => wanted.test(each.textContent) && each.checkVisibility());
    window.took = new Promise(told => {
        let began = 0;
        const begin = () => { began ||= performance.now(); };
        for (const act of ["keydown", "pointerdown", "change"])
            addEventListener(act, begin, {capture: true, once: true});
        const look = () => began && shown()
            ? told((performance.now() - began) / 1000) : requestAnimationFrame(look);
        look();
    });
}"""
"""From the next key, click or dropped file to the frame in which a place shows words like these.
Told by the browser itself: a driver asks only now and then, half a second apart where it has to
wait for long, and each of its questions takes time."""


def felt(page: Page, act: Callable[[], object], place: str, pattern: str) -> float:
    page.evaluate(STOPWATCH, [place, pattern])
    act()
    took: float = page.evaluate("window.took")
    return took


class Wait(NamedTuple):
    """The seconds of one wait by two clocks."""

    driven: float
    felt: float


def driven_of(waits: list[Wait]) -> float:
    """The median by the driver's clock; the first was to warm up."""
    return statistics.median(each.driven for each in waits[1:])


def felt_of(waits: list[Wait]) -> float:
    """The same by the browser's own."""
    return statistics.median(each.felt for each in waits[1:])


def clocked(page: Page, act: Callable[[], object], place: str, pattern: str) -> Wait:
    """The same by the driver's clock as well, its own looking included."""
    there = page.locator(place).filter(has_text=re.compile(pattern)).first
    page.evaluate(STOPWATCH, [place, pattern])
    driven = seconds(act, there.wait_for)
    return Wait(driven, page.evaluate("window.took"))


def rerun(page: Page, text: str, place: str, expected: str) -> Wait:
    """From a changed field to what it changes."""
    field = page.get_by_role("textbox", name="Pages")
    field.fill(text)
    return clocked(page, lambda: field.press("Enter"), place, expected)


def effort(page: Page, key: str) -> Wait:
    """From another effort, by an arrow key, to its prices: the button that asks says another
    one."""
    before = page.locator(ASKS).text_content() or ""
    chosen = page.get_by_role("radiogroup", name="Effort").get_by_role("radio", checked=True)
    return clocked(page, lambda: chosen.press(key), ASKS, f"^(?!{re.escape(before)}$)")


def cap(page: Page, amount: str) -> Wait:
    """From another cap to what the cards say of it: over it, or no longer."""
    field = page.get_by_label("Cap for a question")
    field.fill(amount)
    over = "Over the cap" if amount.startswith("0.00") else "^(?!.*Over the cap)"
    return clocked(page, lambda: field.press("Enter"), CHOSEN, over)


def click_citation(page: Page, number: int) -> float:
    """From the click to the drawn page, its words boxed: a page on which nothing stands boxed
    is another picture, and does not count."""
    mark = page.get_by_role("link", name=re.compile(f"D1 p. {number}$")).last
    image = page.get_by_role("img", name=re.compile(f"page {number}$")).last

    def drawn() -> None:
        image.wait_for()
        page.wait_for_function(
            "name => [...document.images].some("
            "each => each.alt.endsWith(name) && each.complete && each.naturalWidth > 0)",
            arg=f"page {number}",
        )

    took = seconds(mark.click, drawn)
    assert page.evaluate(BOXED, f"page {number}") > 50, f"nothing is boxed on page {number}"
    return took


BOXED = """name => {
    const shown = [...document.images].find(each => each.alt.endsWith(name));
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [shown.naturalWidth, shown.naturalHeight];
    const context = canvas.getContext("2d");
    context.drawImage(shown, 0, 0);
    const points = context.getImageData(0, 0, canvas.width, canvas.height).data;
    let yellow = 0;
    for (let at = 0; at < points.length; at += 4) {
        const [red, green, blue] = points.slice(at, at + 3);
        if (red > 220 && green > 190 && blue < red - 60) yellow += 1;
    }
    return yellow;
}"""
"""How many points of a page's picture have the colour of a box round quoted words."""


def memory(pid: int) -> float:
    """Megabytes that a process and its children hold."""
    listed = subprocess.run(["ps", "-eo", "pid,ppid,rss"], capture_output=True, text=True)
    rows = [list(map(int, line.split())) for line in listed.stdout.splitlines()[1:]]
    family = {pid}
    for _ in range(4):
        family |= {own for own, parent, _rss in rows if parent in family}
    return sum(rss for own, _parent, rss in rows if own in family) / 1024


def visitors(browser: Any, url: str, pid: int, title: str) -> list[float]:
    """Megabytes held with 10, 20 and 40 idle visitors, and after all of them left."""
    contexts, held = [], []
    for more in (10, 10, 20):
        for _ in range(more):
            context = browser.new_context()
            context.new_page().goto(url)
            context.pages[0].get_by_role("heading", name=title, exact=True).wait_for()
            contexts.append(context)
        held.append(memory(pid))
    for context in contexts:
        context.close()
    time.sleep(SETTLES)
    return [*held, memory(pid)]


def _pid(port: str) -> int:
    """The process that was started for this port."""
    found = subprocess.run(["ps", "-eo", "pid,args"], capture_output=True, text=True).stdout
    given = re.compile(rf"--(?:server\.)?port[= ]{port}\b")
    return int(next(line.split()[0] for line in found.splitlines() if given.search(line)))


# The run ----------------------------------------------------------------------------------------


class Bench:
    """The page, an empty app and a plain one of as many elements, side by side."""

    def __init__(
        self, browser: Any, url: str, others: tuple[str, str], document: str, rounds: int
    ) -> None:
        self.browser, self.url, self.rounds = browser, url, rounds
        self.empty, self.plain = others
        self.talk = f"{url}/?c={CONVERSATION}&d={document}"
        self._used: dict[str, float] = {}
        self.missed: list[str] = []

    def take(self, act: Callable[[], T], *, empty: bool = False) -> T:
        """What `act` gives; the processor time that its server took meanwhile is noted, with what
        it does once the page is there."""
        url = self.empty if empty else self.url
        port = url.rpartition(":")[2]
        before = processor(port)
        took = act()
        time.sleep(AFTERWARDS)
        self._used[url] = self._used.get(url, 0.0) + processor(port) - before
        return took

    def _spent(self, times: int) -> str:
        """The processor time of each server for one of so many, told once."""
        used, self._used = self._used, {}
        ours, other = used.get(self.url), used.get(self.empty)
        if ours is None:
            return ""
        line = f", processor {1000 * ours / times:.0f} ms"
        return line + (f" (empty app {1000 * other / times:.0f} ms)" if other else "")

    def note(self, what: str, ours: list[float], other: list[float] | None, target: str) -> None:
        mine = measured = statistics.median(ours)
        line = f"{what}: {mine:.3f} s{self._spent(len(ours))}"
        if other:
            base = statistics.median(other)
            measured = mine / base
            line += f", empty app {base:.3f} s, ratio {measured:.2f}"
        self.hold(f"{line} (target {target})", measured, float(target.split()[0]))

    def hold(self, line: str, measured: float, most: float) -> None:
        """Print a line, and remember it where it is above its target."""
        if measured > most:
            self.missed.append(line)
        print(line, flush=True)

    def paint(self) -> None:
        ours, other, talk, newest = [], [], [], []
        for _ in range(self.rounds):
            other.append(first_paint(self.browser, self.empty, "empty"))
            ours.append(first_paint(self.browser, self.url, "kimiqa"))
            talk.append(first_paint(self.browser, self.talk, "kimiqa"))
            newest.append(first_paint(self.browser, self.talk, "kimiqa", "It says"))
        self.note("first paint", ours, other, "1.5 x")
        self.note("first paint of the conversation of 100", talk, other, "1.5 x")
        self.note("the newest of its answers", newest, other, "1.5 x")

    def rerun(self) -> None:
        page, empty = self._page(self.talk), self._page(self.empty)
        page.get_by_role("button", name=re.compile("^Ask ·")).first.wait_for()
        page.locator("[data-test-script-state=notRunning]").wait_for()
        choose_whole(page)
        plain = self._page(self.plain)
        plain.get_by_role("button", name="Ask", exact=True).wait_for()
        self._priced_again(
            "other pages",
            lambda n: rerun(page, f"1-{n + 20}", CHOSEN, f"{n + 20} of 2,.* prompt tokens"),
            lambda n: self._letters(empty, n + 1),
            lambda n: self._letters(plain, n + 1),
        )
        self._priced_again(
            "other effort",
            lambda n: effort(page, ("ArrowRight", "ArrowLeft")[n % 2]),
            lambda n: self._letters(empty, n + 30),
        )
        self._priced_again(
            "other cap",
            lambda n: cap(page, (f"0.00{n + 1}", f"{n + 100}")[n % 2]),
            lambda n: self._letters(empty, n + 60),
        )

    def _priced_again(
        self,
        what: str,
        ours: Callable[[int], Wait],
        empty: Callable[[int], Wait],
        plain: Callable[[int], Wait] | None = None,
    ) -> None:
        """One kind of choice, the empty app before each and the plain one after it."""
        mine, base, drawn = [], [], []
        for n in range(self.rounds + 1):
            base.append(self.take(partial(empty, n), empty=True))
            mine.append(self.take(partial(ours, n)))
            if plain:
                drawn.append(plain(n))
        driven, base_driven = driven_of(mine), driven_of(base)
        felt, base_felt = felt_of(mine), felt_of(base)
        line = (
            f"re-pricing, {what}: {driven:.3f} s{self._spent(len(mine))}, empty app "
            f"{base_driven:.3f} s, ratio {driven / base_driven:.2f} (target 1.2 x)"
        )
        self.hold(line, driven / base_driven, 1.2)
        print(
            f"  by the browser's clock {felt:.3f} s, empty app {base_felt:.3f} s, "
            f"ratio {felt / base_felt:.2f}",
            flush=True,
        )
        if drawn:
            print(
                f"  as many plain elements: ratio {driven_of(drawn) / base_driven:.2f}, "
                f"by the browser's clock {felt_of(drawn) / base_felt:.2f}",
                flush=True,
            )

    def _letters(self, page: Page, letters: int) -> Wait:
        """The same at another app: from a changed field to what it changes."""
        return rerun(page, "x" * letters, "[data-testid=stMarkdown]", f"^{letters} letters")

    def drop(self) -> None:
        content, took = cut(manual(), DROPPED), []
        for _ in range(self.rounds):
            page = self._page(self.url)
            page.locator("input[type=file]").first.wait_for(state="attached")
            # Nobody has a file in hand before the page is there: its coming is another measure.
            page.wait_for_load_state("networkidle")
            # What follows in the background is not the next's.
            took.append(self.take(partial(drop, page, content)))
            page.wait_for_timeout(LOOKED_OVER)
            page.context.close()
        self.note("600-page PDF dropped to priced cards", took, None, "1 s")

    def cite(self) -> None:
        page = self._page(self.talk)
        page.get_by_role("img", name=re.compile("page 12$")).last.wait_for()
        page.wait_for_timeout(LOOKED_OVER)
        took = [self.take(partial(click_citation, page, number)) for number in CITED[1:]]
        self.note("citation click to the boxed page", took, None, "0.3 s")

    def visit(self) -> None:
        grown: list[float] = []
        for name, url, title in (("page", self.url, "kimiqa"), ("empty app", self.empty, "empty")):
            held = visitors(self.browser, url, _pid(url.rpartition(":")[2]), title)
            shown = ", ".join(f"{each:.0f}" for each in held)
            each = (held[2] - held[0]) / 30
            line = f"{name}, MB with 10, 20, 40 visitors, none: {shown} ({each:.2f} each)"
            grown.append(each)
            self.hold(line, held[-1], 1.1 * held[0])
        line = f"an idle visitor: {grown[0]:.2f} MB, of an empty app {grown[1]:.2f} (target +1 MB)"
        self.hold(line, grown[0], grown[1] + 1)

    def _page(self, url: str) -> Page:
        page: Page = self.browser.new_context(reduced_motion="reduce").new_page()
        page.set_default_timeout(60_000)
        page.goto(url)
        return page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", default="a,b,c,d,e", help="which of them, with commas")
    parser.add_argument("--check", action="store_true", help="exit 1 where a target is missed")
    chosen = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="kimiqa-bench-"))
    with KimiServer() as kimi, sync_playwright() as driver:
        stock(home)
        document = converse(home, kimi)
        keys = {"KIMIQA_BASE_URL": kimi.base_url, "KIMIQA_API_KEY": str(kimi.key)}
        path = os.environ.get("KIMIQA_CHROMIUM") or "/usr/bin/chromium"
        browser = driver.chromium.launch(executable_path=path, args=list(FLAGS))
        plain_text = PLAIN.read_text(encoding="utf-8")
        with (
            running_app(home, **keys) as url,
            other_app(home, EMPTY) as empty,
            other_app(home, plain_text) as plain,
        ):
            bench = Bench(browser, url, (empty, plain), document.id, chosen.rounds)
            for name in chosen.only.split(","):
                getattr(bench, PARTS.get(name, name))()
                print(f"  load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", flush=True)
        browser.close()
    if chosen.check and bench.missed:
        sys.exit("\n".join(["Above their targets:", *bench.missed]))


if __name__ == "__main__":
    main()

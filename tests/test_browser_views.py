"""The other views in a real browser: reachable, accessible, and as wide as the window."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from kimiqa.ledger import Ledger
from kimiqa.reading.parts import Page as Leaf
from kimiqa.store import Store, Stored
from kimiqa.testing import KimiServer

pytest.importorskip("streamlit")
sync_api = pytest.importorskip("playwright.sync_api")

from ledger_writer import reserve, settle  # noqa: E402
from test_browser import FLAGS, App, Tab, _app  # noqa: E402

QUESTION = "Where must host-specific configuration files be stored?"
ANSWER = (
    'It is called "Filesystem Hierarchy Standard" [D1 p. 1]. It was written by nobody [D1 p. 2], '
    'and "configuration files for the local host" [D1 p. 99].'
)
VIEWS = ("Library", "Conversations", "Money", "Key and settings")
SERIOUS = ("serious", "critical")


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Any]:
    with sync_api.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield running
        running.close()


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the screenshots go: the folder named in BROWSER_PICTURES, else a temporary one."""
    named = os.environ.get("BROWSER_PICTURES")
    folder = Path(named) if named else tmp_path_factory.mktemp("pictures")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The app of somebody who has read and asked: with a key, forty documents and some receipts."""
    home = tmp_path_factory.mktemp("used")
    store = Store(home)
    for n in range(40):
        pages = [Leaf(1, f"Contract {n} ends.", "text"), Leaf(2, "", "empty" if n % 5 else "image")]
        row = Stored(f"{n:064x}", f"contract {n:02} with Smith.pdf", "text/plain", 9, 2, False)
        store.save(row, pages, {"kimi_k3 splintr": (20 + n, 5)})
    with Ledger.open(home) as ledger:
        for n in range(12):
            documents = [(f"{n % 4:064x}", f"contract {n % 4:02} with Smith.pdf")]
            label = "Smith & Sons" if n % 2 else None
            settle(ledger, reserve(ledger, "0.10", documents=documents, label=label), f"0.0{n + 1}")
    with KimiServer(seed=5) as kimi:
        key = str(kimi.key)
        with _app(home, KIMIQA_BASE_URL=kimi.base_url, KIMIQA_API_KEY=key) as url:
            yield App(url, home, kimi)


@pytest.fixture(scope="module")
def answered(used: App, browser: Any, samples: Path) -> str:
    """The URL of a page with two answers, one of them asked again another way."""
    tab = Tab(browser).open(used.url).upload(samples / "fhs-3.0.pdf")
    assert used.kimi is not None
    used.kimi.answer = ANSWER
    tab.ask(QUESTION)
    tab.citations.first.wait_for()
    used.kimi.answer = None
    url: str = tab.page.url
    tab.context.close()
    return url


def go(tab: Tab, view: str) -> Tab:
    tab.button(view).click()
    tab.page.get_by_role("heading", name=view, exact=True).wait_for()
    settled(tab)
    return tab


def settled(tab: Tab) -> Tab:
    """Wait until the script has run and everything is drawn."""
    tab.page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    tab.page.wait_for_function("!document.querySelector('[data-testid=stSkeleton]')")
    # The pointer's own colour is not what is measured.
    tab.page.mouse.move(0, 0)
    return tab


def faults(tab: Tab) -> list[str]:
    """What axe-core calls serious or critical, with the place."""
    found = Axe().run(tab.page).response["violations"]
    return [
        f"{each['id']}: {node['target']} {node.get('failureSummary', '')[:300]}"
        for each in found
        if each["impact"] in SERIOUS
        for node in each["nodes"]
    ]


# The ways ---------------------------------------------------------------------------------------


def test_several_documents_of_the_library_go_into_one_question(used: App, browser: Any) -> None:
    tab = Tab(browser).open(used.url)
    go(tab, "Library")

    tab.page.get_by_label("Search").fill("contract 3")
    tab.page.get_by_label("Search").press("Enter")
    tab.text("13 of ").wait_for()
    for name in ("contract 31 with Smith.pdf", "contract 32 with Smith.pdf"):
        tab.text(name).click()
    tab.button("Ask about 2 documents").click()

    tab.button("Ask ·").wait_for()
    assert len(re.findall(r"[?&]d=", tab.page.url)) == 2
    assert tab.foreign == []
    tab.context.close()


def test_a_conversation_is_named_and_found_again(used: App, browser: Any, answered: str) -> None:
    tab = go(Tab(browser).open(answered), "Conversations")

    tab.button("Rename").click()
    tab.page.get_by_label("Name", exact=True).fill("The standard")
    tab.button("Save the name").click()
    tab.button("The standard").click()

    tab.citations.first.wait_for()
    assert tab.text(QUESTION).is_visible()
    tab.context.close()


def test_a_question_is_asked_again_and_compared(
    used: App, browser: Any, answered: str, pictures: Path
) -> None:
    tab = Tab(browser).open(answered)
    tab.button("Ask again").click()
    tab.button("Ask again · about").click()

    tab.page.get_by_role("heading", name="Two answers").wait_for()
    tab.button("Go on with the second answer").wait_for()
    tab.picture(pictures, "compare")
    tab.page.reload()
    tab.button("Go on with the second answer").wait_for()

    assert tab.text("rests on").is_visible()
    with Ledger.open(used.home) as ledger:
        assert used.kimi is not None
        endpoint = used.kimi.base_url.split("/")[2]
        mine = [call for call in ledger.calls() if call.endpoint == endpoint]
        assert sum(call.cost.amount for call in mine if call.cost) == used.kimi.billed  # type: ignore[misc]
    tab.context.close()


def test_an_answer_is_saved_as_a_page_that_runs_nothing(
    used: App, browser: Any, answered: str, tmp_path: Path
) -> None:
    tab = Tab(browser).open(answered)
    with tab.page.expect_download() as download:
        tab.button("Save as HTML").click()
    path = tmp_path / "answer.html"
    download.value.save_as(path)

    saved = Tab(browser).open(path.as_uri())

    assert saved.page.get_by_role("heading", name=QUESTION).is_visible()
    assert saved.text("verified: these words stand there").is_visible()
    assert len(saved.requests) == 1
    for each in (tab, saved):
        each.context.close()


def test_citations_are_walked_by_keys(used: App, browser: Any, answered: str) -> None:
    tab = Tab(browser).open(answered)
    tab.citations.first.wait_for()
    count = tab.citations.count()
    assert count > 1
    tab.text(f"citation 1 of {count}").wait_for()

    tab.page.keyboard.press("Alt+ArrowDown")
    tab.text(f"citation 2 of {count}").wait_for()
    tab.page.keyboard.press("Alt+ArrowUp")

    tab.text(f"citation 1 of {count}").wait_for()
    tab.context.close()


# For everyone -----------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(
    used: App, browser: Any, answered: str, pictures: Path, scheme: str
) -> None:
    tab = Tab(browser, scheme=scheme).open(answered)
    tab.citations.first.wait_for()
    found = {"Ask": faults(settled(tab))}
    tab.picture(pictures, f"ask-{scheme}")
    for view in VIEWS:
        found[view] = faults(go(tab, view))
        tab.picture(pictures, f"{view.lower().replace(' ', '-')}-1440-{scheme}")

    assert {view: each for view, each in found.items() if each} == {}
    tab.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [768, 360])
def test_no_view_is_wider_than_the_window(
    used: App, browser: Any, answered: str, pictures: Path, width: int, scheme: str
) -> None:
    wide = {}
    for view in ("ask", "library", "conversations", "money", "compare"):
        tab = Tab(browser, width=width, scheme=scheme).open(f"{answered}&v={view}")
        tab.page.get_by_role("heading").first.wait_for()
        settled(tab).page.wait_for_timeout(150)
        tab.picture(pictures, f"{view}-{width}-{scheme}")
        wide[view] = tab.overflow()
        tab.context.close()

    assert {view: pixels for view, pixels in wide.items() if pixels > 0} == {}

"""Ways, proof and money in a real browser: what is clicked, counted down and stopped there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kimiqa.testing import KimiServer

pytest.importorskip("streamlit")
sync_api = pytest.importorskip("playwright.sync_api")

from test_browser import FLAGS, App, Tab, _app  # noqa: E402
from test_browser_views import faults, settled  # noqa: E402

ANSWER = (
    'It says "shall be called" [D1 p. 1]. The name is "Filesystem Hierarchy Standard" [D1 p. 1], '
    "and nobody wrote it [D1 p. 2]."
)


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Any]:
    with sync_api.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield running
        running.close()


@pytest.fixture(scope="module")
def paid(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The app with a key for the loopback server."""
    home = tmp_path_factory.mktemp("ways")
    with KimiServer(reasoning=80, answer=ANSWER) as kimi:
        key = str(kimi.key)
        with _app(home, KIMIQA_BASE_URL=kimi.base_url, KIMIQA_API_KEY=key) as url:
            yield App(url, home, kimi)


@pytest.fixture(scope="module")
def answered(paid: App, browser: Any, samples: Path) -> str:
    """The URL of a conversation with one answer, asked in full."""
    tab = Tab(browser).open(paid.url).upload(samples / "fhs-3.0.pdf")
    tab.page.locator(".st-key-way-full button").click()
    tab.page.get_by_role("button", name=re.compile("^Chosen")).last.wait_for()
    tab.ask("What is this standard called?")
    tab.citations.nth(2).wait_for()
    url: str = tab.page.url
    tab.context.close()
    return url


def test_a_click_on_a_mark_in_the_answer_opens_its_page(
    paid: App, browser: Any, answered: str
) -> None:
    tab = Tab(browser).open(answered)
    settled(tab).text("citation 1 of 3").wait_for()
    mark = tab.page.locator("a[href='#cite-0-2']")
    assert "Unverified" in str(mark.get_attribute("title"))

    mark.click()

    tab.text("citation 3 of 3").wait_for()
    assert "#cite" not in tab.page.url
    tab.context.close()


def test_the_cache_counts_down_without_asking_the_server(
    paid: App, browser: Any, answered: str
) -> None:
    tab = Tab(browser).open(answered)
    clock = settled(tab).text("cache warm for about")
    clock.wait_for()
    before = clock.inner_text()
    runs: list[Any] = []
    tab.page.on("websocket", lambda _: runs.append("socket"))
    tab.page.evaluate(
        "window.ran = 0; new MutationObserver(() => window.ran += "
        "document.querySelector('[data-test-script-state=running]') ? 1 : 0)"
        ".observe(document.body, {subtree: true, attributes: true})"
    )

    tab.page.wait_for_function(
        "before => [...document.querySelectorAll('.st-key-warmth *')].concat("
        "[...document.querySelectorAll('*')].filter(e => e.shadowRoot)"
        ".map(e => e.shadowRoot.querySelector('p')))"
        ".some(e => e && /cache warm/.test(e.textContent) && e.textContent !== before)",
        arg=before,
    )

    assert tab.page.evaluate("window.ran") == 0
    assert runs == []
    tab.context.close()


def test_an_answer_is_stopped_from_another_view_and_stays(
    paid: App, browser: Any, samples: Path
) -> None:
    assert paid.kimi is not None
    paid.kimi.answer, paid.kimi.tokens_per_second = "One word after another. " * 80, 30
    tab = Tab(browser).open(paid.url).upload(samples / "lease.md")
    tab.ask("Who may terminate the lease, and when?")
    tab.text("One word after another.").wait_for()

    tab.button("Library").click()
    tab.page.get_by_role("heading", name="Library", exact=True).wait_for()
    tab.button("Stop").click()
    tab.button("Stop").wait_for(state="detached")
    paid.kimi.answer, paid.kimi.tokens_per_second = ANSWER, 0
    tab.page.get_by_role("button", name="Ask", exact=True).click()

    tab.text("Stopped here.").wait_for()
    assert tab.text("One word after another.").is_visible()
    tab.context.close()


def test_several_questions_are_asked_at_once(paid: App, browser: Any, samples: Path) -> None:
    tab = Tab(browser).open(paid.url).upload(samples / "lease.md")
    tab.page.get_by_label("Your question").fill("Who may terminate?\nWhat is the rent?")
    tab.page.get_by_label("Your question").blur()
    tab.text("Each line is a question of its own").click()

    tab.button("Ask 2 questions").click()

    tab.text("Asked side by side with others").wait_for()
    tab.page.get_by_text("What is the rent?").first.wait_for()
    assert tab.foreign == []
    tab.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 360])
def test_the_tables_are_accessible_and_fit(
    paid: App, browser: Any, answered: str, width: int, scheme: str
) -> None:
    tab = Tab(browser, width=width, scheme=scheme).open(answered)
    settled(tab)
    for label in ("Effort and length of the answer", "The same on other models"):
        tab.text(label).click()
        settled(tab)
    tab.text("Nothing cached.").wait_for()

    assert tab.overflow() <= 0
    assert faults(settled(tab)) == []
    tab.context.close()

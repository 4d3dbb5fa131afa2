"""The page in a real browser: nothing leaves it or runs in it, and everybody can use it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("streamlit")
pytest.importorskip("playwright.sync_api")
pytest.importorskip("axe_playwright_python")

from browsing import SCHEMES, App, Tab
from test_ui_words import POLISH, install

from kimiqa.ui.live import PARTS

HOSTILE = """It costs $5 today and $6 tomorrow.

![a](http://evil.test/image.png) ![b][ref] <img src="http://evil.test/tag.png">
[click](http://evil.test/link) http://evil.test/bare :red[alarm] :smile: :material/home:
<script src="http://evil.test/script.js"></script>

| a | b |
|---|---|
| ![c](//evil.test/cell.png) | **bold** |

[ref]: http://evil.test/reference.png
"""
HOSTILE_NAME = "$1 and $2 :red[x] [a](b) ![c](evil.test).md"
VIEWS = ("Library", "Conversations", "Money", "Key and settings")
FOCUSED = """() => {
    let at = document.activeElement;
    while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
    return at ? (at.getAttribute('aria-label') || at.innerText || at.tagName) : '';
}"""
SEEN = """([accents]) => {
    const shows = (each) => {
        const {outlineStyle, outlineWidth, boxShadow, borderTopColor} = getComputedStyle(each);
        return (outlineStyle !== 'none' && parseFloat(outlineWidth) > 0) || boxShadow !== 'none'
            || accents.includes(borderTopColor);
    };
    let at = document.activeElement;
    while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
    for (let n = 0; at && at !== document.body && n < 4; n += 1, at = at.parentElement)
        if (shows(at)) return true;
    return document.activeElement === document.body;
}"""
ACCENTS = ["rgb(29, 95, 116)", "rgb(43, 122, 145)"]
MOVING = """() => document.getAnimations().filter(each => {
    const {duration, iterations} = each.effect.getComputedTiming();
    return each.playState === 'running' && (iterations === Infinity || duration > 1000);
}).map(each => each.animationName || each.transitionProperty || 'animation')"""


# Nothing leaves, nothing runs -------------------------------------------------------------------


def test_a_hostile_answer_about_a_hostile_name_loads_nothing_and_is_not_mathematics(
    paid: App, tab: Tab, samples: Path, tmp_path: Path
) -> None:
    path = tmp_path / HOSTILE_NAME
    path.write_bytes((samples / "lease.md").read_bytes() + b"\nOne more line.\n")
    paid.kimi.answer = HOSTILE
    tab.open(paid.url).upload(path)

    tab.ask("What does it cost, $5 or $6? ![x](http://evil.test/question.png)")
    tab.text("It costs $5 today and $6 tomorrow.").wait_for()

    main = tab.settled().page.locator("[data-testid=stMain]")
    assert tab.page.get_by_role("heading", name=HOSTILE_NAME).is_visible()
    assert tab.text("What does it cost, $5 or $6? ![x](http:").is_visible()
    assert tab.foreign == []
    assert tab.page.locator(".katex, a[href='b']").count() == 0
    assert main.locator("img[src*=evil], script[src*=evil], a[href*=evil]").count() == 0
    assert ":red[alarm]" in main.inner_text()
    assert ":smile:" in main.inner_text().replace("\u2060", "")


# What the browser has before it needs it --------------------------------------------------------


def test_what_a_document_is_drawn_with_is_there_before_it(
    free: App, browser: Any, samples: Path
) -> None:
    tab = Tab(browser).open(free.url)
    tab.button("Try a sample").wait_for()
    tab.page.wait_for_function(
        "parts => parts.every(part => performance.getEntriesByType('resource')"
        ".some(each => each.name.includes(`/js/${part}.`)))",
        arg=list(PARTS),
    )
    before = len(tab.requests)

    tab.upload(samples / "lease.md")

    scripts = [url.rpartition("/")[2] for url in tab.requests[before:] if url.endswith(".js")]
    assert [each for each in scripts if each.startswith(PARTS)] == []
    assert tab.foreign == []
    tab.close()


# For everyone -----------------------------------------------------------------------------------


def tab_to(tab: Tab, name: str, *, key: str = "Tab", most: int = 60) -> None:
    """Press Tab until what is called `name` has the focus."""
    seen = []
    for _ in range(most):
        tab.page.keyboard.press(key)
        seen.append(str(tab.page.evaluate(FOCUSED)))
        if re.search(name, seen[-1]):
            return
    pytest.fail(f"{name} was not reached; only {seen}")


def test_from_a_file_to_a_citation_by_keyboard_alone(
    free: App, browser: Any, samples: Path
) -> None:
    tab = Tab(browser).open(free.url)
    tab.button("Try a sample").wait_for()
    tab.settled().page.wait_for_timeout(500)  # what is drawn anew would lose the focus
    keys = tab.page.keyboard

    tab_to(tab, r"^(upload\s+)?Upload$")
    keys.press("Enter")  # the chooser itself is the system's, not the page's
    tab.page.locator("input[type=file]").first.set_input_files(str(samples / "lease.md"))
    tab.button("Ask ·").wait_for()
    tab.settled()
    tab_to(tab, "^Your question")
    keys.type("Who may terminate the lease?")
    keys.press("Control+Enter")
    tab.citations.nth(1).wait_for()
    tab.settled()
    tab_to(tab, r"^. D1 p\. ", most=90)
    tab_to(tab, r"^. D1 p\. ")
    keys.press("Enter")
    count = tab.citations.count()
    tab.text(f"citation 2 of {count}").wait_for()
    keys.press("Alt+ArrowUp")

    tab.text(f"citation 1 of {count}").wait_for()
    keys.press("Alt+ArrowDown")
    tab.text(f"citation 2 of {count}").wait_for()
    tab.close()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_what_has_the_keyboard_is_seen(free: App, tab: Tab, scheme: str) -> None:
    tab.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    tab.open(f"{free.url}/?v=settings").heading("Key and settings").wait_for()
    tab.settled().page.add_style_tag(content="* { transition: none !important; }")

    unseen = []
    for _ in range(40):
        tab.page.keyboard.press("Tab")
        if not tab.page.evaluate(SEEN, [ACCENTS]):
            unseen.append(str(tab.page.evaluate(FOCUSED))[:60])

    assert unseen == []


def test_every_view_names_its_controls_and_is_accessible(
    paid: App, tab: Tab, pictures: Path
) -> None:
    nameless: dict[str, list[str]] = {}
    tab.open(paid.url).text("Ask a long document").wait_for()
    nameless["Ask"] = without_names(tab.settled())
    for view in VIEWS:
        nameless[view] = without_names(tab.go(view))
        assert tab.page.title() == f"{view} · kimiqa"
        tab.shown(pictures, f"view-{view.lower().replace(' ', '-')}")

    assert {view: each for view, each in nameless.items() if each} == {}


def without_names(tab: Tab) -> list[str]:
    """The controls that a screen reader would have no name for."""
    lines = tab.page.locator("body").aria_snapshot().splitlines()
    kinds = "button|link|textbox|searchbox|checkbox|radio|switch|combobox|slider|spinbutton"
    return [line.strip() for line in lines if re.match(rf"\s*- ({kinds})(?! \")(\s|:|$)", line)]


def test_the_browsers_language_is_spoken_also_in_what_is_saved(
    free: App, browser: Any, tmp_path: Path
) -> None:
    install(free.home, "pl", POLISH)
    tab = Tab(browser, locale="pl-PL").open(free.url)

    tab.text("Zapytaj długi dokument").wait_for()
    tab.button("Wypróbuj przykład").click()
    tab.button("Ask · free").wait_for()
    tab.ask("Where must host-specific configuration files be stored?")
    tab.citations.first.wait_for()
    assert tab.settled().page.evaluate("document.documentElement.lang") == "pl-PL"
    tab.settled().button("Copy or save").click()
    with tab.page.expect_download() as download:
        tab.button("Save as HTML").click()
    download.value.save_as(tmp_path / "saved.html")
    tab.close()

    saved = (tmp_path / "saved.html").read_text(encoding="utf-8")
    assert '<html lang="pl-PL">' in saved
    assert ", strona " in saved
    assert "za darmo" in saved


def test_nothing_moves_where_less_motion_is_wished(free: App, tab: Tab) -> None:
    tab.open(free.url).text("Ask a long document").wait_for()

    tab.settled().page.wait_for_timeout(300)

    assert tab.page.evaluate("matchMedia('(prefers-reduced-motion: reduce)').matches")
    assert tab.page.evaluate(MOVING) == []

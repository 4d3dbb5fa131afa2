"""Nothing is lost in a real browser: a draft that was not left, an app that cannot be reached."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

pytest.importorskip("streamlit")
pytest.importorskip("playwright.sync_api")

from browsing import SIZES, App, Tab, running_app

DRAFT = "Who may terminate the lease"


HOLDS = "text => [...document.querySelectorAll('textarea')].some(each => each.value === text)"


def holds(tab: Tab, text: str) -> None:
    """Wait until this stands in the question's box, which is filled once the page is drawn."""
    tab.page.wait_for_function(HOLDS, arg=text, timeout=20_000)


def typed(tab: Tab, text: str) -> None:
    """Type into the question's box, and stay in it."""
    tab.page.get_by_label("Your question").click()
    tab.page.keyboard.type(text)


def test_a_draft_that_was_not_left_survives_a_reload(paid: App, tab: Tab, samples: Path) -> None:
    tab.open(paid.url).upload(samples / "lease.md")
    typed(tab, DRAFT)

    tab.page.reload()

    holds(tab, DRAFT)
    tab.text("Prices are for a question").wait_for(state="detached")


def test_a_draft_is_priced_after_a_pause_and_typing_goes_on(
    paid: App, tab: Tab, browser: Any, samples: Path
) -> None:
    tab.open(paid.url).upload(samples / "lease.md")
    typed(tab, DRAFT)
    tab.text("Prices are for a question").wait_for(state="detached")

    tab.page.keyboard.type(", and when?")
    tab.page.wait_for_timeout(1_500)

    other = Tab(browser).open(tab.settled().page.url)
    for each in (tab, other):
        holds(each, f"{DRAFT}, and when?")
    other.close()


def test_what_was_asked_is_no_draft(paid: App, tab: Tab, samples: Path) -> None:
    tab.open(paid.url).upload(samples / "lease.md")
    tab.ask(DRAFT).citations.first.wait_for()

    tab.page.reload()
    tab.citations.first.wait_for()

    tab.settled().page.wait_for_timeout(300)
    assert tab.page.get_by_label("Your next question").input_value() == ""


def test_a_draft_survives_the_end_of_the_app(tab: Tab, samples: Path, tmp_path: Path) -> None:
    with running_app(tmp_path) as url:
        tab.open(url).upload(samples / "lease.md")
        typed(tab, DRAFT)
        address, port = tab.page.url, urlsplit(url).port

    with running_app(tmp_path, port=port or 0):
        tab.page.goto(address)

        holds(tab, DRAFT)


# The app that cannot be reached -----------------------------------------------------------------

LOST = "kimiqa is not running or cannot be reached."


def test_an_app_that_ended_is_said_in_words_that_go_when_it_is_back(
    tab: Tab, samples: Path, pictures: Path, tmp_path: Path
) -> None:
    with running_app(tmp_path) as url:
        tab.open(url).upload(samples / "lease.md")
        port = urlsplit(url).port or 0

    alert = tab.page.get_by_role("alert")
    alert.wait_for()
    assert LOST in alert.inner_text()
    assert "Your documents and answers are kept." in alert.inner_text()
    tab.page.wait_for_timeout(8_000)  # by now Streamlit would speak
    assert tab.page.get_by_role("dialog").count() == 0
    for scheme in ("light", "dark"):
        tab.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        for width in SIZES:
            tab.page.set_viewport_size({"width": width, "height": SIZES[width]})
            tab.page.screenshot(path=pictures / f"lost-{width}-{scheme}.png")
            assert tab.overflow() == 0
    assert tab.faults() == []

    with running_app(tmp_path, port=port):
        alert.wait_for(state="detached")


def test_a_lost_network_is_said_only_while_the_socket_is_lost_too(
    paid: App, tab: Tab, samples: Path
) -> None:
    sockets: list[Any] = []

    def pass_on(socket: Any) -> None:
        sockets.append(socket)
        socket.connect_to_server()

    tab.page.route_web_socket("**/_stcore/stream", pass_on)
    tab.open(paid.url).upload(samples / "lease.md")
    alert = tab.page.get_by_role("alert")
    tab.context.set_offline(True)
    tab.page.wait_for_timeout(3_000)
    assert alert.count() == 0  # the app runs on this computer: it needs no network

    sockets[-1].close()
    alert.wait_for()
    assert LOST in alert.inner_text()
    tab.context.set_offline(False)

    alert.wait_for(state="detached")


# The address ------------------------------------------------------------------------------------


def test_back_and_forward_go_where_the_browser_says(paid: App, tab: Tab, samples: Path) -> None:
    tab.open(paid.url).upload(samples / "lease.md")
    tab.ask(DRAFT).citations.first.wait_for()
    asked = tab.settled().page.url
    tab.go("Library").go("Money")

    tab.page.go_back()
    tab.page.get_by_role("heading", name="Library", exact=True).wait_for()
    tab.page.go_back()
    tab.citations.first.wait_for()
    assert tab.settled().page.url == asked
    tab.page.go_forward()
    tab.page.get_by_role("heading", name="Library", exact=True).wait_for()
    tab.page.go_back()
    tab.citations.first.wait_for()
    tab.settled().button("New conversation").click()
    tab.page.get_by_label("Your question").wait_for()
    assert tab.settled().page.url != asked
    tab.page.go_back()

    tab.citations.first.wait_for()
    assert tab.settled().page.url == asked
    assert tab.heading("lease.md").is_visible()


def test_a_draft_stays_in_its_own_conversation(paid: App, tab: Tab, samples: Path) -> None:
    tab.open(paid.url).upload(samples / "lease.md")
    tab.ask("Which of the two is older?").citations.first.wait_for()
    tab.settled().button("New conversation").click()
    tab.page.get_by_label("Your question").wait_for()
    typed(tab.settled(), DRAFT)
    tab.text("Prices are for a question").wait_for(state="detached")
    drafted = tab.settled().page.url

    tab.go("Conversations").button("Which of the two is older?").click()
    tab.citations.first.wait_for()
    tab.settled().page.wait_for_timeout(500)  # by now the tab's own draft would be there

    assert tab.page.get_by_label("Your next question").input_value() == ""
    tab.page.goto(drafted)
    holds(tab, DRAFT)

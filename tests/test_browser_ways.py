"""Ways, proof and money in a real browser: what is clicked, counted down and asked together."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("streamlit")
pytest.importorskip("playwright.sync_api")
pytest.importorskip("axe_playwright_python")

from browsing import App, Tab

ANSWER = (
    'It says "shall be called" [D1 p. 1]. The name is "Filesystem Hierarchy Standard" [D1 p. 1], '
    "and nobody wrote it [D1 p. 2]."
)
CLOCK = """before => [...document.querySelectorAll('*')].filter(e => e.shadowRoot)
    .map(e => e.shadowRoot.querySelector('p')).concat(
        [...document.querySelectorAll('.st-key-warmth *')])
    .some(e => e && /cache warm/.test(e.textContent) && e.textContent !== before)"""
COUNT_RUNS = """window.ran = 0; new MutationObserver(() => window.ran +=
    document.querySelector('[data-test-script-state=running]') ? 1 : 0)
    .observe(document.body, {subtree: true, attributes: true})"""


def test_a_mark_opens_its_page_the_cache_counts_down_and_other_prices_unfold(
    paid: App, tab: Tab, samples: Path, pictures: Path
) -> None:
    paid.kimi.answer = ANSWER
    tab.open(paid.url).upload(samples / "fhs-3.0.pdf")
    tab.page.locator(".st-key-way-full button").click()
    tab.settled().ask("What is this standard called?")
    tab.citations.nth(2).wait_for()
    tab.settled().text("citation 1 of 3").wait_for()

    mark = tab.page.locator("a[href='#cite-0-2']")
    assert "Unverified" in str(mark.get_attribute("title"))
    mark.click()
    tab.text("citation 3 of 3").wait_for()
    assert "#cite" not in tab.page.url

    clock = tab.settled().text("cache warm for about")
    clock.wait_for()
    before = clock.inner_text()
    runs: list[Any] = []
    tab.page.on("websocket", lambda _: runs.append("socket"))
    tab.page.evaluate(COUNT_RUNS)
    tab.page.wait_for_function(CLOCK, arg=before)
    assert tab.page.evaluate("window.ran") == 0
    assert runs == []

    tab.text("Other efforts, lengths and models").click()
    tab.settled()
    tab.page.get_by_role("tab", name="Other models").click()
    tab.text("Nothing cached.").wait_for()
    tab.settled().shown(pictures, "ways-unfolded")


def test_other_pages_and_another_cap_run_the_priced_part_once_and_nothing_else(
    paid: App, tab: Tab, samples: Path
) -> None:
    paid.kimi.answer = ANSWER
    sent = _sent_to(tab)
    tab.open(paid.url).upload(samples / "fhs-3.0.pdf")
    tab.ask("What is this standard called?").citations.nth(2).wait_for()
    tab.settled()

    for label, text in (("Pages", "1-3"), ("Cap for a question", "1.50")):
        sent.clear()
        tab.page.get_by_label(label, exact=True).fill(text)
        tab.page.keyboard.press("Enter")
        while not any(each.WhichOneof("type") == "script_finished" for each in sent):
            tab.page.wait_for_timeout(50)

        assert [each.WhichOneof("type") for each in sent].count("new_session") == 1, label
        assert not any("shall be called" in str(each) for each in sent), label
        assert len([each for each in sent if _card(each)]) == 1, label


def _sent_to(tab: Tab) -> list[Any]:
    """What the server sends to the tab from now on, message by message."""
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

    sent: list[Any] = []

    def received(payload: str | bytes) -> None:
        assert isinstance(payload, bytes)
        sent.append(ForwardMsg.FromString(payload))

    tab.page.on("websocket", lambda socket: socket.on("framereceived", received))
    return sent


def _card(message: Any) -> str:
    """The key of the card that a message draws, if it draws one."""
    found = re.search(r"((chosen-)?card-[a-z]+)", str(message.delta.add_block))
    return found[1] if found else ""


def test_several_questions_are_asked_at_once(paid: App, tab: Tab, samples: Path) -> None:
    tab.open(paid.url).upload(samples / "lease.md")
    tab.page.get_by_label("Your question").fill("Who may terminate?\nWhat is the rent?")
    tab.page.get_by_label("Your question").blur()
    tab.text("Each line is a question of its own").click()

    tab.button("Ask 2 questions").click()

    tab.text("Asked side by side with others").wait_for()
    tab.page.get_by_text("What is the rent?").first.wait_for()
    assert tab.foreign == []


def test_the_switches_of_chunks_price_and_show_what_they_do(
    paid: App, tab: Tab, samples: Path, pictures: Path
) -> None:
    said = iter(["- files in /var/tmp preserved between reboots", "The documents do not say."])
    paid.kimi.answer = lambda body: next(
        said, '"must not be deleted when the system is booted" [D1 p. 45]'
    )
    tab.open(paid.url).upload(samples / "fhs-3.0.pdf")
    for label in ("Rewrite the question first", "Ask more where it does not hold"):
        tab.text(label).click()
        tab.settled()
    tab.page.locator(".st-key-way-chunks button").click()
    tab.settled().shown(pictures, "switches")

    tab.ask("May files in /var/tmp be deleted when the system is booted?")

    tab.text("rewrite 1: files in /var/tmp preserved between reboots").wait_for(state="attached")
    tab.citations.first.wait_for()
    tab.settled().text("Steps ·").click()
    tab.text("it says that the documents do not say").wait_for()
    tab.settled().shown(pictures, "rungs")
    assert tab.foreign == []


def test_what_is_folded_away_at_the_side_is_drawn_and_looks_well(
    paid: App, tab: Tab, samples: Path, pictures: Path
) -> None:
    tab.open(paid.url).upload(samples / "fhs-3.0.pdf")

    for fold, inside in (
        ("How it is read", "Compare pages with their pictures"),
        ("Add documents", "Or name a file or a folder on this computer"),
        ("More choices", "What the pictures take is in the prices"),
    ):
        tab.text(fold).click()
        tab.text(inside).wait_for()
    tab.settled().shown(pictures, "folds-open")


def test_a_ready_made_question_is_chosen_by_keyboard_and_stays_after_a_reload(
    paid: App, tab: Tab, samples: Path, pictures: Path
) -> None:
    tab.open(paid.url).upload(samples / "lease.md")
    tab.page.get_by_label("Your question").fill("Mind the garden.")
    tab.button("Ask ·").wait_for()

    tab.settled().button("Ready-made").press("Enter")
    tab.button("Timeline").wait_for()
    tab.settled().shown(pictures, "ready-made", tall=False)
    tab.button("Ready-made").focus()
    tab.page.keyboard.press("Tab")
    tab.page.keyboard.press("Tab")
    tab.page.keyboard.press("Enter")

    tab.page.wait_for_function("() => document.querySelector('textarea').value.length > 99")
    asked = tab.settled().page.get_by_label("Your question").input_value()
    assert asked.startswith("Make a timeline")
    assert asked.endswith("Mind the garden.")
    tab.page.reload()
    tab.button("Ask ·").wait_for()
    assert tab.settled().page.get_by_label("Your question").input_value() == asked

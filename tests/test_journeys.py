"""The ten journeys that matter most, on real documents in a real browser.

Each ends with pictures of the page at three widths, light and dark, in which nothing may be wider
than its window and axe-core finds nothing serious. KIMIQA_PICTURES names a folder that keeps them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("streamlit")
pytest.importorskip("playwright.sync_api")
pytest.importorskip("axe_playwright_python")

from browsing import SAID, App, Tab, contract, running_app

from kimiqa.settings import saved_keys
from kimiqa.testing import KimiServer

FREE_QUESTION = "Where must host-specific configuration files be stored?"
LONG_QUESTION = "Where does Debian keep the hostname, and what belongs there?"
LONG_ANSWER = (
    "At boot, systemd sets the hostname to what one file holds: "
    '"sets the system hostname at boot time to the name stored in" [D1 p. 108]. '
    'That file "should contain only the system hostname, not a fully qualified domain name" '
    "[D1 p. 108]. Running hostname without an argument prints out the current hostname "
    '[D1 p. 108]. The name "may be up to 64 characters long" [D1 p. 108].'
)
ANSWER = (
    'It says "shall be called" [D1 p. 1]. The name is "Filesystem Hierarchy Standard" [D1 p. 1], '
    "and nobody wrote it [D1 p. 2]."
)
KEY = "sk-0123456789abcdefghijklmnop"


@pytest.fixture(scope="module")
def answered(_paid: App, browser: Any, samples: Path) -> str:
    """The URL of a conversation about the standard with one answer, asked in full."""
    _paid.kimi.answer = ANSWER
    tab = Tab(browser).open(_paid.url).upload(samples / "fhs-3.0.pdf")
    tab.page.locator(".st-key-way-full button").click()
    tab.page.get_by_role("button", name=re.compile("^Chosen")).last.wait_for()
    tab.ask("What is this standard called?")
    tab.citations.nth(2).wait_for()
    _paid.kimi.answer = SAID
    url: str = tab.page.url
    tab.close()
    return url


def image(tab: Tab, name: str) -> Any:
    """The picture of a page of a document."""
    return tab.page.get_by_role("img", name=re.compile(re.escape(f"{name}, page")))


def drawn_width(tab: Tab, name: str) -> int:
    """How many pixels wide the picture of a page is, once it has arrived: its frame comes first."""
    picture = image(tab, name)
    tab.page.wait_for_function("each => each.complete", arg=picture.element_handle())
    width: int = picture.evaluate("each => each.naturalWidth")
    return width


def test_1_a_first_start_without_a_key(free: App, tab: Tab, pictures: Path) -> None:
    tab.open(free.url).text("Ask a long document").wait_for()
    tab.settled().shown(pictures, "1-first-start")

    tab.button("Try a sample").click()
    tab.button("Ask · free").wait_for()
    tab.text("Whole document · kimi-k3").wait_for()  # the button comes before the cards
    tab.ask(FREE_QUESTION)
    tab.citations.nth(1).wait_for()
    tab.citations.nth(1).click()

    tab.text("citation 2 of").wait_for()
    image(tab, "fhs-3.0.pdf").wait_for()
    assert tab.text("no language model was asked").is_visible()
    assert tab.foreign == []
    tab.shown(pictures, "1-free-answer")


def test_2_from_a_dropped_pdf_to_a_receipt(
    paid: App, tab: Tab, samples: Path, pictures: Path
) -> None:
    before = paid.spent(), paid.kimi.billed
    paid.kimi.answer, paid.kimi.tokens_per_second = LONG_ANSWER, 120
    tab.open(paid.url).upload(samples / "debian-reference.en.pdf")
    tab.page.get_by_test_id("stProgress").wait_for(state="detached")  # hidden text is out
    tab.settled().page.get_by_label("Your question").fill(LONG_QUESTION)
    tab.heading("debian-reference.en.pdf").click()
    tab.text("Prices are for a question").wait_for(state="detached")
    tab.settled().shown(pictures, "2-priced", tall=False)

    tab.button("Ask ·").click()
    tab.button("Stop").wait_for()
    tab.text("At boot, systemd sets").wait_for()
    tab.page.screenshot(path=pictures / "2-streaming.png")
    tab.citations.nth(3).wait_for()
    tab.citations.first.click()
    tab.text("page 108 of 261").wait_for()

    assert drawn_width(tab, "debian-reference.en.pdf") > 500
    assert tab.text(", quoted $").is_visible()
    assert paid.spent() - before[0] == paid.kimi.billed - before[1] > 0
    assert tab.foreign == []
    tab.shown(pictures, "2-answer", tall=False)


def test_2_money_is_looked_back_on_and_the_crossing_is_drawn(
    paid: App, tab: Tab, answered: str, pictures: Path
) -> None:
    tab.open(answered).citations.first.wait_for()
    tab.settled().text(", quoted $").first.click()
    tab.text("settled by the endpoint's own count").wait_for()
    tab.page.locator(".st-key-receipt-0").screenshot(path=pictures / "2-receipt.png")
    tab.go("Money")
    title = tab.heading("How many questions make the whole document cheaper")
    title.wait_for()
    tab.page.get_by_text(re.compile("than chunks|Chunks stay cheaper|chunks are")).first.wait_for()

    assert tab.page.get_by_test_id("stVegaLiteChart").count() >= 2
    tab.settled().shown(pictures, "2-money")
    tab.page.screenshot(path=pictures / "2-spending.png")
    title.evaluate("each => each.scrollIntoView({block: 'start'})")
    tab.settled().page.screenshot(path=pictures / "2-break-even.png")


def test_3_over_the_cap_a_person_is_asked_once(
    paid: App, tab: Tab, samples: Path, pictures: Path
) -> None:
    tab.open(paid.url).upload(samples / "lease.md")
    tab.page.get_by_label("Cap for a question").fill("0.001")
    tab.page.get_by_label("Cap for a question").press("Enter")
    tab.text("Over the cap").wait_for()
    asked = len(paid.kimi.chats)

    tab.ask("Who may terminate the lease, and when?")
    tab.button("Ask all the same, at most $").wait_for()
    assert tab.text("the cap per question is $0.001").is_visible()
    assert len(paid.kimi.chats) == asked
    tab.shown(pictures, "3-over-the-cap")
    tab.button("Ask all the same, at most $").click()

    tab.citations.first.wait_for()
    assert len(paid.kimi.chats) == asked + 1


def test_4_a_stop_from_another_tab_and_asking_again(
    paid: App, tab: Tab, browser: Any, samples: Path, pictures: Path
) -> None:
    paid.kimi.answer, paid.kimi.tokens_per_second = "One word after another. " * 80, 30
    tab.open(paid.url).upload(samples / "lease.md")
    tab.ask("Who may terminate the lease, and when?")
    tab.text("One word after another.").wait_for()

    other = Tab(browser).open(f"{tab.page.url}&v=library")
    other.button("Stop").click()
    other.button("Stop").wait_for(state="detached")
    other.close()
    tab.text("Stopped here.").wait_for()
    paid.kimi.answer, paid.kimi.tokens_per_second = SAID, 0
    tab.ask("Who may terminate the lease, and when?")

    tab.citations.first.wait_for()
    assert tab.text("One word after another.").is_visible()
    tab.settled().shown(pictures, "4-stopped-and-asked-again")


def test_5_two_documents_of_the_library_into_one_question(
    paid: App, tab: Tab, tmp_path: Path, pictures: Path
) -> None:
    for name, rent in (("harbour street.pdf", 900), ("harbour lane.pdf", 1_100)):
        tab.open(paid.url).upload(contract(tmp_path, name, rent))
    tab.go("Library")

    tab.page.get_by_role("searchbox").fill("harbour")
    tab.page.get_by_role("searchbox").press("Enter")
    tab.text("2 of ").wait_for()
    for name in ("harbour street.pdf", "harbour lane.pdf"):
        tab.page.get_by_test_id("stCheckbox").filter(has_text=name).click()
    tab.button("Ask about 2 documents").wait_for()
    tab.settled().shown(pictures, "5-library")
    tab.button("Ask about 2 documents").click()
    tab.heading("2 documents").wait_for()
    tab.ask("What is the rent of harbour lane.pdf?")

    tab.citations.first.wait_for()
    assert len(re.findall(r"[?&]d=", tab.page.url)) == 2
    assert tab.foreign == []
    tab.settled().shown(pictures, "5-two-documents")


def test_6_a_conversation_and_a_draft_come_back_by_their_url(
    paid: App, tab: Tab, browser: Any, answered: str, pictures: Path
) -> None:
    tab.open(answered).citations.first.wait_for()
    ordinary = tab.settled().text("Prices are for a question")
    ordinary.wait_for()
    box = tab.page.get_by_label("Your next question")
    box.fill("And who maintains")
    box.blur()
    ordinary.wait_for(state="detached")
    tab.settled()
    tab.close()

    again = Tab(browser).open(answered)
    again.citations.nth(2).wait_for()
    image(again, "fhs-3.0.pdf").wait_for()
    assert again.text("What is this standard called?").is_visible()
    assert again.page.get_by_label("Your next question").input_value() == "And who maintains"
    paid.kimi.answer = "The workgroup maintains it [D1 p. 1]."
    again.settled().ask("And who maintains it?")
    again.page.locator("a[href='#cite-1-0']").wait_for()

    messages = paid.kimi.chats[-1]["messages"]
    assert [each["role"] for each in messages][-3:] == ["user", "assistant", "user"]
    again.settled().shown(pictures, "6-continued")
    again.close()


def test_7_an_answer_is_copied_and_saved(
    paid: App, tab: Tab, answered: str, tmp_path: Path, pictures: Path
) -> None:
    tab.open(answered).citations.nth(2).wait_for()
    tab.settled().button("Copy or save").click()
    shown = tab.page.get_by_test_id("stCode").first
    shown.wait_for()
    tab.settled().shown(pictures, "7-copy", tall=False)
    shown.hover()
    tab.button("Copy to clipboard").click()
    copied = tab.page.evaluate("navigator.clipboard.readText()")
    saved = {}
    for label in ("Save as Markdown", "Save as HTML"):
        with tab.page.expect_download() as download:
            tab.button(label).click()
        saved[label] = tmp_path / download.value.suggested_filename
        download.value.save_as(saved[label])

    assert saved["Save as Markdown"].read_text(encoding="utf-8").strip() == copied.strip()
    assert "fhs-3.0.pdf" in copied
    assert "(not verified)" in copied
    tab.requests.clear()
    tab.open(saved["Save as HTML"].as_uri())
    assert tab.heading("What is this standard called?").is_visible()
    assert tab.text("verified: these words stand there").is_visible()
    assert len(tab.requests) == 1


def test_8_the_same_question_another_way_side_by_side(
    paid: App, tab: Tab, answered: str, pictures: Path
) -> None:
    before = paid.spent(), paid.kimi.billed
    tab.open(answered).citations.first.wait_for()
    tab.settled().button("Ask again").click()
    tab.button("Ask again · about").click()

    tab.heading("Two answers").wait_for()
    tab.button("Go on with the second answer").wait_for()
    tab.page.reload()
    tab.button("Go on with the second answer").wait_for()
    assert tab.text("rests on").is_visible()
    assert paid.spent() - before[0] == paid.kimi.billed - before[1] > 0
    tab.settled().shown(pictures, "8-compare")


def test_9_a_key_is_saved_masked_tested_and_never_sent_back(
    tab: Tab, tmp_path: Path, pictures: Path
) -> None:
    with KimiServer(seed=9, reasoning=80, key=KEY) as kimi, running_app(tmp_path) as url:
        tab.open(f"{url}/?v=settings")
        received: list[bytes] = []
        tab.page.on("websocket", lambda socket: socket.on("framereceived", _note(received)))
        tab.page.reload()
        for name, value in (("Base URL", kimi.base_url), ("API key", KEY), ("Model", "kimi-k3")):
            tab.page.get_by_role("textbox", name=name).fill(value)
        tab.button("Save and test").click()
        tab.text("The key is accepted").wait_for()
        tab.button("Test with one small question").click()
        tab.text("It streams its answer").wait_for()
        tab.settled().shown(pictures, "9-settings")
        tab.page.reload()
        tab.text("saved: sk-…mnop").or_(tab.text("Key saved: sk-…mnop")).first.wait_for()

        keys = tmp_path / "keys.toml"
        assert [key.reveal() for key in saved_keys(tmp_path).values()] == [KEY]
        assert os.name != "posix" or keys.stat().st_mode & 0o777 == 0o600
        assert KEY not in tab.page.content()
        assert received
        assert KEY.encode() not in b"".join(received)
        assert tab.foreign == []


def _note(received: list[bytes]) -> Callable[[str | bytes], None]:
    def note(frame: str | bytes) -> None:
        received.append(frame if isinstance(frame, bytes) else frame.encode())

    return note


def test_10_what_was_spent_for_what(
    paid: App, tab: Tab, answered: str, tmp_path: Path, pictures: Path
) -> None:
    tab.open(answered).citations.first.wait_for()
    tab.go("Money")
    tab.page.get_by_label("Summed by").click()
    tab.page.get_by_role("option", name="Label").click()
    row = tab.page.get_by_role("row").filter(has_text="Smith & Sons")
    row.wait_for()

    with tab.page.expect_download() as download:
        tab.button("Save this table").click()
    saved = tmp_path / "spent.csv"
    download.value.save_as(saved)

    assert "$0.22" in row.inner_text()
    assert "0.222" in saved.read_text(encoding="utf-8-sig")
    tab.settled().shown(pictures, "10-money")

"""Documents and conversations in a real browser: folders, two tabs, what stays and what goes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("streamlit")
pytest.importorskip("playwright.sync_api")

from browsing import App, Tab, contract

from kimiqa.store import Store


def test_a_folder_is_chosen_and_what_is_refused_says_why(
    paid: App, tab: Tab, tmp_path: Path
) -> None:
    contract(tmp_path, "north.pdf", 900)
    contract(tmp_path, "south.pdf", 1_100)
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.7 and no more")
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\xff")
    tab.open(paid.url).text("A whole folder, or a path").click()

    tab.page.locator("input[type=file][webkitdirectory]").set_input_files(str(tmp_path))

    tab.text("was not opened.").wait_for()
    tab.heading("2 documents").wait_for()
    assert tab.text("broken.pdf begins like a PDF").is_visible()
    assert {"north.pdf", "south.pdf"} <= {each.name for each in Store(paid.home).documents()}


def test_another_document_is_added_to_those_that_are_open(
    paid: App, tab: Tab, tmp_path: Path
) -> None:
    tab.open(paid.url).upload(contract(tmp_path, "first.pdf", 700))
    assert tab.page.locator("input[type=file]").count() == 0

    tab.text("Add documents").click()
    tab.page.locator("input[type=file]").first.set_input_files(
        str(contract(tmp_path, "second.pdf", 800))
    )

    tab.heading("2 documents").wait_for()
    assert tab.settled().page.locator("input[type=file]").first.is_enabled()


def test_two_tabs_do_not_disturb_each_other(paid: App, browser: Any, tmp_path: Path) -> None:
    east, west = (
        Tab(browser).open(paid.url).upload(contract(tmp_path, f"{name}.pdf", rent))
        for name, rent in (("east", 1_300), ("west", 1_500))
    )

    for tab, name in ((east, "east"), (west, "west")):
        tab.ask(f"What is the rent of {name}.pdf?")
    for tab in (east, west):
        tab.citations.first.wait_for()

    for tab, other, name in ((east, west, "east"), (west, east, "west")):
        assert tab.heading(f"{name}.pdf").is_visible()
        assert tab.text(f"What is the rent of {name}.pdf?").is_visible()
        assert other.page.get_by_text(f"What is the rent of {name}.pdf?").count() == 0
        assert tab.page.url != other.page.url
    for tab in (east, west):
        tab.close()


def test_a_run_goes_on_without_its_page_and_is_there_when_it_opens_again(
    paid: App, browser: Any, tmp_path: Path
) -> None:
    before = paid.spent(), paid.kimi.billed
    paid.kimi.tokens_per_second = 8
    first = Tab(browser).open(paid.url).upload(contract(tmp_path, "long run.pdf", 1_700))
    first.ask("What is the rent?")
    first.button("Stop").wait_for()
    url = first.page.url
    first.close()
    paid.kimi.tokens_per_second = 0

    second = Tab(browser).open(url)
    second.citations.first.wait_for()

    assert second.text("What is the rent?").is_visible()
    assert second.page.url.partition("c=")[2][:12] == url.partition("c=")[2][:12]
    assert paid.spent() - before[0] == paid.kimi.billed - before[1] > 0
    second.close()


def test_what_is_deleted_in_the_library_is_gone_from_the_disk(
    paid: App, tab: Tab, tmp_path: Path
) -> None:
    tab.open(paid.url).upload(contract(tmp_path, "to be deleted.pdf", 123_457))
    tab.open(f"{paid.url}/?v=library")
    tab.page.get_by_text("to be deleted.pdf").first.click()
    tab.page.get_by_role("button", name=re.compile("^Delete 1 document")).click()
    tab.button("Delete for good").click()

    tab.page.get_by_text("to be deleted.pdf").first.wait_for(state="detached")
    assert "to be deleted.pdf" not in {each.name for each in Store(paid.home).documents()}
    left = (path for path in (paid.home / "documents").rglob("*") if path.is_file())
    assert not [path for path in left if b"123,457" in path.read_bytes()]


def test_a_conversation_is_named_and_found_again(paid: App, tab: Tab, tmp_path: Path) -> None:
    tab.open(paid.url).upload(contract(tmp_path, "to be named.pdf", 1_900))
    tab.ask("What is the rent of to be named.pdf?")
    tab.citations.first.wait_for()
    tab.go("Conversations")

    tab.button("Rename").click()
    tab.page.get_by_label("Name", exact=True).fill("The rent")
    tab.button("Save the name").click()
    tab.button("The rent").click()

    tab.citations.first.wait_for()
    assert tab.text("What is the rent of to be named.pdf?").is_visible()

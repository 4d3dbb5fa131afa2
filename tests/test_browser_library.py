"""Documents, conversations and keys in a real browser: folders, two tabs, what stays and goes."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("streamlit")
pytest.importorskip("playwright.sync_api")

import pdfs
from test_browser import FLAGS, App, Tab, _app, sync_api

from kimiqa.ledger import Ledger
from kimiqa.settings import saved_keys
from kimiqa.store import Store
from kimiqa.testing import KimiServer

KEY = "sk-0123456789abcdefghijklmnop"


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Any]:
    with sync_api.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield running
        running.close()


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The app with a key for the loopback server."""
    home = tmp_path_factory.mktemp("library")
    with KimiServer(reasoning=80) as kimi:
        named = {"KIMIQA_BASE_URL": kimi.base_url, "KIMIQA_API_KEY": str(kimi.key)}
        with _app(home, **named) as url:
            yield App(url, home, kimi)


@pytest.fixture
def tab(browser: Any) -> Iterator[Tab]:
    opened = Tab(browser)
    yield opened
    opened.context.close()


def contract(folder: Path, name: str, rent: int) -> Path:
    path = folder / name
    path.write_bytes(pdfs.make_pdf([f"The rent of {name} is {rent:,} dollars a month."]))
    return path


def heading(tab: Tab, name: str) -> Any:
    return tab.page.get_by_role("heading", name=name).first


def test_a_folder_is_chosen_and_what_is_refused_says_why(
    app: App, tab: Tab, tmp_path: Path
) -> None:
    contract(tmp_path, "north.pdf", 900)
    contract(tmp_path, "south.pdf", 1_100)
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.7 and no more")
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\xff")
    tab.open(app.url).text("A whole folder, or a path").click()

    tab.page.locator("input[type=file][webkitdirectory]").set_input_files(str(tmp_path))

    tab.text("was not opened.").wait_for()
    heading(tab, "2 documents").wait_for()
    assert tab.text("broken.pdf begins like a PDF").is_visible()
    assert {"north.pdf", "south.pdf"} <= {each.name for each in Store(app.home).documents()}


def test_two_tabs_do_not_disturb_each_other(app: App, browser: Any, tmp_path: Path) -> None:
    assert app.kimi is not None
    east, west = (
        Tab(browser).open(app.url).upload(contract(tmp_path, f"{name}.pdf", rent))
        for name, rent in (("east", 1_300), ("west", 1_500))
    )

    for tab, name in ((east, "east"), (west, "west")):
        tab.ask(f"What is the rent of {name}.pdf?")
    for tab in (east, west):
        tab.citations.first.wait_for()

    for tab, other, name in ((east, west, "east"), (west, east, "west")):
        assert heading(tab, f"{name}.pdf").is_visible()
        assert tab.text(f"What is the rent of {name}.pdf?").is_visible()
        assert other.page.get_by_text(f"What is the rent of {name}.pdf?").count() == 0
        assert tab.page.url != other.page.url
    for tab in (east, west):
        tab.context.close()


def test_a_run_goes_on_without_its_page_and_is_there_when_it_opens_again(
    app: App, browser: Any, tmp_path: Path
) -> None:
    assert app.kimi is not None
    app.kimi.tokens_per_second = 8
    first = Tab(browser).open(app.url).upload(contract(tmp_path, "long run.pdf", 1_700))
    first.ask("What is the rent?")
    first.button("Stop").wait_for()
    url = first.page.url
    first.context.close()
    app.kimi.tokens_per_second = 0

    second = Tab(browser).open(url)
    second.citations.first.wait_for()

    assert second.text("What is the rent?").is_visible()
    assert second.page.url.partition("c=")[2][:12] == url.partition("c=")[2][:12]
    with Ledger.open(app.home) as ledger:
        assert ledger.totals() == {"USD": app.kimi.billed}
    second.context.close()


def test_a_key_is_saved_masked_tested_and_never_sent_back(
    browser: Any, tab: Tab, tmp_path: Path
) -> None:
    with KimiServer(reasoning=80, key=KEY) as kimi, _app(tmp_path) as url:
        tab.open(f"{url}/?v=settings")
        received: list[bytes] = []
        tab.page.on("websocket", lambda socket: socket.on("framereceived", _note(received)))
        tab.page.reload()
        tab.page.get_by_role("textbox", name="Base URL").fill(kimi.base_url)
        tab.page.get_by_role("textbox", name="API key").fill(KEY)
        tab.page.get_by_role("textbox", name="Model").fill("kimi-k3")
        tab.button("Save and test").click()
        tab.text("The key is accepted").wait_for()
        tab.button("Test with one small question").click()
        tab.text("It streams its answer").wait_for()
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


def test_what_is_deleted_in_the_library_is_gone_from_the_disk(
    app: App, tab: Tab, tmp_path: Path
) -> None:
    tab.open(app.url).upload(contract(tmp_path, "to be deleted.pdf", 123_457))
    tab.open(f"{app.url}/?v=library")
    tab.page.get_by_text("to be deleted.pdf").first.click()
    tab.page.get_by_role("button", name=re.compile("^Delete 1 document")).click()
    tab.button("Delete for good").click()

    tab.page.get_by_text("to be deleted.pdf").first.wait_for(state="detached")
    assert "to be deleted.pdf" not in {each.name for each in Store(app.home).documents()}
    left = (path for path in (app.home / "documents").rglob("*") if path.is_file())
    assert not [path for path in left if b"123,457" in path.read_bytes()]

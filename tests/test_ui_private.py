"""The page says what leaves this computer, replaces it on request, and keeps it to its places."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("streamlit")

from test_outline_ranges import book
from test_ui_states import Page

from kimiqa import Document, rules
from kimiqa.settings import Settings, home_folder, save_settings
from kimiqa.store import store_for
from kimiqa.testing import KimiServer

TEXT = b"The tenant Ann Lee, ann.lee@example.org, pays 900 euros."
URL = "https://api.moonshot.cn/v1"


@pytest.fixture
def far(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An endpoint elsewhere, with a key; nothing is ever asked of it."""
    monkeypatch.setenv("KIMIQA_BASE_URL", URL)
    monkeypatch.setenv("KIMIQA_API_KEY", "sk-far")


def test_the_first_time_is_said_and_then_no_more(far: None) -> None:
    page = Page().upload(("lease.txt", TEXT))

    assert "lease.txt goes to api.moonshot.cn (in China) for the first time" in page.words
    assert "1 e-mail address (p. 1). Names and addresses are not found, nor" in page.words
    (document,) = store_for(home_folder()).documents()
    rules.note_sent([_opened(document.id)], URL)
    assert "for the first time" not in page.reloaded().words


def _opened(document_id: str) -> Document:
    document = Document.stored(document_id)
    assert document is not None
    return document


def test_placeholders_are_sent_where_they_are_switched_on(
    home: Path, server: KimiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIMIQA_BASE_URL", server.base_url)
    monkeypatch.setenv("KIMIQA_API_KEY", server.key or "")
    server.answer = "Write to [EMAIL-1]."
    page = Page().upload(("lease.txt", TEXT))
    page.at.toggle(key="choice-private").set_value(True).run()

    page.ask("How do I reach ann.lee@example.org?")

    assert server.chats
    assert not any(b"ann.lee@example.org" in each.raw for each in server.requests)
    assert "Write to ann.lee@example.org." in page.words.replace("`", "")


def test_asking_again_sends_placeholders_where_they_are_switched_on(
    home: Path, server: KimiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIMIQA_BASE_URL", server.base_url)
    monkeypatch.setenv("KIMIQA_API_KEY", server.key or "")
    page = Page().upload(("lease.txt", TEXT))
    page.at.toggle(key="choice-private").set_value(True).run()
    page.ask("How do I reach ann.lee@example.org?")

    page.click("again-0").click("again-yes-0").settle()

    assert len(server.chats) == 2
    assert not any(b"ann.lee@example.org" in each.raw for each in server.requests)


def test_a_rule_is_made_on_the_page_and_forbids_the_ways(far: None) -> None:
    page = Page().upload(("lease.txt", TEXT))
    page.unfold(f"places-{page.url['d']}")
    (field,) = [each for each in page.at.text_input if (each.key or "").startswith("rule-")]

    field.set_value("eu").run()

    assert "lease.txt may go only to eu" in page.words
    assert "Cannot run" in page.words
    assert all(each.disabled for each in page.buttons("way-") if "local" not in str(each.key))


def test_why_a_rule_cannot_hold_stays_in_sight_until_another_is_typed(home: Path) -> None:
    page = Page().upload(("lease.txt", TEXT))
    page.unfold(f"places-{page.url['d']}")

    page.at.text_input(key=f"rule-{page.url['d']}").set_value("nowhere at all").run()
    page.fold(f"places-{page.url['d']}")
    assert "nowhere at all" in page.errors

    page.unfold(f"places-{page.url['d']}")
    page.at.text_input(key=f"rule-{page.url['d']}").set_value("local").run()
    assert page.errors == ""
    assert "May go only to local" in page.words


def test_a_chapter_is_chosen_from_the_outline(home: Path) -> None:
    page = Page().upload(("book.pdf", book()))
    (select,) = [each for each in page.at.selectbox if (each.key or "").startswith("outline-")]

    chosen: Any = next(n for n, each in enumerate(select.options) if "Chapter 3" in each)
    select.select_index(chosen).run()

    (field,) = [each for each in page.at.text_input if each.key == "choice-pages"]
    assert field.value == "15-20"
    assert "6 of 24 pages" in page.words


def test_old_documents_are_cleared_when_the_app_starts(home: Path) -> None:
    from kimiqa.ui.retention import cleared_at_start

    Document.open(TEXT, name="old.txt")
    with store_for(home).database(write=True) as database:
        database.execute("UPDATE documents SET stored = stored - 40 * 86400")
    save_settings(Settings(retention_days=30), home)
    cleared_at_start.cache_clear()

    page = Page()

    assert store_for(home).documents() == []
    assert any("old.txt" in each.value.replace("\\", "") for each in page.at.toast)


def test_a_conversation_with_placeholders_goes_on_with_them_after_a_restart(
    home: Path, server: KimiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIMIQA_BASE_URL", server.base_url)
    monkeypatch.setenv("KIMIQA_API_KEY", server.key or "")
    page = Page().upload(("lease.txt", TEXT))
    page.at.toggle(key="choice-private").set_value(True).run()
    page.ask("How do I reach the tenant?")
    monkeypatch.setattr("kimiqa.ui.state._kept", OrderedDict())

    again = page.reloaded()
    assert again.at.toggle(key="choice-private").value
    again.ask("How do I reach ann.lee@example.org?")

    assert len(server.chats) == 2
    assert not any(b"ann.lee@example.org" in each.raw for each in server.requests)


def test_placeholders_that_were_switched_off_stay_off_while_the_page_is_open(
    home: Path, server: KimiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIMIQA_BASE_URL", server.base_url)
    monkeypatch.setenv("KIMIQA_API_KEY", server.key or "")
    page = Page().upload(("lease.txt", TEXT))
    page.at.toggle(key="choice-private").set_value(True).run()
    page.ask("How do I reach the tenant?")

    page.at.toggle(key="choice-private").set_value(False).run()
    page.at.run()

    assert not page.at.toggle(key="choice-private").value

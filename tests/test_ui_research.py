"""Research on the page: its card, its steps while it runs and afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("streamlit")

import pdfs
from test_ui_states import LEASE, Page

from kimiqa.testing import KimiServer, Researcher


@pytest.fixture
def lease(server: KimiServer, home: Path, monkeypatch: pytest.MonkeyPatch) -> Page:
    assert server.key
    monkeypatch.setenv("KIMIQA_BASE_URL", server.base_url)
    monkeypatch.setenv("KIMIQA_API_KEY", server.key)
    server.answer = Researcher()
    return Page().upload(("lease.pdf", pdfs.make_pdf(LEASE)))


def test_a_research_shows_its_steps_under_its_answer(lease: Page) -> None:
    lease.type("Who may terminate on written notice?").click("way-research").click("ask").settle()

    assert "may terminate on six months" in lease.words
    assert "Steps · 6 of 6" in lease.words
    assert "read 1: D1 p. 2" in lease.words
    assert "think 3" in lease.words
    assert lease.buttons("dismiss-") == []
    assert not lease.at.exception


def test_its_card_says_what_it_is(lease: Page) -> None:
    page = lease.type("Who may terminate on written notice?")

    assert "A model searches and reads with tools." in page.words
    assert "Research · kimi-k3" in page.words

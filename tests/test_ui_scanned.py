"""Scanned pages on the page: OCR and the model's eyes, with price and time beside each."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import scans

pytest.importorskip("streamlit")

from test_ui_states import Page

from kimiqa.testing import KimiServer

DEPOSIT = "The deposit of Eastwick is 300 euros."


@pytest.fixture
def kimi(server: KimiServer, monkeypatch: pytest.MonkeyPatch) -> KimiServer:
    monkeypatch.setenv("KIMIQA_BASE_URL", server.base_url)
    monkeypatch.setenv("KIMIQA_API_KEY", server.key or "")
    monkeypatch.setenv("KIMIQA_MODEL", "kimi-k3")
    return server


def _scanned() -> Page:
    return Page().upload(("scan.pdf", scans.mixed("A page of text that is long.", DEPOSIT)))


def test_both_ways_stand_there_with_price_and_time(home: Path) -> None:
    page = _scanned()

    assert "only a picture: 2" in page.words
    assert "more for a question" in page.words
    assert page.buttons("ocr-")


def test_a_document_with_text_on_every_page_offers_neither(home: Path) -> None:
    import pdfs

    page = Page().upload(("lease.pdf", pdfs.make_pdf([DEPOSIT])))

    assert not page.buttons("ocr-")
    assert not page.at.checkbox or all("pictures" not in e.label for e in page.at.checkbox)


def test_reading_by_ocr_makes_the_page_one_of_text(home: Path) -> None:
    if shutil.which("tesseract") is None:
        pytest.skip("no Tesseract is installed")
    page = _scanned()

    page.click(page.buttons("ocr-")[0].key).settle()

    assert "only a picture" not in page.words
    page.ask("What is the deposit of Eastwick?")
    assert DEPOSIT in page.words
    assert not page.at.exception


def test_the_switch_sends_the_pages_as_pictures(home: Path, kimi: KimiServer) -> None:
    page = _scanned()
    (switch,) = [each for each in page.at.checkbox if "pictures" in each.label]

    switch.check().run()
    page.ask("What is the deposit of Eastwick?")

    assert [part["type"] for part in kimi.chats[-1]["messages"][1]["content"]].count(
        "image_url"
    ) == 1
    assert not page.at.exception


# Nothing but scans ------------------------------------------------------------------------------


def test_scans_alone_are_read_from_where_the_question_is_asked(home: Path) -> None:
    if shutil.which("tesseract") is None:
        pytest.skip("no Tesseract is installed")
    page = Page().upload(*((f"{n}.pdf", scans.letter(f"{DEPOSIT} {n}")) for n in range(2)))
    assert "There is no text on the pages asked for" in page.at.info[0].value
    assert page.at.button(key="ocr-here").label == "Read 2 pages by OCR"

    page.click("ocr-here").settle()

    assert "There is no text" not in page.words
    assert page.buttons("ask")


def test_scans_alone_are_sent_as_pictures_from_there_too(home: Path, kimi: KimiServer) -> None:
    page = Page().upload(("scan.pdf", scans.letter(DEPOSIT)))

    page.click("eyes-here").ask("What is the deposit of Eastwick?")

    assert "image_url" in str(kimi.chats[-1]["messages"])
    (switch,) = [each for each in page.at.checkbox if "pictures" in each.label]
    assert switch.value

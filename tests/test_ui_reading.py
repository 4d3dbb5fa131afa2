"""How a document is read is chosen on the page, and what reading did is said there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import carriers
import pdfs
import pytest

pytest.importorskip("streamlit")

from test_ui_states import LEASE, Page

from kimiqa import Document
from kimiqa.reading.engines import NO_PLACES
from kimiqa.store import store_for
from kimiqa.testing import KimiServer

TEXT = "The deposit of Eastwick is 300 euros."


@pytest.fixture
def kimi(server: KimiServer, monkeypatch: pytest.MonkeyPatch) -> KimiServer:
    monkeypatch.setenv("KIMIQA_BASE_URL", server.base_url)
    monkeypatch.setenv("KIMIQA_API_KEY", server.key or "")
    monkeypatch.setenv("KIMIQA_MODEL", "kimi-k3")
    server.extract = lambda name, data: TEXT
    return server


def hiding() -> Page:
    return Page().upload(("lease.pdf", carriers.HIDDEN["white"]().pdf()))


def toggle(page: Page, prefix: str) -> Any:
    return next(each for each in page.at.toggle if (each.key or "").startswith(prefix))


def labels(page: Page) -> list[str]:
    return [each.label for each in page.at.expander]


# Hidden text ------------------------------------------------------------------------------------


def test_what_was_left_out_can_be_looked_at_before_anything_is_sent(home: Path) -> None:
    page = hiding()

    assert "1 hidden passage" in labels(page)
    assert carriers.SECRET in page.words
    assert "page 1 ·" in page.words
    assert not page.at.exception


def test_hidden_text_is_sent_once_that_is_switched_on(home: Path, kimi: KimiServer) -> None:
    page = hiding()
    page.ask("What is said?")
    assert carriers.SECRET.encode() not in kimi.requests[-1].raw

    toggle(page, "keep-hidden-").set_value(True).run()
    page.ask("And what is hidden?")

    assert carriers.SECRET.encode() in kimi.requests[-1].raw
    assert toggle(page.reloaded(), "keep-hidden-").value is True


def test_the_price_counts_what_is_sent(home: Path) -> None:
    page = hiding()
    before = page.words

    toggle(page, "keep-hidden-").set_value(True).run()

    assert _tokens(page.words) > _tokens(before)


def _tokens(words: str) -> int:
    found = re.search(r"D1 · [^·]+ · ([\d,]+) tokens", words)
    assert found is not None
    return int(found[1].replace(",", ""))


def test_a_deep_check_is_made_on_request_and_finds_covered_text(home: Path) -> None:
    page = Page().upload(("lease.pdf", carriers.DEEP["covered by a box"]().pdf()))
    assert not any("hidden" in each for each in labels(page))

    page.how_it_is_read().click(page.buttons("deep-")[0].key).settle()

    assert "1 hidden passage" in labels(page)
    assert "Each page was compared with its picture." in page.words
    assert not page.buttons("deep-")


def test_a_document_without_pictures_and_without_hidden_text_offers_nothing(home: Path) -> None:
    page = Page().upload(("notes.txt", b"The rent is 900 euros."))

    assert not any("hidden" in each for each in labels(page))


# Pages as pictures ------------------------------------------------------------------------------


def test_pages_are_named_that_go_as_pictures(home: Path, kimi: KimiServer) -> None:
    page = Page().upload(("lease.pdf", pdfs.make_pdf(LEASE))).unfold("more-choices")
    field = next(each for each in page.at.text_input if each.key == "choice-pictures")

    field.set_value("2").run()
    page.at.run()
    page.ask("What is drawn there?")

    parts = [part["type"] for part in kimi.chats[-1]["messages"][1]["content"]]
    assert parts.count("image_url") == 1
    assert "as pictures: 2" in page.fold("more-choices").words


def test_a_page_that_is_none_says_so_and_nothing_is_sent(home: Path, kimi: KimiServer) -> None:
    page = Page().upload(("lease.pdf", pdfs.make_pdf(LEASE))).unfold("more-choices")

    next(each for each in page.at.text_input if each.key == "choice-pictures").set_value("99").run()
    page.at.run()

    assert "99" in page.errors
    assert kimi.chats == []


# Kimi's file extraction -------------------------------------------------------------------------


def test_kimi_reads_a_file_once_it_was_said_what_is_sent(home: Path, kimi: KimiServer) -> None:
    page = Page().upload(("lease.pdf", pdfs.make_pdf(["x y z"])))
    page.how_it_is_read().press("Have Kimi read the file")
    assert "the whole file of" in page.words
    assert kimi.requests == []

    page.press("Send the file").settle()

    assert "lease.pdf" in page.words
    (made,) = [page.url["d"]]
    document = Document.stored(made)
    assert document is not None
    assert document.pages[0].text == TEXT
    assert len(kimi.files) == 0
    page.reloaded().ask("What is the deposit?")
    assert TEXT.encode() in kimi.requests[-1].raw


def test_without_an_endpoint_that_extracts_nothing_is_offered(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIMIQA_BASE_URL", "https://api.example.com/v1")
    monkeypatch.setenv("KIMIQA_API_KEY", "sk-far")

    page = Page().upload(("lease.pdf", pdfs.make_pdf(LEASE)))

    assert not page.buttons("extract-")


def test_nothing_is_sent_where_a_person_thinks_better_of_it(home: Path, kimi: KimiServer) -> None:
    page = Page().upload(("lease.pdf", pdfs.make_pdf(LEASE)))

    page.how_it_is_read().press("Have Kimi read the file").press("Not now")

    assert "the whole file of" not in page.words
    assert kimi.requests == []


def test_what_kimi_cannot_read_leaves_the_document(home: Path, kimi: KimiServer) -> None:
    kimi.extract = lambda name, data: "  "
    page = Page().upload(("lease.pdf", pdfs.make_pdf(LEASE)))
    before = page.url["d"]

    page.how_it_is_read().press("Have Kimi read the file").press("Send the file").settle()

    assert page.url["d"] == before
    assert not page.at.exception


# The cited page ---------------------------------------------------------------------------------


def test_a_page_that_cannot_be_drawn_says_who_read_it(
    home: Path, data: Path, kimi: KimiServer
) -> None:
    kimi.answer = "It is a potato [D1 p. 1]."
    page = Page().upload(("a.pdf", (data / "pdf-bad" / "qpdf__bad34.pdf").read_bytes()))

    page.ask("What is it?")

    assert "read by pypdf: where its words stand on the page is not known" in page.words
    assert len(page.at.image) == 0
    assert "Potato" in page.words


def test_a_document_says_who_had_to_help(home: Path, data: Path) -> None:
    content = (data / "pdf-bad" / "qpdf__bad34.pdf").read_bytes()

    page = Page().upload(("a.pdf", content))

    assert "How it is read" in labels(page)
    assert "page 1: pdfium failed; read by pypdf" in page.how_it_is_read().words


def test_under_a_picture_without_boxes_stand_the_marked_words(home: Path) -> None:
    page = Page().upload(("lease.pdf", pdfs.make_pdf(LEASE)))
    with store_for(home).database(write=True) as database:
        database.execute("UPDATE pages SET engine = 'pypdf', note = ?", (NO_PLACES,))
    page = page.reloaded().ask("Who may terminate on written notice?")

    assert NO_PLACES in page.words
    assert len(page.at.image) == 1
    assert ":orange-background[Either party may terminate" in page.words

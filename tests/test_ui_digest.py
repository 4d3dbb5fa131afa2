"""The digest on the page: offered with its price, made, folded away, and its places opened."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

pytest.importorskip("streamlit")

import pdfs
from asking import report
from outlining import outlining
from test_ui_states import LEASE, Page, kimi  # noqa: F401

from kimiqa.digest import Digest
from kimiqa.money import Cost
from kimiqa.plan import Citation, Coverage
from kimiqa.settings import Settings, save_settings
from kimiqa.testing import KimiServer
from kimiqa.ui.outlined import sections

TEXT = "\f".join(page.text for page in report(60).pages).encode()


@pytest.fixture
def outlines(kimi: KimiServer) -> KimiServer:  # noqa: F811
    kimi.answer, kimi.reasoning = outlining, 20
    return kimi


@pytest.fixture
def page(outlines: KimiServer, home: Path) -> Page:
    return Page().upload(("report.txt", TEXT))


# Offered ----------------------------------------------------------------------------------------


def test_the_button_names_the_price_and_the_card_from_when_on_it_pays(page: Page) -> None:
    (button,) = page.buttons("make-digest")

    assert button.label.replace("\\", "").startswith("Digest this document · about $0.")
    assert "A digest is made once for about $0." in page.words
    assert "Digest · kimi-k3" in page.words


def test_a_short_document_is_offered_none(outlines: KimiServer, home: Path) -> None:
    page = Page().upload(("lease.pdf", pdfs.make_pdf(LEASE)))

    assert page.buttons("make-digest") == []
    assert page.buttons("way-digest") == []


def test_without_a_key_there_is_its_price_and_no_button(home: Path) -> None:
    page = Page().upload(("report.txt", TEXT))

    assert page.buttons("make-digest") == []
    assert "Digest · kimi-k3" in page.words


# Made -------------------------------------------------------------------------------------------


def test_it_is_made_by_a_click_and_stays_over_a_reload(page: Page, outlines: KimiServer) -> None:
    page.click("make-digest").settle()

    assert "Digest · 60 places · kimi-k3, 20" in page.words
    assert page.buttons("make-digest") == []
    assert "Digest · 60 places" in page.reloaded().words
    assert len(outlines.chats) == 1
    assert not page.at.exception


def test_its_places_open_their_page(page: Page) -> None:
    page.click("make-digest").settle().unfold("digest-fold")

    assert "Paragraph 1.1: the rent of Lanternfish house 1" in page.words
    assert "Paragraph 40.1" not in page.words
    assert "Made of 60 of 60 pages" in page.words
    page.open_mark(-1, 2)
    assert "Verified: these words stand on this page" in page.words
    assert "report.txt page 3 of 60" in page.words
    page.click("digest-more")
    assert "Paragraph 40.1" in page.words


def test_a_question_by_the_digest_is_then_one_call(page: Page, outlines: KimiServer) -> None:
    page.click("make-digest").settle()
    page.type("Who pays for Quill?").click("way-digest").click("ask").settle()

    assert len(outlines.chats) == 2
    assert "A digest is kept: about $0.0" in page.words
    assert "may leave things out" in page.words


def test_above_the_threshold_a_person_is_asked_with_the_ceiling(
    page: Page, outlines: KimiServer, home: Path
) -> None:
    save_settings(Settings(confirm_above=Decimal("0.05")), home)
    page.at.run()

    page.click("make-digest")
    assert "above the threshold of the settings" in page.words
    page.click("digest-no")
    assert outlines.chats == []
    page.click("make-digest").click("digest-yes").settle()

    assert "Digest · 60 places" in page.words


def test_over_the_cap_a_person_may_lift_it_for_this_once(page: Page, outlines: KimiServer) -> None:
    page.at.text_input(key="choice-cap").set_value("0.01").run()

    page.click("make-digest")
    assert "the cap per question is $0.01" in page.words
    assert outlines.chats == []
    page.click("digest-yes").settle()

    assert "Digest · 60 places" in page.words


def test_a_failure_is_told_and_can_be_put_away(page: Page, outlines: KimiServer) -> None:
    outlines.fault("quota")

    page.click("make-digest").settle()
    assert "1 of 1 parts of the digest were not made" in page.errors
    page.click("dismiss-digest")

    assert page.errors == ""
    assert page.buttons("make-digest")


# Read -------------------------------------------------------------------------------------------


OUTLINE = """\
# D1: a.pdf

## Parties
- Quill [D1 p. 1].

## Dates
- May [D1 p. 2].

# D2: b.pdf
- Rent [D2 p. 1]"""


def test_a_digest_is_read_section_by_section_with_its_places() -> None:
    def cited(document: str, page: int) -> Citation:
        marker = f"[{document} p. {page}]"
        at = OUTLINE.index(marker)
        return Citation(document, None, page, page, None, "supported", at, at + len(marker))

    citations = (cited("D1", 1), cited("D1", 2), cited("D2", 1))
    digest = Digest(OUTLINE, citations, Coverage(3, 3), Cost(None), "kimi-k3", ("a.pdf", "b.pdf"))

    found = sections(digest)

    titles = [each.title for each in found]
    assert titles == ["D1: a.pdf · Parties", "D1: a.pdf · Dates", "D2: b.pdf"]
    shown = [each.text[c.start : c.end] for each in found for c in each.citations]
    assert shown == ["[D1 p. 1]", "[D1 p. 2]", "[D2 p. 1]"]


# Questions written already ----------------------------------------------------------------------


def test_a_task_fills_the_box_and_keeps_what_was_typed(page: Page) -> None:
    page.type("Mind the garden.").click("ready-made").click("task-timeline")

    asked = page.at.text_area[0].value
    assert asked.startswith("Make a timeline of everything that is dated")
    assert asked.endswith("Mind the garden.")
    page.click("ready-made").click("task-summary")
    assert page.at.text_area[0].value.startswith("Summarise the documents")
    assert "timeline" not in page.at.text_area[0].value
    assert page.click("ready-made").buttons("task-compare") == []


def test_ready_made_questions_stand_there_where_no_price_does(page: Page) -> None:
    next(each for each in page.at.text_input if each.key == "choice-pages").set_value("999").run()

    assert page.buttons("ask") == []
    assert page.click("ready-made").buttons("task-summary")


def test_two_documents_can_be_compared(outlines: KimiServer, home: Path) -> None:
    page = Page().upload(("a.pdf", pdfs.make_pdf(LEASE)), ("b.pdf", pdfs.make_pdf(LEASE[:2])))

    page.click("ready-made").click("task-compare").click("ask").settle()

    assert "Compare D1 and D2 as two versions" in page.words
    assert "Nothing in the answer cites D2 (b.pdf)." in page.words

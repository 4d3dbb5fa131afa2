"""Nothing on the page stays English where a language has a catalogue of everything.

The catalogue made here puts each string of the template into brackets. What stands outside of them
was never offered to a translator, or lost its way to the page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import carriers
import pdfs
import pytest
import scans

pytest.importorskip("streamlit")

from test_ui_states import LEASE, WRITTEN, Page, kimi
from test_ui_words import install

from kimiqa.settings import Settings, save_settings
from kimiqa.testing import KimiServer
from kimiqa.ui.strings import everything

__all__ = ["kimi"]

QUESTION = "Who may terminate on written notice?"
NO_ANSWER = "do not answer this"  # as the server of the tests says it, in place of a model
WIDGETS = (
    "expander",
    "metric",
    "button",
    "checkbox",
    "selectbox",
    "text_input",
    "text_area",
    "toggle",
)
NAMES = (
    r"\*\*.*?\*\*|“.*?”|\b\S+\.(?:pdf|bin|toml)\b|~/\S+|\bkimi-\S+|\bkimiqa\b|\bD\d p\. \d+"
    r"|:material/\w+:|:[a-z]+(?:-\w+)?\[|https?://\S+|\((?:#|http)[^)]*\)"
    r"|\b(?:full|chunks|swarm|research|low)\b"  # as they are named in settings and commands
)
"""What is the same in each language: names, the reader's own words and Markdown."""


@pytest.fixture
def bracketed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = everything()
    words = {
        "": "Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=2; plural=n!=1;\n"
    }
    words |= {text: f"⟦{text}⟧" for text in found.strings}
    for one, many in found.plurals:
        words.pop(one, None)
        words[f"{one}\0{many}"] = f"⟦{one}⟧\0⟦{many}⟧"
    install(home, "xx", words)
    monkeypatch.setenv("KIMIQA_LANGUAGE", "xx")


def shown(page: Page) -> Iterator[str]:
    """What is written on the page, but for answers and thoughts."""
    for kind in WRITTEN:
        if kind not in ("text", "title"):
            yield from (str(each.value) for each in getattr(page.at, kind))
    for kind in WIDGETS:
        for each in getattr(page.at, kind):
            yield from (str(each.label), getattr(each, "help", "") or "")


def english(page: Page, *answers: str) -> set[str]:
    """The words outside of all brackets."""
    found = set()
    for text in shown(page):
        plain = text.replace("\\", "").replace("\u2060", "")
        if not any(answer in plain for answer in (*LEASE, *answers)):
            rest = re.sub(NAMES, "", outside(plain))
            if re.search(r"[^\W\d_]{3,}", rest):
                found.add(plain)
    return found


def outside(text: str) -> str:
    depth, kept = 0, ""
    for each in text:
        depth += {"⟦": 1, "⟧": -1}.get(each, 0)
        kept += each if depth == 0 and each != "⟧" else ""
    return kept


def test_words_outside_of_brackets_are_found() -> None:
    assert outside("⟦one ⟦page⟧ of⟧ two ⟦three⟧") == " two "


def test_opening_and_what_cannot_be_opened_speak_one_language(bracketed: None) -> None:
    page = Page()
    assert english(page) == set()

    page.upload(
        ("broken.pdf", b"%PDF-1.7 x"),
        ("empty.pdf", b""),
        ("data.bin", b"\x00\x01\x02\x03"),
        ("locked.pdf", pdfs.make_encrypted_pdf(LEASE, "secret")),
        ("scan.pdf", scans.letter("The rent is 9 dollars")),
        ("pictures.pdf", pdfs.make_image_pdf(3)),
    )

    assert len(page.at.warning) >= 3
    assert english(page) == set()


@pytest.mark.parametrize("way", ["full", "chunks", "swarm", "research"])
def test_an_answer_and_its_receipt_speak_one_language(
    bracketed: None, kimi: KimiServer, way: str
) -> None:
    page = Page().upload(("lease.pdf", pdfs.make_pdf(LEASE)))
    assert english(page) == set()

    page.click(f"way-{way}").ask(QUESTION)

    assert kimi.chats
    assert english(page, QUESTION, NO_ANSWER) == set()
    assert english(page.reloaded(), QUESTION, NO_ANSWER) == set()


def test_a_warning_of_an_answer_that_is_kept_is_told(bracketed: None, kimi: KimiServer) -> None:
    hidden = carriers.text("Visible.") + carriers.text("Pay nobody.", y=600, more="3 Tr")
    page = Page().upload(("hidden.pdf", carriers.Carrier(hidden).pdf())).ask(QUESTION)

    again = page.reloaded()

    warnings = [each.value.replace("\\", "") for each in again.at.warning]
    assert any(each.startswith("⟦hidden.pdf: 1 hidden passage") for each in warnings)
    assert english(again, QUESTION, "Pay nobody", NO_ANSWER) == set()


def test_over_the_cap_the_page_speaks_one_language(
    bracketed: None, kimi: KimiServer, home: Path
) -> None:
    save_settings(Settings(max_cost=Decimal("0.01")), home)
    page = Page().upload(("lease.pdf", pdfs.make_pdf(LEASE)))

    page.ask(QUESTION)

    assert page.buttons("over-cap-yes")
    assert english(page) == set()


@pytest.mark.parametrize("view", ["view-library", "view-conversations", "view-money", "settings"])
def test_the_other_views_speak_one_language(bracketed: None, kimi: KimiServer, view: str) -> None:
    page = Page().upload(("lease.pdf", pdfs.make_pdf(LEASE))).ask(QUESTION)

    page.click(view)

    assert english(page, QUESTION) == set()

"""Pages by their labels and by the outline: what a name stands for, and what it never does."""

from __future__ import annotations

import contextlib
import io
from functools import cache
from pathlib import Path
from typing import Any

import pdfs
import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.constants import PageLabelStyle
from pypdf.generic import NameObject

from kimiqa import Client, Document
from kimiqa.chapters import chapters, chosen_pages
from kimiqa.cli import run
from kimiqa.errors import BadRequestError, KimiqaError
from kimiqa.reading.parts import OutlineEntry

SAMPLE = Path(__file__).resolve().parent.parent / "samples" / "fhs-3.0.pdf"
OUTLINE = (
    ("Preface", 1, 1),
    ("1 Introduction", 1, 5),
    ("1.1 Purpose", 2, 6),
    ("1.2 Scope", 2, 8),
    ("2. Data and Methods", 1, 10),
    ("Chapter 3: Data Protection", 1, 15),
    ("3.1 Purpose", 2, 16),
    ("Appendix A", 1, 20),
)


@cache
def book() -> bytes:
    """Twenty-four pages, four of them with Roman labels, and a table of contents."""
    writer, parents = PdfWriter(), dict[int, Any]()
    for page in PdfReader(SAMPLE).pages[:24]:
        writer.add_page(page)
    for title, level, page in OUTLINE:
        parents[level] = writer.add_outline_item(
            title=title, page_number=page - 1, parent=parents.get(level - 1)
        )
    writer.set_page_label(0, 3, PageLabelStyle.LOWERCASE_ROMAN)
    writer.set_page_label(4, 23, PageLabelStyle.DECIMAL)
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


@cache
def opened() -> Document:
    return Document.open(book(), name="book.pdf")


@pytest.mark.parametrize(
    ("named", "pages"),
    {
        "numbers": ("2-4, 9", [2, 3, 4, 9]),
        "labels": ("ii-iv", [2, 3, 4]),
        "labels and numbers": ("iv, 9", [4, 9]),
        "a chapter by its number": ("chapter 3", range(15, 21)),
        "a chapter whose title says no more": ("Chapter 1", range(5, 11)),
        "a section by its number": ("1.2", range(8, 11)),
        "a title": ("preface", range(1, 6)),
        "the beginning of a title": ("DATA AND", range(10, 16)),
        "an appendix": ("appendix a", range(20, 25)),
        "several": ("preface; 3.1", [1, 2, 3, 4, 5, 16, 17, 18, 19, 20]),
    }.values(),
)
def test_a_name_stands_for_its_pages(named: str, pages: Any) -> None:
    assert chosen_pages(named, [opened()]) == (frozenset(pages),)


def test_a_name_of_several_entries_lists_them() -> None:
    with pytest.raises(BadRequestError, match=r"'purpose' may be any of 2.*1\.1.*3\.1"):
        chosen_pages("purpose", [opened()])


def test_what_is_out_of_range_says_how_many_pages_there_are() -> None:
    with pytest.raises(BadRequestError, match="pages 1 to 24"):
        chosen_pages("30-40", [opened()])
    with pytest.raises(BadRequestError, match=r"no pages 'chapter 9'.*pages 1 to 24.*Preface"):
        chosen_pages("chapter 9", [opened()])
    with pytest.raises(BadRequestError, match="runs backwards"):
        chosen_pages("iv-ii", [opened()])


def test_each_document_has_names_of_its_own() -> None:
    other = Document.from_pages(["one", "two"], name="notes")

    found = chosen_pages("D1: chapter 3; D2: 2", [opened(), other])

    assert found == (frozenset(range(15, 21)), frozenset({2}))


def test_a_chapter_is_priced_and_sent_alone() -> None:
    plan = Client("kimi-k3").plan("What is it?", opened(), strategy="full", pages="chapter 3")

    sent = plan.requests[0].content
    assert plan.coverage.sent == 6
    assert '<page n=\\"15\\">' in sent
    assert '<page n=\\"14\\">' not in sent
    assert plan.estimate.prompt_tokens < Client("kimi-k3").estimate("What?", opened()).prompt_tokens


def test_the_terminal_takes_names_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "book.pdf"
    file.write_bytes(book())

    assert run(["cost", str(file), "--pages", "chapter 3"]) == 0
    assert "6 of 24" in capsys.readouterr().out
    assert run(["cost", str(file), "--pages", "chapter 9"]) == 2
    assert "pages 1 to 24" in capsys.readouterr().err


def test_a_damaged_outline_gives_what_can_be_followed() -> None:
    entries = [
        OutlineEntry("nowhere", 1, None),
        OutlineEntry("beyond", 1, 99),
        OutlineEntry("backwards", 1, 5),
        OutlineEntry("earlier", 1, 2),
        OutlineEntry("deep", 9, 3),
    ]

    found = chapters(entries, 6)

    assert [(each.title, each.first, each.last) for each in found] == [
        ("backwards", 5, 6),
        ("earlier", 2, 6),
        ("deep", 3, 6),
    ]


def test_an_outline_that_leads_back_to_itself_ends() -> None:
    writer = PdfWriter()
    for page in PdfReader(SAMPLE).pages[:3]:
        writer.add_page(page)
    items = [writer.add_outline_item(title=f"{n} Part", page_number=n) for n in range(3)]
    items[2].get_object()[NameObject("/Next")] = items[0]
    items[1].get_object()[NameObject("/First")] = items[0]
    file = io.BytesIO()
    writer.write(file)

    document = Document.open(file.getvalue(), name="loop.pdf")

    assert len(document.outline()) <= 5_000
    assert document.labels() == []
    assert chosen_pages("1-2", [document]) == (frozenset({1, 2}),)


def test_damaged_files_with_an_outline_give_names_or_a_sentence(data: Path) -> None:
    files = [p for p in (data / "pdf-bad").glob("*.pdf") if b"/Outlines" in p.read_bytes()]
    assert files
    for path in sorted(files, key=lambda each: each.stat().st_size)[:4]:
        with contextlib.suppress(KimiqaError):
            chosen_pages("chapter 1", [Document.open(path)])


def test_an_outline_that_could_not_be_read_is_not_called_none(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = Document.open(pdfs.make_pdf(["one", "two"]), name="a.pdf", home=home)
    document._store.source(document.id).write_bytes(b"gone")  # type: ignore[union-attr]

    assert document.outline() is None
    assert document.labels() is None
    with pytest.raises(BadRequestError, match="its outline could not be read"):
        chosen_pages("chapter 3", [document])

"""Pages without a text layer, read by OCR: its words, their places, once for each content."""

from __future__ import annotations

import shutil
import sys
from difflib import SequenceMatcher
from pathlib import Path

import pdfs
import pytest
import scans

from kimiqa import Client
from kimiqa.citations import check_citations
from kimiqa.document import Document
from kimiqa.errors import KimiqaError, NoTextError
from kimiqa.plan import Progress
from kimiqa.reading import ocr, pool
from kimiqa.reading.ocr_engines import Rapid, Tesseract

FIRST = "The lease begins on 1 May 2026 and ends on 30 April 2031.\nThe rent is 1,200 dollars."
SECOND = "Either party may terminate on six months written notice.\nThe deposit is 300 euros."


@pytest.fixture
def tesseract() -> None:
    if shutil.which("tesseract") is None:
        pytest.skip("no Tesseract is installed")


@pytest.fixture
def rapidocr() -> None:
    if "rapidocr" not in ocr.engines():
        pytest.skip("rapidocr is not installed")


@pytest.fixture(scope="module")
def letter() -> bytes:
    return scans.letter(FIRST, SECOND)


def _opened(content: bytes, home: Path) -> Document:
    return Document.open(content, name="letter.pdf", home=home)


# What is read -----------------------------------------------------------------------------------


@pytest.mark.usefixtures("tesseract")
def test_tesseract_reads_what_is_on_the_pages_and_says_so(letter: bytes, home: Path) -> None:
    document = _opened(letter, home)

    read = document.with_ocr()

    assert document.pages_with("image") == (1, 2)
    assert [page.text for page in read.pages] == [FIRST, SECOND]
    assert {(page.status, page.engine) for page in read.pages} == {("ocr", "tesseract")}
    assert (read.pages[0].note or "").startswith("read by OCR (Tesseract ")
    assert read.checked().notices == [
        "letter.pdf: pages 1-2 were read by OCR: words may be misread."
    ]


@pytest.mark.usefixtures("rapidocr")
def test_rapidocr_reads_what_is_on_the_pages(home: Path) -> None:
    document = _opened(scans.letter(FIRST), home)

    (page,) = document.with_ocr(engine="rapidocr").pages

    assert SequenceMatcher(None, page.text, FIRST).ratio() > 0.97
    assert page.engine == "rapidocr"


@pytest.mark.usefixtures("tesseract")
def test_a_real_page_is_read_nearly_without_a_fault(samples: Path, home: Path) -> None:
    original = Document.open(samples / "fhs-3.0.pdf", home=home).pages[9].text
    scan = scans.scanned(str(samples / "fhs-3.0.pdf"), [10])

    (page,) = _opened(scan, home).with_ocr().pages

    told, read = ("".join(text.split()) for text in (original, page.text))
    assert SequenceMatcher(None, told, read, autojunk=False).ratio() > 0.97


@pytest.mark.usefixtures("tesseract")
def test_only_pages_without_text_are_read_and_progress_is_told(home: Path) -> None:
    document = _opened(scans.mixed("A page of text.", SECOND), home)
    told: list[Progress] = []

    read = document.with_ocr(on_progress=told.append)

    assert [page.status for page in read.pages] == ["text", "ocr"]
    assert [(each.step, each.done, each.total) for each in told] == [("ocr", 0, 1), ("ocr", 1, 1)]


# Once -------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("tesseract")
def test_a_page_is_read_once_and_then_comes_from_the_store(letter: bytes, home: Path) -> None:
    document = _opened(letter, home)
    read = document.with_ocr()
    pool.ocr_pool().close()

    again = document.with_ocr()
    opened = _opened(letter, home)

    assert pool.ocr_pool().pid is None, "nothing was read again"
    assert [page.text for page in again.pages] == [page.text for page in read.pages]
    assert opened.pages == read.pages
    assert opened.boxes(1, 0, 9) == read.boxes(1, 0, 9)


@pytest.mark.usefixtures("tesseract")
def test_what_was_read_before_a_stop_is_kept(letter: bytes, home: Path) -> None:
    reading = _opened(letter, home).reading_ocr()
    next(reading)
    next(reading)

    reading.close()

    assert [page.status for page in _opened(letter, home).pages] == ["ocr", "image"]


@pytest.mark.usefixtures("tesseract")
def test_the_tokens_are_those_of_the_words_that_were_read(letter: bytes, home: Path) -> None:
    document = _opened(letter, home)
    client = Client("kimi-k3")
    with pytest.raises(NoTextError):
        client.estimate("Why?", [document], strategy="full")

    read = document.with_ocr()

    pages = Document.from_pages([FIRST, SECOND], name="letter.pdf")
    wanted = client.estimate("Why?", [pages], strategy="full").prompt_tokens
    assert client.estimate("Why?", [read], strategy="full").prompt_tokens == wanted


@pytest.mark.usefixtures("tesseract")
def test_deleting_a_document_deletes_what_ocr_read(letter: bytes, home: Path) -> None:
    from kimiqa.store import store_for

    read = _opened(letter, home).with_ocr()
    store = store_for(home)

    store.delete(read.id)

    assert store.ocr(read.id, 1) is None
    assert Document.stored(read.id, home=home) is None


# Places -----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("tesseract")
def test_a_citation_on_an_ocr_page_leads_to_boxes_round_its_words(home: Path) -> None:
    plain = Document.open(pdfs.make_pdf([FIRST, SECOND]), home=home)
    read = _opened(scans.letter(FIRST, SECOND), home).with_ocr()

    (cited,) = check_citations('"may terminate on six months written notice" [D1 p. 2]', [read])
    boxes = read.boxes(2, cited.found_start or 0, cited.found_end or 0)

    start = plain.pages[1].text.index("may terminate")
    (told,) = plain.boxes(2, start, start + len("may terminate on six months written notice"))
    assert cited.status == "verified"
    assert len(boxes) == 1
    for side in ("left", "top", "right", "bottom"):
        assert getattr(boxes[0], side) == pytest.approx(getattr(told, side), abs=4), side


@pytest.mark.usefixtures("tesseract")
def test_a_quote_over_two_lines_has_a_box_on_each(letter: bytes, home: Path) -> None:
    read = _opened(letter, home).with_ocr()
    text = read.pages[0].text

    boxes = read.boxes(1, text.index("ends on"), text.index("rent") + len("rent"))

    assert [round(box.top / 14) for box in boxes] == [5, 6]
    assert boxes[0].left > boxes[1].left


# Languages --------------------------------------------------------------------------------------


def test_han_characters_are_joined_and_words_are_not() -> None:
    words = [["备", 0, 0, 9, 9], ["份", 10, 0, 19, 9], ["APT", 20, 0, 50, 9], ["源", 51, 0, 60, 9]]

    text, places = ocr.laid_out([{"words": words, "gap": False}, {"words": words, "gap": True}])

    assert text == "备份 APT 源\n\n备份 APT 源"
    assert [text[word.start : word.end] for word in places[:4]] == ["备", "份", "APT", "源"]


@pytest.mark.usefixtures("tesseract")
def test_a_language_without_data_is_refused_with_those_that_are_there(
    letter: bytes, home: Path
) -> None:
    with pytest.raises(NoTextError, match=r"has no data for tlh; it has .*eng") as refused:
        _opened(letter, home).with_ocr(languages="eng+tlh")

    assert "--ocr-languages" in refused.value.hint


@pytest.mark.usefixtures("tesseract")
def test_the_language_is_the_one_in_which_the_words_are_sure(samples: Path, home: Path) -> None:
    if "chi_sim" not in Tesseract().about()["languages"]:
        pytest.skip("no Tesseract is installed with data for Chinese")
    path = samples / "debian-reference.zh-cn.pdf"
    original = Document.open(path, home=home).pages[29].text

    (page,) = _opened(scans.scanned(str(path), [30]), home).with_ocr().pages

    told, read = ("".join(text.split()) for text in (original, page.text))
    assert "chi_sim+eng" in (page.note or "")
    assert SequenceMatcher(None, told, read, autojunk=False).ratio() > 0.93


# What goes wrong --------------------------------------------------------------------------------


def test_without_an_engine_the_next_steps_are_named(
    letter: bytes, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(home))
    monkeypatch.setitem(sys.modules, "rapidocr", None)
    monkeypatch.setattr(ocr.importlib.util, "find_spec", lambda _: None)

    with pytest.raises(NoTextError, match="No OCR engine is installed") as refused:
        _opened(letter, home).with_ocr()

    assert "kimiqa[ocr]" in refused.value.hint
    assert "--pictures" in refused.value.hint


@pytest.mark.usefixtures("tesseract")
def test_a_worker_that_is_lost_costs_its_page_and_is_replaced(
    letter: bytes, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ocr, "PAGE_SECONDS", 0.02)
    lost = _read_or_lost(_opened(letter, home))
    monkeypatch.undo()
    pool.ocr_pool().close()

    assert lost in (["image", "image"], "no_text")
    assert _opened(letter, home).with_ocr().pages[0].text == FIRST


def _read_or_lost(document: Document) -> list[str] | str:
    try:
        return [page.status for page in document.with_ocr().pages]
    except KimiqaError as error:
        return error.code


@pytest.mark.usefixtures("tesseract")
def test_what_is_ended_ends_the_program_it_started() -> None:
    engine = Tesseract()
    engine.end()

    with pytest.raises(Exception, match="ended"):
        engine.about()


def test_a_line_whose_words_do_not_add_up_is_kept_whole() -> None:
    corners = [[0, 0], [90, 0], [90, 20], [0, 20]]
    from kimiqa.reading.ocr_engines import _rapid_line

    line = _rapid_line(corners, "The rent is due", [("The", 0.9, corners)])

    assert line["words"] == [["The rent is due", 0.0, 0.0, 90.0, 20.0]]
    assert Rapid().script("any") is None

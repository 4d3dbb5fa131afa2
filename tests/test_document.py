"""Documents: what opens, what is refused and how, and what is remembered."""

from __future__ import annotations

import io
import threading
from collections.abc import Sequence
from pathlib import Path

import pdfs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kimiqa import errors
from kimiqa.document import Box, Document, Page, Preview, label
from kimiqa.plan import Progress
from kimiqa.prompts import page_block
from kimiqa.reading import engines
from kimiqa.store import Store
from kimiqa.tokens import counter_for

LEASE = ["The lease ends on 1 May.", "", "The rent is 500 euros."]


def test_a_pdf_has_its_pages_with_text_and_status(home: Path) -> None:
    document = Document.open(pdfs.make_pdf(LEASE), name="lease.pdf", home=home)

    assert document.name == "lease.pdf"
    assert [(page.number, page.text, page.status) for page in document.pages] == [
        (1, "The lease ends on 1 May.", "text"),
        (2, "", "empty"),
        (3, "The rent is 500 euros.", "text"),
    ]


def test_path_bytes_and_file_are_the_same_document(home: Path, tmp_path: Path) -> None:
    content = pdfs.make_pdf(LEASE)
    path = tmp_path / "lease.pdf"
    path.write_bytes(content)

    with path.open("rb") as file:
        opened = {Document.open(each, home=home) for each in (path, str(path), content, file)}

    assert len(opened) == 1


def test_a_reading_shows_a_preview_then_progress_then_the_document(home: Path) -> None:
    texts = [f"This is page {number} of many." for number in range(1, 151)]

    preview, *progress, document = Document.reading(pdfs.make_pdf(texts), home=home)

    assert isinstance(document, Document)
    assert isinstance(preview, Preview)
    assert (preview.pages, preview.first_text) == (150, "This is page 1 of many.")
    exact = sum(document.block_tokens(counter_for("kimi_k3")))
    assert preview.rough_tokens == pytest.approx(exact, rel=0.1)
    assert all(isinstance(each, Progress) for each in progress)
    assert progress[-1] == Progress("reading", 150, 150)


def test_pages_are_told_as_they_are_read_and_not_of_a_document_that_is_known(home: Path) -> None:
    content = pdfs.make_pdf([f"This is page {number} of many." for number in range(1, 151)])
    told: list[Sequence[Page]] = []

    *_, document = Document.reading(content, home=home, on_pages=told.append)
    *_, again = Document.reading(content, home=home, on_pages=lambda _: pytest.fail("known"))

    assert isinstance(document, Document)
    assert len(told) > 2
    pages = {page.number: page for block in told for page in block}
    assert tuple(pages[number] for number in sorted(pages)) == document.pages
    assert again == document


def test_the_last_pages_come_in_small_blocks_and_every_page_once(home: Path) -> None:
    content = pdfs.make_pdf([f"This is page {number} of many." for number in range(1, 301)])
    told: list[Sequence[Page]] = []

    *_, document = Document.reading(content, home=home, on_pages=told.append)

    assert isinstance(document, Document)
    assert 0 < len(told[-1]) <= engines.LAST_PAGES
    assert sorted(page.number for block in told for page in block) == list(range(1, 301))


def test_progress_is_reported_while_opening(home: Path) -> None:
    seen: list[Progress] = []

    Document.open(pdfs.make_pdf(["page"] * 100), home=home, on_progress=seen.append)

    assert [each.done for each in seen] == sorted(each.done for each in seen)
    assert seen[-1].done == 100


def test_the_same_bytes_come_from_the_store_without_an_engine(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = pdfs.make_pdf(LEASE)
    first = Document.open(content, name="lease.pdf", home=home)
    monkeypatch.delattr(engines, "open_pdf")

    again = Document.open(content, name="renamed.pdf", home=home)

    assert (again.id, again.pages) == (first.id, first.pages)
    assert again.name == "renamed.pdf"


def test_a_reading_that_is_closed_stores_nothing(home: Path) -> None:
    steps = Document.reading(pdfs.make_pdf(["page"] * 200), home=home)
    next(steps)
    next(steps)

    steps.close()

    assert Document.open(pdfs.make_pdf(["page"] * 200), home=home).pages[199].text == "page"


@pytest.mark.parametrize(
    ("content", "name", "error", "says"),
    [
        (b"", "a.pdf", errors.EmptyDocumentError, "0 bytes"),
        (pdfs.make_empty_pdf(), "a.pdf", errors.EmptyDocumentError, "0 pages"),
        (b"%PDF-1.7\n", "a.pdf", errors.NotADocumentError, "damaged or cut off"),
        (b"PK\x03\x04....", "a.pdf", errors.NotADocumentError, "ZIP"),
        (b"\x89PNG\r\n\x1a\n", "a.pdf", errors.NotADocumentError, "PNG"),
        (b"<!DOCTYPE html><p>Not found", "a.pdf", errors.NotADocumentError, "web page"),
        (b"plain words", "a.pdf", errors.NotADocumentError, "text file"),
        (b"x", "a.pdf", errors.NotADocumentError, "text file"),
        (b"\x01\x00\x02", "a.bin", errors.NotADocumentError, "binary"),
    ],
)
def test_what_is_no_document_is_refused_by_name_with_a_next_step(
    content: bytes, name: str, error: type[errors.DocumentError], says: str, home: Path
) -> None:
    with pytest.raises(error, match=says) as refused:
        Document.open(content, name=name, home=home)

    assert name in refused.value.message
    assert refused.value.hint
    assert not list((home / "documents").glob("*/source"))


def test_a_file_that_is_missing_says_so(tmp_path: Path, home: Path) -> None:
    with pytest.raises(errors.FileNotFoundError, match=r"none\.pdf does not exist"):
        Document.open(tmp_path / "none.pdf", home=home)
    with pytest.raises(errors.EmptyDocumentError, match="folder without source code"):
        Document.open(tmp_path, home=home)


def test_a_locked_file_asks_for_its_password_each_time(home: Path) -> None:
    locked = pdfs.make_encrypted_pdf(LEASE, "secret")

    with pytest.raises(errors.PasswordRequiredError, match="needs a password"):
        Document.open(locked, home=home)
    with pytest.raises(errors.PasswordRequiredError, match="does not open"):
        Document.open(locked, password="wrong", home=home)
    assert Document.open(locked, password="secret", home=home).pages[0].text == LEASE[0]
    with pytest.raises(errors.PasswordRequiredError, match="needs a password"):
        Document.open(locked, home=home)


def test_one_file_s_lock_is_not_taken_for_another_s(home: Path) -> None:
    with pytest.raises(errors.PasswordRequiredError):
        Document.open(pdfs.make_encrypted_pdf(LEASE, "secret"), home=home)

    with pytest.raises(errors.EmptyDocumentError):
        Document.open(pdfs.make_empty_pdf(), home=home)


def test_a_password_is_in_no_text_of_the_document(home: Path) -> None:
    document = Document.open(pdfs.make_encrypted_pdf(LEASE, "secret"), password="secret", home=home)

    assert "secret" not in repr(document)


def test_a_scan_is_told_from_a_blank(home: Path) -> None:
    scan = Document.open(pdfs.make_image_pdf(2), home=home)
    blank = Document.open(pdfs.make_empty_pdf(2), home=home)

    assert [page.status for page in scan.pages] == ["image", "image"]
    assert [page.status for page in blank.pages] == ["empty", "empty"]


def test_plain_text_has_pages_too(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "notes.md"
    path.write_text("# Notes\n\n" + "A line of the notes.\n" * 400, encoding="utf-8")

    document = Document.open(path, home=home)

    assert (document.name, document.media) == ("notes.md", "text/plain")
    assert "".join(page.text for page in document.pages) == path.read_text(encoding="utf-8")
    assert len(document.pages) > 2


def test_pages_that_are_given_are_kept_unchanged() -> None:
    texts = ["one\r\n\x00", "", "\ufffe two"]

    document = Document.from_pages(texts, name="notes")

    assert [page.text for page in document.pages] == texts
    assert [page.status for page in document.pages] == ["text", "empty", "text"]
    assert document == Document.from_pages(texts)
    assert document != Document.from_pages(["one\r\n\x00\ufffe two"])


def test_a_page_counts_what_its_block_counts(home: Path) -> None:
    counter = counter_for("o200k_base")
    document = Document.open(pdfs.make_pdf(LEASE), home=home)

    counted = document.block_tokens(counter)

    blocks = [page_block(page.number, page.text) for page in document.pages]
    assert counted == tuple(map(counter.count, blocks))
    assert Document.open(pdfs.make_pdf(LEASE), home=home).block_tokens(counter) == counted


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_lines_of_a_page_that_is_shown_turned_keep_their_order(rotate: int, home: Path) -> None:
    text = "The first line\nThe second line\nThe third line"

    document = Document.open(pdfs.make_pdf([text], rotate=rotate), home=home)

    assert document.pages[0].text == text


@pytest.mark.parametrize(
    ("rotate", "expected"),
    [(0, (96, 75, 180, 89)), (90, (753, 96, 767, 180)), (180, (415, 753, 499, 767))],
)
def test_a_box_stands_where_the_words_are_shown(
    rotate: int, expected: tuple[int, int, int, int], home: Path
) -> None:
    text = "The first line of the page\nThe tenant shall pay 500 euros"
    document = Document.open(pdfs.make_pdf([text], rotate=rotate), home=home)
    start = document.pages[0].text.index("tenant shall pay")

    (box,) = document.boxes(1, start, start + len("tenant shall pay"))

    assert (box.left, box.top, box.right, box.bottom) == pytest.approx(expected, abs=1)


def test_a_crop_moves_the_boxes_with_the_page(home: Path) -> None:
    whole = Document.open(pdfs.make_pdf(LEASE[:1]), home=home).boxes(1, 0, 9)[0]
    crop = pdfs.make_pdf(LEASE[:1], crop=(50, 500, 500, 800))

    (box,) = Document.open(crop, home=home).boxes(1, 0, 9)

    assert (box.left, box.top) == pytest.approx((whole.left - 50, whole.top - 42), abs=0.1)
    assert (box.page_width, box.page_height) == (450, 300)


def test_a_page_is_drawn_with_its_marks(home: Path) -> None:
    from PIL import Image

    document = Document.open(pdfs.make_pdf(LEASE), home=home)

    plain, marked = (
        Image.open(io.BytesIO(document.render(1, 72, marks)))
        for marks in ((), [Box(100, 200, 150, 220, 595, 842)])
    )

    assert plain.size == (595, 842)
    assert plain.getpixel((125, 210)) == (255, 255, 255)
    assert marked.getpixel((125, 210))[2] < 200  # type: ignore[index]


def test_a_text_has_no_picture_and_says_so() -> None:
    with pytest.raises(errors.NotADocumentError, match="no page pictures"):
        Document.from_pages(["one"]).render(1)


def test_outline_and_metadata_are_read_when_asked(home: Path) -> None:
    import pypdf

    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdfs.make_pdf(LEASE)))
    writer.add_metadata({"/Title": "A lease"})
    writer.add_outline_item(title="Rent", page_number=2)
    out = io.BytesIO()
    writer.write(out)
    document = Document.open(out.getvalue(), home=home)

    again = Document.open(out.getvalue(), home=home)
    assert document.metadata()["title"] == again.metadata()["title"] == "A lease"
    assert [(entry.title, entry.page) for entry in document.outline()] == [("Rent", 3)]


def test_what_a_file_says_of_itself_comes_with_its_pages_and_stays_beside_them(home: Path) -> None:
    import pypdf

    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdfs.make_pdf(LEASE)))
    writer.add_metadata({"/Title": "A lease", "/CreationDate": "D:20230530081502Z"})
    out = io.BytesIO()
    writer.write(out)
    Document.open(out.getvalue(), home=home)
    again = Document.open(out.getvalue(), home=home)
    store = Store(home)
    store.source(again.id).unlink()

    assert again.metadata()["created"] == "2023-05-30T08:15:02+00:00"
    assert store.about(again.id) == {
        key: value for key, value in again.metadata().items() if key not in ("created", "modified")
    }


def test_many_threads_open_at_once(home: Path) -> None:
    contents = [pdfs.make_pdf([f"Document {number}"] * 5) for number in range(8)]
    found: dict[int, str] = {}

    def read(number: int) -> None:
        found[number] = Document.open(contents[number], home=home).pages[4].text

    threads = [threading.Thread(target=read, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == {number: f"Document {number}" for number in range(8)}


@given(st.text(max_size=300))
def test_a_label_is_never_a_path_and_always_shows(name: str) -> None:
    shown = label(name)

    assert 0 < len(shown) <= 200
    assert not set(shown) & set("/\\\x00\n\u202e")
    shown.encode()


def test_the_manual_opens_whole(manual: Path, home: Path) -> None:
    document = Document.open(manual, home=home)

    assert len(document.pages) > 1_000
    assert not document.pages_with("failed")
    assert not any("\ufffe" in page.text or "\r" in page.text for page in document.pages)


def test_a_document_comes_back_by_its_id_alone(home: Path) -> None:
    read = Document.open(pdfs.make_pdf(["First page", "Second page"]), name="two.pdf")

    again = Document.stored(read.id)

    assert again is not None
    assert (again.name, again.pages) == ("two.pdf", read.pages)


def test_an_id_that_was_never_read_brings_nothing(home: Path) -> None:
    assert Document.stored("0" * 64) is None
    assert Document.stored("../../etc/passwd") is None


def test_text_that_is_named_pdf_is_said_to_be_text() -> None:
    with pytest.raises(errors.NotADocumentError, match="a text file that is named PDF") as told:
        Document.open(b"oops\n", name="bad.pdf")

    assert "rename it" in (told.value.hint or "")


def test_pages_that_both_engines_refuse_are_damaged_and_no_engine_has_crashed(
    data: Path, home: Path
) -> None:
    path = data / "pdf-bad" / "qpdffuzz__69857.fuzz.pdf"

    with pytest.raises(errors.NotADocumentError, match=r"\(30\).*damaged"):
        Document.open(path, home=home)

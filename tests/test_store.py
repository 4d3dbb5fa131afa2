"""The store: content-addressed, safe for many threads, never in the way of reading."""

from __future__ import annotations

import hashlib
import io
import os
import sqlite3
import threading
from pathlib import Path

import pytest

from kimiqa.reading.parts import Page
from kimiqa.store import Store, Stored

PAGES = (Page(1, "one", "text", "pdfium"), Page(2, "", "failed", "pdfium", "why"))


def stored(document_id: str = "a" * 64) -> Stored:
    return Stored(document_id, "lease.pdf", "application/pdf", 3, 2, False)


def test_pages_come_back_as_they_were_saved(home: Path) -> None:
    Store(home).save(stored(), PAGES, {"kimi_k3 splintr": (7, 8)})

    store = Store(home)

    assert store.find("a" * 64) == stored()
    assert store.pages("a" * 64) == PAGES
    assert store.counts("a" * 64, "kimi_k3 splintr") == (7, 8)
    assert store.documents() == [stored()]


def test_the_same_bytes_are_kept_once(home: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc")
    store = Store(home)

    taken = {store.take(io.BytesIO(b"abc")), store.take_path(tmp_path / "file")}

    assert len(taken) == 1
    assert [path.read_bytes() for path in store.folder.glob("*/source")] == [b"abc"]
    assert not list(store.folder.glob(".spool-*"))


@pytest.mark.skipif(os.name != "posix", reason="files have no modes here")
@pytest.mark.parametrize("size", [3, (1 << 20) - 1, 1 << 20, (1 << 20) + 1])
def test_files_of_any_size_are_taken_for_their_owner_alone(
    size: int, home: Path, tmp_path: Path
) -> None:
    content = b"x" * size
    (tmp_path / "file").write_bytes(content)
    store = Store(home)

    digest, taken = store.take_path(tmp_path / "file")

    kept = store.source(digest)
    assert (digest, taken) == (hashlib.sha256(content).hexdigest(), size)
    assert kept.read_bytes() == content
    assert kept.stat().st_mode & 0o777 == 0o600
    assert not list(store.folder.glob(".spool-*"))


def test_pages_of_another_reader_are_read_anew(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(home)
    store.save(stored(), PAGES)

    monkeypatch.setattr("kimiqa.store.READER", -1)

    assert store.find("a" * 64) is None
    assert store.kept("a" * 64) == stored()
    assert store.documents() == [stored()]


def test_a_deleted_document_leaves_nothing(home: Path) -> None:
    store = Store(home)
    digest, _ = store.take(io.BytesIO(b"abc"))
    store.save(stored(digest), PAGES, {"v": (1, 2)})

    store.delete(digest)

    assert not store.source(digest).exists()
    assert (store.documents(), store.pages(digest), store.counts(digest, "v")) == ([], (), None)


def test_an_id_from_outside_is_never_a_path(home: Path) -> None:
    (home / "ledger").mkdir()

    Store(home).delete("../ledger")

    assert (home / "ledger").is_dir()


def test_a_home_that_cannot_be_written_is_replaced_and_said(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file where the folder should be")

    store = Store(tmp_path / "home")
    store.save(stored(), PAGES)

    assert "cannot be written" in (store.warning or "")
    assert store.pages("a" * 64) == PAGES


def test_a_save_that_fails_is_said_and_not_raised(home: Path) -> None:
    store = Store(home)
    with sqlite3.connect(store.folder / "store.sqlite3") as database:
        database.execute("DROP TABLE pages")
    database.close()

    store.save(stored(), PAGES)

    assert "was read but not kept" in (store.warning or "")


def test_without_a_home_nothing_outlives_the_store() -> None:
    store = Store(None)
    folder = store.folder
    store.take(io.BytesIO(b"abc"))

    del store

    assert not folder.exists()


def test_many_threads_save_at_once(home: Path) -> None:
    store = Store(home)
    ids = [f"{number:064x}" for number in range(16)]

    threads = [threading.Thread(target=store.save, args=(stored(each), PAGES)) for each in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert store.warning is None
    assert {each.id for each in store.documents()} == set(ids)


def test_the_pages_without_text_are_counted_in_the_database(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for document, statuses in (("a" * 64, "text empty image"), ("b" * 64, "text")):
        pages = [Page(n, "x", status) for n, status in enumerate(statuses.split(), 1)]  # type: ignore[arg-type]
        store.save(Stored(document, document, "text/plain", 1, len(pages), False), pages)

    assert store.missing(["a" * 64, "b" * 64]) == {"a" * 64: 2}
    assert store.missing([]) == {}


def test_nothing_of_a_deleted_document_is_left_on_disk(tmp_path: Path) -> None:
    words = "the heliotrope clause of this lease " * 300
    store = Store(tmp_path)
    digest, size = store.take(io.BytesIO(words.encode()))
    pages = [Page(n, words, "text") for n in range(1, 9)]
    store.save(Stored(digest, "heliotrope.txt", "text/plain", size, 8, False), pages)

    store.delete(digest)

    left = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert all(b"heliotrope" not in path.read_bytes() for path in left)
    assert not store.source(digest).exists()


def test_token_sums_are_those_of_the_pages_that_are_seen(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for document in ("a" * 64, "b" * 64):
        store.save(stored(document), PAGES, {"kimi_k3 splintr": (7, 8)})
    store.save_counts("b" * 64, "kimi_k3 splintr seen", (7, 5))

    sums = store.token_sums(["a" * 64, "b" * 64, "c" * 64], "kimi_k3 splintr")

    assert sums == {"a" * 64: 15, "b" * 64: 12}


def test_documents_that_are_read_one_after_the_other_are_all_kept(home: Path) -> None:
    store, other = Store(home), Store(home)
    ids = [f"{number:064x}" for number in range(40)]

    with store.held():
        for each in ids:
            store.save(stored(each), PAGES, {"v": (1, 2)})
        assert len(other.documents()) >= 32
        store.save_counts(ids[-1], "w", (3, 4))

        assert other.counts(ids[-1], "w") == (3, 4)

    assert {each.id for each in other.documents()} == set(ids)


def test_what_was_read_before_an_interruption_is_kept(home: Path) -> None:
    def interrupted() -> None:
        store = Store(home)
        with store.held():
            store.save(stored(), PAGES)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()

    assert Store(home).find("a" * 64) == stored()

"""What is kept here is listed, and what is deleted is gone from the disk."""

from __future__ import annotations

import io
import json
import os
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pdfs
import pypdf
import pytest
from asking import SAMPLES, client_at

from kimiqa import Document, Ledger
from kimiqa.cli import run
from kimiqa.documents import Documents
from kimiqa.errors import BadRequestError, DocumentInUseError
from kimiqa.settings import Settings, save_settings
from kimiqa.store import store_for

WORDS = "The tenant Quillfeather pays 900 euros to ann.lee@example.org."


def shelf(home: Path, **more: Any) -> Documents:
    return Documents(home, Ledger.open(home), **more)


def told(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def on_disk(home: Path) -> bytes:
    """Every byte and every name in the home folder."""
    files = [path for path in home.rglob("*") if path.is_file()]
    names = "\n".join(map(str, home.rglob("*"))).encode()
    return b"\n".join([names, *(path.read_bytes() for path in files)])


def test_the_list_says_what_each_is_and_what_it_cost(
    home: Path, server: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    document = Document.open(WORDS.encode(), name="lease.txt")
    document.restrict("local")
    answer = client_at(server).ask("Who pays?", document)

    assert run(["documents", "--json"]) == 0

    (row,) = told(capsys)["documents"]
    assert (row["id"], row["name"], row["pages"]) == (document.id, "lease.txt", 1)
    assert (row["bytes"], row["only"]) == (len(WORDS), ["local"])
    assert row["tokens"] > 0
    assert row["last_asked"] is not None
    assert Decimal(row["spent"]["USD"]) == answer.cost.amount


def test_the_list_says_what_a_file_says_of_itself(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdfs.make_pdf(["The rent is due."])))
    writer.add_metadata(
        {"/Title": "A lease", "/Author": "Ann Lee", "/CreationDate": "D:20230530081502-04'00'"}
    )
    out = io.BytesIO()
    writer.write(out)
    Document.open(out.getvalue(), name="lease.pdf")
    Document.open(pdfs.make_encrypted_pdf(["Locked."], "key"), name="b.pdf", password="key")

    assert run(["documents", "--json"]) == 0

    rows = {row["name"]: row for row in told(capsys)["documents"]}
    said = [rows["lease.pdf"][key] for key in ("title", "author", "created")]
    assert said == ["A lease", "Ann Lee", "2023-05-30T08:15:02-04:00"]
    assert rows["b.pdf"]["title"] is None


@pytest.mark.parametrize("strategy", ["full", "chunks"])
def test_nothing_of_a_deleted_document_is_left(home: Path, server: Any, strategy: Any) -> None:
    document = Document.open(WORDS.encode(), name="quillfeather.txt")
    other = Document.open(b"Another document.", name="other.txt")
    document.restrict("local")
    client = client_at(server, private=True)
    client.conversation([other, document]).ask("Who pays?", strategy=strategy)
    total = client.ledger.totals()

    gone = shelf(home).delete(document.id)

    left = on_disk(home)
    assert gone == 1
    for trace in (document.id.encode(), b"Quillfeather", b"quillfeather", b"ann.lee@example.org"):
        assert trace not in left
    assert other.id.encode() in left
    assert Ledger.open(home).totals() == total
    assert Ledger.open(home).conversations() == []


def test_a_pdf_goes_with_its_pictures(home: Path) -> None:
    document = Document.open(SAMPLES / "fhs-3.0.pdf").checked()
    document.render(1)

    shelf(home).delete(document.id)

    assert document.id.encode() not in on_disk(home)
    assert b"Filesystem Hierarchy" not in on_disk(home)


def test_conversations_are_kept_on_request(home: Path, server: Any) -> None:
    document = Document.open(WORDS.encode(), name="lease.txt")
    client_at(server).conversation(document).ask("Who pays?")

    shelf(home).delete(document.id, conversations=False)

    assert len(Ledger.open(home).conversations()) == 1


def test_a_document_is_named_by_its_id_or_its_name(home: Path) -> None:
    first = Document.open(b"one", name="a.txt")
    Document.open(b"two", name="same.txt")
    Document.open(b"three", name="same.txt")
    kept = shelf(home)

    assert kept.find(first.id[:8]).id == kept.find("a.txt").id == first.id
    with pytest.raises(BadRequestError, match="any of 2 documents"):
        kept.find("same.txt")
    with pytest.raises(BadRequestError, match="There is no document"):
        kept.find("nothing.txt")


def test_a_document_is_not_deleted_under_a_running_question(home: Path, server: Any) -> None:
    document = Document.open(WORDS.encode(), name="lease.txt")
    client = client_at(server)
    server.faults.add("stream_stall", seconds=2.0)
    events = client.stream("Who pays?", document)
    next(events)

    with pytest.raises(DocumentInUseError, match="is running"):
        shelf(home).delete(document.id)
    list(events)

    assert document.pages[0].text == WORDS
    assert store_for(home).find(document.id)
    shelf(home).delete(document.id)
    assert store_for(home).find(document.id) is None


def test_deleting_asks_a_person_and_needs_yes_of_a_script(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = Document.open(WORDS.encode(), name="lease.txt")

    refused = run(["documents", "delete", "lease.txt"])
    done = run(["documents", "delete", document.id[:10], "--yes", "--json"])

    assert (refused, done) == (2, 0)
    assert json.loads(capsys.readouterr().out)["deleted"][0]["name"] == "lease.txt"
    assert store_for(home).documents() == []


def test_a_rule_is_made_and_lifted_at_the_terminal(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = Document.open(b"one", name="a.txt")

    assert run(["documents", "restrict", "a.txt", "--only", "Moonshot", "--only", "eu"]) == 0
    assert document.only == ("moonshot", "eu")
    assert run(["documents", "restrict", "a.txt", "--anywhere", "--json"]) == 0
    assert document.only == ()
    assert run(["documents", "restrict", "a.txt", "--only", "nowhere"]) == 2


# What nobody used -------------------------------------------------------------------------------


def test_what_was_not_used_for_so_long_is_cleared(home: Path) -> None:
    Document.open(b"one", name="old.txt")
    later = shelf(home, clock=lambda: time.time() + 31 * 86_400)

    assert shelf(home).clear(30) == []
    assert later.clear(None) == []
    assert [each.name for each in later.clear(30)] == ["old.txt"]
    assert store_for(home).documents() == []


def test_what_nobody_deleted_goes_only_where_its_rule_says_once_it_is_opened_again(
    home: Path,
) -> None:
    Document.open(b"one", name="old.txt").restrict("eu")
    shelf(home, clock=lambda: time.time() + 31 * 86_400).clear(30)

    assert store_for(home).documents() == []
    assert Document.open(b"one", name="again.txt").only == ("eu",)


def test_deleting_by_hand_says_that_the_rule_goes_too(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Document.open(b"one", name="a.txt").restrict("eu", "moonshot")

    assert run(["documents", "delete", "a.txt", "--yes"]) == 0

    assert "Its rule (only to eu, moonshot) went with it" in capsys.readouterr().out
    assert Document.open(b"one", name="a.txt").only == ()


def test_old_ones_are_deleted_at_the_terminal(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Document.open(b"one", name="a.txt")

    assert run(["documents", "--older-than", "30d", "delete", "--yes", "--json"]) == 0
    assert told(capsys)["deleted"] == []
    assert run(["documents", "--older-than", "0d", "delete", "--yes", "--json"]) == 0
    assert [each["name"] for each in told(capsys)["deleted"]] == ["a.txt"]


def test_the_retention_setting_clears_at_the_start_and_says_so(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = Document.open(b"one", name="old.txt")
    with store_for(home).database(write=True) as database:
        database.execute("UPDATE documents SET stored = stored - 40 * 86400")
    file = tmp_path / "new.txt"
    file.write_text("The rent is 900 euros.")

    run(["cost", str(file)])
    assert store_for(home).find(document.id)
    save_settings(Settings(retention_days=30), home)
    run(["cost", str(file)])

    assert "Deleted 1 document not used for 30 days: old.txt." in capsys.readouterr().err
    assert store_for(home).find(document.id) is None


def test_the_terminal_says_where_a_document_goes_the_first_time(
    home: Path, tmp_path: Path, server: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "lease.txt"
    file.write_text(WORDS)
    from kimiqa.privacy import first_time

    (note,) = first_time([Document.open(file)], "https://api.moonshot.ai/v1", private=True)

    assert note.startswith("lease.txt goes to api.moonshot.ai (its region is not known)")
    assert "1 e-mail address (p. 1)" in note
    assert note.endswith("It is sent with placeholders in their place.")
    there = ["--model", "kimi-k3", "--base-url", server.base_url, "--api-key", server.key]
    code = run(["ask", str(file), "-q", "Who pays?", "--private", *there])
    assert code == 0
    assert b"ann.lee@example.org" not in server.requests[-1].raw
    assert os.environ["KIMIQA_HOME"] == str(home)

"""Documents that come in, keys and endpoints: each state of it, as a person meets it."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pdfs
import pytest

pytest.importorskip("streamlit")

from test_ui_states import LEASE, Page

from kimiqa.ledger import Ledger
from kimiqa.settings import Settings, save_settings
from kimiqa.store import Store, store_for
from kimiqa.testing import KimiServer
from kimiqa.ui import intake, opening, secrets
from kimiqa.ui.engine import engine


@pytest.fixture
def kimi(server: KimiServer, monkeypatch: pytest.MonkeyPatch) -> KimiServer:
    """The loopback server, with its key configured."""
    monkeypatch.setenv("KIMIQA_BASE_URL", server.base_url)
    monkeypatch.setenv("KIMIQA_API_KEY", str(server.key))
    return server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two files that can be read, one that cannot, and what nobody means to open."""
    (tmp_path / "contracts" / "old").mkdir(parents=True)
    (tmp_path / "contracts" / ".hidden").mkdir()
    found = tmp_path / "contracts"
    (found / "lease.pdf").write_bytes(pdfs.make_pdf(LEASE))
    (found / "old" / "notes.md").write_text("The rent was 900 dollars.", encoding="utf-8")
    (found / "broken.pdf").write_bytes(b"%PDF-1.7 and no more")
    (found / "photo.jpg").write_bytes(b"\xff\xd8\xff")
    (found / ".hidden" / "secret.md").write_text("Nobody asked for this.", encoding="utf-8")
    return found


def many(folder: Path, count: int) -> Path:
    for n in range(count):
        (folder / f"{n:03}.md").write_text(f"Contract {n} ends.", encoding="utf-8")
    return folder


def settings(page: Page) -> Page:
    return page.click("settings")


def named(page: Page, path: Path) -> Page:
    box = next(each for each in page.at.text_input if "on this computer" in each.label)
    box.set_value(str(path))
    return page.press("Open").settle()


# Coming in --------------------------------------------------------------------------------------


def test_a_folder_is_opened_with_all_that_can_be_read_in_it(home: Path, folder: Path) -> None:
    page = named(Page(), folder)

    assert sorted(each.name for each in Store(home).documents()) == ["lease.pdf", "notes.md"]
    assert "2 documents" in page.words
    assert "broken.pdf was not opened." in page.words
    assert "photo" not in page.words
    assert not page.at.exception


def test_what_an_older_version_read_stays_and_is_read_anew_where_it_is_opened(
    home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named(Page(), folder / "lease.pdf")
    (known,) = Store(home).documents()
    monkeypatch.setattr("kimiqa.store.READER", 99)

    page = Page()
    assert Store(home).find(known.id) is None
    page.click(f"open-{known.id}").settle()

    assert page.at.header[0].value == "lease.pdf"
    assert Store(home).find(known.id) == known
    assert not page.at.exception


def test_a_folder_with_nothing_to_read_says_so(home: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    page = named(Page(), tmp_path / "empty")

    assert "empty was not opened. It holds no file that kimiqa reads." in page.words


def test_more_than_a_page_of_files_goes_to_the_library(home: Path, tmp_path: Path) -> None:
    page = named(Page(), many(tmp_path, intake.MOST_ON_A_PAGE + 2))

    assert "22 documents were read into the library." in page.words
    assert "d" not in page.url
    page.click("arrived")
    assert "22 documents" in page.words
    assert page.url["v"] in ("library", ["library"])


def test_what_is_added_in_the_library_stays_there(home: Path) -> None:
    page = Page(v="library").upload(("lease.pdf", pdfs.make_pdf(LEASE)))

    assert "1 document was read into the library." in page.words
    assert "d" not in page.url
    assert [each.label for each in page.at.checkbox] == ["lease.pdf"]


def test_of_many_files_each_is_read_and_each_refusal_is_listed(home: Path) -> None:
    good = [(f"{n}.txt", f"Note {n}.".encode()) for n in range(12)]
    bad = [(f"bad {n}.pdf", b"MZ" + bytes(40) + bytes([n])) for n in range(9)]

    page = Page().upload(*good, *bad)

    assert "12 documents" in page.words
    assert "bad 0.pdf was not opened." in page.words
    assert "3 more were not opened" in page.words
    assert page.click("dismiss-refused").at.warning.len == 0


def test_an_office_file_goes_in_by_what_it_holds_and_a_program_does_not(home: Path) -> None:
    page = Page().upload(("tool.exe", b"MZ\x90\x00" + bytes(400)))

    assert "tool.exe is a program" in page.words


def test_reading_everything_can_be_stopped(home: Path, tmp_path: Path) -> None:
    job = engine().read("test:folder", "all", lambda: intake._copied(many(tmp_path, 30)))
    job.stop()

    assert job.ended.wait(30)
    assert len(job.of(intake.Taken)) < 30
    engine().forget(job)


def test_a_path_is_only_asked_for_where_nobody_else_can_reach_the_page(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "LOOPBACK", ())

    page = Page()

    assert not [each for each in page.at.text_input if "on this computer" in each.label]
    assert len(page.at.file_uploader) == 2


# The endpoint and its test ----------------------------------------------------------------------


def test_the_test_question_has_its_price_before_it_is_asked(kimi: KimiServer, home: Path) -> None:
    page = settings(Page())

    label = page.at.button(key="try-endpoint").label.replace("\\", "")
    assert label.startswith("Test with one small question · about $0.00")
    assert "At most $0.00" in page.words
    assert kimi.chats == []


def test_the_test_question_shows_what_the_endpoint_tells_and_is_booked(
    kimi: KimiServer, home: Path
) -> None:
    page = settings(Page()).click("try-endpoint").settle()

    for told in ("✓ It streams its answer", "✓ It tells its usage", "read from its cache"):
        assert told in page.words.replace(":green[✓]", "✓").replace("green[✓]", "✓").replace(
            ":", ""
        )
    assert "It counts" in page.words
    with Ledger.open(home) as ledger:
        assert [(call.label, call.state) for call in ledger.calls()] == [
            ("endpoint test", "settled")
        ]
        assert ledger.totals() == {"USD": kimi.billed}


def test_a_refused_test_question_is_a_sentence(kimi: KimiServer, home: Path) -> None:
    kimi.fault("quota")

    page = settings(Page()).click("try-endpoint").settle()

    assert page.errors
    assert not page.at.exception


def test_over_a_cap_nothing_is_tried(kimi: KimiServer, home: Path) -> None:
    save_settings(Settings(max_cost=Decimal("0.0001")), home)

    page = settings(Page())

    assert "the cap per question is $0.0001" in page.errors
    assert page.buttons("try-endpoint") == []


def test_without_a_key_there_is_nothing_to_try(home: Path) -> None:
    assert settings(Page()).buttons("try-endpoint") == []


def test_the_key_of_the_environment_is_named_and_masked(kimi: KimiServer, home: Path) -> None:
    page = settings(Page())

    assert "from KIMIQA_API_KEY, for 127.0.0.1" in page.words
    assert str(kimi.key) not in page.words


def test_the_settings_show_what_was_spent_and_how_good_the_quotes_were(
    kimi: KimiServer, home: Path
) -> None:
    save_settings(Settings(day_cap=Decimal("5")), home)

    page = settings(Page())
    metrics = {each.label: each.value.replace("\\", "") for each in page.at.metric}

    assert metrics == {"Today": "$0.00", "This month": "$0.00"}
    assert "of $5.00" in page.words
    assert "No quote has been tested by a receipt yet." in page.words
    assert page.click("to-money").url["v"] in ("money", ["money"])


# Streamlit's secrets ----------------------------------------------------------------------------


def with_secrets(found: dict[str, Any]) -> Page:
    page = Page.__new__(Page)
    from streamlit.testing.v1 import AppTest
    from test_ui_states import APP

    page.at = AppTest.from_file(str(APP), default_timeout=30)
    for name, value in found.items():
        page.at.secrets[name] = value
    page.at.run()
    return page


@pytest.mark.parametrize("table", [False, True], ids=["at the top", "in [kimiqa]"])
def test_a_key_of_the_secrets_asks_its_own_endpoint(
    server: KimiServer, home: Path, table: bool
) -> None:
    found = {"KIMIQA_BASE_URL": server.base_url, "KIMIQA_API_KEY": str(server.key)}
    page = with_secrets({"kimiqa": found} if table else found)

    page.upload(("lease.pdf", pdfs.make_pdf(LEASE))).ask("Who may terminate?")

    assert len(server.chats) == 1
    assert "Who shall answer?" not in page.words
    assert str(server.key) not in page.words
    assert os.environ.get("KIMIQA_API_KEY") is None


def test_the_settings_say_that_the_secrets_decide(server: KimiServer, home: Path) -> None:
    page = with_secrets({"KIMIQA_BASE_URL": server.base_url, "KIMIQA_API_KEY": str(server.key)})

    page.click("settings")

    assert f"Set by Streamlit's secrets: KIMIQA_BASE_URL ({server.base_url})" in page.words


def test_the_process_wins_over_the_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOONSHOT_API_KEY", "sk-of-the-process")
    monkeypatch.setattr(secrets, "_secrets", lambda: {"MOONSHOT_API_KEY": "sk-of-the-secrets"})

    assert secrets.variables()["MOONSHOT_API_KEY"] == "sk-of-the-process"


def test_without_secrets_nothing_is_said(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    page = Page()

    assert page.errors == ""
    assert "ecrets" not in caplog.text


# Conversations ----------------------------------------------------------------------------------


def test_a_question_in_a_second_tab_waits_and_is_not_lost(kimi: KimiServer, home: Path) -> None:
    first = Page().upload(("lease.pdf", pdfs.make_pdf(LEASE))).type("Who may terminate?")
    second = first.reloaded().type("What is the rent?")
    kimi.tokens_per_second = 20
    first.click("ask")

    second.click("ask")
    kimi.tokens_per_second = 0

    assert second.at.session_state["page"].choices.question == "What is the rent?"
    first.settle()
    assert len(kimi.chats) == 1


def test_a_file_that_was_not_read_is_listed_and_deleted(home: Path) -> None:
    store = store_for(home)
    digest, _size = store.take_path(_protected(home))
    page = Page().click("view-library")

    assert "1 file was not read" in [each.label for each in page.at.expander]
    page.click(f"delete-unread-{digest}")

    assert not store.source(digest).exists()
    assert "not read" not in " ".join(each.label for each in page.at.expander)


def test_a_protected_file_that_is_left_out_is_not_kept(home: Path) -> None:
    page = Page().upload(("secret.pdf", pdfs.make_encrypted_pdf(["one"], "quill")))
    assert list(store_for(home).folder.glob("*/source"))

    (leave,) = page.buttons("drop-")
    assert leave.form_id.startswith("password-")  # it stands in the box that it belongs to
    page.click(leave.key)

    assert not list(store_for(home).folder.glob("*/source"))


def _protected(folder: Path) -> Path:
    path = folder / "secret.pdf"
    path.write_bytes(pdfs.make_encrypted_pdf(["one"], "quill"))
    return path

"""What keeps the page quick: parts that run alone, what is drawn ahead, what is counted once."""

from __future__ import annotations

import gc
import io
import weakref
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pdfs
import pytest

pytest.importorskip("streamlit")

from test_ui_states import Page

from kimiqa.client import Client
from kimiqa.document import Document
from kimiqa.ledger import Ledger
from kimiqa.plan import Citation, Way
from kimiqa.ranking import indexing
from kimiqa.reading.pool import end_workers, fast_pool
from kimiqa.settings import Settings, save_settings
from kimiqa.strategies import prefixes
from kimiqa.strategies.prefixes import Part, segments_of
from kimiqa.template import PRIOR
from kimiqa.tokens import counter_for
from kimiqa.ui import awaiting, desk, digests, intake, pictures, reading, turns
from kimiqa.ui.engine import engine
from kimiqa.ui.heap import AGAIN, LONG, RARELY, Watch
from kimiqa.ui.latest import Latest, Very
from kimiqa.ui.state import State

LEASE = ("The lease begins on 1 May 2026.", "Either party may terminate.", "The rent is 1,200.")


@pytest.fixture
def lease(tmp_path: Path) -> Document:
    return Document.open(pdfs.make_pdf(LEASE), name="lease.pdf", home=tmp_path)


# Prices -----------------------------------------------------------------------------------------


def test_a_document_that_is_looked_over_is_priced_as_it_was_read(lease: Document) -> None:
    early = lease.as_read()

    assert lease.hidden_passages is None
    assert early.hidden_passages == 0
    assert early.pages == lease.pages


def test_a_document_that_was_looked_over_stands_for_itself(lease: Document) -> None:
    lease.checked()

    assert lease.as_read() is lease


def test_a_document_whose_second_pass_ended_unseen_has_the_page_shown_anew(
    lease: Document, home: Path
) -> None:
    state = State("0123456789ab", [lease.id], opened={lease.id: lease})
    job = engine().read(reading._key(lease.id), "lease.pdf", lambda: iter([lease]))
    assert job.ended.wait(30)
    assert reading.unsettled(state)

    reading.settle(state)

    assert not reading.unsettled(state)


def test_a_folder_that_was_copied_unseen_has_the_page_shown_anew(
    home: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "matter"
    folder.mkdir()
    (folder / "lease.txt").write_text("The lease ends in May.")
    state = State("0123456789ab")
    intake.take_path(state, str(folder))
    for job in intake.folder_jobs(state):
        assert job.ended.wait(30)
    assert not intake.folder_jobs(state)
    assert intake.unsettled(state)

    intake.settle_folders(state)

    assert not intake.unsettled(state)
    assert len(state.documents) == 1


@pytest.mark.parametrize("awaited", [True, False], ids=["for this page", "for the library"])
def test_what_a_page_waits_for_is_indexed_while_it_is_read(
    awaited: bool, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [f"Page {n} of the lease, {awaited}: the rent is {n} euros." for n in range(1, 151)]
    taken, state = intake.take(io.BytesIO(pdfs.make_pdf(texts)), "lease.pdf"), State("0123456789ab")
    assert isinstance(taken, intake.Taken)
    intake.place(state, [taken], aside=not awaited)
    job = engine().latest(reading._key(taken.id))
    assert job is not None
    reading.finish(state)
    assert job.ended.wait(60)

    monkeypatch.delattr(indexing, "index_pages")

    counter, document = counter_for(desk.model(state).vocabulary), job.last(Document)
    if awaited:
        assert len(indexing.index_of(document, counter)) == 150
    else:
        with pytest.raises(NameError):
            indexing.index_of(document, counter)


def test_a_page_without_documents_has_their_reader_started_before_one_comes(home: Path) -> None:
    end_workers()
    awaiting.get_ready.cache_clear()

    assert not Page().at.exception

    assert awaiting.get_ready.cache_info().currsize == 1
    awaiting.get_ready().join(60)
    assert fast_pool().pids


def waiting(sight: awaiting.Sight, pages: int, monkeypatch: pytest.MonkeyPatch) -> Thread:
    """Somebody who waits for the prices to be seen, for ever if need be."""
    monkeypatch.setattr(awaiting, "PATIENCE", 600.0)
    monkeypatch.setattr(awaiting, "DRAWING", 600.0)
    found = Thread(target=sight.wait, args=(pages,), daemon=True)
    found.start()
    return found


def test_a_short_document_is_looked_over_once_its_prices_were_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sight = awaiting.Sight()
    second_pass = waiting(sight, 3, monkeypatch)

    sight.shown()

    second_pass.join(60)
    assert not second_pass.is_alive()


def test_a_long_one_is_looked_over_once_they_are_drawn_or_it_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sight = awaiting.Sight()
    second_pass = waiting(sight, 600, monkeypatch)
    sight.shown()
    second_pass.join(0.2)
    assert second_pass.is_alive()

    sight.go_on()

    second_pass.join(60)
    assert not second_pass.is_alive()


def test_who_asks_about_a_long_document_does_not_wait_for_its_prices_to_be_drawn(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(awaiting, "DRAWING", 600.0)
    monkeypatch.setattr(awaiting, "PATIENCE", 600.0)
    content, state = pdfs.make_pdf(["The rent is due."] * awaiting.LONG), State("0123456789ab")
    taken = intake.take(io.BytesIO(content), "lease.pdf")
    intake.place(state, [taken])

    asking = Thread(target=reading.finish, args=(state,), daemon=True)
    asking.start()

    asking.join(60)
    assert not asking.is_alive()


def test_each_page_keeps_what_is_its_own() -> None:
    state, other = State("0123456789ab"), State("ba9876543210")

    state.of(turns.Shown).newest += 3

    assert state.of(turns.Shown).newest == turns.SHOWN_AT_FIRST + 3
    assert other.of(turns.Shown).newest == turns.SHOWN_AT_FIRST


def test_what_was_made_for_one_thing_is_not_taken_for_another_in_its_place() -> None:
    known = Latest[str]()

    made = [known.made_for(Very([]), lambda n=n: f"made {n}") for n in range(3)]

    assert made == ["made 0", "made 1", "made 2"]


def test_going_back_to_an_effort_makes_no_client_anew(home: Path) -> None:
    state = State("0123456789ab")

    def of(effort: str) -> Client:
        state.choices.effort = effort
        return desk.client(state)

    low, high = of("low"), of("high")

    assert of("low") is low is not high
    save_settings(Settings(), home)
    assert of("low") is not low


def test_only_the_clients_used_last_are_kept(home: Path) -> None:
    state = State("0123456789ab")
    made = []
    for state.choices.model in ("kimi-k3", "kimi-k2.6"):
        for state.choices.effort in ("low", "high", "max"):
            made.append(desk.client(state))

    kept = state.of(desk.Desk).clients

    assert list(kept.values()) == made[-desk.KEPT_CLIENTS :]


def test_going_back_to_an_effort_finds_its_prices_and_its_digest_as_they_were(home: Path) -> None:
    known = Document.open(pdfs.make_pdf(LEASE), name="lease.pdf", home=home)
    state = State("0123456789ab", [known.id], opened={known.id: known})
    state.choices.model = "kimi-k3"

    def of(effort: str) -> tuple[list[Way], object]:
        state.choices.effort = effort
        return desk.ways(state, "Who may terminate?"), digests._once(state)

    low, high = of("low"), of("high")

    assert low[0][0].estimate.cost != high[0][0].estimate.cost
    assert [each is now for each, now in zip(low, of("low"), strict=True)] == [True, True]
    desk.forget_prices(state)
    assert of("low")[0] is not low[0]


def test_prices_that_have_stood_for_a_while_are_counted_anew(home: Path) -> None:
    known = Document.open(pdfs.make_pdf(LEASE), name="lease.pdf", home=home)
    state = State("0123456789ab", [known.id], opened={known.id: known})
    state.choices.model = "kimi-k3"
    first = desk.ways(state, "Who may terminate?")
    assert desk.ways(state, "Who may terminate?") is first

    state.of(desk.Desk).ways.holds = -1.0

    assert desk.ways(state, "Who may terminate?") is not first


@pytest.mark.parametrize("block", [None, 8, 256])
def test_a_text_that_is_known_is_named_as_it_was_at_first(block: int | None) -> None:
    counter = counter_for("kimi_k3")
    text = 'It says "so".\n' * 40
    prompt = [[Part(counter.count(text), text)], [Part(3, "and then?")]]
    prefixes._texts.clear()

    first = segments_of(prompt, PRIOR, counter, block)

    assert segments_of(prompt, PRIOR, counter, block) == first
    assert len(first) > (20 if block == 8 else 2)


def test_a_new_turn_is_seen_by_its_stamp(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as ledger:
        before = ledger.turns_stamp("0123456789ab")
        ledger.save_turn("0123456789ab", 1, {"question": "Who?"})
        after = ledger.turns_stamp("0123456789ab")

        assert before == ()
        assert [number for number, _created in after] == [1]


# Pictures ---------------------------------------------------------------------------------------


def _cited(page: int, **more: Any) -> Citation:
    return Citation("D1", None, page, page, None, more.get("status", "supported"))


def test_the_pages_round_a_citation_are_drawn_ahead_the_next_one_first(lease: Document) -> None:
    cited = [_cited(1), _cited(2), _cited(3)]

    found = pictures.near(cited, 1, [lease])

    assert [sight.number for sight in found] == [3, 1]


def test_no_page_is_drawn_for_a_place_that_is_none(lease: Document) -> None:
    cited = [_cited(1), _cited(9), _cited(2, status="invalid")]

    assert pictures.near(cited, 0, [lease]) == []
    assert pictures.near(cited, 0, [None]) == []


def test_what_was_drawn_ahead_is_not_drawn_again(lease: Document) -> None:
    state, sight = State("0123456789ab"), pictures.Sight(lease, 2)
    thread = pictures.ahead(state, [sight])
    assert thread is not None
    thread.join(30)

    assert pictures.ahead(state, [sight]) is None
    assert pictures.drawn(state, sight) is state.of(pictures.Pictures).drawn[sight]


def test_no_more_pictures_are_kept_than_were_meant(
    lease: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "KEPT", 2)
    state = State("0123456789ab")
    for number in (1, 2, 3):
        pictures.drawn(state, pictures.Sight(lease, number))

    assert [sight.number for sight in state.of(pictures.Pictures).drawn] == [2, 3]


# The heap ---------------------------------------------------------------------------------------


def _watch_at(*times: float) -> Watch:
    """A watch that was begun at the first of these times and looks at its clock at the others."""
    return Watch(iter(times).__next__)


def _watched(seconds: float, begun: float = 1.0) -> Watch:
    """A watch that saw a full collection of so many seconds."""
    watch = _watch_at(0.0, begun, begun + seconds)
    watch("start", {"generation": 2})
    watch("stop", {"generation": 2})
    return watch


def test_a_long_collection_has_what_survived_it_frozen() -> None:
    watch = _watched(2 * LONG)
    assert watch._timer is not None
    watch._timer.cancel()
    watch._clock = lambda: 5.0

    watch.tidy()

    assert gc.get_freeze_count() > 0
    assert watch._timer is None
    gc.unfreeze()


def test_a_short_collection_changes_nothing() -> None:
    assert _watched(LONG / 2)._timer is None


def test_after_a_while_a_short_collection_has_what_is_frozen_looked_at_again() -> None:
    watch = _watched(LONG / 2, begun=AGAIN + 1)
    assert watch._timer is not None
    watch._timer.cancel()


class _Visit:
    """Something that only the collector can free."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def left() -> Iterator[weakref.ref[_Visit]]:
    """A visit that was frozen and is over."""
    visit = _Visit()
    gone = weakref.ref(visit)
    gc.freeze()
    del visit
    yield gone
    gc.unfreeze()


def test_what_left_after_it_was_frozen_is_freed_after_a_while(left: weakref.ref[_Visit]) -> None:
    _watch_at(0.0, AGAIN + 1, AGAIN + 2).tidy()

    assert left() is None


def test_what_is_frozen_is_not_looked_at_each_time(left: weakref.ref[_Visit]) -> None:
    _watch_at(0.0, AGAIN - 1).tidy()

    assert left() is not None


def test_what_takes_long_to_look_at_is_looked_at_rarely() -> None:
    watch = _watch_at(0.0, AGAIN + 1, AGAIN + 2)
    watch.tidy()
    gc.unfreeze()

    assert not watch._is_time(2 * AGAIN + 3)
    assert watch._is_time(AGAIN + 3 + RARELY)

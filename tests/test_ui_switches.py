"""What chunks may do beside one call, on the page: switches, steps, and what was saved."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

pytest.importorskip("streamlit")

import test_ladder as ladder
import test_saving as saving
from asking import client_at
from test_rewriting import FILLER, QUERIES, QUESTION, rewrites
from test_ui_states import Page

from kimiqa.conversation import Talk
from kimiqa.plan import Step
from kimiqa.testing import KimiServer
from kimiqa.ui import receipt
from kimiqa.ui.sofar import SoFar


@pytest.fixture
def contract(server: KimiServer, home: Path, monkeypatch: pytest.MonkeyPatch) -> Page:
    assert server.key
    monkeypatch.setenv("KIMIQA_BASE_URL", server.base_url)
    monkeypatch.setenv("KIMIQA_API_KEY", server.key)
    server.answer = rewrites()
    text = "\f".join(FILLER.format(n) * 20 for n in range(1, 81))
    return Page().upload(("contract.txt", text.encode()))


def price(page: Page) -> str:
    return next(str(each.value) for each in page.at.metric if "Chosen chunks" in each.label)


def test_rewriting_is_priced_as_soon_as_it_is_switched_on(contract: Page) -> None:
    page = contract.type(QUESTION)
    before = price(page)

    page.at.toggle(key="choice-rewrite").set_value(True).run()

    assert price(page) != before
    assert page.reloaded().at.toggle(key="choice-rewrite").value is True
    assert not page.at.exception


def test_the_searches_stand_among_the_steps_of_the_answer(contract: Page) -> None:
    page = contract.type(QUESTION)
    page.at.toggle(key="choice-rewrite").set_value(True).run()

    page.click("way-chunks").click("ask").settle()

    assert "rewrite 1: " + QUERIES.replace("- ", "").replace("\n", "; ") in page.words
    assert page.buttons("dismiss-") == []


def test_climbing_shows_each_rung_with_its_cost_and_the_accepted_answer_alone(
    server: KimiServer, contract: Page
) -> None:
    said = iter(["The documents do not say."])
    server.answer = lambda body: next(said, f'"{FILLER.format(7).strip()}" [D1 p. 7]')
    page = contract.type(QUESTION)
    before = price(page)
    page.at.toggle(key="choice-climb").set_value(True).run()

    assert price(page) != before
    assert "climbs to everything where the answer does not hold" in page.words

    page.click("way-chunks").click("ask").settle()

    assert "rung 1: chunks, " in page.words
    assert "it says that the documents do not say" in page.words
    assert "rung 2: everything, 80 of 80 pages: the answer holds" in page.words
    assert "Matter 7 of the cost" in page.words
    assert page.buttons("dismiss-") == []
    assert not page.at.exception


def test_the_settings_turn_it_on_for_every_question(home: Path, contract: Page) -> None:
    (home / "settings.toml").write_text("rewrite = true\n", encoding="utf-8")

    page = Page(**contract.url)

    assert page.at.toggle(key="choice-rewrite").value is True


def test_a_part_is_not_chosen_for_the_whole_and_the_whole_is_offered_over_the_cap(
    home: Path, contract: Page
) -> None:
    (home / "settings.toml").write_text('max_cost = "0.12"\n', encoding="utf-8")
    page = Page(**contract.url).type("Summarise the contract.")

    assert "This asks for the whole document; chunks see" in page.words

    page.click("ask")

    assert "The question asks for the whole document." in page.words
    assert page.buttons("over-cap-yes")
    assert page.settle().buttons("dismiss-") == []


def test_a_climb_that_is_stopped_keeps_the_answer_it_had(server: KimiServer) -> None:
    server.answer = ladder.reads()
    client = client_at(server, home=None)
    talk = Talk([ladder.contract()], client.ledger)
    plan = client.plan(ladder.QUESTION, [ladder.contract()], strategy="chunks", climb=True)
    so_far = SoFar(plan)

    with closing(client.stream(plan)) as events:  # type: ignore[type-var]
        for event in events:
            so_far.note(event)
            if isinstance(event, Step) and event.state == "done":
                break
    so_far.keep(talk)

    (row,) = client.ledger.turns(talk.id)
    assert (row["answer"], row["apart"]) == (ladder.NO, "stopped")
    assert talk.turns == ()


def test_the_pages_receipt_tells_it_and_an_older_one_does_not(server: KimiServer) -> None:
    told = saving.asked(server).to_json()

    rows = receipt.details(told, "settled")
    older = receipt.details({name: told[name] for name in told if name != "saving"}, "settled")

    (row,) = (each for each in rows if each.startswith("Saved against sending everything: $0.1"))
    assert "; everything would have cost $0.1" in row
    assert [each for each in rows if each != row] == older

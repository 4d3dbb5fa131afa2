"""Money on the page: said before, asked for once, booked under its label, and looked back on."""

from __future__ import annotations

import re
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pdfs
import pytest

pytest.importorskip("streamlit")

from ledger_writer import reserve, settle
from test_ui_states import LEASE, Page

from kimiqa.ledger import Budget, Ledger
from kimiqa.plan import Text
from kimiqa.settings import Settings, save_settings
from kimiqa.testing import KimiServer
from kimiqa.ui.engine import engine

QUESTION = "Who may terminate on written notice?"


@pytest.fixture
def kimi(server: KimiServer, monkeypatch: pytest.MonkeyPatch) -> KimiServer:
    """The loopback server, with its key configured."""
    assert server.key
    monkeypatch.setenv("KIMIQA_BASE_URL", server.base_url)
    monkeypatch.setenv("KIMIQA_API_KEY", server.key)
    return server


@pytest.fixture
def lease(kimi: KimiServer, home: Path) -> Page:
    return Page().upload(("lease.pdf", pdfs.make_pdf(LEASE)))


@pytest.fixture
def sample(kimi: KimiServer, home: Path) -> Page:
    return Page().click("sample").settle()


def field(page: Page, label: str) -> Any:
    kinds = ("text_input", "selectbox", "radio", "checkbox")
    found = [each for kind in kinds for each in getattr(page.at, kind)]
    return next(each for each in found if each.label == label)


def tables(page: Page) -> str:
    return "\n".join(each.value for each in page.at.markdown if each.value.startswith("| "))


def conversation(page: Page) -> str:
    named = page.url["c"]
    return str(named[0] if isinstance(named, list) else named)


def calls(home: Path) -> list[Any]:
    with Ledger.open(home) as ledger:
        return ledger.calls()


# Before asking ----------------------------------------------------------------------------------


def test_a_card_says_what_it_costs_cold_and_then_warm(sample: Page) -> None:
    whole = next(each.value for each in sample.at.caption if "50 of 50 pages" in each.value)

    cold, warm = whole.partition(" cold, then ")[::2]
    assert cold.startswith("about ")
    assert "while warm" in warm
    assert "at most" in warm


def test_another_effort_prices_anew(sample: Page) -> None:
    before = [each.value for each in sample.at.metric]

    field(sample, "Effort").set_value("max").run()

    assert [each.value for each in sample.at.metric] != before


def test_efforts_and_lengths_stand_with_price_and_time(sample: Page) -> None:
    page = sample.unfold("weigh")

    assert "| Effort, longest answer | Expected, low to high | At most | Time |" in tables(page)
    assert "low, 16,384" in tables(page)
    assert "max, 4,096 \\(often cut off\\)" in tables(page)


def test_a_shorter_answer_lowers_the_ceiling(sample: Page, kimi: KimiServer) -> None:
    page = sample.unfold("weigh")

    page.at.radio(key="answer-length").set_value(4_096).run()
    page.ask(QUESTION)

    assert kimi.chats[-1]["max_completion_tokens"] == 4_096


def test_other_models_stand_by_cost_and_are_filtered(sample: Page) -> None:
    page = sample.unfold("weigh")
    page.at.session_state["weigh-tab"] = "Other models"
    page.at.run()
    field(page, "Only models whose names hold").set_value("kimi-k3").run()

    rows = [line for line in tables(page).splitlines() if "kimi-k3" in line]
    assert any("(asked)" in row.replace("\\", "") for row in rows)
    assert "Nothing cached." in page.words


def test_an_hour_of_cache_is_a_choice_and_is_sent(sample: Page, kimi: KimiServer) -> None:
    field(sample.unfold("more-choices"), "Keep the prompt cached for").set_value("1h").run()
    assert "cached for an hour" in sample.fold("more-choices").words

    sample.ask(QUESTION)

    assert kimi.chats[-1]["prompt_cache_options"] == {"ttl": "1h"}


def test_a_change_of_strategy_says_what_it_drops_of_the_cache(sample: Page) -> None:
    sample.click("way-full").ask(QUESTION).click("unfold-folded")

    assert "Changing the strategy from full to chunks drops" in sample.words


def test_ways_that_are_folded_away_are_drawn_once_they_are_wanted(lease: Page) -> None:
    before = len(lease.buttons("way-"))
    lease.ask(QUESTION)

    assert before > 1
    assert lease.buttons("way-") == []
    assert "Chosen: recommended · " in lease.words
    assert len(lease.click("unfold-folded").buttons("way-")) == before


def test_over_a_window_the_card_says_what_to_leave_out(kimi: KimiServer, home: Path) -> None:
    (home / "prices.toml").write_text(
        '[kimi-k3]\nprompt = "3"\ncompletion = "15"\ncontext_window = 20000\n', encoding="utf-8"
    )

    page = Page().click("sample").settle()

    assert "Cannot run" in page.words
    assert "Asking only pages 1-" in page.words


def test_an_old_price_is_flagged(kimi: KimiServer, home: Path) -> None:
    (home / "prices.toml").write_text(
        '[kimi-k3]\nprompt = "3"\ncompletion = "15"\nchecked = 2025-01-01\n', encoding="utf-8"
    )

    page = Page().upload(("lease.pdf", pdfs.make_pdf(LEASE)))
    assert "was checked" in page.words
    page.click("view-money")

    assert "Checked more than 90 days ago: kimi-k3" in page.words
    assert "(old)" in tables(page).replace("\\", "")


# A label ----------------------------------------------------------------------------------------


def test_a_label_is_given_at_asking_and_summed(lease: Page, home: Path) -> None:
    with Ledger.open(home) as ledger:
        settle(ledger, reserve(ledger, "0.10", label="Smith & Sons"), "0.02")
    lease.at.run()
    field(lease, "Label").select("Smith & Sons").run()

    lease.ask(QUESTION)

    assert [call.label for call in calls(home)] == ["Smith & Sons", "Smith & Sons"]
    assert "Smith & Sons: $0.0" in lease.words
    lease.click("view-money")
    lease.at.selectbox(key="books-by").set_value("label").run()
    assert "Smith" in tables(lease)


# Several questions ------------------------------------------------------------------------------


def test_several_questions_are_priced_together_and_asked_side_by_side(
    lease: Page, kimi: KimiServer, home: Path
) -> None:
    lease.type("Who may terminate?\nWhat is the rent?\n\nWhen does it end?")
    field(lease, "Each line is a question of its own").check().run()
    assert "3 questions · at most $" in lease.words
    assert lease.at.button(key="ask").label.startswith("Ask 3 questions · about")

    lease.click("ask").settle()

    assert len(kimi.chats) == 3
    assert all(len(chat["messages"]) == 2 for chat in kimi.chats)
    assert lease.words.count("Asked side by side with others") == 3
    with Ledger.open(home) as ledger:
        assert ledger.totals() == {"USD": kimi.billed}


def test_the_next_question_does_not_go_on_from_what_was_asked_aside(
    lease: Page, kimi: KimiServer
) -> None:
    lease.type("Who may terminate?\nWhat is the rent?")
    field(lease, "Each line is a question of its own").check().run()
    lease.click("ask").settle()

    lease.ask(QUESTION)

    assert len(kimi.chats[-1]["messages"]) == 2


def test_one_of_several_that_fails_is_named_and_the_others_are_kept(
    lease: Page, kimi: KimiServer
) -> None:
    kimi.fault("permission_denied")
    lease.type("Who may terminate?\nWhat is the rent?")
    field(lease, "Each line is a question of its own").check().run()

    lease.click("ask").settle()

    assert lease.words.count("Asked side by side with others") == 1
    assert "403" in lease.errors


def test_above_the_threshold_several_questions_are_asked_for_once(
    kimi: KimiServer, home: Path
) -> None:
    save_settings(Settings(confirm_above=Decimal("0.30")), home)
    page = Page().upload(("lease.pdf", pdfs.make_pdf(LEASE)))
    page.type("Who may terminate?\nWhat is the rent?")
    field(page, "Each line is a question of its own").check().run()

    page.click("ask")
    assert "above the threshold" in page.words
    assert kimi.chats == []
    page.click("over-cap-yes").settle()

    assert len(kimi.chats) == 2


# After asking -----------------------------------------------------------------------------------


def test_a_mark_in_the_answer_leads_to_its_page_and_shows_its_quote(lease: Page) -> None:
    lease.ask(QUESTION)

    answer = next(each.value for each in lease.at.markdown if "#cite-0-0" in each.value)

    assert '](#cite-0-0 "' in answer
    assert "these words stand on this page" in answer


def test_the_receipt_says_how_far_the_quote_was_off_and_what_was_cached(lease: Page) -> None:
    lease.ask(QUESTION).unfold("receipt-0")

    assert "% from the cache" in lease.words
    assert "inside the range" in lease.words or "outside of the range" in lease.words


def test_what_was_asked_together_is_shown_together_and_more_is_shown_at_once(lease: Page) -> None:
    lease.ask(QUESTION).type("Who may terminate?\nWhat is the rent?\nWhen does it end?")
    field(lease, "Each line is a question of its own").check().run()
    lease.click("ask").settle()

    assert lease.words.count("Asked side by side with others") == 3
    assert lease.at.button(key="earlier").label == "Show earlier questions (1)"
    assert lease.click("earlier").buttons("earlier") == []


def test_what_came_before_a_stop_stays_when_the_server_starts_again(
    lease: Page, kimi: KimiServer, home: Path
) -> None:
    kimi.answer = "The lease ends early. " * 60
    kimi.tokens_per_second = 40
    lease.type(QUESTION).click("ask")
    job = engine().running(conversation(lease))
    assert job is not None
    until = time.monotonic() + 20
    while not job.of(Text):
        assert time.monotonic() < until, "no word came"
        assert not job.ended.wait(0.05), "it ended too soon"
    job.stop()
    assert job.ended.wait(20)
    kimi.tokens_per_second = 0
    engine()._jobs.clear()

    page = lease.reloaded()

    assert "Stopped here." in page.words
    assert "The lease ends" in page.words
    assert "Used 0 of" not in page.words
    assert calls(home)[0].state in ("estimated", "unknown")
    page.ask("And the rent?")
    assert len(kimi.chats[-1]["messages"]) == 2


def test_the_same_is_asked_with_another_effort(lease: Page, kimi: KimiServer) -> None:
    lease.ask(QUESTION).click("again-0")

    lease.at.selectbox(key="again-effort-0-kimi-k3").set_value("high").run()
    lease.click("again-yes-0").settle()

    assert [chat["reasoning_effort"] for chat in kimi.chats] == ["low", "high"]
    assert "Two answers" in lease.words


def test_a_finished_answer_is_priced_on_other_models(lease: Page) -> None:
    page = lease.ask(QUESTION).click("again-0").unfold("elsewhere-0")

    assert "| Model | Expected, low to high | Prompt tokens |" in tables(page)
    assert re.search(r"\(asked\\\) \| \\\$[0-9.]+ \| ", tables(page))


# Money ------------------------------------------------------------------------------------------


def test_the_quotes_are_scored(kimi: KimiServer, home: Path) -> None:
    with Ledger.open(home) as ledger:
        for n in range(4):
            settle(ledger, reserve(ledger, "0.10"), f"0.0{n + 1}")

    page = Page().click("view-money")

    assert "| Quotes for | Calls | Inside | Off by | From cache |" in tables(page)
    assert "Ceilings passed: 0" in page.words


def test_the_amounts_of_a_column_end_at_the_same_decimal(home: Path) -> None:
    with Ledger.open(home) as ledger:
        for name, cost in (("a.pdf", "0.012"), ("b.pdf", "1.5")):
            settle(
                ledger, reserve(ledger, "2", documents=[(name, name)], budget=Budget(None)), cost
            )

    shown = tables(Page().click("view-money"))

    assert "| b.pdf | 1 | \\$1.500 |" in shown
    assert "| a.pdf | 1 | \\$0.012 |" in shown


def test_what_was_used_is_priced_on_another_model(kimi: KimiServer, home: Path) -> None:
    with Ledger.open(home) as ledger:
        settle(ledger, reserve(ledger), "0.05")
        ledger.unknown(reserve(ledger), "no reply")
    page = Page().click("view-money")

    field(page, "Priced on").set_value("kimi-k2.6").run()
    # 744 fresh tokens at 0.95, 256 cached at 0.16 and 200 of an answer at 4.00 a million
    assert said(page, "It would cost on kimi-k2.6") == "$0.0015"
    assert said(page, "It cost") == "$0.050"
    assert "Left out: 1 call of unknown usage." in page.words

    field(page, "Calls of").set_value("last").run()
    assert "No call of that time has a known usage." in page.words


def said(page: Page, label: str) -> str:
    """The number under a label, as it is read."""
    found = next(each for each in page.at.metric if each.label == label)
    return str(found.value).replace("\\", "")


def test_the_steps_of_a_swarm_stand_under_it(kimi: KimiServer, home: Path) -> None:
    with Ledger.open(home) as ledger:
        settle(ledger, reserve(ledger, strategy="swarm:read"), "0.05")
        settle(ledger, reserve(ledger, strategy="swarm:merge"), "0.01")
    page = Page().click("view-money")

    field(page, "Summed by").set_value("strategy").run()

    rows = [line.split(" | ")[:3] for line in tables(page).replace("\\", "").splitlines()]
    assert ["| Swarm", "2", "$0.060"] in rows
    steps = [row[0] for row in rows if row[0].startswith("| Swarm:")]
    assert steps == ["| Swarm: read", "| Swarm: merge"]


def test_the_crossing_is_named_and_stands_in_numbers(sample: Page) -> None:
    sample.click("view-money")

    assert "| Asked | Whole, one sitting | Whole, cold | Chunks | Digest |" in tables(sample)
    assert "| 50 |" in tables(sample)
    assert "question" in sample.words


def test_prices_stand_with_their_age_and_source(lease: Page) -> None:
    lease.click("view-money")

    assert "| Model, age of its price | Prompt | Cached | Answer |" in tables(lease)
    assert "kimi-k3: assumed, checked on 20" in lease.words

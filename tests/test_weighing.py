"""What is weighed before asking: break-even, cliffs, limits, efforts, and every other model."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from asking import QUESTION, lease
from hypothesis import given
from hypothesis import strategies as st

from kimiqa import Budget, Client, Document, get_model
from kimiqa.breakeven import Asking, break_even
from kimiqa.cli import run
from kimiqa.comparing import few
from kimiqa.errors import BadRequestError, ContextWindowError, OverLimitError
from kimiqa.money import Cost, Price, Usage
from kimiqa.settings import (
    UNLIMITED,
    Settings,
    find_tier,
    limits_for,
    load_settings,
    next_tier,
    save_settings,
    tiers,
    url_at,
)

KIMI = Price(Decimal(3), Decimal(15), cached=Decimal("0.30"))
LOOPBACK = "http://127.0.0.1:9/v1"
TIERED = """
["tiered"]
prompt = "1.00"
completion = "4.00"
context_window = 60_000
[["tiered".tiers]]
above = 8_000
prompt = "3.00"
completion = "8.00"
"""


def document(name: str, words: int, pages: int = 4) -> Document:
    """A document of so many words, near as many tokens, in so many pages."""
    page = " ".join(["rent"] * (words // pages))
    return Document.from_pages([page] * pages, name=name)


def client(home: Path, book: str = "", model: str = "tiered") -> Client:
    (home / "prices.toml").write_text(book)
    return Client(model, base_url=LOOPBACK, home=home)


# Break-even -------------------------------------------------------------------------------------


def test_the_crossing_is_the_first_question_at_which_the_whole_document_is_cheaper() -> None:
    full, chunks = Asking(60_000, 59_904, 500), Asking(20_000, 0, 500)

    table = break_even("kimi-k3", KIMI, full, chunks, 9)

    cheaper = [row.questions for row in table.rows if row.full and row.full < row.chunks]
    assert table.crossing == cheaper[0] == 4
    assert table.sentence == (
        "From the 4th question on, the whole document is cheaper than chunks while the cache "
        "stays warm."
    )


@given(
    prompt=st.integers(2_000, 1_000_000),
    part=st.integers(1_000, 60_000),
    warm=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_the_crossing_agrees_with_the_rows_wherever_it_is(
    prompt: int, part: int, warm: tuple[float, float]
) -> None:
    full = Asking(prompt, int(prompt * warm[0]), 500)
    chunks = Asking(part, int(part * warm[1]), 500)

    table = break_even("m", KIMI, full, chunks, 60)

    cheaper = [row.questions for row in table.rows if row.full and row.full < row.chunks]
    if table.crossing is not None:
        assert cheaper == list(range(table.crossing, 61))
    else:
        assert cheaper == list(range(1, len(cheaper) + 1))
        assert bool(cheaper) == table.sentence.startswith("Only ")


def test_where_chunks_win_later_it_says_from_which_question_on() -> None:
    full, chunks = Asking(10_000, 0, 500), Asking(10_100, 9_000, 500)

    table = break_even("m", KIMI, full, chunks, 5)

    assert [row.full < row.chunks for row in table.rows if row.full] == [True] + [False] * 4
    assert table.crossing is None
    assert table.sentence == (
        "Only for the first question is the whole document cheaper: from the 2nd question on "
        "chunks are, for one more costs $0.038 in full and $0.014 by chunks."
    )


def test_what_costs_the_same_is_not_called_cheaper() -> None:
    same, dearer = Asking(2_000, 1_000, 500), Asking(3_000, 2_000, 500)

    tie = break_even("m", KIMI, same, same, 5)
    later = break_even("m", replace(KIMI, cached=Decimal(0)), dearer, same, 5)

    assert (tie.crossing, later.crossing) == (None, None)
    assert tie.sentence == (
        "Both ways cost the same, however many questions are asked: one more costs $0.011."
    )
    assert "the first one costs $0.0030 less, and one more $0.011 either way" in later.sentence


def test_the_rows_are_what_the_questions_cost_one_by_one() -> None:
    full, chunks = Asking(100_000, 99_840, 500), Asking(9_000, 0, 500)

    last = break_even("kimi-k3", KIMI, full, chunks, 50).rows[-1]

    assert last.full == full.cost(KIMI, warm=False) + 49 * full.cost(KIMI, warm=True)
    assert last.full_cold == 50 * full.cost(KIMI, warm=False)
    assert last.chunks == 50 * chunks.cost(KIMI, warm=False)


def test_where_the_lines_never_cross_it_says_so_with_the_prices() -> None:
    table = break_even("m", KIMI, Asking(900_000, 899_840, 500), Asking(8_000, 0, 500), 50)

    assert table.crossing is None
    assert "Chunks stay cheaper, however many" in table.sentence
    assert "costs $0.28 in full and $0.032 by chunks" in table.sentence


def test_a_document_that_does_not_fit_has_no_line() -> None:
    table = break_even("m", KIMI, None, Asking(8_000, 0, 500), 3)

    assert [row.full for row in table.rows] == [None] * 3
    assert "does not fit" in table.sentence


def test_each_named_model_is_priced_where_it_is_sold(
    home: Path, capsys: pytest.CaptureFixture[str], samples: Path
) -> None:
    path = str(samples / "lease.md")
    named = ["--model", "kimi-k3", "--models", "kimi-k3,qwen3.7-max,nobodys"]

    run(["cost", path, "--questions", "2", *named, "--json"])
    found = json.loads(capsys.readouterr().out)["break_even_models"]
    run(["cost", path, "--questions", "2", "--model", "kimi-k3", "--models", "all"])
    told = capsys.readouterr().out

    assert [each["host"] for each in found] == [
        "api.moonshot.ai", "dashscope-intl.aliyuncs.com", "api.moonshot.ai",
    ]  # fmt: skip
    assert [bool(each["rows"]) for each in found] == [True, True, False]
    assert "kimi-k3 at api.moonshot.ai:" in told
    assert "models known at api.moonshot.ai" in told


def test_a_day_is_scaled_to_a_month_and_a_year() -> None:
    table = break_even("m", KIMI, Asking(9_000, 0, 5), Asking(8_000, 0, 5), 2, "day")

    assert [(each.span, each.row.questions) for each in table.totals] == [
        ("day", 2), ("month", 60), ("year", 730),
    ]  # fmt: skip
    assert table.totals[1].row.chunks == table.rows[-1].chunks * 30


def test_the_terminal_shows_the_break_even_of_each_model(
    home: Path, capsys: pytest.CaptureFixture[str], samples: Path
) -> None:
    path = str(samples / "lease.md")
    models = ["--model", "kimi-k3", "--models", "kimi-k3,kimi-k2.6"]

    code = run(["cost", path, "--questions", "5", "--per", "month", *models, "--json"])

    told = json.loads(capsys.readouterr().out)
    assert code == 0
    assert set(told["break_even"]) >= {"rows", "crossing", "sentence"}
    assert [row["questions"] for row in told["break_even"]["rows"]] == [1, 2, 3, 4, 5]
    assert [each["model"] for each in told["break_even_models"]] == ["kimi-k3", "kimi-k2.6"]
    assert [each["span"] for each in told["break_even"]["totals"]] == ["month", "year"]
    assert run(["cost", path, "--per", "day"]) == 2


def test_all_models_of_the_endpoint_are_in_the_break_even(home: Path) -> None:
    tables = Client("kimi-k3").break_even([document("a", 3_000)], 2, models="all")

    assert len(tables) >= 5
    assert tables[0].model == "kimi-k3"
    assert "local" not in {each.model for each in tables}


def test_a_model_without_a_price_has_no_break_even(home: Path) -> None:
    table = client(home, model="nameless").break_even([document("a", 300)], 2)[0]

    assert (table.rows, table.sentence) == ((), "Its price is not known.")


# Cliffs -----------------------------------------------------------------------------------------


def test_over_a_price_tier_it_says_what_to_leave_out_and_both_prices(home: Path) -> None:
    documents = [document("lease", 4_000), document("annex", 3_000), document("notes", 6_000)]

    ways = client(home, TIERED).ways("What is the rent?", documents)

    note = next(way for way in ways if way.strategy == "full").warnings[-1]
    assert "Leaving out D3 (notes)" in note or "Leaving out D1 (lease) and D3" in note
    assert "gets under 8,000 tokens: about $0.0" in note
    assert "instead of $0.0" in note


def test_the_price_after_leaving_it_out_is_the_price_of_asking_without_it(home: Path) -> None:
    documents = [document("lease", 4_000), document("notes", 8_000)]
    asker = client(home, TIERED)

    plan = asker.plan("What is the rent?", documents, strategy="full")

    after = asker.estimate("What is the rent?", documents[:1], strategy="full").cost.cold
    before = plan.estimate.cost.cold
    assert after is not None
    assert before is not None
    told = plan.warnings[-1]
    assert told.startswith("Leaving out D2 (notes) gets under 8,000 tokens: about $")
    shown, instead = (Decimal(part.split("$")[1].rstrip(".")) for part in told.split(" instead "))
    assert abs(shown - after) < Decimal("0.001")
    assert instead == round(before, 3)


def test_just_under_a_tier_nothing_is_said(home: Path) -> None:
    plan = client(home, TIERED).plan("Rent?", [document("a", 5_000)], strategy="full")

    assert not any("gets under" in note for note in plan.warnings)


def test_over_the_window_the_refusal_says_what_to_leave_out(home: Path) -> None:
    documents = [document("lease", 4_000), document("annex", 60_000)]

    with pytest.raises(ContextWindowError) as caught:
        client(home, TIERED).plan("What is the rent?", documents, strategy="full")

    assert "Leaving out D2 (annex) gets under the 60,000 tokens that tiered holds" in (
        caught.value.hint
    )


def test_of_a_single_document_it_names_the_pages_that_stay_under(home: Path) -> None:
    asker, doc = client(home, TIERED), document("book", 80_000, pages=40)

    note = next(
        way for way in asker.ways("What is the rent?", [doc]) if way.strategy == "full"
    ).warnings[-1]

    last = int(note.split("pages 1-")[1].split()[0])
    assert "of D1 (book) gets under" in note
    assert asker.plan("What is the rent?", [doc], strategy="full", pages=f"1-{last}")


# The account's limits ---------------------------------------------------------------------------


def test_a_tier_has_its_limits_and_one_set_by_hand_goes_before() -> None:
    assert limits_for("moonshot", "moonshot-1").tpm == 2_000_000
    assert limits_for("moonshot", "1", {"tpm": 5}).tpm == 5
    assert limits_for("deepseek", "moonshot-1").tpm is None
    assert limits_for("deepseek", None, {"tpd": 7}).request_tokens == (7, "a day")
    assert all(find_tier(str(n)).source for n in range(6))


def test_the_next_tier_is_the_lowest_that_admits_it() -> None:
    found = next_tier(limits_for("moonshot", "0"), 600_000)

    assert found is not None
    assert found.name == "1"
    assert next_tier(limits_for("moonshot", "5"), 9_000_000) is None


def test_the_tier_is_a_setting_and_a_wrong_one_is_named(home: Path) -> None:
    save_settings(Settings(tier="moonshot-2", tpm=300_000, rpm=None), home)

    found = load_settings(home)

    assert (found.tier, found.tpm, found.rpm) == ("moonshot-2", 300_000, None)
    (home / "settings.toml").write_text('tier = "gold"')
    with pytest.raises(BadRequestError, match="gold"):
        load_settings(home)
    (home / "settings.toml").write_text("tpm = 0")
    with pytest.raises(BadRequestError, match="tpm"):
        load_settings(home)


def limited(home: Path, tpm: int | None) -> Client:
    save_settings(Settings(tpm=tpm), home)
    return client(home, TIERED)


def test_a_question_that_would_never_be_admitted_is_refused_with_the_numbers(home: Path) -> None:
    with pytest.raises(OverLimitError) as caught:
        limited(home, 10_000).plan("Rent?", [document("a", 9_000)], strategy="full")

    assert "10,000 tokens a minute" in caught.value.message
    assert "4,096" in caught.value.message
    assert "max_completion_tokens" in caught.value.hint
    assert caught.value.exit_code == 3


def test_the_answer_is_shortened_to_what_is_admitted(home: Path) -> None:
    plan = limited(home, 16_000).plan("Rent?", [document("a", 4_000)], strategy="full")

    request = plan.requests[0]
    assert 4_096 <= request.max_completion_tokens < 16_000 - request.prompt_tokens


def test_chunks_fit_themselves_under_the_limit(home: Path) -> None:
    plan = limited(home, 9_000).plan("Rent?", [document("a", 30_000)], strategy="chunks")

    request = plan.requests[0]
    assert request.prompt_tokens + request.max_completion_tokens <= 9_000


def test_without_a_limit_nothing_is_checked(home: Path) -> None:
    assert limited(home, None).plan("Rent?", [document("a", 9_000)], strategy="full")


def test_a_tier_names_the_one_that_would_admit_it(home: Path) -> None:
    save_settings(Settings(tier="moonshot-0"), home)
    asker = Client("kimi-k3", home=home, budget="100")

    with pytest.raises(OverLimitError, match="tier 0 admits 500,000") as caught:
        asker.plan("Rent?", [document("a", 520_000)], strategy="full")

    assert "move to tier 1" in caught.value.hint


def test_every_tier_has_a_source_and_a_limit_and_no_day_that_nobody_knows() -> None:
    found = tiers()

    assert {each.provider for each in found} == {"moonshot", "deepseek", "minimax"}
    assert all(each.source for each in found)
    assert all(
        limits.concurrency or limits.rpm or limits.tpm for limits in (t.limits for t in found)
    )
    assert {each.provider for each in found if each.paid and each.checked} == {"moonshot"}


def test_a_tier_holds_at_its_own_provider_and_leads_to_no_other() -> None:
    minimax = limits_for("minimax", "minimax-m3")

    assert (minimax.rpm, minimax.tpm, minimax.concurrency) == (200, 10_000_000, None)
    assert limits_for("deepseek", "minimax-m3") == UNLIMITED
    higher = next_tier(minimax, 15_000_000)
    assert higher is not None
    assert (higher.provider, higher.name) == ("minimax", "m2")
    assert next_tier(limits_for("moonshot", "moonshot-0"), 15_000_000) is None
    assert next_tier(limits_for("deepseek", "deepseek-flash"), 15_000_000) is not None


# Efforts ----------------------------------------------------------------------------------------


def test_every_effort_and_length_has_its_price_and_time(home: Path) -> None:
    rows = Client("kimi-k3").efforts(
        [document("a", 3_000)], strategy="full", lengths=(4_096, 8_192)
    )

    assert [(row.effort, row.max_completion_tokens) for row in rows] == [
        (effort, length) for effort in ("low", "high", "max") for length in (4_096, 8_192)
    ]
    ceilings = [row.estimate.cost.ceiling for row in rows[:2]]
    assert ceilings[0] is not None
    assert ceilings[1] is not None
    assert ceilings[0] < ceilings[1]
    assert rows[0].estimate.seconds.expected < rows[2].estimate.seconds.expected


def test_a_length_that_would_cut_answers_says_so(home: Path) -> None:
    rows = Client("kimi-k3").efforts([document("a", 3_000)], strategy="full")

    assert rows[0].cut
    assert "paid for too" in (rows[0].reason or "")
    assert not [row.cut for row in rows if row.effort == "low"][-1]


def test_a_plans_ceiling_is_the_one_shown_beside_its_effort(home: Path) -> None:
    asker, doc = Client("kimi-k3"), document("a", 3_000)

    rows = asker.efforts([doc], question="Rent?", strategy="full", lengths=(8_192,))

    plan = asker.plan("Rent?", [doc], strategy="full", effort="high", max_completion_tokens=8_192)
    assert rows[1].estimate == plan.estimate


def test_a_model_without_efforts_has_a_row_for_each_length(home: Path) -> None:
    rows = client(home, TIERED).efforts([document("a", 3_000)], lengths=(4_096,))

    assert [row.effort for row in rows] == [None]


# Every other model ------------------------------------------------------------------------------


def offers(home: Path, **named: Any) -> list[Any]:
    return Client("kimi-k3", home=home).compare(
        "What is the rent?", [document("a", 3_000)], **named
    )


def test_a_question_is_priced_on_every_model_cheapest_first(home: Path) -> None:
    found = offers(home, strategy="full")

    priced = [each for each in found if each.cost and each.fits]
    dollars = [each.cost.expected for each in priced if each.currency == "USD"]
    assert dollars == sorted(dollars)
    assert len(found) > 500
    assert {"api.moonshot.ai", "api.openai.com", "api.deepseek.com"} <= {o.host for o in found}


def test_unknown_prices_are_null_and_last(home: Path) -> None:
    found = offers(home)

    unpriced = [each.cost is None for each in found]
    assert unpriced == sorted(unpriced)
    assert found[-1].to_json()["cost"] is None


def test_a_models_own_vocabulary_counts_where_it_is_at_hand(home: Path) -> None:
    named = {(each.host, each.model): each for each in offers(home, strategy="full")}

    assert named["api.moonshot.ai", "kimi-k3"].margin == 0
    assert named["api.openai.com", "gpt-4o"].margin == 0
    assert named["api.anthropic.com", "claude-sonnet-5"].margin > 0


def test_the_model_that_is_asked_costs_what_its_estimate_says(home: Path) -> None:
    asker, doc = Client("kimi-k3", home=home), document("a", 3_000)

    row = next(each for each in asker.compare("Rent?", [doc], strategy="full") if each.asked)

    guess = asker.estimate("Rent?", [doc], strategy="full")
    assert row.prompt_tokens == guess.prompt_tokens
    assert row.cost is not None
    assert row.cost.expected == guess.cost.cold


def test_what_does_not_fit_says_why(home: Path) -> None:
    found = client(home, TIERED).compare("Rent?", [document("a", 70_000)], strategy="full")

    small = next(each for each in found if each.model == "tiered")
    assert small.fits is False
    assert "it holds 60,000" in (small.reason or "")


def test_the_book_brings_a_model_of_ones_own_and_its_batch_price(home: Path) -> None:
    (home / "prices.toml").write_text(
        '["mine"]\nprompt = 0\ncompletion = 0\nhost = "127.0.0.1:11434"\n'
        "[mine.batch]\nprompt = 0\ncompletion = 0\n"
    )

    mine = next(each for each in offers(home) if each.model == "mine")

    assert (mine.host, mine.batch) == ("127.0.0.1:11434", 0)
    assert mine.cost is not None
    assert mine.cost.expected == 0


def test_what_fits_stands_before_what_may_fit_and_that_before_what_does_not(home: Path) -> None:
    books = {"small": 2_000, "sure": 900_000, "unsure": None}
    rows = [
        f'["{name}"]\nprompt = "0.000001"\ncompletion = "0.000001"\nhost = "127.0.0.1:9"\n'
        + (f"context_window = {window}\n" if window else "")
        for name, window in books.items()
    ]
    (home / "prices.toml").write_text("".join(rows))
    asker = Client("sure", base_url=LOOPBACK, home=home)

    found = asker.compare("Rent?", [document("a", 3_000)], strategy="full")
    own = [each for each in found if each.host == "127.0.0.1:9"]

    assert [(each.model, each.fits) for each in own] == [
        ("sure", True), ("unsure", None), ("small", False),
    ]  # fmt: skip
    ranks = [(True, None, False).index(each.fits) for each in found if each.cost]
    assert ranks == sorted(ranks)


def test_the_few_that_are_shown_are_of_each_currency_and_hold_the_one_that_is_asked(
    home: Path,
) -> None:
    found = offers(home)
    cheapest = {unit: next(x for x in found if x.currency == unit) for unit in ("USD", "CNY")}

    shown = few(found, 15)

    assert 15 <= len(shown) <= 16
    assert any(each.asked for each in shown)
    assert {each.currency for each in shown} == {"USD", "CNY"}
    assert all(each in shown for each in cheapest.values())
    assert [found.index(each) for each in shown] == sorted(found.index(each) for each in shown)
    assert few(found, 10_000) == [each for each in found if each.cost and each.fits is not False]


def test_the_terminal_says_why_models_are_too_small(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    long = home / "long.txt"
    long.write_text("rent " * 150_000)

    run(["compare", str(long), "--model", "kimi-k3", "--strategy", "full", "--limit", "500"])

    told = capsys.readouterr().out
    table, _, small = told.partition("These do not fit:")
    assert "it holds 131,072." in small
    assert "it holds" not in table


def test_a_finished_answer_is_priced_with_what_was_written(home: Path, samples: Path) -> None:
    local = Client("local", home=home)
    answer = local.ask("What is the rent?", [str(samples / "lease.md")])
    used = answer.usage
    assert used is not None

    found = Client("kimi-k3", home=home).compare(answer=answer.id)

    k3 = next(each for each in found if (each.host, each.model) == ("api.moonshot.ai", "kimi-k3"))
    assert k3.prompt_tokens == used.prompt_tokens
    assert k3.completion_tokens.expected == used.completion_tokens
    with pytest.raises(BadRequestError, match="Call 99"):
        local.compare(answer="99")


@pytest.mark.parametrize(
    ("endpoint", "model"),
    [("api.deepseek.com", "deepseek-v4-flash"), ("api.moonshot.cn", "kimi-k3")],
)
def test_an_answer_stays_where_it_was_given(home: Path, endpoint: str, model: str) -> None:
    book, doc = Client("kimi-k3", home=home), document("a", 3_000)
    used, paid = Usage(3_100, 400, 0), Cost(Decimal("0.001"))
    quote = book.estimate("Rent?", [doc], strategy="full")
    price = get_model(model, base_url=url_at(endpoint)).price
    number = book.ledger.reserve(
        model=model, endpoint=endpoint, strategy="full", estimate=quote, price=price,
        budget=Budget(), max_cost=Decimal(99), documents=[(doc.id, doc.name)],
    )  # fmt: skip
    book.ledger.settle(number, used, paid, 2.0)

    found = book.compare("Rent?", [doc], answer=number)

    (asked,) = [each for each in found if each.asked]
    assert (asked.host, asked.model) == (endpoint, model)
    assert asked.price == price
    assert asked.prompt_tokens == 3_100


def test_the_terminal_compares(
    home: Path, capsys: pytest.CaptureFixture[str], samples: Path
) -> None:
    path = str(samples / "lease.md")

    code = run(["compare", path, "-q", "Rent?", "--model", "kimi-k3", "--models", "kimi", "--json"])

    rows = json.loads(capsys.readouterr().out)["offers"]
    assert code == 0
    assert all("kimi" in row["model"].lower() for row in rows)
    assert run(["compare", path, "--model", "kimi-k3", "--limit", "3"]) == 0
    assert "nothing cached" in capsys.readouterr().out
    assert run(["compare"]) == 2


# Past usage -------------------------------------------------------------------------------------


def test_past_usage_is_priced_again_on_another_model(
    home: Path, capsys: pytest.CaptureFixture[str], samples: Path
) -> None:
    answer = Client("local", home=home).ask("What is the rent?", [str(samples / "lease.md")])
    assert answer.usage is not None

    assert run(["ledger", "--reprice", "kimi-k3", "--json", "--home", str(home)]) == 0

    told = json.loads(capsys.readouterr().out)["repriced"]
    from kimiqa import cost_of

    now = cost_of(Usage(answer.usage.prompt_tokens, answer.usage.completion_tokens, 0), "kimi-k3")
    assert (told["calls"], told["was"]) == (1, {"USD": "0"})
    assert Cost(Decimal(told["now"]["amount"]), told["now"]["currency"]) == now


def test_repricing_takes_a_time_and_an_unknown_price_is_null(
    home: Path, capsys: pytest.CaptureFixture[str], samples: Path
) -> None:
    Client("local", home=home).ask("What is the rent?", [str(samples / "lease.md")])

    run(["ledger", "--reprice", "nameless", "--json"])
    run(["ledger", "--reprice", "kimi-k3", "--until", "2001-01-01", "--json"])

    one, other = map(json.loads, capsys.readouterr().out.splitlines())
    assert one["repriced"]["now"]["amount"] is None
    assert other["repriced"]["calls"] == 0


def test_an_answer_cut_short_by_the_account_is_told_beforehand_with_the_numbers(home: Path) -> None:
    plan = limited(home, 14_000).plan("What is the rent?", [document("a", 2_000)], strategy="full")

    limit = plan.requests[0].max_completion_tokens
    assert 4_096 <= limit < 16_384
    assert plan.warnings[-1] == (
        f"The answer may have {limit:,} completion tokens at most, reasoning included, instead of "
        "16,384: your account admits 14,000 tokens a minute, prompt and answer together."
    )


def test_an_answer_cut_short_by_a_cap_is_told_beforehand_with_the_numbers(home: Path) -> None:
    asker = Client("kimi-k3", base_url="http://localhost:1/v1", api_key="k", home=home)

    plan = asker.plan("Rent?", [document("a", 2_000)], strategy="full", max_cost="0.10")

    limit = plan.requests[0].max_completion_tokens
    assert plan.warnings[-1] == (
        f"The answer may have {limit:,} completion tokens at most, reasoning included, instead of "
        "16,384: the tightest cap leaves $0.10, and the ceiling has to stay under it."
    )


def test_an_answer_that_has_its_room_needs_no_word(home: Path) -> None:
    plan = limited(home, None).plan("Rent?", [document("a", 2_000)], strategy="full")

    assert not any("completion tokens at most" in note for note in plan.warnings)


@pytest.mark.parametrize("strategy", ["swarm", "research", "digest"])
def test_of_several_calls_no_one_prompt_is_weighed(strategy: Any) -> None:
    for weigh in (Client("kimi-k3").efforts, partial(Client("kimi-k3").compare, QUESTION)):
        with pytest.raises(BadRequestError, match=f"one prompt, and {strategy} makes several"):
            weigh([lease()], strategy=strategy)

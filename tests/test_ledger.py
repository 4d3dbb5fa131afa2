"""The ledger: caps hold on both sides of the edge, every call ends once, nothing is mislaid."""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
import subprocess
import sys
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ledger_writer import PRICE, USED, estimate, reserve, settle

from kimiqa.errors import (
    BadRequestError,
    KimiqaError,
    LedgerError,
    OverCapError,
    PriceUnknownError,
)
from kimiqa.ledger import Breach, Budget, Ledger, cap_warnings, host_of, schema
from kimiqa.money import Cost, Price, Usage
from kimiqa.plan import Segment

NOON = datetime(2026, 11, 22, 12).timestamp()
DAY, MINUTE = 86_400.0, 60.0
YUAN = replace(PRICE, currency="CNY")


class Clock:
    """Wall-clock seconds that a test sets."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["memory", "file"])
def ledger(request: pytest.FixtureRequest, home: Path, clock: Clock) -> Iterator[Ledger]:
    with Ledger.open(home if request.param == "file" else None, clock) as opened:
        yield opened


# Caps -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "budget",
    [Budget(), Budget(question=None, day=Decimal("2.00")), Budget(None, None, Decimal("2.00"))],
    ids=["question", "day", "month"],
)
def test_a_ceiling_may_fill_a_cap_but_not_pass_it(ledger: Ledger, budget: Budget) -> None:
    with pytest.raises(OverCapError):
        reserve(ledger, "2.000001", budget=budget)

    assert ledger.calls() == []
    assert reserve(ledger, "2.00", budget=budget)


def test_a_refusal_names_the_numbers_and_the_next_step(ledger: Ledger) -> None:
    reserve(ledger, "0.80")

    with pytest.raises(OverCapError) as refused:
        reserve(ledger, "0.4215873", budget=Budget(day=Decimal("1.00")))

    assert str(refused.value) == (
        "This question may cost up to $0.43; this day's cap is $1.00, of which $0.80 are "
        "spent or reserved, so $0.20 are left. Wait for the next day, raise its cap in the "
        "settings, or choose a cheaper way."
    )


@given(
    limit=st.decimals("0.0001", "50", places=4),
    spent=st.decimals("0", "50", places=7),
    over=st.decimals("0.0000001", "3", places=7),
)
def test_what_is_over_a_cap_is_never_told_as_it(
    limit: Decimal, spent: Decimal, over: Decimal
) -> None:
    left = limit - min(spent, limit)
    breach = Breach("day", limit, left, left + over, "USD")

    told = [Decimal(each) for each in re.findall(r"\$(\d+\.\d+)", breach.error().message)]

    ceiling, cap, used, rest = told
    assert ceiling > rest
    assert cap == limit == used + rest
    assert rest <= left


def test_max_cost_stands_for_the_cap_per_question(ledger: Ledger) -> None:
    with pytest.raises(OverCapError, match=r"the cap per question is \$0\.25"):
        reserve(ledger, "0.26", budget=Budget(), max_cost=Decimal("0.25"))

    assert reserve(ledger, "3.00", budget=Budget(), max_cost=Decimal("3.00"))


def end_call(ledger: Ledger, call_id: str, end: str, amount: Decimal) -> None:
    """End a call in one of the four ways, or leave it reserved."""
    match end:
        case "settle":
            settle(ledger, call_id, amount)
        case "estimate":
            ledger.estimate(call_id, USED, Cost(amount), "the stream broke off")
        case "unknown":
            ledger.unknown(call_id, "no reply")
        case "release":
            ledger.release(call_id, "429")


COUNTED = {
    "nothing": "0.10",
    "settle": "0.05",
    "estimate": "0.10",
    "unknown": "0.10",
    "release": "0",
}


@pytest.mark.parametrize(("end", "counted"), COUNTED.items())
def test_what_each_end_counts_against_a_cap(ledger: Ledger, end: str, counted: str) -> None:
    call_id = reserve(ledger, "0.10")

    end_call(ledger, call_id, end, Decimal("0.05"))

    assert ledger.spent("day") == ledger.spent("month") == Decimal(counted)


def test_a_new_day_and_a_new_month_begin_with_nothing_spent(ledger: Ledger, clock: Clock) -> None:
    reserve(ledger, "0.10")

    clock.now += DAY
    next_day = ledger.spent("day"), ledger.spent("month")
    clock.now += 10 * DAY

    assert next_day == (0, Decimal("0.10"))
    assert ledger.spent("month") == 0


def test_a_cap_binds_only_its_own_currency(ledger: Ledger) -> None:
    budget = Budget(question=Decimal("1"), day=Decimal("1"))

    reserve(ledger, "5", price=YUAN, budget=budget)

    assert ledger.spent("day", "CNY") == 5
    assert ledger.headroom("CNY", budget) == 15
    assert ledger.headroom("USD", budget) == 1
    assert cap_warnings(budget, "CNY") == (
        "The caps per question and day are in USD and do not bind this cost in CNY.",
    )
    assert cap_warnings(Budget(), "CNY") == ()
    assert cap_warnings(budget, "USD") == cap_warnings(Budget(None), "CNY") == ()


def test_each_currency_has_its_caps_and_the_usual_one_where_none_was_named(ledger: Ledger) -> None:
    yuan = Budget(question=Decimal(30), day=Decimal(40), currency="CNY")

    reserve(ledger, "15.00", price=YUAN, budget=Budget())
    with pytest.raises(OverCapError, match=r"the cap per question is 15\.00 CNY"):
        reserve(ledger, "15.01", price=YUAN, budget=Budget())
    reserve(ledger, "20", price=YUAN, budget=Budget(beside=(yuan,)))
    with pytest.raises(OverCapError, match=r"this day's cap is 40\.00 CNY, of which 35\.00"):
        reserve(ledger, "5.01", price=YUAN, budget=Budget(beside=(yuan,)))
    with pytest.raises(OverCapError, match=r"the cap per question is \$2\.00"):
        reserve(ledger, "2.01", budget=yuan)


def test_a_cost_in_a_currency_without_a_cap_is_refused_as_an_unknown_price_is(
    ledger: Ledger,
) -> None:
    euros = replace(PRICE, currency="EUR")
    freely = Budget(beside=(Budget(None, currency="EUR"),))

    with pytest.raises(
        OverCapError, match=r"may cost up to 0\.010 EUR, and there is no cap in EUR"
    ):
        reserve(ledger, "0.01", price=euros, budget=Budget())
    assert ledger.headroom("EUR", Budget()) == 0

    assert reserve(ledger, "0.01", price=euros, budget=Budget(), max_cost=Decimal("0.01"))
    assert reserve(ledger, "99", price=euros, budget=freely)


@pytest.mark.parametrize(
    "caps",
    [
        {"question": Decimal("NaN")}, {"question": 2.0}, {"question": Decimal("Infinity")},
        {"day": Decimal(-1)}, {"month": True}, {"conversation": "two"}, {"labels": {"x": 1.5}},
    ],
)  # fmt: skip
def test_a_budget_of_what_is_no_money_is_refused(caps: Any) -> None:
    with pytest.raises(BadRequestError, match="amount of money"):
        Budget(**caps)


def test_a_budget_takes_amounts_as_questions_do() -> None:
    written: Any = {"question": "2.50", "day": 5, "labels": {"x": "0.10"}}

    budget = Budget(**written)

    assert (budget.question, budget.day) == (Decimal("2.50"), Decimal(5))
    assert budget.of_label("x") == Decimal("0.10")
    with pytest.raises(BadRequestError, match="two budgets in CNY"):
        Budget(beside=(Budget(currency="CNY"), Budget(currency="cny")))


def test_a_cap_in_no_currency_is_refused_for_it_would_bind_nothing(ledger: Ledger) -> None:
    with pytest.raises(BadRequestError, match="'dollars' is no currency"):
        Budget(currency="dollars")

    with pytest.raises(OverCapError):
        reserve(ledger, "0.10", budget=Budget(question=Decimal("0.09"), currency="usd"))


def test_a_cap_given_for_this_question_binds_in_any_currency(ledger: Ledger) -> None:
    with pytest.raises(OverCapError, match=r"5\.00 CNY; the cap per question is 2\.00 CNY"):
        reserve(ledger, "5", price=YUAN, budget=Budget(), max_cost=Decimal(2))


def test_what_is_free_passes_even_when_a_cap_is_used_up(ledger: Ledger) -> None:
    free = Price(Decimal(0), Decimal(0), basis="embedded")
    reserve(ledger, "1.00")

    assert reserve(ledger, "0", price=free, budget=Budget(day=Decimal("0.50")))


def test_an_unknown_price_needs_an_explicit_word(ledger: Ledger) -> None:
    with pytest.raises(PriceUnknownError, match="no price for kimi-k3"):
        reserve(ledger, None, price=None)

    call_id = reserve(ledger, None, price=None, allow_unpriced=True)
    ledger.settle(call_id, USED, Cost(None), 1.0)
    assert ledger.to_json()["calls"][0]["cost"] is None
    assert ledger.totals() == {}


def test_headroom_and_breach_ask_without_reserving(ledger: Ledger) -> None:
    budget = Budget(question=Decimal("0.50"), day=Decimal("1.00"))
    reserve(ledger, "0.80")

    breach = ledger.breach(Decimal("0.21"), "USD", budget)

    assert ledger.headroom("USD", budget) == Decimal("0.20")
    assert breach is not None
    assert (breach.cap, breach.left) == ("day", Decimal("0.20"))
    assert ledger.breach(Decimal("0.20"), "USD", budget) is None
    assert len(ledger.calls()) == 1


def test_fifty_threads_admit_exactly_what_fits(ledger: Ledger) -> None:
    budget = Budget(question=None, day=Decimal("1.05"))

    def admitted(_: int) -> bool:
        try:
            reserve(ledger, "0.10", budget=budget)
        except OverCapError:
            return False
        return True

    with ThreadPoolExecutor(50) as pool:
        assert sum(pool.map(admitted, range(50))) == 10


money = st.decimals("0", "1", places=4)
share = st.decimals("0", "1", places=3)
steps = st.lists(st.tuples(money, share, st.sampled_from([*COUNTED])), max_size=25)


@settings(max_examples=40, deadline=None)
@given(cap=st.decimals("0", "3", places=2), steps=steps)
def test_reservations_and_settlements_never_pass_the_cap(
    cap: Decimal, steps: list[tuple[Decimal, Decimal, str]]
) -> None:
    with Ledger.open(None, Clock()) as ledger:
        for ceiling, part, end in steps:
            left = cap - ledger.spent("day")
            try:
                call_id = reserve(ledger, ceiling, budget=Budget(question=None, day=cap))
            except OverCapError:
                assert ceiling > left
                continue
            assert ceiling <= left
            end_call(ledger, call_id, end, ceiling * part)
            assert ledger.spent("day") <= cap


# Receipts ---------------------------------------------------------------------------------------


def test_a_receipt_keeps_what_it_was_asked_under(ledger: Ledger) -> None:
    call_id = reserve(
        ledger,
        documents=[("ab12", "lease.pdf")],
        question="Who may terminate?",
        conversation="talk",
        label="client 7",
    )
    settle(ledger, call_id, "0.0512")

    call = ledger.call(call_id)

    assert call is not None
    assert (call.model, call.endpoint, call.strategy) == ("kimi-k3", "api.moonshot.ai", "full")
    assert (call.usage, call.cost, call.seconds) == (USED, Cost(Decimal("0.0512")), 1.5)
    assert (call.ceiling, call.estimate) == (Cost(Decimal("0.10")), estimate("0.10").to_json())
    assert call.prices == PRICE.to_json()
    assert call.documents == (("ab12", "lease.pdf"),)
    assert (call.conversation, call.label, call.created) == ("talk", "client 7", NOON)


def test_neither_the_question_nor_a_secret_in_the_url_is_kept(home: Path) -> None:
    with Ledger.open(home) as ledger:
        reserve(ledger, question="What of clause 9?", endpoint="https://me:hunter2@example.org/v1")

    written = (home / "ledger.db").read_bytes()
    assert b"clause 9" not in written
    assert b"hunter2" not in written


def test_the_json_says_what_is_known_and_what_is_not(ledger: Ledger) -> None:
    settle(ledger, reserve(ledger), "0.07")
    settle(ledger, reserve(ledger, price=YUAN, estimate=estimate("1", "CNY")), "0")
    ledger.estimate(reserve(ledger), USED, Cost(Decimal("0.01")), "no usage came")
    ledger.unknown(reserve(ledger, "0.30"))
    ledger.release(reserve(ledger))
    reserve(ledger, "0.40")

    found = json.loads(json.dumps(ledger.to_json()))

    assert found["total"] == {"USD": "0.08"}
    assert found["uncertain"] == {"USD": "0.30"}
    assert found["reserved"] == {"USD": "0.40"}
    rows = [(row["state"], row["cost"] and row["cost"]["amount"]) for row in found["calls"]]
    assert rows == [
        ("reserved", None),
        ("released", "0"),
        ("unknown", None),
        ("estimated", "0.01"),
        ("settled", "0"),
        ("settled", "0.07"),
    ]
    assert found["calls"][-1]["usage"] == USED.to_json()


def test_amounts_are_exact_however_many(ledger: Ledger) -> None:
    for _ in range(30):
        settle(ledger, reserve(ledger), "0.0000001")

    assert ledger.totals() == {"USD": Decimal("0.0000030")}


def test_a_cost_that_may_be_too_low_weighs_its_ceiling(ledger: Ledger) -> None:
    ledger.estimate(reserve(ledger, "0.40"), USED, Cost(Decimal("0.01")), "the stream broke off")

    assert ledger.totals() == {"USD": Decimal("0.01")}
    assert ledger.spent("day") == Decimal("0.40")


def test_a_cost_that_can_only_be_too_high_weighs_itself(ledger: Ledger) -> None:
    paid = Cost(Decimal("0.02"))
    ledger.estimate(reserve(ledger, "0.40"), USED, paid, "no cached tokens told", final=True)

    assert ledger.spent("day") == Decimal("0.02")


@pytest.mark.parametrize("state", ["settled", "estimated", "unknown", "released"])
def test_a_call_ends_only_once(ledger: Ledger, state: str) -> None:
    call_id = reserve(ledger)
    ends = {
        "settled": lambda: settle(ledger, call_id),
        "estimated": lambda: ledger.estimate(call_id, USED, Cost(Decimal(0))),
        "unknown": lambda: ledger.unknown(call_id),
        "released": lambda: ledger.release(call_id),
    }
    ends[state]()

    for late, end in ends.items():
        if (state, late) != ("unknown", "settled"):
            with pytest.raises(ValueError, match=f"is {state}: it cannot become {late}"):
                end()


def test_an_unknown_call_may_still_be_settled(ledger: Ledger) -> None:
    call_id = reserve(ledger)
    ledger.unknown(call_id, "no reply")

    settle(ledger, call_id, "0.02")

    assert ledger.totals() == {"USD": Decimal("0.02")}
    assert ledger.spent("day") == Decimal("0.02")


@pytest.mark.parametrize("call_id", ["99", "", "x", "-1", "²"])
def test_a_call_that_is_not_there(ledger: Ledger, call_id: str) -> None:
    assert ledger.call(call_id) is None
    with pytest.raises(KeyError, match="no call"):
        ledger.unknown(call_id)


def test_calls_come_newest_first_even_when_the_clock_jumps_back(
    ledger: Ledger, clock: Clock
) -> None:
    first = reserve(ledger)
    clock.now -= DAY
    second = reserve(ledger, label="later")

    assert [call.id for call in ledger.calls()] == [second, first]
    assert [call.id for call in ledger.calls(1)] == [second]
    assert [call.id for call in ledger.calls(since=NOON)] == [first]
    assert [call.id for call in ledger.calls(until=NOON)] == [second]
    assert [call.id for call in ledger.calls(label="later")] == [second]


# Starting again ---------------------------------------------------------------------------------


def test_a_start_takes_only_calls_past_their_time_for_lost(home: Path, clock: Clock) -> None:
    with Ledger.open(home, clock) as ledger:
        lost = reserve(ledger, lifetime_seconds=300)
        waiting = reserve(ledger, lifetime_seconds=3000)
    clock.now += 300 + 2 * MINUTE

    with Ledger.open(home, clock) as ledger:
        states = {call.id: call.state for call in ledger.calls()}
        assert states == {lost: "unknown", waiting: "reserved"}
        assert ledger.spent("day") == Decimal("0.20")
        assert ledger.recover() == 0


def test_a_ledger_kept_in_memory_is_gone_when_closed() -> None:
    with Ledger.open(None) as ledger:
        reserve(ledger)

    with Ledger.open(None) as ledger:
        assert ledger.calls() == []


def test_the_module_alone_does_not_load_the_database_library() -> None:
    code = "import sys, kimiqa.ledger; print('sqlalchemy' in sys.modules)"

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert said.stdout == "False\n"


def test_an_older_ledger_is_brought_up_to_date(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Ledger.open(home) as ledger:
        reserve(ledger)
    newest = schema.VERSION
    monkeypatch.setattr(schema, "VERSION", newest + 1)
    monkeypatch.setitem(schema.STEPS, newest, ("ALTER TABLE calls ADD COLUMN extra TEXT",))

    with Ledger.open(home) as ledger:
        assert len(ledger.calls()) == 1

    with closing(sqlite3.connect(home / "ledger.db")) as connection:
        assert connection.execute("SELECT extra FROM calls").fetchall() == [(None,)]
        found = connection.execute("SELECT version FROM schema_version").fetchall()
    assert found == [(newest + 1,)]


def test_a_newer_ledger_is_left_alone(home: Path) -> None:
    Ledger.open(home).close()
    with closing(sqlite3.connect(home / "ledger.db")) as connection, connection:
        connection.execute("UPDATE schema_version SET version = 9")

    with pytest.raises(LedgerError, match=f"has version 9; this kimiqa knows {schema.VERSION}"):
        Ledger.open(home)


# Where it cannot be written ---------------------------------------------------------------------


def fill_disk(ledger: Ledger) -> None:
    """Let the database grow no further, as a full disk would."""
    with ledger._database.write() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")


def test_on_a_full_disk_nothing_is_sent_and_the_old_rows_are_readable(ledger: Ledger) -> None:
    settle(ledger, reserve(ledger), "0.07")
    fill_disk(ledger)

    with pytest.raises(LedgerError, match=r"the disk is full\. Nothing was sent") as refused:
        reserve(ledger, question="?", documents=[("id", "long name " * 10_000)])

    assert refused.value.exit_code == 3
    assert "INSERT" not in str(refused.value)
    assert ledger.calls(state="settled")[0].cost == Cost(Decimal("0.07"))
    assert ledger.totals() == {"USD": Decimal("0.07")}


def test_a_turn_that_cannot_be_kept_does_not_say_that_nothing_was_sent(ledger: Ledger) -> None:
    fill_disk(ledger)
    noise = [hash((n, "noise")) for n in range(20_000)]

    with pytest.raises(KimiqaError, match="the disk is full") as failed:
        ledger.save_turn("talk", 1, {"noise": noise})

    assert not isinstance(failed.value, LedgerError)
    assert ledger.turns("talk") == []


def test_a_receipt_that_cannot_be_written_leaves_the_call_at_its_ceiling(home: Path) -> None:
    with Ledger.open(home) as ledger:
        call_id = reserve(ledger, "0.10")
        with ledger._database.read() as connection:
            connection.exec_driver_sql("PRAGMA query_only = ON")

        with pytest.raises(KimiqaError, match=f"Call {call_id} was sent and stays reserved"):
            settle(ledger, call_id)

        assert ledger.spent("day") == Decimal("0.10")


def test_a_file_that_is_no_ledger_is_not_touched(home: Path) -> None:
    (home / "ledger.db").write_text("my own notes, " * 100)

    with pytest.raises(LedgerError, match="the file is not a ledger"):
        Ledger.open(home)

    assert (home / "ledger.db").read_text() == "my own notes, " * 100


def test_a_home_that_cannot_be_a_folder_says_so(home: Path) -> None:
    (home / "file").write_text("")

    with pytest.raises(LedgerError, match=r"cannot be made: .*Choose a folder you may write to"):
        Ledger.open(home / "file" / "below")


# What receipts teach ----------------------------------------------------------------------------


def test_history_holds_settled_calls_of_the_same_kind_newest_first(ledger: Ledger) -> None:
    for tokens in (100, 200, 300):
        ledger.settle(reserve(ledger), Usage(10, tokens), Cost(Decimal(0)), tokens / 10)
    settle(ledger, reserve(ledger, effort=None))
    settle(ledger, reserve(ledger, strategy="chunks"))
    ledger.unknown(reserve(ledger))

    found = ledger.history("kimi-k3", "full", "low", limit=2)

    assert found == [(Usage(10, 300), 30.0), (Usage(10, 200), 20.0)]
    assert ledger.history("kimi-k3", "full", None) == [(USED, 1.5)]


def test_accuracy_counts_costs_inside_their_range(ledger: Ledger) -> None:
    for amount in ("0.01", "0.09", "0.095", "0.04"):  # 0.01 to 0.09, expected 0.05
        settle(ledger, reserve(ledger, "0.10"), amount)
    settle(ledger, reserve(ledger, "0"), "0")
    ledger.unknown(reserve(ledger))

    found = ledger.accuracy()

    assert (found.calls, found.cost_within, found.prompt_error) == (4, 0.75, 0.0)
    assert found.cost_error == pytest.approx((0.04 / 0.09 + 0.045 / 0.095) / 2)


def test_accuracy_without_receipts_knows_nothing(ledger: Ledger) -> None:
    assert ledger.accuracy().to_json() == {
        "calls": 0,
        "cost_within": None,
        "cost_error": None,
        "prompt_error": None,
    }


# The provider's prefix cache --------------------------------------------------------------------

WHERE = ("https://api.moonshot.ai/v1", "kimi-k3", "low")
PROMPT = [Segment("rules", 300), Segment("rules+lease", 10_000), Segment("rules+lease+q1", 10_030)]


def test_the_longest_warm_prefix_counts_in_whole_blocks(ledger: Ledger) -> None:
    ledger.remember_prefix(*WHERE, PROMPT, ttl_seconds=300)

    again = [*PROMPT[:2], Segment("rules+lease+q2", 10_040)]
    found = ledger.warm_tokens(*WHERE, again)

    assert found == (10_000 // 256 * 256, NOON + 300)
    assert ledger.warm_tokens(*WHERE, [Segment("other", 9_000)]) == (0, None)


@pytest.mark.parametrize(("tokens", "cached"), [(255, 0), (256, 256), (511, 256), (512, 512)])
def test_a_prefix_below_the_minimum_is_not_cached(ledger: Ledger, tokens: int, cached: int) -> None:
    ledger.remember_prefix(*WHERE, [Segment("short", tokens)], ttl_seconds=300)

    assert ledger.warm_tokens(*WHERE, [Segment("short", tokens)])[0] == cached


def test_a_prefix_is_warm_until_it_expires_and_a_hit_renews_it(
    ledger: Ledger, clock: Clock
) -> None:
    ledger.remember_prefix(*WHERE, PROMPT, ttl_seconds=300)
    clock.now += 200
    ledger.remember_prefix(*WHERE, PROMPT[:2], ttl_seconds=300)
    clock.now += 299.9
    warm = ledger.warm_tokens(*WHERE, PROMPT)
    clock.now += 0.1

    assert warm == (9_984, NOON + 500)
    assert ledger.warm_tokens(*WHERE, PROMPT) == (0, None)


def test_a_short_renewal_does_not_shorten_a_long_life(ledger: Ledger) -> None:
    ledger.remember_prefix(*WHERE, PROMPT, ttl_seconds=3600)
    ledger.remember_prefix(*WHERE, PROMPT, ttl_seconds=300)

    assert ledger.warm_tokens(*WHERE, PROMPT)[1] == NOON + 3600


@pytest.mark.parametrize(
    "elsewhere",
    [
        ("https://api.moonshot.cn/v1", "kimi-k3", "low"),
        ("https://api.moonshot.ai/v1", "kimi-k2.6", "low"),
        ("https://api.moonshot.ai/v1", "kimi-k3", None),
    ],
    ids=["endpoint", "model", "effort"],
)
def test_nothing_is_warm_elsewhere(ledger: Ledger, elsewhere: tuple[str, str, str | None]) -> None:
    ledger.remember_prefix(*WHERE, PROMPT, ttl_seconds=300)

    assert ledger.warm_tokens(*elsewhere, PROMPT) == (0, None)


def test_expired_prefixes_are_removed_and_many_are_no_trouble(ledger: Ledger, clock: Clock) -> None:
    many = [Segment(f"{n:064}", n * 100) for n in range(1, 1201)]
    ledger.remember_prefix(*WHERE, many, ttl_seconds=300)
    assert ledger.warm_tokens(*WHERE, many)[0] == 120_000 // 256 * 256
    clock.now += 300

    ledger.remember_prefix(*WHERE, PROMPT, ttl_seconds=300)

    with ledger._database.read() as connection:
        rows = connection.execute(schema.prefixes.select()).all()
    assert {row.digest for row in rows} == {segment.digest for segment in PROMPT}


# Conversations ----------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(text=st.text(st.characters(exclude_categories=())))
def test_a_turn_comes_back_to_the_character(text: str) -> None:
    with Ledger.open(None) as ledger:
        ledger.save_turn("talk", 1, {"user": text, "pages": [1, 2], "answer": None})

        assert ledger.turns("talk") == [{"user": text, "pages": [1, 2], "answer": None}]


def test_turns_come_in_order_and_replace_their_own_number(ledger: Ledger) -> None:
    ledger.save_turn("talk", 2, {"q": "second"})
    ledger.save_turn("talk", 1, {"q": "first"})
    ledger.save_turn("talk", 2, {"q": "second, again"})

    assert ledger.turns("talk") == [{"q": "first"}, {"q": "second, again"}]
    assert ledger.turns("nobody") == []


def test_conversations_are_listed_newest_first_and_forgotten(ledger: Ledger, clock: Clock) -> None:
    for conversation, number in (("a", 1), ("b", 1), ("a", 2)):
        clock.now += 1
        ledger.save_turn(conversation, number, {})

    listed = [(each.id, each.turns, each.updated - each.created) for each in ledger.conversations()]

    assert listed == [("a", 2, 2.0), ("b", 1, 0.0)]
    assert ledger.delete_conversation("a")
    assert not ledger.delete_conversation("a")
    assert [each.id for each in ledger.conversations()] == ["b"]


def test_a_host_is_all_that_is_kept_of_an_endpoint() -> None:
    urls = [
        "http://kimiqa.local/v1",
        "https://API.moonshot.cn",
        "127.0.0.1:8000",
        "http://[::1]:9/",
    ]

    hosts = [host_of(url) for url in urls]

    assert hosts == ["kimiqa.local", "api.moonshot.cn", "127.0.0.1:8000", "[::1]:9"]


def test_a_conversation_has_the_name_it_was_given_else_its_first_question(ledger: Ledger) -> None:
    first = {"question": "Who pays?", "answer": "The tenant.", "documents": [["1", "lease.pdf"]]}
    ledger.save_turn("talk", 1, first)
    ledger.save_turn("talk", 2, {"question": "And when?", "answer": "In May.", "documents": []})

    before = ledger.conversations()[0]
    ledger.name_conversation("talk", "Rent")
    after = ledger.conversations()[0]

    assert (before.title, before.documents) == ("Who pays?", (("1", "lease.pdf"),))
    assert (after.title, after.created, after.updated) == ("Rent", before.created, before.updated)
    assert ledger.turns("talk")[0] == {**first, "name": "Rent"}
    ledger.name_conversation("nobody", "Nothing")


@pytest.mark.parametrize("words", ["tenant", "IN MAY", "lease.pdf", "the garden"])
def test_conversations_are_found_by_what_stands_in_them(ledger: Ledger, words: str) -> None:
    row = {"question": "Who pays?", "answer": "The Tenant.", "documents": [["1", "Lease.pdf"]]}
    ledger.save_turn("talk", 1, row)
    ledger.save_turn("talk", 2, {"question": "When?", "answer": "In May.", "documents": []})
    ledger.save_turn("other", 1, {"question": "What?", "answer": "Nothing.", "documents": []})
    ledger.name_conversation("talk", "The garden")

    assert ledger.conversations_with(words) == {"talk"}


def test_a_deleted_conversation_is_overwritten_on_disk(tmp_path: Path) -> None:
    noise = "".join(hashlib.sha256(bytes([n])).hexdigest() for n in range(200))
    with Ledger.open(tmp_path) as ledger:
        ledger.save_turn("talk", 1, {"question": noise})
        path = tmp_path / "ledger.db"
        packed = zlib.compress(json.dumps({"question": noise}).encode())[200:260]
        assert packed in path.read_bytes()

        ledger.delete_conversation("talk")

    assert all(packed not in each.read_bytes() for each in tmp_path.iterdir() if each.is_file())

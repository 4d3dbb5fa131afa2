"""Caps by conversation and label, calls that draw from one reservation, sums, and balances."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ledger_writer import NO_CAP, PRICE, USED, estimate, reserve, settle

from kimiqa.cli import run
from kimiqa.errors import OverCapError
from kimiqa.ledger import Budget, Hold, Ledger, Scope
from kimiqa.money import Cost
from kimiqa.testing import KimiServer

NOON = datetime(2026, 11, 22, 12).timestamp()
DAY, HOUR = 86_400.0, 3_600.0
AT = "https://api.moonshot.ai/v1"


class Clock:
    """Wall-clock seconds that a test sets."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(clock: Clock) -> Iterator[Ledger]:
    with Ledger.open(None, clock) as opened:
        yield opened


# Caps -------------------------------------------------------------------------------------------


def test_a_conversation_has_its_own_cap_whatever_the_day(ledger: Ledger, clock: Clock) -> None:
    budget = Budget(question=None, conversation=Decimal("0.25"))
    reserve(ledger, "0.20", conversation="talk")
    clock.now += 40 * DAY

    with pytest.raises(OverCapError, match=r"this conversation's cap is \$0\.25.*\$0\.05 are"):
        reserve(ledger, "0.06", conversation="talk", budget=budget)

    assert reserve(ledger, "0.05", conversation="talk", budget=budget)
    assert reserve(ledger, "0.25", conversation="another", budget=budget)
    assert reserve(ledger, "9.00", budget=budget)


def test_a_label_has_its_own_cap_and_a_star_stands_for_the_others(ledger: Ledger) -> None:
    budget = Budget(question=None, labels={"client 7": Decimal("1"), "*": Decimal("0.10")})
    reserve(ledger, "0.95", label="client 7", budget=budget)

    with pytest.raises(OverCapError, match=r"label 'client 7''s cap is \$1\.00"):
        reserve(ledger, "0.06", label="client 7", budget=budget)
    with pytest.raises(OverCapError, match=r"label 'client 8''s cap is \$0\.10"):
        reserve(ledger, "0.11", label="client 8", budget=budget)

    assert reserve(ledger, "5", budget=budget)
    scope = Scope(label="client 7")
    assert ledger.headroom("USD", budget, scope=scope) == Decimal("0.05")
    assert ledger.spent("label", scope=scope) == Decimal("0.95")
    breach = ledger.breach(Decimal("0.06"), "USD", budget, scope=scope)
    assert breach is not None
    assert (breach.cap, breach.left) == ("label", Decimal("0.05"))


# One reservation, several calls -----------------------------------------------------------------


def hold(ledger: Ledger, ceiling: str | Decimal, budget: Budget = NO_CAP) -> Hold:
    return ledger.hold(
        model="kimi-k3",
        endpoint=AT,
        strategy="swarm",
        estimate=estimate(ceiling),
        price=PRICE,
        budget=budget,
        conversation="talk",
        label="client 7",
    )


def test_calls_draw_from_one_reservation_and_the_rest_is_given_back(ledger: Ledger) -> None:
    with hold(ledger, "1.00") as held:
        first = held.draw(estimate("0.40"), strategy="merge")
        settle(ledger, first, "0.10")
        assert ledger.spent("day") == 1
        second = held.draw(estimate("0.90"))
        with pytest.raises(OverCapError, match=r"up to \$0\.010; .* \$0\.00 are left"):
            held.draw(estimate("0.01"))
        ledger.release(second, "refused")
        assert ledger.spent("day") == ledger.spent("conversation", scope=Scope("talk")) == 1

    assert ledger.spent("day") == Decimal("0.10")
    call = ledger.call(first)
    assert call is not None
    assert (call.strategy, call.conversation) == ("merge", "talk")


def test_a_whole_plan_is_refused_before_its_first_call(ledger: Ledger) -> None:
    with pytest.raises(OverCapError, match="this day's cap"):
        hold(ledger, "1.01", Budget(question=None, day=Decimal(1)))

    assert ledger.spent("day") == 0


def test_nothing_can_be_drawn_once_it_was_given_back(ledger: Ledger) -> None:
    held = hold(ledger, "1.00")
    held.free()

    with pytest.raises(OverCapError):
        held.draw(estimate("0.01"))


def test_a_reservation_whose_process_was_stopped_is_freed_in_time(
    ledger: Ledger, clock: Clock
) -> None:
    hold(ledger, "1.00")
    before = ledger.spent("day")
    clock.now += HOUR

    ledger.recover()

    assert (before, ledger.spent("day")) == (1, 0)


ENDS = ("settle", "estimate", "unknown", "release", "leave")
money = st.decimals("0", "1", places=3)
draws = st.lists(st.tuples(money, st.decimals("0", "1.2", places=2), st.sampled_from(ENDS)))


CAPS = {
    "day": ("day", Scope()),
    "month": ("month", Scope()),
    "conversation": ("conversation", Scope("talk")),
    "labels": ("label", Scope(label="client 7")),
}
"""Each cap of a budget that calls share: the ledger's name for it, and whose it is."""


@pytest.mark.parametrize("names", [*((name,) for name in CAPS), tuple(CAPS)], ids=" ".join)
@settings(max_examples=25, deadline=None)
@given(
    caps=st.lists(st.decimals("0", "3", places=2), min_size=4, max_size=4),
    plans=st.lists(st.tuples(money, draws, st.booleans())),
)
def test_reservation_plus_settlement_never_passes_a_cap(
    names: tuple[str, ...],
    caps: list[Decimal],
    plans: list[tuple[Decimal, list[tuple[Decimal, Decimal, str]], bool]],
) -> None:
    limits: dict[str, Any] = dict(zip(names, caps, strict=False))
    of_label = {"labels": {"*": limits["labels"]}} if "labels" in limits else {}
    budget = Budget(**{"question": None, **limits, **of_label})

    def left(ledger: Ledger) -> Decimal:
        spent = {name: ledger.spent(CAPS[name][0], scope=CAPS[name][1]) for name in names}  # type: ignore[arg-type]
        return min(limits[name] - spent[name] for name in names)

    with Ledger.open(None, Clock()) as ledger:
        for ceiling, wanted, ends in plans:
            try:
                held = hold(ledger, ceiling, budget)
            except OverCapError:
                assert ceiling > left(ledger)
                continue
            for amount, share, end in wanted:
                _drawn(ledger, held, amount, min(share, Decimal(1)), end)
                assert left(ledger) >= 0
            if ends:
                held.free()
            assert left(ledger) >= 0


def _drawn(ledger: Ledger, held: Hold, amount: Decimal, share: Decimal, end: str) -> None:
    try:
        call_id = held.draw(estimate(amount))
    except OverCapError:
        return
    match end:
        case "settle":
            settle(ledger, call_id, amount * share)
        case "estimate":
            ledger.estimate(call_id, USED, Cost(amount * share), "cut")
        case "unknown":
            ledger.unknown(call_id, "no reply")
            if share < Decimal("0.5"):
                settle(ledger, call_id, amount * share)
        case "release":
            ledger.release(call_id, "refused")


def test_a_ledger_of_the_first_version_keeps_its_rows_and_its_sums(home: Path) -> None:
    with closing(sqlite3.connect(home / "ledger.db")) as old, old:
        old.executescript((Path(__file__).parent / "data" / "ledger-v1.sql").read_text("utf-8"))

    with Ledger.open(home, lambda: 1_795_348_800.0) as ledger:  # three hours later
        assert [call.state for call in ledger.calls()] == ["unknown", "settled"]
        assert ledger.spent("month") == Decimal("0.35")
        assert ledger.spent("label", scope=Scope(label="client 7")) == Decimal("0.05")
        assert reserve(ledger, label="client 7")


# Sums -------------------------------------------------------------------------------------------


def some_calls(ledger: Ledger, clock: Clock) -> None:
    lease, annex = ("ab", "lease.pdf"), ("cd", "=annex.pdf")
    settle(ledger, reserve(ledger, documents=[lease], label="client 7"), "0.05")
    clock.now += DAY
    settle(ledger, reserve(ledger, documents=[lease, annex], conversation="talk"), "0.07")
    ledger.estimate(reserve(ledger, documents=[annex]), USED, Cost(Decimal("0.01")), "no usage")
    ledger.unknown(reserve(ledger, "0.30", documents=[lease], label="client 7"), "no reply")
    ledger.release(reserve(ledger, model="other", strategy="chunks"), "429")


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("day", [("2026-11-22", "0.05", None), ("2026-11-23", "0.08", "0.30")]),
        ("month", [("2026-11", "0.13", "0.30")]),
        ("document", [("lease.pdf", "0.12", "0.30"), ("=annex.pdf", "0.08", None),
                      ("no document", "0", None)]),
        ("conversation", [("talk", "0.07", None), ("no conversation", "0.06", "0.30")]),
        ("model", [("kimi-k3", "0.13", "0.30"), ("other", "0", None)]),
        ("strategy", [("full", "0.13", "0.30"), ("chunks", "0", None)]),
        ("label", [("no label", "0.08", None), ("client 7", "0.05", "0.30")]),
    ],
)  # fmt: skip
def test_calls_are_summed_by_what_they_have_in_common(
    ledger: Ledger, clock: Clock, by: str, expected: list[tuple[str, str, str | None]]
) -> None:
    some_calls(ledger, clock)

    found = [each.to_json() for each in ledger.groups(by)]  # type: ignore[arg-type]

    rows = [(g["name"], g["total"].get("USD"), g["uncertain"].get("USD")) for g in found]
    assert rows == expected


def test_a_group_says_what_of_it_is_our_own_count_and_what_it_shares(
    ledger: Ledger, clock: Clock
) -> None:
    some_calls(ledger, clock)

    lease, annex, _ = ledger.groups("document")
    today = ledger.groups("day", since=NOON, until=NOON + HOUR)

    assert (lease.calls, lease.shared, annex.estimated) == (3, 1, {"USD": Decimal("0.01")})
    assert [(group.key, group.calls) for group in today] == [("2026-11-22", 1)]


def test_the_steps_of_a_strategy_are_summed_under_its_name(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Ledger.open(home) as ledger:
        for strategy, spent in (("swarm:read", "0.02"), ("swarm:read", "0.03"), ("full", "0.04")):
            settle(ledger, reserve(ledger, strategy=strategy), spent)
        settle(ledger, reserve(ledger, strategy="swarm:merge"), "0.01")
        swarm, full = ledger.groups("strategy")

    assert (swarm.key, swarm.calls, swarm.total) == ("swarm", 3, {"USD": Decimal("0.06")})
    assert [(each.name, each.calls) for each in swarm.parts] == [("read", 2), ("merge", 1)]
    assert sum(each.total["USD"] for each in swarm.parts) == swarm.total["USD"]
    assert full.parts == []
    assert run(["ledger", "--by", "strategy"]) == 0
    lines = [line.split()[:3] for line in capsys.readouterr().out.splitlines()[1:]]
    assert [line[0] for line in lines] == ["swarm", "swarm:", "swarm:", "full"]
    assert run(["ledger", "--by", "strategy", "--csv", "-"]) == 0
    rows = _read(capsys.readouterr().out)
    assert [row["name"] for row in rows] == ["swarm", "full"], "a column that adds up"


def test_the_terminal_shows_sums_and_json_has_them_as_groups(
    home: Path, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    with Ledger.open(home, clock) as ledger:
        some_calls(ledger, clock)

    assert run(["ledger", "--by", "label", "--home", str(home)]) == 0
    shown = capsys.readouterr().out
    assert run(["ledger", "--by", "label", "--until", "2026-11-22", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)

    assert "client 7" in shown
    assert "$0.30" in shown or "$0.3000" in shown
    assert [group["key"] for group in found["groups"]] == ["client 7"]
    assert found["total"] == {"USD": "0.05"}


def test_scores_and_totals_are_of_the_days_that_are_looked_at(
    home: Path, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    with Ledger.open(home, clock) as ledger:
        some_calls(ledger, clock)
        first = ledger.scores(until=clock.now - DAY / 2)
        both = ledger.scores()

    run(["ledger", "--accuracy", "--until", "2026-11-22", "--json"])
    found = json.loads(capsys.readouterr().out)
    run(["ledger", "--accuracy", "--since", "2027-01-01"])

    assert [each.calls for each in (*first, *both)] == [1, 2]
    assert [each["calls"] for each in found["scores"]] == [found["accuracy"]["calls"]] == [1]
    assert "No quote has been tested" in capsys.readouterr().out


def test_times_without_a_call_are_told_from_books_without_one(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["ledger"])
    assert capsys.readouterr().out.startswith("Nothing was asked yet.")
    for more in (["--since", "2027-01-01"], ["--until", "2020-01-01", "--by", "day"]):
        assert run(["ledger", *more]) == 0
        assert capsys.readouterr().out.startswith("Nothing was asked then.")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--since", "2026-11-02", "--until", "2026-11-01"], "2026-11-02 is after --until"),
        (["--accuracy", "--csv", "-"], "--csv goes with --by"),
        (["--reprice", "kimi-k3", "--csv", "-"], "--csv goes with --by"),
    ],
)
def test_what_cannot_be_shown_is_refused(
    home: Path, capsys: pytest.CaptureFixture[str], options: list[str], says: str
) -> None:
    assert run(["ledger", *options]) == 2
    assert says in capsys.readouterr().err


def test_a_label_of_hundreds_of_characters_does_not_stretch_a_table(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "matter " * 60
    with Ledger.open(home) as ledger:
        settle(ledger, reserve(ledger, label=name, documents=[("id", name)]), "0.07")

    run(["ledger", "--by", "label"])
    run(["ledger"])
    told = capsys.readouterr().out
    run(["ledger", "--by", "label", "--csv", "-"])

    assert max(map(len, told.splitlines())) < 200
    assert told.count("…") == 2
    assert name.strip() in capsys.readouterr().out


def test_no_cell_of_a_csv_is_a_formula(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "＝1"]
    with Ledger.open(home) as ledger:
        for text in bad:
            ledger.release(reserve(ledger, label=text, documents=[("id", text)]), text)
        settle(ledger, reserve(ledger, label="plain, and quoted"), "0.07")

    assert run(["ledger", "--csv", str(tmp_path / "calls.csv")]) == 0
    assert run(["ledger", "--by", "label", "--csv", "-"]) == 0
    calls = _read((tmp_path / "calls.csv").read_text(encoding="utf-8-sig"))
    groups = _read(capsys.readouterr().out)

    cells = [cell for row in calls + groups for cell in row.values()]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r", "＝"))]
    assert (calls[0]["label"], calls[0]["cost"]) == ("plain, and quoted", "0.07")
    assert {row["label"] for row in calls} >= {"'=1+1", "'@SUM(A1)", "'\tx", "' x"}


def _read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


# Balances ---------------------------------------------------------------------------------------


def note(ledger: Ledger, clock: Clock, left: str) -> None:
    """Note a balance an hour later, when no platform is late any more."""
    clock.now += HOUR
    ledger.note_balance(AT, Cost(Decimal(left)))
    clock.now += HOUR


def test_a_balance_that_fell_by_what_was_booked_matches(ledger: Ledger, clock: Clock) -> None:
    note(ledger, clock, "50.00000")
    settle(ledger, reserve(ledger), "0.07")
    ledger.release(reserve(ledger), "429")
    note(ledger, clock, "49.93000")

    (span,) = ledger.reconcile(AT)

    assert (span.verdict, span.calls, span.suspects) == ("matches", 2, ())


CASES = {
    "a call that is unknown": ("49.90", "uncertain", ["2"]),
    "more than it could cost": ("49.50", "unexplained", ["2"]),
    "a top-up": ("60.00", "topped_up", []),
    "too little": ("49.98", "unexplained", []),
}


@pytest.mark.parametrize("case", CASES)
def test_what_does_not_match_names_the_calls_that_may_be_why(
    ledger: Ledger, clock: Clock, case: str
) -> None:
    left, verdict, suspects = CASES[case]
    note(ledger, clock, "50.00")
    settle(ledger, reserve(ledger), "0.05")
    ledger.unknown(reserve(ledger, "0.20"), "no reply")
    note(ledger, clock, left)

    (span,) = ledger.reconcile(AT)

    assert (span.verdict, [each.call.id for each in span.suspects]) == (verdict, suspects)


def test_a_platform_may_be_ten_minutes_late(ledger: Ledger, clock: Clock) -> None:
    note(ledger, clock, "50.00")
    settle(ledger, reserve(ledger), "0.05")
    clock.now += 300
    ledger.note_balance(AT, Cost(Decimal("50.00")))
    clock.now += 300
    ledger.note_balance(AT, Cost(Decimal("49.95")))

    soon, later = ledger.reconcile(AT)

    assert (soon.verdict, soon.suspects[0].why) == (
        "uncertain",
        "platforms may take 10 minutes to charge a call",
    )
    assert (later.verdict, [each.call.id for each in later.suspects]) == ("uncertain", ["1"])


def test_another_endpoint_has_nothing_to_do_with_it(ledger: Ledger, clock: Clock) -> None:
    note(ledger, clock, "50.00")
    settle(ledger, reserve(ledger, endpoint="https://example.org/v1"), "0.07")
    note(ledger, clock, "50.00")

    assert [span.verdict for span in ledger.reconcile(AT)] == ["matches"]
    assert ledger.reconcile("https://example.org/v1") == []


def test_the_terminal_reconciles_with_the_endpoint(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from kimiqa import Client, Document

    document = Document.from_pages(["The rent of Eastwick is 3,850 euros a month."], name="a.txt")
    with KimiServer(seed=10) as server:
        at = ["--base-url", server.base_url, "--api-key", server.key or ""]
        with Client("kimi-k3", base_url=server.base_url, api_key=server.key) as client:
            assert run(["ledger", "--reconcile", *at]) == 0
            first = capsys.readouterr().out
            client.ask("What is the rent?", document)
            assert run(["ledger", "--reconcile", *at]) == 0
            second = capsys.readouterr().out
            server.balance -= 1
            assert run(["ledger", "--reconcile", "--json", *at]) == 0
            third = json.loads(capsys.readouterr().out)

    assert "the next kimiqa ledger --reconcile compares" in first
    assert "matches" in second
    verdicts = [span["verdict"] for span in third["reconciled"]]
    assert verdicts == ["matches", "unexplained"]
    assert third["reconciled"][1]["difference"].startswith("1.0000")
    assert third["balance"]["amount"].startswith("98.9")

"""The books against the server's own bill: equal, or the row says what is uncertain about it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from mixed_calls import mixed, sums, weight

from kimiqa import Client, Document
from kimiqa.errors import KimiqaError
from kimiqa.testing import Fault, KimiServer

CALLS = 50  # a tenth; tests/bench/mixed.py makes all 500


def test_settled_rows_equal_the_bill_and_every_other_row_says_why_not(home: Path) -> None:
    made = list(mixed(home, CALLS))

    assert [(each.call.id, each.fault, each.wrong) for each in made if each.wrong] == []
    booked, billed = sums(made)
    assert booked == billed > 0
    assert weight(made)[0] <= weight(made)[1]
    assert {each.call.state for each in made} == {"settled", "estimated", "unknown", "released"}


def test_thoughts_that_were_hidden_and_broken_off_weigh_what_they_may_have_cost(
    home: Path,
) -> None:
    with KimiServer(seed=3) as server:
        client = Client("kimi-k3", base_url=server.base_url, api_key="sk-test", home=home)
        server.reasoning, server.reasoning_field = 3_000, "thoughts_that_are_not_shown"
        server.fault(Fault.TRUNCATED_JSON)
        with suppress(KimiqaError):
            client.ask("Why?", [Document.from_pages(["Because. " * 200])], strategy="full")

        (call,) = client.ledger.calls(1)
        assert call.state in ("estimated", "unknown")
        assert call.ceiling is not None
        assert client.ledger.spent("day") == call.ceiling.amount
        assert server.billed <= client.ledger.spent("day")

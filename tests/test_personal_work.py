"""Looking for personal data takes twice the work for twice the text, whatever stands in it.

The work is counted, in calls of functions, so that it is the same on every machine.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest

from kimiqa.personal import marks
from kimiqa.personal.finding import find
from kimiqa.personal.marks import Marks

WARM = "ann@example.org DE89370400440532013000 +49 30 901820 536-90-4399 4111111111111111"
PIECES = {
    "what begins like an account number": "DE89 ",
    "account numbers": "DE89370400440532013000 ",
    "addresses": "ann@example.org ",
    "identity numbers": "536-90-4399 ",
    "cards": "card 4111 1111 1111 1111\n",
    "phone numbers": "+49 30 901820, ",
    "digits": "1 ",
    "ends of lines": "a-\n",
    "signs": "@a.",
}


def calls(work: Callable[[], object]) -> int:
    """How many functions are called, generators gone on with among them."""
    count = 0

    def seen(_frame: object, event: str, _of: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(seen)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("case", PIECES)
def test_twice_the_text_is_at_most_twice_the_work(case: str) -> None:
    find(WARM)
    once, twice = (PIECES[case] * (10_000 * times // len(PIECES[case])) for times in (1, 2))

    assert calls(lambda: find(twice)) < 2.2 * calls(lambda: find(once)) + 200


def test_a_beginning_of_an_account_number_is_checked_once() -> None:
    find(WARM)

    assert calls(lambda: find("DE89 " * 1_000)) < 60 * 1_000


def test_the_addresses_of_one_house_are_not_each_compared_with_all() -> None:
    def masking(count: int) -> int:
        names = [f"{chr(97 + n % 26)}{chr(97 + n // 26)}@example.org" for n in range(count)]
        every = Marks({("EMAIL", name): n for n, name in enumerate(names)})
        text = "\n".join(names)
        assert len(every.masked(text).edits) == count
        return calls(lambda: every.masked(text))

    assert masking(400) < 2.2 * masking(200) + 200


def test_a_run_begins_only_where_a_word_does() -> None:
    begins = [at for at in range(6) if marks._RUN.match("aaaaa1", at)]

    assert begins == [0]


@pytest.mark.parametrize("after", ["", "@x", ".", "-1", " a@example.org"])
def test_a_known_number_is_covered_whatever_follows_it(after: str) -> None:
    known = Marks({("ID", "536-90-4399"): 1})

    assert known.masked(f"no. 536-90-4399{after}", ()).text == f"no. [ID-1]{after}"


@pytest.mark.parametrize("before", ["", "x.", "first@", "-", "王"])
def test_a_known_address_is_covered_whatever_stands_before_it(before: str) -> None:
    known = Marks({("EMAIL", "ann@example.org"): 1})

    assert known.masked(f"to {before}ann@example.org", ()).text == f"to {before}[EMAIL-1]"

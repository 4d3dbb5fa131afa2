"""How good quotes are: coverage and sharpness of the cost's range on the loopback server.

    python tests/bench/quotes.py [--calls 330] [--seed 1] [--law drawn|pareto|two]

Questions are asked one after the other, each quoted from the receipts of those before it. From
the 31st on each cost is held against its range, and the range against that of an oracle that
knows the law by which reasoning and answers are drawn. Interval score (alpha 0.10): the width,
and twenty times the distance of each cost outside of it. Ends with 1 where fewer than 90 % of
the costs are inside, the score is over 1.25 times the oracle's, a ceiling was passed, or a prompt
was not counted to the token.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Protocol

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from simulated import answer_of, client_with_clock, document, question

from kimiqa import count_tokens
from kimiqa.money import Price, Usage, cost
from kimiqa.plan import Answer
from kimiqa.testing import KimiServer

FIRST, ALPHA, DRAWS = 30, 0.10, 20_000
WITHIN, SHARP = 0.90, 1.25
LIMIT = 16_384


class Law(Protocol):
    """How long reasoning is."""

    def draw(self, random: Random, effort: str) -> int: ...


class Pareto:
    """Far tails: every thirtieth is ten times as long as the usual one."""

    def draw(self, random: Random, effort: str) -> int:
        return round(200 * random.paretovariate(1.5))


class Two:
    """Two humps: most questions are easy, one in five is hard."""

    def draw(self, random: Random, effort: str) -> int:
        median, sigma = (2_000, 0.7) if random.random() < 0.2 else (200, 0.5)
        return max(1, round(median * random.lognormvariate(0, sigma)))


@dataclass(frozen=True, slots=True)
class Row:
    """One call: its cost, what it was quoted, and what an oracle would have quoted."""

    cost: float
    low: float
    high: float
    ceiling: float
    expected: float
    oracle_low: float
    oracle_high: float
    prompt_right: bool

    @property
    def inside(self) -> bool:
        return self.low <= self.cost <= self.high


def score(low: float, high: float, value: float) -> float:
    """The interval score: small is good."""
    outside = max(0.0, low - value) + max(0.0, value - high)
    return high - low + 2 / ALPHA * outside


def simulate(calls: int, seed: int, law: Law | None = None) -> list[Row]:
    """The calls after the first thirty."""
    random = Random(seed)
    with KimiServer(seed=seed, answer=lambda _: answer_of(random)) as server:
        if law:
            server.law = law  # type: ignore[assignment]
        low, high = oracle(server.law, Random(seed + 1))
        with client_with_clock(server, budget="1000") as (client, clock):
            papers = [document(random, pages, f"paper {pages}") for pages in (2, 6, 15)]
            rows = []
            for _ in range(calls):
                clock.advance(random.choice((5, 30, 120, 400)))
                asked, paper = question(random), random.choice(papers)
                answer = client.ask(asked, [paper], strategy="full")
                rows.append(_row(answer, low, high))
    return rows[FIRST:]


def oracle(law: Law, random: Random) -> tuple[int, int]:
    """The 5 and 95 % quantiles of completion tokens, from the law itself."""
    answers = [count_tokens(answer_of(random), "kimi-k3") for _ in range(DRAWS // 20)]
    totals = sorted(
        min(LIMIT, law.draw(random, "low") + random.choice(answers)) for _ in range(DRAWS)
    )
    return totals[int(DRAWS * ALPHA / 2)], totals[int(DRAWS * (1 - ALPHA / 2))]


def _row(answer: Answer, low: int, high: int) -> Row:
    used, guess, price = answer.usage, answer.estimate.cost, answer.plan and answer.plan.price
    assert used is not None
    assert isinstance(price, Price)
    known = [
        float(cost(Usage(used.prompt_tokens, count, used.cached_tokens), price))
        for count in (low, high)
    ]
    quoted = [_number(each) for each in (guess.low, guess.high, guess.ceiling, guess.expected)]
    exact = answer.estimate.prompt_tokens == used.prompt_tokens
    return Row(_number(answer.cost.amount), *quoted, *known, exact)


def _number(amount: Decimal | None) -> float:
    assert amount is not None
    return float(amount)


def coverage(rows: list[Row]) -> float:
    """The share of costs inside their ranges."""
    return sum(row.inside for row in rows) / len(rows)


def sharpness(rows: list[Row]) -> float:
    """The interval score, as a multiple of the oracle's."""
    ours = sum(score(row.low, row.high, row.cost) for row in rows)
    return ours / sum(score(row.oracle_low, row.oracle_high, row.cost) for row in rows)


def exact(rows: list[Row]) -> float:
    """The share of prompts that were counted to the token."""
    return sum(row.prompt_right for row in rows) / len(rows)


def passed(rows: list[Row]) -> int:
    """How many ceilings were passed."""
    return sum(row.cost > row.ceiling for row in rows)


def report(name: str, rows: list[Row]) -> str:
    off = sum(row.expected for row in rows) / sum(row.cost for row in rows) - 1
    oracle_inside = sum(row.oracle_low <= row.cost <= row.oracle_high for row in rows) / len(rows)
    return (
        f"{name:10}{len(rows):6}{coverage(rows):9.1%}{oracle_inside:9.1%}{sharpness(rows):11.3f}"
        f"{off:+10.1%}{exact(rows):14.1%}{passed(rows):10}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=330)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--law", choices=("drawn", "pareto", "two"), action="append")
    asked = parser.parse_args()
    laws: dict[str, Law | None] = {"drawn": None, "pareto": Pareto(), "two": Two()}
    print(
        f"{'law':10}{'calls':>6}{'inside':>9}{'oracle':>9}{'score':>11}{'expected':>10}"
        f"{'prompt exact':>14}{'passed':>10}"
    )
    good = True
    for name in asked.law or laws:
        rows = simulate(asked.calls, asked.seed, laws[name])
        print(report(name, rows), flush=True)
        good &= coverage(rows) >= WITHIN and sharpness(rows) <= SHARP
        good &= exact(rows) == 1 and not passed(rows)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

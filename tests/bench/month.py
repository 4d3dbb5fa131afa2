"""A month of use on the loopback server: how good its quotes and cache predictions were.

    python tests/bench/month.py [--days 22] [--seed 1]

Every working day has conversations over a growing pile of papers, single questions whole and by
chunks, some at a higher effort, and now and then a batch side by side; pauses run from seconds to
hours. Prints the table that `kimiqa ledger --accuracy` shows and one of the provider's cache (what
was predicted, what was read, what that saved), and holds the books against the server's own bill.
Ends with 1 where they differ, a ceiling was passed, or of the kinds of questions that were asked
often enough to be judged (30 times) fewer than 90 % cost what was quoted, or fewer than 95 % had
their prompt or their cached tokens counted to the token.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from simulated import Clock, answer_of, client_with_clock, document, question

from kimiqa import Client, Document
from kimiqa.cli.ledger import scores_table
from kimiqa.ledger import Call, Scores
from kimiqa.testing import KimiServer

ENOUGH, WITHIN, EXACT = 30, 0.90, 0.95
NIGHT = 14 * 3600.0


@dataclass(frozen=True, slots=True)
class Month:
    """What the month came to."""

    calls: int
    scores: list[Scores]
    settled: Decimal
    billed: Decimal
    settled_calls: list[Call]


@dataclass(slots=True)
class Desk:
    """Someone at work: a client, the papers so far, and how the day goes."""

    client: Client
    clock: Clock
    random: Random
    papers: list[Document]

    def day(self) -> None:
        """Two to four sittings, then the night."""
        if len(self.papers) < 8:
            pages = self.random.choice((3, 12, 40, 80))
            self.papers.append(document(self.random, pages, f"paper {len(self.papers)}"))
        for _ in range(self.random.randint(2, 4)):
            sitting = self.random.choice(
                (self.conversation, self.conversation, self.singles, self.batch)
            )
            sitting()
            self.clock.advance(self.random.uniform(600, 9_000))
        self.clock.advance(NIGHT)

    def conversation(self) -> None:
        papers = self.random.sample(self.papers, min(len(self.papers), self.random.randint(1, 2)))
        talk = self.client.conversation(papers)
        self._ask(lambda asked, **options: talk.ask(asked, **options), self.random.randint(2, 7))

    def singles(self) -> None:
        paper = self.random.choice(self.papers)
        self._ask(
            lambda asked, **options: self.client.ask(asked, [paper], **options),
            self.random.randint(1, 4),
        )

    def batch(self) -> None:
        asked = [question(self.random) for _ in range(self.random.randint(2, 5))]
        self.client.ask_many(asked, [self.random.choice(self.papers)], strategy="full", at_once=3)

    def _ask(self, ask: Callable[..., Any], count: int) -> None:
        strategy = self.random.choice(("full", "full", "chunks"))
        effort = self.random.choice(("low", "low", "low", "high"))
        for _ in range(count):
            ask(question(self.random), strategy=strategy, effort=effort)
            self.clock.advance(self.random.choice((8, 20, 45, 90, 200, 400)))


def simulate(days: int, seed: int) -> Month:
    """The month, and what the ledger made of it."""
    random = Random(seed)
    server = KimiServer(seed=seed, answer=lambda _: answer_of(random), deposit=Decimal(1_000))
    with server, client_with_clock(server, budget="1000") as (client, clock):
        desk = Desk(client, clock, random, [document(random, 10, "first paper")])
        for _ in range(days):
            desk.day()
        ledger = client.ledger
        settled = ledger.totals().get("USD", Decimal(0))
        calls = ledger.calls(10_000)
        ended = [call for call in calls if call.state == "settled"]
        return Month(len(calls), ledger.scores(10_000), settled, server.billed, ended)


def cache_table(calls: list[Call]) -> str:
    """What was predicted of the provider's cache, what was read from it, and what that saved."""
    head = (
        f"{'way':<8}{'calls':>7}{'exact':>9}{'predicted':>14}{'read':>14}{'hits':>8}{'saved':>12}"
    )
    ways = sorted({call.strategy for call in calls})
    return "\n".join([head, *(_cache_row(way, calls) for way in ("all", *ways))])


def _cache_row(way: str, calls: list[Call]) -> str:
    among = [call for call in calls if way in ("all", call.strategy)]
    predicted = [call.estimate["cached_tokens"] for call in among]
    read = [call.usage.cached_tokens or 0 for call in among]
    prompts = sum(call.usage.prompt_tokens for call in among)
    exact = sum(a == b for a, b in zip(predicted, read, strict=True)) / len(among)
    saved = sum((_saved(call) for call in among), Decimal(0))
    return (
        f"{way:<8}{len(among):>7,}{exact:>9.1%}{sum(predicted):>14,}{sum(read):>14,}"
        f"{sum(read) / prompts:>8.1%}{saved:>8.2f} USD"
    )


def _saved(call: Call) -> Decimal:
    """What reading from the cache cost less than reading afresh."""
    less = Decimal(call.prices["prompt"]) - Decimal(call.prices["cached"])
    return (call.usage.cached_tokens or 0) * less / 1_000_000


def held(each: Scores) -> bool:
    """Whether the quotes of one kind were as good as they must be."""
    if each.calls < ENOUGH:
        return True
    exact = min(each.prompt_exact, 1.0 if each.cached_exact is None else each.cached_exact)
    return each.cost_within >= WITHIN and exact >= EXACT


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=22)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    month = simulate(asked.days, asked.seed)
    print(scores_table(month.scores))
    print(f"\n{cache_table(month.settled_calls)}")
    print(f"\n{month.calls:,} calls: booked {month.settled} USD, billed {month.billed} USD")
    passed = sum(each.ceilings_passed for each in month.scores)
    good = month.settled == month.billed and not passed and all(map(held, month.scores))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

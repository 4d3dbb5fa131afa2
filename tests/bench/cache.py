"""The provider's cache at full scale: how often its hits are predicted to the token, and used.

    python tests/bench/cache.py [--conversations 20] [--questions 20] [--seed 1]

Conversations over shared documents, whole and by chunks, take turns on the loopback server, with
pauses of which some outlast the cache. Ends with 1 where fewer than 95 % of the predictions after
the first two are the server's own figure, fewer than 95 % of the best possible hits are used, or
fewer than 95 % of the prompts are counted to the token.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from simulated import Clock, answer_of, client_with_clock, document, question

from kimiqa.client import Client, Conversation
from kimiqa.plan import Answer, Request
from kimiqa.testing import KimiServer

LONG_PAUSE, TTL, BLOCK = 0.06, 300.0, 256
TARGET = 0.95


@dataclass(frozen=True, slots=True)
class Row:
    """One call: what was predicted, what the server said, and what had been there to be read."""

    strategy: str
    predicted_prompt: int
    prompt: int
    predicted: int
    cached: int
    best: int


class Sent:
    """When each stretch of text was last sent: the most a cache could hold, whatever the order."""

    def __init__(self) -> None:
        self._last: dict[str, float] = {}

    def best(self, request: Request, server: KimiServer, now: float) -> int:
        """The tokens of those stretches of a request that the cache could hold."""
        pieces = [piece for message in request.messages for piece in _pieces(message["content"])]
        held = [piece for piece in pieces if now - self._last.get(piece, -TTL) < TTL]
        per_message = server.template.per_message
        tokens = sum(server.count([{"role": "user", "content": piece}]) for piece in held)
        tokens -= len(held) * (per_message + server.template.per_request)
        whole = {message["content"] for message in request.messages}
        tokens += per_message * sum(
            all(now - self._last.get(piece, -TTL) < TTL for piece in _pieces(content))
            for content in whole
        )
        self._last |= dict.fromkeys(pieces, now)
        return tokens // BLOCK * BLOCK


def _pieces(content: str) -> list[str]:
    """A message's document blocks and the rest of it."""
    blocks = content.split("</document>")
    return [f"{block}</document>" for block in blocks[:-1]] + [blocks[-1]]


def simulate(conversations: int, questions: int, seed: int) -> list[Row]:
    """All calls, in the order they were made."""
    random = Random(seed)
    with KimiServer(seed=seed, answer=lambda _: answer_of(random)) as server:
        server.reasoning = 40
        with client_with_clock(server, budget="1000") as (client, clock):
            talks = _talks(client, conversations, random)
            left = [talk for talk in talks for _ in range(questions)]
            random.shuffle(left)
            sent = Sent()
            return [_ask(*talk, clock, sent, random) for talk in left]


def _talks(client: Client, count: int, random: Random) -> list[tuple[Conversation, str]]:
    """Conversations over one to three of a few documents, two of three of them whole."""
    pages = (5, 70, 12, 90, 25, 40)
    pool = [document(random, count, f"paper {n}") for n, count in enumerate(pages)]
    starts = [random.randrange(4) for _ in range(count)]
    return [
        (
            client.conversation(pool[start : start + random.choice((1, 1, 2, 3))]),
            "chunks" if n % 3 == 2 else "full",
        )
        for n, start in enumerate(starts)
    ]


def _ask(talk: Conversation, strategy: str, clock: Clock, sent: Sent, random: Random) -> Row:
    long = random.random() < LONG_PAUSE
    clock.advance(random.uniform(280, 700) if long else random.uniform(1, 25))
    plan = talk.plan(question(random), strategy=strategy)  # type: ignore[arg-type]
    best = sent.best(plan.requests[0], clock.server, clock())
    answer = _answered(talk, plan.question, strategy)
    used, guess = answer.usage, answer.estimate
    assert used is not None
    return Row(
        strategy,
        guess.prompt_tokens,
        used.prompt_tokens,
        guess.cached_tokens,
        used.cached_tokens or 0,
        best,
    )


def _answered(talk: Conversation, asked: str, strategy: str) -> Answer:
    return talk.ask(asked, strategy=strategy)  # type: ignore[arg-type]


def right(rows: list[Row]) -> float:
    """The share of calls whose cached tokens were predicted to the token."""
    return sum(row.predicted == row.cached for row in rows) / len(rows)


def counted(rows: list[Row]) -> float:
    """The share of calls whose prompt was counted to the token."""
    return sum(row.predicted_prompt == row.prompt for row in rows) / len(rows)


def used(rows: list[Row]) -> float:
    """The cached tokens read, of the best possible. A stretch that was sent in part may be read
    in part: what was read was possible too."""
    return sum(row.cached for row in rows) / max(1, sum(max(row.best, row.cached) for row in rows))


def table(rows: list[Row]) -> str:
    """Each strategy's accuracy, after the first two calls."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows[2:]:
        groups[row.strategy].append(row)
        groups["all"].append(row)
    lines = [
        f"{'way':8}{'calls':>6}{'prompt exact':>14}{'cache exact':>13}{'of best':>9}{'hits':>8}"
    ]
    for name, some in sorted(groups.items()):
        share = sum(row.cached for row in some) / sum(row.prompt for row in some)
        lines.append(
            f"{name:8}{len(some):6}{counted(some):14.1%}{right(some):13.1%}"
            f"{used(some):9.1%}{share:8.1%}"
        )
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--conversations", type=int, default=20)
    parser.add_argument("--questions", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    rows = simulate(asked.conversations, asked.questions, asked.seed)
    print(table(rows))
    return 0 if min(right(rows[2:]), used(rows[2:]), counted(rows[2:])) >= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())

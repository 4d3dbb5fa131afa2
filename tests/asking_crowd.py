"""A process that asks many questions at once through the client, and says how each ended."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

from kimiqa import Client, Document
from kimiqa.amounts import amount
from kimiqa.errors import OverCapError
from kimiqa.ledger import Budget

ROOM = 64
"""Completion tokens: less than would be taken back where a cap leaves less."""


def document() -> Document:
    return Document.from_pages(["The rent of Eastwick is 3,850 euros a month."], name="a.txt")


def say(word: str) -> None:
    """A line in one piece: threads that print mix theirs."""
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def main(base_url: str, home: str, askers: str, cap: str) -> None:
    """Ask from so many threads under a cap per day."""
    budget = Budget(question=None, day=amount(cap))
    asked = document()
    with Client("kimi-k3", base_url=base_url, api_key="k", home=home, budget=budget) as client:
        client.plan("What is the rent?", asked, max_completion_tokens=ROOM)

        def ask(_: int) -> None:
            try:
                client.ask("What is the rent?", asked, max_completion_tokens=ROOM)
                say("answered")
            except OverCapError:
                say("refused")

        say("ready")
        sys.stdin.readline()
        with ThreadPoolExecutor(int(askers)) as pool:
            list(pool.map(ask, range(int(askers))))


if __name__ == "__main__":
    main(*sys.argv[1:])

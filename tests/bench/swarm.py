"""A swarm at full scale: seconds against the least that is possible, memory, each page once.

    python tests/bench/swarm.py [--tokens 5000000] [--reader 100000]
    python tests/bench/swarm.py --concurrency 15 --latency 12 --tpm 3000000 --rpm 200

The server and the client are processes of their own; the documents are made. What any process
needs before its first question (the SDK, a connection, the server's vocabulary) is done and shown
before the clock starts. Ends with 1 where a page was not read exactly once, where the swarm took
longer than 1.15 times the least that is possible, its merges with it, or where five times the
tokens took more than 1.3 times the memory.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

MODEL, DOCUMENTS = "kimi-k3", 10
QUESTION = "What does every page say of the treasure?"
LATE, LARGER = 1.15, 1.3
_PLACE = re.compile(r'<document id="D(\d+)"|<page n="(\d+)">')
_TEXT = (
    "the tenant shall pay every month in advance what the schedule names and keep the garden in "
    "good order until the lease ends or either party terminates it by notice in writing which is "
    "given six months before and sent to the address that stands on the first page of this deed "
    "unless a court has ordered otherwise or the building was damaged by fire storm or flood"
)
_WORDS = _TEXT.split()


# The server, as a process of its own --------------------------------------------------------------


def serve(latency: float, concurrency: int | None, rpm: int | None, tpm: int | None) -> None:
    """Answer until a line comes in; then tell which pages were read, and what was billed."""
    from kimiqa.testing import KimiServer, Limits

    read: Counter[tuple[int, int]] = Counter()
    merges = 0

    def answer(body: dict[str, Any]) -> str:
        nonlocal merges
        asked = str(body["messages"][-1]["content"])
        pages = list(_pages(asked))
        merges += "<findings" in asked
        read.update(pages)
        if not pages:
            return "The treasure is told of on every page."
        document, page = pages[0]
        return f'- It begins: "page {page} of document {document}" [D{document} p. {page}].'

    limits = Limits(concurrency=concurrency, rpm=rpm, tpm=tpm)
    with KimiServer(
        seed=5, answer=answer, reasoning=40, latency=latency, limits=limits, keep=1
    ) as server:
        server.count([{"role": "user", "content": _page(1, 1)}], MODEL)
        print(server.base_url, flush=True)
        sys.stdin.readline()
        told = {
            "read": [[*place, times] for place, times in sorted(read.items())],
            "calls": len(server.bill),
            "merges": merges,
            "server_cpu": time.process_time(),
            "billed": format(server.billed, "f"),
            "peak": server.gate.peak,
        }
        print(json.dumps(told), flush=True)


def _pages(content: str) -> Iterator[tuple[int, int]]:
    document = 0
    for match in _PLACE.finditer(content):
        if match[1]:
            document = int(match[1])
        else:
            yield document, int(match[2])


@contextmanager
def served(asked: argparse.Namespace) -> Iterator[subprocess.Popen[str]]:
    options = [f"--latency={asked.latency}", f"--concurrency={asked.concurrency}"]
    options += [
        f"--{name}={getattr(asked, name)}" for name in ("rpm", "tpm") if getattr(asked, name)
    ]
    with _process("--serve", *options) as server:
        yield server


# The client, as a process of its own --------------------------------------------------------------


def ask(url: str, tokens: int, asked: argparse.Namespace) -> dict[str, Any]:
    """Ask everything by a swarm; the seconds, the tokens, and the most memory it took."""
    from kimiqa import Client

    documents = made(tokens)
    with tempfile.TemporaryDirectory(prefix="kimiqa-swarm-") as home:
        _know_limits(Path(home), asked)
        with Client(MODEL, base_url=url, api_key="sk-test", home=home, budget=None) as client:
            return _asked(client, documents, asked) | {
                "pages": sum(len(each.pages) for each in documents)
            }


def _asked(client: Any, documents: list[Any], asked: argparse.Namespace) -> dict[str, Any]:
    import resource

    from kimiqa.portal import wait_for

    start = time.perf_counter()
    wait_for(client._asker.endpoint().models())
    began = time.perf_counter()
    plan = client.plan(
        QUESTION, documents, strategy="swarm", max_prompt_tokens=asked.reader, max_cost="1000"
    )
    ready = time.perf_counter()
    readers = plan.requests
    answer = client.run(plan)
    took = time.perf_counter() - ready
    used = resource.getrusage(resource.RUSAGE_SELF)
    peak = used.ru_maxrss
    return {
        "starting": began - start,
        "planning": ready - began,
        "seconds": took,
        "cpu": used.ru_utime + used.ru_stime,
        "readers": len(readers),
        "admitted": sum(each.prompt_tokens + each.max_completion_tokens for each in readers),
        "prompt_tokens": sum(each.prompt_tokens for each in readers),
        "cost": format(answer.cost.amount or 0, "f"),
        "megabytes": peak / (1024 if sys.platform == "linux" else 1024 * 1024),
    }


def _know_limits(home: Path, asked: argparse.Namespace) -> None:
    """Settings that know the account's limits."""
    from kimiqa.settings import Settings, save_settings

    known = {name: getattr(asked, name) for name in ("concurrency", "rpm", "tpm")}
    save_settings(Settings(**known), home)


def made(tokens: int) -> list[Any]:
    """Documents of about so many tokens together."""
    from kimiqa import Document, count_tokens

    each = count_tokens(_page(1, 1), model=MODEL) + 10
    pages = max(1, tokens // each // DOCUMENTS)
    return [
        Document.from_pages((_page(n, page) for page in range(1, pages + 1)), name=f"{n}.txt")
        for n in range(1, DOCUMENTS + 1)
    ]


def _page(document: int, page: int) -> str:
    random = Random(document * 1_000_003 + page)
    lines = (" ".join(random.choices(_WORDS, k=13)) for _ in range(25))
    return f"This is page {page} of document {document}.\n" + "\n".join(lines)


# Both, and what is asked of them ------------------------------------------------------------------


@contextmanager
def _process(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, __file__, *arguments]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def measured(tokens: int, asked: argparse.Namespace) -> dict[str, Any]:
    with served(asked) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        options = [f"--concurrency={asked.concurrency}"]
        for name in ("reader", "rpm", "tpm"):
            if getattr(asked, name):
                options.append(f"--{name}={getattr(asked, name)}")
        with _process(f"--ask={url}", f"--tokens={tokens}", *options) as client:
            assert client.stdout is not None
            found: dict[str, Any] = json.loads(client.stdout.readline())
        server.stdin.write("\n")
        server.stdin.flush()
        return found | json.loads(server.stdout.readline())


def least_seconds(found: dict[str, Any], asked: argparse.Namespace) -> float:
    """No account answers sooner: its calls in waves, or its tokens or calls a minute; then the
    merges that the server saw, those in between in as few waves as there can be, and the last."""
    waves = math.ceil(found["readers"] / asked.concurrency) * asked.latency
    merging = math.ceil((found["merges"] - 1) / asked.concurrency) + 1
    by_tokens = 60 * found["admitted"] / asked.tpm if asked.tpm else 0.0
    by_calls = 60 * found["readers"] / asked.rpm if asked.rpm else 0.0
    return float(max(waves, by_tokens, by_calls) + merging * asked.latency)


def report(tokens: int, found: dict[str, Any], asked: argparse.Namespace) -> bool:
    least = least_seconds(found, asked)
    once = len(found["read"]) == found["pages"] and all(row[2] == 1 for row in found["read"])
    late = found["seconds"] / least
    print(
        f"{tokens:>9,} tokens: {found['readers']} readers, {found['prompt_tokens']:,} prompt "
        f"tokens, {found['peak']} at once, {found['merges']} merges; started in "
        f"{found['starting']:.1f} s, planned in {found['planning']:.1f} s, "
        f"{found['seconds']:.1f} s = {late:.2f} x {least:.1f} s, {found['cpu']:.1f} s of CPU "
        f"(the server's {found['server_cpu']:.1f} s); "
        f"{found['megabytes']:.0f} MB; {found['pages']:,} pages, each read once: {once}"
    )
    return once and late <= LATE


def main() -> int:
    asked = _arguments()
    if asked.serve:
        serve(asked.latency, asked.concurrency, asked.rpm, asked.tpm)
        return 0
    if asked.ask:
        print(json.dumps(ask(asked.ask, asked.tokens, asked)), flush=True)
        return 0
    small, large = measured(asked.tokens // 5, asked), measured(asked.tokens, asked)
    fine = [
        report(asked.tokens // 5, small, asked),
        report(asked.tokens, large, asked),
        large["megabytes"] <= LARGER * small["megabytes"],
    ]
    print(f"memory: {large['megabytes'] / small['megabytes']:.2f} x")
    return 0 if all(fine) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokens", type=int, default=5_000_000)
    parser.add_argument("--reader", type=int, default=100_000, help="a reader's most prompt tokens")
    parser.add_argument("--concurrency", type=int, default=15)
    parser.add_argument("--rpm", type=int)
    parser.add_argument("--tpm", type=int)
    parser.add_argument("--latency", type=float, default=12.0)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--ask", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

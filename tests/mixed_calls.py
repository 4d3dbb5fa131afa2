"""Many calls under every usage placement and fault, held against the server's own bill."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

from kimiqa import Client, Document
from kimiqa.errors import KimiqaError
from kimiqa.ledger import Call
from kimiqa.testing import Fault, KimiServer
from kimiqa.testing.billing import BillRow
from kimiqa.testing.speech import CachedField, UsagePlacement

PLACEMENTS: tuple[UsagePlacement, ...] = get_args(UsagePlacement)
CACHED: tuple[CachedField, ...] = get_args(CachedField)
MANNERS = [(placement, cached) for placement in PLACEMENTS for cached in CACHED]
SILENT = {Fault.STALL, Fault.STREAM_STALL, Fault.SLOW_DRIP, Fault.COMMENT_PINGS}
"""What lasts longer than the deadline of these calls."""
DEADLINE, SHORT = 60.0, 0.6
TIMES = {Fault.RESET_ON_CONNECT: 2, Fault.RESET_BEFORE: 2}
"""A connection that is reset once is tried again at once; twice it is given up."""


@dataclass(frozen=True, slots=True)
class Made:
    """One call: what it met, what the ledger holds of it, and what the server billed for it."""

    fault: str
    placement: str
    cached: str
    call: Call
    counted: Decimal
    """What the caps of the day take it for."""
    bill: tuple[BillRow, ...]

    @property
    def billed(self) -> Decimal:
        return sum((row.amount for row in self.bill), Decimal(0))

    @property
    def wrong(self) -> str | None:
        """How the ledger's row contradicts the bill or hides what it does not know."""
        call = self.call
        if self.billed > self.counted:
            return f"counts {self.counted} against the caps, and {self.billed} was billed"
        if call.state == "settled":
            return None if self._equal() else "settled, and not what was billed"
        if not call.note:
            return f"{call.state}, and does not say why"
        if call.state == "released":
            return None if not self.bill else "released, and yet it was billed"
        ceiling = call.ceiling.amount if call.ceiling else None
        if ceiling is not None and self.billed > ceiling:
            return "its bill passes its ceiling"
        return None if call.state in ("estimated", "unknown") else f"left {call.state}"

    def _equal(self) -> bool:
        if len(self.bill) != 1 or self.call.usage is None or self.call.cost is None:
            return False
        (row,), used = self.bill, self.call.usage
        theirs = (row.prompt_tokens, row.cached_tokens, row.completion_tokens, row.amount)
        ours = (used.prompt_tokens, used.cached_tokens or 0, used.completion_tokens)
        return (*ours, self.call.cost.amount) == theirs


def mixed(home: Path, count: int, seed: int = 7) -> Iterator[Made]:
    """So many calls to a loopback server: half of them meet a fault, each fault in its turn."""
    dice = random.Random(seed)
    documents, faults = _documents(dice), _shuffled(dice, list(Fault))
    with KimiServer(seed=seed, deposit=Decimal(10_000)) as server:
        clients = {seconds: _client(server, home, seconds) for seconds in (DEADLINE, SHORT)}
        for number in range(count):
            fault = faults[number // 2 % len(faults)] if number % 2 else None
            manner = MANNERS[number // 2 % len(MANNERS)]
            client = clients[SHORT if fault in SILENT else DEADLINE]
            yield _one(server, client, fault, manner, dice.choice(documents), number)
        for client in clients.values():
            client.close()


def _client(server: KimiServer, home: Path, deadline: float) -> Client:
    return Client(
        "kimi-k3", base_url=server.base_url, api_key="sk-test", home=home, deadline=deadline
    )


def _shuffled(dice: random.Random, faults: list[Fault]) -> list[Fault]:
    dice.shuffle(faults)
    return faults


def _documents(dice: random.Random) -> list[Document]:
    return [
        Document.from_pages([f"House {n}.{p} was let for {dice.random()} crowns. " * 20
                             for p in range(dice.randrange(1, 6))] + ["The end."], name=f"{n}.txt")
        for n in range(12)
    ]  # fmt: skip


def _one(
    server: KimiServer,
    client: Client,
    fault: Fault | None,
    manner: tuple[UsagePlacement, CachedField],
    document: Document,
    number: int,
) -> Made:
    server.usage_placement, server.cached_field = manner
    before, spent = len(server.bill), client.ledger.spent("day")
    if fault:
        waits: dict[str, Any] = {"seconds": 5.0} if fault in SILENT else {"retry_after": 0.01}
        server.fault(fault, times=TIMES.get(fault, 1), **waits)
    try:
        client.ask(f"What was house {number} let for?", [document], strategy="full")
    except KimiqaError:
        pass
    finally:
        server.faults.clear()
    (call,) = client.ledger.calls(1)
    counted = client.ledger.spent("day") - spent
    return Made(str(fault or "none"), *manner, call, counted, tuple(server.bill[before:]))


def table(made: Sequence[Made]) -> str:
    """How the calls ended, fault by fault."""
    states = ("settled", "estimated", "unknown", "released")
    lines = [f"{'fault':24}" + "".join(f"{state:>11}" for state in states) + f"{'billed':>11}"]
    for fault in sorted({each.fault for each in made}):
        some = [each for each in made if each.fault == fault]
        ends = Counter(each.call.state for each in some)
        counts = "".join(f"{ends[state] or '':>11}" for state in states)
        lines.append(f"{fault:24}{counts}{sum((m.billed for m in some), Decimal(0)):11.4f}")
    return "\n".join(lines)


def weight(made: Sequence[Made]) -> tuple[Decimal, Decimal]:
    """What the server billed for all of them, and what the caps took them for."""
    return sum((m.billed for m in made), Decimal(0)), sum((m.counted for m in made), Decimal(0))


def sums(made: Sequence[Made]) -> tuple[Decimal, Decimal]:
    """What the ledger and the server say that the settled calls cost together."""
    settled = [each for each in made if each.call.state == "settled"]
    booked = sum((m.call.cost.amount or Decimal(0) for m in settled if m.call.cost), Decimal(0))
    return booked, sum((each.billed for each in settled), Decimal(0))

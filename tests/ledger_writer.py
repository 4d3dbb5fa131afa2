"""What ledger tests share: calls to reserve, and other processes that reserve them."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import kimiqa
from kimiqa.errors import OverCapError
from kimiqa.ledger import Budget, Ledger
from kimiqa.ledger.pacing import Asking, NotYetError
from kimiqa.money import Cost, CostRange, Price, Range, Usage
from kimiqa.plan import Estimate
from kimiqa.settings import Limits

PRICE = Price(Decimal("3.00"), Decimal("15.00"), cached=Decimal("0.30"))
HOST = "api.moonshot.ai"
NO_CAP = Budget(question=None)
USED = Usage(1000, 200, cached_tokens=256, reasoning_tokens=150)


def estimate(ceiling: str | Decimal | None = "0.10", currency: str = "USD") -> Estimate:
    """An estimate with this ceiling; a tenth, a half and nine tenths of it as the range."""
    top = None if ceiling is None else Decimal(ceiling)
    low, expected, high = (
        None if top is None else top * share / 10 for share in (Decimal(1), Decimal(5), Decimal(9))
    )
    costs = CostRange(low, expected, high, top, expected, currency=currency)
    return Estimate(1000, 0, Range(100, 200, 300), Range(1.0, 2.0, 3.0), costs)


def reserve(ledger: Ledger, ceiling: str | Decimal | None = "0.10", **changes: Any) -> str:
    """Reserve one call under no cap, save what `changes` says."""
    usual: dict[str, Any] = {
        "model": "kimi-k3",
        "endpoint": "https://api.moonshot.ai/v1",
        "strategy": "full",
        "effort": "low",
        "estimate": estimate(ceiling),
        "price": PRICE,
        "budget": NO_CAP,
    }
    return ledger.reserve(**(usual | changes))


def settle(ledger: Ledger, call_id: str, amount: str | Decimal = "0.05") -> None:
    ledger.settle(call_id, USED, Cost(Decimal(amount)), 1.5)


# Other processes. Each says `ready`, waits for a line, then does its work -----------------------


def start(work: str, home: Path, *numbers: int | str) -> subprocess.Popen[str]:
    """A process of its own that will do `work` when it is told to begin."""
    root = str(Path(kimiqa.__file__).parent.parent)
    return subprocess.Popen(
        [sys.executable, __file__, work, str(home), *map(str, numbers)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": root},
    )


def begin(*processes: subprocess.Popen[str]) -> None:
    """Let processes begin together, once all of them are ready."""
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()


def write(ledger: Ledger, rows: str) -> None:
    """Reserve and settle `rows` calls, saying the id of each once it is acknowledged."""
    for _ in range(int(rows)):
        call_id = reserve(ledger)
        print(call_id, flush=True)
        settle(ledger, call_id)


def crowd(ledger: Ledger, askers: str, ceiling: str, cap: str) -> None:
    """Reserve from many threads at once under a cap per day; says how many were admitted."""
    budget = Budget(question=None, day=Decimal(cap))

    def admitted(_: int) -> bool:
        try:
            reserve(ledger, ceiling, budget=budget)
        except OverCapError:
            return False
        return True

    with ThreadPoolExecutor(int(askers)) as pool:
        print(sum(pool.map(admitted, range(int(askers)))), flush=True)


def turns(ledger: Ledger, askers: str, rpm: str) -> None:
    """Want a turn from many threads at once under a limit per minute; says how many had one."""
    pace = Asking(HOST, Limits(rpm=int(rpm)), 1_000)

    def had(_: int) -> bool:
        try:
            reserve(ledger, endpoint=HOST, pace=pace)
        except NotYetError:
            return False
        return True

    with ThreadPoolExecutor(int(askers)) as pool:
        print(sum(pool.map(had, range(int(askers)))), flush=True)


if __name__ == "__main__":
    WORK = {"write": write, "crowd": crowd, "turns": turns}
    with Ledger.open(sys.argv[2]) as opened:
        print("ready", flush=True)
        sys.stdin.readline()
        WORK[sys.argv[1]](opened, *sys.argv[3:])

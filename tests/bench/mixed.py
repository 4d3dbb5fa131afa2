"""The books against the server's own bill, over 500 calls under every fault and usage placement.

    python tests/bench/mixed.py [--calls 500] [--seed 7]

Ends with 1 where a settled row is not what was billed, to the token and the cent, or where
another row does not say what is uncertain about it, or weighs less than was billed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from mixed_calls import Made, mixed, sums, table, weight

from kimiqa.money import plain


def report(made: list[Made]) -> int:
    """Say how the calls ended; 1 where a row is wrong."""
    print(table(made))
    wrong = [each for each in made if each.wrong]
    for each in wrong:
        met = f"{each.fault}, usage {each.placement}, cached {each.cached}"
        print(f"WRONG call {each.call.id} ({met}): {each.wrong}; note: {each.call.note}")
    booked, billed = sums(made)
    ends = Counter(each.call.state for each in made)
    print(f"\n{len(made)} calls: " + ", ".join(f"{n} {state}" for state, n in ends.items()))
    print(f"settled: booked {plain(booked)} USD, billed {plain(billed)} USD")
    all_billed, counted = weight(made)
    print(f"all: billed {plain(all_billed)} USD, taken by the caps for {plain(counted)} USD")
    print(f"rows that are wrong: {len(wrong)}")
    return 1 if wrong or booked != billed else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=500)
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        code = report(list(mixed(Path(home), asked.calls, asked.seed)))
    print(f"{time.perf_counter() - began:.0f} s")
    return code


if __name__ == "__main__":
    sys.exit(main())

"""What taking a question apart is worth at best: two questions asked as one, and found as two.

Run `python tests/bench/compound.py`, with `KIMIQA_DATA` as for `selection.py`. Questions about the
same document are drawn in pairs, seeded, and joined to one. `joined` searches with that alone, as
`chunks` does; `apart` with both halves beside it, as a rewriting that takes it apart without a
fault would. No model is asked, and no question was rewritten by hand.
"""

from __future__ import annotations

import os
import random
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from selection import ROOT, Held, Score, _hold, _interval, _measure, _read

from kimiqa.plan import Chunk
from kimiqa.ranking import Ranking
from kimiqa.ranking.several import together
from kimiqa.tokens import counter_for

BUDGETS = (2_000, 4_000, 8_000)
MOST_OF_A_DOCUMENT = 20

Pair = tuple[dict[str, Any], dict[str, Any]]


def main() -> None:
    folder = Path(os.environ.get("KIMIQA_DATA") or ROOT.parent / "shared" / "data") / "qa"
    if not folder.is_dir():
        raise SystemExit(f"There is no {folder}: set KIMIQA_DATA to the folder of the data.")
    rows, questions = _read(folder)
    counter = counter_for("kimi_k3")
    held = {row["doc_id"]: _hold(row, counter) for row in rows}
    scores: dict[tuple[str, str, int], list[Score]] = defaultdict(list)
    pairs = _pairs(questions)
    for pair in pairs:
        _add(scores, held[pair[0]["doc_id"]], pair)
    print(f"{len(pairs)} pairs\n{'':20}" + "".join(f"{b // 1000}k".rjust(18) for b in BUDGETS))
    for metric in ("recall", "all in", "half page"):
        for way in ("joined", "apart"):
            cells = "".join(_interval(scores[way, metric, b]).rjust(18) for b in BUDGETS)
            print(f"{metric:11}{way:9}{cells}")


def _pairs(questions: Sequence[dict[str, Any]]) -> list[Pair]:
    by_document = defaultdict(list)
    for row in questions:
        if row["gold_spans"] or row["gold_pages"]:
            by_document[row["doc_id"]].append(row)
    draw, pairs = random.Random(1), list[Pair]()
    for rows in by_document.values():
        draw.shuffle(rows)
        pairs += list(zip(rows[::2], rows[1::2], strict=False))[:MOST_OF_A_DOCUMENT]
    return pairs


def _add(scores: dict[tuple[str, str, int], list[Score]], held: Held, pair: Pair) -> None:
    one, other = (row["question"] for row in pair)
    rank = held.index.rank
    joined = rank(f"{one.rstrip('?.')}, and {other}")
    ways = {"joined": joined, "apart": together([joined, rank(one), rank(other)])}
    for way, ranking in ways.items():
        for budget in BUDGETS:
            chunks = _taken(ranking, budget)
            for row in pair:
                for metric, value in _measure(held, row, chunks):
                    scores[way, metric, budget].append((row["doc_id"], value))


def _taken(ranking: Ranking, budget: int) -> list[Chunk]:
    taken: list[Chunk] = []
    for place in ranking.order.tolist():
        tokens = int(ranking.index.tokens[place])
        if tokens <= budget:
            taken.append(ranking.index.chunk(place))
            budget -= tokens
    return taken


if __name__ == "__main__":
    main()

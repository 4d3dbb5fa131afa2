"""How much of the evidence is among the chunks that are chosen, and how fast they are chosen.

Run `python tests/bench/selection.py`; the documents and questions are read from the folder that
`KIMIQA_DATA` names. Evidence recall is the share of the gold evidence's characters among the
chunks sent; all-evidence-in the share of questions of which every piece of evidence is (nine
tenths of it); half-page recall the share of gold pages of which at least half is. Intervals are
95 % bootstrap intervals over documents; what is aimed at stands below. What indexing costs beside
reading the files is in `ingest.py`. With `semantic` as its argument chunks are ranked by
meaning too; the vectors of all documents are made first, which takes half an hour of a core.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

from kimiqa.document import Document
from kimiqa.plan import Chunk
from kimiqa.ranking import Index, choose
from kimiqa.semantic import likeness
from kimiqa.tokens import Counter, counter_for

BUDGETS = (1_000, 2_000, 4_000, 8_000, 16_000, 32_000)
NAMES = {
    "chroma": "chunking_evaluation",
    "covidqa": "COVID-QA",
    "cuad": "CUAD",
    "ohr": "OHR-Bench",
    "financebench": "FinanceBench",
    "mmlb": "MMLongBench",
}
PROSE = ("chroma", "covidqa", "cuad", "ohr")
RANKING = "semantic" if "semantic" in sys.argv[1:] else "bm25"
GOALS: dict[str, tuple[tuple[str, str, int, float], ...]] = {
    "bm25": (
        ("prose, pooled", "recall", 2_000, 95.0),
        ("prose, pooled", "recall", 4_000, 97.5),
        ("CUAD", "recall", 4_000, 85.0),
        ("FinanceBench", "recall", 8_000, 58.0),
    ),
    "semantic": (
        ("FinanceBench", "recall", 8_000, 73.0),
        ("FinanceBench", "all in", 8_000, 57.0),
        ("MMLongBench", "half page", 4_000, 75.0),
    ),
}
MILLISECONDS = {1_000_000: 5, 10_000_000: 50}
"""Within which chunks are to be chosen, of so many tokens."""
GROUPS = {NAMES[key]: (key,) for key in NAMES} | {"prose, pooled": PROSE}
ROOT = Path(__file__).resolve().parents[2]

Score = tuple[str, float]
"""The document a question is about, and how well its evidence was met."""


@dataclass(frozen=True)
class Held:
    """A document with its index and where each page starts in the text of all pages."""

    document: Document
    index: Index
    offsets: list[int]


def main() -> None:
    folder = Path(os.environ.get("KIMIQA_DATA") or ROOT.parent / "shared" / "data") / "qa"
    if not folder.is_dir():
        raise SystemExit(f"There is no {folder}: set KIMIQA_DATA to the folder of the data.")
    rows, questions = _read(folder)
    counter = counter_for("kimi_k3")
    started = time.process_time()
    held = {row["doc_id"]: _hold(row, counter) for row in rows}
    _say_indexing(held.values(), time.process_time() - started)
    _say_recall(_scores(held, questions))
    _say_speed(rows, questions, counter)


def _read(folder: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    with gzip.open(folder / "docs.jsonl.gz", "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    with open(folder / "questions.jsonl", encoding="utf-8") as file:
        questions = [json.loads(line) for line in file]
    return rows, [each for each in questions if each["set"] in NAMES]


def _hold(row: dict[str, Any], counter: Counter) -> Held:
    document = Document.from_pages(row["pages"], name=row["doc_id"])
    offsets = list(accumulate((len(text) + 1 for text in row["pages"]), initial=0))
    return Held(document, Index.build([(1, document)], counter), offsets)


# Recall ------------------------------------------------------------------------------------------


def _scores(
    held: dict[str, Held], questions: Sequence[dict[str, Any]]
) -> dict[tuple[str, str, int], list[Score]]:
    scores = defaultdict(list)
    for row in questions:
        place = held[row["doc_id"]]
        alike = likeness(place.index, row["question"], RANKING)
        for budget in BUDGETS:
            chunks = choose(place.index, row["question"], budget, alike)
            for metric, value in _measure(place, row, chunks):
                scores[row["set"], metric, budget].append((row["doc_id"], value))
    return scores


def _measure(
    held: Held, row: dict[str, Any], chunks: Sequence[Chunk]
) -> Iterable[tuple[str, float]]:
    if row["gold_spans"]:
        shares = [_covered(held, chunks, start, end) for start, end in row["gold_spans"]]
        lengths = [end - start for start, end in row["gold_spans"]]
        found = sum(share * length for share, length in zip(shares, lengths, strict=True))
        yield "recall", found / sum(lengths)
        yield "all in", float(min(shares) >= 0.9)
    if row["gold_pages"]:
        halves = [_half_sent(held, chunks, page) for page in row["gold_pages"]]
        yield "half page", statistics.mean(halves)


def _covered(held: Held, chunks: Sequence[Chunk], start: int, end: int) -> float:
    inside = 0
    for chunk in chunks:
        base = held.offsets[chunk.page - 1]
        inside += max(0, min(end, base + chunk.end) - max(start, base + chunk.start))
    return inside / (end - start)


def _half_sent(held: Held, chunks: Sequence[Chunk], page: int) -> bool:
    sent = sum(len(chunk.text) for chunk in chunks if chunk.page == page)
    return sent >= 0.5 * len(held.document.pages[page - 1].text.strip())


def _say_recall(scores: dict[tuple[str, str, int], list[Score]]) -> None:
    print(f"\n{'':34}" + "".join(f"{budget // 1000}k".rjust(18) for budget in BUDGETS))
    for name in GROUPS:
        for metric in ("recall", "all in", "half page"):
            pooled = [_pooled(scores, name, metric, budget) for budget in BUDGETS]
            if pooled[0]:
                cells = "".join(_interval(each).rjust(18) for each in pooled)
                print(f"{name:20} {metric:9} {len(pooled[0]):3}{cells}")
    for name, metric, budget, goal in GOALS[RANKING]:
        found = statistics.mean(value for _, value in _pooled(scores, name, metric, budget))
        print(f"goal: {name:13} {metric:9} at {budget:5}: {100 * found:5.1f}   ≥ {goal}")


def _pooled(
    scores: dict[tuple[str, str, int], list[Score]], name: str, metric: str, budget: int
) -> list[Score]:
    return [score for key in GROUPS[name] for score in scores[key, metric, budget]]


def _interval(scores: Sequence[Score]) -> str:
    by_document = defaultdict(list)
    for document, value in scores:
        by_document[document].append(value)
    groups = [(sum(values), len(values)) for values in by_document.values()]
    draw = random.Random(0)
    means = sorted(_mean(draw.choices(groups, k=len(groups))) for _ in range(500))
    return f"{_mean(groups):5.1f} ({means[12]:.0f}-{means[487]:.0f})"


def _mean(groups: Sequence[tuple[float, int]]) -> float:
    return 100 * sum(total for total, _ in groups) / sum(count for _, count in groups)


# Speed -------------------------------------------------------------------------------------------


def _say_indexing(held: Iterable[Held], seconds: float) -> None:
    tokens = sum(int(each.index.tokens.sum()) for each in held)
    print(f"indexing: {seconds / tokens * 1e6:.2f} s of CPU per million tokens ({tokens:,})")


def _say_speed(
    rows: Sequence[dict[str, Any]], questions: Sequence[dict[str, Any]], counter: Counter
) -> None:
    asked = [each["question"] for each in questions][:: max(1, len(questions) // 60)]
    for target, goal in MILLISECONDS.items():
        index = _index_of_about(target, rows, counter)
        times = [_seconds(index, question) for question in asked]
        print(
            f"choosing 4,000 of {int(index.tokens.sum()):,} tokens: median "
            f"{statistics.median(times) * 1e3:.1f} ms (≤ {goal}), most {max(times) * 1e3:.1f} ms"
        )


def _index_of_about(tokens: int, rows: Sequence[dict[str, Any]], counter: Counter) -> Index:
    documents: list[tuple[int, Document]] = []
    held = 0
    while held < tokens:
        row = rows[len(documents) % len(rows)]
        document = Document.from_pages(row["pages"], name=row["doc_id"])
        documents.append((len(documents) + 1, document))
        held += row["n_tokens"]
    return Index.build(documents, counter)


def _seconds(index: Index, question: str) -> float:
    started = time.perf_counter()
    choose(index, question, 4_000)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()

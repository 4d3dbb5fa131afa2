"""How well a small real model answers, cites and refuses, by two wordings of the rules.

    KIMIQA_GGUF=model.gguf python tests/bench/evaluate.py --questions 80 --tokens 2000

80 stratified development questions (the folder that `KIMIQA_DATA` names) are asked by chunks of a
model behind xllamacpp's OpenAI-compatible server, which this script starts on one thread, or of
the server that `--url` names. Answers are kept in `--out`, so that a run that was stopped goes on;
without the weights, xllamacpp or the data it says so and ends. The wordings are compared pair by
pair. `--report` grades what there is and asks nothing.
"""

from __future__ import annotations

import argparse
import gzip
import importlib.util
import json
import os
import random
import re
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from kimiqa import Client, Document, prompts
from kimiqa.evaluating.dataset import Item
from kimiqa.evaluating.measures import DRAWS, MEASURES, SEED, SHARES, Scored, measured, scored
from kimiqa.evaluating.results import Book
from kimiqa.evaluating.running import Evaluation
from kimiqa.strategies import layout

ROOT = Path(__file__).resolve().parents[2]
KINDS = {
    "numeric": "number",
    "yesno": "yes_no",
    "choice": "choice",
    "short": "text",
    "unanswerable": "refusal",
}
MODEL = "local-gguf"
SHOWN = (
    "accuracy", "strict_accuracy", "citation_precision", "unanswerable_refused",
    "answerable_refused", "prompt_tokens", "completion_tokens", "seconds",
)  # fmt: skip

ENDS = {
    "refuse": """
Answer in the language of the question, in one or two sentences, as in: The deposit is 4,200 \
euros, as "a deposit of 4,200 euros" shows [D1 p. 3]. Give numbers, dates and names as the \
documents give them. Where they contradict each other, say that and cite both.

First look whether the pages hold the answer. Where they do not, write "The documents do not \
say" and what is missing, cite nothing, and do not guess.""",
    "example": """
Answer in the language of the question, to the point. Give numbers, dates and names as the \
documents give them. Where the documents do not hold the answer, or only part of it, say so \
plainly and do not guess. Where they contradict each other, say that and cite both.

Write every sentence with its place behind it in square brackets, as in this example:
The deposit is 4,200 euros: "a deposit of 4,200 euros" [D1 p. 3].""",
}
"""How the rules may end instead; "ours" are the rules as they are."""


def main() -> None:
    chosen = _chosen()
    folder = Path(os.environ.get("KIMIQA_DATA") or ROOT.parent / "shared" / "data") / "qa"
    if not folder.is_dir():
        _skip(f"there is no {folder}; set KIMIQA_DATA to the folder of the data.")
    pages, items = _read(folder, chosen.questions)
    if not chosen.report:
        with _server(chosen) as url:
            _ask_all(items, pages, url, chosen)
    _report(items, chosen)


def _chosen() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--questions", type=int, default=80)
    parser.add_argument("--tokens", type=int, default=2_000, help="most prompt tokens")
    parser.add_argument("--answer", type=int, default=160, help="most completion tokens")
    parser.add_argument(
        "--wordings", nargs="+", default=["ours", "example"], choices=["ours", *ENDS]
    )
    parser.add_argument("--out", type=Path, default=Path("evaluate-results"))
    parser.add_argument("--url", help="a server that runs already")
    parser.add_argument("--report", action="store_true", help="ask nothing")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.serve:
        _serve(chosen.serve, chosen.tokens + chosen.answer)
    return chosen


def _skip(why: str) -> NoReturn:
    print(f"Skipped: {why}")
    sys.exit(0)


# Questions --------------------------------------------------------------------------------------


def _read(folder: Path, count: int) -> tuple[dict[str, list[str]], list[Item]]:
    """The documents' pages, and the first `count` of the questions, so dealt that every kind of
    every source has its turn before one has a second."""
    pages: dict[str, list[str]] = {}
    for name in ("qa_docs.jsonl.gz", "docs.jsonl.gz"):
        with gzip.open(folder / name, "rt", encoding="utf-8") as file:
            for row in map(json.loads, file):
                pages.setdefault(row["doc_id"], row["pages"])
    strata = defaultdict(list)
    with open(folder / "qa.jsonl", encoding="utf-8") as file:
        for row in map(json.loads, file):
            if row["grader"] in KINDS and row["doc_id"] in pages:
                strata[row["set"], row["grader"]].append(row)
    draw = random.Random(SEED)
    for key in sorted(strata):
        draw.shuffle(strata[key])
    dealt = [
        strata[key].pop()
        for _ in range(max(map(len, strata.values())))
        for key in sorted(strata)
        if strata[key]
    ]
    return pages, [_item(row) for row in dealt[:count]]


def _item(row: dict[str, Any]) -> Item:
    kind: Any = KINDS[row["grader"]]
    places = tuple(("D1", page) for page in row.get("gold_pages") or ())
    choices = re.findall(r"\([A-H]\) (.+)", row["question"]) if kind == "choice" else []
    return Item(
        row["qid"],
        (Path(row["doc_id"]),),
        row["question"],
        kind,
        () if kind == "refusal" else (str(row["answer"]),),
        places,
        choices=tuple(choices),
    )


# The server -------------------------------------------------------------------------------------


@contextmanager
def _server(chosen: argparse.Namespace) -> Iterator[str]:
    if chosen.url:
        yield chosen.url
        return
    weights = os.environ.get("KIMIQA_GGUF", "")
    if not Path(weights).is_file():
        _skip("no weights; set KIMIQA_GGUF to the path of a GGUF file.")
    if importlib.util.find_spec("xllamacpp") is None:
        _skip("xllamacpp is not installed (pip install xllamacpp).")
    command = [sys.executable, __file__, "--serve", weights, "--tokens", str(chosen.tokens)]
    # Waiting threads that spin would take the other core's time.
    environment = {**os.environ, "OMP_WAIT_POLICY": "passive"}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        address = next((line for line in process.stdout if line.startswith("http")), "")
        if not address:
            sys.exit("The server did not start; see its messages above.")
        yield f"{address.strip()}/v1"
    finally:
        process.terminate()
        process.wait()


def _serve(weights: str, tokens: int) -> None:
    import xllamacpp  # type: ignore[import-not-found, unused-ignore]

    params = xllamacpp.CommonParams()
    params.model.path = weights
    params.model_alias = {MODEL}
    params.hostnames, params.port = ["127.0.0.1"], 0
    # A vocabulary of its own counts more tokens than ours: half as much again is room enough.
    params.n_ctx, params.n_parallel = max(4_096, tokens * 3 // 2 + 1_024), 1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)
    while True:
        time.sleep(3_600)


# Asking -----------------------------------------------------------------------------------------


def _ask_all(
    items: Sequence[Item], pages: dict[str, list[str]], url: str, chosen: argparse.Namespace
) -> None:
    """Wordings take turns question by question, so that a run that ends early has pairs."""
    client = Client(MODEL, base_url=url, api_key="none", home=None, allow_unpriced=True)
    options = {"max_prompt_tokens": chosen.tokens, "max_completion_tokens": chosen.answer}
    runs = {
        wording: Evaluation(
            items,
            ["chunks"],
            [client],
            Book.open(_file(chosen, wording)),
            lambda path: Document.from_pages(pages[path.as_posix()], name=path.name),
            options,
        )
        for wording in chosen.wordings
    }
    left = {wording: {job.item.id: job for job in run.missing()} for wording, run in runs.items()}
    for number, item in enumerate(items, 1):
        for wording, run in runs.items():
            if item.id in left[wording]:
                with _worded(wording):
                    (result,) = run.run([left[wording][item.id]])
                took = f"{result.seconds:.0f} s {result.error}"
                print(f"{number}/{len(items)} {wording} {item.id} {took}", flush=True)


def _file(chosen: argparse.Namespace, wording: str) -> Path:
    folder: Path = chosen.out
    return folder / f"{wording}-{chosen.tokens}.jsonl"


@contextmanager
def _worded(wording: str) -> Iterator[None]:
    """The rules of this wording, in the two places where they are laid out and counted."""
    before = prompts.RULES
    head = before[: before.index("\nAnswer in the language")]
    rules = before if wording == "ours" else head + ENDS[wording]
    prompts.RULES = layout.RULES = rules
    try:
        yield
    finally:
        prompts.RULES = layout.RULES = before


# What came of it --------------------------------------------------------------------------------


def _report(items: Sequence[Item], chosen: argparse.Namespace) -> None:
    rows = {
        wording: scored(items, Book.open(_file(chosen, wording)).results.values())
        for wording in chosen.wordings
        if _file(chosen, wording).exists()
    }
    for wording, scores in rows.items():
        print(f"\n{wording}: {len(scores)} questions, at most {chosen.tokens} prompt tokens")
        _say(scores)
        for kind in sorted({row.item.kind for row in scores}):
            own = [row for row in scores if row.item.kind == kind]
            print(f"  right of {kind:8} {sum(row.right for row in own)} of {len(own)}")
    if len(rows) == 2:
        _say_pairs(*rows.values())


def _say(scores: Sequence[Scored]) -> None:
    for name, found in measured(scores).items():
        if name in SHOWN and found.value is not None:
            factor, unit = (100, " %") if name in SHARES else (1, "")
            span = (
                f" ({factor * found.low:.0f}-{factor * (found.high or 0):.0f})"
                if found.low is not None
                else ""
            )
            print(f"  {name:22} {factor * found.value:7.1f}{unit}{span}  n={found.count}")


def _say_pairs(one: Sequence[Scored], other: Sequence[Scored]) -> None:
    """The second wording less the first, over the questions that both answered."""
    second = {row.item.id: row for row in other}
    pairs = [(row, second[row.item.id]) for row in one if row.item.id in second]
    print(f"\nsecond less first, over {len(pairs)} pairs:")
    for name in SHOWN[:5]:
        found = [
            (str(a.item.documents[0]), y[0] / y[1] - x[0] / x[1])
            for a, b in pairs
            if (x := MEASURES[name](a)) and (y := MEASURES[name](b))
        ]
        if found:
            low, high = _interval(found)
            mean = 100 * sum(value for _, value in found) / len(found)
            print(f"  {name:22} {mean:+6.1f} points ({low:+.0f} to {high:+.0f})  n={len(found)}")


def _interval(found: Sequence[tuple[str, float]]) -> tuple[float, float]:
    by_document = defaultdict(list)
    for document, value in found:
        by_document[document].append(value)
    groups = [(sum(values), len(values)) for values in by_document.values()]
    draw = random.Random(SEED)
    drawn = (draw.choices(groups, k=len(groups)) for _ in range(DRAWS))
    means = sorted(100 * sum(a for a, _ in each) / sum(b for _, b in each) for each in drawn)
    return means[DRAWS // 40], means[-1 - DRAWS // 40]


if __name__ == "__main__":
    main()

"""Ingest: CPU and memory of kimiqa beside the plain loops it has to keep up with.

    python tests/bench/ingest.py [--rounds 3]

Reads the R reference manual (KIMIQA_MANUAL, else where Debian's r-doc-pdf puts it) and three
filings of KIMIQA_DATA. Each measurement is a process of its own; figures are medians.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FILINGS = ("PFIZER_2021_10K", "Pfizer_2023Q2_10Q", "NIKE_2021_10K")
TARGETS = (
    ("CPU of pypdf + tokens over kimiqa's", "≥ 10"),
    ("kimiqa's CPU over the bare loop's", "≤ 1.5"),
    ("kimiqa's memory growth over the bare loop's", "≤ 1.5"),
    ("first preview over pypdf's first page", "≤ 0.05"),
    ("second opening over the first", "≤ 0.05"),
    ("memory after ten files over after one", "about 1"),
    ("CPU of indexing for chunks over kimiqa's", "≤ 0.7"),
)


def documents() -> list[Path]:
    """The manual and the three filings; those that are missing are named and left out."""
    data = Path(os.environ.get("KIMIQA_DATA") or ROOT.parent / "shared" / "data")
    manual = Path(os.environ.get("KIMIQA_MANUAL") or "/usr/share/R/doc/manual/refman.pdf")
    filings = [next(data.glob(f"qa/pdfs/*{name}*.pdf"), data / name) for name in FILINGS]
    for path in (missing := [path for path in (manual, *filings) if not path.is_file()]):
        print(f"missing: {path}", file=sys.stderr)
    return [path for path in (manual, *filings) if path not in missing]


# What is measured: each runs in a fresh process --------------------------------------------------


def pypdf_loop(paths: Sequence[str]) -> dict[str, float]:
    import pypdf
    import splintr

    idle = _memory()
    tokenizer = splintr.Tokenizer.from_pretrained("kimi_k3")
    for path in paths:
        for page in pypdf.PdfReader(path).pages:
            len(tokenizer.encode_ordinary(page.extract_text()))
    return {"memory": _peak() - idle}


def bare_loop(paths: Sequence[str]) -> dict[str, float]:
    import pypdfium2
    import splintr

    idle = _memory()
    tokenizer = splintr.Tokenizer.from_pretrained("kimi_k3")
    for path in paths:
        pdf = pypdfium2.PdfDocument(path)
        for index in range(len(pdf)):
            page = pdf[index]
            textpage = page.get_textpage()
            len(tokenizer.encode_ordinary(textpage.get_text_range()))
            textpage.close()
            page.close()
        pdf.close()
    return {"memory": _peak() - idle}


def kimiqa_ingest(paths: Sequence[str]) -> dict[str, float]:
    from kimiqa.document import Document
    from kimiqa.reading.pool import fast_pool

    idle = _memory()
    with tempfile.TemporaryDirectory() as home:
        for path in paths:
            Document.open(path, home=home)
        return {"memory": _peak() + _peak(fast_pool().pid) - idle}


def pypdf_first_page(paths: Sequence[str]) -> dict[str, float]:
    import pypdf

    start = time.perf_counter()
    pypdf.PdfReader(paths[0]).pages[0].extract_text()
    return {"seconds": time.perf_counter() - start}


def first_preview(paths: Sequence[str]) -> dict[str, float]:
    """With the app warm: worker and vocabulary are there, the file has never been seen."""
    from kimiqa.document import Document, Preview

    with tempfile.TemporaryDirectory() as home:
        Document.open(b"warm", name="warm.txt", home=home)
        _warm_worker()
        start = time.perf_counter()
        steps = Document.reading(paths[0], home=home)
        preview = next(steps)
        seconds = time.perf_counter() - start
        document = list(steps)[-1]
        assert isinstance(preview, Preview)
        assert isinstance(document, Document)
        exact = sum(document._counts.popitem()[1])
    return {"seconds": seconds, "off": preview.rough_tokens / exact - 1}


def second_opening(paths: Sequence[str]) -> dict[str, float]:
    from kimiqa.document import Document

    with tempfile.TemporaryDirectory() as home:
        _warm_worker()
        times = []
        for _ in range(2):
            start = time.perf_counter()
            for path in paths:
                Document.open(path, home=home)
            times.append(time.perf_counter() - start)
    return {"seconds": times[1], "ratio": times[1] / times[0]}


def ten_in_a_row(paths: Sequence[str]) -> dict[str, float]:
    from kimiqa.document import Document
    from kimiqa.reading.pool import fast_pool

    sizes = []
    for _ in range(10):
        with tempfile.TemporaryDirectory() as home:
            Document.open(paths[0], home=home)
        sizes.append(_memory() + _memory(fast_pool().pid))
    return {"after_one": sizes[0], "after_ten": sizes[-1]}


def indexing(paths: Sequence[str]) -> dict[str, float]:
    """What choosing chunks adds once to reading the files."""
    from kimiqa.document import Document
    from kimiqa.ranking.indexing import index_of
    from kimiqa.tokens import counter_for

    counter = counter_for("kimi_k3")
    with tempfile.TemporaryDirectory() as home:
        documents = [Document.open(path, home=home) for path in paths]
    start = time.process_time()
    for document in documents:
        index_of(document, counter)
    return {"seconds": time.process_time() - start}


MEASURED: tuple[Callable[[Sequence[str]], dict[str, float]], ...] = (
    pypdf_loop,
    bare_loop,
    kimiqa_ingest,
    pypdf_first_page,
    first_preview,
    second_opening,
    ten_in_a_row,
    indexing,
)


def _warm_worker() -> None:
    from kimiqa.reading.pool import fast_pool

    fast_pool().call("ping")


def _status(name: str, pid: int | None) -> float:
    """A size of a process in MB, from the system's own record."""
    lines = Path(f"/proc/{pid or 'self'}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1]) / 1024


def _memory(pid: int | None = None) -> float:
    return _status("VmRSS", pid)


def _peak(pid: int | None = None) -> float:
    return _status("VmHWM", pid)


# Measuring and printing -------------------------------------------------------------------------


def run(name: str, paths: Sequence[Path]) -> dict[str, float]:
    """One measurement in a process of its own, with the CPU of it and its children."""
    before = os.times()
    command = [sys.executable, __file__, "--measure", name, *map(str, paths)]
    paths_to_kimiqa = os.pathsep.join((str(ROOT), os.environ.get("PYTHONPATH", "")))
    environment = os.environ | {"PYTHONPATH": paths_to_kimiqa}
    out = subprocess.run(command, check=True, capture_output=True, env=environment).stdout
    after = os.times()
    used = after.children_user + after.children_system
    found: dict[str, float] = json.loads(out)
    return found | {"cpu": used - before.children_user - before.children_system}


def medians(rounds: int, paths: Sequence[Path]) -> dict[str, dict[str, float]]:
    """The median of each figure over the rounds; rounds are interleaved, for machines vary."""
    found: dict[str, list[dict[str, float]]] = {each.__name__: [] for each in MEASURED}
    for _ in range(rounds):
        for name, results in found.items():
            results.append(run(name, paths))
    return {
        name: {key: statistics.median(each[key] for each in results) for key in results[0]}
        for name, results in found.items()
    }


def ratios(of: dict[str, dict[str, float]]) -> Iterator[float]:
    yield of["pypdf_loop"]["cpu"] / of["kimiqa_ingest"]["cpu"]
    yield of["kimiqa_ingest"]["cpu"] / of["bare_loop"]["cpu"]
    yield of["kimiqa_ingest"]["memory"] / of["bare_loop"]["memory"]
    yield of["first_preview"]["seconds"] / of["pypdf_first_page"]["seconds"]
    yield of["second_opening"]["ratio"]
    yield of["ten_in_a_row"]["after_ten"] / of["ten_in_a_row"]["after_one"]
    yield of["indexing"]["seconds"] / of["kimiqa_ingest"]["cpu"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    parser.add_argument("paths", nargs="*", help=argparse.SUPPRESS)
    given: Any = parser.parse_args()
    if given.measure:
        print(json.dumps(globals()[given.measure](given.paths)))
        return
    found = medians(given.rounds, documents())
    for name, figures in found.items():
        print(f"{name:18}", "  ".join(f"{key} {value:.3f}" for key, value in figures.items()))
    for (what, target), value in zip(TARGETS, ratios(found), strict=True):
        print(f"{what:46} {value:8.3f}   {target}")


if __name__ == "__main__":
    main()

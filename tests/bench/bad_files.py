"""Bad files and real ones: what each ends in, how long it takes, and what the worker holds.

    python tests/bench/bad_files.py [--checked] [NAME...]

Reads KIMIQA_DATA's pdf-bad, the attack files of the tests and the real documents, each through
`Document.open` (and the second pass, with --checked), and prints a row each. The exit code is 1
where one crashes, outlasts its deadline, holds more than the cap, or ends in a code without a
next step.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import attacks  # noqa: E402

from kimiqa.document import Document  # noqa: E402
from kimiqa.errors import DocumentError  # noqa: E402
from kimiqa.reading import engines  # noqa: E402
from kimiqa.reading.pool import fast_pool, page_pool, second_pool  # noqa: E402
from kimiqa.reading.starting import WORKER_MEMORY  # noqa: E402

GRACE_SECONDS = 5.0
START_MEMORY = 200 << 20
"""What a worker maps before it has read anything."""


@dataclass(frozen=True)
class Row:
    name: str
    engine: str
    status: str
    code: str
    seconds: float
    memory: int
    hint: bool
    limit: float
    text: bool


class Watch:
    """The most that the workers together hold, looked at fifty times a second."""

    def __init__(self) -> None:
        self.most = 0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._end.wait(0.02):
            held = [_resident(pool.pid) for pool in (fast_pool(), page_pool(), second_pool())]
            self.most = max(self.most, *held)


def _resident(pid: int | None) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError, ValueError):
        return 0


def files(folder: Path) -> Iterator[tuple[str, Path]]:
    """The bad files of the development data, the attacks, written into `folder`, and documents
    as people have them."""
    data = Path(os.environ.get("KIMIQA_DATA") or ROOT.parent / "shared" / "data")
    yield from ((path.name, path) for path in sorted(data.glob("pdf-bad/*.pdf")))
    for number, (name, make) in enumerate(attacks.ATTACKS.items()):
        path = folder / f"{number}.pdf"
        path.write_bytes(make())
        yield name, path
    real = (*sorted(data.glob("qa/pdfs/*.pdf")), *sorted((ROOT / "samples").glob("*.pdf")))
    yield from ((path.name, path) for path in real)


def measure(name: str, path: Path, home: Path, *, checked: bool) -> Row:
    """One file, read."""
    engine = status = code = ""
    hint, text, pages = True, False, 0
    start = time.monotonic()
    with Watch() as watch:
        try:
            document = Document.open(path, home=home)
            if checked:
                document.checked()
            pages = len(document.pages)
            engine = "+".join(sorted({page.engine or "" for page in document.pages}))
            counts = Counter(page.status for page in document.pages)
            status = " ".join(f"{each} {count:,}" for each, count in counts.items())
            text = any(page.text.strip() for page in document.pages)
        except DocumentError as error:
            code, hint = error.code, bool(error.hint)
        except Exception as error:
            code, hint = f"NOT OURS: {type(error).__name__}", False
    limit = engines.deadline_seconds(pages) * (2 if checked else 1) + GRACE_SECONDS
    return Row(name, engine, status, code, time.monotonic() - start, watch.most, hint, limit, text)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checked", action="store_true", help="the second pass too")
    parser.add_argument("names", nargs="*", help="only files whose name holds one of these")
    chosen = parser.parse_args()
    rows = []
    print(f"{'file':54} {'engine':12} {'status or code':34} {'seconds':>7} {'MB':>6}")
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as home:
        for name, path in files(Path(folder)):
            if chosen.names and not any(each in name for each in chosen.names):
                continue
            row = measure(name, path, Path(home), checked=chosen.checked)
            rows.append(row)
            print(
                f"{row.name[:54]:54} {row.engine:12} {(row.code or row.status)[:34]:34}"
                f" {row.seconds:7.2f} {row.memory / (1 << 20):6.0f}",
                flush=True,
            )
    return report(rows)


def report(rows: list[Row]) -> int:
    """The sums, and 1 where something must not be."""
    codes = Counter(row.code for row in rows if row.code)
    faults = {
        "not one of our errors": [row.name for row in rows if row.code.startswith("NOT")],
        "without a next step": [row.name for row in rows if not row.hint],
        "past the deadline": [row.name for row in rows if row.seconds > row.limit],
        "over the memory cap": [
            row.name for row in rows if row.memory > WORKER_MEMORY + START_MEMORY
        ],
        "more than twelve codes": sorted(codes) if len(codes) > 12 else [],
    }
    print(f"\n{len(rows)} files, text from {sum(row.text for row in rows)}; codes {dict(codes)}")
    for what, names in faults.items():
        print(f"{what}: {', '.join(names) or 'none'}")
    return 1 if any(faults.values()) else 0


if __name__ == "__main__":
    sys.exit(main())

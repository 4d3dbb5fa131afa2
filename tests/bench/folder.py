"""A folder of a thousand PDFs: CPU and memory of `kimiqa cost DIR` beside the bare loop's.

    python tests/bench/folder.py [--files 1000] [--pages 4] [--from DIR]

The PDFs are cut from real manuals, so many pages to a file. The bare loop reads the same files
with pdfium and counts their tokens, in one process. Memory is that of all of kimiqa's processes
after 100 files and after all of them.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MANUALS = Path("/usr/share")
BARE = """
import sys
from pathlib import Path
import pypdfium2, splintr
tokenizer = splintr.Tokenizer.from_pretrained("kimi_k3")
total = 0
for path in sorted(Path(sys.argv[1]).glob("*.pdf")):
    pdf = pypdfium2.PdfDocument(path)
    for number in range(len(pdf)):
        page = pdf[number]
        text = page.get_textpage()
        total += len(tokenizer.encode_ordinary(text.get_text_range()))
        text.close()
        page.close()
    pdf.close()
print(total)
"""


def cut(manuals: Path, folder: Path, files: int, pages: int) -> int:
    """Cut real manuals into so many files of so many pages each; how many there are."""
    import pypdfium2

    made = 0
    for source in sorted(manuals.rglob("*.pdf"), key=lambda path: -path.stat().st_size):
        pdf = pypdfium2.PdfDocument(source)
        for first in range(0, len(pdf) - pages + 1, pages):
            piece = pypdfium2.PdfDocument.new()
            piece.import_pages(pdf, list(range(first, first + pages)))
            piece.save(folder / f"{made:04}-{source.stem}.pdf")
            piece.close()
            made += 1
            if made == files:
                return made
    return made


def cpu_of(command: Sequence[str], environment: dict[str, str]) -> tuple[float, float, str]:
    """Seconds of CPU with all children, seconds by the clock, and what it printed."""
    import resource

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        print(done.stderr[-2_000:], file=sys.stderr)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return used, time.monotonic() - started, done.stdout


def descendants(pid: int) -> Iterator[int]:
    """A process and all that it started, where the system tells."""
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            yield from descendants(int(child))


def resident(pid: int) -> int:
    """What these processes hold in memory, in bytes."""
    total = 0
    for each in descendants(pid):
        try:
            total += int(Path(f"/proc/{each}/statm").read_text().split()[1]) * 4_096
        except OSError:
            continue
    return total


def memory_of(
    command: Sequence[str], home: Path, environment: dict[str, str], files: int
) -> list[int]:
    """The most that was held up to 100 documents in the store, and over the last tenth."""
    import sqlite3

    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)
    early, late = 0, 0
    while process.poll() is None:
        try:
            with sqlite3.connect(home / "documents" / "store.sqlite3") as store:
                (count,) = store.execute("SELECT COUNT(*) FROM documents").fetchone()
            store.close()
        except sqlite3.Error:
            count = 0
        held = resident(process.pid)
        if count <= 100:
            early = max(early, held)
        if count >= 0.9 * files:
            late = max(late, held)
        time.sleep(0.05)
    return [early, late]


def _one(folder: Path, scratch: str) -> Path:
    """A folder with one of the files, by which everything is compiled."""
    single = Path(scratch, "one")
    single.mkdir(exist_ok=True)
    first = min(folder.glob("*.pdf"))
    (single / first.name).write_bytes(first.read_bytes())
    return single


def main() -> None:
    """Make the folder, measure, and print the ratios."""
    options = argparse.ArgumentParser()
    options.add_argument("--files", type=int, default=1_000)
    options.add_argument("--pages", type=int, default=4)
    options.add_argument("--from", dest="manuals", type=Path, default=MANUALS)
    options.add_argument("--folder", type=Path, help="PDFs that are cut already.")
    chosen = options.parse_args()
    environment = {k: v for k, v in os.environ.items() if not k.endswith("_API_KEY")}
    environment["PYTHONPATH"] = str(ROOT)
    with tempfile.TemporaryDirectory() as scratch:
        # Compiled once, as what is installed is: else each process would compile all of it.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        environment["PYTHONPYCACHEPREFIX"] = f"{scratch}/compiled"
        folder = chosen.folder or Path(scratch) / "pdfs"
        folder.mkdir(exist_ok=True)
        files = len(list(folder.glob("*.pdf")))
        files = files or cut(chosen.manuals, folder, chosen.files, chosen.pages)
        kimiqa = [sys.executable, "-m", "kimiqa", "cost", str(folder), "--json", "--home"]
        one = str(_one(folder, scratch))
        cpu_of([sys.executable, "-c", BARE, one], environment)
        cpu_of(
            [one if each == str(folder) else each for each in kimiqa] + [f"{scratch}/w"],
            environment,
        )
        bare, _, _ = cpu_of([sys.executable, "-c", BARE, str(folder)], environment)
        first, clock, said = cpu_of([*kimiqa, f"{scratch}/a"], environment)
        again, _, _ = cpu_of([*kimiqa, f"{scratch}/a"], environment)
        early, late = memory_of([*kimiqa, f"{scratch}/b"], Path(scratch, "b"), environment, files)
        found = json.loads(said)
        print(f"{files} files, {sum(row['pages'] for row in found['documents']):,} pages")
        print(f"bare loop {bare:.1f} s of CPU; kimiqa {first:.1f} s ({clock:.1f} s by the clock)")
        print(f"CPU over the bare loop's: {first / bare:.2f} (at most 1.5)")
        print(f"a second run over the first: {again / first:.2f}")
        print(f"memory: {early >> 20} MiB up to 100 files, {late >> 20} MiB over the last tenth")
        print(f"memory after all over after 100: {late / max(1, early):.2f} (at most 1.2)")
        print(f"failures: {len(found.get('failures', []))}")


if __name__ == "__main__":
    main()

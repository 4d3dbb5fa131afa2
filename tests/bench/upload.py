"""The memory that an upload leaves behind: 200 MB through a real Chromium into the app.

    python tests/bench/upload.py [--megabytes 200] [--rounds 3]

A small file goes first, so that everything is loaded; then one PDF of that size after the other,
each another one, so that nothing is known already. Printed is the resident memory of the server
alone (the workers that read are processes of their own), before and after each.
"""

from __future__ import annotations

import argparse
import io
import random
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from browsing import FLAGS, Tab, running_app  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402

MEGABYTE = 1024 * 1024
SETTLE_SECONDS = 60
MOST = 1.2


def padded(pages: int, megabytes: int, seed: int) -> bytes:
    """A real PDF that carries an attachment of noise, as a report carries its pictures."""
    import pypdf

    writer = pypdf.PdfWriter()
    writer.append(str(ROOT / "samples" / "debian-reference.en.pdf"), pages=(0, pages))
    writer.add_attachment("noise.bin", random.Random(seed).randbytes(megabytes * MEGABYTE))
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


@contextmanager
def app(home: Path) -> Iterator[tuple[str, int]]:
    """The app, and the process that serves it."""
    with running_app(home) as url:
        port = url.rpartition(":")[2]
        yield url, _server(port)


def _server(port: str) -> int:
    """The process that was started for this port."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                words = (entry / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
            except OSError:
                continue
            if "streamlit" in words and f"--server.port={port}" in words:
                return int(entry.name)
    raise SystemExit("The app's process was not found: this needs Linux.")


def resident(pid: int) -> int:
    text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(re.search(r"VmRSS:\s+(\d+) kB", text)[1]) * 1024  # type: ignore[index]


def rested(pid: int) -> int:
    """The memory once it no longer falls, or after a minute."""
    ends, lowest, since = time.monotonic() + SETTLE_SECONDS, resident(pid), time.monotonic()
    while time.monotonic() < ends and time.monotonic() - since < 10:
        time.sleep(0.5)
        now = resident(pid)
        if now < lowest * 0.99:
            lowest, since = now, time.monotonic()
    return resident(pid)


def upload(tab: Tab, url: str, path: Path) -> None:
    """A visitor drops a file and stays."""
    tab.page.goto(url)
    tab.page.locator("input[type=file]").first.set_input_files(str(path))
    tab.button("Ask ·").wait_for(timeout=300_000)


def measure(folder: Path, megabytes: int, rounds: int) -> bool:
    small, large = folder / "small.pdf", [folder / f"large {n}.pdf" for n in range(rounds)]
    small.write_bytes(padded(3, 1, 0))
    for n, path in enumerate(large):
        path.write_bytes(padded(5, megabytes, n + 1))
    held = True
    with app(folder / "home") as (url, pid), sync_playwright() as driver:
        browser = driver.chromium.launch(args=list(FLAGS), **_chromium())
        tabs = [Tab(browser) for _path in (small, *large)]
        upload(tabs[0], url, small)
        before = rested(pid)
        print(f"after a small file: {before / MEGABYTE:.0f} MB")
        for tab, path in zip(tabs[1:], large, strict=True):
            upload(tab, url, path)
            after = rested(pid)
            held = held and after <= before * MOST
            print(
                f"after {path.stat().st_size / MEGABYTE:.0f} MB: {after / MEGABYTE:.0f} MB, "
                f"{after / before:.2f} of before (at most {MOST})"
            )
        browser.close()
    return held


def _chromium() -> dict[str, Any]:
    import shutil

    path = shutil.which("chromium") or shutil.which("google-chrome")
    return {"executable_path": path} if path else {}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return 0 if measure(Path(folder), chosen.megabytes, chosen.rounds) else 1


if __name__ == "__main__":
    raise SystemExit(main())

"""Install everything the checks need into an environment of their own, and run all of them.

    python3 tests/run.py

Format, lint, strict types, all tests, and the README's examples. Skipped tests are listed with
their reasons; one beyond tests/allowed_skips.txt is a failure. What follows the line is passed
to pytest: `python3 tests/run.py -k citations`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from kimiqa import start  # noqa: E402  (the checkout's own module, found once its folder is on the path)

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def main() -> int:
    """Run every check, also after one has failed, and say at the end which did."""
    try:
        python = start.ready_environment(ROOT / ".venv-test", "tests", install)
        find_browser(python)
    except subprocess.CalledProcessError as error:
        print(f"\nThe tests could not be installed: {start.describe(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    failed = [name for name, command in checks(python) if not run(name, command)]
    print(f"\nFailed: {', '.join(failed)}." if failed else "\nAll checks passed.", flush=True)
    return 1 if failed else 0


def checks(python: Path) -> Iterator[tuple[str, list[str]]]:
    module = [str(python), "-m"]
    yield "format", [*module, "ruff", "format", "--check", "."]
    yield "lint", [*module, "ruff", "check", "."]
    yield "types", [*module, "mypy", "--strict", "-p", "kimiqa"]
    # A file's tests stay together: they share an app, a browser and a server.
    spread = ["-n", str(min(4, os.cpu_count() or 1)), "--dist", "loadfile"]
    # A page or a second process can lose a race against a busy machine. What fails twice fails;
    # what needed its second try is listed at the end, to be looked into.
    again = ["--reruns", "1"]
    yield "tests and the README's examples", [*module, "pytest", *spread, *again, *sys.argv[1:]]


def run(name: str, command: list[str]) -> bool:
    print(f"\n== {name} ==", flush=True)
    return subprocess.run(command, cwd=ROOT, check=False).returncode == 0


def install(python: Path) -> None:
    """The locked packages, each checked against its hash, then kimiqa itself."""
    start.pip(python, "--require-hashes", "--requirement", str(start.LOCK))
    start.pip(python, "--no-deps", "--no-build-isolation", "--editable", str(ROOT))


def find_browser(python: Path) -> None:
    """The system's own Chromium if there is one, else Debian's when root, else Playwright's."""
    if os.environ.get("KIMIQA_CHROMIUM") or any(map(shutil.which, BROWSERS)):
        return
    if start.install_debian_packages("chromium") and shutil.which("chromium"):
        return
    print("Fetching a Chromium for the tests of the page ...", flush=True)
    subprocess.run([str(python), "-m", "playwright", "install", "chromium"], check=False)


if __name__ == "__main__":
    sys.exit(main())

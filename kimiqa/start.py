"""Make a virtual environment in .venv, install kimiqa and its app there, and open the app.

    python3 -m kimiqa.start

To be run in the project's folder. Needs Python 3.11 or newer and nothing else: this module
uses the standard library alone, because nothing else is there yet. What it installs stays
inside .venv. What follows the line is passed to the app:
`python3 -m kimiqa.start --port 8600 --no-open`.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
OLDEST = (3, 11)


def main() -> int:
    """Install what is not installed yet, and open the app."""
    try:
        python = ready_environment(ROOT / ".venv", "app", install_app)
        return subprocess.call([str(python), "-m", "kimiqa", "app", *sys.argv[1:]])
    except subprocess.CalledProcessError as error:
        print(f"\nkimiqa could not be installed: {describe(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def describe(error: subprocess.CalledProcessError) -> str:
    """The step that failed, in a line."""
    return f"'{' '.join(map(str, error.cmd))}' ended with {error.returncode}."


def ready_environment(folder: Path, purpose: str, install: Callable[[Path], None]) -> Path:
    """The Python of the environment in `folder`, made and filled by `install(python)` where its
    stamp does not say that this has been done for the same requirements."""
    check_version()
    python, stamp = python_of(folder), folder / "kimiqa-installed"
    wanted = f"{purpose} {sys.version_info[:2]} {ROOT} {fingerprint()}"
    if python.exists() and stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return python
    print(f"Making a virtual environment in {folder} (once; this takes a minute) ...", flush=True)
    make_environment(folder)
    install(python)
    stamp.write_text(wanted, encoding="utf-8")
    return python


def check_version() -> None:
    if sys.version_info < OLDEST:
        sys.exit(f"kimiqa needs Python 3.11 or newer; this is Python {sys.version.split()[0]}.")


def fingerprint() -> str:
    """Changes when what is to be installed changes."""
    both = (ROOT / "pyproject.toml").read_bytes() + LOCK.read_bytes()
    return hashlib.sha256(both).hexdigest()


def python_of(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


# Making an environment, also where Debian keeps pip out of Python -------------------------------


def make_environment(folder: Path) -> None:
    """A fresh environment with pip in it.

    Debian and Ubuntu ship a Python whose `venv` cannot bring pip along until the package
    python3-venv is there: then the system's pip fills the environment, or, for root, the
    package is installed.
    """
    if _venv(folder) or _venv_by_system_pip(folder):
        return
    if install_debian_packages("python3-venv") and _venv(folder):
        return
    sys.exit(
        "This Python cannot make a virtual environment with pip in it. On Debian or Ubuntu run "
        "'sudo apt install python3-venv', then the same line again."
    )


def _venv(folder: Path) -> bool:
    made = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", str(folder)], capture_output=True, check=False
    )
    return made.returncode == 0


def _venv_by_system_pip(folder: Path) -> bool:
    steps = (
        [sys.executable, "-m", "venv", "--clear", "--without-pip", str(folder)],
        [sys.executable, "-m", "pip", "--python", str(python_of(folder)), "install", "-q", "pip"],
    )
    return all(
        subprocess.run(step, capture_output=True, check=False).returncode == 0 for step in steps
    )


def install_debian_packages(*names: str) -> bool:
    """Whether the system's packages could be installed: only as root, only where apt-get is."""
    apt = shutil.which("apt-get")
    if apt is None or not hasattr(os, "geteuid") or os.geteuid() != 0:
        return False
    print(f"Installing the system's {', '.join(names)} ...", flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run([apt, "update", "-q"], env=quiet, capture_output=True, check=False)
    install = [apt, "install", "-y", "-q", "--no-install-recommends", *names]
    return subprocess.run(install, env=quiet, capture_output=True, check=False).returncode == 0


# Installing -------------------------------------------------------------------------------------


def install_app(python: Path) -> None:
    """kimiqa with its app, in the versions it was tested with where this system has them."""
    with tempfile.TemporaryDirectory() as scratch:
        tested = Path(scratch) / "tested.txt"
        tested.write_text(versions(LOCK.read_text(encoding="utf-8")), encoding="utf-8")
        try:
            pip(python, "--constraint", str(tested), "--editable", f"{ROOT}[app,office]")
        except subprocess.CalledProcessError:
            print("Trying again without the tested versions ...", flush=True)
            pip(python, "--editable", f"{ROOT}[app,office]")


def versions(lock: str) -> str:
    """The lines of the lock without their hashes: a bound, not a list of what to install.

    >>> versions("a==1 ; os_name == 'nt' \\\\\\n    --hash=sha256:00\\n")
    "a==1 ; os_name == 'nt'\\n"
    """
    lines = (line.rstrip("\\ ") for line in lock.splitlines() if line[:1].isalnum())
    return "".join(f"{line}\n" for line in lines)


def pip(python: Path, *arguments: str) -> None:
    options = ["--quiet", "--disable-pip-version-check", "--no-input"]
    subprocess.run([str(python), "-m", "pip", "install", *options, *arguments], check=True)


if __name__ == "__main__":
    sys.exit(main())

"""How a worker is started: its command, its memory, what it sees, and where it notes its page."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

WORKER_MEMORY = 1 << 30
"""What a worker may hold beyond its own start."""

OCR_MEMORY = 3 << 30
"""What the worker that reads pictures may hold, and each program it starts."""

_MODULES = {"ocr": "ocr_worker", "office": "office_worker"}
"""The workers that are no PDF readers."""

_PLACE = struct.Struct("=q")


def start(board: str | None, kind: str) -> subprocess.Popen[bytes]:
    """A process of a kind of worker; it notes its page in the file `board`."""
    module = _MODULES.get(kind, "worker")
    memory = OCR_MEMORY if kind == "ocr" else WORKER_MEMORY
    command = [sys.executable, "-m", f"kimiqa.reading.{module}", str(memory)]
    command += [board] if board else []
    quiet = getattr(subprocess, "CREATE_NO_WINDOW", 0)
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_environment(),
        creationflags=quiet,
    )


_SECRET = ("KEY", "TOKEN", "SECRET", "PASSWORD", "KIMIQA_LEDGER")


def _environment() -> dict[str, str]:
    """The worker finds this very kimiqa, and nothing that lies in the working folder; of the
    parent's variables it gets no keys, and not where the ledger is: that may hold a password."""
    root = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    kept = {k: v for k, v in os.environ.items() if not k.upper().endswith(_SECRET)}
    return kept | {"PYTHONPATH": path, "PYTHONSAFEPATH": "1"}


def new_board() -> str | None:
    """A file of eight bytes in which the worker notes its page."""
    try:
        handle, path = tempfile.mkstemp(prefix="kimiqa-", suffix=".page")
    except OSError:
        return None
    with os.fdopen(handle, "wb") as file:
        file.write(_PLACE.pack(0))
    return path


def page_on(board: str | None) -> int | None:
    if board is None:
        return None
    try:
        (page,) = _PLACE.unpack(Path(board).read_bytes())
    except (OSError, struct.error):
        return None
    return page or None

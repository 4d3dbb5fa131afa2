"""How deep models were seen to read, by `kimiqa probe`: kept in the home folder, for `auto`."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

FILE = "probes.json"

LEAST_TOKENS = 8_000
"""A smaller end is not kept: no model that can be asked about a document reads less, and a reader
of a swarm is sent at least so much. What a probe missed there is the probe's fault."""


def effective_window(model_id: str, base_url: str, home: Path | None) -> int | None:
    """The largest prompt of which a model at an endpoint was seen to read every depth, where a
    larger one was seen to fail. None: no probe has found an end.

    Of probes with several documents the least counts.
    """
    found = [row["reads"] for row in _rows(home, model_id, base_url).values() if _ends(row)]
    return min(found, default=None)


def _ends(row: Any) -> bool:
    """Whether a probe found an end that can be believed."""
    known = isinstance(row, dict) and type(row.get("reads")) is int
    return known and row.get("fails") is not None and row["reads"] >= LEAST_TOKENS


def keep_window(
    home: Path | None, model_id: str, base_url: str, document_id: str, row: Mapping[str, Any]
) -> bool:
    """Keep what a probe with a document has shown, in place of what it showed before. Whether it
    was kept: without a home nothing is, nor an end below `LEAST_TOKENS`."""
    if home is None or (row.get("fails") is not None and not _ends(row)):
        return False
    held = {name: dict(rows) for name, rows in _all(home).items()}
    held.setdefault(_name(model_id, base_url), {})[document_id] = dict(row)
    home.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=home, prefix=FILE)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(held, file, indent=1)
    os.replace(name, home / FILE)
    return True


def _rows(home: Path | None, model_id: str, base_url: str) -> Mapping[str, Any]:
    if home is None:
        return {}
    return _all(home).get(_name(model_id, base_url), {})


def _name(model_id: str, base_url: str) -> str:
    return f"{model_id} at {base_url.rstrip('/')}"


def _all(home: Path) -> Mapping[str, Mapping[str, Any]]:
    try:
        seen = (home / FILE).stat()
    except OSError:
        return {}
    return _read(home / FILE, seen.st_mtime_ns, seen.st_size)


@lru_cache(maxsize=8)
def _read(path: Path, _changed: int, _size: int) -> Mapping[str, Mapping[str, Any]]:
    """The file as it is now; one that nobody can read says nothing, and is written anew."""
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    rows = held.items() if isinstance(held, dict) else ()
    return {name: row for name, row in rows if isinstance(row, dict)}

"""Writing TOML files: whole or not at all, readable by their owner alone."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from kimiqa.errors import BadRequestError
from kimiqa.saying import say


def toml(rows: Mapping[str, Any]) -> str:
    """The rows as TOML. Empty tables are left out."""
    return "\n".join(_lines(rows, "")) + "\n"


def _lines(rows: Mapping[str, Any], under: str) -> Iterator[str]:
    for name, value in rows.items():
        if not isinstance(value, Mapping):
            yield f"{_string(name)} = {_value(value)}"
    # Tables come last: what stands under one belongs to it.
    for name, table in rows.items():
        if isinstance(table, Mapping) and table:
            yield f"\n[{under}{_string(name)}]"
            yield from _lines(table, f"{under}{_string(name)}.")


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else _string(str(value))


def _string(text: str) -> str:
    """A TOML basic string: JSON's, which leaves one control character bare."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def write(path: Path, text: str) -> None:
    """Replace `path` as a whole, readable by its owner alone: a crash leaves old or new."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # mkstemp makes the file with mode 0600 where the system has modes.
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=".tmp")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise BadRequestError(
            say(
                "{path} cannot be written: {strerror}.",
                path=path,
                strerror=error.strerror or type(error).__name__,
            ),
            "Choose another folder with KIMIQA_HOME or --home.",
        ) from None

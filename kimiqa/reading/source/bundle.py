"""A folder's text files in one file of lines, so that it has bytes, and by them an id.

{"kimiqa": "source folder", "version": 1}
{"path": "src/main.py", "text": "..."}
{"left_out": [[".env", "may hold a secret"]], "ignored": 3}
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from kimiqa.reading.source.folder import Folder

MEDIA = "text/x-source-folder"
_FIRST = {"kimiqa": "source folder", "version": 1}


@dataclass(frozen=True, slots=True)
class File:
    """A text file of a folder."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What was left out, and how many paths no rule let in."""

    files: list[tuple[str, str]]
    ignored: int


def _line(row: dict[str, Any]) -> bytes:
    return json.dumps(row, separators=(",", ":")).encode() + b"\n"


HEAD = _line(_FIRST)


def is_bundle(head: bytes) -> bool:
    """Whether a bundle begins here."""
    return head.startswith(HEAD)


def write(folder: Path, to: BinaryIO) -> int:
    """Write a folder's bundle; how many files it holds."""
    found, count = Folder(folder), 0
    to.write(HEAD)
    for path, text in found.texts():
        to.write(_line({"path": path, "text": text}))
        count += 1
    to.write(_line({"left_out": found.left_out, "ignored": found.ignored}))
    return count


def read(path: str) -> Iterator[File | LeftOut]:
    """The files of a bundle. *Raises* `ValueError` for what is none."""
    with open(path, "rb") as lines:
        if lines.readline() != HEAD:
            raise ValueError("not a bundle")
        for line in lines:
            row = json.loads(line)
            if not isinstance(row, dict):
                raise ValueError("not a row of a bundle")
            if "left_out" in row:
                held = [(str(where), str(why)) for where, why in row["left_out"]]
                yield LeftOut(held, int(row["ignored"]))
            else:
                yield File(str(row["path"]), str(row["text"]))

"""Results, a JSON line each, appended as they are paid for: a run goes on where it stopped."""

from __future__ import annotations

import json
import os
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from kimiqa.errors import BadRequestError
from kimiqa.money import plain

BEGUN, DONE, FAILED, LOST = "begun", "done", "failed", "lost"


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one question, asked one way of one model."""

    key: str
    """Names the question, the way and the model: asked once, it is not asked again."""
    item: str
    strategy: str
    model: str
    state: str
    """done; failed: the endpoint refused; lost: sent, and stopped before the answer was kept."""
    text: str = ""
    citations: tuple[Mapping[str, Any], ...] = ()
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost: Decimal | None = None
    currency: str | None = None
    expected: Decimal | None = None
    """What it was expected to cost when it was planned."""
    seconds: float = 0.0
    readers: tuple[Mapping[str, Any], ...] = ()
    """Of a swarm: what each reader found, by its pages."""
    error: str = ""
    way: str = ""
    """The strategy that `auto` took."""

    def to_json(self) -> dict[str, Any]:
        row = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return row | {"cost": plain(self.cost), "expected": plain(self.expected)}

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Result:
        known = {name: row[name] for name in cls.__dataclass_fields__ if name in row}
        for name in ("cost", "expected"):
            known[name] = None if known.get(name) is None else Decimal(known[name])
        for name in ("citations", "readers"):
            known[name] = tuple(known.get(name, ()))
        return cls(**known)


@dataclass(slots=True)
class Book:
    """The results file. Its run has a name of its own, under which the ledger books the costs
    and holds the cap, over all the times that it was stopped and went on."""

    path: Path
    run: str
    results: dict[str, Result] = field(default_factory=dict)
    begun: dict[str, str] = field(default_factory=dict)
    """Calls that were reserved and have no result yet: the ledger's number, by key."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def open(cls, path: Path, *, fresh: bool = False) -> Book:
        """What the file holds of its last run; a `fresh` one begins behind it.

        Raises
        ------
        BadRequestError
            It is another kind of file.
        """
        book = cls(path, "")
        for row in _rows(path):
            book._take(row)
        if fresh or not book.run:
            book = cls(path, uuid.uuid4().hex[:12])
            book._append({"run": book.run})
        return book

    def _take(self, row: Mapping[str, Any]) -> None:
        if "run" in row:
            self.run, self.results, self.begun = str(row["run"]), {}, {}
        elif row.get("state") == BEGUN:
            self.begun[row["key"]] = str(row["call"])
        else:
            self.results[row["key"]] = Result.from_json(row)
            self.begun.pop(row["key"], None)

    def begin(self, key: str, call: str) -> None:
        """Note the ledger's number of a call before it is sent."""
        self._append({"key": key, "state": BEGUN, "call": call})

    def keep(self, result: Result) -> None:
        """Keep a result, on the disk before the next question is asked."""
        self._append(result.to_json())
        self.results[result.key] = result

    def _append(self, row: Mapping[str, Any]) -> None:
        line = json.dumps(row, ensure_ascii=False)
        with self._lock:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # A line that a stopped run left half written must not swallow this one.
            begin = "" if _ends_with_line(self.path) else "\n"
            with open(self.path, "a", encoding="utf-8") as file:
                file.write(f"{begin}{line}\n")
                file.flush()
                os.fsync(file.fileno())


def _ends_with_line(path: Path) -> bool:
    try:
        with open(path, "rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) == b"\n"
    except OSError:
        return True


def _rows(path: Path) -> list[Mapping[str, Any]]:
    """The lines of the file; one that was cut while it was written is none."""
    if not path.exists():
        return []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        rows: list[Mapping[str, Any]] = [
            row for line in lines if isinstance(row := _parsed(line), dict)
        ]
        if lines and not (rows and "run" in rows[0]):
            raise ValueError("no run")
        for row in rows:
            if "run" not in row and row.get("state") != BEGUN:
                Result.from_json(row)
    except (ValueError, TypeError, KeyError, InvalidOperation, OSError):
        raise BadRequestError(
            f"{path} holds no results of an evaluation.", "Name another file with --results."
        ) from None
    return rows


def _parsed(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None

"""The engines that read pictures, as the OCR worker uses them: Tesseract, else RapidOCR.

Never imported by the app's own process: RapidOCR holds 1 GB, and either may be killed by a
picture that was made for it.
"""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from kimiqa.reading.parts import WorkerRefused

Line = dict[str, Any]
"""`words`: text, left, top, right, bottom in pixels; `gap`: whether a paragraph begins; `sure`:
the sum of how sure the engine is of each word, of 100, where it says so."""

_QUIET = {"OMP_THREAD_LIMIT": "1", "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "passive"}
"""Its threads would wait by spinning: one thread reads a page in half the time of two."""
_WINDOWS = Path("C:/Program Files/Tesseract-OCR/tesseract.exe")
_SCRIPT = re.compile(r"^Script: (\w+)$", re.MULTILINE)
_VERSION = re.compile(r"tesseract v?([0-9][\w.]*)")


def tesseract_path() -> str | None:
    """Where Tesseract is installed: on the path, or where Windows' installer puts it."""
    found = shutil.which("tesseract")
    return found or (str(_WINDOWS) if _WINDOWS.is_file() else None)


class Tesseract:
    """Tesseract's own program, started for each page."""

    def __init__(self) -> None:
        self._program: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._ended = False

    def about(self) -> dict[str, Any]:
        """Its version, and the languages it has data for."""
        version = _VERSION.search(self._run("--version"))
        listed = self._run("--list-langs").splitlines()[1:]
        languages = sorted(each.strip() for each in listed if each.strip() not in ("", "osd"))
        return {
            "name": f"Tesseract {version[1] if version else ''}".strip(),
            "languages": languages,
        }

    def script(self, picture: str) -> str | None:
        """The script the picture is written in: Latin, Han, …; None where it cannot tell."""
        try:
            found = _SCRIPT.search(self._run(picture, "stdout", "--psm", "0"))
        except WorkerRefused:
            return None
        return found[1] if found else None

    def read(self, picture: str, languages: str, dpi: int) -> list[Line]:
        """The lines of the picture, top to bottom as Tesseract orders them."""
        table = self._run(picture, "stdout", "-l", languages, "--dpi", str(dpi), "tsv")
        return list(_lines(csv.DictReader(table.split("\n"), delimiter="\t", quoting=3)))

    def end(self) -> None:
        """Kill the program that runs, and start no other."""
        with self._lock:
            self._ended = True
            if self._program is not None:
                self._program.kill()

    def _run(self, *arguments: str) -> str:
        path = tesseract_path()
        if path is None:
            raise WorkerRefused("missing", "no Tesseract is installed")
        with self._lock:
            if self._ended:
                raise WorkerRefused("failed", "ended")
            self._program = subprocess.Popen(
                [path, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={**os.environ, **_QUIET},
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        out, complaint = self._program.communicate()
        if self._program.returncode:
            raise WorkerRefused("failed", _sentence(complaint))
        return out.decode("utf-8", "replace")


def _sentence(complaint: bytes) -> str:
    lines = complaint.decode("utf-8", "replace").strip().splitlines()
    return lines[-1][:200] if lines else "Tesseract failed without a word"


def _lines(rows: Iterator[Mapping[str, str]] | csv.DictReader[str]) -> Iterator[Line]:
    """Tesseract's table as lines: its rows name block, paragraph and line of each word."""
    place: tuple[str, ...] = ()
    line: Line | None = None
    for row in rows:
        text = (row.get("text") or "").strip()
        if row.get("level") != "5" or not text:
            continue
        here = (row["block_num"], row["par_num"], row["line_num"])
        if line is None or here != place:
            if line is not None:
                yield line
            line = {"words": [], "gap": here[:2] != place[:2], "sure": 0.0}
            place = here
        left, top = int(row["left"]), int(row["top"])
        box = [left, top, left + int(row["width"]), top + int(row["height"])]
        line["words"].append([text, *box])
        line["sure"] += float(row["conf"])
    if line is not None:
        yield line


class Rapid:
    """RapidOCR: models in its own wheel, Chinese and English at once."""

    def __init__(self) -> None:
        self._engine: Any = None

    def about(self) -> dict[str, Any]:
        from importlib.metadata import version

        return {"name": f"RapidOCR {version('rapidocr')}", "languages": []}

    def script(self, picture: str) -> str | None:
        """It needs none: its one model reads Latin and Han."""

    def read(self, picture: str, languages: str, dpi: int) -> list[Line]:
        """The lines of the picture, with the words of each where it can tell them."""
        found = self._loaded()(picture, return_word_box=True)
        if found.boxes is None:
            return []
        words = found.word_results or ()
        lines = [
            _rapid_line(box, text, words[at] if at < len(words) else ())
            for at, (box, text) in enumerate(zip(found.boxes, found.txts, strict=True))
        ]
        return _with_gaps([line for line in lines if line["words"]])

    def end(self) -> None:
        """It runs inside of the worker, and ends with it."""

    def _loaded(self) -> Any:
        if self._engine is None:
            os.environ.update(_QUIET)
            from rapidocr import RapidOCR

            threads = "EngineConfig.onnxruntime"
            self._engine = RapidOCR(
                params={
                    "Global.log_level": "error",
                    f"{threads}.intra_op_num_threads": 1,
                    f"{threads}.inter_op_num_threads": 1,
                }
            )
        return self._engine


def _rapid_line(box: Any, text: str, words: Sequence[Any]) -> Line:
    held = [[word[0].strip(), *_upright(word[2])] for word in words if word[0].strip()]
    whole = "".join(each[0] for each in held)
    if whole != "".join(text.split()):  # what it says of the words is not what it read
        held = [[text.strip(), *_upright(box)]]
    return {"words": held, "gap": False}


def _upright(corners: Any) -> list[float]:
    across, down = [float(x) for x, _ in corners], [float(y) for _, y in corners]
    return [min(across), min(down), max(across), max(down)]


def _with_gaps(lines: list[Line]) -> list[Line]:
    """A paragraph begins where the way down from the line before is more than a line's height."""
    before: list[Any] | None = None
    for line in lines:
        first = line["words"][0]
        line["gap"] = before is not None and first[2] - before[4] > 0.8 * (before[4] - before[2])
        before = first
    return lines

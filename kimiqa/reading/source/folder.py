"""The text files of a folder, in order, and what is left out of it and why."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from kimiqa.reading.plain import decode, foreign_kind, is_pdf
from kimiqa.reading.source.ignoring import Ignored
from kimiqa.reading.source.secret import by_name, line_of_key
from kimiqa.saying import joined, say, say_of

MOST_FILES = 20_000
MOST_FILE_BYTES = 2 << 20
MOST_BYTES = 50_000_000
_DEEPEST = 60
_NAMED = 40

TOOLS = {".git", ".hg", ".svn", ".bzr", "node_modules", "bower_components", "__pycache__",
         ".tox", ".nox", ".venv", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".gradle",
         ".idea", ".terraform", ".next", ".cache", "site-packages"}  # fmt: skip
"""Folders that tools fill: nobody wrote what is in them."""

_MADE = ("package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "poetry.lock",
         "uv.lock", "Cargo.lock", "composer.lock", "Gemfile.lock", "go.sum", "*.min.js",
         "*.min.css", "*.map")  # fmt: skip

SECRET = say("may hold a secret")
BINARY = say("not text")
MADE = say("made by a tool")
LARGE = say("over {size} MiB", size=MOST_FILE_BYTES >> 20)
FULL = say("beyond the {most:,} bytes that are read of a folder", most=MOST_BYTES)
MANY = say("beyond the {most:,} files that are read of a folder", most=MOST_FILES)
LINK = say("a link")
LOCKED = say("may not be read")
DEEP = say("too deep")


@dataclass(slots=True)
class Folder:
    """What was found on the way through a folder."""

    path: Path
    left_out: list[tuple[str, str]] = field(default_factory=list)
    ignored: int = 0
    _files: int = 0
    _bytes: int = 0

    def texts(self) -> Iterator[tuple[str, str]]:
        """Each text file's path, with slashes, and its text."""
        for path in self._walk(self.path, "", Ignored(), 0):
            text = self._text(path)
            if text is not None:
                yield path, text

    def _walk(self, folder: Path, inside: str, ignored: Ignored, depth: int) -> Iterator[str]:
        """The files below a folder that no rule leaves out. Links are not followed: they may
        lead anywhere."""
        ignored = ignored.within(folder, inside)
        try:
            with os.scandir(folder) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError:
            self.left_out.append((inside or ".", LOCKED))
            return
        for entry in entries:
            path = inside + entry.name
            if entry.is_symlink():
                self.left_out.append((path, LINK))
            elif entry.is_dir():
                if entry.name in TOOLS or Path(entry.path, "pyvenv.cfg").exists():
                    continue
                if f"{path}/" in ignored:
                    self.ignored += 1
                elif depth >= _DEEPEST:
                    self.left_out.append((f"{path}/", DEEP))
                else:
                    yield from self._walk(Path(entry.path), f"{path}/", ignored, depth + 1)
            elif path in ignored:
                self.ignored += 1
            elif entry.is_file():
                yield path

    def _text(self, path: str) -> str | None:
        """The file's text; None where it is left out, which is then noted."""
        text, why = self._read(path)
        if why:
            self.left_out.append((path, why))
        return text

    def _read(self, path: str) -> tuple[str | None, str | None]:
        name = path.rpartition("/")[2]
        if by_name(path):
            return None, SECRET
        if any(fnmatchcase(name, each) for each in _MADE):
            return None, MADE
        if self._files >= MOST_FILES:
            return None, MANY
        try:
            with (self.path / path).open("rb") as file:
                content = file.read(MOST_FILE_BYTES + 1)
        except OSError:
            return None, LOCKED
        if len(content) > MOST_FILE_BYTES:
            return None, LARGE
        if self._bytes + len(content) > MOST_BYTES:
            return None, FULL
        return self._decoded(content)

    def _decoded(self, content: bytes) -> tuple[str | None, str | None]:
        if not content.strip():
            return None, None  # an empty file says nothing, and nothing is lost with it
        # A name would make a text of any web page: source code may be one.
        foreign = is_pdf(content[:4_096]) or foreign_kind(content[:4_096], "a.txt")
        text = None if foreign else decode(content)
        if text is None:
            return None, BINARY
        if (line := line_of_key(text)) is not None:
            return None, say("{why}: see line {line}", why=SECRET, line=line)
        self._files += 1
        self._bytes += len(content)
        return text, None


def remarks(left_out: list[tuple[str, str]], ignored: int) -> Iterator[str]:
    """What was left out, by name, and how much no list could hold.

    >>> list(remarks([(".env", SECRET), ("logo.png", BINARY)], 3))
    ['left out: .env (may hold a secret), logo.png (not text)', 'left out by .gitignore: 3 paths']
    """
    # What may hold a secret is named first.
    ordered = sorted(left_out, key=lambda each: (not each[1].startswith(SECRET), each[0]))
    if ordered:
        named = joined(
            [say("{path} ({why})", path=path, why=why) for path, why in ordered[:_NAMED]], ", "
        )
        more = len(ordered) - _NAMED
        yield (
            say("left out: {names}, and {more:,} more", names=named, more=more)
            if more > 0
            else say("left out: {names}", names=named)
        )
    if ignored:
        yield say_of(
            ignored,
            "left out by .gitignore: {number:,} path",
            "left out by .gitignore: {number:,} paths",
        )

"""What `.gitignore` files leave out, each for the folder it lies in and those below."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

_MOST_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Ignored:
    """The rules that hold in a folder: its own, then those of the folders it lies in."""

    rules: tuple[tuple[str, Any], ...] = ()

    def within(self, folder: Path, inside: str) -> Ignored:
        """The rules of a folder, whose path in the whole is `inside` ("" or "src/")."""
        own = _spec(folder / ".gitignore")
        return self if own is None else Ignored(((inside, own), *self.rules))

    def __contains__(self, path: str) -> bool:
        """Whether a path is left out; a folder's ends in a slash. The nearest rule decides."""
        for inside, spec in self.rules:
            decided = spec.check_file(path.removeprefix(inside)).include
            if decided is not None:
                return bool(decided)
        return False


def _spec(path: Path) -> Any:
    """The rules of a file, where it is one that can be read."""
    try:
        if path.is_symlink() or not path.is_file():
            return None
        with path.open(encoding="utf-8", errors="replace") as file:
            lines = file.read(_MOST_BYTES).splitlines()
    except OSError:
        return None
    from pathspec import GitIgnoreSpec

    try:
        return GitIgnoreSpec.from_lines(lines)
    except ValueError:  # a pattern that git would not take either
        return None

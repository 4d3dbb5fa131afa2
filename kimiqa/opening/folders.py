"""What a folder is: a folder of documents, or the source code of one thing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kimiqa.reading.source.folder import TOOLS

DOCUMENTS = {".pdf", ".docx", ".pptx", ".xlsx", ".epub"}
TEXTS = {".md", ".txt", ".html", ".htm", ".xhtml"}
CODE = {
    ".py", ".pyi", ".pyx", ".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".vue", ".svelte",
    ".java", ".kt", ".kts", ".scala", ".groovy", ".gradle", ".c", ".h", ".cc", ".cpp", ".cxx",
    ".hpp", ".hh", ".cs", ".go", ".rs", ".rb", ".php", ".swift", ".m", ".mm", ".dart", ".lua",
    ".pl", ".pm", ".r", ".jl", ".hs", ".ml", ".mli", ".ex", ".exs", ".erl", ".clj", ".elm",
    ".sh", ".bash", ".zsh", ".fish", ".ps1", ".bat", ".sql", ".css", ".scss", ".less", ".proto",
    ".tf", ".toml", ".yaml", ".yml", ".cmake", ".mk", ".zig", ".nim", ".asm", ".s", ".f90",
    ".f", ".v", ".vhd", ".sol", ".tex", ".el", ".lisp", ".scm", ".ada", ".pas", ".ipynb",
}  # fmt: skip
_CODE_NAMES = {"makefile", "dockerfile", "cmakelists.txt", "rakefile", "justfile"}


@dataclass(frozen=True, slots=True)
class Contents:
    """What lies in a folder, by the names of its files."""

    documents: tuple[Path, ...]
    code: int
    others: int

    @property
    def is_source(self) -> bool:
        """Whether it is one document of source code: more of that than of documents. Notes and
        web pages, which both kinds hold, do not decide."""
        named = sum(path.suffix.lower() in DOCUMENTS for path in self.documents)
        return self.code > named


def contents(folder: Path) -> Contents:
    """What a folder holds, and the folders in it; what tools fill is not looked at."""
    documents, code, others = [], 0, 0
    for path in _files(folder):
        kind = path.suffix.lower()
        if kind in CODE or path.name.lower() in _CODE_NAMES:
            code += 1
        elif kind in DOCUMENTS | TEXTS:
            documents.append(path)
        else:
            others += 1
    return Contents(tuple(documents), code, others)


def _files(folder: Path) -> Iterator[Path]:
    """The files below a folder, in order; links to folders are not followed."""
    for where, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in TOOLS)
        yield from (Path(where, name) for name in sorted(names))

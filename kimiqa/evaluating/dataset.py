"""A data set for evaluation: JSON lines of documents, questions, gold answers and pages."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from kimiqa.errors import BadRequestError, FileNotFoundError

Kind = Literal["number", "choice", "yes_no", "text", "refusal"]
KINDS: tuple[str, ...] = get_args(Kind)
Place = tuple[str, int]
"""A document's number in the prompt and a page of it: ("D1", 12)."""

_FIELDS = {
    "id", "document", "documents", "question", "answer", "answers", "kind", "pages", "evidence",
    "choices", "tolerance",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Item:
    """One question with what is known to be right."""

    id: str
    documents: tuple[Path, ...]
    question: str
    kind: Kind
    answers: tuple[str, ...]
    """Any of them is right; none for a question that the documents do not answer."""
    pages: tuple[Place, ...] = ()
    """Where the evidence stands."""
    evidence: tuple[str, ...] = ()
    """Its words, verbatim: where no pages are named, they tell them."""
    choices: tuple[str, ...] = ()
    tolerance: float | None = None
    """By which share a number may be off, where rounding is not all that is allowed."""

    @property
    def answerable(self) -> bool:
        """Whether the documents answer it."""
        return self.kind != "refusal"

    @property
    def asked(self) -> str:
        """The question as it is sent: with its choices, a letter each."""
        if not self.choices or self.choices[0] in self.question:
            return self.question
        letters = (f"({chr(65 + n)}) {choice}" for n, choice in enumerate(self.choices))
        return "\n".join((self.question, *letters))

    @property
    def digest(self) -> str:
        """Names what is asked, whatever is held to be right."""
        asked = json.dumps([self.asked, [path.name for path in self.documents]])
        return hashlib.sha256(asked.encode()).hexdigest()[:16]


def read_dataset(path: Path) -> list[Item]:
    """The questions of a file, in its order.

    Raises
    ------
    FileNotFoundError, BadRequestError
        There is no such file, or a line of it is no question; the line is named.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError:
        raise FileNotFoundError(f"There is no data set {path}.", "Check its name.") from None
    except UnicodeDecodeError:
        raise BadRequestError(f"{path.name} is no text in UTF-8.", _FORMAT) from None
    numbered = [(n, line) for n, line in enumerate(lines, 1) if line.strip()]
    items = [_item(line, n, path) for n, line in numbered]
    if not items:
        raise BadRequestError(f"{path.name} holds no question.", _FORMAT)
    _check_ids(items, path)
    _check_questions(items, path)
    return items


_FORMAT = (
    'A line is a JSON object such as {"document": "lease.md", "question": "...", '
    '"answer": "3,850", "kind": "number", "pages": [1]}.'
)


def _item(line: str, n: int, path: Path) -> Item:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        raise _wrong(path, n, "is no JSON") from None
    if not isinstance(row, dict):
        raise _wrong(path, n, "is no JSON object")
    unknown = sorted(set(row) - _FIELDS)
    if unknown:
        raise _wrong(path, n, f"has an unknown field {unknown[0]!r}")
    kind = row.get("kind", "text")
    if kind not in KINDS:
        raise _wrong(path, n, f"has kind {kind!r}, not one of {', '.join(KINDS)}")
    question = row.get("question")
    if not isinstance(question, str) or not question.strip():
        raise _wrong(path, n, "has no question")
    answers = _texts(row, ("answers", "answer"), n, path)
    if kind != "refusal" and not answers:
        raise _wrong(path, n, "has no answer")
    return Item(
        id=str(row.get("id", n)),
        documents=_documents(row, n, path),
        question=question,
        kind=kind,
        answers=answers,
        pages=tuple(_places(row.get("pages") or (), n, path)),
        evidence=_texts(row, ("evidence",), n, path),
        choices=_texts(row, ("choices",), n, path),
        tolerance=_tolerance(row.get("tolerance"), n, path),
    )


def _documents(row: Mapping[str, Any], n: int, path: Path) -> tuple[Path, ...]:
    names = _texts(row, ("documents", "document"), n, path)
    if not names:
        raise _wrong(path, n, "names no document")
    return tuple(path.parent / name for name in names)


def _texts(row: Mapping[str, Any], names: Sequence[str], n: int, path: Path) -> tuple[str, ...]:
    """The first of these fields that is there: a text, a number or a list of them."""
    name = next((name for name in names if row.get(name) is not None), None)
    found = [] if name is None else row[name]
    values = found if isinstance(found, list) else [found]
    if any(isinstance(each, bool) or not isinstance(each, str | int | float) for each in values):
        raise _wrong(path, n, f"has {_article(str(name))} {name} that is neither text nor number")
    return tuple(str(each) for each in values if str(each).strip())


def _places(pages: Any, n: int, path: Path) -> list[Place]:
    """Pages of the first document as [3, 4]; of several as {"D1": [3], "D2": [4]}."""
    named = pages if isinstance(pages, dict) else {"D1": pages}
    places = [
        (str(document), page)
        for document, numbers in named.items()
        for page in (numbers if isinstance(numbers, list | tuple) else [numbers])
    ]
    if any(type(page) is not int or page < 1 for _, page in places):
        raise _wrong(path, n, "has a page that is no number from 1 on")
    return places


def _tolerance(value: Any, n: int, path: Path) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1:
        raise _wrong(path, n, "has a tolerance that is no share such as 0.01")
    return float(value)


def _check_ids(items: Sequence[Item], path: Path) -> None:
    seen: set[str] = set()
    for item in items:
        if item.id in seen:
            raise BadRequestError(
                f"{path.name} has two questions with the id {item.id!r}.", "Give each its own."
            )
        seen.add(item.id)


def _check_questions(items: Sequence[Item], path: Path) -> None:
    """The same question over the same documents would be paid for once and counted twice."""
    seen: dict[str, str] = {}
    for item in items:
        if item.digest in seen:
            raise BadRequestError(
                f"{path.name} asks {seen[item.digest]!r} and {item.id!r} alike.",
                "Leave one of them out.",
            )
        seen[item.digest] = item.id


def _wrong(path: Path, n: int, why: str) -> BadRequestError:
    return BadRequestError(f"Line {n} of {path.name} {why}.", _FORMAT)


def _article(word: str) -> str:
    return "an" if word[0] in "aeiou" else "a"

"""Which pages of which document a question is about: "40-95", "D2: 3, 7-9", a range, a list."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from kimiqa.errors import BadRequestError
from kimiqa.saying import say

Pages = int | str | Iterable[int] | Mapping[str, "str | Iterable[int]"] | None
"""A selection for every document, or one per document number ("D1")."""

_PART = re.compile(r"([0-9]+)(?:-([0-9]+))?")
_DASH = re.compile(r"\s*[-\u2013\u2014]\s*")
_DOCUMENT = re.compile(r"\s*[Dd](\d+)\s*:\s*")


def choose_pages(pages: Pages, counts: Sequence[int]) -> tuple[frozenset[int] | None, ...]:
    """The chosen page numbers of each document; None is all of them.

    `counts` holds the number of pages of each document.

    Raises
    ------
    BadRequestError
        The selection cannot be read, or names a page or document there is not.

    >>> choose_pages("2-3", [5])
    (frozenset({2, 3}),)
    >>> choose_pages("D2: 1", [5, 5])
    (None, frozenset({1}))
    """
    if pages is None:
        return (None,) * len(counts)
    chosen = _by_document(pages, len(counts))
    return tuple(_checked(chosen.get(n), count, n) for n, count in enumerate(counts, 1))


def _by_document(pages: Pages, documents: int) -> dict[int, frozenset[int]]:
    if isinstance(pages, str) and _DOCUMENT.match(pages):
        pages = dict(_named(part) for part in pages.split(";") if part.strip())
    if isinstance(pages, Mapping):
        return {_document(name, documents): _numbers(spec) for name, spec in pages.items()}
    numbers = _numbers(pages or "")
    return dict.fromkeys(range(1, documents + 1), numbers)


def _named(part: str) -> tuple[str, str]:
    found = _DOCUMENT.match(part)
    if not found:
        raise BadRequestError(
            say("The pages {part} name no document.", part=repr(part.strip())), _HINT
        )
    return f"D{found[1]}", part[found.end() :]


def _document(name: str, documents: int) -> int:
    number = str(name).strip().lstrip("Dd")
    if not (number.isascii() and number.isdecimal()) or not 1 <= int(number) <= documents:
        raise BadRequestError(
            say(
                "There is no document {name}; there are {documents}.",
                name=repr(name),
                documents=documents,
            ),
            _HINT,
        )
    return int(number)


def _numbers(spec: int | str | Iterable[int]) -> frozenset[int]:
    if not isinstance(spec, str):
        return frozenset(_whole(spec))
    numbers: set[int] = set()
    for part in re.split(r"[,;\s]+", _DASH.sub("-", spec.strip())):
        found = _PART.fullmatch(part)
        if not found:
            raise BadRequestError(say("The pages {spec} cannot be read.", spec=repr(spec)), _HINT)
        first, last = int(found[1]), int(found[2] or found[1])
        if last < first or last - first > 1_000_000:
            raise BadRequestError(
                say("The pages {part} run backwards or too far.", part=repr(part)), _HINT
            )
        numbers.update(range(first, last + 1))
    return frozenset(numbers)


def _whole(numbers: int | Iterable[int]) -> Iterator[int]:
    for number in numbers if isinstance(numbers, Iterable) else [numbers]:
        if not isinstance(number, int) or isinstance(number, bool):
            raise BadRequestError(
                say("{number} is not the number of a page.", number=repr(number)), _HINT
            )
        yield number


def _checked(numbers: frozenset[int] | None, count: int, document: int) -> frozenset[int] | None:
    if numbers is None:
        return None
    outside = sorted(number for number in numbers if not 1 <= number <= count)
    if outside:
        raise BadRequestError(
            say(
                "D{document} has pages 1 to {count}; page {outside} is not one of them.",
                document=document,
                count=count,
                outside=outside[0],
            ),
            _HINT,
        )
    return numbers


_HINT = 'Write pages as "40-95", "3, 7-9" or "D2: 3; D3: 7-9".'


def spans(numbers: Iterable[int]) -> str:
    """Page numbers, shortly.

    >>> spans([1, 2, 3, 7])
    '1-3, 7'
    """
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(f"{a}" if a == b else f"{a}-{b}" for a, b in runs)

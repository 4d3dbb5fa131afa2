"""The tools at work: every one gives text within its bounds, whatever it was asked."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal

from kimiqa.chapters import chapters, chosen_pages
from kimiqa.chunking import chunk_text
from kimiqa.citations import check_citations
from kimiqa.errors import BadRequestError
from kimiqa.pages import spans
from kimiqa.paying import WEB_SEARCH
from kimiqa.plan import Chunk, ToolCall
from kimiqa.prompts import (
    DOCUMENT_CLOSE,
    chunks_block,
    document_block,
    document_open,
    fence,
    page_block,
)
from kimiqa.research import wording
from kimiqa.research.calculating import CalculationError, Quantity, calculate, quantity
from kimiqa.research.protocol import ArgumentError, arguments
from kimiqa.tokens import Counter

if TYPE_CHECKING:
    from kimiqa.document import Document
    from kimiqa.personal.cover import Cover
    from kimiqa.ranking import Index

_HEAD_TOKENS = 120
"""What stands round a result: its tags, and a line about it."""
_MOST_PIECES = 40
_OUTLINE_LINES = 400
_NO_ROOM = "No passage is short enough for the room there is. Call fewer tools at once."

_ABOUT = {
    "outline": "{document}",
    "search": "{queries}",
    "read_pages": "{document} p. {pages}",
    "calculate": "{expression}",
    "note": "{finding}",
}

KINDS = {"read_pages": "read", WEB_SEARCH: "web"}
"""What a tool's step is called, where it is not called as the tool."""


class _Given(dict[str, Any]):
    """Arguments in words: a list as one line, nothing for what was not given."""

    def __getitem__(self, name: str) -> str:
        value = self.get(name, "")
        return " · ".join(value) if isinstance(value, list) else str(value)


@dataclass(frozen=True, slots=True)
class Result:
    """What a tool gives back to the model, and what is said of it to the person who waits."""

    text: str
    message: str = ""
    state: Literal["done", "nothing", "failed"] = "done"


@dataclass(slots=True)
class Toolbox:
    """The documents behind their tools, and what has been seen of them so far."""

    originals: Sequence[Document]
    reach: Sequence[frozenset[int]]
    """The pages of each document that may be looked at."""
    counter: Counter
    cover: Cover | None = None
    seen: set[tuple[int, int]] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    _index: Index | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def documents(self) -> Sequence[Document]:
        """The documents as they may be sent."""
        return self.originals if self.cover is None else self.cover.documents

    def use(self, call: ToolCall, room: int) -> Result:
        """What a call gives, within `room` tokens; what is wrong with it, where it is wrong."""
        tool = _TOOLS.get(call.name)
        if tool is None:
            known = ", ".join(wording.names())
            return Result(
                f"There is no tool {call.name!r}; there are {known}.", call.name, "failed"
            )
        try:
            result = tool(self, arguments(call.arguments, wording.schema(call.name)), room)
        except (ArgumentError, CalculationError) as error:
            return Result(f"Error: {error}", str(error), "failed")
        except BadRequestError as error:
            return Result(f"Error: {error.message} {error.hint}", error.message, "failed")
        if self.cover is None:
            return result
        return Result(self.cover.masked(result.text), result.message, result.state)

    def about(self, call: ToolCall) -> str:
        """What a call is about, for the person who waits."""
        try:
            given = arguments(call.arguments, wording.schema(call.name))
        except (ArgumentError, KeyError):
            return ""
        about = _ABOUT.get(call.name, "").format_map(_Given(given))
        return self.shown(about)

    def shown(self, text: str) -> str:
        """A text as a person reads it: with what placeholders stand for."""
        return text if self.cover is None else self.cover.marks.restored(text)

    def answer_of(self, call: ToolCall) -> str:
        """The answer that a call gives, as a person reads it; empty where it gives none."""
        if call.name != "answer":
            return ""
        try:
            given = arguments(call.arguments, wording.schema("answer"))
        except ArgumentError:
            return ""
        return self.shown(given["text"].strip())

    # Shared by the tools

    def number_of(self, name: str) -> int:
        """A document's number.

        Raises
        ------
        ArgumentError
            There is no such document.
        """
        digits = name.strip().lstrip("Dd")
        if digits.isascii() and digits.isdecimal() and 1 <= int(digits) <= len(self.documents):
            return int(digits)
        raise ArgumentError(f"There is no document {name!r}; there are D1 to D{len(self.reach)}.")

    @property
    def index(self) -> Index:
        """The index of all documents; made when it is first asked for."""
        from kimiqa.ranking import Index

        with self._lock:
            if self._index is None:
                self._index = Index.build(list(enumerate(self.documents, 1)), self.counter)
            return self._index

    def saw(self, n: int, pages: Sequence[int]) -> None:
        with self._lock:
            self.seen.update((n, page) for page in pages)


# Outline ----------------------------------------------------------------------------------------


def _outline(box: Toolbox, given: dict[str, Any], room: int) -> Result:
    wanted = [box.number_of(given["document"])] if given.get("document") else None
    numbers = wanted or range(1, len(box.documents) + 1)
    each = max(100, (room - _HEAD_TOKENS) // len(numbers))
    text = "\n".join(_within(_lines(box, n), each, box.counter) for n in numbers)
    return Result(text, ", ".join(f"D{n}" for n in numbers))


def _lines(box: Toolbox, n: int) -> Iterator[str]:
    """One document: its head, then its outline, or how its pages begin."""
    document, original = box.documents[n - 1], box.originals[n - 1]
    head = document_open(n, document.name, len(document.pages)).rstrip(">\n")
    yield f"{head}/>: text on p. {spans(box.reach[n - 1]) or 'none'}"
    entries = chapters(original.outline() or (), len(original.pages))
    for entry in entries:
        place, title = spans(entry.pages), " ".join(entry.title.split())
        title = title if box.cover is None else box.cover.masked(title)
        yield f"{'  ' * entry.level}{fence(title)[:160]}, p. {place}"
    if not entries:
        yield "It has no table of contents. Its pages begin:"
        pages = [page for page in document.pages if page.number in box.reach[n - 1]]
        for page in pages[:: -(-len(pages) // _OUTLINE_LINES) or 1]:
            yield f"p. {page.number}: {fence(' '.join(page.text[:200].split()))[:80]}"


def _within(lines: Iterator[str], tokens: int, counter: Counter) -> str:
    kept: list[str] = []
    for line in lines:
        tokens -= counter.count(line) + 1
        if tokens < 0 and kept:
            kept.append("… (cut: ask for one document, or search)")
            break
        kept.append(line)
    return "\n".join(kept)


# Search -----------------------------------------------------------------------------------------


def _search(box: Toolbox, given: dict[str, Any], room: int) -> Result:
    only = box.number_of(given["document"]) if given.get("document") else None
    queries = [query for query in given["queries"] if query.strip()]
    chosen: dict[tuple[str, int, int], Chunk] = {}
    lines = []
    left = room - _HEAD_TOKENS - sum(box.counter.count(query) + 24 for query in queries)
    for at, query in enumerate(queries):
        found, left = _matching(box, query, only, left, len(queries) - at, chosen)
        lines.append(f"{fence(query)}: {_places(found) or 'nothing'}")
    if not chosen:
        matched = any(box.index.rank(query).matched for query in queries)
        why = _NO_ROOM if matched else "Nothing matches. Try other words."
        return Result("\n".join((*lines, why)), "", "nothing")
    blocks = _blocks(box, list(chosen.values()))
    return Result("\n".join((*lines, *blocks)), f"{_places(chosen.values())}")


def _matching(
    box: Toolbox,
    query: str,
    only: int | None,
    left: int,
    shares: int,
    chosen: dict[tuple[str, int, int], Chunk],
) -> tuple[list[Chunk], int]:
    """The best chunks for one query, best first, within its share of what is left."""
    ranking = box.index.rank(query)
    budget, found = left // shares, list[Chunk]()
    if not ranking.matched:
        return found, left
    for chunk in ranking:
        n = int(chunk.document[1:])
        if chunk.page not in box.reach[n - 1] or only not in (None, n):
            continue
        key = (chunk.document, chunk.page, chunk.start)
        # Counted with the tags that its page may need.
        tokens = 0 if key in chosen else chunk.tokens + 32
        if tokens > budget or len(found) == _MOST_PIECES:
            break
        budget, left = budget - tokens, left - tokens
        chosen[key] = chunk
        found.append(chunk)
    return found, left


def _places(chunks: Any) -> str:
    """Documents with their pages, in the order in which they were found."""
    pages: dict[str, list[int]] = {}
    for chunk in chunks:
        pages.setdefault(chunk.document, []).append(chunk.page)
    return "; ".join(f"{document} p. {spans(set(held))}" for document, held in pages.items())


def _blocks(box: Toolbox, chunks: list[Chunk]) -> Iterator[str]:
    ordered = sorted(chunks, key=lambda each: (int(each.document[1:]), each.page, each.start))
    for n, group in groupby(ordered, key=lambda each: int(each.document[1:])):
        held = list(group)
        box.saw(n, [chunk.page for chunk in held])
        yield chunks_block(n, box.documents[n - 1], held)


# Reading ----------------------------------------------------------------------------------------


def _read(box: Toolbox, given: dict[str, Any], room: int) -> Result:
    n = box.number_of(given["document"])
    selection = chosen_pages({f"D{n}": given["pages"]}, box.originals)[n - 1] or frozenset()
    wanted = sorted(selection & box.reach[n - 1])
    if not wanted:
        return Result("These pages have no text.", f"D{n} p. {given['pages']}", "nothing")
    document, counts = box.documents[n - 1], box.documents[n - 1].block_tokens(box.counter)
    left, held = room - _HEAD_TOKENS, list[int]()
    for page in wanted:
        left -= counts[page - 1]
        if left < 0:
            break
        held.append(page)
    if not held:
        return _part(box, n, wanted[0], given.get("part", 1), room)
    box.saw(n, held)
    rest = wanted[len(held) :]
    more = f"\nNot shown for want of room: p. {spans(rest)}." if rest else ""
    gone = selection - box.reach[n - 1]
    lacking = f"\nWithout text: p. {spans(gone)}." if gone else ""
    text = document_block(n, document, set(held)) + more + lacking
    return Result(text, f"D{n} p. {spans(held)}")


def _part(box: Toolbox, n: int, number: int, part: int, room: int) -> Result:
    """A part of a page that is longer than the room."""
    document = box.documents[n - 1]
    text = document.pages[number - 1].text
    spans_ = chunk_text(text, box.counter, 400)
    goal, parts, size = max(200, (room - _HEAD_TOKENS) * 9 // 10 - 400), [(0, 0)], 0
    for span in spans_:
        if size and size + span.tokens > goal:
            parts.append((span.start, span.end))
            size = 0
        start = parts[-1][0] if size else span.start
        parts[-1] = (start, span.end)
        size += span.tokens
    if part > len(parts):
        raise ArgumentError(f"Page {number} of D{n} has {len(parts)} parts.")
    start, end = parts[part - 1]
    box.saw(n, [number])
    block = page_block(number, text[start:end], part=True)
    head = document_open(n, document.name, len(document.pages))
    more = f"\nThis is part {part} of {len(parts)} of page {number}; ask for the others by `part`."
    return Result(head + block + DOCUMENT_CLOSE + more, f"D{n} p. {number}, part {part}")


# Calculating and noting -------------------------------------------------------------------------


def _calculate(box: Toolbox, given: dict[str, Any], room: int) -> Result:
    names: dict[str, Quantity] = {}
    lines = []
    for operand in given["operands"]:
        name, source = operand["name"].strip(), operand["source"].strip()
        if not name.isidentifier() or name.startswith("_"):
            raise ArgumentError(f"{name!r} is no name for an operand; take letters, as a or b.")
        names[name] = quantity(operand["value"], operand.get("unit", ""))
        said = check_citations(f'"{operand["value"]}" {_bracketed(source)}', box.documents)
        if not said or said[0].status == "invalid":
            raise ArgumentError(f"{name} has no source that exists: cite it as [D1 p. 12].")
        stands = _stands(box, operand["value"], said[0].document, said[0].page)
        note = "" if stands else " (this number does not stand on that page: check it)"
        lines.append(f"{name} = {names[name].text} {_bracketed(source)}{note}")
    result = calculate(given["expression"], names)
    text = f"{given['expression']} = {result.text}"
    return Result("\n".join((text, "where", *lines)) if lines else text, box.shown(text))


def _bracketed(source: str) -> str:
    return source if source.startswith("[") else f"[{source}]"


def _stands(box: Toolbox, value: str, document: str, page: int) -> bool:
    """Whether the digits of a value stand on a page, as one number."""
    digits = re.search(r"\d[\d.,'\u2019\u00a0\u202f ]*\d|\d", value)
    text = box.documents[int(document[1:]) - 1].pages[page - 1].text
    if digits is None:
        return False
    return re.search(rf"(?<![\d.,]){re.escape(digits[0])}(?![\d]|[.,]\d)", text) is not None


def _note(box: Toolbox, given: dict[str, Any], room: int) -> Result:
    finding = " ".join(given["finding"].split())
    if not finding:
        raise ArgumentError("The finding is empty.")
    checked = check_citations(finding, box.documents)
    lines = [f"- {wording.about(each)}" for each in checked] or ["It cites no place."]
    with box._lock:
        box.notes.append(finding)
    text = _within(iter(("Kept. Its citations were checked:", *lines)), room, box.counter)
    return Result(text, box.shown(finding))


def _answer(box: Toolbox, given: dict[str, Any], room: int) -> Result:
    return Result("Taken as your answer.", "", "done" if given["text"].strip() else "failed")


_TOOLS: dict[str, Callable[[Toolbox, dict[str, Any], int], Result]] = {
    "outline": _outline,
    "search": _search,
    "read_pages": _read,
    "calculate": _calculate,
    "note": _note,
    "answer": _answer,
}

"""Values and the placeholders that stand for them: [EMAIL-1], [CARD-2].

Every stretch of a text that looks like a placeholder is itself replaced, by one of the kind TEXT.
So whatever looks like one in what was sent is ours, and stands for one thing.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from kimiqa.personal.finding import Finding, find
from kimiqa.personal.folding import WORD
from kimiqa.personal.keeping import Value

MARKS = {"email": "EMAIL", "phone": "PHONE", "card": "CARD", "bank": "BANK", "identity": "ID"}
TEXT = "TEXT"
"""The mark of what only looks like a placeholder."""

_ALL = "|".join([*MARKS.values(), TEXT])
_INSIDE = rf"\s?({_ALL})\s?[-\u2010-\u2015\u2212\uff0d]\s?([0-9]{{1,9}})\s?"
# What a model may make of one: other brackets and dashes, or escaped for Markdown.
LOOKS_ALIKE = re.compile(rf"\\\[{_INSIDE}\\\]|[\[［【]{_INSIDE}[\]］】]", re.IGNORECASE)
LONGEST = 32
"""No placeholder, however it is written, is longer."""

# A word begins where no other goes on: from each letter of a long one on would take its square.
_RUN = re.compile(rf"(?<![{WORD}])(?:[{WORD}]+(?=@[^\W_])|[{WORD}]*\d[{WORD}]*|@[^\W_]+)")
_SPACES = re.compile(r"\s+")
_BROKEN = r"(?:[^\S\n]*\n[^\S\n]*)?"
_AFTER_HYPHEN = re.compile(rf"(?<=[-\u2010\u2011\u2212\uff0d]){_BROKEN}(?=[^\W_])")


class Edit(NamedTuple):
    """A stretch of the original, and the stretch that stands for it in what is sent."""

    start: int
    end: int
    new_start: int
    new_end: int


@dataclass(frozen=True, slots=True)
class Masked:
    """A text with placeholders, and where they were put."""

    text: str
    edits: tuple[Edit, ...] = ()

    def back(self, at: int, *, end: bool = False) -> int:
        """Where a place in this text is in the original; inside of a placeholder its edge."""
        return _moved(at, end, [(e.new_start, e.new_end, e.start, e.end) for e in self.edits])

    def onward(self, at: int, *, end: bool = False) -> int:
        """Where a place in the original is in this text."""
        return _moved(at, end, list(self.edits))


def _moved(at: int, end: bool, edits: list[tuple[int, int, int, int]]) -> int:
    number = bisect_right(edits, at, key=lambda each: each[0]) - 1
    if number < 0:
        return at
    start, stop, new_start, new_stop = edits[number]
    if at >= stop:
        return at - stop + new_stop
    return new_stop if end and at > start else new_start


def value_of(mark: str, written: str) -> Value:
    """A value as it is kept: what is broken over lines is the same value."""
    return mark, _SPACES.sub(" ", _AFTER_HYPHEN.sub("", written))


def found_in(text: str, findings: Iterable[Finding] | None = None) -> list[tuple[int, int, Value]]:
    """The stretches of `text` to be replaced, in order, none over another."""
    here = find(text) if findings is None else findings
    spans = [(e.start, e.end, value_of(MARKS[e.kind], text[e.start : e.end])) for e in here]
    alike = [(m.start(), m.end(), (TEXT, m[0])) for m in LOOKS_ALIKE.finditer(text)]
    return _apart([*spans, *alike])


def _apart(spans: Iterable[tuple[int, int, Value]]) -> list[tuple[int, int, Value]]:
    """The longest first where two overlap."""
    kept: list[tuple[int, int, Value]] = []
    end = 0
    for span in sorted(spans, key=lambda each: (each[0], -each[1])):
        if span[0] >= end:
            kept.append(span)
            end = span[1]
    return kept


@dataclass(slots=True)
class Marks:
    """The placeholders of one question: every value that must not leave, with its number."""

    numbers: Mapping[Value, int]
    _by_run: dict[str, list[tuple[Value, re.Pattern[str]]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for value in self.numbers:
            runs = _RUN.findall(value[1]) if value[0] != TEXT else []
            if runs:
                words = r"\s+".join(map(re.escape, value[1].split(" "))).replace("-", f"-{_BROKEN}")
                pattern = re.compile(rf"(?<![{WORD}]){words}(?![{WORD}])")
                self._by_run.setdefault(max(runs, key=_telling), []).append((value, pattern))

    def masked(self, text: str, findings: Iterable[Finding] | None = None) -> Masked:
        """`text` with every known value replaced, whatever stands around it."""
        spans = self._spans(text, findings)
        parts: list[str] = []
        edits: list[Edit] = []
        done = size = 0
        for start, end, value in spans:
            if value not in self.numbers:
                continue
            new = f"[{value[0]}-{self.numbers[value]}]"
            parts += (text[done:start], new)
            size += start - done
            edits.append(Edit(start, end, size, size + len(new)))
            size, done = size + len(new), end
        return Masked("".join([*parts, text[done:]]), tuple(edits)) if edits else Masked(text)

    def _spans(self, text: str, findings: Iterable[Finding] | None) -> list[tuple[int, int, Value]]:
        """What is to be replaced. What is replaced parts what stood together, and a value that
        was hidden in a longer word may then stand by itself."""
        spans = _apart([*found_in(text, findings), *self._known_in(text)])
        while spans:
            ends = [0, *(end for _, end, _ in spans)]
            gaps = zip(ends, [*(start for start, _, _ in spans), len(text)], strict=True)
            more = [
                (at + start, at + end, value)
                for at, stop in gaps
                for start, end, value in self._known_in(text[at:stop])
            ]
            if not more:
                break
            spans = _apart([*spans, *more])
        return spans

    def _known_in(self, text: str) -> Iterator[tuple[int, int, Value]]:
        """Where values stand that are known from elsewhere: there was no word beside them here
        that says what they are, and they are the same."""
        if not self._by_run:
            return
        for run in _RUN.finditer(text):
            for value, pattern in self._by_run.get(run[0], ()):
                reach = 2 * len(value[1]) + 8
                lowest = max(0, run.start() - reach)
                for match in pattern.finditer(text, lowest, run.end() + reach):
                    if match.start() <= run.start() < match.end():
                        yield match.start(), match.end(), value

    def held(self, text: str) -> list[Value]:
        """The values that stand in `text` as they are."""
        return [value for _, _, value in self._known_in(text)]

    def restored(self, text: str) -> str:
        """`text` with the values in place of their placeholders."""
        return LOOKS_ALIKE.sub(self._value, text)

    def _value(self, match: re.Match[str]) -> str:
        return self._values().get(_named(match), match[0])

    def _values(self) -> dict[tuple[str, int], str]:
        return {(value[0], number): value[1] for value, number in self.numbers.items()}

    def unknown(self, text: str) -> list[str]:
        """What looks like a placeholder and stands for nothing."""
        values = self._values()
        return [each[0] for each in LOOKS_ALIKE.finditer(text) if _named(each) not in values]


def _telling(run: str) -> tuple[bool, int]:
    """How few values share a run: a host has many addresses."""
    return not run.startswith("@"), len(run)


def _named(match: re.Match[str]) -> tuple[str, int]:
    """The mark and the number of a placeholder, escaped or not."""
    return (match[1] or match[3]).upper(), int(match[2] or match[4])


class Restoring:
    """Puts values back into an answer that comes in pieces."""

    def __init__(self, marks: Marks) -> None:
        self._marks = marks
        self._held = ""

    def feed(self, piece: str) -> str:
        """What is certain by now: the beginning of a placeholder waits for its end."""
        text = self._held + piece
        cut = _open_at(text)
        self._held = text[cut:]
        return self._marks.restored(text[:cut])

    def close(self) -> str:
        """What was still waiting."""
        text, self._held = self._held, ""
        return self._marks.restored(text)


def _open_at(text: str) -> int:
    """Where a placeholder may have begun that does not end in `text`; else its length."""
    for at in range(len(text) - 1, max(-1, len(text) - LONGEST - 1), -1):
        if text[at] in "]］】":
            return len(text)
        if text[at] in "[［【":
            return at - 1 if at and text[at - 1] == "\\" else at
    return len(text) - 1 if text.endswith("\\") else len(text)

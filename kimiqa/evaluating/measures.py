"""What an evaluation shows, each number with its interval by document."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kimiqa.evaluating.dataset import Item
from kimiqa.evaluating.grading import right
from kimiqa.evaluating.results import DONE, Result
from kimiqa.refusing import refused

DRAWS = 1_000
SEED = 6
_HOLDS = ("verified", "supported")

Part = tuple[float, float]
"""What a result adds to a measure: above the line, and below it."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A number with its 95 % interval. None: nothing to measure; of an interval: there is only
    one document, so nothing is known of others."""

    value: float | None
    low: float | None = None
    high: float | None = None
    count: int = 0
    """How many results it rests on."""

    def to_json(self) -> dict[str, Any]:
        return {name: _rounded(getattr(self, name)) for name in self.__slots__}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


@dataclass(frozen=True, slots=True)
class Scored:
    """A result beside what is known to be right."""

    item: Item
    result: Result

    @property
    def right(self) -> bool:
        """Whether the answer is right; one that never came is not."""
        return self.result.state == DONE and right(self.item, self.result.text)

    @property
    def refused(self) -> bool:
        """Whether it says that there is no answer."""
        return self.result.state == DONE and refused(self.result.text)

    @property
    def on_gold_page(self) -> bool:
        """Whether a citation that holds stands on a page with the gold evidence."""
        return any(place in self.item.pages for place in _places(self.result.citations))

    @property
    def strict(self) -> bool:
        """Right, and a cited page holds the gold evidence; a refusal has none to cite."""
        return self.right and (not self.item.answerable or self.on_gold_page)

    def to_json(self) -> dict[str, Any]:
        return self.result.to_json() | {
            "kind": self.item.kind,
            "right": self.right,
            "refused": self.refused,
            "strict": self.strict if self.item.pages or not self.item.answerable else None,
        }


def _places(citations: Iterable[Mapping[str, Any]]) -> list[tuple[str, int]]:
    """Where the words of citations stand that hold, or stand on another page than was said."""
    return [
        (str(each["document"]), each["found_page"])
        for each in citations
        if each["found_page"] is not None and each["status"] in (*_HOLDS, "moved")
    ]


def scored(items: Iterable[Item], results: Iterable[Result]) -> list[Scored]:
    """The results beside their items; those of items that the data set no longer has are not."""
    by_id = {item.id: item for item in items}
    return [Scored(by_id[each.item], each) for each in results if each.item in by_id]


def groups(rows: Iterable[Scored]) -> dict[tuple[str, str], list[Scored]]:
    """The results of each model and strategy."""
    grouped: dict[tuple[str, str], list[Scored]] = defaultdict(list)
    for row in rows:
        grouped[row.result.model, row.result.strategy].append(row)
    return dict(grouped)


# The measures -----------------------------------------------------------------------------------


def _if(counted: bool, value: bool) -> Part | None:
    return (float(value), 1.0) if counted else None


def _precision(row: Scored) -> Part | None:
    cited = row.result.citations
    return (float(sum(each["status"] in _HOLDS for each in cited)), len(cited)) if cited else None


def _told(value: Any) -> Part | None:
    return None if value is None else (float(value), 1.0)


def _quote_error(row: Scored) -> Part | None:
    """How far the cost was off what was expected, as a share of that."""
    expected, paid = row.result.expected, row.result.cost
    if not expected or paid is None:
        return None
    return abs(float(paid - expected)), float(expected)


def _per_right(row: Scored) -> Part | None:
    return None if row.result.cost is None else (float(row.result.cost), float(row.right))


def _gold_readers(row: Scored) -> Part | None:
    """Of the gold pages: how many their reader has reported."""
    if not row.result.readers or not row.item.pages:
        return None
    reported = {
        place
        for reader in row.result.readers
        if not reader["nothing"]
        for place in _places(reader["citations"])
    }
    return _share(row.item.pages, reported)


def _complete(row: Scored) -> Part | None:
    """Of the places that readers have reported and that hold: how many the answer cites."""
    if not row.result.readers:
        return None
    found = {place for reader in row.result.readers for place in _places(reader["citations"])}
    return _share(sorted(found), set(_places(row.result.citations))) if found else None


def _share(wanted: Sequence[tuple[str, int]], held: set[tuple[str, int]]) -> Part:
    return float(sum(place in held for place in wanted)), float(len(wanted))


MEASURES: dict[str, Callable[[Scored], Part | None]] = {
    "accuracy": lambda row: _if(True, row.right),
    "strict_accuracy": lambda row: _if(bool(row.item.pages) or not row.item.answerable, row.strict),
    "citation_precision": _precision,
    "unanswerable_refused": lambda row: _if(not row.item.answerable, row.refused),
    "answerable_refused": lambda row: _if(row.item.answerable, row.refused),
    "prompt_tokens": lambda row: _told(row.result.prompt_tokens),
    "completion_tokens": lambda row: _told(row.result.completion_tokens),
    "cost": lambda row: _told(row.result.cost),
    "seconds": lambda row: _if_done(row, row.result.seconds),
    "quote_error": _quote_error,
    "cost_per_right": _per_right,
    "readers_on_gold": _gold_readers,
    "completeness": _complete,
}
SHARES = (
    "accuracy", "strict_accuracy", "citation_precision", "unanswerable_refused",
    "answerable_refused", "quote_error", "readers_on_gold", "completeness",
)  # fmt: skip


def _if_done(row: Scored, value: float) -> Part | None:
    return (value, 1.0) if row.result.state == DONE else None


def measured(rows: Sequence[Scored]) -> dict[str, Measure]:
    """Every measure of these results."""
    return {name: measure(rows, part) for name, part in MEASURES.items()}


def measure(rows: Sequence[Scored], part: Callable[[Scored], Part | None]) -> Measure:
    """A share or a mean, with its 95 % interval from drawing documents with replacement."""
    parts: dict[tuple[str, ...], list[Part]] = defaultdict(list)
    for row in rows:
        found = part(row)
        if found is not None:
            parts[tuple(map(str, row.item.documents))].append(found)
    sums = [(sum(a for a, _ in each), sum(b for _, b in each)) for each in parts.values()]
    count = sum(map(len, parts.values()))
    value = _ratio(sums)
    if len(sums) < 2 or value is None:
        return Measure(value, count=count)
    draw = random.Random(SEED)
    means = sorted(_drawn(sums, draw))
    if not means:
        return Measure(value, count=count)
    edge = len(means) // 40
    return Measure(value, means[edge], means[-1 - edge], count)


def _drawn(sums: Sequence[Part], draw: random.Random) -> Iterator[float]:
    for _ in range(DRAWS):
        mean = _ratio(draw.choices(sums, k=len(sums)))
        if mean is not None:
            yield mean


def _ratio(sums: Sequence[Part]) -> float | None:
    below = sum(b for _, b in sums)
    return sum(a for a, _ in sums) / below if below else None

"""Probes of several lengths, as an evaluation of planted documents; and what they show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kimiqa.document import Document
from kimiqa.errors import BadRequestError
from kimiqa.evaluating.dataset import Item
from kimiqa.evaluating.results import DONE, Book, Result
from kimiqa.evaluating.running import Evaluation
from kimiqa.models import Model
from kimiqa.probing.planting import DEPTHS, Planted, plant
from kimiqa.saying import say
from kimiqa.tokens import counter_for

if TYPE_CHECKING:
    from kimiqa.client import Client

SHARES = (25, 50, 100)
"""The lengths, in percent of what the model holds of the document."""

ENOUGH = 0.9
"""The share of the facts at a depth that must be found for the depth to count as read."""

LEAST_LENGTH = 2_000
"""A shorter text is little but planted facts: what is found in it shows nothing."""

_ROOM_TOKENS = 20_000
"""Left of a window for rules, question, facts and answer."""

_PAGE_TAGS = 14


@dataclass(frozen=True, slots=True)
class Cell:
    """A length and a depth: how many facts were asked for there, and how many found."""

    share: int
    depth: int
    found: int
    asked: int

    def to_json(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Reach:
    """How deep a model reads: the largest length whose every depth was found, and the least
    that failed. 0: none was; None: none failed."""

    reads: int
    fails: int | None

    @property
    def in_words(self) -> str:
        """The finding, in a sentence."""
        if self.fails is None:
            return say(
                "Every depth was found up to {reads:,} tokens, the longest that was tried.",
                reads=self.reads,
            )
        if not self.reads:
            return say("Not every depth was found even at {fails:,} tokens.", fails=self.fails)
        return say(
            "Every depth was found up to {reads:,} tokens, not at {fails:,}.",
            reads=self.reads,
            fails=self.fails,
        )


class Probe:
    """A document's facts at each length, and what came of them."""

    def __init__(
        self,
        document: Document,
        model: Model,
        *,
        shares: Sequence[int] = SHARES,
        runs: int = 1,
    ) -> None:
        self._document, self._model = document, model
        self._tokens = _page_tokens(document, model)
        self.shares = sorted(set(shares))
        self.runs = runs
        self._held: dict[str, Planted] = {}

    @property
    def longest(self) -> int:
        """The tokens that stand for 100 %: the document, or what the window holds of it."""
        window = self._model.context_window
        whole = sum(self._tokens)
        return whole if window is None else min(whole, max(window - _ROOM_TOKENS, window // 2))

    def length(self, share: int) -> int:
        """The tokens of a share."""
        return self.longest * share // 100

    def check(self) -> None:
        """Raises
        BadRequestError: the embedded endpoint has no model, or the shortest length is too short.
        """
        if self._model.id == "local":
            raise BadRequestError(
                "The embedded endpoint has no model that could be probed.",
                "Name a model (--model).",
            )
        shortest = self.length(self.shares[0])
        if shortest < LEAST_LENGTH:
            raise BadRequestError(
                say(
                    "{share} % of what can be asked of {name} are {shortest:,} tokens; a "
                    "probe needs {least_length:,} at the least.",
                    share=self.shares[0],
                    name=self._document.name,
                    shortest=shortest,
                    least_length=LEAST_LENGTH,
                ),
                say(
                    "Choose larger lengths: all of it are {longest:,} tokens.", longest=self.longest
                )
                if self.longest >= LEAST_LENGTH
                else "Choose a longer document.",
            )

    def planted(self, share: int, run: int) -> Planted:
        """The copy of a length, with its facts."""
        name = self._name(share, run)
        if name not in self._held:
            self._held = {name: plant(self._document, self._cut(self.length(share)), name)}
        return self._held[name]

    def _name(self, share: int, run: int) -> str:
        return f"{self._document.id[:16]}-{self.length(share)}-{run}"

    def _cut(self, tokens: int) -> list[str]:
        """Whole pages as far as they go, and of the next one what is left."""
        texts: list[str] = []
        for page, size in zip(self._document.pages, self._tokens, strict=True):
            if size > tokens:
                part = page.text[: len(page.text) * tokens // max(1, size)]
                return [*texts, part] if part.strip() else texts
            texts.append(page.text)
            tokens -= size
        return texts

    def evaluation(self, client: Client, book: Book, options: Mapping[str, Any]) -> Evaluation:
        """The probes as questions, each over its own copy, the shortest first."""
        places = {self._name(share, run): (share, run) for share, run in self._all()}
        items = [
            Item(
                name,
                (Path(name),),
                self.planted(*place).question,
                "text",
                tuple(fact.code for fact in self.planted(*place).facts),
            )
            for name, place in places.items()
        ]
        return Probing(
            items,
            ["full"],
            [client],
            book,
            lambda path: self.planted(*places[path.name]).document,
            options,
        )

    def _all(self) -> list[tuple[int, int]]:
        return [(share, run) for share in self.shares for run in range(self.runs)]

    def table(self, results: Iterable[Result]) -> list[Cell]:
        """What was found at each length and depth."""
        texts = {each.item: each.text for each in results if each.state == DONE}
        asked = [(s, r) for s, r in self._all() if self._name(s, r) in texts]
        found: dict[tuple[int, int], list[bool]] = {}
        for share, run in asked:
            for fact in self.planted(share, run).facts:
                told = fact.told_in(texts[self._name(share, run)])
                found.setdefault((share, fact.depth), []).append(told)
        return [
            Cell(share, depth, sum(found[share, depth]), len(found[share, depth]))
            for share in self.shares
            for depth in DEPTHS
            if (share, depth) in found
        ]

    def reach(self, cells: Sequence[Cell], enough: float = ENOUGH) -> Reach:
        """The largest length that was read at every depth, with all shorter ones."""
        reads = 0
        for share in self.shares:
            row = [cell for cell in cells if cell.share == share]
            if not row:
                break
            if any(cell.found < enough * cell.asked for cell in row):
                return Reach(reads, self.length(share))
            reads = self.length(share)
        return Reach(reads, None)


class Probing(Evaluation):
    """An evaluation whose shortest prompts come first: what fails there need not be paid for at
    greater lengths."""

    @property
    def _ordered(self) -> Sequence[Item]:
        return self.items


def _page_tokens(document: Document, model: Model) -> list[int]:
    counter = counter_for(model.vocabulary)
    return [counter.count(page.text) + _PAGE_TAGS for page in document.pages]

"""What reading gives: pages, boxes, and the two ways in which it can fail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["text", "ocr", "image", "empty", "failed"]
Lost = Literal["crashed", "hung"]

LayerLine = tuple[int, int, float, float, float, float]
"""A line of an OCR layer: start and end in the clean text; left, top, right, bottom in points
from the page's top left."""


@dataclass(frozen=True, slots=True)
class Hidden:
    """A passage that a reader of the page would not see. `start` is its place in the text as
    it was read; `why` says how it is hidden."""

    start: int
    text: str
    why: str


@dataclass(frozen=True, slots=True)
class Page:
    """One physical page. `engine` read it (None: no engine was needed); `note` says why
    a page failed or who had to help. `hidden` passages are not in `text`, unless `kept`.

    `label` says what the page is where it is no sheet of paper: "slide 3". A page of a file's
    lines begins with its label in a line of its own, and `line` is the number of the line that
    follows. `asides` are the ranges of the text as it was read that are beside what a reader
    sees, as a comment is: the second pass makes hidden passages of them.
    """

    number: int
    text: str
    status: Status
    engine: str | None = None
    note: str | None = None
    hidden: tuple[Hidden, ...] = ()
    kept: bool = False
    label: str | None = None
    line: int | None = None
    asides: tuple[tuple[int, int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on a page as it is shown: in points from the top left corner."""

    left: float
    top: float
    right: float
    bottom: float
    page_width: float
    page_height: float


@dataclass(frozen=True, slots=True)
class OutlineEntry:
    """A line of a document's own table of contents. `page` is None where it leads nowhere."""

    title: str
    level: int
    page: int | None


class WorkerRefused(Exception):
    """The worker answered that it could not: `kind` is password, damaged or failed."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
        self.detail = detail


class WorkerLost(Exception):
    """The worker died or was ended. `guilty` if this very call was being worked on;
    `page` is the page it was on, where that is known."""

    def __init__(self, reason: Lost, *, guilty: bool, page: int | None) -> None:
        super().__init__(f"the reading worker {reason}")
        self.reason = reason
        self.guilty = guilty
        self.page = page

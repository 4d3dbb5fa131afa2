"""Pages as they are shown: pictures of them, and where words stand there."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from kimiqa.errors import DeadlineError, EngineCrashedError
from kimiqa.reading.engines import Source, refuse_locked
from kimiqa.reading.parts import Box, WorkerLost, WorkerRefused
from kimiqa.reading.pool import CALL_SECONDS, fast_pool, page_pool
from kimiqa.saying import say


def boxes(source: Source, page: int, ranges: Sequence[tuple[int, int]]) -> list[Box]:
    """Where ranges of a page's text stand, as it is shown; none where that is not known."""
    with _failing(source, page):
        found, _ = page_pool().call("boxes", **source.key, page=page, ranges=ranges)
    width, height = found["width"], found["height"]
    return [
        Box(left, top, right, bottom, width, height) for left, top, right, bottom in found["boxes"]
    ]


def render(source: Source, page: int, dpi: float, marks: Sequence[Box]) -> bytes:
    """The page as PNG. *Raises* `EngineCrashedError`, `DeadlineError`."""
    places = [(mark.left, mark.top, mark.right, mark.bottom) for mark in marks]
    with _failing(source, page):
        return page_pool().call("render", **source.key, page=page, dpi=dpi, marks=places)[1]


def draw(source: Source, page: int, dpi: float) -> bytes:
    """The same for a reader of pictures, which may ask for many: no cited page waits for it."""
    with _failing(source, page):
        return fast_pool().call("render", **source.key, page=page, dpi=dpi, marks=[])[1]


def picture(source: Source, page: int, dpi: float) -> bytes:
    """The page as a picture to be sent, PNG or JPEG. *Raises* as `render` does."""
    with _failing(source, page):
        return fast_pool().call("picture", **source.key, page=page, dpi=dpi)[1]


def sizes(source: Source, pages: Sequence[int]) -> list[tuple[float, float]]:
    """Width and height of pages as they are shown, in points."""
    with _failing(source, pages[0] if pages else 1):
        found, _ = page_pool().call("sizes", **source.key, pages=list(pages))
    return [(width, height) for width, height in found["sizes"]]


@contextlib.contextmanager
def _failing(source: Source, page: int) -> Iterator[None]:
    """Turn what the worker says about a page into an error with its sentence."""
    try:
        yield
    except WorkerLost as lost:
        if lost.reason == "hung":
            raise DeadlineError(
                say(
                    "Page {page} of {name} was not drawn within {call_seconds:.0f} seconds.",
                    page=page,
                    name=source.name,
                    call_seconds=CALL_SECONDS,
                ),
                "Its text can still be used.",
            ) from None
        raise EngineCrashedError(
            say("Page {page} of {name} ended the reading engine.", page=page, name=source.name),
            "Its text can still be used.",
        ) from None
    except WorkerRefused as error:
        refuse_locked(source, error)
        raise EngineCrashedError(
            say(
                "Page {page} of {name} cannot be drawn ({detail}).",
                page=page,
                name=source.name,
                detail=error.detail,
            ),
            "Its text can still be used.",
        ) from None

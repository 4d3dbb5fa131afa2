"""The second pass, seen from the app: hidden text of a PDF, page by page, within a deadline."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field

from kimiqa.reading.engines import (
    BLOCK_PAGES,
    LEAST_SECONDS,
    Source,
    deadline_seconds,
    facts,
    forget,
)
from kimiqa.reading.parts import LayerLine, WorkerLost, WorkerRefused
from kimiqa.reading.pool import CALL_SECONDS, fast_pool

Found = tuple[int, int, str]

_Row = tuple[int, list[Found] | None, bool, list[LayerLine]]

_DEEP = 20
"""How much longer the deep check may take, which renders every page."""


@dataclass(slots=True)
class Checked:
    """What a check found: for each page the ranges of its text that cannot be seen."""

    hidden: dict[int, list[Found]] = field(default_factory=dict)
    unchecked: list[int] = field(default_factory=list)
    """Pages that could not be checked."""
    layers: dict[int, list[LayerLine]] = field(default_factory=dict)
    """After a deep check the lines of each page's OCR layer, still to be held against its scan."""
    late: bool = False
    """Whether some of these had no time left, so that another try may check them."""


def check_pages(
    source: Source, pages: Sequence[int], *, deep: bool = False
) -> Generator[int, None, Checked]:
    """Check `pages`, yielding how many are done. Pages that layers may hide are looked at again
    where the file has layers that are off."""
    checked = Checked()
    seconds = deadline_seconds(len(pages)) * (_DEEP if deep else 1)
    deadline = time.monotonic() + seconds
    try:
        layered = yield from _pass(source, list(pages), checked, deadline, layers=False, deep=deep)
        if layered and facts(source, "layers") is not False:
            yield from _pass(source, layered, checked, deadline, layers=True, deep=deep)
    finally:
        forget(source.path)
    return checked


def _pass(
    source: Source,
    todo: list[int],
    checked: Checked,
    deadline: float,
    *,
    layers: bool,
    deep: bool,
) -> Generator[int, None, list[int]]:
    """One pass over `todo`; the pages on which there may be layers."""
    layered: list[int] = []
    while todo:
        left = deadline - time.monotonic()
        if left <= 0:
            checked.unchecked += todo
            checked.late = True
            break
        done = _block(source, todo[:BLOCK_PAGES], left, layers=layers, deep=deep)
        for number, found, may_hide, stand in done:
            if found is None:
                checked.unchecked.append(number)
            elif found:
                checked.hidden[number] = [(start, end, why) for start, end, why in found]
            if stand:
                checked.layers[number] = stand
            if may_hide:
                layered.append(number)
        finished = {number for number, *_ in done}
        todo = [number for number in todo if number not in finished]
        yield len(done)
    return layered


def _block(
    source: Source, pages: list[int], left: float, *, layers: bool, deep: bool
) -> list[_Row]:
    """The first of `pages`, checked; or the one on which the worker was lost, which is not."""
    limit = min(CALL_SECONDS, max(LEAST_SECONDS, left))
    how = {"layers": layers, "deep": deep}
    try:
        header, _ = fast_pool().call("check", limit=limit, **source.key, pages=pages, **how)
    except WorkerRefused:
        return [(number, None, False, []) for number in pages]
    except WorkerLost as lost:
        guilty = lost.page if lost.page in pages else pages[0]
        return [(guilty, None, False, [])]
    return [
        (number, found, bool(may_hide), stand) for number, found, may_hide, stand in header["rows"]
    ]

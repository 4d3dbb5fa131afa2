"""Pages that are lines of a file: their labels, and the lines that a quote stands on."""

from __future__ import annotations

from kimiqa.reading.parts import Page
from kimiqa.reading.passages import stretches, whole


def label(path: str, first: int, last: int) -> str:
    """The lines of a file, in words.

    >>> label("src/main.py", 120, 180), label("src/main.py", 7, 7)
    ('src/main.py, lines 120-180', 'src/main.py, line 7')
    """
    return f"{path}, line {first}" if first == last else f"{path}, lines {first}-{last}"


def place(page: Page, start: int, end: int) -> str | None:
    """The lines of its file that `page.text[start:end]` stands on.

    >>> page = Page(1, "a.py, lines 5-6:\\nx = 1\\ny = 2", "text", label="a.py, lines 5-6", line=5)
    >>> place(page, 23, 28)
    'a.py, line 6'
    """
    if page.label is None or page.line is None or start >= end:
        return page.label
    held = stretches(page, start, end)
    text = whole(page)
    body = text.find("\n") + 1
    first, last = max(held[0][0], body), max(held[-1][1] - 1, body)
    path = page.label.rpartition(", ")[0]
    return label(path, *(page.line + text.count("\n", body, at) for at in (first, last)))

"""A citation's mark: its state by shape and colour, and the place that it points to."""

from __future__ import annotations

from kimiqa.plan import Citation, CitationStatus
from kimiqa.ui.text import escape

MARKS: dict[CitationStatus, tuple[str, str]] = {
    "verified": ("✓", "green"),
    "moved": ("→", "blue"),
    "supported": ("~", "violet"),
    "unverified": ("?", "orange"),
    "invalid": ("✗", "red"),
}
"""Each state's shape and colour: the shape alone is enough to tell them apart."""


def badge(citation: Citation, key: str = "", words: str = "") -> str:
    """A citation's mark in the text; with a key a link to the button of that key.

    >>> badge(Citation("D1", None, 12, 12, None, "verified"), "cite-0-0", 'it says "$5"')
    '[:green-badge[✓ D1 p. 12]](#cite-0-0 "it says ”\\\\$5”")'
    """
    shape, colour = MARKS[citation.status]
    shown = f":{colour}-badge[{escape(shape)} {escape(place(citation))}]"
    title = escape(words.replace('"', "”"))
    return f'[{shown}](#{key} "{title}")' if key else shown


def place(citation: Citation) -> str:
    """Where a citation points.

    >>> place(Citation("D1", None, 12, 14, None, "moved"))
    'D1 p. 12 → 14'
    """
    moved = citation.status == "moved" and citation.found_page is not None
    return f"{citation.document} p. {citation.page}" + (
        f" → {citation.found_page}" if moved else ""
    )

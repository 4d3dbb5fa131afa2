"""What is said of pages that could not be read as others are: the note of each, and a sentence
for all of them."""

from __future__ import annotations

from collections.abc import Iterable

from kimiqa.pages import spans
from kimiqa.reading.parts import Page

UNREADABLE = "its letters have no characters behind them: only OCR can read them"
"""The note of a page whose text is the codes of a font that nothing explains."""

UNDRAWN = "a note on it has no picture in the file: it is not read"
"""The note of a page with a note that says something and that pdfium cannot show."""

NO_PLACES = "read by pypdf: where its words stand on the page is not known"
"""The note of a page that can be quoted and cited, but not boxed."""


def notices(name: str, pages: Iterable[Page]) -> list[str]:
    """One sentence for each way in which some of the pages are unlike the others.

    >>> pages = [Page(n, "text", "text", "pypdf", NO_PLACES) for n in (3, 4, 5)]
    >>> notices("lease.pdf", pages)
    ['lease.pdf: pages 3-5 were read by pypdf and have no boxes.']
    """
    held = list(pages)
    told = [
        (_which(page for page in held if page.engine == "pypdf" and page.text), _BY_PYPDF),
        (_which(page for page in held if page.note == UNREADABLE), _NO_LETTERS),
        (_which(page for page in held if page.note == UNDRAWN), _NOT_DRAWN),
    ]
    return [
        f"{name}: {said[0 if which.startswith('page ') else 1].format(which)}."
        for which, said in told
        if which
    ]


_BY_PYPDF = ("{} was read by pypdf and has no boxes", "{} were read by pypdf and have no boxes")
_NO_LETTERS = ("the letters of {} have no characters behind them: only OCR can read them",) * 2
_NOT_DRAWN = ("a note on {} has no picture in the file and was not read",) * 2


def _which(pages: Iterable[Page]) -> str:
    numbers = [page.number for page in pages]
    return f"page{'s' if len(numbers) > 1 else ''} {spans(numbers)}" if numbers else ""

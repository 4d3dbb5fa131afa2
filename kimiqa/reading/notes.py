"""What is said of pages that could not be read as others are: the note of each, and a sentence
for all of them."""

from __future__ import annotations

from collections.abc import Iterable

from kimiqa.pages import spans
from kimiqa.reading.parts import Page
from kimiqa.saying import Said, say, say_of

UNREADABLE = say("its letters have no characters behind them: only OCR can read them")
"""The note of a page whose text is the codes of a font that nothing explains."""

UNDRAWN = say("a note on it has no picture in the file: it is not read")
"""The note of a page with a note that says something and that pdfium cannot show."""

NO_PLACES = say("read by pypdf: where its words stand on the page is not known")
"""The note of a page that can be quoted and cited, but not boxed."""


def notices(name: str, pages: Iterable[Page]) -> list[Said]:
    """One sentence for each way in which some of the pages are unlike the others.

    >>> pages = [Page(n, "text", "text", "pypdf", NO_PLACES) for n in (3, 4, 5)]
    >>> notices("lease.pdf", pages)
    ['lease.pdf: pages 3-5 were read by pypdf and have no boxes.']
    """
    held = list(pages)
    told = []
    if found := [page.number for page in held if page.engine == "pypdf" and page.text]:
        told.append(
            say_of(
                len(found),
                "{name}: page {pages} was read by pypdf and has no boxes.",
                "{name}: pages {pages} were read by pypdf and have no boxes.",
                name=name,
                pages=spans(found),
            )
        )
    if found := [page.number for page in held if page.note == UNREADABLE]:
        told.append(
            say_of(
                len(found),
                "{name}: the letters of page {pages} have no characters behind them: only OCR can "
                "read them.",
                "{name}: the letters of pages {pages} have no characters behind them: only OCR can "
                "read them.",
                name=name,
                pages=spans(found),
            )
        )
    if found := [page.number for page in held if page.note == UNDRAWN]:
        told.append(
            say_of(
                len(found),
                "{name}: a note on page {pages} has no picture in the file and was not read.",
                "{name}: a note on pages {pages} has no picture in the file and was not read.",
                name=name,
                pages=spans(found),
            )
        )
    return told

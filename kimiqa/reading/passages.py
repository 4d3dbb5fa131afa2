"""Hidden passages: cut out of a page's text, with the way back to where everything stood."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from kimiqa.pages import spans
from kimiqa.reading.parts import Hidden, Page
from kimiqa.saying import Said, Value, as_said, joined, say, say_of

Found = tuple[int, int, str]


def merged(text: str, found: Iterable[Found]) -> tuple[Hidden, ...]:
    """Ranges of `text` as passages: in order, and what only white space parts is one."""
    passages: list[tuple[int, int, str]] = []
    for start, end, why in sorted(found):
        start, end = max(0, start), min(end, len(text))
        if start >= end:
            continue
        if passages and (start <= passages[-1][1] or not text[passages[-1][1] : start].strip()):
            first, last, reason = passages[-1]
            passages[-1] = (first, max(last, end), reason)
        else:
            passages.append((start, end, why))
    return tuple(Hidden(start, text[start:end], why) for start, end, why in passages)


def without(page: Page, hidden: tuple[Hidden, ...]) -> Page:
    """The page with its hidden passages left out of its text.

    >>> page = Page(1, "a\\nhidden\\nb", "text")
    >>> without(page, merged(page.text, [(2, 8, "too small")])).text
    'a\\nb'
    """
    if not hidden:
        return page
    cut = tuple(_with_its_line(page.text, each) for each in hidden)
    return replace(page, text=_cut(page.text, cut), hidden=cut)


def notices(name: str, pages: Iterable[Page], unchecked: Iterable[int]) -> list[str]:
    """What to say of a document's hidden passages, and of pages that were not looked at.

    >>> page = without(Page(7, "a b", "text"), merged("a b", [(2, 3, "too small")]))
    >>> notices("lease.pdf", [page], [])
    ['lease.pdf: 1 hidden passage on page 7 (too small) was left out.']
    """
    held = [page for page in pages if page.hidden]
    notes: list[str] = []
    if held:
        count = sum(len(page.hidden) for page in held)
        why = joined(
            map(as_said, sorted({each.why for page in held for each in page.hidden})), ", "
        )
        numbers = spans(page.number for page in held)
        values: dict[str, Value] = {"name": name, "pages": numbers, "why": why}
        notes.append(_told(count, len(held), values, kept=held[0].kept))
    if missed := sorted(unchecked):
        notes.append(
            say(
                "{name}: not checked for hidden text: page {pages}.", name=name, pages=spans(missed)
            )
        )
    return notes


def _told(count: int, pages: int, held: Mapping[str, Value], *, kept: bool) -> Said:
    if pages == 1 and kept:
        return say_of(
            count,
            "{name}: {number} hidden passage on page {pages} ({why}) was kept.",
            "{name}: {number} hidden passages on page {pages} ({why}) were kept.",
            **held,
        )
    if pages == 1:
        return say_of(
            count,
            "{name}: {number} hidden passage on page {pages} ({why}) was left out.",
            "{name}: {number} hidden passages on page {pages} ({why}) were left out.",
            **held,
        )
    if kept:
        return say_of(
            count,
            "{name}: {number} hidden passage on pages {pages} ({why}) was kept.",
            "{name}: {number} hidden passages on pages {pages} ({why}) were kept.",
            **held,
        )
    return say_of(
        count,
        "{name}: {number} hidden passage on pages {pages} ({why}) was left out.",
        "{name}: {number} hidden passages on pages {pages} ({why}) were left out.",
        **held,
    )


def _with_its_line(text: str, hidden: Hidden) -> Hidden:
    """A passage that is all of its lines goes with one line end, so that no gap shows."""
    end = hidden.start + len(hidden.text)
    begins = hidden.start == 0 or text[hidden.start - 1] == "\n"
    if begins and text[end : end + 1] == "\n":
        return replace(hidden, text=hidden.text + "\n")
    return hidden


def _cut(text: str, hidden: tuple[Hidden, ...]) -> str:
    pieces, at = [], 0
    for each in hidden:
        pieces.append(text[at : each.start])
        at = each.start + len(each.text)
    return "".join([*pieces, text[at:]])


def whole(page: Page) -> str:
    """The page's text with its hidden passages where they stood."""
    text = page.text
    if page.kept:
        return text
    for each in page.hidden:
        text = text[: each.start] + each.text + text[each.start :]
    return text


def keeping(page: Page) -> Page:
    """The page with its hidden passages back in its text, still named."""
    return replace(page, text=whole(page), kept=True) if page.hidden else page


def stretches(page: Page, start: int, end: int) -> list[tuple[int, int]]:
    """Where `page.text[start:end]` stands in the text as it was read, passages skipped."""
    if page.kept:
        return [(start, end)]
    found: list[tuple[int, int]] = []
    for each in page.hidden:
        if each.start >= end:
            break
        size = len(each.text)
        if each.start > start:
            found.append((start, each.start))
        start, end = max(start, each.start) + size, end + size
    return [*found, (start, end)]

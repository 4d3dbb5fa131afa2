"""The text of a Word paragraph: insertions kept, deletions out, what is hidden set apart."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from kimiqa.reading.office.colours import Colour
from kimiqa.reading.office.dress import Dress, Said, W, why

M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"

PAGE_BREAK = "\f"

_GONE = {f"{W}del", f"{W}moveFrom", f"{W}instrText", f"{W}delText", f"{W}rPr", f"{W}pPr",
         f"{MC}Fallback", f"{W}txbxContent"}  # fmt: skip
_FIXED = {f"{W}tab": "\t", f"{W}cr": "\n", f"{W}noBreakHyphen": "-", f"{W}ptab": "\t"}
Piece = tuple[str, str | None]


def pieces(paragraph: Element, dress: Dress, ground: Colour | None, said: Said) -> Iterator[Piece]:
    """The runs of a paragraph: text and why it is not seen on this ground; `said` is what its
    table says of it. A page break is a form feed; `[^3]` refers to footnote 3."""
    own = dress.paragraph(paragraph.find(f"{W}pPr"), said)
    yield from _inside(paragraph, dress, own, own, ground)


def _inside(
    element: Element, dress: Dress, paragraph: Said, said: Said, ground: Colour | None
) -> Iterator[Piece]:
    for child in element:
        if child.tag in _GONE:
            continue
        if child.tag == f"{W}r":
            run = dress.run(child.find(f"{W}rPr"), paragraph)
            yield from _inside(child, dress, paragraph, run, ground)
        elif text := _text(child):
            yield text, why(said, ground)
        else:
            yield from _inside(child, dress, paragraph, said, ground)


def _text(element: Element) -> str:
    tag = element.tag
    if tag in (f"{W}t", f"{M}t"):
        return element.text or ""
    if tag == f"{W}br":
        return PAGE_BREAK if element.get(f"{W}type") == "page" else "\n"
    if tag == f"{W}lastRenderedPageBreak":
        return PAGE_BREAK
    if tag in (f"{W}footnoteReference", f"{W}endnoteReference"):
        return f"[^{element.get(f'{W}id', '')}]"
    return _FIXED.get(tag, "")

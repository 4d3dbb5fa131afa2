"""The text of a Word paragraph: insertions kept, deletions out, what is hidden set apart."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from kimiqa.reading.office.colours import WHITE, alike, of_hex
from kimiqa.reading.office.figures import whole
from kimiqa.reading.office.numbering import W

M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"

HIDDEN = "hidden text"
TINY = "too small"
PAGE_BREAK = "\f"

_GONE = {f"{W}del", f"{W}moveFrom", f"{W}instrText", f"{W}delText", f"{W}rPr", f"{W}pPr",
         f"{MC}Fallback", f"{W}txbxContent"}  # fmt: skip
_FIXED = {f"{W}tab": "\t", f"{W}cr": "\n", f"{W}noBreakHyphen": "-", f"{W}ptab": "\t"}
_TINY = 4
"""In half points: nobody reads a letter of two."""

Piece = tuple[str, str | None]


def pieces(paragraph: Element, *, shaded: bool) -> Iterator[Piece]:
    """The runs of a paragraph: text and why it is not seen. A page break is a form feed;
    `[^3]` refers to footnote 3."""
    shaded = shaded or _has(paragraph.find(f"{W}pPr"), "shd")
    yield from _inside(paragraph, None, shaded)


def _inside(element: Element, why: str | None, shaded: bool) -> Iterator[Piece]:
    for child in element:
        if child.tag in _GONE:
            continue
        if child.tag == f"{W}r":
            yield from _inside(child, _hidden(child.find(f"{W}rPr"), shaded), shaded)
        elif text := _text(child):
            yield text, why
        else:
            yield from _inside(child, why, shaded)


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


def _hidden(style: Element | None, shaded: bool) -> str | None:
    """Why a run is not seen. White letters on a dark ground are."""
    if style is None:
        return None
    if on(style.find(f"{W}vanish")) or on(style.find(f"{W}webHidden")):
        return HIDDEN
    size = style.find(f"{W}sz")
    if size is not None and whole(size.get(f"{W}val"), _TINY + 1) <= _TINY:
        return TINY
    colour = style.find(f"{W}color")
    ground = shaded or _has(style, "shd") or _has(style, "highlight")
    letters = of_hex(colour.get(f"{W}val")) if colour is not None else None
    return None if ground else alike(letters, WHITE)


def _has(style: Element | None, name: str) -> bool:
    return style is not None and style.find(f"{W}{name}") is not None


def on(element: Element | None) -> bool:
    """Whether a switch is on: it is where it stands without a value."""
    return element is not None and element.get(f"{W}val", "1") not in ("0", "false", "off")

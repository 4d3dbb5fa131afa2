"""Word: parts at the pages its author or Word itself broke, and at headings."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from kimiqa.reading.office.figures import whole
from kimiqa.reading.office.numbering import Numbering, W
from kimiqa.reading.office.package import Package
from kimiqa.reading.office.parts import Cutter, Part, Span
from kimiqa.reading.office.runs import MC, PAGE_BREAK, on, pieces

COMMENT = "comment"
_MAIN = "officeDocument"


def parts(package: Package) -> Iterator[Part]:
    """The document's parts: running heads first, footnotes under the text that refers to them,
    comments set apart."""
    main = next(package.related("", _MAIN), "word/document.xml")
    body = package.xml(main).find(f"{W}body")
    if body is not None:
        yield from _Reader(package, main).parts(body)


class _Reader:
    def __init__(self, package: Package, main: str) -> None:
        self._package, self._main = package, main
        self._levels = _heading_levels(package, next(package.related(main, "styles"), None))
        self._numbers = Numbering.of(package, next(package.related(main, "numbering"), None))
        self._notes = self._set_apart("footnotes", "footnote")
        self._endnotes = self._set_apart("endnotes", "endnote")
        self._comments = self._set_apart("comments", "comment")
        self._cutter = Cutter()

    def _set_apart(self, kind: str, element: str) -> dict[str, list[str]]:
        """The notes of a kind by their ids. Separators are notes of a type, and say nothing."""
        found: dict[str, list[str]] = {}
        for path in self._package.related(self._main, kind):
            for note in self._package.xml(path).findall(f"{W}{element}"):
                lines = [_plain(each) for each in note.iter(f"{W}p")]
                if note.get(f"{W}type") in (None, "normal"):
                    found[note.get(f"{W}id", "")] = [line for line in lines if line.strip()]
        return found

    def parts(self, body: Element) -> Iterator[Part]:
        for kind in ("header", "footer"):
            for line in self._running(kind):
                yield from self._cutter.line([(line, None)])
        for block in _blocks(body):
            yield from self._table(block) if block.tag == f"{W}tbl" else self._paragraph(block)
        for number, lines in self._endnotes.items():
            yield from self._cutter.line([(f"[^{number}] {' '.join(lines)}", None)])
        yield from self._cutter.cut()

    def _running(self, kind: str) -> Iterator[str]:
        """What stands at the head or foot of every page, once."""
        lines: dict[str, None] = {}
        for path in self._package.related(self._main, kind):
            for paragraph in self._package.xml(path).iter(f"{W}p"):
                lines |= dict.fromkeys(filter(str.strip, [_plain(paragraph)]))
        yield from lines

    def _paragraph(self, paragraph: Element, *, shaded: bool = False) -> Iterator[Part]:
        style = paragraph.find(f"{W}pPr")
        if style is not None and on(style.find(f"{W}pageBreakBefore")):
            yield from self._cutter.cut()
        spans = list(pieces(paragraph, shaded=shaded))
        if number := self._number(style):
            spans.insert(0, (f"{number} ", None))
        if self._is_heading(style):
            yield from self._cutter.heading("".join(text for text, _ in spans))
        for n, line in enumerate(_at_breaks(spans)):
            if n:
                yield from self._cutter.cut()
            yield from self._cutter.line(line)
        yield from self._beside(paragraph)
        if next(paragraph.iter(f"{W}drawing"), None) is not None:
            self._cutter.picture()

    def _beside(self, paragraph: Element) -> Iterator[Part]:
        """What a paragraph refers to: text boxes, footnotes, comments."""
        for box in _boxes(paragraph):
            for block in _blocks(box):
                yield from self._table(block) if block.tag == f"{W}tbl" else self._paragraph(block)
        for each in paragraph.iter(f"{W}footnoteReference"):
            number = each.get(f"{W}id", "")
            if lines := self._notes.get(number):
                yield from self._cutter.line([(f"[^{number}] {' '.join(lines)}", None)])
        for each in paragraph.iter(f"{W}commentReference"):
            for line in self._comments.get(each.get(f"{W}id", ""), ()):
                yield from self._cutter.line([(line, COMMENT)])

    def _table(self, table: Element) -> Iterator[Part]:
        """A table row by row, cells between bars; its notes and comments after each row."""
        for row in _within(table, f"{W}tr"):
            if row.find(f"{W}trPr/{W}del") is not None:
                continue
            spans: list[Span] = []
            for n, cell in enumerate(_within(row, f"{W}tc")):
                spans += [(" | ", None)] if n else []
                spans += _cell(cell)
            yield from self._cutter.line(spans)
            for paragraph in _within(row, f"{W}p"):
                yield from self._beside(paragraph)

    def _number(self, style: Element | None) -> str:
        """The paragraph's number in its list, which is not part of its text."""
        own = style.find(f"{W}numPr") if style is not None else None
        if own is None:
            own = self._levels.get(_style(style), (None, None))[1]
        if own is None:
            return ""
        level = _value(own.find(f"{W}ilvl"))
        return self._numbers.next(_value(own.find(f"{W}numId")), whole(level))

    def _is_heading(self, style: Element | None) -> bool:
        if style is None:
            return False
        own = _value(style.find(f"{W}outlineLvl"))
        return (
            whole(own, 9) < 9
            if own
            else self._levels.get(_style(style), (None, None))[0] is not None
        )


def _heading_levels(
    package: Package, path: str | None
) -> dict[str, tuple[int | None, Element | None]]:
    """For each paragraph style: its level as a heading, and the list it numbers by."""
    found: dict[str, tuple[int | None, Element | None]] = {}
    root = package.xml_if(path)
    for style in root.findall(f"{W}style") if root is not None else ():
        name = _value(style.find(f"{W}name")).lower()
        level = _value(style.find(f"{W}pPr/{W}outlineLvl"))
        number = name.removeprefix("heading ")
        heading = number if name.startswith("heading ") else level
        numbered = style.find(f"{W}pPr/{W}numPr")
        depth = whole(heading, 10)
        shown = depth if depth <= 9 and level != "9" else None
        found[style.get(f"{W}styleId", "")] = (shown, numbered)
    return found


def _blocks(body: Element) -> Iterator[Element]:
    """The paragraphs and tables of a body, in order, out of whatever they are wrapped in."""
    for child in body:
        if child.tag in (f"{W}p", f"{W}tbl"):
            yield child
        elif child.tag not in (f"{W}del", f"{W}moveFrom", f"{MC}Fallback"):
            yield from _blocks(child)


def _within(element: Element, tag: str) -> Iterator[Element]:
    """The elements of a kind inside another, those inside of these left out."""
    for child in element:
        if child.tag == tag:
            yield child
        elif child.tag not in (f"{W}del", f"{W}moveFrom", f"{W}txbxContent", f"{MC}Fallback"):
            yield from _within(child, tag)


def _boxes(paragraph: Element) -> Iterator[Element]:
    """The text boxes of a paragraph; each stands twice, for programs of two ages."""
    for child in paragraph:
        if child.tag == f"{W}txbxContent":
            yield child
        elif child.tag != f"{MC}Fallback":
            yield from _boxes(child)


def _cell(cell: Element) -> list[Span]:
    """A cell in one line. Its ground may be dark by the style of its table."""
    spans: list[Span] = []
    for paragraph in _within(cell, f"{W}p"):
        more = [(" ".join(text.split("\n")).replace(PAGE_BREAK, ""), why)
                for text, why in pieces(paragraph, shaded=True)]  # fmt: skip
        spans += [(" ", None), *more] if spans and more else more
    return spans


def _at_breaks(spans: list[Span]) -> list[list[Span]]:
    """A paragraph in pieces, at the page breaks in it."""
    found: list[list[Span]] = [[]]
    for text, why in spans:
        for n, piece in enumerate(text.split(PAGE_BREAK)):
            if n:
                found.append([])
            if piece:
                found[-1].append((piece, why))
    return found


def _plain(paragraph: Element) -> str:
    text = "".join(text for text, _ in pieces(paragraph, shaded=True))
    return " ".join(text.replace(PAGE_BREAK, " ").split())


def _style(style: Element | None) -> str:
    return _value(style.find(f"{W}pStyle")) if style is not None else ""


def _value(element: Element | None) -> str:
    return element.get(f"{W}val", "") if element is not None else ""

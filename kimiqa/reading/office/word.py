"""Word: parts at the pages its author or Word itself broke, and at headings."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from kimiqa.reading.office import grids
from kimiqa.reading.office.boxes import boxes, is_pictured, paper
from kimiqa.reading.office.colours import Colour
from kimiqa.reading.office.dress import Dress, W, on
from kimiqa.reading.office.figures import whole
from kimiqa.reading.office.numbering import Numbering
from kimiqa.reading.office.package import Package
from kimiqa.reading.office.parts import Cutter, Part, Span, in_one_line
from kimiqa.reading.office.runs import MC, PAGE_BREAK, pieces

COMMENT = "comment"
_MAIN = "officeDocument"


def parts(package: Package) -> Iterator[Part]:
    """The document's parts: running heads first, footnotes under the text that refers to them,
    comments set apart."""
    main = next(package.related("", _MAIN), "word/document.xml")
    root = package.xml(main)
    body = root.find(f"{W}body")
    if body is not None:
        yield from _Reader(package, main, root).parts(body)


class _Reader:
    def __init__(self, package: Package, main: str, root: Element) -> None:
        self._package, self._main = package, main
        self._levels = _heading_levels(package, next(package.related(main, "styles"), None))
        self._numbers = Numbering.of(package, next(package.related(main, "numbering"), None))
        self._dress = Dress(package, main)
        self._paper = paper(package, main, root)
        self._under = None if is_pictured(root) else self._paper
        self._notes = self._set_apart("footnotes", "footnote")
        self._endnotes = self._set_apart("endnotes", "endnote")
        self._comments = self._set_apart("comments", "comment")
        self._cutter = Cutter()

    def _set_apart(self, kind: str, element: str) -> dict[str, list[list[Span]]]:
        """The notes of a kind by their ids. Separators are notes of a type, and say nothing."""
        found: dict[str, list[list[Span]]] = {}
        for path in self._package.related(self._main, kind):
            for note in self._package.xml(path).findall(f"{W}{element}"):
                lines = [self._plain(each, self._paper) for each in note.iter(f"{W}p")]
                if note.get(f"{W}type") in (None, "normal"):
                    found[note.get(f"{W}id", "")] = [line for line in lines if line]
        return found

    def parts(self, body: Element) -> Iterator[Part]:
        for kind in ("header", "footer"):
            for line in self._running(kind):
                yield from self._cutter.line(line)
        for block in _blocks(body):
            yield from self._block(block, self._paper)
        for number, lines in self._endnotes.items():
            yield from self._cutter.line(_note(number, lines))
        yield from self._cutter.cut()

    def _running(self, kind: str) -> list[list[Span]]:
        """What stands at the head or foot of every page, once. Pictures and lines may lie under
        it."""
        lines: dict[str, list[Span]] = {}
        for path in self._package.related(self._main, kind):
            root = self._package.xml(path)
            ground = None if is_pictured(root) else self._paper
            for paragraph in root.iter(f"{W}p"):
                line = self._plain(paragraph, ground)
                lines.setdefault("".join(text for text, _ in line), line)
        return [line for line in lines.values() if line]

    def _plain(self, paragraph: Element, ground: Colour | None) -> list[Span]:
        """A paragraph in one line."""
        found = pieces(paragraph, self._dress, ground, {})
        return in_one_line((text.replace(PAGE_BREAK, " "), why) for text, why in found)

    def _block(self, block: Element, ground: Colour | None) -> Iterator[Part]:
        if block.tag == f"{W}tbl":
            yield from self._table(block, ground)
        else:
            yield from self._paragraph(block, ground)

    def _paragraph(self, paragraph: Element, ground: Colour | None) -> Iterator[Part]:
        style = paragraph.find(f"{W}pPr")
        if style is not None and on(style.find(f"{W}pageBreakBefore")):
            yield from self._cutter.cut()
        spans = list(pieces(paragraph, self._dress, ground, {}))
        if number := self._number(style):
            spans.insert(0, (f"{number} ", None))
        if self._is_heading(style):
            yield from self._cutter.heading("".join(text for text, why in spans if why is None))
        for n, line in enumerate(_at_breaks(spans)):
            if n:
                yield from self._cutter.cut()
            yield from self._cutter.line(line)
        yield from self._beside(paragraph)
        if next(paragraph.iter(f"{W}drawing"), None) is not None:
            self._cutter.picture()

    def _beside(self, paragraph: Element) -> Iterator[Part]:
        """What a paragraph refers to: text boxes, footnotes, comments."""
        for box, ground in boxes(paragraph, self._under):
            for block in _blocks(box):
                yield from self._block(block, ground)
        for each in paragraph.iter(f"{W}footnoteReference"):
            number = each.get(f"{W}id", "")
            if lines := self._notes.get(number):
                yield from self._cutter.line(_note(number, lines))
        for each in paragraph.iter(f"{W}commentReference"):
            for line in self._comments.get(each.get(f"{W}id", ""), ()):
                yield from self._cutter.line([(text, COMMENT) for text, _ in line])

    def _table(self, table: Element, ground: Colour | None) -> Iterator[Part]:
        """A table row by row, cells between bars; its notes and comments after each row."""
        for row, cells in grids.rows(table, self._dress, ground):
            spans: list[Span] = []
            for n, cell in enumerate(cells):
                spans += [(" | ", None)] if n else []
                spans += self._cell(cell)
            yield from self._cutter.line(spans)
            for paragraph in grids.within(row, f"{W}p"):
                yield from self._beside(paragraph)

    def _cell(self, cell: grids.Cell) -> list[Span]:
        """A cell in one line. What lies under a table inside of it is not known."""
        spans: list[Span] = []
        for paragraph, nested in grids.paragraphs(cell.element):
            ground, said = (None, {}) if nested else (cell.ground, cell.said)
            more = [
                (" ".join(text.split("\n")).replace(PAGE_BREAK, ""), why)
                for text, why in pieces(paragraph, self._dress, ground, said)
            ]
            spans += [(" ", None), *more] if spans and more else more
        return spans

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


def _note(number: str, lines: list[list[Span]]) -> list[Span]:
    """A note with the sign that refers to it."""
    spans: list[Span] = [(f"[^{number}]", None)]
    for line in lines:
        spans += [(" ", None), *line]
    return spans


def _style(style: Element | None) -> str:
    return _value(style.find(f"{W}pStyle")) if style is not None else ""


def _value(element: Element | None) -> str:
    return element.get(f"{W}val", "") if element is not None else ""

"""PowerPoint: a slide is a page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from xml.etree.ElementTree import Element

from kimiqa.reading.office import drawing, slide_tables
from kimiqa.reading.office.drawing import A
from kimiqa.reading.office.grounds import Box, Ground, P, Place, size_of
from kimiqa.reading.office.package import Package, Relations
from kimiqa.reading.office.parts import Part, Span

_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"

HIDDEN_SLIDE = "hidden slide"
HIDDEN_SHAPE = "hidden shape"
OFF = "off the slide"
NOTES = "speaker notes"
COMMENT = "comment"


def parts(package: Package) -> Iterator[Part]:
    """The slides in their order; notes, comments, and what is hidden set apart."""
    main = "ppt/presentation.xml"
    relations = package.relations(main)
    root = package.xml(main)
    size, xml = size_of(root), cache(package.xml)
    tables = slide_tables.styles(package, main)

    def look(at: str, slide: Element) -> Ground:
        return Ground.of(package, at, slide, size, xml)

    for number, entry in enumerate(root.iter(f"{P}sldId"), start=1):
        _, path = relations.get(entry.get(f"{_R}id", ""), ("", ""))
        part = Part(f"slide {number}")
        if path in package.names:
            _slide(package, path, part, look, tables)
        yield part


def _slide(
    package: Package,
    path: str,
    part: Part,
    ground: Callable[[str, Element], Ground],
    tables: slide_tables.Styles,
) -> None:
    root = package.xml(path)
    relations = package.relations(path)
    why = HIDDEN_SLIDE if root.get("show") in ("0", "false") else None
    part.label = f"{part.label} (hidden)" if why else part.label
    part.picture = any(True for _ in root.iter(f"{P}pic"))
    tree = root.find(f"{P}cSld/{P}spTree")
    if tree is not None:
        for spans in _Shapes(package, relations, ground(path, root), tables).lines(tree):
            part.add([(text, why or away) for text, away in spans])
    for kind, target in relations.values():
        if kind == "notesSlide" and target in package.names:
            for line in _notes(package.xml(target)):
                part.add([(line, NOTES)])
        elif kind == "comments" and target in package.names:
            for line in _comments(package.xml(target)):
                part.add([(line, COMMENT)])


class _Shapes:
    """The words of a slide's shapes."""

    def __init__(
        self, package: Package, relations: Relations, ground: Ground, tables: slide_tables.Styles
    ) -> None:
        self._package, self._relations, self._ground = package, relations, ground
        self._tables = tables

    def lines(
        self, tree: Element, why: str | None = None, place: Place | None = None
    ) -> Iterator[list[Span]]:
        """The lines of the shapes of a group, in the order in which they are drawn."""
        place = place or Place()
        for shape in tree:
            away = why or (HIDDEN_SHAPE if _is_hidden(shape) else None)
            if shape.tag == f"{P}grpSp":
                yield from self.lines(shape, away, place.inside(shape))
                continue
            if shape.tag == f"{_MC}AlternateContent":
                choice = shape.find(f"{_MC}Choice")
                if choice is not None:
                    yield from self.lines(choice, away, place)
                continue
            box = place.box(shape)
            away = away or (OFF if self._ground.is_off(box) else None)
            if shape.tag == f"{P}graphicFrame":
                yield from self._graphic(shape, box, away)
                continue
            under = self._ground.under(shape, box)
            for body in shape.findall(f"{P}txBody"):
                for runs in drawing.styled(body):
                    yield [(text, away or self._ground.why(style, under)) for text, style in runs]

    def _graphic(self, frame: Element, box: Box | None, away: str | None) -> Iterator[list[Span]]:
        """Tables, charts, diagrams."""
        for grid in frame.iter(f"{A}tbl"):
            under = self._ground.behind(box)
            for line in slide_tables.lines(grid, self._ground, under, self._tables):
                yield [(text, away or why) for text, why in line]
        for element in frame.iter():
            for word in ("id", "dm"):
                kind, path = self._relations.get(element.get(f"{_R}{word}", ""), ("", ""))
                if kind == "chart" and path in self._package.names:
                    yield from ([(line, away)] for line in drawing.chart(self._package, path))
                elif kind == "diagramData" and path in self._package.names:
                    yield from ([(line, away)] for line in drawing.diagram(self._package, path))


def _is_hidden(shape: Element) -> bool:
    named = next(shape.iter(f"{P}cNvPr"), None) if shape.tag.startswith(P) else None
    return named is not None and named.get("hidden") in ("1", "true")


def _notes(root: Element) -> Iterator[str]:
    """What the speaker wrote: not the slide's number and picture, which stand there too."""
    for shape in root.iter(f"{P}sp"):
        place = next(shape.iter(f"{P}ph"), None)
        if place is None or place.get("type", "body") == "body":
            for body in shape.findall(f"{P}txBody"):
                yield from drawing.paragraphs(body)


def _comments(root: Element) -> Iterator[str]:
    """Comments of both makes: the old in plain text, the new in paragraphs."""
    for each in root.iter():
        if each.tag == f"{P}text" and each.text:
            yield each.text
        elif each.tag.endswith("}txBody"):
            yield from drawing.paragraphs(each)

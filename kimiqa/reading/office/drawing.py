"""The drawing language that Word and PowerPoint share: paragraphs, tables, charts, diagrams."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from kimiqa.reading.office.package import Package

A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"


def paragraphs(body: Element) -> Iterator[str]:
    """The paragraphs of a text body, line breaks kept."""
    for runs in styled(body):
        yield "".join(text for text, _ in runs)


def styled(body: Element) -> Iterator[list[tuple[str, Element | None]]]:
    """The same run by run: its text, and what it says of its looks."""
    for paragraph in body.iter(f"{A}p"):
        runs: list[tuple[str, Element | None]] = []
        style: Element | None = None
        for each in paragraph.iter():
            if each.tag in (f"{A}r", f"{A}fld", f"{A}br"):
                style = each.find(f"{A}rPr")
            if text := _run(each):
                runs.append((text, style))
        if any(text.strip() for text, _ in runs):
            yield runs


def _run(element: Element) -> str:
    if element.tag == f"{A}t":
        return element.text or ""
    return "\n" if element.tag == f"{A}br" else ""


def chart(package: Package, path: str) -> Iterator[str]:
    """A chart's words and the numbers that were saved with it."""
    root = package.xml(path)
    for title in root.iter(f"{C}title"):
        yield from paragraphs(title)
    for series in root.iter(f"{C}ser"):
        name = " ".join(_points(series.find(f"{C}tx")))
        kinds = _points(series.find(f"{C}cat")) or _points(series.find(f"{C}xVal"))
        values = _points(series.find(f"{C}val")) or _points(series.find(f"{C}yVal"))
        pairs = zip(kinds, values, strict=True) if len(kinds) == len(values) else None
        shown = [f"{kind}: {value}" for kind, value in pairs] if pairs else values
        line = " | ".join(filter(None, [name, *shown]))
        if line:
            yield line


def _points(element: Element | None) -> list[str]:
    found = element.iter(f"{C}v") if element is not None else ()
    return [text for each in found if (text := (each.text or "").strip())]


def diagram(package: Package, path: str) -> Iterator[str]:
    """The words of a diagram, in the order of its data."""
    yield from paragraphs(package.xml(path))

"""EPUB: the chapters of a book in the order of its spine, each read as a web page."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator
from functools import cache
from urllib.parse import unquote

from kimiqa.reading.office import html
from kimiqa.reading.office.package import Package, tree
from kimiqa.reading.office.parts import Part
from kimiqa.reading.parts import WorkerRefused

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_PAGES = ("application/xhtml+xml", "text/html", "application/x-dtbook+xml")
_HIDDEN_CHAPTER = "outside the book's order of reading"


def parts(package: Package) -> Iterator[Part]:
    """The book's parts. A chapter that the book keeps out of its order is set apart."""
    book = _book(package)
    locked = _locked(package)

    @cache
    def sheet(name: str) -> str | None:
        return html.text_of(package.read(name)) if name in package.names else None

    for number, (path, linear) in enumerate(_spine(package, book), start=1):
        if path in locked:
            raise WorkerRefused("password", "its chapters are encrypted against copying")
        if path in package.names:
            for part in html.parts(package.read(path), _beside(sheet, path)):
                if not linear:
                    part.asides = [(0, len(part.text), _HIDDEN_CHAPTER)]
                part.label = part.label or f"chapter {number}"
                yield part


def _beside(sheet: Callable[[str], str | None], path: str) -> Callable[[str], str | None]:
    """Gives the style sheets that a chapter names, out of the book."""
    folder = posixpath.dirname(path)
    return lambda href: sheet(posixpath.normpath(posixpath.join(folder, unquote(href))))


def _book(package: Package) -> str:
    for each in package.xml(_CONTAINER).iter():
        if each.tag.endswith("}rootfile") and each.get("full-path"):
            return each.get("full-path", "")
    raise WorkerRefused("damaged", "the book names no contents")


def _spine(package: Package, book: str) -> Iterator[tuple[str, bool]]:
    """The files of the book in order, and whether they belong to its order of reading."""
    root = tree(package.read(book), book)
    folder = posixpath.dirname(book)
    items = {
        each.get("id"): posixpath.normpath(posixpath.join(folder, unquote(each.get("href", ""))))
        for each in root.iter()
        if each.tag.endswith("}item") and each.get("media-type") in _PAGES
    }
    for each in root.iter():
        if each.tag.endswith("}itemref") and each.get("idref") in items:
            yield items[each.get("idref")], each.get("linear", "yes") != "no"


def _locked(package: Package) -> set[str]:
    """The files that are encrypted. Fonts often are, and say nothing."""
    root = package.xml_if(_ENCRYPTION)
    found = (each.get("URI", "") for each in root.iter()) if root is not None else ()
    return {unquote(uri) for uri in found if uri}

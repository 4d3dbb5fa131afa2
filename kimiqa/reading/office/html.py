"""Web pages: text as a browser lays it out, cut at headings, tables in rows and columns."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from kimiqa.reading.office.parts import Cutter, Part, Span
from kimiqa.reading.office.styles import Look, Styles
from kimiqa.reading.plain import decode

_SILENT = {"script", "style", "template", "noscript", "head", "svg", "math-annotation", "object",
           "iframe", "select", "textarea", "canvas", "audio", "video"}  # fmt: skip
_HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
_BLOCKS = _HEADINGS | {
    "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details",
    "dialog", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "header",
    "hr", "html", "legend", "li", "main", "nav", "ol", "p", "pre", "section", "summary", "table",
    "tbody", "tfoot", "thead", "tr", "ul",
}  # fmt: skip
_CELLS = {"td", "th"}
_CHARSET = re.compile(
    rb"<(?:meta|\?xml)[^>]{0,200}?(?:charset|encoding)\s*=\s*[\"']?([\w-]+)", re.I
)
_HEAD_BYTES = 4_096
_WHITE = re.compile(r"[ \t\r\n\f]+")


def text_of(content: bytes) -> str | None:
    """The characters of a web page: by its byte order mark, as UTF-8, as it says itself, or
    by what makes sense of its bytes."""
    said = _CHARSET.search(content[:_HEAD_BYTES])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    if said and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return content.decode(said[1].decode("ascii"), "replace")
        except LookupError:
            pass
    return decode(content)


Fetch = Callable[[str], str | None]
"""Gives a sheet that lies beside a page, where it can."""


def parts(content: bytes, fetch: Fetch = lambda _: None) -> Iterator[Part]:
    """The parts of a web page. Nothing that it points to is asked of the network, no script of it
    runs."""
    cutter = Cutter()
    yield from _Layout(cutter, fetch).lines(text_of(content) or "")
    yield from cutter.cut()


class _Layout:
    """Turns elements into lines: each block its own, each row of a table one."""

    def __init__(self, cutter: Cutter, fetch: Fetch) -> None:
        self._cutter, self._fetch = cutter, fetch
        self._line: list[Span] = []
        self._looks: list[Look] = []
        self._silent = 0
        self._pre = 0
        self._cells = 0

    def lines(self, text: str) -> Iterator[Part]:
        from selectolax.lexbor import LexborHTMLParser

        parsed = LexborHTMLParser(text)
        if parsed.root is None:
            return
        self._styles = Styles(parsed, self._fetch)
        self._looks = [self._styles.first]
        for opens, node in _walk(parsed.root):
            if node.is_text_node:
                if opens and not self._silent:
                    self._text(node.text_content or "")
            elif node.is_element_node:
                yield from self._opened(node) if opens else self._closed(node)
        yield from self._flush()

    def _opened(self, node: Any) -> Iterator[Part]:
        tag = node.tag
        self._silent += tag in _SILENT
        self._looks.append(self._styles.inside(self._looks[-1], node))
        self._pre += tag == "pre"
        if tag == "br":
            yield from self._broken()
        elif tag in _CELLS:
            if self._line and not self._cells:
                self._line.append((" | ", None))
            self._cells += 1
        elif tag in _BLOCKS and not self._cells:
            yield from self._flush()
            if tag == "li":
                self._text("- ")
        elif tag in _BLOCKS:
            self._text(" ")
        elif tag == "img":
            self._cutter.picture()

    def _closed(self, node: Any) -> Iterator[Part]:
        tag = node.tag
        if tag in _CELLS:
            self._cells -= 1
            self._line = self._line or [("", None)]
        elif tag in _HEADINGS and not self._cells:
            yield from self._heading()
        elif tag in _BLOCKS and not self._cells:
            yield from self._flush()
        elif tag in _BLOCKS:
            self._text(" ")
        self._silent -= tag in _SILENT
        self._looks.pop()
        self._pre -= tag == "pre"

    def _text(self, text: str) -> None:
        plain = text if self._pre and not self._cells else _WHITE.sub(" ", text)
        if not self._pre and (not self._line or self._line[-1][0].endswith((" ", "\n"))):
            plain = plain.lstrip(" ")
        if plain:
            self._line.append((plain, self._looks[-1].why))

    def _broken(self) -> Iterator[Part]:
        if self._cells:
            self._text(" ")
            return
        yield from self._flush()

    def _heading(self) -> Iterator[Part]:
        words = "".join(text for text, why in self._line if why is None).strip()
        if words:
            yield from self._cutter.heading(words)
        yield from self._flush()

    def _flush(self) -> Iterator[Part]:
        line, self._line = _trimmed(self._line), []
        if any(text.strip() for text, _ in line):
            yield from self._cutter.line(line)


def _trimmed(line: list[Span]) -> list[Span]:
    if line:
        line[-1] = (line[-1][0].rstrip(), line[-1][1])
    return line


def _walk(root: Any) -> Iterator[tuple[bool, Any]]:
    """Every node as it opens and as it closes. Without recursion: pages nest without end."""
    node = root
    while True:
        yield True, node
        if node.child is not None:
            node = node.child
            continue
        yield False, node
        while node.next is None or node.mem_id == root.mem_id:
            if node.mem_id == root.mem_id or node.parent is None:
                return
            node = node.parent
            yield False, node
        node = node.next

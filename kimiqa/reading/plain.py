"""What kind of file the bytes are, and pages for text that has none of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kimiqa.saying import say

PAGE_CHARACTERS = 3_000
"""About a printed page: citations stay as fine as in a PDF."""

NAMED_PDF = say("a text file that is named PDF")
"""The kind of text that calls itself a PDF."""

_PDF_WITHIN = 1_024
_NOT_TEXT = (
    (b"PK\x03\x04", say("a ZIP archive or an Office file")),
    (b"PK\x05\x06", say("an empty ZIP archive")),
    (b"\xd0\xcf\x11\xe0", say("an old Office file (.doc, .xls, .ppt), or one with a password")),
    (b"{\\rtf", say("an RTF file")),
    (b"%!PS", say("a PostScript file")),
    (b"\x89PNG", say("a PNG picture")),
    (b"\xff\xd8\xff", say("a JPEG picture")),
    (b"GIF8", say("a GIF picture")),
    (b"II*\x00", say("a TIFF picture")),
    (b"MM\x00*", say("a TIFF picture")),
    (b"RIFF", say("a WebP picture, or sound")),
    (b"7z\xbc\xaf", say("a 7-Zip archive")),
    (b"Rar!", say("a RAR archive")),
    (b"\x1f\x8b", say("a gzip archive")),
    (b"BZh", say("a bzip2 archive")),
    (b"\xfd7zXZ", say("an xz archive")),
    (b"\x7fELF", say("a program")),
    (b"MZ", say("a program")),
)
_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
    (b"\xef\xbb\xbf", "utf-8-sig"),
)
_HTML = re.compile(
    rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.I | re.S
)
_CONTROL = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f-\x9f]")
_HAN = re.compile("[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
_BORDERS = ("\n\n", "\n", ". ", "。", " ")


def is_pdf(head: bytes) -> bool:
    """Whether a PDF begins in the first kilobyte, as its standard has it."""
    return b"%PDF-" in head[:_PDF_WITHIN]


def is_zip(head: bytes) -> bool:
    """Whether a ZIP begins here: an office file, a book, or a mere archive."""
    return head.startswith((b"PK\x03\x04", b"PK\x05\x06"))


def is_html(head: bytes, name: str) -> bool:
    """Whether it is a web page. One that calls itself a PDF is a failed download."""
    if name.lower().endswith((".txt", ".md", ".pdf")):
        return False
    named = name.lower().endswith((".html", ".htm", ".xhtml")) and b"<" in head
    return (named and b"\x00" not in head) or bool(_HTML.match(head.removeprefix(b"\xef\xbb\xbf")))


def foreign_kind(head: bytes, name: str) -> str | None:
    """What a file is that is neither PDF nor text; None where it may be text.

    The name only matters in one way: text that calls itself a PDF is not one, however
    readable (it is usually the web page of a failed download).
    """
    if _HTML.match(head) and not name.lower().endswith((".txt", ".md")):
        return say("a web page (HTML)")
    if any(head.startswith(mark) for mark, _ in _MARKS):
        return None
    found = next((kind for magic, kind in _NOT_TEXT if head.startswith(magic)), None)
    if found is None and b"\x00" in head:
        return say("a binary file")
    if found is None and name.lower().endswith(".pdf"):
        return NAMED_PDF
    return found


def decode(content: bytes) -> str | None:
    """The text, by its byte order mark, as UTF-8, or in an older encoding that makes sense
    of every byte; None where none does."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return _decoded(content, encoding)
    text = _decoded(content, "utf-8")
    if text is not None:
        return text if "\x00" not in text else None
    return _chinese(content) or _western(content)


def _decoded(content: bytes, encoding: str) -> str | None:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return None


def _chinese(content: bytes) -> str | None:
    """GB 18030 accepts nearly any bytes: it is believed only where it gives mostly Han."""
    text = _decoded(content, "gb18030")
    foreign = [char for char in text or "" if char > "\x7f"]
    han = len(_HAN.findall("".join(foreign)))
    return text if foreign and han > 0.9 * len(foreign) and han > 4 else None


def _western(content: bytes) -> str | None:
    text = _decoded(content, "cp1252")
    if text is None or _CONTROL.search(text):
        return None
    foreign = [char for char in text if char > "\x7f"]
    return text if len(foreign) < 0.3 * len(text) else None


def pages_of(text: str) -> list[str]:
    """`text` in pages: at its own form feeds, else about 3,000 characters each.

    No character but the form feeds is lost: the pages joined are the text.

    >>> pages_of("one\\ftwo")
    ['one', 'two']
    """
    if "\f" in text:
        return text.split("\f")
    return list(_cut(text)) or [text]


def _cut(text: str) -> Iterator[str]:
    start = 0
    while len(text) - start > PAGE_CHARACTERS:
        end = _border(text, start, start + PAGE_CHARACTERS)
        yield text[start:end]
        start = end
    if start < len(text):
        yield text[start:]


def _border(text: str, start: int, end: int) -> int:
    """The last good place to cut in the second half of `text[start:end]`."""
    half = (start + end) // 2
    for border in _BORDERS:
        found = text.rfind(border, half, end)
        if found >= 0:
            return found + len(border)
    return end

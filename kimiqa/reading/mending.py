"""Letters that are named by their codes: `/G41` for an "A", as a printer driver wrote them.

A font of that kind has no map to characters, and no engine knows the names: a page comes back
as control characters. A copy of the file gets the map that is missing, so that pdfium reads its
words, rows and places as it reads any other's.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_UNREAD = re.compile("[\x00\x01\x03-\x08\x0b\x0c\x0e-\x1f\ufffd\ue000-\uf8ff]")
_MOST_UNREAD = 0.2
"""The share of a page's characters that may be none: signs and bullets of odd fonts are few."""
_FEWEST = 10
_LOOKED_AT = 200
"""Characters from all over a page, none of which is unread where few of it are."""
_NAME = re.compile(r"/G([0-9A-Fa-f]{2})(?:\..*)?")
_LARGEST = 128 << 20
"""Bytes of a file up to which a copy is made: it is held in memory."""
_MOST_PAGES = 5_000
_DEEPEST = 3


def legible(raw: str) -> bool:
    """Whether an engine's text of a page is made of characters, and not of a font's codes.

    >>> legible("The rent is due."), legible("\\x01\\x04 \\x05\\x06\\x04\\x07\\x08 " * 3)
    (True, False)
    """
    if not _UNREAD.search(raw[:: 1 + len(raw) // _LOOKED_AT]):
        return True
    unread = len(_UNREAD.findall(raw))
    return unread < _FEWEST or unread <= _MOST_UNREAD * len("".join(raw.split()))


def mended(path: str) -> bytes | None:
    """A copy of the file whose fonts say which characters they show; None where none of them
    can be given a map, and of encrypted files."""
    import pypdf
    from pypdf.generic import DecodedStreamObject, NameObject

    if Path(path).stat().st_size > _LARGEST or pypdf.PdfReader(path).is_encrypted:
        return None
    copy = pypdf.PdfWriter(path, incremental=True)
    coded = {id(font): (font, names) for font in _fonts(copy) if (names := _coded_names(font))}
    if not _are_hexadecimal(names for _, names in coded.values()):
        return None
    for font, names in coded.values():
        table = DecodedStreamObject()
        table.set_data(_table(names))
        font[NameObject("/ToUnicode")] = copy._add_object(table)
    file = io.BytesIO()
    copy.write(file)
    return file.getvalue()


def _fonts(copy: Any) -> Iterator[Any]:
    """The fonts of all pages, those of their forms too; some of them more than once."""
    seen: set[Any] = set()
    for page in list(copy.pages)[:_MOST_PAGES]:
        yield from _fonts_of(page.get("/Resources"), seen, 0)


def _fonts_of(resources: Any, seen: set[Any], depth: int) -> Iterator[Any]:
    held = resources.get_object() if resources is not None else None
    if not isinstance(held, dict) or id(held) in seen or depth > _DEEPEST:
        return
    seen.add(id(held))
    yield from _values(held, "/Font")
    for form in _values(held, "/XObject"):
        if form.get("/Subtype") == "/Form":
            yield from _fonts_of(form.get("/Resources"), seen, depth + 1)


def _values(resources: Any, kind: str) -> Iterator[Any]:
    held = resources.get(kind)
    named = held.get_object() if held is not None else {}
    for each in named.values() if isinstance(named, dict) else ():
        found = each.get_object()
        if isinstance(found, dict):
            yield found


def _coded_names(font: Any) -> dict[int, str]:
    """The font's codes whose glyphs have such names; none where it has a map of its own."""
    encoding = font.get("/Encoding")
    encoding = encoding.get_object() if encoding is not None else None
    if "/ToUnicode" in font or not isinstance(encoding, dict):
        return {}
    found, code = {}, 0
    for each in encoding.get("/Differences", ()):
        if isinstance(each, int):
            code = int(each)
            continue
        named = _NAME.fullmatch(str(each))
        if named and code < 256:
            found[code] = named[1]
        code += 1
    return found


def _are_hexadecimal(fonts: Iterator[dict[int, str]]) -> bool:
    """Whether the names are counted in sixteens. Where no name tells, they may be decimal, and
    a guess would read other letters than the page shows."""
    return any(not name.isdigit() for names in fonts for name in names.values())


def _table(names: dict[int, str]) -> bytes:
    said = {code: bytes.fromhex(name).decode("cp1252", "replace") for code, name in names.items()}
    rows = [
        f"<{code:02x}> <{shown.encode('utf-16-be').hex()}>"
        for code, shown in said.items()
        if shown.isprintable() and shown != "\ufffd"
    ]
    blocks = [rows[at : at + 100] for at in range(0, len(rows), 100)]
    body = "".join(
        f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar\n" for block in blocks
    )
    return (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /Mended def\n"
        "1 begincodespacerange <00> <ff> endcodespacerange\n"
        f"{body}endcmap end end\n"
    ).encode()

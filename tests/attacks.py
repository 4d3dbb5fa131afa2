"""PDFs that mean harm to their reader, made from bytes: a few kilobytes each."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import pdfs

_CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"
_FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
_RESOURCES = "/Resources << /Font << /F 3 0 R >> >>"
_BOX = "/MediaBox [0 0 595 842]"


def squeezed(size: int, unit: bytes = b" ", times: int = 1) -> bytes:
    """`size` bytes, deflated `times` times over."""
    packer = zlib.compressobj(9)
    block = unit * ((1 << 20) // len(unit))
    packed = b"".join(packer.compress(block) for _ in range(size >> 20)) + packer.flush()
    for _ in range(times - 1):
        packed = zlib.compress(packed, 9)
    return packed


def stream(packed: bytes, filters: int = 1, head: str = "") -> bytes:
    names = " ".join(["/FlateDecode"] * filters)
    opening = f"<< {head} /Filter [{names}] /Length {len(packed)} >>\nstream\n"
    return opening.encode() + packed + b"\nendstream"


def pages(kids: str, count: int) -> bytes:
    return f"<< /Type /Pages /Kids [{kids}] /Count {count} >>".encode()


def page(contents: str = "5 0 R", more: str = _RESOURCES, parent: int = 2) -> bytes:
    return f"<< /Type /Page /Parent {parent} 0 R {_BOX} {more} /Contents {contents} >>".encode()


def one_page(content: bytes, *more: bytes, of: bytes | None = None) -> bytes:
    """A file whose page has `content`, an object of its own; further objects are 6, 7, …"""
    return pdfs._file([_CATALOG, pages("4 0 R", 1), _FONT, of or page(), content, *more])


def text_stream(words: str = "The rent is 500 euros") -> bytes:
    return pdfs._stream(f"BT /F 12 Tf 72 700 Td ({words}) Tj ET".encode())


def _bomb_of_text() -> bytes:
    unit = b"(" + b"rent " * 50 + b") Tj\n"
    content = b"BT /F 12 Tf 72 700 Td "
    packer = zlib.compressobj(9)
    parts = [packer.compress(content)]
    parts += [packer.compress(unit * 4_000) for _ in range(240)]
    return one_page(stream(b"".join([*parts, packer.compress(b" ET"), packer.flush()])))


def _form(head: str, content: bytes) -> bytes:
    return pdfs._stream(content, f"/Type /XObject /Subtype /Form /BBox [0 0 9 9] {head}")


def _forms_that_double(depth: int = 30) -> bytes:
    """Each form draws the next one twice: 2 to the power of `depth` in all."""
    forms = [
        _form(f"/Resources << /XObject << /X {7 + level} 0 R >> >>", b"/X Do /X Do ")
        for level in range(depth)
    ]
    of = page(more="/Resources << /XObject << /X 6 0 R >> >>")
    last = _form(_RESOURCES, b"BT /F 1 Tf (deep) Tj ET")
    return one_page(pdfs._stream(b"/X Do"), *forms, last, of=of)


def page_without_end() -> bytes:
    """A page that says nothing for hours, and takes no memory for it."""
    resources = "/Resources << /XObject << /X {} 0 R >> >>"
    forms = [_form(resources.format(7 + level), b"/X Do " * 8) for level in range(8)]
    nothing = _form("", b"q Q " * 10_000)
    return one_page(pdfs._stream(b"/X Do"), *forms, nothing, of=page(more=resources.format(6)))


def _form_that_draws_itself() -> bytes:
    of = page(more="/Resources << /XObject << /X 6 0 R >> >>")
    loop = _form("/Resources << /XObject << /X 6 0 R >> >>", b"/X Do")
    return one_page(pdfs._stream(b"/X Do"), loop, of=of)


def _tree_of_pages_that_loops() -> bytes:
    return pdfs._file([_CATALOG, pages("4 0 R 2 0 R", 9), _FONT, page(), text_stream()])


def _tree_without_end() -> bytes:
    """A page tree a thousand levels deep."""
    levels = 1_000
    nodes = [
        f"<< /Type /Pages /Parent {max(2, n + 5)} 0 R /Kids [{n + 7} 0 R] /Count 1 >>".encode()
        for n in range(levels)
    ]
    last = page(parent=levels + 5)
    return pdfs._file([_CATALOG, pages("6 0 R", 1), _FONT, b"null", text_stream(), *nodes, last])


def _many_pages(count: int = 30_000) -> bytes:
    kids = " ".join(["4 0 R"] * count)
    return pdfs._file([_CATALOG, pages(kids, count), _FONT, page(), text_stream()])


def _count(number: int) -> bytes:
    return pdfs._file([_CATALOG, pages("4 0 R", number), _FONT, page(), text_stream()])


def _huge_numbers() -> bytes:
    whole = one_page(text_stream())
    return whole.replace(b"4 0 R", b"4294967295 0 R").replace(b"/Size 6", b"/Size 2147483647")


def _deep_arrays() -> bytes:
    return one_page(text_stream(), b"[" * 100_000 + b"]" * 100_000)


def _deep_content() -> bytes:
    return one_page(pdfs._stream(b"q " * 200_000 + b"BT /F 12 Tf (deep) Tj ET"))


def _deep_marks() -> bytes:
    return one_page(pdfs._stream(b"/P BMC " * 100_000 + b"BT /F 12 Tf (deep) Tj ET"))


def _length_that_leads_to_itself() -> bytes:
    return one_page(b"<< /Length 5 0 R >>\nstream\nBT /F 12 Tf (x) Tj ET\nendstream")


def _objects_that_lead_in_a_ring() -> bytes:
    return one_page(b"6 0 R", b"7 0 R", b"5 0 R")


def _previous_tables_in_a_ring() -> bytes:
    whole = one_page(text_stream())
    start = whole.rindex(b"xref\n0")
    return whole.replace(b"/Root 1 0 R", b"/Root 1 0 R /Prev %d" % start)


def _picture_of_terabytes() -> bytes:
    picture = stream(
        squeezed(1 << 20, b"\0"),
        1,
        "/Type /XObject /Subtype /Image /Width 1000000 /Height 1000000"
        " /ColorSpace /DeviceRGB /BitsPerComponent 16",
    )
    of = page(more="/Resources << /XObject << /X 6 0 R >> >>")
    return one_page(pdfs._stream(b"q 500 0 0 500 0 0 cm /X Do Q"), picture, of=of)


def _map_without_end() -> bytes:
    """A map that gives each of 65,536 codes a hundred characters."""
    said = b"0041" * 100
    rows = b"".join(b"<%04x> <%b>\n" % (code, said) for code in range(0, 65_536, 8))
    table = b"begincmap 1 begincodespacerange <0000> <ffff> endcodespacerange %d beginbfchar\n" % (
        65_536 // 8
    )
    packed = zlib.compress(table + rows + b"endbfchar endcmap")
    font = (
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /ToUnicode 6 0 R"
        b" /Encoding /Identity-H >>"
    )
    whole = one_page(text_stream(), stream(packed))
    return whole.replace(_FONT, font)


def _many_objects() -> bytes:
    """A page of 400,000 one-letter texts."""
    return one_page(stream(zlib.compress(b"BT /F 1 Tf " + b"(x) Tj 1 0 Td " * 400_000 + b"ET", 9)))


ATTACKS: dict[str, Callable[[], bytes]] = {
    "text of a quarter of a gigabyte": _bomb_of_text,
    "spaces of two gigabytes": lambda: one_page(stream(squeezed(2 << 30, times=2), 2)),
    "a bomb in a bomb": lambda: one_page(stream(squeezed(512 << 20, times=3), 3)),
    "forms that double thirty times": _forms_that_double,
    "a form that draws itself": _form_that_draws_itself,
    "a page tree that loops": _tree_of_pages_that_loops,
    "a page tree of a thousand levels": _tree_without_end,
    "thirty thousand pages": _many_pages,
    "a count of two thousand million": lambda: _count(2_000_000_000),
    "a count of a million": lambda: _count(1_000_000),
    "a count below nought": lambda: _count(-5),
    "huge object numbers": _huge_numbers,
    "arrays a hundred thousand deep": _deep_arrays,
    "states two hundred thousand deep": _deep_content,
    "marks a hundred thousand deep": _deep_marks,
    "a length that leads to itself": _length_that_leads_to_itself,
    "objects that lead in a ring": _objects_that_lead_in_a_ring,
    "tables that lead in a ring": _previous_tables_in_a_ring,
    "a picture of terabytes": _picture_of_terabytes,
    "a map without end": _map_without_end,
    "four hundred thousand texts": _many_objects,
}

"""Annotations with words are looked for in a file's bytes, however its names and objects stand
there, so that the links of a long manual need not be read one by one."""

from __future__ import annotations

import re
import struct
import zlib
from pathlib import Path

import pytest
from test_annotations import DRAWN, FIELD, NOTE, _annotated

from kimiqa.document import Document
from kimiqa.reading.fields import may_have_words

LINK = "/Subtype /Link /A << /S /URI /URI (http://a.example) >>"
_OBJECT = re.compile(rb"(\d+) 0 obj\n(.*?)\nendobj\n", re.DOTALL)


WAYS = {
    "": bytes,
    "/Filter /FlateDecode": zlib.compress,
    "/Filter /ASCIIHexDecode": lambda content: content.hex().encode() + b">",
}


def _packed(pdf: bytes, head: bytes = b"", way: str = "/Filter /FlateDecode") -> bytes:
    """The same file, its objects other than streams packed into one, as newer programs do."""
    out, places, held = bytearray(b"%PDF-1.7\n"), {}, []
    for number, content in _OBJECT.findall(pdf):
        if b"\nstream\n" not in content:
            held.append((int(number), content))
            continue
        places[int(number)] = (1, len(out), 0)
        out += b"%b 0 obj\n%b\nendobj\n" % (number, content)
    last = max([*places, *(number for number, _ in held)])
    body, at = b"", []
    for order, (number, content) in enumerate(held):
        at.append(b"%d %d" % (number, len(body)))
        places[number] = (2, last + 1, order)
        body += content + b"\n"
    first = b" ".join(at) + b"\n"
    data = WAYS[way](first + body)
    places[last + 1] = (1, len(out), 0)
    out += b"%d 0 obj\n<< /Type /ObjStm /N %d /First %d %b %b /Length %d >>\nstream\n" % (
        last + 1, len(held), len(first), way.encode(), head, len(data),
    )  # fmt: skip
    out += data + b"\nendstream\nendobj\n"
    places[last + 2] = (1, len(out), 0)
    rows = b"".join(
        struct.pack(">BIH", *places.get(number, (0, 0, 0))) for number in range(last + 3)
    )
    start = len(out)
    out += b"%d 0 obj\n<< /Type /XRef /Size %d /W [1 4 2] /Root 1 0 R /Length %d >>\nstream\n" % (
        last + 2, last + 3, len(rows),
    )  # fmt: skip
    return bytes(out + rows + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % start)


def _told(pdf: bytes, folder: Path) -> bool:
    path = folder / "a.pdf"
    path.write_bytes(pdf)
    told = may_have_words(str(path))
    assert may_have_words(pdf) == told, "held bytes tell the same as the file"
    return told


@pytest.mark.parametrize(
    "pdf",
    [
        _annotated(f"{FIELD} {DRAWN}"),
        _annotated(f"{NOTE} {DRAWN}".replace("FreeText", "Fre#65Te#78t")),
        *(_packed(_annotated(f"{FIELD} {DRAWN}"), way=way) for way in WAYS),
    ],
    ids=["as it is", "in codes", "packed", "packed and squeezed", "packed in hexadecimal"],
)
def test_the_words_of_a_field_are_read_however_it_stands_in_the_file(
    pdf: bytes, home: Path
) -> None:
    document = Document.open(pdf, home=home)

    assert document.pages[0].text.split("\n") == ["The rent of the flat:", "500 euros"]


@pytest.mark.parametrize("packed", [False, True], ids=["as it is", "packed"])
def test_a_file_with_links_alone_has_none(packed: bool, tmp_path: Path) -> None:
    pdf = _annotated(LINK)

    assert not _told(_packed(pdf) if packed else pdf, tmp_path)


@pytest.mark.parametrize(
    "pdf",
    [
        _packed(_annotated(LINK), b"/DecodeParms << /Predictor 12 >>"),
        _packed(_annotated(LINK), b"/#46 1"),
        _packed(_annotated(LINK), way="/Filter /ASCIIHexDecode"),
        _packed(_annotated(LINK), way=""),
        _packed(_annotated(LINK), b"(" + b" " * 2_000 + b")"),
    ],
    ids=["predicted", "in codes", "hexadecimal", "not squeezed", "far away"],
)
def test_bytes_that_do_not_tell_leave_it_open(pdf: bytes, tmp_path: Path) -> None:
    assert _told(pdf, tmp_path)

"""Whether a PDF may hold annotations with words, told by its bytes.

To ask each page, pdfium must read every link on it, which of a long manual takes a tenth of its
reading. A file that nowhere names a kind of annotation that shows words has none. Where the
bytes leave it open, as in an encrypted file, its pages are asked.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from pathlib import Path

_LARGEST = 64 << 20
"""Bytes of a file, and of what is packed in it, up to which they are looked through."""
_HEAD = 1_024
"""Bytes within which a stream's data follow the name of its kind."""
_NUMBERED = re.compile(rb"\s*\d+\s+\d+\s")
"""What the objects that are packed into a stream begin with."""


def _spelled(name: str) -> bytes:
    """A pattern of a name; any of its letters may stand as a code."""
    letters = (b"(?:%c|#%02x|#%02X)" % (code, code, code) for code in name.encode())
    return b"".join(letters)


_WORDS = b"|".join(map(_spelled, ("Widget", "FreeText", "Stamp")))
_WITH_WORDS = re.compile(b"/(?:" + _WORDS + b")")
_PACKED = re.compile(b"/" + _spelled("ObjStm"))
_EITHER = re.compile(b"/(?:" + _WORDS + b"|" + _spelled("ObjStm") + b")")
_STREAM = re.compile(rb"stream(?:\r\n|\n|\r)")
_UNSURE = re.compile(rb"#|/Predictor")


class _OpenError(Exception):
    """The bytes do not tell."""


def may_have_words(file: str | bytes) -> bool:
    """Whether some page of the file may have an annotation that shows words: of one whose bytes
    are held already, or at a path."""
    try:
        if isinstance(file, str) and Path(file).stat().st_size > _LARGEST:
            return True
        content = Path(file).read_bytes() if isinstance(file, str) else file
        if not _EITHER.search(content):
            return False
        return bool(_WITH_WORDS.search(content)) or any(map(_WITH_WORDS.search, _packed(content)))
    except (_OpenError, OSError, zlib.error):
        return True


def _packed(content: bytes) -> Iterator[bytes]:
    """The objects that are packed into streams."""
    left = _LARGEST
    held = memoryview(content)
    for kind in _PACKED.finditer(content):
        begin = _STREAM.search(content, kind.end(), kind.end() + _HEAD)
        if begin is None:
            raise _OpenError
        head = content.rfind(b"obj", max(0, kind.start() - _HEAD), kind.start())
        if head < 0 or _UNSURE.search(content, head, begin.start()):
            raise _OpenError
        end = content.find(b"endstream", begin.end())
        stream = zlib.decompressobj()
        found = stream.decompress(held[begin.end() : end if end >= 0 else None], left)
        left -= len(found)
        if left <= 0 or not stream.eof or not _NUMBERED.match(found):
            raise _OpenError
        yield found

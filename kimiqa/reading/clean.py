"""An engine's text → text to read, count and quote, with the way back to the engine's places.

pdfium ends lines with CRLF and puts one U+FFFE where a hyphen and a line end stood. Whether
that hyphen belongs to the word is not in the file: "sub-/traction" is one word, "forward-/
looking" is not. The page itself is asked first (does the word stand elsewhere on it, with or
without its hyphen?), then the kind of program that made the file: typesetters divide words,
browsers and word processors seldom do.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from dataclasses import dataclass

_LIGATURES = dict(zip("ﬀﬁﬂﬃﬄﬅﬆ", ("ff", "fi", "fl", "ffi", "ffl", "st", "st"), strict=True))
_HYPHENS = "\ufffe\x02"
_BREAKS = dict.fromkeys(("\r\n", "\r", "\x0b", "\x0c", "\x85"), "\n")
_ODD = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufeff\ufffe\uffff\ufb00-\ufb06\ud800-\udfff]")
_PIECE = re.compile("\r\n|" + _ODD.pattern)
_BEFORE = re.compile(r"\w+\Z")
_AFTER = re.compile(r"\w+")
_DASHED = re.compile(r"(?:\A|\s)-\Z")
_LONGEST_WORD = 40
_DROPPED = 3
"""As many characters as may be missing in the text between two that follow each other."""


@dataclass(frozen=True, slots=True)
class Cleaned:
    """Clean text, and for each of its characters the engine's position it came from."""

    text: str
    positions: array[int]

    def engine_places(self, start: int, end: int) -> Iterator[int]:
        """The engine's places behind `text[start:end]`, each once, in the text's order. What
        was dropped between two of them, as a hyphen at a line's end, comes with them."""
        before = None
        for place in self.positions[max(0, start) : max(0, end)]:
            if before is not None and before < place <= before + _DROPPED:
                yield from range(before + 1, place)
            if place != before:
                yield place
            before = place


def clean_text(raw: str, *, divides_words: bool = False) -> str:
    """`raw` with plain line ends, whole words, and nothing that cannot be seen or sent.

    >>> clean_text("the ﬁrst sub\\ufffetraction\\r\\nof COVID\\ufffe19\\x00", divides_words=True)
    'the first subtraction\\nof COVID-19'
    """
    text = raw.replace("\r\n", "\n")
    if not _ODD.search(text):
        return text
    return _ODD.sub(lambda piece: _instead(text, piece, divides_words), text)


def clean(raw: str, *, divides_words: bool = False, places: array[int] | None = None) -> Cleaned:
    """The same text as `clean_text`, with the engine's positions: `places` are those of `raw`'s
    characters, where they are not in the engine's order."""
    parts: list[str] = []
    positions = array("L")
    end = 0
    for piece in _PIECE.finditer(raw):
        new = _instead(raw, piece, divides_words)
        parts += (raw[end : piece.start()], new)
        positions.extend(range(end, piece.start()))
        positions.extend([piece.start()] * len(new))
        end = piece.end()
    parts.append(raw[end:])
    positions.extend(range(end, len(raw)))
    if places is not None:
        positions = array("L", map(places.__getitem__, positions))
    return Cleaned("".join(parts), positions)


def _instead(raw: str, piece: re.Match[str], divides_words: bool) -> str:
    odd = piece.group()
    if odd in _HYPHENS:
        return _hyphen(raw, piece.start(), divides_words)
    return _BREAKS.get(odd) or _LIGATURES.get(odd, "")


def _hyphen(raw: str, at: int, divides_words: bool) -> str:
    """What stood at a line end: a hyphen of the word ("-") or of the line (""), or either."""
    before = _BEFORE.search(raw, max(0, at - _LONGEST_WORD), at)
    after = _AFTER.match(raw, at + 1, at + 1 + _LONGEST_WORD)
    if before is None or after is None:
        return "-"
    head, tail = before.group(), after.group()
    if _DASHED.search(raw, max(0, before.start() - 2), before.start()):
        return "-\n"  # "-do-", "-ditto-": the dash behind it ends what the one before it began
    if not (head[-1].isalpha() and tail[0].isalpha()) or tail[0].isupper() != head[-1].isupper():
        return "-"
    if head + tail in raw:
        return ""
    if f"{head}-{tail}" in raw:
        return "-"
    # Who is not sure keeps the line's end, by which a reader and a citation see both.
    return "" if divides_words else "-\n"

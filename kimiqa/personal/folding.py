"""A text in which a number looks the same however it was set, with the way back to its places.

Full-width and mathematical digits, odd hyphens and spaces become plain ones; what cannot be seen
is taken out, and so is the end of a line after a hyphen that stands between letters or digits.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass

WORD = "0-9A-Za-z_\u00c0-\u024f\u0370-\u052f\uff10-\uff19\uff21-\uff3a\uff41-\uff5a"
"""What a number or a Latin word goes on with: in Chinese none stands apart from its neighbours."""
_NEAR = 48
"""How many characters before a number its word may stand."""

_WIDE = "０１２３４５６７８９＋－＠．＿（）" + "".join(
    map(chr, [*range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B), *range(0x1D7CE, 0x1D800)])
)
_PLAIN = {
    **{ord(each): unicodedata.normalize("NFKC", each) for each in _WIDE},
    **dict.fromkeys((0x2010, 0x2011, 0x2212, 0xFE63), "-"),
    **dict.fromkeys((0xA0, 0x2007, 0x2009, 0x202F, 0x3000), " "),
}
_UNSEEN = "\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff"
_DROPPED = re.compile(
    rf"(?P<soft>\xad(?:[^\S\n]*\n[^\S\n]*)?|[{_UNSEEN}]+)"
    r"|-(?P<end>[^\S\n]*\n[^\S\n]*)(?=[^\W_])"
)


@dataclass(frozen=True, slots=True)
class Folded:
    """A text in its plain form."""

    text: str
    _at: tuple[int, ...]
    """Where in the plain form something was taken out before a character."""
    _lost: tuple[int, ...]
    """How many characters were taken out up to there."""

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where `text[start:end]` stands in the original."""
        return start + self._before(start), end + self._before(end - 1)

    def _before(self, index: int) -> int:
        number = bisect_right(self._at, index)
        return self._lost[number - 1] if number else 0


def folded(text: str) -> Folded:
    """The plain form of a text.

    >>> folded("１３８-\\n0013").text
    '138-0013'
    """
    plain = text if text.isascii() else text.translate(_PLAIN)
    parts: list[str] = []
    at: list[int] = []
    lost: list[int] = []
    done = size = 0
    for match in _DROPPED.finditer(plain):
        start, end = match.span(match.lastgroup or 0)
        if match["end"] and not plain[match.start() - 1 : match.start()].isalnum():
            continue
        parts.append(plain[done:start])
        size += start - done
        at.append(size)
        lost.append(end - size)
        done = end
    return Folded("".join([*parts, plain[done:]]), tuple(at), tuple(lost))


def said(words: re.Pattern[str], text: str, at: int) -> bool:
    """Whether one of the words stands shortly before a place, at most a line higher."""
    before = text[max(0, at - _NEAR) : at]
    lines = before.rsplit("\n", 2)
    return words.search("\n".join(lines[-2:])) is not None

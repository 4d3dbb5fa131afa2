"""Characters that show as nothing and still say something: tags, joiners out of place, and
overrides, by which a line shows its letters in another order than it holds them."""

from __future__ import annotations

import re

_JOINERS = "\u200c\u200d\u2060-\u2064"
_SILENT = re.compile(
    "(?P<tags>[\U000e0000-\U000e007f]+)"
    "|(?P<selectors>[\ufe00-\ufe0f\U000e0100-\U000e01ef]{3,})"
    "|(?P<overrides>[\u202d\u202e]+)"
    f"|(?P<joiners>[{_JOINERS}\u200b\ufeff]+)"
)
_JOINER = re.compile(f"[{_JOINERS}]")
_MANY = 4
"""So many in a row say something in every script."""
_JOINING = re.compile(
    "[\u0600-\u08ff\u0900-\u0dff\u0e00-\u0fff\u1000-\u109f\u1780-\u18af\u1a20-\u1aaf\ua840-\ua8ff"
    "\uaa60-\uaa7f\ufb50-\ufdff\ufe70-\ufefe\U00010a00-\U00010aff\U00011000-\U0001147f"
    "\U0001e900-\U0001e95f]"
)
_EMOJI = re.compile("[\u00a9\u00ae\u203c-\u3299\ufe0f\U0001f000-\U0001faff]")


def unseen(text: str) -> list[tuple[int, int, str]]:
    """The stretches of `text` that no reader sees, each with what it is made of.

    >>> unseen("pay\\U000e0041 500")
    [(3, 4, 'tags')]
    >>> unseen("\\u0645\\u06cc\\u200c\\u062e"), unseen("na\\u200dme")
    ([], [(2, 3, 'joiners')])
    """
    if text.isascii():
        return []
    return [
        (*found.span(), found.lastgroup or "")
        for found in _SILENT.finditer(text)
        if found.lastgroup != "joiners" or _out_of_place(text, *found.span())
    ]


def _out_of_place(text: str, start: int, end: int) -> bool:
    if end - start >= _MANY:
        return True
    if not _JOINER.search(text, start, end):
        return False  # a mere place to break a line
    before, after = text[start - 1 : start], text[end : end + 1]
    if _JOINING.match(before) or _JOINING.match(after):
        return False
    return not (_EMOJI.match(before) and _EMOJI.match(after))

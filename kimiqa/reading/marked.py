"""Marks that hide text: layers that are off, and text that is not what its glyphs show."""

from __future__ import annotations

import ctypes
import unicodedata
from collections import Counter, defaultdict
from itertools import repeat
from typing import Any

from kimiqa.reading import objects
from kimiqa.reading.check import Check
from kimiqa.reading.marks import Mark, marks
from kimiqa.reading.native import native
from kimiqa.reading.objects import Text


def by_marks(check: Check) -> None:
    """Texts that say something else than their glyphs; notes whether there are layers."""
    groups: defaultdict[int, list[tuple[Text, Mark]]] = defaultdict(list)
    marked = [text for text in check.scene.texts if text.marks > 0]
    firsts = map(native.FPDFPageObj_GetMark, [text.handle for text in marked], repeat(0))
    for text, first in zip(marked, firsts, strict=True):
        known = check.marks.get(first) if text.marks == 1 else None
        if known is not None and known.is_plain:
            continue
        for mark in marks(text.handle, check.marks):
            check.layered = check.layered or mark.name == "OC"
            if mark.actual_text:
                groups[mark.handle].append((text, mark))
    if groups:
        _compare_actual(check, list(groups.values()))


def _compare_actual(check: Check, groups: list[list[tuple[Text, Mark]]]) -> None:
    """Read the page once more without the marks, and see whether the glyphs say the same."""
    assert check.textpage is not None  # as it is with them
    said = [group[0][1].actual_text or "" for group in groups]
    for group in groups:
        for text, mark in group:
            native.FPDFPageObj_RemoveMark(text.handle, mark.handle)
    bare = objects.load_text(check.page)
    try:
        for actual, group in zip(said, groups, strict=True):
            glyphs = "".join(_text_of(text.handle, bare) for text, _ in group)
            if differs(actual, glyphs):
                check.hidden |= {text.handle: "other text than its glyphs" for text, _ in group}
    finally:
        bare.close()


def _text_of(handle: Any, textpage: Any) -> str:
    size = native.FPDFTextObj_GetText(handle, textpage, None, 0)
    buffer = (ctypes.c_ushort * (size // 2 + 1))()
    native.FPDFTextObj_GetText(handle, textpage, buffer, size)
    return bytes(buffer).decode("utf-16-le", "replace").partition("\0")[0]


def differs(actual: str, glyphs: str) -> bool:
    """Whether an ActualText says something that its glyphs do not show.

    Order is left aside (right-to-left text has its glyphs the other way round), and glyphs
    that are in no character set may stand for a few letters each.

    >>> differs("fi", "ﬁ"), differs("pay 900", "pay 500"), differs("Not a word of it", "See")
    (False, True, True)
    """
    said, shown = _letters(actual), _letters(glyphs)
    if not said or said == shown:
        return False
    odd = sum(1 for each in glyphs if not each.isspace() and not each.isalnum())
    if not shown or odd > len(shown):
        return len(said) > 4 * odd + 4
    if _digits(said) != _digits(shown) and shown.isascii():
        return True
    shared = (Counter(said) & Counter(shown)).total()
    return len(said) > 1.5 * len(shown) + 3 + 4 * odd or shared < 0.5 * min(len(said), len(shown))


def _letters(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "".join(each for each in plain if each.isalnum())


def _digits(text: str) -> Counter[str]:
    return Counter(each for each in text if each.isdigit())


def by_layers(check: Check) -> None:
    """Texts under a layer's mark or in a form, which a page without them looks the same."""
    asked = [
        text
        for text in check.scene.texts
        if text.handle not in check.hidden and (text.form.depth or _in_layer(check, text))
    ]
    if not asked:
        return
    for text, changed in zip(asked, check.pictures.changes(asked), strict=True):
        if not changed:
            check.hidden[text.handle] = "in a layer that is off"


def _in_layer(check: Check, text: Text) -> bool:
    return any(mark.name == "OC" for mark in marks(text.handle, check.marks))

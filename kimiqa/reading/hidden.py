"""Text that is in a page and cannot be seen on it: found by what pdfium says of each object.

Colours are held against what is painted under them; the page is rendered only where that is
a picture, or where a layer or a transparent form decides.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import pypdfium2.raw as raw  # type: ignore[import-untyped]

from kimiqa.reading import objects
from kimiqa.reading.check import Check
from kimiqa.reading.crowds import seen
from kimiqa.reading.geometry import ENDLESS, Rectangle, area, meet
from kimiqa.reading.many import Ink, scales
from kimiqa.reading.marked import by_layers, by_marks
from kimiqa.reading.native import native
from kimiqa.reading.objects import INVISIBLE_MODES, Text
from kimiqa.reading.pictures import Pictures
from kimiqa.reading.scans import ocr_layer

SMALLEST = 2.0
"""Points of size below which print is not read."""
_SQUEEZED = 0.2
"""How wide a text's letters are for their height, below which they are no letters."""
_NEAR = 40
"""How far (of 255) a colour must be from its ground, in one channel at least, to be seen."""
_FAINT = 12
"""Opacity (of 255) up to which nothing shows."""
_OVERRUN = 300.0
"""Points that a line may run over its edge."""
_UNPAINTED = ("invisible", "transparent")
_STROKED = (raw.FPDF_TEXTRENDERMODE_STROKE, raw.FPDF_TEXTRENDERMODE_STROKE_CLIP)
_BOTH = (raw.FPDF_TEXTRENDERMODE_FILL_STROKE, raw.FPDF_TEXTRENDERMODE_FILL_STROKE_CLIP)


def examine(page: Any, *, layers: bool, deep: bool) -> Check:
    """Which of a page's text objects cannot be seen. `layers`: some of the file's are off."""
    held = raw.FS_RECTF()
    native.FPDF_GetPageBoundingBox(page, ctypes.addressof(held))
    box = (held.left, held.bottom, held.right, held.top)
    found = objects.scene(page)
    check = Check(page, box, found, Pictures(page))
    check.layered = found.forms
    _by_object(check)
    by_marks(check)
    if layers:
        by_layers(check)
    if deep:
        from kimiqa.reading import covered

        covered.examine(check)
    return check


def _by_object(check: Check) -> None:
    """What an object's own state says."""
    unpainted: list[Text] = []
    before: Text | None = None
    verdicts: dict[Any, str | None] = {}
    # What is not painted has no size: an OCR layer fits its words to the scan's.
    tiny = _too_small([text for text in check.scene.texts if text.mode not in INVISIBLE_MODES])
    left, bottom, right, top = check.shown
    for text in check.scene.texts:
        x0, y0, x1, y1 = text.place
        inside = left <= x0 and bottom <= y0 and x1 <= right and y1 <= top
        why = None if inside and _unclipped(text) else _unseen_place(check, text, before)
        if why is None and text.handle in tiny:
            why = "too small"
        if why is None:
            key = (text.mode, text.ink)
            plain = text.ground is None and not text.veiled and verdicts.get(key, "") is None
            why = None if plain else _unseen_paint(check, text, verdicts)
        if why is not None:
            check.hidden[text.handle] = why
            if why in _UNPAINTED:
                unpainted.append(text)
        before = text
    check.layer = ocr_layer(check, unpainted)
    for text in check.layer:
        del check.hidden[text.handle]


def _unclipped(text: Text) -> bool:
    return text.clips <= 0 and text.form.clip is ENDLESS


def _unseen_place(check: Check, text: Text, before: Text | None) -> str | None:
    through = objects.clip(text.handle, text.form) if text.clips > 0 else text.form.clip
    if meet(text.place, meet(check.shown, through)) == text.place:
        return None
    return _cut_off(check, text, before, through)


def _cut_off(check: Check, text: Text, before: Text | None, through: Rectangle) -> str | None:
    """A line that runs over its edge is an accident of layout: who sees its beginning knows.

    Text that begins out of sight, or goes on far beyond, is not.
    """
    on_page = meet(text.place, check.shown)
    seen = meet(on_page, through)
    whole = area(text.place)
    why = "off the page" if area(on_page) <= 0.5 * whole else "clipped"
    if whole <= 0:
        return why if _apart(text.place, check.shown) else None
    if area(seen) < 0.02 * whole:
        return None if before and _runs_on(check, before, text) else why
    if max(a for a in _beyond(text.place, seen)) > _OVERRUN:
        check.partly[text.handle] = (seen, why)
    return None


def _apart(one: Rectangle, other: Rectangle) -> bool:
    return one[0] > other[2] or one[2] < other[0] or one[1] > other[3] or one[3] < other[1]


def _beyond(place: Rectangle, seen: Rectangle) -> tuple[float, ...]:
    """How far a place goes on over each side of what is seen of it."""
    return seen[0] - place[0], seen[1] - place[1], place[2] - seen[2], place[3] - seen[3]


def _runs_on(check: Check, before: Text, text: Text) -> bool:
    """Whether `text` only continues the line of the one before it, which is seen or runs over."""
    if before.handle in check.hidden:
        return False
    height = max(1.0, before.place[3] - before.place[1], text.place[3] - text.place[1])
    level = abs(before.place[1] - text.place[1]) < height
    near = -1 <= text.place[0] - before.place[2] < height
    return level and near and text.place[2] - check.shown[2] < _OVERRUN


def _too_small(texts: Sequence[Text]) -> set[int]:
    """The handles of texts in a size that is not read: narrow or flat ones, and any that is
    squeezed until its letters stand on each other."""
    forms = {id(text.form): text.form for text in texts}
    sizes = scales([text.handle for text in texts], [id(text.form) for text in texts])
    small, squeezed = set(), set()
    for size in set(sizes):
        em, *matrix, form = size
        along, up = objects.size(em, matrix, forms[form])
        if along < min(SMALLEST, _SQUEEZED * up):
            squeezed.add(size)
        elif min(along, up) < SMALLEST:
            small.add(size)
    if not small and not squeezed:
        return set()
    return {
        text.handle
        for text, size in zip(texts, sizes, strict=True)
        if size in squeezed or (size in small and _is_narrow(text.place))
    }


def _is_narrow(place: Rectangle) -> bool:
    return place[2] - place[0] < SMALLEST or place[3] - place[1] < SMALLEST


def _unseen_paint(check: Check, text: Text, verdicts: dict[Any, str | None]) -> str | None:
    """What mode and colour say; asked once for each kind of text that stands on bare paper."""
    if text.mode in INVISIBLE_MODES:
        return "invisible"
    if text.ground is not None or text.veiled:
        return _unseen_ink(check, text, _inks(text))
    if text.mode in _STROKED or text.mode in _BOTH:
        return _unseen_ink(check, text, _inks(text))
    key = (text.mode, text.ink)
    if key not in verdicts:
        verdicts[key] = _unseen_ink(check, text, _inks(text))
    return verdicts[key]


def _inks(text: Text) -> tuple[Ink | None, ...]:
    if text.mode in _STROKED:
        return (objects.stroke(text.handle),)
    if text.mode in _BOTH:
        return text.ink, objects.stroke(text.handle)
    return (text.ink,)


def _unseen_ink(check: Check, text: Text, inks: tuple[Ink | None, ...]) -> str | None:
    known = [ink for ink in inks if ink is not None]
    if len(known) < len(inks):
        return None  # a pattern
    if all(alpha <= _FAINT for _, alpha in known):
        return "transparent"
    if text.veiled and not _shows_through(check, text):
        return "transparent"
    if all(_on_its_ground(check, text, ink) for ink in known):
        return "the colour of its ground"
    return None


def _shows_through(check: Check, text: Text) -> bool:
    """Whether a text that is mixed with what is below it changes the page: all of them are
    asked about with the first."""
    if not check.through:
        veiled = [each for each in check.scene.texts if each.veiled]
        check.through = dict(zip(map(id, veiled), seen(check.pictures, veiled), strict=True))
    return check.through[id(text)]


def _on_its_ground(check: Check, text: Text, ink: Ink) -> bool:
    colour, alpha = ink
    ground = text.ground
    if ground is None:
        return _near(colour, (255, 255, 255), alpha)
    painted = ground.colour
    if painted is not None:
        return _near(colour, painted[0], alpha)
    low, high = check.pictures.ground(text, check.scene)
    return _near(colour, low, alpha) and _near(colour, high, alpha)


def _near(one: Sequence[int], other: Sequence[int], alpha: int = 255) -> bool:
    return max(abs(a - b) for a, b in zip(one, other, strict=True)) * alpha <= _NEAR * 255

"""What a page paints, in order: its texts with all that decides whether they can be seen.

pdfium answers one small question per call: what every text is asked goes through `many`, and
the rest only where that leaves something open.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator, Sequence
from ctypes import byref
from dataclasses import dataclass, field
from itertools import compress, islice, repeat
from typing import Any

import pypdfium2  # type: ignore[import-untyped]
import pypdfium2.raw as raw  # type: ignore[import-untyped]

from kimiqa.reading.geometry import (
    ENDLESS,
    IDENTITY,
    NOWHERE,
    Matrix,
    Rectangle,
    meet,
    moved,
    times,
)
from kimiqa.reading.many import Answers, Ink, many
from kimiqa.reading.native import native

MOST_OBJECTS = 100_000
INVISIBLE_MODES = (raw.FPDF_TEXTRENDERMODE_INVISIBLE, raw.FPDF_TEXTRENDERMODE_CLIP)
"""The modes in which no glyph is painted."""
_TEXT: int = raw.FPDF_PAGEOBJ_TEXT
_DEEPEST = 8
_AREA = 3.0
"""Points from which on a filled path is a ground for text rather than a line."""

# pdfium's answers. One thread asks, and a page may hold thousands of objects.
_SIDES = (ctypes.c_float * 4)()
_SIDES_AT = [ctypes.addressof(_SIDES) + 4 * place for place in range(4)]
_CHANNELS = (ctypes.c_uint * 4)()
_CHANNELS_AT = [ctypes.addressof(_CHANNELS) + 4 * place for place in range(4)]


@dataclass(frozen=True, slots=True)
class Form:
    """What the forms round an object do to it."""

    matrix: Matrix = IDENTITY
    clip: Rectangle = ENDLESS
    depth: int = 0
    veiled: bool = False
    """Whether one of them is drawn with transparency of its own."""


@dataclass(slots=True)
class Text:
    """A text object: where it stands on the page, and what is painted under it."""

    handle: int
    form: Form
    place: Rectangle
    clips: int
    """Paths that clip it; below zero where there can be none."""
    mode: int
    ink: Ink | None
    """What fills it; None where that is a pattern."""
    marks: int
    veiled: bool
    """Whether it is mixed with what is below it, by itself or by a form round it."""
    ground: Painted | None = None


@dataclass(slots=True)
class Painted:
    """A filled path, picture or shading: what text can stand on."""

    handle: Any
    place: Rectangle
    picture: bool
    _colour: Ink | bool | None = False

    @property
    def colour(self) -> Ink | None:
        """What fills it, where that is one colour all over its place."""
        if isinstance(self._colour, bool):
            ink = None if self.picture else fill(self.handle)
            plain = ink is not None and ink[1] == 255 and is_box(self.handle)
            self._colour = ink if plain else None
        return self._colour


@dataclass(slots=True)
class Scene:
    """A page's texts and grounds in the order they are painted."""

    texts: list[Text] = field(default_factory=list)
    painted: list[Painted] = field(default_factory=list)
    forms: bool = False
    objects: int = 0


def scene(page: Any) -> Scene:
    """All that a page paints, forms opened."""
    found = Scene()
    count = max(0, native.FPDFPage_CountObjects(page))
    _walk(found, map(native.FPDFPage_GetObject, repeat(page), range(count)), Form())
    return found


def load_text(page: Any) -> Any:
    """The page's text page, in the order of its own lines: pdfium would read the upright lines
    of a page that is shown turned from the last to the first."""
    return _upright(page, page.get_textpage)


def text_handle(page: Any) -> int:
    """The same as a bare handle, for who reads page after page: it is to be closed. None of
    pypdfium2's account of what is open is kept of it."""
    handle: int | None = _upright(page, lambda: native.FPDFText_LoadPage(page))
    if not handle:
        raise pypdfium2.PdfiumError("Failed to load text page.")
    return handle


def _upright(page: Any, load: Callable[[], Any]) -> Any:
    turned = native.FPDFPage_GetRotation(page)
    if turned <= 0:
        return load()
    native.FPDFPage_SetRotation(page, 0)
    try:
        return load()
    finally:
        native.FPDFPage_SetRotation(page, turned)


def _walk(found: Scene, handles: Iterator[Any], form: Form) -> None:
    held = list(islice(handles, max(0, MOST_OBJECTS - found.objects)))
    found.objects += len(held)
    kinds = list(map(native.FPDFPageObj_GetType, held))
    is_text = [kind == _TEXT for kind in kinds]
    texts = iter(many(list(compress(held, is_text))))
    for handle, kind in zip(held, kinds, strict=True):
        if kind == _TEXT:
            found.texts.append(_text(found, handle, form, next(texts)))
        elif kind == raw.FPDF_PAGEOBJ_FORM:
            found.forms = True
            if form.depth < _DEEPEST:
                count = max(0, native.FPDFFormObj_CountObjects(handle))
                inner = map(native.FPDFFormObj_GetObject, repeat(handle), range(count))
                _walk(found, inner, _inside(handle, form))
        elif kind != raw.FPDF_PAGEOBJ_PATH or _filled(handle):
            _paint(found, handle, form, picture=kind != raw.FPDF_PAGEOBJ_PATH)


def _text(found: Scene, handle: Any, form: Form, answers: Answers) -> Text:
    place, clips, mode, ink, marks, mixed = answers
    if form.matrix is not IDENTITY:
        place = moved(place, form.matrix)
    ground = _under(found.painted, place) if found.painted else None
    veiled = bool(mixed) or form.veiled
    return Text(handle, form, place, clips, mode, ink, marks, veiled, ground)


def _paint(found: Scene, handle: Any, form: Form, *, picture: bool) -> None:
    place = bounds(handle, form)
    if place[2] - place[0] > _AREA and place[3] - place[1] > _AREA:
        found.painted.append(Painted(handle, place, picture))


def _under(painted: list[Painted], place: Rectangle) -> Painted | None:
    """What was painted last where the middle of `place` is."""
    across, down = (place[0] + place[2]) / 2, (place[1] + place[3]) / 2
    for each in reversed(painted):
        left, bottom, right, top = each.place
        if left <= across <= right and bottom <= down <= top:
            return each
    return None


def _inside(handle: Any, form: Form) -> Form:
    return Form(
        matrix=times(own_matrix(handle), form.matrix),
        clip=meet(form.clip, clip(handle, form)),
        depth=form.depth + 1,
        veiled=form.veiled or bool(native.FPDFPageObj_HasTransparency(handle)),
    )


def _filled(path: Any) -> bool:
    mode, stroke = ctypes.c_int(), ctypes.c_int()
    return bool(native.FPDFPath_GetDrawMode(path, byref(mode), byref(stroke))) and mode.value != 0


# One question each ------------------------------------------------------------------------------


def bounds(handle: Any, form: Form) -> Rectangle:
    """Where an object stands on its page."""
    if not native.FPDFPageObj_GetBounds(handle, *_SIDES_AT):
        return NOWHERE
    left, bottom, right, top = _SIDES
    place = (left, bottom, right, top)
    return place if form.matrix is IDENTITY else moved(place, form.matrix)


def own_matrix(handle: Any) -> Matrix:
    held = raw.FS_MATRIX()
    if not native.FPDFPageObj_GetMatrix(handle, byref(held)):
        return IDENTITY
    return (held.a, held.b, held.c, held.d, held.e, held.f)


def fill(handle: Any) -> Ink | None:
    """Colour and opacity (0 to 255) of what fills an object; None for patterns and the like."""
    return _colour(native.FPDFPageObj_GetFillColor, handle)


def stroke(handle: Any) -> Ink | None:
    """The same of its outline."""
    return _colour(native.FPDFPageObj_GetStrokeColor, handle)


def _colour(ask: Any, handle: Any) -> Ink | None:
    if not ask(handle, *_CHANNELS_AT):
        return None
    red, green, blue, alpha = _CHANNELS
    return (red, green, blue), alpha


def clip(handle: Any, form: Form) -> Rectangle:
    """The rectangle round all that an object's clip lets through."""
    path = native.FPDFPageObj_GetClipPath(handle)
    count = native.FPDFClipPath_CountPaths(path) if path else 0
    through = form.clip
    for index in range(count):
        through = meet(through, moved(_round(path, index), form.matrix))
    return through


def _round(path: Any, index: int) -> Rectangle:
    across, down = ctypes.c_float(), ctypes.c_float()
    places = []
    for each in range(max(0, native.FPDFClipPath_CountPathSegments(path, index))):
        segment = native.FPDFClipPath_GetPathSegment(path, index, each)
        if segment and native.FPDFPathSegment_GetPoint(segment, byref(across), byref(down)):
            places.append((across.value, down.value))
    if not places:
        return NOWHERE
    xs, ys = zip(*places, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def is_box(path: Any) -> bool:
    """Whether a path is one upright rectangle: a ground that covers all of its bounds."""
    if not 4 <= native.FPDFPath_CountSegments(path) <= 5:
        return False
    xs, ys = set(), set()
    across, down = ctypes.c_float(), ctypes.c_float()
    for index in range(native.FPDFPath_CountSegments(path)):
        segment = native.FPDFPath_GetPathSegment(path, index)
        if native.FPDFPathSegment_GetType(segment) == raw.FPDF_SEGMENT_BEZIERTO:
            return False
        native.FPDFPathSegment_GetPoint(segment, byref(across), byref(down))
        xs.add(round(across.value, 2))
        ys.add(round(down.value, 2))
    return len(xs) == 2 and len(ys) == 2


def size(em: float, matrix: Sequence[float], form: Form) -> tuple[float, float]:
    """A text's width and height per em, as it is shown, in points."""
    a, b, c, d = matrix
    a, b, c, d, _, _ = times((a, b, c, d, 0, 0), form.matrix)
    along, up = (a * a + b * b) ** 0.5, (c * c + d * d) ** 0.5
    return abs(em) * float(along), abs(em) * float(up)

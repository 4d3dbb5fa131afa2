"""Filled fields, notes and stamps: what a reader sees on a page and is not in its content.

pdfium draws their appearances into the page, as it does to print it. Their words are then read,
placed and checked like all others; what is not drawn is not read.
"""

from __future__ import annotations

import ctypes
from typing import Any

import pypdfium2.raw as raw  # type: ignore[import-untyped]

from kimiqa.reading.native import native
from kimiqa.reading.notes import UNDRAWN

_WITH_WORDS = (raw.FPDF_ANNOT_WIDGET, raw.FPDF_ANNOT_FREETEXT, raw.FPDF_ANNOT_STAMP)
_UNSEEN = raw.FPDF_ANNOT_FLAG_HIDDEN | raw.FPDF_ANNOT_FLAG_NOVIEW
_MOST = 5_000
_A_DOT = 0.01


def draw_in(page: Any) -> tuple[bool, str | None]:
    """Whether the page is to be opened again, for the words of its annotations are in it now;
    and what of them cannot be read."""
    kinds = _kinds(page)
    if not kinds:
        return False, None
    # Drawing gives fields without an appearance the one that their value has.
    page.render(scale=_A_DOT, may_draw_forms=False, draw_annots=True)
    undrawn = raw.FPDF_ANNOT_FREETEXT in kinds and _has_undrawn_note(page)
    drawn = native.FPDFPage_Flatten(page, raw.FLAT_NORMALDISPLAY) == raw.FLATTEN_SUCCESS
    return drawn, UNDRAWN if undrawn else None


def _kinds(page: Any) -> set[int]:
    """The kinds of the page's annotations that may show words."""
    found = set()
    for index in range(min(_MOST, max(0, native.FPDFPage_GetAnnotCount(page)))):
        note = native.FPDFPage_GetAnnot(page, index)
        kind = native.FPDFAnnot_GetSubtype(note)
        if kind in _WITH_WORDS and not native.FPDFAnnot_GetFlags(note) & _UNSEEN:
            found.add(kind)
        native.FPDFPage_CloseAnnot(note)
    return found


def _has_undrawn_note(page: Any) -> bool:
    for index in range(min(_MOST, native.FPDFPage_GetAnnotCount(page))):
        note = native.FPDFPage_GetAnnot(page, index)
        try:
            if (
                native.FPDFAnnot_GetSubtype(note) == raw.FPDF_ANNOT_FREETEXT
                and not native.FPDFAnnot_GetFlags(note) & _UNSEEN
                and not _length(native.FPDFAnnot_GetAP, note, raw.FPDF_ANNOT_APPEARANCEMODE_NORMAL)
                and _length(native.FPDFAnnot_GetStringValue, note, b"Contents")
            ):
                return True
        finally:
            native.FPDFPage_CloseAnnot(note)
    return False


def _length(ask: Any, note: Any, what: Any) -> int:
    """How many characters an answer of pdfium's has; its last says that it ends."""
    return max(0, int(ask(note, what, None, 0)) // ctypes.sizeof(ctypes.c_ushort) - 1)

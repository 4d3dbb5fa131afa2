"""The marks that content stands under: layers, and text that is to be read instead."""

from __future__ import annotations

import ctypes
from ctypes import byref
from dataclasses import dataclass
from typing import Any

from kimiqa.reading.native import native

_LONGEST_MARK = 20_000


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark that content stands under. Objects under the same one share its handle."""

    handle: int
    name: str
    actual_text: str | None

    @property
    def is_plain(self) -> bool:
        """Whether it neither hides what stands under it nor says something else."""
        return self.name != "OC" and not self.actual_text


def marks(handle: Any, known: dict[int, Mark]) -> list[Mark]:
    """The marks an object stands under, the outermost first. `known`: the page's so far."""
    found = []
    for index in range(max(0, native.FPDFPageObj_CountMarks(handle))):
        mark = native.FPDFPageObj_GetMark(handle, index)
        if mark and mark not in known:
            known[mark] = Mark(mark, _name(mark), _actual_text(mark))
        if mark:
            found.append(known[mark])
    return found


def _name(mark: Any) -> str:
    size = ctypes.c_ulong()
    buffer = (ctypes.c_ushort * 32)()
    native.FPDFPageObjMark_GetName(mark, buffer, ctypes.sizeof(buffer), byref(size))
    return bytes(buffer).decode("utf-16-le", "replace").partition("\0")[0]


def _actual_text(mark: Any) -> str | None:
    needed = ctypes.c_ulong()
    key = b"ActualText"
    if not native.FPDFPageObjMark_GetParamStringValue(mark, key, None, 0, byref(needed)):
        return None
    if not 0 < needed.value <= _LONGEST_MARK:
        return "" if needed.value == 0 else None
    buffer = (ctypes.c_ushort * (needed.value // 2 + 1))()
    native.FPDFPageObjMark_GetParamStringValue(mark, key, buffer, needed.value, byref(needed))
    return bytes(buffer).decode("utf-16-le", "replace").partition("\0")[0]

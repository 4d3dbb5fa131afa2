"""pdfium's functions with plain numbers for handles.

A page may hold thousands of objects, and an object of Python's for each handle that pdfium
gives back costs more than pdfium's answer.
"""

from __future__ import annotations

import ctypes
from typing import Any

import pypdfium2.raw as raw  # type: ignore[import-untyped]


class Native:
    """pdfium's functions by name, each made when it is first called."""

    def __getattr__(self, name: str) -> Any:
        known = getattr(raw, name)
        kind = ctypes.CFUNCTYPE(_plain(known.restype), *map(_plain, known.argtypes))
        function = kind(ctypes.cast(known, ctypes.c_void_p).value or 0)
        setattr(self, name, function)
        return function


def _plain(kind: Any) -> Any:
    """A type of pdfium's; pointers become addresses."""
    return ctypes.c_void_p if hasattr(kind, "contents") else kind


def address(held: Any) -> int:
    """The handle of a page or text page as a number: asked for at every call, the object itself
    takes as long as pdfium's answer. It must stay open meanwhile."""
    return ctypes.cast(held.raw, ctypes.c_void_p).value or 0


native = Native()

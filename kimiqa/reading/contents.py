"""pdfium's account of a whole file, as the worker gives it: outline, labels and metadata."""

from __future__ import annotations

from itertools import islice
from typing import Any

import pypdfium2.raw as raw  # type: ignore[import-untyped]

from kimiqa.reading.clean import clean_text

LONGEST_OUTLINE = 5_000
LONGEST_VALUE = 2_000
_DEEPEST = 32


def outline(pdf: Any) -> list[tuple[str, int, int | None]]:
    """The table of contents as (title, level, page)."""
    entries = islice(pdf.get_toc(max_depth=_DEEPEST), LONGEST_OUTLINE)
    return [(_short(entry.get_title()), entry.level + 1, _page_of(entry)) for entry in entries]


def _page_of(entry: Any) -> int | None:
    leads_to = entry.get_dest()
    index = leads_to.get_index() if leads_to is not None else None
    return index + 1 if index is not None and index >= 0 else None


def labels(pdf: Any) -> list[str]:
    """The printed label of each page, where the file gives its pages any."""
    found = [_short(pdf.get_page_label(index)) for index in range(len(pdf))]
    return found if any(found) else []


def metadata(pdf: Any) -> dict[str, str]:
    """The file's own title, author and so on, as text, and whether it is encrypted."""
    found = {
        key.lower(): _short(value) for key, value in pdf.get_metadata_dict(skip_empty=True).items()
    }
    encrypted = raw.FPDF_GetSecurityHandlerRevision(pdf) != -1
    return found | {"encrypted": "yes" if encrypted else "no"}


def _short(text: str) -> str:
    return clean_text(text)[:LONGEST_VALUE]

"""pypdf, as the worker uses it: a second opinion on pages, and what pdfium does not tell.

It is slow, reads some Chinese files as nonsense, and loops on some hostile ones: it is asked
only where pdfium found nothing, in a process of its own that has a deadline.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from typing import Any

import pypdf
from pypdf.errors import FileNotDecryptedError, PyPdfError

from kimiqa.reading.clean import clean_text
from kimiqa.reading.parts import WorkerRefused

PageRow = tuple[int, str, str, str | None]

_LONGEST_OUTLINE = 5_000
_LONGEST_VALUE = 2_000

logging.getLogger("pypdf").setLevel(logging.CRITICAL)


def load(path: str, password: str | None) -> Any:
    """The open reader, decrypted."""
    try:
        reader = pypdf.PdfReader(path)
    except (PyPdfError, OSError, ValueError, TypeError, AttributeError, KeyError) as error:
        raise WorkerRefused("damaged", type(error).__name__) from None
    if reader.is_encrypted and not reader.decrypt(password or ""):
        raise WorkerRefused("password", "not decrypted")
    return reader


def count(reader: Any) -> int:
    """How many pages the file has, by pypdf's reading of its page tree."""
    return len(reader.pages)


def read(
    reader: Any, numbers: Iterable[int], seconds: float, at: Callable[[int], None]
) -> list[PageRow]:
    """The pages of `numbers` as far as `seconds` reach; at least one."""
    rows: list[PageRow] = []
    end = time.monotonic() + seconds
    for number in numbers:
        at(number)
        rows.append(_row(reader, number))
        if time.monotonic() > end:
            break
    return rows


def _row(reader: Any, number: int) -> PageRow:
    try:
        text = clean_text(reader.pages[number - 1].extract_text())
    except FileNotDecryptedError:
        raise WorkerRefused("password", "not decrypted") from None
    except Exception as error:
        return (number, "", "failed", f"pypdf: {type(error).__name__}")
    return (number, text, "text" if text.strip() else "empty", None)


def metadata(reader: Any) -> dict[str, str]:
    """The file's own title, author and so on, as text, and whether it is encrypted."""
    found = {
        str(key).lstrip("/").lower(): clean_text(str(value))[:_LONGEST_VALUE]
        for key, value in (reader.metadata or {}).items()
    }
    return found | {"encrypted": "yes" if reader.is_encrypted else "no"}


def hides_layers(reader: Any) -> bool:
    """Whether any layer of the file may be off when it is opened."""
    properties = reader.root_object.get("/OCProperties")
    if properties is None:
        return False
    shown = properties.get_object().get("/D", {}).get_object()
    off = shown.get("/OFF")
    return bool(
        (off is not None and len(off.get_object()))
        or shown.get("/BaseState", "/ON") != "/ON"
        or shown.get("/AS") is not None
    )


def labels(reader: Any) -> list[str]:
    """The printed label of each page, where the file gives its pages any."""
    if "/PageLabels" not in reader.root_object:
        return []
    return [clean_text(str(label))[:_LONGEST_VALUE] for label in reader.page_labels]


def outline(reader: Any) -> list[tuple[str, int, int | None]]:
    """The table of contents as (title, level, page)."""
    entries: list[tuple[str, int, int | None]] = []
    _walk(reader, reader.outline, 1, entries)
    return entries


def _walk(
    reader: Any, items: list[Any], level: int, entries: list[tuple[str, int, int | None]]
) -> None:
    for item in items:
        if len(entries) >= _LONGEST_OUTLINE:
            return
        if isinstance(item, list):
            _walk(reader, item, level + 1, entries)
        else:
            entries.append((clean_text(str(item.title)), level, _page_of(reader, item)))


def _page_of(reader: Any, item: Any) -> int | None:
    try:
        number = reader.get_destination_page_number(item)
    except Exception:
        return None
    return None if number is None or number < 0 else int(number) + 1

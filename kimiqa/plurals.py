"""Numbers of things in plain grammar."""

from __future__ import annotations


def counted(number: int, one: str, many: str = "") -> str:
    """So many of a thing; of an irregular one its plural is named.

    >>> counted(1, "page"), counted(1_200, "page"), counted(2, "entry", "entries")
    ('1 page', '1,200 pages', '2 entries')
    """
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"

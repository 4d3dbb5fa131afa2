"""Numbers of things in plain grammar."""

from __future__ import annotations

from kimiqa.saying import Said, say, say_of


def counted(number: int, one: str, many: str = "") -> Said:
    """So many of a thing; of an irregular one its plural is named.

    >>> counted(1, "page"), counted(1_200, "page"), counted(2, "entry", "entries")
    ('1 page', '1,200 pages', '2 entries')
    """
    noun = say_of(number, one, many or f"{one}s")  # found where this is called
    return say("{number:,} {noun}", number=number, noun=noun)

"""Pages as pictures for models that see: their size, their tokens, their place in the store.

A picture of w by h pixels is cut into patches of 14 by 14, merged two by two; where it has more
patches than the model takes, or a side is longer than 512 of them, it is scaled down first. That
is what the vendor's published preprocessor does. What a bill says may differ from it: `MARGIN`
stands in every estimate and ceiling that holds pictures.
"""

from __future__ import annotations

import math
import os
import tempfile
from base64 import b64encode
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from kimiqa.reading import engines, shown

if TYPE_CHECKING:
    from kimiqa.store import Store

DPI = 150
"""Small print can be read at it; at 300 a page costs up to four times as many tokens."""

MARGIN = Decimal("0.10")
"""The share by which the tokens of pictures may be off: the formula agrees with the sizes that
the vendor's staff named, but was not held against bills, and a template may wrap each picture."""

FEWEST_PATCHES = 16_384
"""What the earlier models take; for a page at 150 dpi it makes no difference."""

MOST_BYTES = 95_000_000
"""Of all pictures in a request: the platform refuses a body of more than 100 MB."""

_PATCH, _MERGED, _LONGEST = 14, 28, 512
_MOST_PIXELS = 16_000_000
_JPEG = b"\xff\xd8\xff"


def picture_tokens(width: int, height: int, patches: int = FEWEST_PATCHES) -> int:
    """The tokens of a picture of so many pixels.

    >>> picture_tokens(1240, 1754), picture_tokens(3509, 4963), picture_tokens(1654, 4343)
    (2835, 4158, 4160)
    """
    held = max(1, (width // _PATCH) * (height // _PATCH))
    longest = _LONGEST * _PATCH
    scale = min(1.0, math.sqrt(patches / held), longest / width, longest / height)
    return math.ceil(width * scale / _MERGED) * math.ceil(height * scale / _MERGED)


def margin(pictures: int, prompt: int) -> Decimal:
    """The share of a whole prompt by which it may be off for the pictures in it."""
    return MARGIN * pictures / max(1, prompt)


def pixels(width: float, height: float) -> tuple[int, int]:
    """The size in pixels of a page of so many points, as the reading worker draws it.

    >>> pixels(595, 842)
    (1240, 1755)
    """
    area = max(1.0, width * height)
    scale = min(DPI / 72, math.sqrt(_MOST_PIXELS / area))
    return math.ceil(width * scale), math.ceil(height * scale)


_sizes: dict[tuple[str, int], tuple[int, int]] = {}
_MOST_SIZES = 100_000


def sizes(document_id: str, source: engines.Source, numbers: Iterable[int]) -> list[int]:
    """Make the sizes of these pages known, and give the numbers that were asked for."""
    wanted = list(numbers)
    new = [number for number in wanted if (document_id, number) not in _sizes]
    if new:
        if len(_sizes) > _MOST_SIZES:
            _sizes.clear()
        for number, size in zip(new, shown.sizes(source, new), strict=True):
            _sizes[document_id, number] = pixels(*size)
    return wanted


def size(document_id: str, source: engines.Source, number: int) -> tuple[int, int]:
    """A page's picture in pixels: known without drawing it."""
    sizes(document_id, source, [number])
    return _sizes[document_id, number]


def picture(document_id: str, source: engines.Source, store: Store, number: int) -> bytes:
    """A page's picture, PNG or JPEG: drawn once, and kept beside the bytes it belongs to."""
    place = store.source(document_id).parent / "pictures" / f"{number}-{DPI}"
    if not place.exists():
        _keep(place, shown.picture(source, number, DPI))
    return place.read_bytes()


def _keep(place: Path, content: bytes) -> None:
    place.parent.mkdir(mode=0o700, exist_ok=True)
    handle, path = tempfile.mkstemp(prefix=".picture-", dir=place.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    Path(path).replace(place)


def data_url(content: bytes) -> str:
    """A picture as it stands in a request.

    >>> data_url(bytes.fromhex("89504e47"))
    'data:image/png;base64,iVBORw=='
    """
    kind = "jpeg" if content.startswith(_JPEG) else "png"
    return f"data:image/{kind};base64,{b64encode(content).decode()}"

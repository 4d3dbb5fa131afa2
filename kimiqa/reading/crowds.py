"""Which texts change the picture of their page: one that does not is not seen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice

from kimiqa.reading.geometry import area, meet
from kimiqa.reading.objects import Text
from kimiqa.reading.pictures import Pictures

_MOST_ALONE = 30
_BAND = 6.0
_MOST_BANDS = 300


def seen(pictures: Pictures, texts: Sequence[Text]) -> list[bool]:
    """For each text whether the page looks different without it. All are taken away at once,
    and those that share a place with another by themselves too."""
    if not texts:
        return []
    changed = dict(zip(map(id, texts), pictures.changes(texts), strict=True))
    for text in islice(_crowded(texts), _MOST_ALONE):
        changed[id(text)] = pictures.changes([text])[0]
    return [changed[id(text)] for text in texts]


def _crowded(texts: Sequence[Text]) -> Iterator[Text]:
    """Texts that share more than half of their place with another: one may be what is seen."""
    bands: defaultdict[int, list[Text]] = defaultdict(list)
    for text in texts:
        first, last = (int(text.place[side] // _BAND) for side in (1, 3))
        for band in range(first, min(last, first + _MOST_BANDS) + 1):
            bands[band].append(text)
    for text in texts:
        # Who covers more than half of a place covers its middle.
        middle = int((text.place[1] + text.place[3]) / 2 // _BAND)
        half = 0.5 * area(text.place)
        if any(
            other is not text and area(meet(text.place, other.place)) > half
            for other in bands[middle]
        ):
            yield text

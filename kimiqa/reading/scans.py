"""Text on a scan. What OCR has read there is seen in the picture and not painted itself: such
text is spared where the picture shows print, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from kimiqa.reading.geometry import Rectangle, area, meet
from kimiqa.reading.objects import Text

if TYPE_CHECKING:
    from kimiqa.reading.check import Check

_COVERED = 0.6
"""The share of a page that a scan's pictures cover."""


def ocr_layer(check: Check, unpainted: list[Text]) -> list[Text]:
    """Those of the invisible texts that a reader sees in the scan below or above them."""
    if not unpainted or not _is_scan(check, _pictures(check)):
        return []
    held = {text.handle for text in unpainted}
    others = sum(
        text.place[2] - text.place[0]
        for text in check.scene.texts
        if text.handle not in held and text.handle not in check.hidden
    )
    if others > sum(text.place[2] - text.place[0] for text in unpainted):
        return []
    return shown(check, unpainted)


def shown(check: Check, texts: Iterable[Text]) -> list[Text]:
    """Those of the texts that stand on a picture that is the page, where that shows print."""
    pictures = _pictures(check)
    if not _is_scan(check, pictures):
        return []
    held = [text for text in texts if any(_within(text.place, each) for each in pictures)]
    return check.pictures.printed(held, check.scene)


def _pictures(check: Check) -> list[Rectangle]:
    return [each.place for each in check.scene.painted if each.picture]


def _is_scan(check: Check, pictures: list[Rectangle]) -> bool:
    """Whether pictures cover most of the page."""
    covered = sum(area(meet(each, check.shown)) for each in pictures)
    return covered >= _COVERED * area(check.shown)


def _within(place: Rectangle, picture: Rectangle) -> bool:
    across, down = (place[0] + place[2]) / 2, (place[1] + place[3]) / 2
    return picture[0] <= across <= picture[2] and picture[1] <= down <= picture[3]

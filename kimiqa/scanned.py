"""The ways to read pages without a text layer, with price and time beside each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Literal

from kimiqa import picturing
from kimiqa.document import Document
from kimiqa.figures import money
from kimiqa.money import plain
from kimiqa.planner import Planner
from kimiqa.reading import ocr
from kimiqa.saying import Said, say

_DRAWING_SECONDS = 0.25
"""What drawing and packing a page takes, measured on two shared cores."""
_READ_A_SECOND = 25_000
"""Prompt tokens that a hosted model reads in a second, as every estimate has it."""

How = Literal["ocr", "pictures"]


@dataclass(frozen=True, slots=True)
class ScanOffer:
    """One way to read the pages without text. `cost` is that of the first question alone; None
    where no price is known. `reason` says why it cannot be had, or what it is."""

    how: How
    pages: int
    fits: bool
    reason: Said
    seconds: float
    tokens: int = 0
    cost: Decimal | None = Decimal(0)
    currency: str | None = None

    def to_json(self) -> dict[str, Any]:
        row = {name: getattr(self, name) for name in self.__slots__}
        return row | {"cost": plain(self.cost), "seconds": round(self.seconds, 1)}

    @property
    def in_words(self) -> Said:
        """The offer in a line."""
        if not self.fits:
            return self.reason
        seconds = max(1, round(self.seconds))
        if self.how == "ocr":
            return say("{way}: free, about {seconds} s", way=self.reason, seconds=seconds)
        if self.cost is None:
            return say("{way}: price unknown, about {seconds} s", way=self.reason, seconds=seconds)
        return say(
            "{way}: about {cost} more a question, about {seconds} s",
            way=self.reason,
            cost=money(self.cost, self.currency),
            seconds=seconds,
        )


def offers(planner: Planner, documents: Sequence[Document]) -> list[ScanOffer]:
    """OCR and the model's eyes for the pages without a text layer; none where there are none."""
    held = [each for each in documents if each.drawable and each.pages_with("image")]
    pages = sum(len(each.pages_with("image")) for each in held)
    return [_by_ocr(pages), _by_eyes(planner, held, pages)] if pages else []


def _by_ocr(pages: int) -> ScanOffer:
    installed = ocr.engines()
    if not installed:
        reason = say("No OCR engine is installed: Tesseract, or pip install 'kimiqa[ocr]'")
        return ScanOffer("ocr", pages, False, reason, 0)
    engine = installed[0]
    seconds = pages * ocr.seconds_per_page(engine)
    name = {"tesseract": "Tesseract", "rapidocr": "RapidOCR"}[engine]
    return ScanOffer(
        "ocr", pages, True, say("OCR on this computer with {name}", name=name), seconds
    )


def _by_eyes(planner: Planner, documents: Sequence[Document], pages: int) -> ScanOffer:
    model = planner.model
    if not (model.pictures and model.picture_patches):
        why = (
            say("{model} takes no pictures", model=model.id)
            if model.pictures is False
            else say("{model} is not known to take pictures", model=model.id)
        )
        return ScanOffer("pictures", pages, False, why, 0, cost=None)
    patches = model.picture_patches
    tokens = sum(
        picturing.picture_tokens(*each.picture_size(number), patches)
        for each in documents
        for number in each.pages_with("image")
    )
    seconds = pages * _DRAWING_SECONDS + tokens / _READ_A_SECOND
    offer = ScanOffer(
        "pictures", pages, True, say("Pictures read by {model}", model=model.id), seconds, tokens
    )
    if model.price is None:
        return replace(offer, cost=None)
    cost = tokens * model.price.prompt / 1_000_000
    return replace(offer, cost=cost, currency=model.price.currency)

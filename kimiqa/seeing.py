"""Which pages go as pictures, and why they cannot where they cannot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from types import ModuleType

from kimiqa import picturing
from kimiqa.document import Document
from kimiqa.errors import BadRequestError, NoPicturesError, RefusedError
from kimiqa.models import Model
from kimiqa.pages import Pages, choose_pages, spans
from kimiqa.question import Question
from kimiqa.saying import say
from kimiqa.strategies.layout import Draft, Layout

SCANNED = "scanned"
"""In place of page numbers: all pages without a text layer."""

_OTHERWISE = "Read those pages by OCR (document.with_ocr(), --ocr), or choose a model that sees."


def choose_pictures(pictures: Pages, documents: Sequence[Document]) -> tuple[frozenset[int], ...]:
    """The pages of each document that are sent as pictures.

    Raises
    ------
    BadRequestError
        A page does not exist, or its document has no page pictures.
    """
    if pictures is None:
        return ()
    if pictures == SCANNED:
        return tuple(
            frozenset(each.pages_with("image")) if each.drawable else frozenset()
            for each in documents
        )
    chosen = choose_pages(pictures, [len(each.pages) for each in documents])
    return tuple(_drawable(each, pages) for each, pages in zip(documents, chosen, strict=True))


def _drawable(document: Document, pages: frozenset[int] | None) -> frozenset[int]:
    if not pages:
        return frozenset()
    if not document.drawable:
        raise BadRequestError(
            say("{name} has no page pictures: it is text.", name=document.name),
            'Name its document with the pages ("D2: 3"), or leave it out of them.',
        )
    return pages


def with_pictures(draft: Draft, question: Question) -> Draft:
    """The draft with those of its pages as pictures that are asked about.

    Raises
    ------
    NoPicturesError
        The question is private, and a picture shows what placeholders stand for.
    """
    chosen = choose_pictures(question.pictures, draft.documents)
    if not any(chosen):
        return draft
    if question.private:
        raise NoPicturesError(
            "Pages cannot go as pictures with placeholders in place of personal data: a picture "
            "shows it as it is. Nothing was sent.",
            "Read them by OCR (document.with_ocr(), --ocr), or ask without placeholders.",
        )
    return replace(draft, pictures=chosen)


def refusal(draft: Draft, layout: Layout, strategy: ModuleType) -> RefusedError | None:
    """Why pictures cannot be sent: the strategy, or the model."""
    if not layout.pictures:
        return None
    if not getattr(strategy, "PICTURES", False):
        name = strategy.__name__.rsplit(".", 1)[-1]
        return NoPicturesError(
            say("{name} sends text alone, and no pictures.", name=name), "Ask by full."
        )
    return _blind(draft.model)


def _blind(model: Model) -> RefusedError | None:
    if model.pictures is False:
        return NoPicturesError(
            say("{model} takes no pictures, only text.", model=model.id), _OTHERWISE
        )
    if model.pictures is None:
        return NoPicturesError(
            say(
                "It is not known whether {model} takes pictures, so none are sent.", model=model.id
            ),
            _OTHERWISE,
        )
    if model.picture_patches is None:
        return NoPicturesError(
            say(
                "It is not known how {model} counts pictures, so their price is not known.",
                model=model.id,
            ),
            _OTHERWISE,
        )
    return None


def margin(layout: Layout) -> Decimal:
    """What the pictures of a prompt add to the share by which its count may be off."""
    return picturing.margin(layout.pictures, layout.prompt_tokens)


def warnings(draft: Draft) -> list[str]:
    """What to know of an answer that rests on pictures."""
    return [
        say(
            "{name}: page {pages} sent as a picture, in which quotes cannot be "
            "checked; read by OCR they can.",
            name=document.name,
            pages=spans(pages),
        )
        for n, document in enumerate(draft.documents, 1)
        if (pages := [each for each in draft.pictured(n) if not document.pages[each - 1].text])
    ]

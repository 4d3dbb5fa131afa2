"""Whether an answer that has to rest on every document does: a comparison has two sides."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from kimiqa.plan import Answer, Finished, Plan
from kimiqa.saying import say
from kimiqa.tasks import kind_of

_EVERY = ("comparison", "summary", "timeline")
"""The kinds of task whose answer has a place in each document. A contradiction may be in one."""

_HOLDS = ("verified", "moved", "supported")
_NAMED = re.compile(r"\bD([1-9][0-9]?)\b")


def with_sides(plan: Plan, finished: Finished) -> Finished:
    """The answer, with a warning for each document that nothing in it rests on and should."""
    notes = missing(plan, finished.answer)
    if not notes:
        return finished
    warnings = (*finished.answer.warnings, *notes)
    return Finished(replace(finished.answer, warnings=warnings))


def missing(plan: Plan, answer: Answer) -> list[str]:
    """A sentence for each document that a task over all of them leaves without a place that
    holds."""
    wanted = _wanted(plan)
    if len(wanted) < 2 or not answer.text.strip():
        return []
    cited = {each.document for each in answer.citations if each.status in _HOLDS}
    tried = {each.document for each in answer.citations}
    return [
        say(
            "No place in {number} ({name}) that the answer cites holds.",
            number=name,
            name=plan.documents[n - 1].name,
        )
        if name in tried
        else say(
            "Nothing in the answer cites {number} ({name}).",
            number=name,
            name=plan.documents[n - 1].name,
        )
        for n in wanted
        if (name := f"D{n}") not in cited
    ]


def _wanted(plan: Plan) -> Sequence[int]:
    """The documents that the answer should rest on: those that the question names, else all."""
    if len(plan.documents) < 2 or kind_of(plan.question) not in _EVERY:
        return ()
    every = range(1, len(plan.documents) + 1)
    named = sorted({int(each) for each in _NAMED.findall(plan.question)} & set(every))
    return named if len(named) > 1 else every

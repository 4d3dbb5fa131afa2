"""A swarm's answer: the merge's, with what all calls used and cost, and what it does not see."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

from kimiqa.plan import Answer, Coverage, LeftOut, Request
from kimiqa.saying import say
from kimiqa.settling import about_the_end
from kimiqa.summing import paid, summed
from kimiqa.swarm.reading import Run, Unread
from kimiqa.swarm.work import READ

_STRETCH = re.compile(r"D(\d+) pp?\. (\d+)(?:-(\d+))?")


def whole(state: Run, last: Answer) -> Answer:
    """The answer of the merge, with what all calls of this run together used and cost."""
    plan, answers = state.plan, [*state.answers, last]
    warnings = [each for answer in state.answers for each in _warnings(answer)]
    return replace(
        last,
        strategy="swarm",
        coverage=without(plan.coverage, state.unread),
        usage=summed(answers),
        cost=paid(answers),
        estimate=plan.estimate,
        warnings=tuple(
            dict.fromkeys((*plan.warnings, *warnings, *state.notes, *_about(state), *last.warnings))
        ),
        seconds=time.monotonic() - state.started,
        state="settled" if all(each.state == "settled" for each in answers) else "estimated",
        question=plan.question,
        plan=plan,
    )


def _warnings(answer: Answer) -> list[str]:
    """What a call in between warns of, but for its own end: it is not the answer."""
    assert answer.plan is not None, "a call's answer knows its plan"
    (request,) = answer.plan.requests
    own = about_the_end(answer, request.max_completion_tokens, answer.text)
    return [each for each in answer.warnings if each not in own]


def _about(state: Run) -> Iterator[str]:
    """How many readers were cut off, and whose pages are missing."""
    readers = [each for each in state.answers if each.plan and each.plan.stages[0].name == READ]
    cut = sum(each.finish_reason == "length" and bool(each.text.strip()) for each in readers)
    if cut:
        yield say(
            "{cut:,} of {readers:,} readers were cut off at their limit.",
            cut=cut,
            readers=state.readers,
        )
    if state.unread:
        places = "; ".join(each.request.about for each in state.unread)
        yield say(
            "{unread:,} of {readers:,} readers brought no report: the answer does not see "
            "{places}. What the others found is kept for a week; asked again with a "
            "lower effort, only what is missing and the merge are paid.",
            unread=len(state.unread),
            readers=state.readers,
            places=places,
        )


def without(coverage: Coverage, unread: Sequence[Unread]) -> Coverage:
    """The coverage where so many readers' pages are left out."""
    sent, left = coverage.sent, list(coverage.left_out)
    for each in unread:
        for document, pages in _pages(each.request, coverage):
            left.append(LeftOut(document, pages, each.reason))
            sent -= len(pages)
    return replace(coverage, sent=sent, left_out=tuple(left))


def _pages(request: Request, coverage: Coverage) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The pages of a reader, by document: of the stretches that name it all that were sent."""
    for number, first, last in _STRETCH.findall(request.about):
        document = f"D{number}"
        others = {
            page for left in coverage.left_out if left.document == document for page in left.pages
        }
        stretch = range(int(first), int(last or first) + 1)
        yield document, tuple(page for page in stretch if page not in others)

"""The limits under which digests are made, and a question is answered from them."""

from __future__ import annotations

from dataclasses import dataclass

from kimiqa.digest import pricing, wording
from kimiqa.digest.work import LIMITS, Work
from kimiqa.errors import ContextWindowError, OverCapError, RefusedError
from kimiqa.plan import Estimate
from kimiqa.saying import Said, say, say_of
from kimiqa.several import refused

HEAD_TOKENS = 200
"""What the tags round a document's digest and its marks may take beside its text."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The limits under which digests are made, and a question is answered from them."""

    make: int
    """The most completion tokens of each call that makes one."""
    answer: int | None
    """The same of the answer; None where only the digests are wanted."""
    prompt: int
    """The prompt tokens that the answer is likely to have."""
    most_prompt: int
    """The most that it may have."""
    estimate: Estimate


def terms_of(work: Work, *, answer: bool) -> tuple[Terms | None, RefusedError | None]:
    """The widest limits that the window and the caps leave; else the narrowest, and why not."""
    planner, question = work.planner, work.question
    found: tuple[Terms | None, RefusedError | None] = (None, None)
    for limit in [each for each in LIMITS if each <= work.longest] or [work.longest]:
        try:
            terms = _with_limit(work, limit, answer=answer)
        except ContextWindowError as error:
            return None, error
        what = _what_for(len(work.calls), answer=answer)
        over = refused(planner, question, terms.estimate.cost.ceiling, what)
        if not isinstance(over, OverCapError):
            return terms, over
        found = (terms, over)
    return found


def _what_for(calls: int, *, answer: bool) -> Said:
    if answer:
        return say_of(
            calls,
            "That is for the call that makes the digest, and the answer.",
            "That is for {number:,} calls that make the digest, and the answer.",
        )
    return say_of(
        calls,
        "That is for the call that makes the digest.",
        "That is for {number:,} calls that make the digest.",
    )


def _with_limit(work: Work, limit: int, *, answer: bool) -> Terms:
    """Terms in which no call has more completion tokens.

    Raises
    ------
    ContextWindowError
        A page is larger than a prompt, or no prompt holds the digests.
    """
    calls = pricing.makings(work, limit)
    if not answer:
        return Terms(limit, None, 0, 0, pricing.together(work, calls, None))
    wanted = min(limit, work.question.max_completion_tokens or limit)
    prompt, most = _answer_prompt(work, limit)
    last = pricing.answering(work, prompt, 0, wanted, most)
    return Terms(limit, wanted, prompt, most, pricing.together(work, calls, last))


def _answer_prompt(work: Work, limit: int) -> tuple[int, int]:
    """What the answer's prompt is likely to have, and the most that it may."""
    draft = work.draft
    fixed = work.layout.prompt_tokens
    digests = (min(pricing.digest_tokens(call), limit) for call in work.calls)
    prompt = fixed + sum(each + HEAD_TOKENS for each in digests)
    most = fixed + sum(limit + HEAD_TOKENS for _ in work.calls)
    if draft.room is None:
        return prompt, most
    least = work.bare + draft.counter.count(wording.RULES_WITH_DIGEST) + 512 * len(work.calls)
    if least > draft.room:
        raise ContextWindowError(
            say(
                "A prompt may have {room:,} tokens, and the digests would be cut to less "
                "than is worth making: {calls:,} of them need {least:,} at least.",
                room=draft.room,
                calls=len(work.calls),
                least=least,
            ),
            "Choose a model with a larger context window, or raise the limit.",
        )
    return min(prompt, draft.room), min(most, draft.room)

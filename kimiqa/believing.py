"""The usage that a call is booked at: the endpoint's where it can be believed, else our own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from kimiqa.desk import Desk, Reply
from kimiqa.money import Usage
from kimiqa.plan import Plan, Request
from kimiqa.saying import Said, say

BAND = Decimal("0.05")
"""How far the endpoint's prompt count may be from the own exact count before both are shown."""

ABSURD = 2
"""A reported prompt count this many times off, either way, is not believed at all."""


@dataclass(frozen=True, slots=True)
class Believed:
    """The usage that a call is booked at, and the ledger's state for it."""

    usage: Usage
    state: str
    final: bool
    """Whether it cannot be too low: the call then weighs its cost against the caps, and else
    its ceiling."""


def believed(reply: Reply, request: Request, desk: Desk, plan: Plan) -> Believed:
    """What is booked; what makes it uncertain is added to the reply's warnings."""
    own = own_count(reply, request, desk)
    said = reply.usage
    if said is None:
        reply.warnings.append(
            say("The endpoint gave no usage to go by; the cost is our own count.")
        )
        return Believed(own, "estimated", False)
    if said.completion_tokens > request.max_completion_tokens:
        reply.warnings.append(_over_limit(said, request))
    if _far_below(said, own, plan):
        reply.warnings.append(
            say(
                "The endpoint counted {counted:,} completion tokens, and "
                "{own:,} came back by our count; the cost follows ours.",
                counted=said.completion_tokens,
                own=own.completion_tokens,
            )
        )
        seen = replace(
            said,
            completion_tokens=own.completion_tokens,
            reasoning_tokens=own.reasoning_tokens,
        )
        return Believed(seen, "estimated", False)
    ours, theirs = own.prompt_tokens, said.prompt_tokens
    off = abs(theirs - ours)
    if off <= (BAND + plan.estimate.margin) * ours + 256:
        return _told(reply, said, plan)
    if theirs * ABSURD < ours or theirs > ours * ABSURD * (1 + plan.estimate.margin):
        reply.warnings.append(
            say(
                "The endpoint counted {theirs:,} prompt tokens, we count {ours:,}; the cost is our "
                "own count.",
                theirs=theirs,
                ours=ours,
            )
        )
        return Believed(own, "estimated", False)
    reply.warnings.append(
        say(
            "The endpoint counted {theirs:,} prompt tokens, we count {ours:,}; the cost follows "
            "the endpoint's count.",
            theirs=theirs,
            ours=ours,
        )
    )
    return _told(reply, said, plan)


def _told(reply: Reply, said: Usage, plan: Plan) -> Believed:
    """Settled where the endpoint's usage tells the whole cost: not where it came before the end
    of the reply, and not where a cache that has a price of its own goes without saying."""
    if reply.finish_reason is None:
        # Some servers stream running totals: what a cut stream said last may be too low.
        reply.warnings.append(say("The usage came before the end of the reply and may be too low."))
        return Believed(said, "estimated", False)
    at = plan.price.at(said.prompt_tokens) if plan.price else None
    if at is None or at.cached in (None, at.prompt) or said.cached_tokens is not None:
        return Believed(said, "settled", True)
    reply.warnings.append(
        say("The endpoint did not say what it read from its cache: all is booked as read afresh.")
    )
    return Believed(said, "estimated", at.cached is not None and at.cached <= at.prompt)


def _far_below(said: Usage, own: Usage, plan: Plan) -> bool:
    """Whether less was counted than has come back: what is read here was written and is billed,
    and thoughts that are forgotten would let the caps be passed."""
    most = said.completion_tokens * ABSURD * (1 + plan.estimate.margin) + 64
    return most < own.completion_tokens


def _over_limit(said: Usage, request: Request) -> Said:
    return say(
        "The endpoint counted {counted:,} completion tokens, above the "
        "limit of {limit:,} it was given: the cost may pass its "
        "ceiling.",
        counted=said.completion_tokens,
        limit=request.max_completion_tokens,
    )


def own_count(reply: Reply, request: Request, desk: Desk) -> Usage:
    """Our own count of what was sent and has come back."""
    reasoning = desk.counter.count("".join(reply.reasoning))
    text = desk.counter.count(reply.written)
    return Usage(request.prompt_tokens, reasoning + text, None, reasoning)

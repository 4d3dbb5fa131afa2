"""How a call ends in the ledger: settled, estimated, unknown or released."""

from __future__ import annotations

from kimiqa.believing import Believed, believed, own_count
from kimiqa.desk import Desk, Reply, kept
from kimiqa.errors import CutError, DeadlineError, EndpointError
from kimiqa.figures import money
from kimiqa.money import Cost
from kimiqa.paying import WEB, WRITES, about_searches, about_writes, paid_for
from kimiqa.plan import Answer, Plan, Request
from kimiqa.reserving import NOT_SENT
from kimiqa.saying import say

_NO_ANSWER = say("The reply ended without an answer.")


def settled(reply: Reply, call_id: str, plan: Plan, request: Request, desk: Desk) -> Answer:
    """The answer; the ledger's row is settled, or estimated where the endpoint said nothing
    that can be believed."""
    text = "".join(reply.text)
    found = believed(reply, request, desk, plan)
    paid = paid_for(found.usage, plan, reply.searches)
    if not text.strip() and not reply.calls and reply.finish_reason is None:
        kept(reply, lambda: desk.ledger.estimate(call_id, found.usage, paid, _NO_ANSWER))
        raise CutError(
            "The endpoint ended its reply without an answer and without saying why.",
            say(
                "It may be billed; the ledger books {amount} for it. Ask "
                "again if you want to pay for another try.",
                amount=money(paid.amount, paid.currency),
            ),
            billed="unknown",
        )
    reply.warnings.extend((*about_writes(found.usage, plan), *about_searches(reply.searches, plan)))
    _book(call_id, found, paid, reply, desk)
    return Answer(
        text=text,
        strategy=plan.strategy,
        model=plan.model,
        citations=tuple(reply.citations),
        coverage=plan.coverage,
        usage=found.usage,
        cost=paid,
        estimate=plan.estimate,
        finish_reason=reply.finish_reason,
        warnings=(
            *plan.warnings,
            *reply.warnings,
            *about_the_end(reply, request.max_completion_tokens, text),
        ),
        reasoning="".join(reply.reasoning),
        seconds=reply.seconds,
        id=call_id,
        state=found.state,
        uncertain=not found.final,
        question=plan.question,
        plan=plan,
        calls=tuple(reply.calls[index] for index in sorted(reply.calls)),
        reasoning_field=reply.reasoning_field,
    )


def _book(call_id: str, found: Believed, paid: Cost, reply: Reply, desk: Desk) -> None:
    note = " ".join(reply.warnings)
    if found.state == "settled":
        written = " ".join(each for each in reply.warnings if each.startswith((WRITES, WEB)))
        kept(
            reply,
            lambda: desk.ledger.settle(call_id, found.usage, paid, reply.seconds, written or None),
        )
    else:
        kept(
            reply,
            lambda: desk.ledger.estimate(
                call_id, found.usage, paid, note, reply.seconds, final=found.final
            ),
        )


def broken_off(
    error: EndpointError | DeadlineError,
    reply: Reply,
    call_id: str,
    plan: Plan,
    request: Request,
    desk: Desk,
) -> None:
    """A failure after part of the answer keeps that part; before it, the error goes on up."""
    if "".join(reply.text).strip():
        reply.calls.clear()  # the last of them may be cut
        reply.finish_reason = None
        reply.warnings.append(say("The answer broke off: {why}", why=error.message))
        return
    usage = reply.usage or own_count(reply, request, desk)
    if error.billed == "no":
        kept(reply, lambda: desk.ledger.release(call_id, error.message))
    elif reply.usage or reply.reasoning or reply.calls:
        paid = paid_for(usage, plan, reply.searches)
        kept(reply, lambda: desk.ledger.estimate(call_id, usage, paid, error.message))
    else:
        kept(reply, lambda: desk.ledger.unknown(call_id, error.message))
    raise error


def abandoned(reply: Reply, call_id: str, plan: Plan, request: Request, desk: Desk) -> None:
    ledger = desk.ledger
    if not reply.handed_over:
        kept(reply, lambda: ledger.release(call_id, NOT_SENT))
        return
    if not (reply.reasoning or reply.written or reply.usage):
        note = say("Stopped before the endpoint had answered.")
        kept(reply, lambda: ledger.unknown(call_id, note))
        return
    usage = reply.usage or own_count(reply, request, desk)
    note, paid = say("Stopped while the answer came."), paid_for(usage, plan, reply.searches)
    kept(reply, lambda: ledger.estimate(call_id, usage, paid, note, reply.seconds))


def about_the_end(reply: Reply | Answer, most: int, text: str) -> list[str]:
    """What to say of how an answer ended that might have so many completion tokens."""
    if reply.finish_reason == "length" and not (text.strip() or reply.calls):
        return [
            say(
                "The model used all {most:,} completion tokens for thinking and wrote no answer. "
                "Ask again with a lower effort or a higher limit.",
                most=most,
            )
        ]
    if reply.finish_reason == "length":
        return [
            say(
                "The answer was cut at its limit of {most:,} completion tokens. Ask again with a "
                "higher limit.",
                most=most,
            )
        ]
    if reply.finish_reason == "content_filter":
        return [say("The endpoint's content filter cut the answer.")]
    if reply.finish_reason is None:
        return [say("The reply ended without a finish reason: the answer may be incomplete.")]
    if not text.strip() and not reply.calls:
        return [say("The model ended its reply with no answer. Ask again, or ask otherwise.")]
    return []

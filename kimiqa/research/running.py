"""Research at work: a call, its tools side by side, the next call, until there is an answer."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from decimal import Decimal

import anyio.to_thread

from kimiqa import calling
from kimiqa.desk import Desk
from kimiqa.errors import DeadlineError, EndpointError, KimiqaError
from kimiqa.paying import WEB_SEARCH
from kimiqa.plan import (
    Answer,
    Cited,
    Coverage,
    Event,
    Finished,
    LeftOut,
    Plan,
    Progress,
    Reasoning,
    Started,
    Step,
    Text,
    ToolCall,
)
from kimiqa.research import web, wording
from kimiqa.research.candidates import Candidate, better, fallback
from kimiqa.research.dialogue import Dialogue
from kimiqa.research.planning import ANSWER, THINK
from kimiqa.research.protocol import written_calls
from kimiqa.research.replay import as_said, called, results
from kimiqa.research.state import AT_ONCE, LEAST_ANSWER, Run, is_cut
from kimiqa.research.tools import KINDS, Result
from kimiqa.reserving import held
from kimiqa.saying import say
from kimiqa.summing import paid, part_of, summed


async def run(plan: Plan, desk: Desk) -> AsyncGenerator[Event]:
    """Reserve the whole ceiling once; think, use tools, think again; answer.

    Raises
    ------
    OverCapError, PriceUnknownError
        The ledger refused the reservation; nothing was sent.
    EndpointError, DeadlineError, LedgerError
        A call failed before anything was written or noted. What it and those before it cost is
        booked.
    """
    async with held(plan, desk) as desk:
        yield Started(plan, "")
        state = await anyio.to_thread.run_sync(Run.of, plan, desk)
        going = True
        while going:
            async with aclosing(_step(state)) as events:
                async for event in events:
                    if isinstance(event, _End):
                        going = False
                    else:
                        yield event
        answer = _whole(state)
        if not state.streamed:
            if answer.text:
                yield Text(answer.text)
            for citation in answer.citations:
                yield Cited(citation)
        yield Finished(answer)


class _End:
    """Says that there is nothing more to do."""


async def _step(state: Run) -> AsyncGenerator[Event | _End]:
    """One call, and what follows from it."""
    why = state.must_end()
    if why:
        state.why = why
        state.dialogue.add({"role": "user", "content": wording.answer_now(why)})
    before = len(state.answers)
    async with aclosing(_called(state, last=bool(why))) as events:
        async for event in events:
            yield event
    if len(state.answers) == before:
        if why or state.why:
            yield _End()
        return
    answer = state.answers[-1]
    if why:
        _consider(state, Candidate.of(answer, state.plan.documents))
        state.streamed = state.streamed and bool(answer.text.strip())
        yield _End()
        return
    if is_cut(answer):
        _consider(state, Candidate.of(answer, state.plan.documents))
        return
    calls = _calls(state, answer)
    if calls:
        async with aclosing(_used(state, answer, calls)) as used:
            async for event in used:
                yield event
        text = next(filter(None, map(state.box.answer_of, calls)), "")
    else:
        state.dialogue.add(as_said(state.plan, answer, calls=()))
        text = answer.text
    if text:
        reason = "stop" if calls else answer.finish_reason
        said = replace(answer, text=text, finish_reason=reason)
        candidate = Candidate.of(said, state.plan.documents)
        if _stands(state, candidate):
            yield _End()


def _stands(state: Run, candidate: Candidate) -> bool:
    """Whether a candidate is the answer; where it is not, the model has been told why."""
    _consider(state, candidate)
    if state.must_end():
        return True
    if not state.box.seen and not state.nudged:
        state.nudged = True
        if not state.used and not state.dialogue.plain:
            _in_writing(state)
        state.dialogue.add({"role": "user", "content": wording.nothing_seen()})
        return False
    if candidate.wrong and not state.corrected:
        state.corrected = True
        words = wording.wrong_quotes(candidate.wrong)
        words = words if state.plan.cover is None else state.plan.cover.masked(words)
        state.dialogue.add({"role": "user", "content": words})
        return False
    return True


def _consider(state: Run, candidate: Candidate) -> None:
    state.best = better(state.best, candidate)


def _calls(state: Run, answer: Answer) -> Sequence[ToolCall]:
    """The tools that a reply calls, with placeholders as they were sent."""
    if not state.dialogue.plain:
        return answer.calls
    cover = state.plan.cover
    return written_calls(answer.text if cover is None else cover.masked(answer.text))


def _in_writing(state: Run) -> None:
    """Go on with tools that are called in plain text."""
    _, *others = state.dialogue.messages
    state.dialogue = Dialogue(state.desk.counter, state.dialogue.template, plain=True)
    state.dialogue.tokens = state.dialogue.template.per_request
    state.dialogue.add({"role": "system", "content": wording.system(plain=True)})
    for message in others:
        state.dialogue.add(message)


# Calls ------------------------------------------------------------------------------------------


async def _called(state: Run, *, last: bool) -> AsyncGenerator[Event]:
    """One call to the model. The text of a step is passed on only where nothing can follow."""
    limit = state.answer_limit() if last else state.step_limit()
    if limit < min(LEAST_ANSWER, state.terms.answer):
        return
    state.streamed = last and state.best is None
    request = state.dialogue.request(state.base, limit, last=last)
    part = part_of(state.plan, request, ANSWER if last else THINK, cached_tokens=_warm(state))
    part = _with_fees(part, state.fees)
    step = Step("answer" if last else THINK, len(state.answers) + 1, state.terms.steps, "running")
    yield step
    try:
        async with aclosing(calling.call(part, request, state.desk)) as events:
            async for event in events:
                if isinstance(event, Finished):
                    state.charge(event.answer, request)
                    yield replace(step, state="done", cost=event.answer.cost)
                elif _passed_on(event, state.streamed):
                    yield event
    except KimiqaError as error:
        if _keeps(state):
            # It was paid for: what failed would only have made it better.
            state.why = say("A call failed: {message}", message=error.message)
            state.failed = isinstance(error, EndpointError | DeadlineError) and error.billed != "no"
            yield replace(step, state="failed", message=error.message)
            return
        if not _knows_no_tools(state, error):
            raise
        if state.dialogue.web:
            yield replace(step, state="failed", message=say("It searches no web: asked without."))
            _without_web(state)
        else:
            yield replace(
                step, state="failed", message=say("It takes no tools: they are called in writing.")
            )
            _in_writing(state)


def _with_fees(part: Plan, fees: Decimal) -> Plan:
    """One call with what its web searches may cost on top of its ceiling."""
    cost = part.estimate.cost
    if not fees or cost.ceiling is None:
        return part
    return replace(
        part, estimate=replace(part.estimate, cost=replace(cost, ceiling=cost.ceiling + fees))
    )


def _without_web(state: Run) -> None:
    """Begin again without web search, at an endpoint that refused it."""
    state.terms = replace(state.terms, searches=0)
    _, *others = state.dialogue.messages
    before = state.dialogue
    tools = json.dumps(wording.tools(), ensure_ascii=False)
    tokens = before.template.per_request + before.counter.count(tools)
    state.dialogue = Dialogue(before.counter, before.template, plain=False, tokens=tokens)
    state.dialogue.add({"role": "system", "content": wording.system()})
    for message in others:
        state.dialogue.add(message)


def _passed_on(event: Event, streamed: bool) -> bool:
    return isinstance(event, Reasoning | Progress) or (streamed and isinstance(event, Text | Cited))


def _keeps(state: Run) -> bool:
    """Whether there is something to give: an answer, or what was noted on the way."""
    written = state.best is not None and state.best.answer.text.strip()
    return bool(state.answers and (written or state.box.notes))


def _knows_no_tools(state: Run, error: KimiqaError) -> bool:
    """Whether the endpoint refused the very first call for its tools."""
    if state.answers or state.dialogue.plain or not isinstance(error, EndpointError):
        return False
    return error.billed == "no" and "tool" in error.message.lower()


def _warm(state: Run) -> int:
    """What the last call's prompt has left in the provider's cache."""
    before = state.answers[-1].usage if state.answers and state.plan.caches else None
    return 0 if before is None else before.prompt_tokens // 256 * 256


# Tools ------------------------------------------------------------------------------------------


async def _used(state: Run, answer: Answer, calls: Sequence[ToolCall]) -> AsyncGenerator[Event]:
    """All tools that a reply calls, side by side, and their results in the dialogue."""
    steps = [_tool_step(state, call) for call in calls]
    for step in steps:
        yield step
    room = state.terms.results // min(len(calls), AT_ONCE)
    found = await asyncio.gather(
        *(
            _searched(state, call)
            if call.name == WEB_SEARCH
            else anyio.to_thread.run_sync(state.box.use, call, room)
            if at < AT_ONCE
            else _too_many()
            for at, call in enumerate(calls)
        )
    )
    for step, result in zip(steps, found, strict=True):
        message = state.box.shown(result.message) or step.message
        yield replace(step, state=result.state, message=_both(step.message, message))
    if state.dialogue.plain:
        state.dialogue.add(as_said(state.plan, answer, calls=()))
    else:
        state.dialogue.add(called(state.plan, answer))
    for message_ in results(calls, found, plain=state.dialogue.plain):
        state.dialogue.add(message_)


def _both(asked: str, found: str) -> str:
    return asked if found == asked else " → ".join(filter(None, (asked, found)))


async def _searched(state: Run, call: ToolCall) -> Result:
    """A web search: sent back as it came, its results stand in the next prompt. Not sent back,
    they do not, and only the search itself is paid."""
    state.searched += 1
    found = web.found_tokens(call)
    if state.searched >= state.terms.searches:
        state.dialogue.web = 0  # no request offers it any more
    if state.searched > state.terms.searches:
        text = f"Error: all {state.terms.searches:,} web searches are used."
        return Result(text, text, "failed")
    if not state.holds(found):
        text = f"Error: what was found has {found:,} tokens, and there is no room for that."
        return Result(text, text, "failed")
    state.dialogue.tokens += found
    arguments = (
        call.arguments if state.plan.cover is None else state.plan.cover.masked(call.arguments)
    )
    return Result(arguments, say("{found:,} tokens found", found=found))


async def _too_many() -> Result:
    text = f"Error: at most {AT_ONCE} tools at once; call it again."
    return Result(text, text, "failed")


def _tool_step(state: Run, call: ToolCall) -> Step:
    kind = KINDS.get(call.name, call.name or "tool")
    state.used[kind] += 1
    return Step(kind, state.used[kind], None, "running", state.box.about(call))


# The end ----------------------------------------------------------------------------------------


def _whole(state: Run) -> Answer:
    """The best answer, with what all calls of this run together used and cost."""
    plan, answers = state.plan, state.answers
    best = _best(state)
    warnings = [*plan.warnings, *(each for answer in answers for each in answer.warnings)]
    if state.searched:
        warnings.append(web.told(state.searched))
    if state.why:
        warnings.append(
            say("Research ended early. {why} This is the best answer so far.", why=state.why)
        )
    return replace(
        best.answer,
        strategy="research",
        citations=best.citations,
        coverage=_coverage(plan.coverage, state.box.seen),
        usage=summed(answers),
        cost=paid(answers),
        estimate=plan.estimate,
        warnings=tuple(dict.fromkeys(warnings)),
        seconds=time.monotonic() - state.started,
        state="settled"
        if not state.failed and all(each.state == "settled" for each in answers)
        else "estimated",
        question=plan.question,
        plan=plan,
        calls=(),
    )


def _best(state: Run) -> Candidate:
    """The best answer there is; where none was written, what was noted."""
    if state.best is not None and state.best.answer.text.strip():
        return state.best
    notes = [state.box.shown(note) for note in state.box.notes]
    return fallback(state.answers[-1], notes, state.plan.documents)


def _coverage(before: Coverage, seen: set[tuple[int, int]]) -> Coverage:
    """What was planned as not seen, without what has been."""
    left = []
    for each in before.left_out:
        n = int(each.document[1:])
        pages = tuple(page for page in each.pages if (n, page) not in seen)
        if pages:
            left.append(LeftOut(each.document, pages, each.reason))
    return Coverage(before.pages, len(seen), tuple(left))

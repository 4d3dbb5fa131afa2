"""Research at work: a call, its tools side by side, the next call, until there is an answer."""

from __future__ import annotations

import asyncio
import time
from collections import Counter as Tally
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import anyio.to_thread

from kimiqa import calling, estimating
from kimiqa.desk import Desk
from kimiqa.errors import EndpointError
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
    Request,
    Started,
    Step,
    Text,
    ToolCall,
)
from kimiqa.research import wording
from kimiqa.research.candidates import Candidate, better, fallback
from kimiqa.research.dialogue import Dialogue
from kimiqa.research.planning import ANSWER, THINK, Terms, call_ceiling, terms_of
from kimiqa.research.protocol import written_calls
from kimiqa.research.replay import as_said, called, results
from kimiqa.research.tools import KINDS, Result, Toolbox
from kimiqa.reserving import held
from kimiqa.summing import paid, part_of, summed

AT_ONCE = 8
"""How many tools one reply may call; further ones are told so."""

_LEAST_STEP = 2_048
_LEAST_ANSWER = 128


@dataclass(slots=True)
class Run:
    """What a research has said, seen and paid so far."""

    plan: Plan
    desk: Desk
    terms: Terms
    dialogue: Dialogue
    box: Toolbox
    base: dict[str, Any]
    answers: list[Answer] = field(default_factory=list)
    charged: Decimal = Decimal(0)
    best: Candidate | None = None
    why: str = ""
    """Why it had to answer before it wanted to."""
    corrected: bool = False
    nudged: bool = False
    streamed: bool = False
    """The answer was passed on as it came."""
    used: Tally[str] = field(default_factory=Tally)
    started: float = field(default_factory=time.monotonic)

    @classmethod
    def of(cls, plan: Plan, desk: Desk) -> Run:
        (first,) = plan.stages[0].requests
        bounds = plan.stages[1].bounds
        assert bounds is not None, "research is bounded"
        template = desk.ledger.template(desk.host, plan.model)
        base = first.body
        dialogue = Dialogue(
            desk.counter, template, "tools" not in base, first.messages, first.prompt_tokens
        )
        box = Toolbox(plan.documents, bounds.reach, desk.counter, plan.cover)
        return cls(plan, desk, terms_of(plan), dialogue, box, base)

    # Limits

    @property
    def left(self) -> Decimal | None:
        """What is left of the ceiling; None where there is no price."""
        ceiling = self.plan.estimate.cost.ceiling
        return None if ceiling is None else ceiling - self.charged

    def step_limit(self) -> int:
        """The completion tokens of another step, after which an answer can still be paid; 0
        where there can be none."""
        limit = self.terms.step
        while not self._affords(limit):
            if limit <= _LEAST_STEP:
                return 0
            limit = max(_LEAST_STEP, limit // 2)
        return limit

    def _affords(self, limit: int) -> bool:
        if self.left is None or self.plan.price is None:
            return True
        step = self._ceiling(0, 0, limit)
        short = min(self.terms.answer, estimating.LEAST_COMPLETION)
        return step + self._ceiling(self.terms.grows, AT_ONCE + 4, short) <= self.left

    def _ceiling(self, more: int, messages: int, limit: int) -> Decimal:
        assert self.plan.price is not None, "asked only where there is a price"
        return call_ceiling(
            self.plan.price,
            self.dialogue.tokens + more,
            len(self.dialogue.messages) + messages,
            self.plan.estimate.margin,
            limit,
        )

    def must_end(self) -> str:
        """Why the next call has to be the answer; empty where it need not."""
        if len(self.answers) >= self.terms.steps - 1:
            return f"All {self.terms.steps:,} steps but this one are used."
        if self.dialogue.tokens + self.terms.grows > self.terms.prompt:
            return "The room for what can be read is used up."
        if not self.step_limit():
            return "The budget of this question is used up but for an answer."
        if self.answers and _cut(self.answers[-1]):
            return "The last reply was cut off at its limit."
        return ""

    def answer_limit(self) -> int:
        """The completion tokens that are left for the answer."""
        if self.left is None or self.plan.price is None:
            return self.terms.answer
        prompt = estimating.ceiling_prompt(
            self.dialogue.tokens, len(self.dialogue.messages), self.plan.estimate.margin
        )
        return min(
            self.terms.answer,
            estimating.affordable_completion(self.left, self.plan.price, prompt),
        )

    def charge(self, answer: Answer, request: Request) -> None:
        """Take off what a call cost; its ceiling, where that is not known."""
        self.answers.append(answer)
        if answer.cost.amount is not None:
            self.charged += answer.cost.amount
        elif self.plan.price is not None and answer.plan is not None:
            self.charged += answer.plan.estimate.cost.ceiling or Decimal(0)
        if answer.usage is not None:
            # The endpoint knows its template better than we do, and bills by its own count:
            # only what is added from here on is ours, so that nothing sums up over many calls.
            self.dialogue.tokens += answer.usage.prompt_tokens - request.prompt_tokens


async def run(plan: Plan, desk: Desk) -> AsyncGenerator[Event]:
    """Reserve the whole ceiling once; think, use tools, think again; answer.

    Raises
    ------
    OverCapError, PriceUnknownError
        The ledger refused the reservation; nothing was sent.
    EndpointError, DeadlineError
        A call failed. What it and those before it cost is booked.
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
        if why:
            yield _End()
        return
    answer = state.answers[-1]
    if why:
        _consider(state, Candidate.of(answer, state.plan.documents))
        state.streamed = state.streamed and bool(answer.text.strip())
        yield _End()
        return
    if _cut(answer):
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


def _cut(answer: Answer) -> bool:
    """Whether a reply ended before it had said anything, or in the middle."""
    ended = answer.finish_reason == "length" or not answer.text.strip()
    return ended and not answer.calls


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
    if limit < min(_LEAST_ANSWER, state.terms.answer):
        return
    state.streamed = last and state.best is None
    request = state.dialogue.request(state.base, limit, last=last)
    part = part_of(state.plan, request, ANSWER if last else THINK, cached_tokens=_warm(state))
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
    except EndpointError as error:
        if not _knows_no_tools(state, error):
            raise
        yield replace(
            step, state="failed", message="It takes no tools: they are called in writing."
        )
        _in_writing(state)


def _passed_on(event: Event, streamed: bool) -> bool:
    return isinstance(event, Reasoning | Progress) or (streamed and isinstance(event, Text | Cited))


def _knows_no_tools(state: Run, error: EndpointError) -> bool:
    """Whether the endpoint refused the very first call for its tools."""
    first = not state.answers and not state.dialogue.plain
    return first and error.billed == "no" and "tool" in error.message.lower()


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
            anyio.to_thread.run_sync(state.box.use, call, room) if at < AT_ONCE else _too_many()
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
    if state.why:
        warnings.append(f"Research ended early. {state.why} This is the best answer so far.")
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
        state="settled" if all(each.state == "settled" for each in answers) else "estimated",
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

"""Findings become an answer: in one call where they fit, in rounds where they do not."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

from kimiqa import calling
from kimiqa.desk import Desk
from kimiqa.errors import BrokenReplyError
from kimiqa.plan import Answer, Event, Finished, Plan, Request, Started, Step
from kimiqa.prompts import build_messages
from kimiqa.summing import part_of
from kimiqa.swarm import wording
from kimiqa.swarm.work import MERGE
from kimiqa.tokens import Counter

NOT_FOUND = " (not found on that page)"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one reader reports, and the pages it read."""

    pages: str
    text: str

    @classmethod
    def of(cls, pages: str, answer: Answer) -> Finding:
        """What a reader's reply says, each quote held against its page already.

        Raises
        ------
        BrokenReplyError
            The reply is empty: the reader was cut off while it thought.
        """
        if not answer.text.strip():
            raise BrokenReplyError(
                f"The reader of {pages} wrote nothing (finish reason: {answer.finish_reason}).",
                "Ask again with a lower effort.",
                billed="unknown",
            )
        return cls(pages, _marked(answer))

    @property
    def place(self) -> tuple[int, int]:
        """Where its pages begin, for the order of findings."""
        document, page = (int(each) for each in re.findall(r"\d+", self.pages)[:2])
        return document, page

    def to_json(self) -> dict[str, str]:
        return {"pages": self.pages, "text": self.text}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Finding:
        return cls(str(content["pages"]), str(content["text"]))


def _marked(answer: Answer) -> str:
    """The reply, with what does not stand on its page marked for whoever merges it."""
    text = answer.text
    wrong = [each for each in answer.citations if each.status in ("unverified", "invalid")]
    for citation in sorted(wrong, key=lambda each: each.end, reverse=True):
        text = text[: citation.end] + NOT_FOUND + text[citation.end :]
    return text


def is_last(event: Finished) -> bool:
    """Whether this is the merge that wrote the answer."""
    plan = event.answer.plan
    return plan is not None and plan.stages[0].name == MERGE


async def merged(plan: Plan, desk: Desk, findings: Sequence[Finding]) -> AsyncGenerator[Event]:
    """Round by round; of the last one everything is passed on, of the others their steps."""
    bounds = plan.stages[1].bounds
    assert bounds is not None, "a merge is bounded"
    limits = iter(bounds.calls)
    *between, _ = bounds.rounds
    done, left = 0, [each for each in findings if not wording.is_nothing(each.text)]
    for sizes in between:
        groups = list(_groups(left, len(sizes), max(sizes)))
        room = [next(limits) for _ in sizes]
        async with aclosing(_round(plan, desk, groups, room, done)) as events:
            async for event in events:
                if isinstance(event, list):
                    left = event
                else:
                    yield event
        done += len(sizes)
    prompt, limit = bounds.calls[-1]
    task = wording.merging(plan.asked, _blocks(plan, left, desk.counter, prompt))
    request = _request(plan, task, limit, desk.counter)
    step = Step(MERGE, done + 1, bounds.max_calls, "running")
    yield step
    part = part_of(plan, request, MERGE)
    async with aclosing(calling.call(part, request, desk)) as events:
        async for event in events:
            if isinstance(event, Finished):
                yield replace(step, state="done", cost=event.answer.cost)
            if not isinstance(event, Started):
                yield event


def _groups(findings: Sequence[Finding], groups: int, most: int) -> Iterator[Sequence[Finding]]:
    """The findings in as many groups, of at most so many each."""
    size = min(most, -(-len(findings) // groups)) if findings else 0
    for start in range(0, len(findings), max(1, size)):
        yield findings[start : start + size]


async def _round(
    plan: Plan,
    desk: Desk,
    groups: Sequence[Sequence[Finding]],
    room: Sequence[tuple[int, int]],
    done: int,
) -> AsyncGenerator[Any]:
    """One round in between: its steps, its receipts, and at the end the lists that it made."""
    bounds = plan.stages[1].bounds
    assert bounds is not None, "a merge is bounded"
    numbers = range(done + 1, done + 1 + len(groups))
    tasks = []
    for number, group, (prompt, limit) in zip(numbers, groups, room, strict=False):
        yield Step(MERGE, number, bounds.max_calls, "running")
        task = wording.condensing(plan.asked, _blocks(plan, group, desk.counter, prompt))
        tasks.append(asyncio.create_task(_condensed(plan, desk, task, limit)))
    lists: list[Finding] = []
    try:
        for number, group, running in zip(numbers, groups, tasks, strict=True):
            answer = await running
            lists.append(replace(Finding.of(group[0].pages, answer), pages=_both(group)))
            yield Step(MERGE, number, bounds.max_calls, "done", cost=answer.cost)
            yield Finished(answer)
    finally:
        for running in tasks:
            running.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    yield [each for each in lists if not wording.is_nothing(each.text)]


def _both(group: Sequence[Finding]) -> str:
    first, last = group[0].pages, group[-1].pages
    return first if len(group) == 1 else f"{first} to {last}"


async def _condensed(plan: Plan, desk: Desk, task: str, limit: int) -> Answer:
    request = _request(plan, task, limit, desk.counter)
    part = part_of(plan, request, "condense")
    async with aclosing(calling.call(part, request, desk)) as events:
        async for event in events:
            if isinstance(event, Finished):
                return event.answer
    raise RuntimeError("a call ends with Finished or an error")


# Requests ---------------------------------------------------------------------------------------


def _blocks(plan: Plan, findings: Sequence[Finding], counter: Counter, room: int) -> list[str]:
    """The findings in their tags, each cut where together they would pass the room: that can
    only be where the model counts its own words otherwise than the prompt's."""
    if not findings:
        return [wording.findings_block("all", "No reader found anything that helps.")]
    texts = [
        finding.text if plan.cover is None else plan.cover.masked(finding.text)
        for finding in findings
    ]
    blocks = [
        wording.findings_block(finding.pages, text)
        for finding, text in zip(findings, texts, strict=True)
    ]
    task = counter.count(wording.condensing(plan.asked, ())) + 1_024
    if sum(map(counter.count, blocks)) + task <= room:
        return blocks
    each = max(64, (room - task) // len(blocks))
    return [
        wording.findings_block(finding.pages, wording.cut_to(text, each, counter))
        for finding, text in zip(findings, texts, strict=True)
    ]


def _request(plan: Plan, task: str, limit: int, counter: Counter) -> Request:
    messages = build_messages((), task)
    own = sum(counter.count(message["content"]) for message in messages)
    sample = plan.stages[0].requests[0].body if plan.stages[0].requests else {}
    body = {
        "model": plan.model,
        "messages": messages,
        "max_completion_tokens": limit,
        **({"reasoning_effort": plan.effort} if plan.effort else {}),
        **{name: sample[name] for name in ("prompt_cache_options",) if name in sample},
    }
    return Request.of(body, prompt_tokens=own + 24, max_completion_tokens=limit, own_tokens=own)

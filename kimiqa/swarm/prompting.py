"""What merges are sent: findings in their tags, within the room that their plan left them."""

from __future__ import annotations

from collections.abc import Sequence

from kimiqa.plan import Plan, Request
from kimiqa.prompts import build_messages
from kimiqa.swarm import wording
from kimiqa.swarm.finding import Finding
from kimiqa.tokens import Counter

_BESIDE = 1_024
"""Tokens for the rules and the chat template, which stand round the findings and the task."""


def sizes(plan: Plan, findings: Sequence[Finding], counter: Counter) -> list[int]:
    """How many tokens each of the findings takes in a prompt."""
    return [counter.count(_block(plan, each)) for each in findings]


def task_tokens(plan: Plan, counter: Counter) -> int:
    """How many tokens a merge's prompt takes beside the findings."""
    return counter.count(wording.condensing(plan.asked, ())) + _BESIDE


def blocks(plan: Plan, findings: Sequence[Finding], counter: Counter, room: int) -> list[str]:
    """The findings in their tags, each cut where together they would pass the room: that can
    only be where the model counts its own words otherwise than the prompt's."""
    if not findings:
        return [wording.findings_block("all", "No reader found anything that helps.")]
    free = room - task_tokens(plan, counter)
    if sum(sizes(plan, findings, counter)) <= free:
        return [_block(plan, finding) for finding in findings]
    each = max(64, free // len(findings))
    return [
        wording.findings_block(finding.pages, wording.cut_to(_text(plan, finding), each, counter))
        for finding in findings
    ]


def _block(plan: Plan, finding: Finding) -> str:
    return wording.findings_block(finding.pages, _text(plan, finding))


def _text(plan: Plan, finding: Finding) -> str:
    return finding.text if plan.cover is None else str(plan.cover.masked(finding.text))


def request(plan: Plan, task: str, limit: int, counter: Counter) -> Request:
    """A merge's request, with the settings of its plan's readers."""
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

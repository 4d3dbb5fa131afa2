"""Second tries of readers that thought until their limit, and what is left out where that fails."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from decimal import Decimal

import anyio.to_thread

from kimiqa.estimating import ceiling_prompt
from kimiqa.models import get_model
from kimiqa.plan import Event, Request, Step, canonical
from kimiqa.saying import Said, say
from kimiqa.summing import part_of
from kimiqa.swarm.reading import Run, Silent, Unread, prefix_of, reader
from kimiqa.swarm.side_by_side import side_by_side
from kimiqa.swarm.work import READ

AGAIN = "read again"

TIMES = 2
"""The limit of a second try, as a multiple of the first one's."""


async def read_again(state: Run) -> AsyncGenerator[Event]:
    """Ask readers that were cut before they wrote anything once more, with twice the limit, as
    far as the reservation holds money for it beside the merge. Whoever has written nothing then
    is left out and named: a whole run is not lost for one of them."""
    silent, state.silent = state.silent, []
    tries = await anyio.to_thread.run_sync(lambda: list(_tries(state, silent)))
    asked = [each.request for each in tries if each.request is not None]
    works = [
        reader(state, request, Step(AGAIN, number, len(asked), "waiting", request.about))
        for number, request in enumerate(asked, 1)
    ]
    async with aclosing(side_by_side(works, state.desk)) as events:
        async for event in events:
            yield event
    state.notes += [_told(each.first, each.request) for each in tries if each.request is not None]
    state.notes += [error.message for error in (*state.refused, *state.failed)]
    state.failed.clear()
    for each in tries:
        if prefix_of(each.first) not in state.findings:
            reason = "over_budget" if each.over_budget else "failed"
            state.unread.append(Unread(each.first, reason))  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class _Try:
    """A reader that wrote nothing, and what it is asked again with, if it is."""

    first: Request
    request: Request | None = None
    over_budget: bool = False


def _tries(state: Run, silent: list[Silent]) -> Iterator[_Try]:
    left = _left(state)
    for each in silent:
        request = _longer(state, each.request) if each.cut else None
        if request is None:
            yield _Try(each.request)
            continue
        needs = part_of(state.plan, request, READ).estimate.cost.ceiling
        if left is not None and needs is not None:
            if needs > left:
                yield _Try(each.request, over_budget=True)
                continue
            left -= needs
        yield _Try(each.request, request)


def _left(state: Run) -> Decimal | None:
    """What the reservation holds beside the merge; None where no price binds it."""
    hold, bounds = state.desk.hold, state.plan.stages[1].bounds
    assert hold is not None, "a swarm draws from its hold"
    assert bounds is not None, "a merge is bounded"
    left = hold.left()
    return None if left is None else left - (bounds.ceiling or Decimal(0))


def _longer(state: Run, request: Request) -> Request | None:
    """The same request with room for a longer answer; None where the model or the account has
    none."""
    plan, limits = state.plan, state.desk.limits
    model = get_model(plan.model, base_url=plan.endpoint)
    prompt = ceiling_prompt(request.prompt_tokens, request.message_count, plan.estimate.margin)
    whole = [model.context_window, limits.request_tokens[0] if limits.request_tokens else None]
    most = [each - prompt for each in whole if each is not None]
    most += [model.max_output_tokens] if model.max_output_tokens else []
    limit = min([TIMES * request.max_completion_tokens, *most])
    if limit <= request.max_completion_tokens:
        return None

    def source() -> str:
        return canonical({**request.body, "max_completion_tokens": limit})

    made = Request.of(
        {**request.body, "max_completion_tokens": limit},
        prompt_tokens=request.prompt_tokens,
        max_completion_tokens=limit,
        segments=request.segments,
        own_tokens=request.own_tokens,
        about=request.about,
    )
    return made.unkept(source)


def _told(first: Request, again: Request) -> Said:
    return say(
        "The reader of {about} wrote nothing within {limit:,} completion tokens, and was asked "
        "again with {again:,}.",
        about=first.about,
        limit=first.max_completion_tokens,
        again=again.max_completion_tokens,
    )

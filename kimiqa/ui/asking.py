"""A priced question handed to the engine, where it goes on when the page is gone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from kimiqa.client import AsyncClient, AsyncConversation
from kimiqa.conversation import Talk
from kimiqa.errors import KimiqaError
from kimiqa.parallel import run_all
from kimiqa.plan import Event, Finished, Plan, Progress, Strategy
from kimiqa.saying import say
from kimiqa.ui import desk
from kimiqa.ui.engine import engine
from kimiqa.ui.sofar import SoFar
from kimiqa.ui.state import State
from kimiqa.ui.text import shortened
from kimiqa.ui.words import _, counted

SEVERAL = "several"
"""The step of several questions' progress: how many are answered."""


@dataclass(slots=True)
class Asked:
    """What this page handed over last, as it was typed."""

    text: str = ""


def last_asked(state: State) -> str:
    """What was asked last from this page: what is put back where no answer came of it."""
    return state.of(Asked).text


@dataclass(frozen=True, slots=True)
class Unanswered:
    """One of several questions that got no answer."""

    question: str
    error: KimiqaError


def start(state: State, plan: Plan) -> None:
    """Ask one question: its turn is kept whole, or as far as it came."""
    model, options = state.choices.model or None, desk.client_options(state)

    async def events() -> AsyncIterator[Any]:
        async with AsyncClient(model, **options) as client:
            try:
                talk = Talk(plan.documents, client.ledger, plan.conversation)
                async with aclosing(turn(client, talk, plan)) as running:
                    async for event in running:
                        yield event
            finally:
                client.ledger.close()

    _hand_over(state, shortened(plan.question), plan.question, events)


async def turn(
    client: AsyncClient, talk: Talk, plan: Plan, first: Callable[[], None] = lambda: None
) -> AsyncGenerator[Event]:
    """The plan's events; its turn is kept whole, or as far as it came. `first` is called just
    before."""
    so_far = SoFar(plan)
    try:
        async with aclosing(client.stream(plan)) as running:
            async for event in running:
                so_far.note(event)
                if isinstance(event, Finished):
                    first()
                    talk.add(plan, event.answer)
                yield event
    finally:
        # By now the ledger has booked what was used, stopped or not.
        so_far.keep(talk, first)


# Several questions ------------------------------------------------------------------------------


def start_many(state: State, plans: Sequence[Plan], strategy: Strategy) -> None:
    """Ask several questions side by side, as `Client.ask_many` does; each answer is kept as
    soon as it is there."""
    model, options = state.choices.model or None, desk.client_options(state)
    chosen = desk.options(state)

    async def events() -> AsyncIterator[Any]:
        async with AsyncClient(model, **options) as client:
            try:
                talk = Talk(plans[0].documents, client.ledger, plans[0].conversation)
                many = Many(client, talk, plans, strategy, chosen)
                async with aclosing(many.events()) as running:
                    async for event in running:
                        yield event
            finally:
                client.ledger.close()

    title = counted(len(plans), "question", "questions")
    _hand_over(state, title, "\n".join(plan.question for plan in plans), events)


@dataclass(slots=True)
class Many:
    """Several questions over the same documents, none of which knows of the others."""

    client: AsyncClient
    talk: Talk
    plans: Sequence[Plan]
    strategy: Strategy
    options: dict[str, Any]
    done: asyncio.Queue[bool] = field(default_factory=asyncio.Queue)

    async def events(self) -> AsyncGenerator[Any]:
        """Progress with each answer, then what went unanswered."""
        work = asyncio.create_task(run_all(self.plans, self._run, self._again))
        work.add_done_callback(lambda _task: self.done.put_nowait(False))
        total, answered = len(self.plans), 0
        try:
            yield self._progress(0, total)
            while await self.done.get():
                answered += 1
                yield self._progress(answered, total)
        finally:
            work.cancel()
            await asyncio.wait([work])
        for plan, result in zip(self.plans, work.result(), strict=True):
            if isinstance(result, KimiqaError):
                yield Unanswered(plan.question, result)

    def _progress(self, answered: int, total: int) -> Progress:
        said = say("{done:,} of {total:,} answered", done=answered, total=total)
        return Progress(SEVERAL, answered, total, said)

    async def _run(self, plan: Plan) -> AsyncGenerator[Event]:
        so_far = SoFar(plan)
        try:
            async with aclosing(self.client.stream(plan)) as running:
                async for event in running:
                    so_far.note(event)
                    if isinstance(event, Finished):
                        self.talk.keep_apart(plan, event.answer, "aside")
                        self.done.put_nowait(True)
                    yield event
        finally:
            so_far.keep(self.talk)

    async def _again(self, number: int) -> Plan:
        """The plan once the cache is warm: cheaper than what was agreed to, never dearer."""
        question = self.plans[number].question
        conversation = AsyncConversation(self.client, alone(self.talk))
        return await conversation.plan(question, strategy=self.strategy, **self.options)


def alone(talk: Talk) -> Talk:
    """The conversation as if nothing had been asked in it: its questions are asked aside."""
    talk.turns = ()
    return talk


def _hand_over(state: State, title: str, asked: str, events: Any) -> None:
    if engine().running(state.conversation) is not None:
        # Another tab was first: one answer at a time, and what was typed here is not lost.
        state.problem = _("This conversation is being answered in another tab. Ask after it.")
        return
    engine().ask(state.conversation, title, events)
    state.of(Asked).text = asked
    state.choices.question = ""

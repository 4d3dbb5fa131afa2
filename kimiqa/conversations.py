"""The two faces of a conversation: question after question over the same documents."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from typing import TYPE_CHECKING, Unpack

from kimiqa.conversation import Talk
from kimiqa.faces import last
from kimiqa.options import Options
from kimiqa.plan import Answer, Estimate, Event, Plan, Strategy, Way
from kimiqa.portal import iterate, wait_for

if TYPE_CHECKING:
    from kimiqa.async_client import AsyncClient
    from kimiqa.client import Client


class AsyncConversation:
    """Question after question over the same documents; the prompt only grows."""

    def __init__(self, client: AsyncClient, talk: Talk) -> None:
        self._client, self._talk = client, talk

    @property
    def id(self) -> str:
        """The name under which the conversation can go on later."""
        return self._talk.id

    async def plan(
        self, question: str, *, strategy: Strategy = "auto", **options: Unpack[Options]
    ) -> Plan:
        """The next turn, priced; what the provider's cache holds of the earlier ones counts."""
        asker = self._client._asker
        return await asker.off_the_loop(asker.next_plan, self._talk, question, strategy, options)

    async def estimate(
        self, question: str, *, strategy: Strategy = "auto", **options: Unpack[Options]
    ) -> Estimate:
        """What the next turn would use, take and cost, also where a cap would forbid it."""
        asker = self._client._asker
        return await asker.off_the_loop(
            asker.next_estimate, self._talk, question, strategy, options
        )

    async def ways(self, question: str, **options: Unpack[Options]) -> list[Way]:
        """Every strategy for the next turn, priced, best first."""
        asker = self._client._asker
        return await asker.off_the_loop(asker.next_ways, self._talk, question, options)

    async def ask(
        self, question: str, *, strategy: Strategy = "auto", **options: Unpack[Options]
    ) -> Answer:
        """Plan and run the next turn."""
        return await last(self.stream(question, strategy=strategy, **options))

    async def stream(
        self, question: str | Plan, *, strategy: Strategy = "auto", **options: Unpack[Options]
    ) -> AsyncGenerator[Event]:
        """The next turn's events."""
        plan = (
            question
            if isinstance(question, Plan)
            else await self.plan(question, strategy=strategy, **options)
        )
        async with aclosing(self._client._asker.turn(self._talk, plan)) as events:
            async for event in events:
                yield event


class Conversation:
    """Question after question over the same documents; the prompt only grows."""

    def __init__(self, client: Client, talk: Talk) -> None:
        self._client, self._talk = client, talk

    @property
    def id(self) -> str:
        """The name under which the conversation can go on later."""
        return self._talk.id

    def plan(
        self, question: str, *, strategy: Strategy = "auto", **options: Unpack[Options]
    ) -> Plan:
        """The next turn, priced; what the provider's cache holds of the earlier ones counts."""
        return self._client._asker.next_plan(self._talk, question, strategy, options)

    def estimate(
        self, question: str, *, strategy: Strategy = "auto", **options: Unpack[Options]
    ) -> Estimate:
        """What the next turn would use, take and cost, also where a cap would forbid it."""
        return self._client._asker.next_estimate(self._talk, question, strategy, options)

    def ways(self, question: str, **options: Unpack[Options]) -> list[Way]:
        """Every strategy for the next turn, priced, best first."""
        return self._client._asker.next_ways(self._talk, question, options)

    def ask(
        self, question: str, *, strategy: Strategy = "auto", **options: Unpack[Options]
    ) -> Answer:
        """Plan and run the next turn."""
        plan = self.plan(question, strategy=strategy, **options)
        return wait_for(last(self._client._asker.turn(self._talk, plan)))

    def stream(
        self, question: str | Plan, *, strategy: Strategy = "auto", **options: Unpack[Options]
    ) -> Iterator[Event]:
        """The next turn's events; `close()` on the iterator stops the answer."""
        plan = (
            question
            if isinstance(question, Plan)
            else self.plan(question, strategy=strategy, **options)
        )
        yield from iterate(lambda: self._client._asker.turn(self._talk, plan))

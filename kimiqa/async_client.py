"""The asynchronous client: the one engine's own face."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any, Self, Unpack

from kimiqa.advice import AsyncAdvice
from kimiqa.conversations import AsyncConversation
from kimiqa.digesting import AsyncDigests
from kimiqa.document import Document
from kimiqa.errors import KimiqaError
from kimiqa.extracting import File, Upload, extract, upload_of
from kimiqa.faces import asker, last
from kimiqa.ledger import Balance, Ledger
from kimiqa.options import ClientOptions, Documents, Options
from kimiqa.parallel import AT_ONCE
from kimiqa.plan import Answer, Estimate, Event, Plan, Strategy, Way
from kimiqa.setup import Setup
from kimiqa.singly import Pricer


class AsyncClient(AsyncAdvice, AsyncDigests):
    """Ask long documents, asynchronously.

    Without a model the settings decide, then the keys that are configured; where there is none,
    the embedded endpoint (`local`) quotes what matches the question, and costs nothing.
    Units, sources and errors are those of `Client`.
    """

    def __init__(self, model: str | None = None, **options: Unpack[ClientOptions]) -> None:
        self._asker = asker(model, options)

    @property
    def model(self) -> str:
        """The model that answers."""
        return self._asker.setup.model.id

    @property
    def endpoint(self) -> str:
        """The base URL of the endpoint that is asked."""
        return self._asker.setup.target.base_url

    @property
    def setup(self) -> Setup:
        """What it was resolved to: model, endpoint, ledger, caps and settings."""
        return self._asker.setup

    @property
    def ledger(self) -> Ledger:
        """The record of all money."""
        return self._asker.setup.ledger

    async def plan(
        self,
        question: str,
        documents: Documents,
        *,
        strategy: Strategy = "auto",
        **options: Unpack[Options],
    ) -> Plan:
        """What would be sent, byte for byte, with its price. Nothing leaves the machine.

        Raises
        ------
        NoTextError, ContextWindowError, OverCapError, PriceUnknownError, BadRequestError
            It cannot run; with the numbers and the ways that do fit.
        """
        return await self._asker.off_the_loop(
            self._asker.plan, question, documents, strategy, options
        )

    async def estimate(
        self,
        question: str,
        documents: Documents,
        *,
        strategy: Strategy = "auto",
        **options: Unpack[Options],
    ) -> Estimate:
        """What a question would use, take and cost, also where a cap would forbid it."""
        return await self._asker.off_the_loop(
            self._asker.estimate, question, documents, strategy, options
        )

    async def ways(
        self,
        question: str,
        documents: Documents,
        *,
        checked: bool = True,
        **options: Unpack[Options],
    ) -> list[Way]:
        """Every strategy, priced, best first; what cannot run last, with its reason.

        With `checked=False` documents are priced as they were read, before hidden text is looked
        for: a plan looks for it, so that what is sent can be less.
        """
        ways = self._asker.ways
        return await self._asker.off_the_loop(ways, question, documents, options, checked)

    async def singly(self, question: str, **options: Any) -> Pricer:
        """What `question` would cost of each of many documents, asked of each by itself and
        priced by its size: nothing is sent, and none has to be kept in memory."""
        return await self._asker.off_the_loop(self._asker.setup.pricer, question, options)

    def needs_a_word(self, plan: Plan) -> bool:
        """Whether a person should agree first: the ceiling is above the settings' threshold."""
        return self._asker.setup.needs_a_word(plan.estimate.cost)

    async def run(self, plan: Plan) -> Answer:
        """Send a plan as it was priced, and return the checked answer."""
        async with aclosing(self._asker.run(plan)) as events:
            return await last(events)

    async def ask(
        self,
        question: str,
        documents: Documents,
        *,
        strategy: Strategy = "auto",
        **options: Unpack[Options],
    ) -> Answer:
        """Plan and run."""
        return await self.run(await self.plan(question, documents, strategy=strategy, **options))

    async def ask_many(
        self,
        questions: Sequence[str],
        documents: Documents,
        *,
        strategy: Strategy = "auto",
        at_once: int = AT_ONCE,
        **options: Unpack[Options],
    ) -> list[Answer | KimiqaError]:
        """The answers to several questions over the same documents, asked side by side, in
        their order; an error stands in place of an answer that failed.

        Of questions that share a prefix (the documents, in `full`) one goes first and the others
        follow once its answer begins, so that they find the documents in the provider's cache.
        `at_once` is how many run side by side.

        Raises
        ------
        NoTextError, ContextWindowError, OverCapError, PriceUnknownError, BadRequestError
            One of them cannot run; nothing was sent.
        """
        return await self._asker.run_many(questions, documents, strategy, options, at_once)

    async def stream(
        self,
        question: str | Plan,
        documents: Documents = (),
        *,
        strategy: Strategy = "auto",
        **options: Unpack[Options],
    ) -> AsyncGenerator[Event]:
        """Started, Reasoning, Text, Cited and Progress as they come, then Finished."""
        plan = (
            question
            if isinstance(question, Plan)
            else await self.plan(question, documents, strategy=strategy, **options)
        )
        async with aclosing(self._asker.run(plan)) as events:
            async for event in events:
                yield event

    def conversation(
        self, documents: Documents, conversation: str | None = None
    ) -> AsyncConversation:
        """A conversation over these documents; with an id, the stored one goes on."""
        talk = self._asker.talk(documents, conversation)
        return AsyncConversation(self, talk)

    async def upload_of(self, source: File, *, name: str | None = None) -> Upload:
        """See `Client.upload_of`."""
        return await self._asker.off_the_loop(upload_of, self._asker, source, name)

    async def extract(self, source: File | Upload, *, name: str | None = None) -> Document:
        """See `Client.extract`."""
        made = source if isinstance(source, Upload) else await self.upload_of(source, name=name)
        return await extract(self._asker, made)

    async def balance(self) -> Balance:
        """What the endpoint says is left in the account. A free call; the ledger notes it.

        Raises
        ------
        BadRequestError, NoKeyError, EndpointError
            The endpoint tells no balance, or could not be asked.
        """
        return await self._asker.balance()

    async def aclose(self) -> None:
        """Close the connection."""
        await self._asker.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

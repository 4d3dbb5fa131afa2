"""Open, price, ask: the story in the order it happens.

`AsyncClient` is the one engine. `Client` is its synchronous face: the same calls, driven
through a portal, so that there is one set of faults and not two.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterator, Sequence
from typing import Any, Self, Unpack

from kimiqa.advice import Advice
from kimiqa.async_client import AsyncClient
from kimiqa.conversations import AsyncConversation, Conversation
from kimiqa.digesting import Digests
from kimiqa.document import Document
from kimiqa.errors import KimiqaError
from kimiqa.extracting import File, Upload, extract, upload_of
from kimiqa.faces import asker, last, let_go
from kimiqa.ledger import Balance, Ledger
from kimiqa.options import ClientOptions, Documents, Options, Source
from kimiqa.parallel import AT_ONCE
from kimiqa.plan import Answer, Estimate, Event, Plan, Strategy, Way
from kimiqa.portal import iterate, wait_for
from kimiqa.setup import Setup
from kimiqa.singly import Pricer

__all__ = [
    "AsyncClient",
    "AsyncConversation",
    "Client",
    "ClientOptions",
    "Conversation",
    "Documents",
    "Options",
    "Source",
]


class Client(Advice, Digests):
    """Ask long documents.

    Without a model the settings decide, then the keys that are configured; where there is none,
    the embedded endpoint (`local`) quotes what matches the question, and costs nothing.

    Money is `Decimal` in the price's own currency, prices are per million tokens, times are
    seconds, pages count from 1; None is what is not known, and never zero. Prompt tokens
    include the cached ones, completion tokens the reasoning. Prices come from the user's book,
    then from kimiqa's dated list; ranges from this installation's own receipts, of which the
    ledger keeps all. Every error is a `KimiqaError` with a `code`, a `message`, a `hint`; what
    is refused before anything was sent says so.
    """

    def __init__(self, model: str | None = None, **options: Unpack[ClientOptions]) -> None:
        self._asker = asker(model, options)
        # Who forgets to close a client leaves no connection open.
        weakref.finalize(self, let_go, self._asker, os.getpid()).atexit = False

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

    def plan(
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
        return self._asker.plan(question, documents, strategy, options)

    def estimate(
        self,
        question: str,
        documents: Documents,
        *,
        strategy: Strategy = "auto",
        **options: Unpack[Options],
    ) -> Estimate:
        """What a question would use, take and cost, also where a cap would forbid it."""
        return self._asker.estimate(question, documents, strategy, options)

    def ways(
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
        return self._asker.ways(question, documents, options, checked)

    def singly(self, question: str, **options: Any) -> Pricer:
        """What `question` would cost of each of many documents, asked of each by itself and
        priced by its size: nothing is sent, and none has to be kept in memory."""
        return self._asker.setup.pricer(question, options)

    def needs_a_word(self, plan: Plan) -> bool:
        """Whether a person should agree first: the ceiling is above the settings' threshold."""
        return self._asker.setup.needs_a_word(plan.estimate.cost)

    def run(self, plan: Plan) -> Answer:
        """Send a plan as it was priced, and return the checked answer."""
        return wait_for(last(self._asker.run(plan)))

    def ask(
        self,
        question: str,
        documents: Documents,
        *,
        strategy: Strategy = "auto",
        **options: Unpack[Options],
    ) -> Answer:
        """Plan and run."""
        return self.run(self.plan(question, documents, strategy=strategy, **options))

    def ask_many(
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
        return wait_for(self._asker.run_many(questions, documents, strategy, options, at_once))

    def stream(
        self,
        question: str | Plan,
        documents: Documents = (),
        *,
        strategy: Strategy = "auto",
        **options: Unpack[Options],
    ) -> Iterator[Event]:
        """Started, Reasoning, Text, Cited and Progress as they come, then Finished; `close()`
        on the iterator stops the answer and books what it has cost so far."""
        plan = (
            question
            if isinstance(question, Plan)
            else self.plan(question, documents, strategy=strategy, **options)
        )
        yield from iterate(lambda: self._asker.run(plan))

    def conversation(self, documents: Documents, conversation: str | None = None) -> Conversation:
        """A conversation over these documents; with an id, the stored one goes on."""
        return Conversation(self, self._asker.talk(documents, conversation))

    def upload_of(self, source: File, *, name: str | None = None) -> Upload:
        """What `extract` would send of a file, and where to; its `notice` says it in words."""
        return upload_of(self._asker, source, name)

    def extract(self, source: File | Upload, *, name: str | None = None) -> Document:
        """Have Kimi's platform read a file: all of it is sent there, and deleted afterwards.

        Its pages are not the file's own, and have no boxes. Free; the text is paid for as part
        of each prompt, as any other.

        Raises
        ------
        BadRequestError, NotAllowedError, NoKeyError, EndpointError, NoTextError
            The endpoint extracts nothing, may not have it, or found no text.
        """
        upload = source if isinstance(source, Upload) else self.upload_of(source, name=name)
        return wait_for(extract(self._asker, upload))

    def balance(self) -> Balance:
        """What the endpoint says is left in the account. A free call; the ledger notes it.

        Raises
        ------
        BadRequestError, NoKeyError, EndpointError
            The endpoint tells no balance, or could not be asked.
        """
        return wait_for(self._asker.balance())

    def close(self) -> None:
        """Close the connection."""
        wait_for(self._asker.aclose())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

"""What both clients do: resolve, plan, and run a plan through its strategy."""

from __future__ import annotations

import threading
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from os import PathLike
from typing import TYPE_CHECKING, Any, TypeVar

from kimiqa import calling, choosing, parallel, staging
from kimiqa.amounts import amount
from kimiqa.conversation import Talk
from kimiqa.document import Document
from kimiqa.errors import (
    BadRequestError,
    BrokenReplyError,
    ContextWindowError,
    KimiqaError,
    NoKeyError,
    NoPicturesError,
    OverCapError,
    OverLimitError,
    PriceUnknownError,
    RefusedError,
)
from kimiqa.plan import Answer, Estimate, Event, Finished, Plan, Strategy, Way, Whole
from kimiqa.planner import Question, Sized
from kimiqa.question import MOST_QUESTIONS
from kimiqa.saving import with_saving
from kimiqa.saying import say
from kimiqa.setup import Setup
from kimiqa.sides import with_sides
from kimiqa.template import PROBES, Observed, Template, learn
from kimiqa.tokens import counter_for

if TYPE_CHECKING:
    from kimiqa.endpoint import OpenAIEndpoint
    from kimiqa.endpoint.replies import Watch
    from kimiqa.ledger import Balance

T = TypeVar("T")


class Asker:
    """A setup at work."""

    def __init__(
        self,
        setup: Setup,
        *,
        deadline: float | None = None,
        label: str | None = None,
        private: bool = False,
        ranking: str | None = None,
        rewrite: bool | None = None,
        climb: bool | None = None,
        watch: Watch | None = None,
    ) -> None:
        self.setup = setup
        self._deadline = deadline or setup.settings.deadline
        self._label = label
        self._private = private
        self._ranking = ranking or setup.settings.ranking
        self._rewrite = setup.settings.rewrite if rewrite is None else rewrite
        self._climb = setup.settings.climb if climb is None else climb
        self._watch = watch
        self._endpoint: OpenAIEndpoint | None = None
        # Questions asked side by side open it from threads: a second one would never be closed.
        self._opening = threading.Lock()

    # Planning: nothing leaves the machine.

    def plan(
        self, question: str, documents: Any, strategy: Strategy, options: Mapping[str, Any]
    ) -> Plan:
        return self._planned(self._question(question, documents, options), strategy)

    def estimate(
        self, question: str, documents: Any, strategy: Strategy, options: Mapping[str, Any]
    ) -> Estimate:
        return self._estimate(self._question(question, documents, options), strategy)

    def _estimate(self, asked: Question, strategy: Strategy) -> Estimate:
        sized = self._sized(asked, strategy)
        if isinstance(sized.refusal, ContextWindowError):
            raise choosing.refusal_with_ways(self.setup.planner, asked, sized.refusal)
        return sized.estimate

    def _sized(self, asked: Question, strategy: Strategy) -> Sized:
        planner = self.setup.planner
        if strategy != "auto":
            return staging.size(planner, asked, strategy)
        try:
            return choosing.choose(planner, asked).sized
        except (OverCapError, PriceUnknownError):
            # The way that comes nearest.
            near: Strategy = "full" if choosing.needs_everything(asked.text) else "chunks"
            return staging.size(planner, asked, near)

    def ways(
        self,
        question: str,
        documents: Any,
        options: Mapping[str, Any],
        checked: bool = True,
    ) -> list[Way]:
        return self._ways(self._question(question, documents, options, checked=checked))

    def _ways(self, asked: Question) -> list[Way]:
        ways = choosing.ways(self.setup.planner, asked)
        if not self.setup.embedded:
            return ways
        # The embedded endpoint sends the whole document to itself, at no cost: one way is all.
        # Kimi's ways stand before it, because those are what the prices are for.
        local = [way for way in ways if way.strategy == "full"]
        return choosing.ways(self.setup.beside().planner, asked) + local

    def talk(self, documents: Any, conversation: str | None) -> Talk:
        return Talk(self._documents(documents), self.setup.ledger, conversation)

    def next_plan(
        self, talk: Talk, question: str, strategy: Strategy, options: Mapping[str, Any]
    ) -> Plan:
        return self._planned(self._next(talk, question, options), strategy)

    def next_estimate(
        self, talk: Talk, question: str, strategy: Strategy, options: Mapping[str, Any]
    ) -> Estimate:
        return self._estimate(self._next(talk, question, options), strategy)

    def next_ways(self, talk: Talk, question: str, options: Mapping[str, Any]) -> list[Way]:
        return self._ways(self._next(talk, question, options))

    def _next(self, talk: Talk, question: str, options: Mapping[str, Any]) -> Question:
        more = {"turns": talk.turns, "conversation": talk.id}
        return self._question(question, talk.documents, {**options, **more})

    def _planned(self, asked: Question, strategy: Strategy) -> Plan:
        planner = self.setup.planner
        try:
            if strategy != "auto":
                return self._beside_whole(staging.plan(planner, asked, strategy), asked)
            choice = choosing.choose(planner, asked)
        except RefusedError as refusal:
            raise choosing.refusal_with_ways(planner, asked, refusal) from None
        plan = staging.planned(planner, asked, choice.sized, choice.reason)
        return self._beside_whole(plan, asked)

    def _beside_whole(self, plan: Plan, asked: Question) -> Plan:
        """The plan beside everything in one prompt, where that would have been a way."""
        if plan.strategy == "full":
            return plan
        whole = self.setup.planner.size(asked, "full")
        if isinstance(whole.refusal, ContextWindowError | OverLimitError | NoPicturesError):
            return plan
        guess = whole.estimate
        written = guess.completion_tokens.expected
        return replace(plan, whole=Whole(guess.prompt_tokens, guess.cached_tokens, written))

    def _question(
        self,
        question: str,
        documents: Any,
        options: Mapping[str, Any],
        *,
        checked: bool = True,
    ) -> Question:
        chosen = {name: value for name, value in options.items() if value is not None}
        if self._label is not None:
            chosen.setdefault("label", self._label)
        chosen.setdefault("private", self._private)
        chosen.setdefault("ranking", self._ranking)
        chosen.setdefault("rewrite", self._rewrite)
        chosen.setdefault("climb", self._climb)
        if "max_cost" in chosen:
            chosen["max_cost"] = amount(chosen["max_cost"])
        keep_hidden = chosen.pop("keep_hidden", False)
        found = self._documents(documents, keep_hidden, checked=checked)
        return Question(_sendable(question), found, **chosen)

    def _documents(
        self, documents: Any, keep_hidden: bool = False, *, checked: bool = True
    ) -> tuple[Document, ...]:
        """The documents, opened and looked over: nothing is planned that was not checked. What
        is only priced may be as it was read."""
        single = isinstance(documents, Document | str | PathLike | bytes | bytearray)
        if not single and not isinstance(documents, Iterable):
            raise BadRequestError(
                say("Documents are a {kind}.", kind=type(documents).__name__),
                "Pass one, or a list of them.",
            )
        sources: Iterable[Any] = [documents] if single else documents
        opened = (
            each if isinstance(each, Document) else Document.open(each, home=self.setup.home)
            for each in sources
        )
        if not checked:
            return tuple(opened)
        return tuple(each.checked(keep_hidden=keep_hidden) for each in opened)

    def question(
        self,
        question: str,
        documents: Any,
        options: Mapping[str, Any],
        *,
        checked: bool = True,
    ) -> Question:
        """The question as it is planned from; as it is only priced where it is not `checked`."""
        return self._question(question, documents, options, checked=checked)

    async def off_the_loop(self, work: Callable[..., T], *arguments: Any) -> T:
        """Run counting and laying out in a thread, so that other tasks go on."""
        import anyio.to_thread

        return await anyio.to_thread.run_sync(lambda: work(*arguments))

    # Asking: the plan is reserved, sent and settled.

    async def run(self, plan: Plan) -> AsyncGenerator[Event]:
        """The plan's events.

        Raises
        ------
        BadRequestError
            The plan was priced for another model or endpoint; nothing was sent.
        NoKeyError
            The endpoint needs a key; nothing was sent.
        """
        self._check_is_ours(plan)
        if self.setup.target.needs_key:
            raise NoKeyError(
                say("There is no key for {host}.", host=self.setup.host), self.setup.target.key_hint
            )
        desk = await self.off_the_loop(self._desk)
        async with aclosing(staging.run(plan, desk)) as events:
            async for event in events:
                if isinstance(event, Finished):
                    event = with_sides(plan, Finished(with_saving(event.answer)))
                yield event

    async def run_many(
        self,
        questions: Sequence[str],
        documents: Any,
        strategy: Strategy,
        options: Mapping[str, Any],
        at_once: int,
    ) -> list[Answer | KimiqaError]:
        """The answers to several questions over the same documents, in their order."""
        opened = self._documents(documents)
        options = {"expected_questions": min(len(questions), MOST_QUESTIONS) or 1, **options}

        async def planned(number: int) -> Plan:
            return await self.off_the_loop(self.plan, questions[number], opened, strategy, options)

        plans = [await planned(number) for number in range(len(questions))]
        return await parallel.run_all(plans, self.run, planned, at_once)

    def _check_is_ours(self, plan: Plan) -> None:
        """A price holds for one model at one endpoint, and so does what a person agreed to."""
        model, url = self.setup.model.id, self.setup.target.base_url
        if (plan.model, plan.endpoint) != (model, url):
            raise BadRequestError(
                say(
                    "The plan was priced for {model} at {endpoint}; this client asks "
                    "{asked} at {url}. Nothing was sent.",
                    model=plan.model,
                    endpoint=plan.endpoint,
                    asked=model,
                    url=url,
                ),
                "Plan it again with this client.",
            )

    async def turn(self, talk: Talk, plan: Plan) -> AsyncGenerator[Event]:
        """The plan's events; the turn is kept when it has ended."""
        async with aclosing(self.run(plan)) as events:
            async for event in events:
                yield _kept(talk, plan, event) if isinstance(event, Finished) else event

    def _desk(self) -> calling.Desk:
        setup = self.setup
        return calling.Desk(
            ledger=setup.ledger,
            budget=setup.budget,
            endpoint=self.endpoint(),
            counter=counter_for(setup.model.vocabulary),
            host=setup.host,
            cache_ttl=setup.model.cache_ttl,
            deadline=self._deadline,
            allow_unpriced=setup.allow_unpriced,
            label=self._label,
            limits=setup.limits,
        )

    async def balance(self, *, anyway: bool = False) -> Balance:
        """What the endpoint says is left in the account, noted in the ledger: a free call."""
        left = await self.endpoint().balance(anyway=anyway)
        return self.setup.ledger.note_balance(self.setup.host, left)

    async def calibrate(self) -> Template:
        """Have the endpoint count a few fixed sentences (free), and keep what that shows of the
        model's chat template until receipts know better.

        Raises
        ------
        BrokenReplyError
            Its counts fit no template.
        """
        model, counter = self.setup.model, counter_for(self.setup.model.vocabulary)
        seen = [
            Observed(
                len(probe),
                await self.endpoint().estimate_tokens(
                    {"model": model.id, "messages": list(probe)}, anyway=True
                )
                - sum(counter.count(each["content"]) for each in probe),
            )
            for probe in PROBES
        ]
        found = learn(seen)
        if any(found.tokens(each.messages) != each.overhead for each in seen):
            raise BrokenReplyError(
                say("The counts of {host} fit no chat template.", host=self.setup.host),
                "Nothing is lost: receipts will show it.",
            )
        self.setup.ledger.keep_template(self.setup.host, model.id, found)
        return found

    def endpoint(self) -> OpenAIEndpoint:
        """The connection, opened with the first question: the SDK takes half a second to load."""
        with self._opening:
            if self._endpoint is None:
                from kimiqa.endpoint import OpenAIEndpoint

                transport = None
                if self.setup.embedded:
                    from kimiqa.local import LocalTransport

                    transport = LocalTransport()
                self._endpoint = OpenAIEndpoint(
                    self.setup.target,
                    client=self.setup.openai_client,
                    transport=transport,
                    watch=self._watch,
                )
            return self._endpoint

    @property
    def connected(self) -> bool:
        """Whether there is a connection to close."""
        return self._endpoint is not None

    async def aclose(self) -> None:
        """Close the connection, if there is one."""
        if self._endpoint is not None:
            await self._endpoint.aclose()
            self._endpoint = None


def _sendable(question: str) -> str:
    """The question without halves of characters, which a terminal makes of broken bytes.

    Raises
    ------
    BadRequestError
        It is no text.
    """
    if not isinstance(question, str):
        raise BadRequestError(
            say("The question is a {kind}, not text.", kind=type(question).__name__),
            "Write what you want to know.",
        )
    return question.encode("utf-8", "replace").decode()


def _kept(talk: Talk, plan: Plan, finished: Finished) -> Finished:
    """The answer, its turn kept; where that fails the answer says so, for it was paid for."""
    try:
        talk.add(plan, finished.answer)
    except KimiqaError as error:
        warnings = (*finished.answer.warnings, str(error))
        return Finished(replace(finished.answer, warnings=warnings))
    return finished

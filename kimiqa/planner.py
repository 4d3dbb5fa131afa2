"""A question becomes a plan: laid out, counted, priced and held against limits and caps.

Nothing here touches a network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from types import ModuleType
from typing import TYPE_CHECKING, Any

from kimiqa import caching, cliffs, estimating, rules, seeing
from kimiqa.chapters import chosen_pages
from kimiqa.document import Document
from kimiqa.errors import BadRequestError, ContextWindowError
from kimiqa.ledger import Budget, cap_warnings
from kimiqa.models import Model, get_model
from kimiqa.plan import Estimate, Plan, Request, Segment, Stage, Strategy
from kimiqa.privacy import covered, first_time
from kimiqa.question import MOST_QUESTIONS, Question, Sized
from kimiqa.refusals import in_words, no_text, partial, with_fitting
from kimiqa.room import Room
from kimiqa.saying import joined, say
from kimiqa.settings import UNLIMITED, Limits
from kimiqa.strategies import chunks, full, known
from kimiqa.strategies.layout import Draft, Layout, frame_tokens, numbered, readable
from kimiqa.template import PRIOR
from kimiqa.tokens import counter_for
from kimiqa.windows import LEAST_TOKENS

if TYPE_CHECKING:
    from kimiqa.ledger import Ledger

__all__ = [
    "STRATEGIES",
    "Planner",
    "Question",
    "Sized",
    "block_tokens",
    "in_words",
    "stale_note",
    "with_fitting",
]

STRATEGIES: dict[str, ModuleType] = {"full": full, "chunks": chunks}
"""The strategies of one request."""

SEVERAL_CALLS = ("swarm", "research", "digest")
"""The strategies of several calls, which build on these plans."""


@dataclass(frozen=True, slots=True)
class Planner:
    """Plans for one model at one endpoint."""

    model: Model
    base_url: str
    host: str
    ledger: Ledger
    budget: Budget
    effort: str | None = "low"
    allow_unpriced: bool = False
    limits: Limits = UNLIMITED
    """What the account may ask for; nothing is checked where nothing is known."""
    cache_ttl: str | None = None
    """How long the provider is asked to keep the prompt; None leaves it at what is usual."""
    today: date | None = None
    """The day from which the age of a price is reckoned; None is today."""
    reads: int | None = None
    """How many prompt tokens the model was seen to read at every depth (its effective window),
    where a probe found an end; None where nothing is known."""

    @property
    def margin(self) -> Decimal:
        """The share by which a count may be off: the vocabulary's, and its stand-in's."""
        return self.model.margin + counter_for(self.model.vocabulary).margin

    def reading_room(self, question: Question) -> int | None:
        """What one reader of a swarm may be sent: no more than the model was seen to read."""
        most = None if self.reads is None else max(self.reads, LEAST_TOKENS)
        known = [each for each in (self.room.prompt(question), most) if each is not None]
        return min(known, default=None)

    @property
    def room(self) -> Room:
        """What may be sent and answered at all."""
        return Room(
            self.model, self.ledger, self.budget, self.limits, self.margin, self.allow_unpriced
        )

    def plan(self, question: Question, strategy: Strategy, reason: str = "") -> Plan:
        """The plan, byte for byte what would be sent.

        Raises
        ------
        NoTextError, ContextWindowError, OverCapError, PriceUnknownError
            It cannot run; each with the numbers and the next step.
        """
        sized = self.size(question, strategy)
        if sized.refusal:
            raise sized.refusal
        return self.planned(question, sized, reason)

    def planned(
        self, question: Question, sized: Sized, reason: str = "", layout: Layout | None = None
    ) -> Plan:
        """The plan of a question that was sized and may run; its prompt is laid out now, unless
        it was already."""
        layout = layout or STRATEGIES[sized.strategy].lay_out(sized.draft)
        cover = sized.draft.cover
        request = Request.of(
            self.body(layout.messages, sized.limit, self.effort_for(question)),
            prompt_tokens=layout.prompt_tokens,
            max_completion_tokens=sized.limit,
            segments=sized.segments,
            # A bill with pictures in it teaches nothing of the template round the text.
            own_tokens=0 if layout.pictures else layout.own_tokens,
        )
        return Plan(
            question=question.text,
            strategy=sized.strategy,
            model=self.model.id,
            endpoint=self.base_url,
            documents=question.documents,
            stages=(Stage("answer", (request,)),),
            estimate=sized.estimate,
            coverage=layout.coverage,
            price=self.model.price,
            chunks=cover.chunks(layout.chunks) if cover else layout.chunks,
            cover=cover,
            effort=self.effort_for(question),
            reason=reason,
            max_cost=question.max_cost,
            conversation=question.conversation,
            label=question.label,
            warnings=(*sized.warnings, *self.first_time(question)),
            warm_until=sized.warm_until,
            cache_note=sized.cache_note,
            cache_offer=self._hour_offer(question, sized),
            caches=bool(self.model.cache_block),
        )

    def size(self, question: Question, strategy: Strategy) -> Sized:
        """Count and price a question under a strategy, without building what would be sent.

        Raises
        ------
        BadRequestError
            The question is empty, or a page, strategy or limit does not exist.
        NoTextError
            No page that was asked about has text.
        """
        draft = self.draft(question, strategy)
        layout = known.counted(strategy, draft, STRATEGIES[strategy].count)
        return self.sized(question, strategy, draft, layout)

    def resize(self, question: Question, sized: Sized) -> Sized:
        """The same prompt, counted already, with another effort or another limit."""
        return self.sized(question, sized.strategy, sized.draft, sized.layout)

    def sized(self, question: Question, strategy: Strategy, draft: Draft, layout: Layout) -> Sized:
        """A prompt that is laid out or counted already: priced, and held against the window, the
        account's limits and the caps."""
        prompt = layout.prompt_tokens
        segments = layout.segments
        cached, warm_until = self.warm(layout, segments, question)
        margin = self.margin + seeing.margin(layout)
        limit, refusal = replace(self.room, margin=margin).completion(question, layout)
        refusal = seeing.refusal(draft, layout, STRATEGIES.get(strategy, chunks)) or refusal
        refusal = rules.refusal(question.documents, self.base_url) or refusal
        guess = estimating.estimate(
            self.model,
            self.effort_for(question),
            prompt_tokens=prompt,
            cached_tokens=cached,
            messages=len(layout.parts),
            limit=limit,
            margin=margin,
            known=self.experience(strategy, self.effort_for(question)),
        )
        note = self._cache_note(question, strategy, guess)
        over = self._cliff(draft, guess, question) if strategy == "full" else ""
        if over and isinstance(refusal, ContextWindowError):
            refusal = ContextWindowError(refusal.message, joined([over, refusal.hint]))
        notes = (*self.warnings(question), *seeing.warnings(draft))
        if strategy == "chunks":
            pages = sum(len(readable(draft, n, each)) for n, each in numbered(draft.documents))
            notes = (*notes, partial(question.text, layout.coverage, pages))
        lowered = "" if refusal else self.room.lowered(question, layout, limit)
        return Sized(
            strategy=strategy,
            draft=draft,
            layout=layout,
            limit=limit,
            estimate=guess,
            warm_until=warm_until,
            refusal=refusal,
            segments=segments,
            cache_note=note,
            warnings=tuple(filter(None, (*notes, lowered, over))),
        )

    def _cliff(self, draft: Draft, guess: Estimate, question: Question) -> str:
        expected, least = guess.completion_tokens.expected, self.room.least(question)
        place = cliffs.Place(draft, guess.prompt_tokens, expected, least, self.margin)
        return cliffs.cliff(place)

    def experience(self, strategy: str, effort: str | None) -> estimating.Experience:
        """What receipts there are to learn from: others than this strategy's only while its own
        are few."""

        def receipts(name: str | None) -> list[estimating.Receipt]:
            found = self.ledger.history(self.model.id, name, effort)
            return [estimating.Receipt(usage, seconds) for usage, seconds in found]

        own = receipts(strategy)
        few = len(own) < estimating.ENOUGH_RECEIPTS
        return estimating.Experience(own, receipts(None) if few else ())

    def _cache_note(self, question: Question, strategy: Strategy, guess: Estimate) -> str:
        """What this question drops of what the last one left in the provider's cache."""
        documents = tuple(each.id for each in question.documents)
        last = self.ledger.last_warm(self.host, question.conversation, documents)
        return caching.change_note(
            last,
            caching.Asked(
                guess.prompt_tokens,
                guess.cached_tokens,
                self.model,
                self.effort_for(question),
                strategy,
                documents,
                names=tuple(each.name for each in question.documents),
            ),
        )

    def first_time(self, question: Question) -> list[str]:
        """What personal data leaves this machine for the first time, and where it goes."""
        fresh = rules.first_sent(question.documents, self.base_url)
        holding = [document for document in fresh if document.personal_data()]
        return first_time(holding, self.base_url, private=question.private)

    def _hour_offer(self, question: Question, sized: Sized) -> str:
        if not self.model.cache_ttl_1h:
            return ""
        documents = [each.id for each in question.documents]
        pauses = self.ledger.pauses(self.host, self.model.id, documents)
        return caching.hour_offer(self.model, sized.estimate.prompt_tokens, pauses)

    def draft(self, question: Question, strategy: Strategy) -> Draft:
        """What a strategy lays out, once the question is one that can be asked.

        Raises
        ------
        BadRequestError
            The question is empty, or a page, strategy or limit does not exist.
        NoTextError
            No page that was asked about has text.
        """
        check(question, strategy)
        draft = Draft(
            question=question.text.strip(),
            documents=question.documents,
            pages=chosen_pages(question.pages, question.documents),
            model=self.model,
            counter=counter_for(self.model.vocabulary),
            room=self.room.prompt(question),
            chunk_tokens=question.chunk_tokens,
            fills_room=question.max_prompt_tokens is not None,
            turns=question.turns,
            ranking=question.ranking,
            template=PRIOR if self.margin else self.ledger.template(self.host, self.model.id),
        )
        draft = seeing.with_pictures(draft, question)
        if question.private:
            draft = covered(draft)
        if not any(readable(draft, n, document) for n, document in numbered(draft.documents)):
            raise no_text(question.documents)
        return draft

    def warm(
        self, layout: Layout, segments: Sequence[Segment], question: Question
    ) -> tuple[int, float | None]:
        """The tokens likely to be read from the provider's cache, and until when."""
        if not self.model.cache_block:
            return 0, None
        cached, until = self.ledger.warm_tokens(
            self.host,
            self.model.id,
            self.effort_for(question),
            segments,
            block=self.model.cache_block,
            minimum=self.model.cache_min_tokens,
        )
        return min(cached, layout.prompt_tokens), until

    def effort_for(self, question: Question) -> str | None:
        """The effort that is asked for; None for a model that knows none."""
        effort = question.effort or self.effort
        if not self.model.efforts:
            return None
        if effort not in self.model.efforts:
            known = ", ".join(self.model.efforts)
            raise BadRequestError(
                say("{model} has no effort {effort}.", model=self.model.id, effort=repr(effort)),
                say("Choose {known}.", known=known),
            )
        return effort

    def body(self, messages: Sequence[Any], limit: int, effort: str | None) -> dict[str, Any]:
        """What goes on the wire, without `stream` and `stream_options`."""
        body = {"model": self.model.id, "messages": list(messages), "max_completion_tokens": limit}
        if self.cache_ttl == caching.ONE_HOUR:
            body["prompt_cache_options"] = {"ttl": self.cache_ttl}
        return body | ({"reasoning_effort": effort} if effort else {})

    def warnings(self, question: Question) -> tuple[str, ...]:
        """What should be known before a question is asked, a sentence each."""
        old = stale_note(self.model, self.today or date.today())
        notes = tuple(filter(None, (self.model.note, old)))
        currency = self.model.price.currency if self.model.price else None
        hidden = (note for document in question.documents for note in document.notices)
        return (*notes, *hidden, *cap_warnings(self.budget, currency, question.max_cost))


def stale_note(model: Model, today: date) -> str:
    """That a model's price was checked too long ago, where it was."""
    price = model.price
    if price is None or not price.stale(today):
        return ""
    return say(
        "The price of {model} was checked {days} days ago, on {checked}: see `kimiqa prices`.",
        model=model.id,
        days=price.age_days(today),
        checked=price.checked,
    )


def check(question: Question, strategy: str) -> None:
    if strategy not in (*STRATEGIES, *SEVERAL_CALLS):
        known = ", ".join([*STRATEGIES, *SEVERAL_CALLS, "auto"])
        raise BadRequestError(
            say("There is no strategy {strategy}.", strategy=repr(strategy)),
            say("Choose one of {known}.", known=known),
        )
    if not question.text.strip():
        raise BadRequestError("The question is empty.", "Write what you want to know.")
    if not question.documents:
        raise BadRequestError("There is no document to ask.", "Open at least one.")
    if (
        type(question.expected_questions) is not int
        or not 1 <= question.expected_questions <= MOST_QUESTIONS
    ):
        raise BadRequestError(
            say(
                "So many questions ({expected_questions}) cannot be expected.",
                expected_questions=repr(question.expected_questions),
            ),
            say("Choose 1 to {most_questions:,}.", most_questions=MOST_QUESTIONS),
        )
    limits = (question.max_prompt_tokens, question.max_completion_tokens, question.chunk_tokens)
    if any(limit is not None and (type(limit) is not int or limit < 1) for limit in limits):
        raise BadRequestError(
            "A limit of tokens is no whole number from 1 on.", "Write it as 8000."
        )


def block_tokens(document: Document, model: Model | str) -> int:
    """The tokens of a document's block as it would be sent alone, counted for a model."""
    counter = counter_for((get_model(model) if isinstance(model, str) else model).vocabulary)
    frame = frame_tokens(document.name, len(document.pages), counter)
    return frame + sum(document.block_tokens(counter))

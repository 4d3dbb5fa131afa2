"""The types a question passes through: plan, stage, request, estimate, coverage, answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Literal

from kimiqa.money import Cost, CostRange, Price, Range, Usage, plain

Strategy = Literal["full", "chunks", "swarm", "research", "digest", "auto"]
Reason = Literal["empty", "failed", "image", "hidden", "not_chosen", "over_budget"]
CitationStatus = Literal["verified", "moved", "supported", "unverified", "invalid"]
Message = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive text of one page. `start` and `end` are offsets into `page.text`."""

    document: str
    """The document's number in the prompt: "D1"."""
    document_id: str
    page: int
    start: int
    end: int
    tokens: int
    text: str = ""
    picture: bool = False
    """Whether it is the page's picture, and no text."""

    def overlaps(self, other: Chunk) -> bool:
        """Whether they share any text: chunks of another size are cut at other places."""
        return (
            (self.document, self.page) == (other.document, other.page)
            and self.start < other.end
            and other.start < self.end
        )

    def to_json(self) -> dict[str, Any]:
        names = ("document", "document_id", "page", "start", "end", "tokens")
        row = {name: getattr(self, name) for name in names}
        return row | ({"picture": True} if self.picture else {})


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a prompt for the provider's prefix cache.

    `digest` names the prompt from its start to the end of this stretch, so that two
    prompts share a prefix exactly as far as their digests agree; `tokens` counts the same.
    """

    digest: str
    tokens: int


@dataclass(frozen=True, slots=True)
class Request:
    """One call, byte for byte as it will be sent.

    `content` is the canonical JSON of the body (without `stream` and `stream_options`), which
    is what was priced and what `body` and `messages` are read from.
    """

    source: str | Callable[[], str] = field(repr=False, compare=False)
    """The content, or what lays it out anew each time: a plan of many long requests would hold
    every page once more. The digest says that it is the same each time."""
    prompt_tokens: int
    max_completion_tokens: int
    segments: tuple[Segment, ...] = ()
    digest: str = ""
    message_count: int = 0
    own_tokens: int = 0
    """The tokens of the text that is sent, without the chat template's."""
    about: str = ""
    """What it is about, where a plan has several: the pages that it holds."""
    tools: str = ""
    """Names the tools that are sent, before all messages; empty where there are none."""

    @classmethod
    def of(
        cls,
        body: Mapping[str, Any],
        *,
        prompt_tokens: int,
        max_completion_tokens: int,
        segments: Sequence[Segment] = (),
        own_tokens: int = 0,
        about: str = "",
    ) -> Request:
        """The request whose body is `body`; the digest is taken here, once."""
        content = canonical(body)
        digest = fingerprint(content)
        return cls(
            content,
            prompt_tokens,
            max_completion_tokens,
            tuple(segments),
            digest,
            len(body.get("messages", ())),
            own_tokens,
            about,
            tools_name(body.get("tools")),
        )

    def unkept(self, source: Callable[[], str]) -> Request:
        """The same request without its content, which `source` lays out whenever it is wanted."""
        return replace(self, source=source)

    def laid_out(self) -> Request:
        """The same request with its content, laid out once for the check and for the wire."""
        return replace(self, source=self.content)

    @property
    def content(self) -> str:
        """The canonical JSON of the body."""
        return self.source if isinstance(self.source, str) else self.source()

    @property
    def body(self) -> dict[str, Any]:
        """The body as parsed from `content`: a new object each time, so it cannot be altered."""
        parsed: dict[str, Any] = json.loads(self.content)
        return parsed

    @property
    def messages(self) -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = self.body["messages"]
        return messages

    @property
    def unaltered(self) -> bool:
        """Whether the content is still, byte for byte, what was planned and priced."""
        return fingerprint(self.content) == self.digest


def canonical(body: Mapping[str, Any]) -> str:
    """A body as the JSON that is sent."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def tools_json(tools: Any) -> str:
    """Tools as they are sent; empty where there are none."""
    return json.dumps(tools, ensure_ascii=False, separators=(",", ":")) if tools else ""


def tools_name(tools: Any) -> str:
    """Tools by a digest of how they are sent; empty where there are none."""
    return fingerprint(tools_json(tools)) if tools else ""


def fingerprint(content: str) -> str:
    """The SHA-256 of a request's content."""
    return hashlib.sha256(content.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Bounds:
    """The limits of a stage whose requests depend on answers."""

    max_calls: int
    max_prompt_tokens: int
    max_completion_tokens: int
    ceiling: Decimal | None
    calls: tuple[tuple[int, int], ...] = ()
    """The most prompt and completion tokens of each call, where they differ."""
    rounds: tuple[tuple[int, ...], ...] = ()
    """Of a merge: how many findings each call of each round reads; the last is the answer."""
    reach: tuple[frozenset[int], ...] = ()
    """Of research: the pages of each document that its calls may look at."""
    searches: int = 0
    """Of research: how many times it may search the web."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A step of a plan: *known* (its requests stand) or *bounded* (its limits stand)."""

    name: str
    requests: tuple[Request, ...] = ()
    bounds: Bounds | None = None
    kept: tuple[str, ...] = ()
    """The prompts, by the digest of their last segment, whose answers an earlier run paid for."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Pages of one document that an answer does not see, and why."""

    document: str
    pages: tuple[int, ...]
    reason: Reason

    def to_json(self) -> dict[str, Any]:
        return {"document": self.document, "pages": list(self.pages), "reason": self.reason}


@dataclass(frozen=True, slots=True)
class Coverage:
    """Which pages an answer saw. `pages` and `sent` count pages over all documents;
    a page of which a part was sent counts as sent."""

    pages: int
    sent: int
    left_out: tuple[LeftOut, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "pages": self.pages,
            "sent": self.sent,
            "left_out": [each.to_json() for each in self.left_out],
        }


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a question would use, take and cost.

    `prompt_tokens` includes the `cached_tokens` that are likely to be read from the
    provider's cache. `margin` is the share by which the own count may be off (0 when the
    model's own vocabulary counted). `seconds` are wall-clock seconds to the end of the answer.
    """

    prompt_tokens: int
    cached_tokens: int
    completion_tokens: Range[int]
    seconds: Range[float]
    cost: CostRange
    margin: Decimal = Decimal(0)

    def to_json(self) -> dict[str, Any]:
        return {
            "prompt_tokens": self.prompt_tokens,
            "cached_tokens": self.cached_tokens,
            "completion_tokens": self.completion_tokens.to_json(),
            "seconds": self.seconds.to_json(),
            "cost": self.cost.to_json(),
        }


@dataclass(frozen=True, slots=True)
class Whole:
    """Everything in one prompt, as it could have been sent in place of a plan."""

    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    """As they are expected."""


@dataclass(frozen=True, slots=True)
class Saving:
    """What an answer cost less than everything in one prompt would have; negative: more."""

    amount: Decimal
    """With what of everything was likely to stand in the provider's cache."""
    cold: Decimal
    """With nothing of it there."""
    whole: Decimal
    """What everything would have cost; `amount` is the difference."""
    currency: str

    @property
    def share(self) -> Decimal:
        """The saving as a share of what everything would have cost."""
        return self.amount / self.whole

    def to_json(self) -> dict[str, Any]:
        amounts = {name: plain(getattr(self, name)) for name in ("amount", "cold", "whole")}
        return amounts | {"currency": self.currency}


@dataclass(frozen=True, slots=True)
class Plan:
    """What is priced, and what is sent. Nothing has left the machine."""

    question: str
    strategy: Strategy
    model: str
    endpoint: str
    """The endpoint's base URL."""
    documents: tuple[Any, ...]
    """The `Document`s, in the caller's order: D1, D2, …"""
    stages: tuple[Stage, ...]
    estimate: Estimate
    coverage: Coverage
    price: Price | None
    chunks: tuple[Chunk, ...] = ()
    effort: str | None = None
    reason: str = ""
    """Why `auto` chose this strategy, in one line."""
    max_cost: Decimal | None = None
    conversation: str | None = None
    label: str | None = None
    """A client, a matter, a project: what the cost is booked under."""
    warnings: tuple[str, ...] = ()
    warm_until: float | None = None
    """Until when the provider's cache holds what it is expected to (wall-clock seconds)."""
    cache_note: str = ""
    """What a change against the last question does to the cache and the price, in a sentence."""
    cache_offer: str = ""
    """Where keeping the prompt for an hour would pay, that it would, with the break-even."""
    cover: Any = field(default=None, repr=False, compare=False)
    """What stands for what, where personal data was replaced by placeholders."""
    asked: str = ""
    """The question as a swarm's calls are told it: with what was said before in its conversation,
    and with placeholders where personal data was replaced."""
    drafts: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    """By the names of bounded stages: what their prompts will be laid out from."""
    whole: Whole | None = None
    """Everything in one prompt, where that was another way to ask this."""
    caches: bool = False
    """Whether the endpoint is known to keep what it was sent, and so to bill the writing."""
    work: Any = field(default=None, repr=False, compare=False)
    """What a strategy of several calls makes its later requests from."""

    @property
    def requests(self) -> tuple[Request, ...]:
        """The requests of all known stages, in order."""
        return tuple(request for stage in self.stages for request in stage.requests)


@dataclass(frozen=True, slots=True)
class Way:
    """One way to answer, as a row of the table of ways."""

    strategy: Strategy
    model: str
    fits: bool
    reason: str | None
    """Why it cannot run; where it can, what speaks for it. One line."""
    estimate: Estimate
    coverage: Coverage
    plan: Plan | None = None
    warnings: tuple[str, ...] = ()
    cache_note: str = ""
    """What a change against the last question does to the cache and the price, in a sentence."""
    warm_until: float | None = None
    """Until when the provider's cache holds what it is expected to (wall-clock seconds)."""
    next_cost: Decimal | None = None
    """What the next question would cost while the cache is warm; None: nothing would be cached."""
    hint: str = ""
    """Where it cannot run: the next step, with what to leave out to get under a limit."""
    code: str = ""
    """Where it cannot run: the refusal's code."""
    climbs: str = ""
    """How far it may climb where its answer does not hold."""
    partial: bool = False
    """Whether it sees a part only of what the question asks for as a whole."""

    def to_json(self) -> dict[str, Any]:
        head = {
            "strategy": self.strategy,
            "model": self.model,
            "fits": self.fits,
            "reason": self.reason,
        }
        told: dict[str, Any] = {
            "coverage": self.coverage.to_json(),
            "warnings": list(self.warnings),
            "cache_note": self.cache_note or None,
        }
        return head | self.estimate.to_json() | told


@dataclass(frozen=True, slots=True)
class Citation:
    """A place an answer rests on, checked against the page.

    `start` and `end` are the marker's offsets in the answer's text. `found_page` is where the
    words stand (None where they stand nowhere); `found_start` and `found_end` are offsets
    into that page's text, for the boxes. `place` says what the page is where it is no sheet of
    paper: "slide 3", or "src/main.py, line 132" for a quote that stands there.
    """

    document: str
    document_id: str | None
    page: int
    found_page: int | None
    quote: str | None
    status: CitationStatus
    start: int = 0
    end: int = 0
    found_start: int | None = None
    found_end: int | None = None
    place: str | None = None

    def to_json(self) -> dict[str, Any]:
        names = ("document", "document_id", "page", "found_page", "quote", "status", "place")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool that a model calls: `arguments` is the JSON that it wrote, as it wrote it."""

    id: str = ""
    name: str = ""
    arguments: str = ""

    def with_piece(self, id: str, name: str, arguments: str) -> ToolCall:
        """The call with the next piece of it; id and name come once."""
        return ToolCall(self.id or id, self.name or name, self.arguments + arguments)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, what it rests on, what it saw, and what it cost."""

    text: str
    strategy: Strategy
    model: str
    citations: tuple[Citation, ...]
    coverage: Coverage
    usage: Usage | None
    cost: Cost
    estimate: Estimate
    finish_reason: str | None
    """As the endpoint gave it; None when the reply ended without one: it may be incomplete."""
    warnings: tuple[str, ...] = ()
    reasoning: str = ""
    seconds: float = 0.0
    id: str = ""
    """The ledger's number of the call."""
    state: str = "settled"
    """The ledger's state: settled, estimated, unknown or released."""
    question: str = ""
    plan: Plan | None = field(default=None, repr=False, compare=False)
    calls: tuple[ToolCall, ...] = ()
    """The tools that the model calls in place of answering."""
    reasoning_field: str = "reasoning_content"
    """What the endpoint calls `reasoning`."""
    uncertain: bool = False
    """Whether it may have cost more than is booked: the caps then take it at its ceiling."""
    saving: Saving | None = None
    """What it saved against sending everything; None where everything was sent, or was no way."""

    @property
    def complete(self) -> bool:
        """Whether the endpoint said that it had finished."""
        return self.finish_reason == "stop" and bool(self.text.strip())

    def to_json(self) -> dict[str, Any]:
        return {
            "text": self.text,
            "strategy": self.strategy,
            "model": self.model,
            "citations": [each.to_json() for each in self.citations],
            "coverage": self.coverage.to_json(),
            "usage": self.usage.to_json() if self.usage else None,
            "cost": self.cost.to_json(),
            "estimate": self.estimate.to_json(),
            "finish_reason": self.finish_reason,
            "warnings": list(self.warnings),
            "saving": self.saving.to_json() if self.saving else None,
        }


# What a stream yields, in this order: Started, then any of the middle four, then Finished.


@dataclass(frozen=True, slots=True)
class Started:
    """The plan is reserved in the ledger and about to be sent."""

    plan: Plan
    id: str


@dataclass(frozen=True, slots=True)
class Reasoning:
    """The model thinks aloud: not part of the answer, but paid for."""

    text: str


@dataclass(frozen=True, slots=True)
class Text:
    """The next piece of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Cited:
    """A citation was completed and checked."""

    citation: Citation


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a longer step is: reading a document, or waiting for the endpoint."""

    step: str
    done: int
    total: int | None
    message: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One call or tool of a longer run, whenever its state changes."""

    kind: str
    """What it does: "read", "merge", "search", …"""
    number: int
    """Which of its kind it is, from 1."""
    total: int | None
    """How many of its kind there will be; None where that is not known beforehand."""
    state: Literal["waiting", "running", "done", "nothing", "failed", "kept"]
    """`nothing`: it found nothing; `kept`: an earlier run did it, and it is not paid again."""
    message: str = ""
    cost: Cost | None = None
    text: str = ""
    """The best answer so far, where it may still be taken back and is not shown yet."""


@dataclass(frozen=True, slots=True)
class Finished:
    """The whole answer, with its receipt."""

    answer: Answer


Event = Started | Reasoning | Text | Cited | Progress | Step | Finished

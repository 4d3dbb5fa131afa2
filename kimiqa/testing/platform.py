"""The platform behind the server: its settings, its state, and what each call does to them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random, SystemRandom
from typing import Any, Literal

from kimiqa.testing import checks, problems
from kimiqa.testing.answers import Answerer, Scripted, scripted
from kimiqa.testing.billing import BillRow, Tokens, bill_row
from kimiqa.testing.cache import BLOCK_TOKENS, ONE_HOUR, PrefixCache, chain_of, exact_digest
from kimiqa.testing.catalogue import WEB_SEARCH, ServedModel, offered
from kimiqa.testing.chance import ReasoningLaw, Template
from kimiqa.testing.distortions import refusal
from kimiqa.testing.faults import Fault, FaultQueue, PlannedFault
from kimiqa.testing.files import Extractor, FileShelf, decode
from kimiqa.testing.limits import Gate, Limits
from kimiqa.testing.messages import identity, prompt_ids
from kimiqa.testing.speech import (
    CachedField,
    Manner,
    UsagePlacement,
    plain,
    streamed,
    told,
    usage_json,
)
from kimiqa.testing.turns import Turn, composed, halved
from kimiqa.testing.vocabulary import Vocabulary
from kimiqa.testing.wire import Reply, json_reply

Region = Literal["ai", "cn"]
CURRENCIES: Mapping[Region, str] = {"ai": "USD", "cn": "CNY"}
BROKEN_OFF = {Fault.LENGTH: "length", Fault.CONTENT_FILTER_FINISH: "content_filter"}


@dataclass(frozen=True, slots=True)
class Recorded:
    """A request as it arrived. `body` is None where it was not a JSON object."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: dict[str, Any] | None
    raw: bytes
    at: float


@dataclass(frozen=True, slots=True)
class _Prompt:
    """What a request would put into the model, and where it stands in the cache."""

    tokens: int
    chain: list[bytes]
    exact: bytes


@dataclass(eq=False, kw_only=True)
class Platform:
    """Every setting may be changed while the server runs; the next request sees it."""

    key: str | None = "sk-test"
    """The key that is taken; None takes every key, and none."""
    seed: int | None = None
    """Draws the template overhead and the reasoning lengths; None draws the seed too."""
    models: Sequence[ServedModel | str] | None = None
    region: Region = "ai"
    deposit: Decimal = Decimal(100)
    limits: Limits = field(default_factory=Limits)
    answer: str | Scripted | Answerer | None = None
    """The reply, or what makes it of the body; None quotes the pages that were sent."""
    reasoning: int | None = None
    """A fixed length of reasoning in tokens; None draws it from `law`."""
    usage_placement: UsagePlacement = "choice"
    cached_field: CachedField = "top"
    reasoning_field: str = "reasoning_content"
    """`reasoning` is what newer vLLM calls it."""
    reasoning_details: bool = False
    cache_write_field: str | None = None
    null_content: bool = False
    latency: float = 0.0
    """Seconds to the first byte of an answer."""
    tokens_per_second: float = 0.0
    """The speed of the stream; 0 is as fast as it goes."""
    cache_exact_resend: bool = False
    """Whether the very same prompt is read from the cache in full, not in whole blocks."""
    extract: Extractor = decode
    extracted_as: Literal["json", "text"] = "json"
    ready_after: float = 0.0
    """Seconds by the server's clock until an uploaded file's text can be had."""
    clock: Callable[[], float] = time.monotonic
    keep: int | None = None
    """How many requests to remember; None is all."""

    def __post_init__(self) -> None:
        self.seed = SystemRandom().getrandbits(32) if self.seed is None else self.seed
        start = Random(self.seed)
        self.template = Template.drawn(start)
        self.law = ReasoningLaw.drawn(start)
        self.faults = FaultQueue()
        self.cache = PrefixCache()
        self.gate = Gate()
        self.files = FileShelf()
        self.requests: list[Recorded] = []
        self.dropped: list[Recorded] = []
        """Requests whose client hung up before the end of the reply."""
        self.bill: list[BillRow] = []
        self._random = Random(start.random())
        self._vocabularies: dict[str, Vocabulary] = {}
        self._offset = 0.0

    def now(self) -> float:
        return self.clock() + self._offset

    def advance(self, seconds: float) -> None:
        """Let cache lifetimes and limits pass so many seconds."""
        self._offset += seconds

    @property
    def currency(self) -> str:
        return CURRENCIES[self.region]

    @property
    def offered(self) -> dict[str, ServedModel]:
        return offered(self.models, self.currency)

    @property
    def chats(self) -> list[dict[str, Any]]:
        """The bodies of all chat requests that were read."""
        chats = (each for each in self.requests if each.path.endswith("/chat/completions"))
        return [each.body for each in chats if each.body is not None]

    @property
    def billed(self) -> Decimal:
        return sum((row.amount for row in self.bill), Decimal(0))

    @property
    def balance(self) -> Decimal:
        return self.deposit - self.billed

    @balance.setter
    def balance(self, amount: Decimal) -> None:
        self.deposit = amount + self.billed

    def fault(self, fault: Fault | str, **options: Any) -> None:
        """Let coming requests meet a fault; the options are those of `FaultQueue.add`."""
        self.faults.add(fault, **options)

    def count(self, messages: Sequence[Mapping[str, Any]], model: str = "kimi-k3") -> int:
        """The prompt tokens of `messages`, template overhead included."""
        body = {"messages": list(messages)}
        asked = self.offered[model]
        return len(prompt_ids(body, self.template, self._words(asked), asked.patches))

    def authorise(self, headers: Mapping[str, str]) -> None:
        given = headers.get("authorization", "")
        if self.key is None or given == f"Bearer {self.key}":
            return
        raise problems.wrong_key() if given else problems.no_key()

    def record(self, request: Recorded) -> None:
        self.requests.append(request)
        if self.keep is not None and len(self.requests) > self.keep:
            del self.requests[: -self.keep]

    def estimate(self, body: Mapping[str, Any]) -> Reply:
        model = self.offered.get(str(body.get("model")))
        if model is None:
            raise problems.no_model(body.get("model"))
        messages = checks.check_messages(body)
        return json_reply({"data": {"total_tokens": self.count(messages, model.id)}})

    def chat(self, body: dict[str, Any], planned: PlannedFault | None) -> tuple[Reply, bool]:
        """The reply as it would be without a fault of the wire, and whether work was done."""
        refused = refusal(planned) if planned else None
        billed = planned is None or planned.billed
        if refused and not billed:
            raise refused
        if billed and self.balance <= 0:
            raise problems.out_of_quota()
        turn, tokens = self._work(body, planned, billed)
        if refused:
            raise refused
        return self._said(turn, tokens, body, planned), billed

    def _work(
        self, body: dict[str, Any], planned: PlannedFault | None, billed: bool
    ) -> tuple[Turn, Tokens]:
        model = checks.check_request(body, self.offered)
        words, prompt = self._words(model), self._prompt(body, model)
        limit = body.get("max_completion_tokens") or body.get("max_tokens")
        limit = limit or model.default_max_tokens
        if prompt.tokens + limit > model.context_length:
            raise problems.too_long(model.context_length, prompt.tokens + limit)
        if billed:
            self.gate.admit(prompt.tokens + limit, self.limits, self.now())
        turn = self._turn(body, model, limit)
        if planned and planned.fault in BROKEN_OFF:
            turn = halved(turn, BROKEN_OFF[planned.fault], words)
        tokens = self._read_and_keep(prompt, body, model, turn, keep=billed)
        if billed:
            fault = planned.fault.value if planned else None
            self.bill.append(bill_row(turn.id, tokens, model, self.currency, fault))
        return turn, tokens

    def _prompt(self, body: Mapping[str, Any], model: ServedModel) -> _Prompt:
        ids = prompt_ids(body, self.template, self._words(model), model.patches)
        owner = identity(body)
        return _Prompt(len(ids), chain_of(ids, owner), exact_digest(ids, owner))

    def _turn(self, body: dict[str, Any], model: ServedModel, limit: int) -> Turn:
        effort = body.get("reasoning_effort") or (model.efforts[-1] if model.efforts else "low")
        drawn = self.law.draw(self._random, effort) if self.reasoning is None else self.reasoning
        if not checks.reasons(body, model):
            drawn = 0
        said = scripted(self.answer, body)
        return composed(model.id, said, drawn, limit, self._words(model), self._random)

    def _read_and_keep(
        self,
        prompt: _Prompt,
        body: Mapping[str, Any],
        model: ServedModel,
        turn: Turn,
        *,
        keep: bool,
    ) -> Tokens:
        now, ttl = self.now(), checks.cache_ttl(body)
        cached = self._cached(prompt, now)
        if keep:
            links = [*prompt.chain, prompt.exact] if prompt.chain else []
            self.cache.write(links, now, ttl=ttl, ready=now + self.latency)
        written = prompt.tokens - cached if prompt.chain and ttl == ONE_HOUR else 0
        return Tokens(
            prompt=prompt.tokens,
            cached=cached,
            completion=turn.completion_tokens,
            reasoning=turn.reasoning_tokens,
            kept_1h=written if model.rates[self.currency].write_1h is not None else 0,
            searches=sum(each["function"]["name"] == WEB_SEARCH for each in turn.tool_calls),
        )

    def _cached(self, prompt: _Prompt, now: float) -> int:
        blocks = self.cache.read(prompt.chain, now)
        if self.cache_exact_resend and prompt.chain and self.cache.read([prompt.exact], now):
            return prompt.tokens
        return blocks * BLOCK_TOKENS

    def _said(
        self, turn: Turn, tokens: Tokens, body: Mapping[str, Any], planned: PlannedFault | None
    ) -> Reply:
        manner = self._manner()
        fault = planned.fault if planned else None
        usage = told(usage_json(tokens, manner), fault)
        if fault is Fault.EMPTY_CHOICES:
            return json_reply({"id": turn.id, "model": turn.model, "choices": [], "usage": usage})
        if not body.get("stream") or fault is Fault.JSON_FOR_STREAM:
            return plain(turn, usage, manner)
        options = body.get("stream_options") or {}
        return streamed(turn, usage, manner, include_usage=bool(options.get("include_usage")))

    def _manner(self) -> Manner:
        return Manner(
            usage_placement=self.usage_placement,
            cached_field=self.cached_field,
            reasoning_field=self.reasoning_field,
            reasoning_details=self.reasoning_details,
            cache_write_field=self.cache_write_field,
            null_content=self.null_content,
            latency=self.latency,
            tokens_per_second=self.tokens_per_second,
        )

    def _words(self, model: ServedModel) -> Vocabulary:
        return self._vocabularies.setdefault(model.vocabulary, Vocabulary(model.vocabulary))

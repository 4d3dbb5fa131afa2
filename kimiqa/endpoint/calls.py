"""The endpoint over the network: one call, its deadline, its permitted repeats."""

from __future__ import annotations

import json
import re
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

import anyio

from kimiqa.endpoint.complaints import Asked, read_complaint
from kimiqa.endpoint.connecting import Handover
from kimiqa.endpoint.deltas import Delta, NoteDelta, SentDelta, WaitDelta
from kimiqa.endpoint.extracting import Extraction, offered, remote_name
from kimiqa.endpoint.faults import Fault, reported
from kimiqa.endpoint.patience import Patience
from kimiqa.endpoint.replies import ReplyReader, Watch
from kimiqa.endpoint.wire import (
    FaultError,
    adopt_client,
    build_client,
    closing,
    pieces,
    read_whole,
    send,
    unsendable,
)
from kimiqa.errors import BadRequestError, BrokenReplyError, CutError, DeadlineError, NoKeyError
from kimiqa.money import Cost
from kimiqa.saying import Said, say
from kimiqa.settings import Provider, Secret, Target, host_of, provider_at

if TYPE_CHECKING:
    import httpx2

T = TypeVar("T")

LINGER_SECONDS = 5.0
"""How long usage may lag behind the finish reason."""
_SHORT_CALL_SECONDS = 30.0
_SHORT_REPLY_BYTES = 8 * 1024 * 1024


class OpenAIEndpoint:
    """An OpenAI-compatible endpoint.

    `client` is a user's own openai client, used instead of one built for `target`;
    `transport` carries the requests instead of the network; `watch` sees the replies as they are.
    """

    def __init__(
        self,
        target: Target,
        *,
        client: Any = None,
        transport: httpx2.AsyncBaseTransport | None = None,
        watch: Watch | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        self.target = target
        self._own_client = client is not None
        self._client = adopt_client(client) if client else build_client(target, transport)
        self._watch = watch
        self._clock = clock
        self._sleep = sleep

    async def stream(
        self, body: Mapping[str, Any] | str, *, deadline: float
    ) -> AsyncGenerator[Delta, None]:
        """Send `body`, as an object or as its JSON, and yield the reply as it comes.

        Raises:
            NoKeyError: nothing was sent.
            EndpointError: its `billed` says whether the call may cost.
            ContextWindowError: the endpoint refused the prompt's length.
            DeadlineError: `deadline` seconds have passed; its `billed` says as much.
        """
        asked = self._asked(_model_of(body))
        ends = self._clock() + deadline
        call = self._open(_streamed(body, asked), asked, ends, deadline)
        del body  # megabytes, which are on their way as bytes
        response = None
        async with aclosing(call):
            async for step in call:
                if isinstance(step, SentDelta | WaitDelta):
                    yield step
                else:
                    response = step
        assert response is not None
        async with closing(response), aclosing(self._read(response, asked, ends, deadline)) as read:
            async for delta in read:
                yield delta

    async def _open(
        self, body: bytes, asked: Asked, ends: float, deadline: float
    ) -> AsyncGenerator[SentDelta | WaitDelta | httpx2.Response, None]:
        """Send until there is a reply to read, which comes last."""
        self._require_key()
        patience = Patience(lambda: ends - self._clock())
        while True:
            yield SentDelta()
            outcome = await self._try(body, asked, ends, deadline)
            if not isinstance(outcome, Fault):
                yield outcome
                return
            wait = patience.pause(outcome)
            if wait is None:
                raise outcome.error
            yield WaitDelta(wait, outcome.error.message)
            await self._sleep(wait)

    async def _try(
        self, body: bytes, asked: Asked, ends: float, deadline: float
    ) -> httpx2.Response | Fault:
        handover = Handover()
        with anyio.move_on_after(self._left(ends)):
            try:
                return await send(self._client, "/chat/completions", body, asked, handover)
            except FaultError as error:
                return error.fault
        return Fault(_late(asked, deadline, sent=handover.possible))

    async def _read(
        self, response: httpx2.Response, asked: Asked, ends: float, deadline: float
    ) -> AsyncGenerator[Delta, None]:
        """The deltas of a reply. Once it has finished, nothing that follows can spoil it."""
        reader = ReplyReader(asked, self._watch)
        async with aclosing(self._timed(pieces(response, asked), reader, ends)) as timed:
            try:
                async for piece in timed:
                    for delta in reader.feed(piece):
                        yield delta
                    if reader.done:
                        break
                for delta in reader.close():
                    yield delta
            except TimeoutError:
                late: DeadlineError | CutError | None = _late(asked, deadline, sent=True)
            except (CutError, DeadlineError) as error:
                late = error
            else:
                late = None
        if late and not reader.finished:
            raise late
        if late:
            yield NoteDelta("The connection stayed open or broke after the answer was complete.")

    async def _timed(
        self, found: AsyncGenerator[bytes, None], reader: ReplyReader, ends: float
    ) -> AsyncGenerator[bytes, None]:
        """`found` against the deadline, each piece for itself: a cancel scope must not stand
        round a yield."""
        async with aclosing(found):
            while True:
                left = self._left(ends)
                with anyio.fail_after(min(left, LINGER_SECONDS) if reader.finished else left):
                    piece = await anext(found, None)
                if piece is None:
                    return
                yield piece

    async def models(self) -> list[dict[str, Any]]:
        """What the endpoint lists: at least an `id` each."""
        found = await self._short("/models")
        rows = found.get("data") if isinstance(found, dict) else found
        if not isinstance(rows, list):
            raise BrokenReplyError(
                say(
                    "{host} lists no models: its reply is of another kind.", host=self._asked().host
                ),
                "Check the base URL, which usually ends in /v1.",
            )
        return [row for row in rows if isinstance(row, dict) and isinstance(row.get("id"), str)]

    async def balance(self, *, anyway: bool = False) -> Cost:
        """The money left in the account, where the provider tells; with `anyway` a host that
        is no known provider's is asked too."""
        if not anyway:
            self._offered("balance")
        found = await self._short("/users/me/balance")
        amount = _at(found, "data", "available_balance")
        currency = "CNY" if self._asked().host.endswith(".cn") else "USD"
        if isinstance(amount, bool) or not isinstance(amount, int | Decimal):
            raise BrokenReplyError(
                say("The balance told by {host} is no number.", host=self._asked().host)
            )
        return Cost(Decimal(amount), currency)

    async def estimate_tokens(self, body: Mapping[str, Any], *, anyway: bool = False) -> int:
        """The provider's own count of a planned body's prompt, which is sent for it; with
        `anyway` a host that is no known provider's is asked too."""
        if not anyway:
            self._offered("estimate")
        asked = {name: body[name] for name in ("model", "messages")}
        found = await self._short("/tokenizers/estimate-token-count", asked)
        tokens = _at(found, "data", "total_tokens")
        if isinstance(tokens, bool) or not isinstance(tokens, int) or tokens < 0:
            raise BrokenReplyError(
                say("The count told by {host} is no number.", host=self._asked().host)
            )
        return tokens

    async def extracted(self, name: str, content: bytes) -> tuple[str, Said]:
        """The text of a file, which is sent for it and deleted there afterwards; and what to
        say where it could not be deleted. Free."""
        self._require_key()
        asked = self._asked()
        offered(asked.base_url)
        return await Extraction(self._client, asked).text(remote_name(name), content)

    async def aclose(self) -> None:
        """Close the connections; those of a user's own client stay open."""
        if not self._own_client:
            await self._client.close()

    async def _short(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """The JSON of a short call that costs nothing."""
        self._require_key()
        asked = self._asked(str((body or {}).get("model", "")))
        error: Exception | None = None
        with anyio.move_on_after(_SHORT_CALL_SECONDS):
            try:
                response = await send(self._client, path, body, asked, Handover())
                async with closing(response):
                    data = await read_whole(response, asked, _SHORT_REPLY_BYTES)
                return _free(data, asked)
            except FaultError as fault:
                error = fault.fault.error
        raise error or _late(asked, _SHORT_CALL_SECONDS, sent=False)

    def _offered(self, what: str) -> None:
        provider: Provider | None = provider_at(self._asked().base_url)
        if provider is None or not getattr(provider, what):
            raise BadRequestError(
                say("{host} tells no balance.", host=self._asked().host)
                if what == "balance"
                else say("{host} does not count tokens.", host=self._asked().host),
                "Moonshot's platform does.",
            )

    def _require_key(self) -> None:
        if self.target.needs_key and not self._own_client:
            raise NoKeyError(
                say("{host} needs a key.", host=self.target.host), self.target.key_hint
            )

    def _asked(self, model: str = "") -> Asked:
        url = str(self._client.base_url).rstrip("/")
        key = self.target.api_key
        if self._own_client and isinstance(self._client.api_key, str):
            key = Secret(self._client.api_key) if self._client.api_key else None
        return Asked(url, host_of(url), model, key)

    def _left(self, ends: float) -> float:
        return max(0.0, ends - self._clock())


_STREAMED = ',"stream":true,"stream_options":{"include_usage":true}}'


def _streamed(body: Mapping[str, Any] | str, asked: Asked) -> bytes:
    """The planned body byte for byte, with what is added to stream it at its end."""
    try:
        content = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
        return (content[:-1] + _STREAMED).encode()
    except (TypeError, ValueError) as error:
        refusal = unsendable(error, asked)
    raise refusal


def _model_of(body: Mapping[str, Any] | str) -> str:
    """The model a body asks. Of JSON only its beginning is looked at: it can be megabytes."""
    if not isinstance(body, str):
        return str(body.get("model", ""))
    found = re.match(r'\s*\{\s*"model"\s*:\s*("(?:[^"\\]|\\.)*")', body)
    return str(json.loads(found[1])) if found else ""


def _late(asked: Asked, deadline: float, *, sent: bool) -> DeadlineError:
    return DeadlineError(
        say(
            "The call to {host} took longer than its {deadline:,.0f} seconds.",
            host=asked.host,
            deadline=deadline,
        ),
        "It may have been paid for. Ask for less, or allow more time."
        if sent
        else "Nothing was billed. Ask for less, or allow more time.",
        billed="unknown" if sent else "no",
    )


def _free(data: bytes, asked: Asked) -> Any:
    try:
        found = json.loads(data, parse_float=Decimal)
    except (ValueError, RecursionError):
        found = None
    if found is None:
        raise FaultError(
            Fault(BrokenReplyError(say("{host} did not answer with JSON.", host=asked.host)))
        )
    if isinstance(found, dict) and found.get("error"):
        raise FaultError(Fault(reported(read_complaint(found, asked), asked)))
    return found


def _at(found: Any, *names: str) -> Any:
    for name in names:
        found = found.get(name) if isinstance(found, dict) else None
    return found

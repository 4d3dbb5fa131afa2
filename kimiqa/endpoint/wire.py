"""The only door to openai and httpx2: one request out, its reply's bytes in."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import anyio

from kimiqa.endpoint.complaints import Asked
from kimiqa.endpoint.connecting import (
    CONNECT_SECONDS,
    SILENT_SECONDS,
    Handover,
    silent,
    unconnected,
)
from kimiqa.endpoint.faults import Fault, refused
from kimiqa.errors import (
    BadRequestError,
    BrokenReplyError,
    CutError,
    KimiqaError,
)
from kimiqa.saying import say
from kimiqa.settings import Target, is_loopback

if TYPE_CHECKING:
    import httpx2
    import openai

_OPTIONS: Any = {"follow_redirects": False}
_ERROR_BYTES = 64 * 1024
_KEPT = {"accept", "accept-encoding", "connection", "content-length", "content-type", "host"}


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that is sent as a form, with what it is for."""

    name: str
    content: bytes
    purpose: str


class _Remove:
    """In place of a body: what the path names is to be deleted."""


REMOVE: Final = _Remove()

Body = Mapping[str, Any] | bytes | Upload | _Remove | None


_handover: ContextVar[Handover] = ContextVar("kimiqa_handover")


class FaultError(Exception):
    """Carries a `Fault` out of the door; it never leaves the package."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.error.message)
        self.fault = fault


def build_client(
    target: Target, transport: httpx2.AsyncBaseTransport | None = None
) -> openai.AsyncOpenAI:
    """A client for `target` that neither retries nor follows redirects."""
    import httpx2
    import openai

    http = httpx2.AsyncClient(
        transport=transport,
        timeout=_timeout(),
        follow_redirects=False,
        # A proxy is no way to this machine.
        trust_env=not (target.embedded or is_loopback(target.base_url)),
        # No compression: it would hide how long a reply is, and hold back its pieces.
        headers={"Accept-Encoding": "identity"},
        event_hooks={"request": [_outgoing(target)], "response": [_incoming]},
    )
    # The key is put on by the hook, so that the SDK has none to print.
    return openai.AsyncOpenAI(
        api_key="unset",
        base_url=target.base_url,
        max_retries=0,
        timeout=_timeout(),
        http_client=http,
    )


def adopt_client(client: Any) -> openai.AsyncOpenAI:
    """A user's own client without its retries; of a synchronous one, the asynchronous twin."""
    import openai

    if isinstance(client, openai.AsyncOpenAI):
        return client.with_options(max_retries=0)
    if type(client) is not openai.OpenAI:
        raise BadRequestError(
            say("openai_client is {kind}.", kind=type(client).__name__),
            "Pass an openai.OpenAI, or any openai.AsyncOpenAI.",
        )
    headers = {k: v for k, v in client.default_headers.items() if isinstance(v, str)}
    return openai.AsyncOpenAI(
        api_key=client.api_key,
        organization=client.organization,
        project=client.project,
        base_url=client.base_url,
        default_headers=headers,
        default_query=client.default_query,
        timeout=client.timeout,
        max_retries=0,
    )


def _timeout() -> httpx2.Timeout:
    import httpx2

    return httpx2.Timeout(connect=CONNECT_SECONDS, read=SILENT_SECONDS, write=120.0, pool=30.0)


def _outgoing(target: Target) -> Callable[[httpx2.Request], Awaitable[None]]:
    """The hook that dresses a request: our own headers alone, and the key of this host.

    The environment can add an organisation or any header to the SDK's requests; those are
    meant for OpenAI, and not for whoever is asked here.
    """
    from kimiqa import __name__ as product

    async def dress(request: httpx2.Request) -> None:
        for name in [each for each in request.headers if each.lower() not in _KEPT]:
            del request.headers[name]
        request.headers["User-Agent"] = product
        if target.api_key:
            request.headers["Authorization"] = f"Bearer {target.api_key.reveal()}"
        request.extensions["trace"] = _handover.get(Handover())

    return dress


async def _incoming(response: httpx2.Response) -> None:
    """The hook that shortens a refusal: the SDK reads it whole, however long it is."""
    if response.status_code >= 300:
        from httpx2 import AsyncByteStream

        whole = response.stream

        class Short(AsyncByteStream):
            async def __aiter__(self) -> AsyncIterator[bytes]:
                left = _ERROR_BYTES
                async for piece in whole:  # type: ignore[union-attr]
                    yield piece[:left]
                    left -= len(piece)
                    if left <= 0:
                        return

            async def aclose(self) -> None:
                await whole.aclose()  # type: ignore[union-attr]

        response.stream = Short()


async def send(
    client: openai.AsyncOpenAI,
    path: str,
    body: Body,
    asked: Asked,
    handover: Handover,
) -> httpx2.Response:
    """The response to a POST of `body`, to a GET or to a DELETE; its own body is not yet read.

    Raises:
        FaultError: anything but success.
    """
    import httpx2
    import openai

    token = _handover.set(handover)
    try:
        if isinstance(body, _Remove):
            return await client.delete(path, cast_to=httpx2.Response, options=_OPTIONS)
        return (await _request(client, path, body)).response
    except openai.APIStatusError as error:
        fault = refused(error.status_code, error.body, error.response.headers, asked)
    except (openai.APIConnectionError, httpx2.HTTPError) as error:
        fault = unconnected(error, asked, handover)
    except (openai.OpenAIError, httpx2.InvalidURL, TypeError, ValueError) as error:
        fault = Fault(unsendable(error, asked))
    except RuntimeError as error:
        fault = Fault(_elsewhere(error))
    finally:
        _handover.reset(token)
    # Raised out here, or the SDK's error, which holds the request, would hang on as context.
    raise FaultError(fault)


async def _request(
    client: openai.AsyncOpenAI, path: str, body: Mapping[str, Any] | bytes | Upload | None
) -> openai.AsyncStream[object]:
    """The SDK's stream, of which only the response is used: what it holds may be no stream.

    Its generic verbs send `body` as it is; its chat method would go through every message.
    """
    import openai

    kind = openai.AsyncStream[object]
    options: Any = dict(_OPTIONS)
    if body is None:
        return await client.get(path, cast_to=object, options=options, stream=True, stream_cls=kind)
    if isinstance(body, Upload):
        options["headers"] = {"Content-Type": "multipart/form-data"}
        return await client.post(
            path,
            cast_to=object,
            body={"purpose": body.purpose},
            files=[("file", (body.name, body.content))],
            options=options,
            stream=True,
            stream_cls=kind,
        )
    if isinstance(body, bytes):
        options["headers"] = {"Content-Type": "application/json"}
        return await client.post(
            path, cast_to=object, content=body, options=options, stream=True, stream_cls=kind
        )
    return await client.post(
        path, cast_to=object, body=body, options=options, stream=True, stream_cls=kind
    )


@asynccontextmanager
async def closing(response: httpx2.Response) -> AsyncIterator[httpx2.Response]:
    """Close `response` at the end, also when cancelled, and without waiting for its peer."""
    try:
        yield response
    finally:
        with anyio.move_on_after(1, shield=True):
            await response.aclose()


async def pieces(response: httpx2.Response, asked: Asked) -> AsyncGenerator[bytes, None]:
    """The bytes of a reply as they come.

    Raises:
        CutError: the connection broke. DeadlineError: it fell silent.
    """
    import httpx2

    error: KimiqaError | None = None
    try:
        async with aclosing(response.aiter_bytes()) as found:
            async for piece in found:
                yield piece
    except httpx2.TimeoutException:
        error = silent(asked)
    except (httpx2.HTTPError, httpx2.StreamError, OSError):
        error = CutError(
            say("The connection to {host} broke in the middle of the reply.", host=asked.host),
            "What came before is kept. The question may have been paid for.",
            billed="unknown",
        )
    if error:
        raise error


def _elsewhere(error: RuntimeError) -> KimiqaError:
    """What a caller's own asynchronous client says whose connections belong to another loop."""
    if "event loop" not in str(error).lower():
        raise error
    return BadRequestError(
        "The openai_client is at home in another event loop. Nothing was sent.",
        "Use kimiqa.AsyncClient in that loop, or pass an openai.OpenAI.",
    )


def unsendable(error: Exception, asked: Asked) -> KimiqaError:
    # Only the kind: such an error's text can hold the prompt.
    return BadRequestError(
        say(
            "The request to {host} could not be made ({kind}).",
            host=asked.host,
            kind=type(error).__name__,
        ),
        "Nothing was sent. Check the base URL, the key and the text for broken characters.",
    )


async def read_whole(response: httpx2.Response, asked: Asked, most: int) -> bytes:
    """The whole of a short reply."""
    data = bytearray()
    async for piece in pieces(response, asked):
        data += piece
        if len(data) > most:
            raise BrokenReplyError(
                say(
                    "The reply of {host} is longer than {most:,} bytes.", host=asked.host, most=most
                )
            )
    return bytes(data)

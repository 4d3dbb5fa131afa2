"""Connections that fail: where, and whether the request had been handed over by then."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from socket import gaierror
from typing import Any

from kimiqa.endpoint.complaints import Asked
from kimiqa.endpoint.faults import Fault
from kimiqa.errors import CutError, DeadlineError, UnreachableError
from kimiqa.saying import Said, joined, say

CONNECT_SECONDS = 5.0
SILENT_SECONDS = 600.0
"""The longest silence inside a call: a long prompt is read for minutes before the first word."""


class Handover:
    """Whether a request has been handed over whole: after that it may be worked on."""

    def __init__(self) -> None:
        self._watched = False
        self._whole = False

    async def __call__(self, event: str, info: Mapping[str, Any]) -> None:
        """The transport's trace."""
        self._watched = True
        self._whole = self._whole or event.endswith("send_request_body.complete")

    @property
    def possible(self) -> bool:
        """What is not watched is taken to be handed over."""
        return self._whole or not self._watched


def unconnected(error: Exception, asked: Asked, handover: Handover) -> Fault:
    """The fault behind a connection that failed before any reply."""
    import httpx2

    causes = list(_causes(error))
    kinds = tuple(type(each) for each in causes)

    def among(*wanted: type[BaseException]) -> bool:
        return any(issubclass(kind, wanted) for kind in kinds)

    if among(ssl.SSLCertVerificationError):
        return Fault(_unreachable(asked, say("its certificate was not accepted"), _TLS))
    if among(ssl.SSLError):
        return Fault(
            _unreachable(asked, say("it does not speak TLS"), say("Is it http:// in truth?"))
        )
    if among(gaierror):
        return Fault(_unreachable(asked, say("its name was not found"), _NAME), "once")
    if among(httpx2.ProxyError):
        return Fault(_unreachable(asked, say("the proxy refused the connection"), _PROXY))
    if among(httpx2.ConnectTimeout, httpx2.PoolTimeout):
        seconds = say("no connection within {seconds:.0f} seconds", seconds=CONNECT_SECONDS)
        return Fault(_unreachable(asked, seconds, _NETWORK), "once")
    if among(httpx2.ConnectError):
        return Fault(_unreachable(asked, say("the connection was refused"), _NETWORK), "once")
    if among(httpx2.UnsupportedProtocol, httpx2.LocalProtocolError):
        return Fault(_unreachable(asked, say("the proxy or the URL is of no known kind"), _PROXY))
    if not handover.possible:
        return Fault(
            _unreachable(asked, say("it hung up before the question was sent"), Said("")), "once"
        )
    if among(httpx2.TimeoutException):
        return Fault(silent(asked))
    return Fault(
        CutError(
            say("{host} hung up after the question was sent, before any answer.", host=asked.host),
            "It may have been paid for, so it is not sent again.",
            billed="unknown",
        )
    )


_NAME = say("Check the base URL and the network.")
_NETWORK = say("Check that the server runs, and the network.")
_PROXY = say("Check HTTPS_PROXY, HTTP_PROXY and NO_PROXY.")
_TLS = say("Behind a proxy that opens TLS, set SSL_CERT_FILE to its certificate.")


def _unreachable(asked: Asked, why: Said, hint: Said) -> UnreachableError:
    sentence = say("{host} cannot be reached: {why}.", host=asked.host, why=why)
    return UnreachableError(sentence, joined([say("Nothing was billed."), hint]))


def silent(asked: Asked) -> DeadlineError:
    return DeadlineError(
        say(
            "{host} sent nothing for {silent_seconds:,.0f} seconds.",
            host=asked.host,
            silent_seconds=SILENT_SECONDS,
        ),
        "The question may have been paid for.",
        billed="unknown",
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    for _ in range(10):
        if error is None:
            return
        yield error
        error = error.__cause__ or error.__context__

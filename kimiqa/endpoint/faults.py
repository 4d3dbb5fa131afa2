"""An endpoint's refusals → our errors: one sentence, the numbers, the next step."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from kimiqa.endpoint.complaints import Asked, Complaint, clean, read_complaint, retry_after
from kimiqa.errors import (
    AuthError,
    BadRequestError,
    BrokenReplyError,
    ContentFilterError,
    ContextWindowError,
    CutError,
    EndpointError,
    KimiqaError,
    OverloadedError,
    QuotaError,
    RateLimitedError,
)
from kimiqa.saying import Said, joined, say
from kimiqa.settings import provider_at

Again = Literal["never", "once", "wait"]
"""Whether the request may be sent again: only where the server surely did no work."""


@dataclass(frozen=True, slots=True)
class Fault:
    """An error, and whether the request may be sent again all the same."""

    error: KimiqaError
    again: Again = "never"


class TooLongError(ContextWindowError, EndpointError):
    """The endpoint, and not we, found the prompt too long: a refusal that was sent, unbilled."""


def refused(status: int, body: Any, headers: Mapping[str, str], asked: Asked) -> Fault:
    """The fault behind an HTTP status other than success."""
    complaint = read_complaint(body, asked)
    after = retry_after(headers, complaint)
    if 300 <= status < 400:
        return Fault(_redirected(status, headers, asked))
    if status in (401, 403):
        return Fault(_not_allowed(status, complaint, asked))
    if status == 404:
        return Fault(_not_found(complaint, asked))
    if status == 402:
        return Fault(_no_money(status, complaint, asked))
    if status == 429:
        return _too_many(complaint, after, asked)
    if status == 408 or status >= 500:
        told = "retry-after" in headers or "retry-after-ms" in headers
        return _server_failed(status, complaint, after if told else None, asked)
    return Fault(_bad_request(status, complaint, asked))


def reported(complaint: Complaint, asked: Asked) -> KimiqaError:
    """The error that a reply reports although it began as a success."""
    if complaint.says("exceeded_current_quota", "insufficient_quota", "insufficient balance"):
        return _no_money(200, complaint, asked, billed="unknown")
    if complaint.says("overload", "unavailable"):
        return OverloadedError(
            say(
                "{host} broke off: {message}",
                host=asked.host,
                message=complaint.message or say("it is overloaded."),
            ),
            "The question may have been paid for. Ask again later.",
            billed="unknown",
        )
    if complaint.says("rate_limit"):
        return RateLimitedError(
            say("{host} broke off: {message}", host=asked.host, message=complaint.message),
            "The question may have been paid for. Ask again later.",
            billed="unknown",
        )
    if complaint.says("content_filter", "high risk"):
        return _filtered(complaint, asked, billed="unknown")
    return CutError(
        _with(complaint, say("{host} reported an error in its reply", host=asked.host)),
        "What came before is kept. The question may have been paid for.",
        billed="unknown",
    )


def _redirected(status: int, headers: Mapping[str, str], asked: Asked) -> EndpointError:
    where = clean(headers.get("location", ""), asked.key)
    return BrokenReplyError(
        say(
            "{host} redirects (HTTP {status}) to {where}; kimiqa does not follow, so "
            "that the key stays with its host.",
            host=asked.host,
            status=status,
            where=where or say("nowhere"),
        ),
        "Check the base URL, and give the final one.",
        status=status,
    )


def _not_allowed(status: int, complaint: Complaint, asked: Asked) -> EndpointError:
    if status == 403 and complaint.says("quota", "balance", "billing", "arrears"):
        return _no_money(status, complaint, asked)
    if status == 403:
        return AuthError(
            _with(complaint, say("{host} does not allow this (HTTP 403)", host=asked.host)),
            "Check what the account and its network may use.",
            status=status,
        )
    refused = (
        say("{host} refused the key {key} (HTTP 401)", host=asked.host, key=str(asked.key))
        if asked.key
        else say("{host} refused a question without a key (HTTP 401)", host=asked.host)
    )
    return AuthError(
        _with(complaint, refused),
        _region(asked),
        status=status,
    )


def _with(complaint: Complaint, sentence: Said) -> Said:
    """The sentence, and what the endpoint says of it."""
    if not complaint.message:
        return say("{sentence}.", sentence=sentence)
    return say("{sentence}: {message}", sentence=sentence, message=complaint.message)


def _region(asked: Asked) -> Said:
    """The hint for a refused key: a key of another region is refused just so."""
    provider = provider_at(asked.base_url)
    others = {} if provider is None else dict(provider.regions)
    console = others.pop(asked.host, None)
    if provider is None or console is None:
        return say("Check the key; it must be one for this host.")
    host, other = next(iter(others.items()))
    return say(
        "Keys are separate by region: one made at {console} works here, one made at {other} "
        "needs the base URL {url} (--base-url).",
        console=console,
        other=other,
        url=provider.url_at(host),
    )


def _not_found(complaint: Complaint, asked: Asked) -> EndpointError:
    if complaint.says("model", "resource_not_found") and asked.model:
        return BadRequestError(
            say(
                "{host} does not offer the model {model} to this key (HTTP 404): {message}",
                host=asked.host,
                model=clean(asked.model, asked.key),
                message=complaint.message or say("not found."),
            ),
            "It may be retired, misspelt, or closed to this account; `kimiqa models` lists "
            "what there is.",
            status=404,
        )
    return BrokenReplyError(
        say("{base_url} is not a chat endpoint (HTTP 404).", base_url=asked.base_url),
        "Check the base URL, which usually ends in /v1.",
        status=404,
    )


def _no_money(
    status: int, complaint: Complaint, asked: Asked, *, billed: Literal["no", "unknown"] = "no"
) -> EndpointError:
    return QuotaError(
        say(
            "The account at {host} has no money or quota left (HTTP {status}): {message}",
            host=asked.host,
            status=status,
            message=complaint.message or say("the endpoint says no more."),
        ),
        "Top up the account; asking again does not help.",
        status=status,
        billed=billed,
    )


def _too_many(complaint: Complaint, after: float | None, asked: Asked) -> Fault:
    said = complaint.message or say("the endpoint says no more.")
    if complaint.says("engine_overloaded", "overloaded"):
        error: EndpointError = OverloadedError(
            say("{host} is overloaded (HTTP 429): {said}", host=asked.host, said=said),
            _later(after, busy=True),
            retry_after=after,
            status=429,
        )
        return Fault(error, "wait")
    if complaint.says("quota", "balance", "billing", "suspended"):
        return Fault(_no_money(429, complaint, asked))
    error = RateLimitedError(
        say("The rate limit at {host} is reached (HTTP 429): {said}", host=asked.host, said=said),
        _later(after, busy=False),
        retry_after=after,
        status=429,
    )
    # A limit per day is not over in a minute.
    return Fault(error, "never" if complaint.says("tpd", "per day", "daily") else "wait")


def _server_failed(status: int, complaint: Complaint, after: float | None, asked: Asked) -> Fault:
    # Only a server that says when to come back has surely not begun to work.
    refused_work = status == 503 and after is not None
    paid = "" if refused_work else say("The question may have been paid for.")
    error = OverloadedError(
        _with(complaint, say("{host} failed (HTTP {status})", host=asked.host, status=status)),
        joined([paid, _later(after, busy=True)]),
        billed="no" if refused_work else "unknown",
        retry_after=after,
        status=status,
    )
    return Fault(error, "wait" if refused_work else "never")


def _later(after: float | None, *, busy: bool) -> Said:
    """When to ask again; where the server is busy, another model may not be."""
    if after is None:
        model = say("Ask again later, or choose another model.")
        return model if busy else say("Ask again later, or ask for less at once.")
    if busy:
        return say("Ask again in {after:,.0f} seconds, or choose another model.", after=after)
    return say("Ask again in {after:,.0f} seconds, or ask for less at once.", after=after)


_CONTEXT = (
    re.compile(r"token limit:? *(?P<limit>\d+)(?: *\(requested: *(?P<asked>\d+)\))?", re.I),
    re.compile(
        r"maximum context length is (?P<limit>\d+)(?:.{0,80}?(?:requested|resulted in)[^\d]{0,20}"
        r"(?P<asked>\d+))?",
        re.I,
    ),
)


def _bad_request(status: int, complaint: Complaint, asked: Asked) -> KimiqaError:
    if complaint.says("content_filter", "high risk"):
        return _filtered(complaint, asked, status=status)
    numbers = next((found for each in _CONTEXT if (found := each.search(complaint.message))), None)
    if numbers or complaint.says("context_length", "token length too long", "context window"):
        return _too_long(complaint, numbers, asked)
    return BadRequestError(
        say(
            "{host} refused the request (HTTP {status}): {message}",
            host=asked.host,
            status=status,
            message=complaint.message or say("it gives no reason."),
        ),
        "Nothing was billed. Check the model and the base URL.",
        status=status,
    )


def _too_long(complaint: Complaint, numbers: re.Match[str] | None, asked: Asked) -> TooLongError:
    hint = "Ask by chunks, or choose a model with a larger context window."
    model = clean(asked.model, asked.key) or say("the model")
    if numbers is None:
        message = complaint.message
        return TooLongError(
            say("The prompt is longer than {model} holds: {message}", model=model, message=message),
            hint,
        )
    limit = int(numbers["limit"])
    if not numbers["asked"]:
        return TooLongError(
            say(
                "The prompt and room for an answer need more tokens; {model} holds {limit:,}, "
                "says {host}.",
                model=model,
                limit=limit,
                host=asked.host,
            ),
            hint,
        )
    return TooLongError(
        say(
            "The prompt and room for an answer need {needed:,} tokens; {model} holds {limit:,}, "
            "says {host}.",
            needed=int(numbers["asked"]),
            model=model,
            limit=limit,
            host=asked.host,
        ),
        hint,
    )


def _filtered(
    complaint: Complaint,
    asked: Asked,
    *,
    status: int | None = None,
    billed: Literal["no", "unknown"] = "no",
) -> EndpointError:
    return ContentFilterError(
        say(
            "The content filter of {host} refused: {message}",
            host=asked.host,
            message=complaint.message or say("no reason given."),
        ),
        "Ask otherwise, or leave pages out.",
        status=status,
        billed=billed,
    )

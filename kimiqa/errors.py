"""Every error kimiqa raises, each with a code, a sentence, the numbers and the next step.

KimiqaError
├── DocumentError                 reading a file
│   ├── FileNotFoundError         file_not_found     (a builtin FileNotFoundError too)
│   ├── NotADocumentError         not_a_document
│   ├── EmptyDocumentError        empty_document
│   ├── PasswordRequiredError     password_required
│   ├── NoTextError               no_text
│   ├── EngineCrashedError        engine_crashed
│   └── DeadlineError             deadline           (an answer's total deadline too)
├── RefusedError                  refused before anything was sent
│   ├── ContextWindowError        context_window
│   ├── OverCapError              over_cap
│   ├── OverLimitError            over_limit         (the account's own limits)
│   ├── PriceUnknownError         price_unknown
│   ├── NoKeyError                no_key
│   ├── NoPicturesError           no_pictures        (the model takes none, or it is not known)
│   ├── NotAllowedError           not_allowed        (a document's rule: "may go only to …")
│   ├── DocumentInUseError        in_use             (a running question holds it)
│   └── LedgerError               ledger             (nothing is sent that is not written down)
└── EndpointError                 the endpoint's answer, or its silence
    ├── AuthError                 auth
    ├── QuotaError                quota
    ├── RateLimitedError          rate_limited
    ├── OverloadedError           overloaded
    ├── ContentFilterError        content_filter
    ├── BrokenReplyError          broken_reply
    ├── CutError                  cut
    ├── UnreachableError          unreachable
    └── BadRequestError           bad_request
"""

from __future__ import annotations

import builtins
from typing import ClassVar, Literal

from kimiqa.saying import as_said, joined

Billed = Literal["no", "unknown"]
"""Whether the endpoint may have done paid work: surely not, or not known."""


class KimiqaError(Exception):
    """The base. `message` is one sentence with the numbers; `hint` is the next step."""

    code: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(f"{message} {hint}".strip())
        self.message = as_said(message)
        self.hint = as_said(hint)

    def __str__(self) -> str:
        # A sentence that can be told in another language, as its two parts are.
        return joined([self.message, self.hint])

    def to_json(self) -> dict[str, str]:
        """The `error` object of the command line's JSON."""
        return {"code": self.code, "message": self.message, "hint": self.hint}


class DocumentError(KimiqaError):
    """A file could not be read as a document."""

    code = "document"


class FileNotFoundError(DocumentError, builtins.FileNotFoundError):
    """The path does not exist, or may not be read."""

    code = "file_not_found"


class NotADocumentError(DocumentError):
    """The bytes are of no kind that kimiqa reads, whatever the name says."""

    code = "not_a_document"


class EmptyDocumentError(DocumentError):
    """The file has no bytes, or no pages."""

    code = "empty_document"


class PasswordRequiredError(DocumentError):
    """The file is encrypted and no password, or a wrong one, was given."""

    code = "password_required"


class NoTextError(DocumentError):
    """The document opened, but there is no text on the pages asked for."""

    code = "no_text"
    exit_code = 3


class EngineCrashedError(DocumentError):
    """Both reading engines failed on the file."""

    code = "engine_crashed"


class DeadlineError(DocumentError):
    """Reading, or a whole answer, took longer than its total deadline."""

    code = "deadline"

    def __init__(self, message: str, hint: str = "", *, billed: Billed = "no") -> None:
        super().__init__(message, hint)
        self.billed: Billed = billed


class RefusedError(KimiqaError):
    """Refused here, before anything was sent."""

    code = "refused"
    exit_code = 3


class ContextWindowError(RefusedError):
    """The prompt and room for an answer need more tokens than the model holds."""

    code = "context_window"


class OverCapError(RefusedError):
    """The ceiling of the question is over a cap on money."""

    code = "over_cap"


class OverLimitError(RefusedError):
    """The account's limits would never admit the question."""

    code = "over_limit"


class PriceUnknownError(RefusedError):
    """There is no price for the model, so a cap could not hold."""

    code = "price_unknown"


class NoKeyError(RefusedError):
    """The endpoint needs a key and none is configured for its host."""

    code = "no_key"


class NotAllowedError(RefusedError):
    """A document's rule keeps it from the endpoint, or it cannot go there in private."""

    code = "not_allowed"


class DocumentInUseError(RefusedError):
    """A question that is running needs the document."""

    code = "in_use"


class NoPicturesError(RefusedError):
    """Pages cannot be sent as pictures to this model, or in this way."""

    code = "no_pictures"


class LedgerError(RefusedError):
    """The ledger cannot be read or written, so nothing may be spent."""

    code = "ledger"


class EndpointError(KimiqaError):
    """The endpoint refused, failed or fell silent. `billed` says whether it may cost."""

    code = "endpoint"

    def __init__(
        self,
        message: str,
        hint: str = "",
        *,
        billed: Billed = "no",
        retry_after: float | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(message, hint)
        self.billed: Billed = billed
        self.retry_after = retry_after
        """Seconds the endpoint asked to wait, where it said so."""
        self.status = status
        """The HTTP status, where there was one."""


class AuthError(EndpointError):
    """The key was refused."""

    code = "auth"


class QuotaError(EndpointError):
    """The account has no money or quota left. Never retried."""

    code = "quota"


class RateLimitedError(EndpointError):
    """The account's rate limit is reached."""

    code = "rate_limited"


class OverloadedError(EndpointError):
    """The endpoint is overloaded or unavailable."""

    code = "overloaded"


class ContentFilterError(EndpointError):
    """The endpoint's content filter refused the question or the answer."""

    code = "content_filter"


class BrokenReplyError(EndpointError):
    """The reply is not what a chat endpoint sends."""

    code = "broken_reply"


class CutError(EndpointError):
    """The reply broke off before it was complete."""

    code = "cut"


class UnreachableError(EndpointError):
    """No connection: name, network, certificate or proxy."""

    code = "unreachable"


class BadRequestError(EndpointError):
    """The endpoint refused the request itself."""

    code = "bad_request"

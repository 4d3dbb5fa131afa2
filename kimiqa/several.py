"""What strategies of several calls share: requests that are laid out anew, and the caps."""

from __future__ import annotations

import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from kimiqa.errors import OverCapError, RefusedError
from kimiqa.plan import Request, canonical
from kimiqa.planner import Planner, Question
from kimiqa.refusals import unpriced
from kimiqa.saying import joined
from kimiqa.strategies.layout import Layout


def laid_out_anew(
    body: Callable[[], dict[str, Any]], layout: Layout, limit: int, **named: Any
) -> Request:
    """A call's request. Its content is laid out now, for the digest of it, and anew when it is
    sent: all of them together would be the documents once more."""
    request = Request.of(
        body(), prompt_tokens=layout.prompt_tokens, max_completion_tokens=limit, **named
    )

    def source() -> str:
        with _laying_out:
            return canonical(body())

    return request.unkept(source)


_laying_out = threading.Lock()
"""One prompt is laid out at a time: side by side they would take their memory all at once."""


def refused(
    planner: Planner, question: Question, ceiling: Decimal | None, what: str
) -> RefusedError | None:
    """Why a plan with this ceiling may not run: there is no price, or a cap is lower; `what` says
    what the ceiling is for."""
    price = planner.model.price
    if price is None:
        return None if planner.allow_unpriced else unpriced(planner.model.id)
    breach = planner.ledger.breach(
        ceiling or Decimal(0),
        price.currency,
        planner.budget,
        question.max_cost,
        scope=question.scope,
    )
    if breach is None:
        return None
    error = breach.error()
    return OverCapError(joined([error.message, what]), error.hint)

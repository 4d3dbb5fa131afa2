"""One reservation for several calls: a plan whose later calls depend on earlier answers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Required, Self, TypedDict, Unpack

from kimiqa.errors import OverCapError, PriceUnknownError
from kimiqa.figures import at_least, at_most, exact
from kimiqa.ledger import entries, pacing
from kimiqa.ledger.budget import Budget
from kimiqa.ledger.caps import Case, Scope
from kimiqa.ledger.memory import host_of
from kimiqa.money import Price, plain
from kimiqa.plan import Estimate
from kimiqa.saying import say

if TYPE_CHECKING:
    from kimiqa.ledger.database import Database


class Terms(TypedDict, total=False):
    """What is known of a call, or of a plan of several, before anything is sent.

    `documents` are ids and names; of the question only a digest is kept, of the endpoint only
    its host. After `lifetime_seconds` (the deadline) and a minute the next start takes for lost
    what has not ended. `max_cost` stands for the cap per question.
    """

    model: Required[str]
    endpoint: Required[str]
    strategy: Required[str]
    estimate: Required[Estimate]
    price: Required[Price | None]
    budget: Required[Budget]
    effort: str | None
    max_cost: Decimal | None
    documents: Sequence[tuple[str, str]]
    question: str | None
    conversation: str | None
    label: str | None
    lifetime_seconds: float
    allow_unpriced: bool
    messages: int
    """How many messages are sent, with how many tokens of text: from these and the server's
    count the chat template is learned."""
    own_tokens: int
    tools: str
    """Names the tools that are sent with it, which stand first in what the provider caches."""
    pace: pacing.Asking | None
    """The limits of the account that the call has to wait for; None where none are known."""
    prefix: str
    """The digest of the whole prompt, under which the provider's cache is remembered."""


LIFETIME = 900.0


def case_of(terms: Terms, currency: str) -> Case:
    """What the caps see of it."""
    scope = Scope(terms.get("conversation"), terms.get("label"))
    return Case(currency, terms["budget"], terms.get("max_cost"), scope)


def reservation(terms: Terms, now: float) -> entries.Reservation:
    """What is to be reserved: the ceiling, for as long as an answer may take.

    Raises:
        PriceUnknownError: there is no price, and `allow_unpriced` was not said.
    """
    price = terms["price"]
    ceiling = terms["estimate"].cost.ceiling if price is not None else None
    if ceiling is None and not terms.get("allow_unpriced"):
        raise _price_unknown(terms["model"])
    return entries.Reservation(
        ceiling=ceiling,
        currency=None if price is None else price.currency,
        expires=now + terms.get("lifetime_seconds", LIFETIME) + entries.SLACK_SECONDS,
        scope=Scope(terms.get("conversation"), terms.get("label")),
    )


def row_of(terms: Terms, wanted: entries.Reservation) -> dict[str, Any]:
    """The columns of a call's row."""
    price, question = terms["price"], terms.get("question")
    return {
        "model": terms["model"],
        "endpoint": host_of(terms["endpoint"]),
        "strategy": terms["strategy"],
        "effort": terms.get("effort"),
        "currency": wanted.currency,
        "ceiling": plain(wanted.ceiling),
        "expires": wanted.expires,
        "estimate": _quoted(terms),
        "prices": None if price is None else price.to_json(),
        "documents": [list(document) for document in terms.get("documents", ())],
        "question_sha256": None if question is None else _digest(question),
        "conversation": wanted.scope.conversation,
        "label": wanted.scope.label,
        "messages": terms.get("messages"),
        "own_tokens": terms.get("own_tokens"),
        "prefix": terms.get("prefix"),
    }


def _quoted(terms: Terms) -> dict[str, Any]:
    """The estimate and, where there are such, what the call counts for against the account's
    limits, and the name of its tools."""
    pace, tools = terms.get("pace"), terms.get("tools")
    more = {"admitted_tokens": pace.tokens} if pace else {}
    return terms["estimate"].to_json() | more | ({"tools": tools} if tools else {})


class Changes(TypedDict, total=False):
    """In what a call differs from the plan that its hold was reserved for."""

    strategy: str
    effort: str | None
    messages: int
    own_tokens: int
    prefix: str
    tools: str
    pace: pacing.Asking | None


@dataclass(frozen=True, slots=True)
class Hold:
    """A ceiling that is reserved, from which calls draw until it is let go.

        with ledger.hold(…) as hold:
            call_id = hold.draw(estimate)
            …
            ledger.settle(call_id, usage, cost, seconds)

    What a call drew and did not need may be drawn again; at the end the rest is given back.
    Calls of several threads may draw at once.
    """

    id: int
    terms: Terms
    database: Database
    clock: Callable[[], float]

    def draw(self, estimate: Estimate, **changes: Unpack[Changes]) -> str:
        """Write down a call that is about to be sent; its ceiling comes from what is held.

        Raises:
            OverCapError: its ceiling is over what is left; nothing may be sent.
            LedgerError: the row cannot be stored, so nothing may be sent.
            NotYetError: the account's limits leave no room yet.
        """
        terms: Terms = {**self.terms, **changes, "estimate": estimate}
        now = self.clock()
        wanted = reservation(terms, now)
        pace = terms.get("pace")
        with self.database.write() as connection:
            if pace is not None:
                pacing.check(self.database, connection, pace, now)
            if wanted.ceiling is not None and wanted.currency is not None:
                left = entries.take(self.database, connection, self.id, wanted.ceiling)
                if left is not None:
                    raise _over_hold(wanted.ceiling, left, wanted.currency)
            row = row_of(terms, wanted)
            return str(entries.draw(self.database, connection, self.id, row, now))

    def left(self) -> Decimal | None:
        """What may still be drawn; None where no price binds it."""
        return entries.left(self.database, self.id)

    def free(self) -> None:
        """Give back what no call has drawn. Calls that were drawn end as any other."""
        entries.free(self.database, self.id)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.free()


def _over_hold(ceiling: Decimal, left: Decimal, currency: str) -> OverCapError:
    return OverCapError(
        say(
            "The next call may cost up to {ceiling}; of what was reserved for this "
            "question {left} are left.",
            ceiling=at_most(ceiling, currency),
            left=exact(at_least(left), currency),
        ),
        "What was answered so far is kept.",
    )


def _digest(question: str) -> str:
    return hashlib.sha256(question.encode("utf-8", "surrogatepass")).hexdigest()


def _price_unknown(model: str) -> PriceUnknownError:
    return PriceUnknownError(
        say("There is no price for {model}, so no cap could hold.", model=model),
        "Add it to prices.toml (or ask all the same: --allow-unpriced, allow_unpriced=True).",
    )

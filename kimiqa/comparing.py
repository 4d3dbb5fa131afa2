"""One question, or a finished answer, at the prices of every model of every endpoint known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from kimiqa import estimating, offers
from kimiqa.estimating import DEFAULT_COMPLETION, LEAST_COMPLETION
from kimiqa.ledger import Call, host_of
from kimiqa.models import LOCAL, Model, all_models, get_model, sells
from kimiqa.money import Price, Range, Usage, cost, plain
from kimiqa.plan import Strategy
from kimiqa.planner import STRATEGIES, Planner, Question, Sized
from kimiqa.pricebook import read_book
from kimiqa.prompts import texts_of
from kimiqa.rules import refusal
from kimiqa.saying import say
from kimiqa.settings import Provider, providers
from kimiqa.template import PRIOR
from kimiqa.tokens import counter_for


@dataclass(frozen=True, slots=True)
class Offer:
    """A model at an endpoint, with what the question would cost there. None: not known."""

    model: str
    host: str
    provider: str
    prompt_tokens: int
    margin: Decimal
    """The share by which the count may be off; 0 where the model's own vocabulary counted."""
    completion_tokens: Range[int]
    fits: bool | None
    """None: its context window is not known."""
    reason: str | None
    cost: Range[Decimal] | None
    """With nothing cached; `low` and `high` with the margin of the count in them."""
    batch: Decimal | None
    price: Price | None
    asked: bool = False
    """Whether this is the model that was, or would be, asked."""

    @property
    def currency(self) -> str | None:
        return self.price.currency if self.price else None

    def to_json(self, today: date | None = None) -> dict[str, Any]:
        price = self.price
        checked = price.checked if price else None
        return {
            "model": self.model,
            "host": self.host,
            "provider": self.provider,
            "prompt_tokens": self.prompt_tokens,
            "margin": plain(self.margin),
            "completion_tokens": self.completion_tokens.to_json(),
            "fits": self.fits,
            "reason": self.reason,
            "cost": self.cost.to_json() if self.cost else None,
            "batch": plain(self.batch),
            "currency": self.currency,
            "price_basis": price.basis if price else None,
            "price_date": checked.isoformat() if checked else None,
            "price_stale": price.stale(today or date.today()) if price else None,
            "asked": self.asked,
        }


@dataclass(slots=True)
class Sizes:
    """The prompt's tokens by vocabulary, each counted once. Pages come from the store's counts."""

    planner: Planner
    question: Question
    sized: Sized
    actual: int | None = None
    """What the server counted for the model that was asked, where it was."""
    known: dict[str, int] = field(default_factory=dict)
    rules: dict[str, str | None] = field(default_factory=dict)

    def forbidden(self, base_url: str) -> str | None:
        """Why a document's rule keeps it from an endpoint, where one does."""
        if base_url not in self.rules:
            refused = refusal(self.question.documents, base_url)
            self.rules[base_url] = refused.message if refused else None
        return self.rules[base_url]

    def prompt_tokens(self, vocabulary: str) -> int:
        """The tokens of the prompt; scaled to the server's own count where there is one."""
        own = self.planner.model.vocabulary
        if self.actual is None:
            return self._counted(vocabulary)
        if vocabulary == own:
            return self.actual
        return round(self.actual * self._counted(vocabulary) / max(1, self._counted(own)))

    def _counted(self, vocabulary: str) -> int:
        if vocabulary not in self.known:
            self.known[vocabulary] = self._count(vocabulary)
        return self.known[vocabulary]

    def _count(self, vocabulary: str) -> int:
        counter = counter_for(vocabulary)
        if self.sized.strategy == "full":
            draft = replace(self.sized.draft, counter=counter, template=PRIOR)
            counted: int = STRATEGIES["full"].count(draft).prompt_tokens
            return counted
        # The same chunks for each: what is compared is the price of one prompt.
        layout = self.sized.layout
        texts = [text for each in layout.messages for text in texts_of(each)]
        sent = layout.pictures + PRIOR.tokens(len(layout.messages))
        return sum(map(counter.count, texts)) + sent


def compare(
    planner: Planner,
    question: Question,
    strategy: Strategy,
    *,
    home: Path | None = None,
    answer: Call | None = None,
) -> list[Offer]:
    """The question on every model of every endpoint known, the cheapest that fits first; then
    those whose window is not known, what does not fit, and what has no known price at the end.

    With `answer` it is that call's real completion tokens that are priced, and its prompt as the
    server counted it. Amounts in another currency than the asked model's come after those in it:
    no rate of exchange is assumed.

    Raises
    ------
    NoTextError, BadRequestError
        There is nothing to be asked about.
    """
    used = answer.usage if answer else None
    sized = planner.size(question, strategy)
    sizes = Sizes(planner, question, sized, used.prompt_tokens if used else None)
    found = [
        _offer(planner, model, base_url, provider, sizes, used)
        for provider, base_url, model in _known_models(planner, home)
    ]
    first = planner.model.price.currency if planner.model.price else "USD"
    return sorted(found, key=lambda offer: _order(offer, first))


def _order(offer: Offer, first: str) -> tuple[bool, int, bool, str, Decimal, str]:
    amount = offer.cost.expected if offer.cost else Decimal(0)
    currency, unpriced = offer.currency or "", offer.cost is None
    known = (True, None, False).index(offer.fits)
    return unpriced, known, currency != first, currency, amount, offer.model


def few(found: Sequence[Offer], most: int) -> list[Offer]:
    """The first of those that have a price and are not too small, as many of each currency as
    there is room for, and the model that is asked wherever it stands."""
    usable = [each for each in found if each.cost and each.fits is not False]
    currencies = list(dict.fromkeys(each.currency for each in usable))
    share = max(1, most // max(1, len(currencies)))
    of_each = [each for unit in currencies for each in _paid_in(usable, unit)[:share]]
    chosen = {id(each) for each in of_each[:most]}
    rest = [each for each in usable if id(each) not in chosen][: most - len(chosen)]
    chosen |= {id(each) for each in rest} | {id(each) for each in usable if each.asked}
    return [each for each in usable if id(each) in chosen]


def _paid_in(found: Sequence[Offer], currency: str | None) -> list[Offer]:
    return [each for each in found if each.currency == currency]


def _offer(
    planner: Planner, model: Model, base_url: str, provider: str, sizes: Sizes, used: Usage | None
) -> Offer:
    counter = counter_for(model.vocabulary)
    margin = model.margin + counter.margin
    prompt = sizes.prompt_tokens(model.vocabulary)
    completion = _completion(planner, model, sizes, used)
    needed = max(completion.expected if used else LEAST_COMPLETION, 1)
    fits, reason = _fit(model, prompt, needed)
    if forbidden := sizes.forbidden(base_url):
        fits, reason = False, forbidden
    return Offer(
        model=model.id,
        host=host_of(base_url),
        provider=provider,
        prompt_tokens=prompt,
        margin=margin,
        completion_tokens=completion,
        fits=fits,
        reason=reason,
        cost=_cost(model, prompt, margin, completion),
        batch=_batch(model.price, prompt, completion.expected),
        price=model.price,
        asked=(model.id, host_of(base_url)) == (planner.model.id, host_of(planner.base_url)),
    )


def _completion(planner: Planner, model: Model, sizes: Sizes, used: Usage | None) -> Range[int]:
    """What was written, where something was; else what such a model usually writes."""
    if used is not None:
        return Range(used.completion_tokens, used.completion_tokens, used.completion_tokens)
    if model.id == planner.model.id:
        return sizes.sized.estimate.completion_tokens
    wanted = sizes.question.max_completion_tokens or DEFAULT_COMPLETION
    limit = min(wanted, model.max_output_tokens or wanted)
    return estimating.completion_range(model, _effort(planner, model), limit)


def _effort(planner: Planner, model: Model) -> str | None:
    if not model.efforts:
        return None
    return planner.effort if planner.effort in model.efforts else model.efforts[0]


def _fit(model: Model, prompt_tokens: int, needed: int) -> tuple[bool | None, str | None]:
    window = model.context_window
    if window is None:
        return None, say("Its context window is not known.")
    if prompt_tokens + needed > window:
        return False, (
            say(
                "The prompt has {prompt:,} tokens and an answer needs {needed:,}; "
                "it holds {window:,}.",
                prompt=prompt_tokens,
                needed=needed,
                window=window,
            )
        )
    return True, model.note or None


def _cost(
    model: Model, prompt: int, margin: Decimal, completion: Range[int]
) -> Range[Decimal] | None:
    if model.price is None:
        return None
    less, more = (int(prompt * (1 + sign * margin)) for sign in (-1, 1))
    return Range(
        _amount(model, less, completion.low),
        _amount(model, prompt, completion.expected),
        _amount(model, more, completion.high),
    )


def _amount(model: Model, prompt: int, completion: int) -> Decimal:
    assert model.price is not None, "only what has a price is priced"
    written = prompt if model.cache_block else None
    return cost(Usage(prompt, completion, 0, None, written), model.price)


def _batch(price: Price | None, prompt: int, completion: int) -> Decimal | None:
    sold = price.batched() if price else None
    return cost(Usage(prompt, completion, 0), sold) if sold else None


# Every model of every endpoint ------------------------------------------------------------------


def _known_models(planner: Planner, home: Path | None) -> Iterator[tuple[str, str, Model]]:
    """Provider, base URL and model, each model of a host once."""
    seen: set[tuple[str, str]] = set()
    for title, base_url, models in _endpoints(planner, home):
        for model in models:
            place = (host_of(base_url), model.id)
            if place not in seen:
                seen.add(place)
                yield title, base_url, model


def _endpoints(planner: Planner, home: Path | None) -> Iterator[tuple[str, str, Sequence[Model]]]:
    if planner.model.id != LOCAL.id:
        own = [planner.model, *_here(planner.base_url, None, home)]
        yield _title(planner.base_url), planner.base_url, own
    for provider in providers():
        for base_url in dict.fromkeys([provider.base_url, *map(provider.url_at, provider.hosts)]):
            yield provider.title, base_url, _here(base_url, provider, home)


def _title(base_url: str) -> str:
    host = host_of(base_url)
    return next((each.title for each in providers() if host in each.hosts), host)


def _here(base_url: str, provider: Provider | None, home: Path | None) -> Sequence[Model]:
    """The models an endpoint is known to offer: by its own list, its seller's or the book."""
    if offers.kept(base_url, home) or sells(base_url):
        return all_models(base_url, home)
    default = [provider.default_model] if provider and provider.default_model else []
    booked = [
        name
        for name, rows in read_book(home).items()
        if any(row.host is not None and row.host == host_of(base_url) for row in rows)
    ]
    named = [*default, *booked]
    return [get_model(each, base_url=base_url, home=home, strict=False) for each in named]

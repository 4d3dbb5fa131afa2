"""What a person weighs before asking: break-even, efforts, and every other model. Sends nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from kimiqa import breakeven, choosing, comparing, digest, efforts, following
from kimiqa.asking import Asker
from kimiqa.breakeven import BreakEven, Per
from kimiqa.comparing import Offer
from kimiqa.document import Document
from kimiqa.efforts import LENGTHS, Effort
from kimiqa.errors import BadRequestError, ContextWindowError, OverLimitError, RefusedError
from kimiqa.models import LOCAL, Model, all_models, get_model
from kimiqa.payoff import Once
from kimiqa.plan import Strategy
from kimiqa.planner import SEVERAL_CALLS, Planner, Question, Sized
from kimiqa.question import MOST_QUESTIONS, ORDINARY_QUESTION
from kimiqa.saying import say
from kimiqa.scanned import ScanOffer, offers
from kimiqa.settings import host_of, provider_of, url_at
from kimiqa.setup import Setup
from kimiqa.strategies.chunks import material

if TYPE_CHECKING:
    from kimiqa.ledger import Call

Models = Sequence[str] | Literal["all"] | None


def break_even(
    asker: Asker,
    question: str | None,
    documents: Any,
    questions: int,
    *,
    per: Per | None = None,
    models: Models = None,
    options: Mapping[str, Any] | None = None,
) -> list[BreakEven]:
    """For the client's model, or for each of `models`: the costs of 1 to `questions` questions
    in full and by chunks, and where they cross. `all` are those of the client's own endpoint; a
    named one is priced there where that sells it, and else at its maker's.

    Raises
    ------
    NoTextError, BadRequestError
        There is nothing to be asked about, or no such number of questions.
    """
    if not 1 <= questions <= MOST_QUESTIONS:
        raise BadRequestError(
            say("A table of {questions:,} questions is not made.", questions=questions),
            say("Choose 1 to {most_questions:,}.", most_questions=MOST_QUESTIONS),
        )
    setup = _priced(asker.setup)
    asked = asker.question(question or ORDINARY_QUESTION, documents, options or {})
    return [
        replace(_table(planner, asked, questions, per), host=planner.host)
        for planner in _planners(setup, models)
    ]


def scanned(asker: Asker, documents: Any) -> list[ScanOffer]:
    """The ways to read pages without a text layer; the eyes are Kimi's where no model is set."""
    asked = asker.question(ORDINARY_QUESTION, documents, {}, checked=False)
    return offers(_priced(asker.setup).planner, asked.documents)


def _table(planner: Planner, asked: Question, questions: int, per: Per | None) -> BreakEven:
    price = planner.model.price
    if price is None:
        return breakeven.unpriced(planner.model.id, "Its price is not known.")
    full, part = planner.size(asked, "full"), planner.size(asked, "chunks")
    fits = not isinstance(full.refusal, ContextWindowError | OverLimitError)
    return breakeven.break_even(
        planner.model.id,
        price,
        following.asking(planner.model, full) if fits else None,
        following.asking(planner.model, part),
        questions,
        per,
        _once(planner, asked, full, part),
    )


def _once(planner: Planner, asked: Question, full: Sized, part: Sized) -> Once | None:
    """A digest beside the others, where one is worth making and can be made."""
    whole, made_of = full.estimate.prompt_tokens, material(part.draft)
    if not digest.worth_listing(planner, asked, whole, made_of):
        return None
    try:
        return digest.offer(planner, asked)
    except RefusedError:
        return None


def list_efforts(
    asker: Asker,
    question: str | None,
    documents: Any,
    strategy: Strategy,
    lengths: Sequence[int] = LENGTHS,
    options: Mapping[str, Any] | None = None,
) -> list[Effort]:
    """Every effort and length of an answer, with price and time."""
    setup = _priced(asker.setup)
    asked = asker.question(question or ORDINARY_QUESTION, documents, options or {})
    asked = replace(asked, effort=None)
    way = _chosen(setup.planner, asked, strategy)
    return efforts.efforts(setup.planner, asked, way, lengths)


def compare(
    asker: Asker,
    question: str | None,
    documents: Any,
    strategy: Strategy,
    *,
    answer: str | None = None,
    options: Mapping[str, Any] | None = None,
) -> list[Offer]:
    """The question, or the finished answer of that number in the ledger, on every model known.

    Raises
    ------
    BadRequestError
        There is no such answer, or its documents are no longer in the store.
    """
    setup = _priced(asker.setup)
    call = _finished(setup, answer) if answer is not None else None
    found = documents or (_documents(setup, call) if call else documents)
    asked = asker.question(question or ORDINARY_QUESTION, found, options or {})
    planner = _as_asked(setup, call) if call else setup.planner
    if call is not None:
        strategy = "chunks" if call.strategy == "chunks" else "full"
    way = _chosen(planner, asked, strategy)
    return comparing.compare(planner, asked, way, home=setup.home, answer=call)


def _chosen(planner: Planner, asked: Question, strategy: Strategy) -> Strategy:
    """The strategy, `auto` taken as what is chosen then; where nothing may run, or what is chosen
    makes several calls, the smaller.

    Raises
    ------
    BadRequestError
        The strategy that was named makes several calls.
    """
    if strategy in SEVERAL_CALLS:
        raise BadRequestError(
            say(
                "What is weighed here is one prompt, and {strategy} makes several calls.",
                strategy=strategy,
            ),
            "Choose full or chunks.",
        )
    if strategy != "auto":
        return strategy
    try:
        chosen = choosing.choose(planner, asked).sized.strategy
    except RefusedError:
        return "chunks"
    return "chunks" if chosen in SEVERAL_CALLS else chosen


def _finished(setup: Setup, number: str) -> Call:
    call = setup.ledger.call(number)
    if call is None or call.usage is None:
        raise BadRequestError(
            say("Call {number} is not in the ledger.", number=number)
            if call is None
            else say("Call {number} has no usage that is known.", number=number),
            "See `kimiqa ledger` for those there are.",
        )
    return call


def _as_asked(setup: Setup, call: Call) -> Planner:
    """The planner for the model that gave an answer, where it gave it."""
    here = call.endpoint == setup.host
    base_url = setup.target.base_url if here else url_at(call.endpoint)
    same = here and call.model == setup.model.id
    model = setup.model if same else get_model(call.model, base_url=base_url, home=setup.home)
    return replace(_with_model(setup, model), base_url=base_url, host=call.endpoint)


def _documents(setup: Setup, call: Call) -> list[Document]:
    found = [Document.stored(each, home=setup.home) for each, _ in call.documents]
    kept = [each for each in found if each is not None]
    if len(kept) < len(call.documents):
        raise BadRequestError(
            say(
                "{documents:,} of the documents of call {id} are no longer in the store.",
                documents=len(call.documents) - len(kept),
                id=call.id,
            ),
            "Name their files.",
        )
    return kept


def _priced(setup: Setup) -> Setup:
    """The setup whose prices are meant: Kimi's where the embedded endpoint answers."""
    return setup.beside() if setup.embedded else setup


def _planners(setup: Setup, wanted: Models) -> list[Planner]:
    base_url = setup.target.base_url
    if not wanted:
        return [setup.planner]
    if wanted == "all":
        apart = (LOCAL.id, setup.model.id)
        others = [each for each in all_models(base_url, setup.home) if each.id not in apart]
        return [_with_model(setup, each) for each in [setup.model, *others]]
    return [_where_sold(setup, each) for each in wanted]


def _where_sold(setup: Setup, name: str) -> Planner:
    """The planner for a model by its name: at the client's endpoint, or where its maker sells
    it and this one does not."""
    here = setup.target.base_url
    model, maker = get_model(name, base_url=here, home=setup.home), provider_of(name, {})
    sold = model.price is not None and model.price.basis in ("listed", "book")
    if sold or maker is None or host_of(here) in maker.hosts:
        return _with_model(setup, model)
    there = get_model(name, base_url=maker.base_url, home=setup.home)
    if there.price is None:
        return _with_model(setup, model)
    planner = _with_model(setup, there)
    return replace(planner, base_url=maker.base_url, host=host_of(maker.base_url))


def _with_model(setup: Setup, model: Model) -> Planner:
    """The planner for another model at the same endpoint, with the nearest effort it has."""
    effort = setup.effort if setup.effort in model.efforts else next(iter(model.efforts), None)
    return replace(setup.planner, model=model, effort=effort)

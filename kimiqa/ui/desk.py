"""The library as the page uses it: a client for what is chosen, its prices, its ledger."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from kimiqa.amounts import amount
from kimiqa.client import Client, Conversation
from kimiqa.conversation import Talk
from kimiqa.document import Document
from kimiqa.ledger import Breach, Budget, Scope
from kimiqa.models import Model, all_models, get_model
from kimiqa.plan import Way
from kimiqa.settings import home_folder, load_settings
from kimiqa.setup import Setup
from kimiqa.ui import history, reading, secrets
from kimiqa.ui.latest import Latest, Very
from kimiqa.ui.state import State, ready

PRICES_HOLD_SECONDS = 20
KEPT_CLIENTS = 4
KEPT_PRICES = 6
FILES = ("settings.toml", "keys.toml", "prices.toml")

Chosen = tuple[str, str, str]
"""What a client is made for: a model, an effort, a lifetime of the cache."""
Stamp = tuple[tuple[str, int], ...]


@dataclass(slots=True)
class Desk:
    """What is laid out for this page: its clients, its conversation, its prices."""

    written: Stamp = ()
    """When the files were written that the clients were made from."""
    clients: OrderedDict[Chosen, Client] = field(default_factory=OrderedDict)
    """The one that was used last at the end."""
    talk: Latest[Talk] = field(default_factory=Latest)
    ways: Latest[list[Way]] = field(
        default_factory=lambda: Latest(most=KEPT_PRICES, holds=PRICES_HOLD_SECONDS)
    )


def client_options(state: State) -> dict[str, Any]:
    """What a client for this page is made of."""
    settings = load_settings(home_folder())
    return {
        "effort": state.choices.effort or None,
        "deadline": settings.deadline,
        "cache_ttl": state.choices.lifetime or None,
        "env": secrets.variables(),
    }


def client(state: State) -> Client:
    """The client for what is chosen; others once settings, keys or prices change. The last few
    are kept: who weighs one effort against another goes back and forth."""
    desk, stamp = state.of(Desk), _stamp()
    kept = desk.clients
    if desk.written != stamp:
        while kept:
            _let_go(kept)
    desk.written = stamp
    key = (state.choices.model, state.choices.effort, state.choices.lifetime)
    if key not in kept:
        kept[key] = Client(state.choices.model or None, **client_options(state))
        if len(kept) > KEPT_CLIENTS:
            _let_go(kept)
    kept.move_to_end(key)
    return kept[key]


def _let_go(kept: OrderedDict[Chosen, Client]) -> None:
    """Let go of the client that was used longest ago."""
    _key, oldest = kept.popitem(last=False)
    oldest.ledger.close()


def setup(state: State) -> Setup:
    """The model, endpoint, caps and settings in use."""
    return client(state).setup


def _stamp() -> Stamp:
    """When the files that decide a client were last written."""
    home = home_folder()
    found = ((name, home / name) for name in FILES)
    return tuple((name, path.stat().st_mtime_ns) for name, path in found if path.is_file())


def talk(state: State, documents: Sequence[Document] | None = None) -> Conversation:
    """This page's conversation, as far as it has come; its turns are read again where there is
    a new one. What is looked over just now is waited for: nothing is planned before."""
    if documents is None:
        reading.finish(state)
        documents = ready(state)
    return _talk(state, documents)


def _talk(state: State, documents: Sequence[Document]) -> Conversation:
    found = client(state)
    stamp = found.ledger.turns_stamp(state.conversation)
    # The very same documents: one that was looked over equals the one that was not.
    key = (state.conversation, stamp, [Very(each) for each in documents])
    talk = state.of(Desk).talk.made_for(
        key, lambda: Talk(documents, found.ledger, state.conversation)
    )
    return Conversation(found, talk)


def options(state: State) -> dict[str, Any]:
    """The options of the next question."""
    return {
        "pages": state.choices.pages.strip() or None,
        "pictures": state.choices.pictures or None,
        "max_cost": state.choices.cap.strip() or None,
        "private": state.choices.private,
        "max_completion_tokens": state.choices.length or None,
        "label": state.choices.label.strip() or None,
        "web_searches": state.choices.web_searches or None,
        "rewrite": state.choices.rewrite,
        "climb": state.choices.climb,
        "expected_questions": _expected(state),
    }


def caps(state: State) -> Budget:
    """The caps that bind the model in use: those in the currency it is priced in."""
    used = setup(state)
    price = used.model.price
    return (used.budget.of_currency(price.currency) if price else None) or used.budget


def cap_over(state: State, ways: Sequence[Way]) -> Breach | None:
    """The cap that the cheapest of these ways is over, and so all of them."""
    ceilings = [way.estimate.cost.ceiling for way in ways]
    used, price = setup(state), model(state).price
    least = min((each for each in ceilings if each is not None), default=None)
    if least is None or price is None:
        return None
    cap, scope = state.choices.cap.strip(), Scope(state.conversation, state.choices.label or None)
    named = amount(cap) if cap else None
    return used.ledger.breach(least, price.currency, used.budget, named, scope=scope)


def _expected(state: State) -> int | None:
    """How many questions are asked in one sitting: as many as there are lines, where each is
    one."""
    if not state.choices.each_line:
        return None
    return sum(bool(line.strip()) for line in state.choices.question.splitlines()) or None


def ways(state: State, question: str) -> list[Way]:
    """Every way to answer, priced; counted again when anything changes that they rest on, or some
    time has passed.

    Raises `KimiqaError` where the choice itself cannot be read, or no page has text.
    """
    asked = len(history.turns(state))
    documents = ready(state)
    known = [(each.id, each.hidden_passages) for each in documents]
    told = tuple(options(state).values())
    asker = client(state)
    key = (asker, state.documents.copy(), known, question, told, state.conversation, asked)

    def priced() -> list[Way]:
        # Looking for hidden text goes on while prices are shown: it can only make them less.
        conversation = _talk(state, [each.as_read() for each in documents])
        return conversation.ways(question, **options(state))

    return state.of(Desk).ways.made_for(key, priced)


def has_prices(state: State) -> bool:
    """Whether the ways were priced, and nothing was said since that undoes it."""
    return state.of(Desk).ways.is_known()


def forget_prices(state: State) -> None:
    """Have the ways priced anew."""
    state.of(Desk).ways.forget()


def forget_documents(state: State) -> None:
    """The documents are not what they were: have the ways priced and their texts put together
    anew."""
    state.of(Desk).talk.forget()
    forget_prices(state)


def models(state: State) -> list[str]:
    """The models to choose from, the one in use first."""
    used = setup(state)
    base_url = None if used.embedded else used.target.base_url
    known = [model.id for model in all_models(base_url, used.home)]
    if used.settings.model is None and "local" not in known:
        known.append("local")
    return list(dict.fromkeys([used.model.id, *known]))


def model(state: State) -> Model:
    """The model in use."""
    return setup(state).model


def priced_model(state: State, model_id: str) -> Model:
    """A model that stands in the table of ways."""
    used = setup(state)
    if model_id == used.model.id:
        return used.model
    return get_model(model_id, home=used.home)

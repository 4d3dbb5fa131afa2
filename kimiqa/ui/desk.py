"""The library as the page uses it: a client for what is chosen, its prices, its ledger."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Sequence
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
from kimiqa.ui import reading, secrets
from kimiqa.ui.state import State, ready

PRICES_HOLD_SECONDS = 20
KEPT_CLIENTS = 4
FILES = ("settings.toml", "keys.toml", "prices.toml")


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
    stamp = _stamp()
    written, kept = state.remembered.get("clients", (stamp, OrderedDict()))
    if written != stamp:
        while kept:
            _let_go(kept)
    state.remembered["clients"] = stamp, kept
    key = (state.choices.model, state.choices.effort, state.choices.lifetime)
    if key not in kept:
        kept[key] = Client(state.choices.model or None, **client_options(state))
        if len(kept) > KEPT_CLIENTS:
            _let_go(kept)
    kept.move_to_end(key)
    found: Client = kept[key]
    return found


def _let_go(kept: OrderedDict[Any, Client]) -> None:
    """Let go of the client that was used longest ago."""
    _key, oldest = kept.popitem(last=False)
    oldest.ledger.close()


def setup(state: State) -> Setup:
    """The model, endpoint, caps and settings in use."""
    return client(state).setup


def _stamp() -> tuple[tuple[str, int], ...]:
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
    key = (state.conversation, stamp)
    kept = state.remembered.get("talk")
    # The very same: a document that was looked over equals the one that was not.
    same = kept is not None and list(map(id, kept[1])) == list(map(id, documents))
    if kept is None or kept[0] != key or not same:
        talk = Talk(documents, found.ledger, state.conversation)
        state.remembered["talk"] = kept = (key, documents, talk)
    return Conversation(found, kept[2])


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
    """Every way to answer, priced; counted again when anything changes that they rest on.

    Raises `KimiqaError` where the choice itself cannot be read, or no page has text.
    """
    now = time.time()
    asked = len(state.remembered.get("turns", ()))
    documents = ready(state)
    known = [(each.id, each.hidden_passages) for each in documents]
    told = tuple(options(state).values())
    asker = client(state)
    key = (asker, state.documents.copy(), known, question, told, state.conversation, asked)
    kept = state.remembered.get("ways")
    if kept is None or kept[0] != key or now - kept[1] > PRICES_HOLD_SECONDS:
        # Looking for hidden text goes on while prices are shown: it can only make them less.
        conversation = _talk(state, [each.as_read() for each in documents])
        priced = conversation.ways(question, **options(state))
        state.remembered["ways"] = kept = (key, now, priced)
    ways: list[Way] = kept[2]
    return ways


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

"""The library as the page uses it: a client for what is chosen, its prices, its ledger."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from kimiqa.asking import Asker
from kimiqa.client import Client, Conversation
from kimiqa.document import Document
from kimiqa.models import Model, all_models, get_model
from kimiqa.plan import Way
from kimiqa.settings import home_folder, load_settings
from kimiqa.setup import Setup
from kimiqa.ui.state import State, ready

PRICES_HOLD_SECONDS = 20
FILES = ("settings.toml", "keys.toml", "prices.toml")


def client_options(state: State) -> dict[str, Any]:
    """What a client for this page is made of."""
    settings = load_settings(home_folder())
    return {
        "effort": state.choices.effort or None,
        "deadline": settings.deadline,
        "cache_ttl": state.choices.lifetime or None,
    }


def client(state: State) -> Client:
    """The client for what is chosen; another one once settings, keys or prices change."""
    key = (state.choices.model, state.choices.effort, state.choices.lifetime, _stamp())
    kept = state.remembered.get("client")
    if kept is None or kept[0] != key:
        if kept is not None:
            kept[1].ledger.close()
        made = Client(state.choices.model or None, **client_options(state))
        state.remembered["client"] = kept = (key, made)
        state.remembered.pop("ways", None)
    found: Client = kept[1]
    return found


def setup(state: State) -> Setup:
    """The model, endpoint, caps and settings in use."""
    asker: Asker = client(state)._asker
    return asker.setup


def _stamp() -> tuple[tuple[str, int], ...]:
    """When the files that decide a client were last written."""
    home = home_folder()
    found = ((name, home / name) for name in FILES)
    return tuple((name, path.stat().st_mtime_ns) for name, path in found if path.is_file())


def talk(state: State, documents: Sequence[Document] | None = None) -> Conversation:
    """This page's conversation, as far as it has come."""
    documents = ready(state) if documents is None else documents
    return client(state).conversation(documents, state.conversation)


def options(state: State) -> dict[str, Any]:
    """The options of the next question."""
    return {
        "pages": state.choices.pages.strip() or None,
        "max_cost": state.choices.cap.strip() or None,
        "max_completion_tokens": state.choices.length or None,
        "label": state.choices.label.strip() or None,
    }


def ways(state: State, question: str) -> list[Way]:
    """Every way to answer, priced; counted again when anything changes that they rest on.

    Raises `KimiqaError` where the choice itself cannot be read, or no page has text.
    """
    now = time.time()
    conversation = talk(state)
    asked = len(state.remembered.get("turns", ()))
    documents = tuple(state.documents), tuple(state.opened)
    told = tuple(options(state).values())
    key = (documents, question, told, state.conversation, asked)
    kept = state.remembered.get("ways")
    if kept is None or kept[0] != key or now - kept[1] > PRICES_HOLD_SECONDS:
        found = conversation.ways(question, **options(state))
        state.remembered["ways"] = kept = (key, now, found)
    priced: list[Way] = kept[2]
    return priced


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

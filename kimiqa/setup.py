"""What a client is resolved to: model, endpoint, ledger and caps."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from kimiqa.amounts import USUAL_CAPS, amount
from kimiqa.caching import with_ttl
from kimiqa.errors import BadRequestError
from kimiqa.ledger import Budget, Ledger, host_of
from kimiqa.models import LOCAL, Model, get_model
from kimiqa.money import CostRange
from kimiqa.planner import Planner
from kimiqa.saying import say
from kimiqa.settings import (
    UNLIMITED,
    Limits,
    Secret,
    Settings,
    Target,
    home_folder,
    ledger_place,
    limits_for,
    load_settings,
    provider_at,
    resolve,
)
from kimiqa.singly import Pricer
from kimiqa.windows import effective_window


class _Default:
    """The home folder that the environment or the platform names."""

    def __repr__(self) -> str:
        return "<the default folder>"


DEFAULT_HOME: Final = _Default()
Home = str | os.PathLike[str] | None | _Default

KIMI = "kimi-k3"
KIMI_URL = "https://api.moonshot.ai/v1"


@dataclass(frozen=True, slots=True)
class Setup:
    """A model at an endpoint, with the ledger that books it and the caps that bind it."""

    model: Model
    target: Target
    home: Path | None
    ledger: Ledger
    budget: Budget
    settings: Settings
    effort: str | None
    allow_unpriced: bool = False
    openai_client: Any = None
    cache_ttl: str | None = None
    """How long the provider is asked to keep prompts; None leaves it at what is usual."""

    @classmethod
    def of(
        cls,
        model: str | None = None,
        *,
        api_key: str | None = None,
        base_url: str | None = None,
        home: Home = DEFAULT_HOME,
        budget: Budget | Decimal | str | None = None,
        effort: str | None = None,
        openai_client: Any = None,
        allow_unpriced: bool = False,
        env: Mapping[str, str] | None = None,
        ledger: Ledger | None = None,
        cache_ttl: str | None = None,
    ) -> Setup:
        """Resolve what was given, the settings and the environment, in this order."""
        folder = folder_of(home)
        settings = load_settings(folder)
        variables = os.environ if env is None else env
        if openai_client is not None:
            model_id, target = model or settings.model or KIMI, target_of(openai_client)
        else:
            model_id, target = resolve(model, api_key, base_url, variables, folder)
        chosen = with_ttl(get_model(model_id, base_url=target.base_url, home=folder), cache_ttl)
        return cls(
            model=chosen,
            target=target,
            home=folder,
            ledger=ledger or Ledger.open(ledger_place(folder, variables)),
            budget=_budget(budget, settings),
            settings=settings,
            effort=_effort(chosen, effort, settings),
            allow_unpriced=allow_unpriced,
            openai_client=openai_client,
            cache_ttl=cache_ttl,
        )

    @property
    def embedded(self) -> bool:
        """Whether the embedded endpoint answers."""
        return self.model.id == LOCAL.id

    @property
    def host(self) -> str:
        """The endpoint's host, with its port where one is named, as the ledger names it."""
        return host_of(self.target.base_url)

    @property
    def limits(self) -> Limits:
        """What the account may ask for; the embedded endpoint admits everything."""
        if self.embedded:
            return UNLIMITED
        return limits_for(self.target.name, self.settings.tier, self.settings.own_limits)

    @property
    def planner(self) -> Planner:
        """The planner for this model."""
        return Planner(
            model=self.model,
            base_url=self.target.base_url,
            host=self.host,
            ledger=self.ledger,
            budget=self.budget,
            effort=self.effort,
            allow_unpriced=self.allow_unpriced,
            limits=self.limits,
            cache_ttl=self.cache_ttl,
            reads=effective_window(self.model.id, self.target.base_url, self.home),
        )

    @property
    def tells_balance(self) -> bool:
        """Whether the endpoint says, for nothing, what is left in the account."""
        provider = provider_at(self.target.base_url)
        return provider is not None and provider.balance and not self.target.needs_key

    def needs_a_word(self, cost: CostRange) -> bool:
        """Whether a person should agree first: the ceiling is above the settings' threshold,
        which like a cap binds its own currency."""
        above, ceiling = self.settings.confirm_in(cost.currency), cost.ceiling
        if above is None or ceiling is None:
            return False
        return ceiling > above

    def beside(self) -> Setup:
        """Kimi, to be priced beside the embedded endpoint: quotes need no key."""
        kimi = get_model(KIMI, base_url=KIMI_URL, home=self.home)
        target = replace(self.target, base_url=KIMI_URL, name="moonshot", api_key=None)
        return replace(
            self, model=kimi, target=target, effort=_effort(kimi, self.effort, self.settings)
        )

    def pricer(self, question: str, options: Mapping[str, Any]) -> Pricer:
        """What prices a question for many documents, each by itself: Kimi's prices where the
        embedded endpoint would answer, which costs nothing."""
        planner = self.beside().planner if self.embedded else self.planner
        chosen = {name: value for name, value in options.items() if value is not None}
        if "max_cost" in chosen:
            chosen["max_cost"] = amount(chosen["max_cost"])
        return Pricer(planner, question, **chosen)


def folder_of(home: Home) -> Path | None:
    """The folder that `home` names; None keeps everything in memory."""
    if home is None:
        return None
    return home_folder(None if isinstance(home, _Default) else Path(home))


def target_of(client: Any) -> Target:
    """The endpoint of a caller's own `openai` client.

    Raises
    ------
    BadRequestError
        It is no such client.
    """
    if not (hasattr(client, "base_url") and hasattr(client, "api_key")):
        raise BadRequestError(
            say("openai_client is {kind}.", kind=type(client).__name__),
            "Pass an openai.OpenAI, or any openai.AsyncOpenAI.",
        )
    return Target(str(client.base_url).rstrip("/"), Secret(client.api_key), "yours")


def _effort(model: Model, effort: str | None, settings: Settings) -> str | None:
    if not model.efforts:
        return None
    if effort is not None:
        return effort
    return settings.effort if settings.effort in model.efforts else model.efforts[0]


def usual_budget(settings: Settings) -> Budget:
    """The caps that the settings name."""
    return Budget(
        question=settings.max_cost,
        day=settings.day_cap,
        month=settings.month_cap,
        currency=settings.currency,
        conversation=settings.conversation_cap,
        labels=settings.label_caps,
        beside=tuple(_beside(currency, caps) for currency, caps in settings.caps.items()),
    )


def _beside(currency: str, caps: Mapping[str, Any]) -> Budget:
    """The caps of a table. Where there is no usual cap per question, it has to name one that holds
    for every question: a table that caps something else would switch the hard stop off."""
    always = "question" in caps or caps.get("day") or caps.get("month")
    if currency not in USUAL_CAPS and not always:
        raise BadRequestError(
            say(
                "[caps.{currency}] names no cap that holds for every question, and there "
                "is no usual one.",
                currency=currency,
            ),
            'Add question = "2.00", or question = "none" if there is to be none.',
        )
    named = {name: cap for name, cap in caps.items() if name != "confirm_above"}
    return Budget(**{"question": USUAL_CAPS.get(currency), **named}, currency=currency)


def _budget(budget: Budget | Decimal | str | None, settings: Settings) -> Budget:
    if isinstance(budget, Budget):
        return budget
    usual = usual_budget(settings)
    return usual if budget is None else replace(usual, question=amount(budget))

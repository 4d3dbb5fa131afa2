"""Ask questions of long documents: a quote before, a receipt after, every citation checked.

The names load what they need when they are first used: `import kimiqa` itself is light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kimiqa.breakeven import BreakEven
    from kimiqa.citations import check_citations
    from kimiqa.client import AsyncClient, AsyncConversation, Client, Conversation
    from kimiqa.comparing import Offer
    from kimiqa.digest import Digest
    from kimiqa.document import Document, Page, Preview
    from kimiqa.efforts import Effort
    from kimiqa.errors import KimiqaError
    from kimiqa.ledger import Balance, Budget, Call, Ledger
    from kimiqa.models import Model, get_model
    from kimiqa.money import Cost, CostRange, Price, Range, Usage
    from kimiqa.plan import (
        Answer,
        Chunk,
        Citation,
        Cited,
        Coverage,
        Estimate,
        Finished,
        Plan,
        Progress,
        Reasoning,
        Request,
        Stage,
        Started,
        Text,
        Way,
    )
    from kimiqa.prices import cost_of
    from kimiqa.prompts import messages_for
    from kimiqa.ranking import choose_chunks
    from kimiqa.tokens import count_tokens

_HOMES = {
    "breakeven": ("BreakEven",),
    "citations": ("check_citations",),
    "client": ("AsyncClient", "AsyncConversation", "Client", "Conversation"),
    "comparing": ("Offer",),
    "digest": ("Digest",),
    "document": ("Document", "Page", "Preview"),
    "efforts": ("Effort",),
    "errors": ("KimiqaError",),
    "ledger": ("Balance", "Budget", "Call", "Ledger"),
    "models": ("Model", "get_model"),
    "money": ("Cost", "CostRange", "Price", "Range", "Usage"),
    "plan": (
        "Answer",
        "Chunk",
        "Citation",
        "Cited",
        "Coverage",
        "Estimate",
        "Finished",
        "Plan",
        "Progress",
        "Reasoning",
        "Request",
        "Stage",
        "Started",
        "Text",
        "Way",
    ),
    "prices": ("cost_of",),
    "prompts": ("messages_for",),
    "ranking": ("choose_chunks",),
    "tokens": ("count_tokens",),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])


__all__ = [
    "Answer",
    "AsyncClient",
    "AsyncConversation",
    "Balance",
    "BreakEven",
    "Budget",
    "Call",
    "Chunk",
    "Citation",
    "Cited",
    "Client",
    "Conversation",
    "Cost",
    "CostRange",
    "Coverage",
    "Digest",
    "Document",
    "Effort",
    "Estimate",
    "Finished",
    "KimiqaError",
    "Ledger",
    "Model",
    "Offer",
    "Page",
    "Plan",
    "Preview",
    "Price",
    "Progress",
    "Range",
    "Reasoning",
    "Request",
    "Stage",
    "Started",
    "Text",
    "Usage",
    "Way",
    "check_citations",
    "choose_chunks",
    "cost_of",
    "count_tokens",
    "get_model",
    "messages_for",
]

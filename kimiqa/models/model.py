"""The type `Model`, and the embedded endpoint's one."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from kimiqa.money import Price


@dataclass(frozen=True, slots=True)
class Model:
    """A model at an endpoint. None: not known."""

    id: str
    vendor: str | None = None
    context_window: int | None = None
    max_output_tokens: int | None = None
    """What an answer may have at most, reasoning included; the prompt takes from it too."""
    price: Price | None = None
    efforts: tuple[str, ...] = ()
    """What `reasoning_effort` may say, least first; empty where it must be left out."""
    fixed_sampling: bool = False
    """Whether temperature and the like must be left out."""
    reasons: bool = False
    thinking_switch: bool = False
    """Whether `{"thinking": {"type": "disabled"}}` turns reasoning off."""
    vocabulary: str = "o200k_base"
    margin: Decimal = Decimal(0)
    """The share by which a count with `vocabulary` may be off."""
    deprecated: bool = False
    cache_block: int | None = None
    """Prompt tokens are read from the cache in such steps; None where no rules are known."""
    cache_min_tokens: int = 0
    """The least tokens a prompt must have to be kept."""
    cache_ttl: int = 0
    """Seconds a prefix is kept after its last use."""
    cache_ttl_1h: int = 0
    """The same where the longer lifetime is asked for; 0 where there is none."""
    pictures: bool | None = None
    """Whether it takes pictures."""
    tools: bool | None = None
    """Whether it calls tools; where that is not known they are offered, and the endpoint says."""
    picture_patches: int | None = None
    """The most patches it cuts a picture into, which decides its tokens."""
    offered: bool | None = None
    """Whether the endpoint's own list of models has it; None where there is no list."""
    note: str = ""
    """What a user should know before paying, in one sentence."""


LOCAL = Model(
    "local",
    vendor="kimiqa",
    context_window=10_000_000,
    price=Price(Decimal(0), Decimal(0), Decimal(0), basis="embedded", source="kimiqa"),
    vocabulary="kimi_k3",
    pictures=False,
)
"""The embedded endpoint's model: it quotes, on this machine, for nothing."""
EMBEDDED_HOST = "kimiqa.local"

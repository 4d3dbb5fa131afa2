"""The models the server offers, with windows, rules and a price table of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

Thinking = Literal["always", "optional", "never"]
K3_EFFORTS = ("low", "high", "max")


@dataclass(frozen=True, slots=True)
class Rates:
    """Money per million tokens. `write_1h` is what a token costs that is kept for an hour;
    where it is None the model takes no one-hour option."""

    miss: Decimal
    hit: Decimal
    output: Decimal
    write_1h: Decimal | None = None


WEB_SEARCH = "$web_search"
SEARCH_FEES = {"USD": Decimal("0.005"), "CNY": Decimal("0.03")}
"""What each call of the built-in web search costs, beside the tokens of what it finds."""

FREE = Rates(Decimal(0), Decimal(0), Decimal(0))


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A model as this server offers it. `rates` are by currency."""

    id: str
    context_length: int = 1_048_576
    rates: Mapping[str, Rates] = field(default_factory=lambda: {"USD": FREE, "CNY": FREE})
    default_max_tokens: int = 131_072
    thinking: Thinking = "always"
    efforts: tuple[str, ...] = K3_EFFORTS
    fixed_sampling: bool = True
    forced_tools: bool = True
    """Whether `tool_choice: required` is taken."""
    tools: bool = True
    """Whether it calls tools; where not, a request that offers some is refused."""
    web: bool = True
    """Whether it takes the built-in web search among its tools."""
    vocabulary: str = "kimi_k3"
    pictures: bool = True
    patches: int = 65_536
    """The most patches a picture is cut into; more are scaled down to it."""

    def to_json(self) -> dict[str, object]:
        """An item of `/v1/models`: a window and abilities, never a price."""
        return {
            "id": self.id,
            "object": "model",
            "created": 1_784_160_000,
            "owned_by": "moonshot",
            "context_length": self.context_length,
            "supports_image_in": self.pictures,
            "supports_video_in": True,
            "supports_reasoning": self.thinking != "never",
        }


def _rates(miss: str, hit: str, output: str, write_1h: str | None = None) -> Rates:
    hour = Decimal(write_1h) if write_1h else None
    return Rates(Decimal(miss), Decimal(hit), Decimal(output), hour)


def _k3(model_id: str, **rates: Rates) -> ServedModel:
    return ServedModel(model_id, rates=rates)


def _k2(model_id: str, thinking: Thinking, *, forced_tools: bool, **rates: Rates) -> ServedModel:
    return ServedModel(
        model_id,
        context_length=262_144,
        rates=rates,
        default_max_tokens=32_768,
        thinking=thinking,
        efforts=(),
        forced_tools=forced_tools,
        vocabulary="kimi_k2",
        patches=16_384,
    )


MODELS: tuple[ServedModel, ...] = (
    _k3("kimi-k3.1-pro", USD=_rates("2.00", "0.20", "10.00", "4.00")),
    _k3("kimi-k3.1-pro-highspeed", USD=_rates("4.00", "0.20", "20.00", "8.00")),
    _k3(
        "kimi-k3",
        USD=_rates("3.00", "0.30", "15.00", "6.00"),
        CNY=_rates("20", "2", "100", "40"),
    ),
    _k2(
        "kimi-k2.7-code",
        "always",
        forced_tools=False,
        USD=_rates("0.95", "0.19", "4.00"),
        CNY=_rates("6.50", "1.30", "27"),
    ),
    _k2(
        "kimi-k2.7-code-highspeed",
        "always",
        forced_tools=False,
        USD=_rates("1.90", "0.38", "8.00"),
        CNY=_rates("13", "2.60", "54"),
    ),
    _k2(
        "kimi-k2.6",
        "optional",
        forced_tools=False,
        USD=_rates("0.95", "0.16", "4.00"),
        CNY=_rates("6.50", "1.10", "27"),
    ),
)


def offered(models: Sequence[ServedModel | str] | None, currency: str) -> dict[str, ServedModel]:
    """The models by id: those named, or all that have a price in the currency.

    A name that is not in the table becomes a free model with a K3's window and no reasoning.
    """
    known = {model.id: model for model in MODELS}
    if models is None:
        return {model.id: model for model in MODELS if currency in model.rates}
    named = (known.get(each) or _plain(each) if isinstance(each, str) else each for each in models)
    return {model.id: model for model in named}


def _plain(model_id: str) -> ServedModel:
    return ServedModel(model_id, thinking="never", efforts=(), fixed_sampling=False)

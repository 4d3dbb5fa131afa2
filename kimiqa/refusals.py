"""Why a question cannot be asked, with the numbers and the next step."""

from __future__ import annotations

from collections.abc import Sequence

from kimiqa.document import Document
from kimiqa.errors import (
    ContextWindowError,
    NoTextError,
    OverCapError,
    OverLimitError,
    PriceUnknownError,
    RefusedError,
)
from kimiqa.money import plain
from kimiqa.plan import Coverage
from kimiqa.plurals import counted
from kimiqa.question import Sized
from kimiqa.settings import Limits, next_tier
from kimiqa.tasks import needs_everything


def no_text(documents: Sequence[Document]) -> NoTextError:
    names = ", ".join(document.name for document in documents)
    pages = sum(len(document.pages) for document in documents)
    images = sum(page.status == "image" for each in documents for page in each.pages)
    if not images:
        why = "it is empty" if pages == 1 else f"none of the {pages:,} pages holds any"
        return NoTextError(
            f"There is no text on the pages asked for in {names}: {why}. Nothing was sent.",
            "Choose another file, or pages that have text.",
        )
    return NoTextError(
        f"There is no text on the pages asked for in {names}: "
        f"of {pages:,} {'page' if pages == 1 else 'pages'} {images:,} "
        f"{'holds' if images == 1 else 'hold'} only pictures. Nothing was sent.",
        "Read them by OCR (document.with_ocr(), --ocr), send them as pictures "
        '(pictures="scanned", --pictures scanned), have Kimi extract the text (--reader kimi), '
        "or choose pages that have text.",
    )


def over_limit(prompt: int, limit: int) -> ContextWindowError:
    return ContextWindowError(
        f"The prompt needs {prompt:,} tokens; the limit you set is {limit:,}.",
        "Raise the limit, choose pages, or ask by chunks.",
    )


def no_room(prompt: int, room: int | None) -> ContextWindowError:
    """Nothing of the documents would be sent, and it is never paid to ask about nothing."""
    within = "" if room is None else f" within {max(0, room):,}"
    return ContextWindowError(
        f"The rules and the question take {prompt:,} prompt tokens, and no chunk of the documents "
        f"fits beside them{within}.",
        "Raise the limit, or choose a model with a larger context window.",
    )


def over_window(model: str, prompt: int, window: int, least: int) -> ContextWindowError:
    return ContextWindowError(
        f"The prompt needs {prompt:,} tokens and an answer {least:,}; {model} holds {window:,}.",
        "Ask by chunks, choose pages, or choose a model with a larger context window.",
    )


def over_account(limits: Limits, prompt: int, least: int) -> OverLimitError:
    most = limits.request_tokens
    assert most is not None, "there is a limit where one is over it"
    whose = f"tier {limits.tier}" if limits.tier is not None else "your account"
    shorter = "lower max_completion_tokens, " if prompt < most[0] else ""
    higher = next_tier(limits, prompt + least)
    move = f"or move to tier {higher.name}, which admits it" if higher else "or raise the limit"
    return OverLimitError(
        f"The prompt has {prompt:,} tokens and its answer may have {least:,}: {whose} admits "
        f"{most[0]:,} tokens {most[1]}, so the question would never be admitted.",
        f"Ask by chunks, choose pages, {shorter}{move}.",
    )


def unpriced(model: str) -> PriceUnknownError:
    return PriceUnknownError(
        f"There is no price for {model}, so no cap on money can hold.",
        "Add it to prices.toml in kimiqa's folder, or ask without a cap that holds: "
        "--allow-unpriced (allow_unpriced=True).",
    )


def sizes(prompt: int, least: int) -> str:
    return f"It has {prompt:,} prompt tokens and room for an answer of {least:,}."


def with_fitting(refusal: RefusedError, fitting: Sequence[str]) -> RefusedError:
    """The refusal, its hint naming the ways that do fit."""
    if not fitting or not isinstance(refusal, ContextWindowError | OverCapError | OverLimitError):
        return refusal
    return type(refusal)(refusal.message, f"What does fit: {'; '.join(fitting)}. {refusal.hint}")


_WHOLE = "This asks for the whole document; chunks see"


def partial(question: str, coverage: Coverage, readable: int) -> str:
    """That chunks show a part only of what is asked for as a whole; empty where they do not."""
    if coverage.sent >= readable or not needs_everything(question):
        return ""
    return f"{_WHOLE} {coverage.sent:,} of {counted(readable, 'page')}."


def is_partial(warning: str) -> bool:
    """Whether a warning is that of `partial`."""
    return warning.startswith(_WHOLE)


def in_words(sized: Sized) -> str:
    """A way that fits, with its price."""
    money = sized.estimate.cost
    price = (
        "price unknown"
        if money.expected is None
        else f"about {plain(round(money.expected, 4))} {money.currency}"
    )
    return f"{sized.strategy} ({sized.estimate.prompt_tokens:,} prompt tokens, {price})"

"""Why a question cannot be asked, with the numbers and the next step."""

from __future__ import annotations

from collections.abc import Sequence

from kimiqa import figures
from kimiqa.document import Document
from kimiqa.errors import (
    ContextWindowError,
    NoTextError,
    OverCapError,
    OverLimitError,
    PriceUnknownError,
    RefusedError,
)
from kimiqa.plan import Coverage
from kimiqa.plurals import counted
from kimiqa.question import Sized
from kimiqa.saying import Said, joined, say, say_of
from kimiqa.settings import Limits, Tier, next_tier
from kimiqa.tasks import needs_everything


def no_text(documents: Sequence[Document]) -> NoTextError:
    names = ", ".join(document.name for document in documents)
    pages = sum(len(document.pages) for document in documents)
    images = sum(page.status == "image" for each in documents for page in each.pages)
    if not images:
        return NoTextError(
            say_of(
                pages,
                "There is no text on the pages asked for in {names}: it is empty. Nothing was "
                "sent.",
                "There is no text on the pages asked for in {names}: none of the {number:,} pages "
                "holds any. Nothing was sent.",
                names=names,
            ),
            "Choose another file, or pages that have text.",
        )
    return NoTextError(
        say_of(
            images,
            "There is no text on the pages asked for in {names}: of {pages} {number:,} holds only "
            "pictures. Nothing was sent.",
            "There is no text on the pages asked for in {names}: of {pages} {number:,} hold only "
            "pictures. Nothing was sent.",
            names=names,
            pages=counted(pages, "page"),
        ),
        "Read them by OCR (document.with_ocr(), --ocr), send them as pictures "
        '(pictures="scanned", --pictures scanned), have Kimi extract the text (--reader kimi), '
        "or choose pages that have text.",
    )


def over_limit(prompt: int, limit: int) -> ContextWindowError:
    return ContextWindowError(
        say(
            "The prompt needs {prompt:,} tokens; the limit you set is {limit:,}.",
            prompt=prompt,
            limit=limit,
        ),
        "Raise the limit, choose pages, or ask by chunks.",
    )


def no_room(prompt: int, room: int | None) -> ContextWindowError:
    """Nothing of the documents would be sent, and it is never paid to ask about nothing."""
    return ContextWindowError(
        say(
            "The rules and the question take {prompt:,} prompt tokens, and no chunk of the "
            "documents fits beside them.",
            prompt=prompt,
        )
        if room is None
        else say(
            "The rules and the question take {prompt:,} prompt tokens, and no chunk of the "
            "documents fits beside them within {room:,}.",
            prompt=prompt,
            room=max(0, room),
        ),
        "Raise the limit, or choose a model with a larger context window.",
    )


def over_window(model: str, prompt: int, window: int, least: int) -> ContextWindowError:
    return ContextWindowError(
        say(
            "The prompt needs {prompt:,} tokens and an answer {least:,}; {model} holds {window:,}.",
            prompt=prompt,
            least=least,
            model=model,
            window=window,
        ),
        "Ask by chunks, choose pages, or choose a model with a larger context window.",
    )


def over_account(limits: Limits, prompt: int, least: int) -> OverLimitError:
    most = limits.request_tokens
    assert most is not None, "there is a limit where one is over it"
    return OverLimitError(
        say(
            "The prompt has {prompt:,} tokens and its answer may have {least:,}: "
            "{whose} admits {most:,} tokens {span}, so the question would never be "
            "admitted.",
            prompt=prompt,
            least=least,
            whose=whose(limits),
            most=most[0],
            span=most[1],
        ),
        _smaller(next_tier(limits, prompt + least), lower=prompt < most[0]),
    )


def whose(limits: Limits) -> Said:
    """Whose limits they are, as it is told."""
    return say("your account") if limits.tier is None else say("tier {tier}", tier=limits.tier)


def _smaller(higher: Tier | None, *, lower: bool) -> Said:
    """What to do where the account admits no such question, even with a shorter answer."""
    if higher is None:
        return (
            say("Ask by chunks, choose pages, lower max_completion_tokens, or raise the limit.")
            if lower
            else say("Ask by chunks, choose pages, or raise the limit.")
        )
    if lower:
        return say(
            "Ask by chunks, choose pages, lower max_completion_tokens, or move to tier {tier}, "
            "which admits it.",
            tier=higher.name,
        )
    return say(
        "Ask by chunks, choose pages, or move to tier {tier}, which admits it.", tier=higher.name
    )


def unpriced(model: str) -> PriceUnknownError:
    return PriceUnknownError(
        say("There is no price for {model}, so no cap on money can hold.", model=model),
        "Add it to prices.toml in kimiqa's folder (or ask without a cap that holds: "
        "--allow-unpriced, allow_unpriced=True).",
    )


def sizes(prompt: int, least: int) -> Said:
    return say(
        "It has {prompt:,} prompt tokens and room for an answer of {least:,}.",
        prompt=prompt,
        least=least,
    )


def with_fitting(refusal: RefusedError, fitting: Sequence[str]) -> RefusedError:
    """The refusal, its hint naming the ways that do fit."""
    if not fitting or not isinstance(refusal, ContextWindowError | OverCapError | OverLimitError):
        return refusal
    fit = say("What does fit: {ways}.", ways=joined(fitting, "; "))
    return type(refusal)(refusal.message, joined([fit, refusal.hint]))


_WHOLE = "This asks for the whole document; chunks see"


def partial(question: str, coverage: Coverage, readable: int) -> Said:
    """That chunks show a part only of what is asked for as a whole; empty where they do not."""
    if coverage.sent >= readable or not needs_everything(question):
        return Said("")
    return say(
        "This asks for the whole document; chunks see {sent:,} of {pages}.",
        sent=coverage.sent,
        pages=counted(readable, "page"),
    )


def is_partial(warning: str) -> bool:
    """Whether a warning is that of `partial`."""
    return warning.startswith(_WHOLE)


def in_words(sized: Sized) -> Said:
    """A way that fits, with its price."""
    money, prompt = sized.estimate.cost, sized.estimate.prompt_tokens
    if money.expected is None:
        return say(
            "{strategy} ({prompt:,} prompt tokens, price unknown)",
            strategy=sized.strategy,
            prompt=prompt,
        )
    return say(
        "{strategy} ({prompt:,} prompt tokens, about {amount})",
        strategy=sized.strategy,
        prompt=prompt,
        amount=figures.money(money.expected, money.currency),
    )

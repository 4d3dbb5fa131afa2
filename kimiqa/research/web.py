"""Web search: the provider's own tool, off unless asked for, paid by the search.

Kimi's platform searches where a tool `$web_search` is called: the call's arguments come with the
tokens of what was found, and the provider puts that into the next prompt once the arguments are
sent back unchanged (the platform's documentation of its built-in tools). kimiqa never sees what
was found: it is priced as prompt tokens, and nothing that rests on it can be checked.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from kimiqa.errors import BadRequestError, NotAllowedError, PriceUnknownError, RefusedError
from kimiqa.paying import MOST_SEARCHES_PAID, WEB_SEARCH
from kimiqa.saying import say

if TYPE_CHECKING:
    from kimiqa.models import Model
    from kimiqa.money import Price
    from kimiqa.plan import ToolCall
    from kimiqa.question import Question

MOST_SEARCHES = 50
USUAL_TOKENS = 16_000
"""What is found is taken to have so many tokens where the provider does not say."""

TOOL: dict[str, Any] = {"type": "builtin_function", "function": {"name": WEB_SEARCH}}

TASK = """

You may also search the web, with the tool `$web_search`, at most {most} time(s): only for what \
the documents cannot tell, never in place of reading them. Say of everything that comes from \
there that it does, with its address, and put no marker such as [D1 p. 12] behind it. Nothing \
that stands in a document is searched for word for word."""


def checked(question: Question) -> int:
    """How many searches a question may make.

    Raises
    ------
    BadRequestError
        It is no such number.
    """
    most = question.web_searches
    if type(most) is not int or not 0 <= most <= MOST_SEARCHES:
        raise BadRequestError(
            say("Research cannot make {most} web searches.", most=repr(most)),
            say("Choose 0 to {most_searches}.", most_searches=MOST_SEARCHES),
        )
    return most


def refusal(question: Question, model: Model) -> RefusedError | None:
    """Why the web cannot be searched; None where it can, or is not to be."""
    if not question.web_searches:
        return None
    kept = [each.name for each in question.documents if each.only]
    if kept:
        return NotAllowedError(
            say(
                "{kept} may go only to places of its own, and a web search may carry its "
                "words elsewhere.",
                kept=kept[0],
            ),
            "Ask without web search, or lift the document's rule.",
        )
    if model.tools is False:
        return NotAllowedError(
            say("{model} calls no tools, and so cannot search the web.", model=model.id),
            "Ask without web search.",
        )
    if model.price is not None and model.price.web_search is None:
        return PriceUnknownError(
            say("What a web search costs with {model} is not known.", model=model.id),
            "Ask without web search, or put web_search (the price of one) into your price book.",
        )
    return None


def reserved(price: Price, searches: int) -> Decimal:
    """What the searches of one reply may cost at most; nothing where there are to be none. Also
    a reply that is to search no more is reserved for: a model may call for it all the same."""
    return MOST_SEARCHES_PAID * (price.web_search or Decimal(0)) if searches else Decimal(0)


def expected(price: Price, searches: int, at: int) -> Decimal:
    """What searches cost in a short run (0), as expected (1), and in a long one (2): none, half
    of them, all. That is assumed, not measured."""
    return searches * (price.web_search or Decimal(0)) * at / 2


def found_tokens(call: ToolCall) -> int:
    """The tokens of what a search has found, as its arguments tell them."""
    try:
        told = json.loads(call.arguments)["usage"]["total_tokens"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return USUAL_TOKENS
    return told if type(told) is int and told >= 0 else USUAL_TOKENS


def told(searches: int) -> str:
    """What an answer says of its web searches."""
    return say(
        "The web was searched {searches:,} time(s). What the answer takes from "
        "there is not checked: only pages of the documents are.",
        searches=searches,
    )

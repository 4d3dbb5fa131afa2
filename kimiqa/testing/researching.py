"""What the server answers a client that offers tools: it searches, reads a page, and quotes it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kimiqa.testing.answers import NOTHING, Scripted, SentPage, pages_in, quoted, wanted_words
from kimiqa.testing.messages import text_of

QUESTION = re.compile(r"Question: (.*)\Z", re.S)


@dataclass(slots=True)
class Replies:
    """One reply after the other, whatever is asked; the last one stays."""

    replies: Sequence[str | Scripted | Callable[[dict[str, Any]], str | Scripted]]
    given: int = 0

    def __call__(self, body: dict[str, Any]) -> str | Scripted:
        reply = self.replies[min(self.given, len(self.replies) - 1)]
        self.given += 1
        return reply(body) if callable(reply) else reply


@dataclass(slots=True)
class Researcher:
    """A model with a plan: search, read the best page, answer with a sentence of it.

    `looks` is how often it searches before it reads; `wrong` makes its first answer quote what
    stands nowhere. Tools are called in writing where none are offered.
    """

    looks: int = 1
    wrong: bool = False
    answered: int = field(default=0, init=False)

    def __call__(self, body: dict[str, Any]) -> str | Scripted:
        messages = body["messages"]
        found = [page for message in messages for page in _results(message)]
        rounds = sum(message["role"] == "assistant" for message in messages)
        question = _question(messages)
        if body.get("tool_choice") == "none" or rounds > self.looks:
            return self._answer(found, question)
        if rounds < self.looks:
            return _calls(
                body,
                ("search", {"queries": [question, f"{question} {rounds}"]}),
                *([("outline", {})] if rounds == 0 else []),
            )
        best = _best(found, question)
        if best is None:
            return NOTHING
        return _calls(body, ("read_pages", {"document": best.document, "pages": best.number}))

    def _answer(self, found: Sequence[SentPage], question: str) -> str:
        self.answered += 1
        best = _best(found, question)
        if best is None:
            return NOTHING
        if self.wrong and self.answered == 1:
            return f'It says "words that no page of it has ever held" [{best.document} p. 1].'
        return f"It says {quoted(best, wanted_words(question))}."


def tool_call(name: str, arguments: Mapping[str, Any] | str, number: int = 1) -> dict[str, Any]:
    """A tool call as it stands on the wire."""
    written = arguments if isinstance(arguments, str) else json.dumps(arguments)
    function = {"name": name, "arguments": written}
    return {"id": f"{name}:{number}", "type": "function", "function": function}


def _calls(body: Mapping[str, Any], *calls: tuple[str, Mapping[str, Any]]) -> str | Scripted:
    """Tool calls; in writing where the request offers no tools."""
    if body.get("tools"):
        made = [tool_call(name, given, at) for at, (name, given) in enumerate(calls, 1)]
        return Scripted(tool_calls=made)
    fenced = (json.dumps({"tool": name, "arguments": given}) for name, given in calls)
    return "\n".join(f"```json\n{each}\n```" for each in fenced)


def _results(message: Mapping[str, Any]) -> list[SentPage]:
    """The pages that a message of results holds."""
    text = text_of(message)
    return pages_in(text) if message["role"] == "tool" or "<result tool=" in text else []


def _question(messages: Sequence[Mapping[str, Any]]) -> str:
    asked = (QUESTION.search(text_of(each)) for each in messages if each["role"] == "user")
    return next((match[1].strip() for match in asked if match), "")


def _best(pages: Sequence[SentPage], question: str) -> SentPage | None:
    """The page that holds most of the question's words; the whole one where there is a choice."""
    wanted = wanted_words(question)

    def worth(page: SentPage) -> tuple[int, int]:
        return sum(word in page.text.lower() for word in wanted), len(page.text)

    held = [page for page in pages if worth(page)[0] and quoted(page, wanted)]
    return max(held, key=worth, default=None)

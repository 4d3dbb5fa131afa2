"""A question in private: laid out with placeholders, answered with what they stand for."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any
from weakref import WeakKeyDictionary

from kimiqa import rules
from kimiqa.document import Document
from kimiqa.endpoint import Delta, NoteDelta, ReasoningDelta, TextDelta
from kimiqa.errors import DocumentError, NotAllowedError
from kimiqa.personal.cover import Cover
from kimiqa.personal.looking import in_words
from kimiqa.personal.marks import Restoring
from kimiqa.plan import Plan, Request
from kimiqa.saying import Said, joined, say
from kimiqa.strategies.layout import Draft

_SHOWN = 5
REASONING = ("reasoning_content", "reasoning")


def covered(draft: Draft, beside: Sequence[str] = ()) -> Draft:
    """The same draft with placeholders in its documents, its turns and its question; `beside`
    are other texts that will be sent with it."""
    texts = [draft.question, *beside, *(_titles(each) for each in draft.documents)]
    for turn in draft.turns:
        texts += (turn.question, turn.answer)
    cover = Cover.of(draft.documents, texts, draft.counter)
    return replace(
        draft,
        question=cover.masked(draft.question),
        documents=cover.documents,
        turns=tuple(map(cover.turn, draft.turns)),
        cover=cover,
    )


_known: WeakKeyDictionary[Document, str] = WeakKeyDictionary()


def _titles(document: Document) -> str:
    """The titles of its table of contents: several ways send them, and a value may stand there
    alone."""
    if document not in _known:
        try:
            entries = document.outline() or ()
        except DocumentError:
            entries = ()
        _known[document] = "\n".join(" ".join(each.title.split()) for each in entries)
    return _known[document]


def may_go(plan: Plan, request: Request) -> None:
    """Hold a request once more against what was promised, just before it is sent.

    Raises
    ------
    NotAllowedError
        A document may not go to the endpoint, or the request of a private plan holds personal
        data as it is; nothing was sent.
    """
    rules.check(plan.documents, plan.endpoint)
    if plan.cover is None:
        return
    for content in _contents(request):
        parts = content if isinstance(content, list) else [{"type": "text", "text": content}]
        if any(part.get("type") != "text" for part in parts):
            raise NotAllowedError(
                "The question holds pictures of pages, in which nothing can be replaced. "
                "Nothing was sent.",
                "Read the pages by OCR instead, or ask without placeholders.",
            )
        if any(plan.cover.marks.held(str(part["text"])) for part in parts):
            raise NotAllowedError(
                "The question would send personal data as it is, which placeholders should "
                "stand for. Nothing was sent.",
                "Choose the whole document or chunks, or ask without placeholders.",
            )


def _contents(request: Request) -> Iterator[Any]:
    """All that messages say: their content, and what is replayed beside it."""
    for message in request.messages:
        yield message.get("content") or ""
        yield from (message[name] for name in REASONING if message.get(name))
        yield from (call["function"]["arguments"] for call in message.get("tool_calls", ()))


async def restored(deltas: AsyncGenerator[Delta], cover: Cover | None) -> AsyncGenerator[Delta]:
    """The deltas with values in place of placeholders, also where one is split between them."""
    async with aclosing(deltas):
        if cover is None:
            async for delta in deltas:
                yield delta
            return
        text, thought, said = Restoring(cover.marks), Restoring(cover.marks), list[str]()
        field = REASONING[0]
        async for delta in deltas:
            if isinstance(delta, TextDelta):
                said.append(delta.text)
                delta = TextDelta(text.feed(delta.text))
            elif isinstance(delta, ReasoningDelta):
                field = delta.field
                delta = replace(delta, text=thought.feed(delta.text))
            yield delta
        if rest := thought.close():
            yield ReasoningDelta(rest, field)
        if rest := text.close():
            yield TextDelta(rest)
        if odd := cover.marks.unknown("".join(said)):
            yield NoteDelta(_unknown(odd))


def _unknown(odd: Sequence[str]) -> Said:
    shown = ", ".join(list(dict.fromkeys(odd))[:_SHOWN])
    return say("The answer names placeholders that stand for nothing: {shown}.", shown=shown)


def first_time(documents: Sequence[Document], base_url: str, *, private: bool) -> list[str]:
    """What to know before documents go to an endpoint for the first time, a sentence each."""
    notes: list[str] = []
    for document in rules.first_sent(documents, base_url):
        found = document.personal_data()
        goes = say(
            "{name} goes to {where} for the first time.",
            name=document.name,
            where=rules.endpoint_in_words(base_url),
        )
        covered = say("It is sent with placeholders in their place.") if private and found else ""
        notes.append(joined([goes, in_words(found), covered]))
    return notes

"""What the server answers when nobody scripts it: quotes from the pages it was sent."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kimiqa.testing.messages import text_of

PAGE = re.compile(
    r'<document id="(?P<document>D\d+)"|<page n="(?P<page>\d+)"[^>]*>\n?(?P<text>.*?)</page>', re.S
)
CITED = re.compile(r'"[^"\n]{8,}" \[D\d+ pp?\. [\d-]+\]')
FENCE = re.compile(r"&lt;(?=\s?/?\s?(?:document|page))", re.I)
SENTENCE = re.compile(r"[^.!?。！？\n][^.!?。！？\n]{15,}[.!?。！？]?")
WORD = re.compile(r"[^\W_]{3,}")
COMMON = frozenset(
    WORD.findall(
        "and are but can does for from has have how its may not the that their them there these"
        " they this was were what when where which who whom why will with you your"
    )
)
FEWEST_WORDS, MOST_WORDS = 4, 30
NOTHING = "The pages that were sent do not answer this."


@dataclass(frozen=True, slots=True)
class Scripted:
    """A reply in full. `reasoning` is its text, or its length in tokens; None is drawn."""

    content: str = ""
    reasoning: str | int | None = None
    tool_calls: Sequence[Mapping[str, Any]] = ()
    """As on the wire: `{"id": ..., "type": "function", "function": {"name", "arguments"}}`."""
    finish_reason: str | None = None


Answerer = Callable[[dict[str, Any]], "str | Scripted"]


@dataclass(frozen=True, slots=True)
class SentPage:
    """A page, or a piece of one, as a prompt holds it."""

    document: str
    number: str
    text: str


def scripted(answer: str | Scripted | Answerer | None, body: dict[str, Any]) -> Scripted:
    """The reply to `body`: as scripted, or else quotes from its pages."""
    said = extract(body) if answer is None else answer
    if callable(said):
        said = said(body)
    return Scripted(said) if isinstance(said, str) else said


def extract(body: Mapping[str, Any]) -> str:
    """A short answer that quotes up to two pages, in the contract's form of a citation."""
    texts = [text_of(message) for message in body["messages"] if message.get("role") == "user"]
    pages = [page for text in texts for page in pages_in(text)]
    if not pages:
        return _without_pages(texts[-1] if texts else "")
    question = PAGE.sub(" ", texts[-1])
    wanted = wanted_words(question)
    best = sorted(pages, key=lambda page: -_score(page.text, wanted))[:2]
    quotes = [quoted(page, wanted) for page in best if _score(page.text, wanted)]
    return f"The document says {' and '.join(filter(None, quotes))}." if any(quotes) else NOTHING


def wanted_words(question: str) -> set[str]:
    """The words of a question that say what it is about."""
    return {word.lower() for word in WORD.findall(question)} - COMMON


def _without_pages(text: str) -> str:
    """A prompt that holds findings rather than pages: pass their citations on."""
    found = list(dict.fromkeys(CITED.findall(text)))
    return f"Together: {'; '.join(found[:8])}." if found else NOTHING


def pages_in(text: str) -> list[SentPage]:
    """The pages that a text holds."""
    document, pages = "D1", []
    for match in PAGE.finditer(text):
        if match["document"]:
            document = match["document"]
        else:
            pages.append(SentPage(document, match["page"], FENCE.sub("<", match["text"])))
    return pages


def _score(text: str, wanted: set[str]) -> int:
    lower = text.lower()
    return sum(word in lower for word in wanted)


def quoted(page: SentPage, wanted: set[str]) -> str:
    """The sentence sharing most words, cut to a length and kept free of quotation marks."""
    pieces = re.split(r"[\"“”«»„]", page.text)
    found = [sentence for piece in pieces for sentence in SENTENCE.findall(piece)]
    sentences = [sentence for sentence in found if len(sentence.split()) >= FEWEST_WORDS]
    if not sentences:
        return ""
    best = max(sentences, key=lambda sentence: _score(sentence, wanted))
    words = best.split()[:MOST_WORDS]
    whole = words[:-1] if words[-1].endswith("-") else words  # a line ends within that word
    return f'"{" ".join(whole)}" [{page.document} p. {page.number}]'

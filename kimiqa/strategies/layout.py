"""What a strategy plans from, and what it lays out: the messages, their size, their prefix."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from kimiqa import picturing
from kimiqa.document import Document, Page
from kimiqa.errors import OverLimitError
from kimiqa.models import Model
from kimiqa.personal.cover import Cover
from kimiqa.plan import Chunk, Coverage, LeftOut, Reason, Segment
from kimiqa.prompts import (
    DOCUMENT_CLOSE,
    PAGE_CLOSE,
    RULES,
    document_open,
    page_block,
    pieces_of,
)
from kimiqa.saying import say
from kimiqa.strategies.prefixes import PageTexts, Part, segments_of
from kimiqa.template import PRIOR, Template
from kimiqa.tokens import Counter

_UNREADABLE: dict[str, Reason] = {"empty": "empty", "image": "image", "failed": "failed"}


@dataclass(frozen=True, slots=True)
class Turn:
    """One finished turn of a conversation: enough to lay it out again, byte for byte."""

    question: str
    answer: str
    strategy: str
    chunks: tuple[Chunk, ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """A question with everything that decides its prompt."""

    question: str
    documents: tuple[Document, ...]
    pages: tuple[frozenset[int] | None, ...]
    """The chosen pages of each document; None is all."""
    model: Model
    counter: Counter
    room: int | None
    """The most prompt tokens there may be; None where nothing limits them."""
    fills_room: bool = False
    """Whether `chunks` sends what the room holds, and not what the material asks for."""
    chunk_tokens: int = 100
    turns: tuple[Turn, ...] = ()
    template: Template = PRIOR
    """What the model's chat template adds, as far as it is known."""
    cover: Cover | None = None
    """What stands for what, where personal data was replaced by placeholders."""

    ranking: str = "auto"
    """How the chunks are ranked: "bm25", "semantic" or "auto"."""

    pictures: tuple[frozenset[int], ...] = ()
    """The pages of each document whose pictures are sent; empty where none are."""

    queries: tuple[str, ...] = ()
    """What is searched for beside the question itself, where it was rewritten."""

    evidence: int | None = None
    """How many tokens of chunks are sent; None leaves it to the material."""

    def pictured(self, n: int) -> frozenset[int]:
        """The asked pages of document `n` whose pictures are sent."""
        if not self.pictures:
            return frozenset()
        selection, pictures = self.pages[n - 1], self.pictures[n - 1]
        return pictures if selection is None else pictures & selection

    def chosen(self, n: int, page: int) -> bool:
        """Whether page `page` of document `n` (from 1) is asked about."""
        selection = self.pages[n - 1]
        return selection is None or page in selection


@dataclass(frozen=True, slots=True)
class Layout:
    """A prompt, counted. `parts` holds the stretches of each message, in order."""

    messages: tuple[dict[str, Any], ...]
    parts: tuple[tuple[Part, ...], ...]
    coverage: Coverage
    chunks: tuple[Chunk, ...] = ()
    reason: str = ""
    template: Template = PRIOR
    counter: Counter | None = None
    pictures: int = 0
    """How many of its tokens are those of pictures."""
    block: int | None = None
    """The steps in which the provider's cache is read; None where its rules are not known."""
    _named: list[tuple[Segment, ...]] = field(
        default_factory=list, init=False, repr=False, compare=False
    )

    @property
    def own_tokens(self) -> int:
        """The tokens of the text that is sent, without the chat template's."""
        return sum(part.tokens for parts in self.parts for part in parts)

    @property
    def prompt_tokens(self) -> int:
        """All that is sent, the chat template's tokens included (as far as they are known)."""
        return self.own_tokens + self.template.tokens(len(self.parts))

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The prompt's prefixes, for the provider's cache: at every border of a part, and inside
        of parts where a block of the cache ends. The last one is the whole prompt."""
        assert self.counter is not None, "a layout without a counter is not counted"
        if not self._named:
            found = segments_of(self.parts, self.template, self.counter, self.block)
            self._named.append(found)
        return self._named[0]


def text_part(text: str, counter: Counter) -> Part:
    """The part that holds `text`."""
    return Part(counter.recount(text), text)


def document_parts(draft: Draft, n: int) -> tuple[Part, Part]:
    """The parts that hold document `n`'s block, without building it: its pages are counted once,
    inside their tags, which makes the sum equal to the count of the whole block. What closes it
    stands apart, for that differs where another document follows."""
    document, pages, counter = draft.documents[n - 1], draft.pages[n - 1], draft.counter
    counts, pictured = document.block_tokens(counter), draft.pictured(n)
    head = document_open(n, document.name, len(document.pages))
    chosen = [page for page in document.pages if pages is None or page.number in pages]
    shown = {page.number: _shown(draft, n, page) for page in chosen if page.number in pictured}

    def pieces() -> Iterator[tuple[str, int]]:
        before, more = head, counter.count(head)
        for page in chosen:
            for text, tokens in shown.get(page.number) or [
                (page_block(page.number, page.text), counts[page.number - 1])
            ]:
                yield before + text, more + tokens
                before, more = "", 0
        if before:
            yield before, more

    tokens = counter.count(head) + sum(
        sum(tokens for _, tokens in shown[page.number])
        if page.number in shown
        else counts[page.number - 1]
        for page in chosen
    )
    names = ("" if pages is None else sorted(pages), sorted(pictured) or "")
    key = f"{head}{document.id}{document.edition}{names[0]}{names[1]}"
    body = Part(tokens, pages=PageTexts(key, pieces, _stride(len(document.pages))))
    return body, text_part(_close(draft, n), counter)


def _shown(draft: Draft, n: int, page: Page) -> list[tuple[str, int]]:
    """A page with its picture, as it is counted: the text before it, itself, what closes it."""
    block = page_block(page.number, page.text, picture=True)
    cut = block.rindex(f"\n{PAGE_CLOSE}\n")
    count = draft.counter.count
    picture = (_name(draft, n, page.number), picture_tokens(draft, n, page.number))
    return [(block[:cut], count(block[:cut])), picture, (block[cut:], count(block[cut:]))]


def _name(draft: Draft, n: int, page: int) -> str:
    """Names a picture for the provider's cache: it is drawn once, and then always the same."""
    return f"\0picture {draft.documents[n - 1].id} {page} {picturing.DPI}"


def picture_tokens(draft: Draft, n: int, page: int) -> int:
    """The tokens of a page's picture, for the model that is asked."""
    patches = draft.model.picture_patches or picturing.FEWEST_PATCHES
    return picturing.picture_tokens(*draft.documents[n - 1].picture_size(page), patches)


def block_parts(draft: Draft, blocks: Sequence[str]) -> list[Part]:
    """The parts of a message's blocks: text, and pictures where there are any."""
    *others, last = pieces_of(blocks)
    return [_part(draft, piece) for piece in (*others, f"{last}\n\n")]


def _part(draft: Draft, piece: str | tuple[int, int]) -> Part:
    if isinstance(piece, str):
        return text_part(piece, draft.counter)
    name, tokens = _name(draft, *piece), picture_tokens(draft, *piece)
    return Part(tokens, pages=PageTexts(name, lambda: iter([(name, tokens)])))


class Drawing:
    """Pictures as they are sent. *Raises* `OverLimitError` where they are too large together."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._size = 0

    def __call__(self, n: int, page: int) -> str:
        url = picturing.data_url(self._draft.documents[n - 1].picture(page))
        self._size += len(url)
        if self._size > picturing.MOST_BYTES:
            raise OverLimitError(
                say(
                    "The pictures are larger than the {most_bytes:.0f} MB that one request "
                    "may hold. Nothing was sent.",
                    most_bytes=picturing.MOST_BYTES / 1e6,
                ),
                "Send fewer pages as pictures, or read them by OCR (--ocr).",
            )
        return url


def undrawn(n: int, page: int) -> str:
    """Stands for a picture where only sizes are wanted."""
    return ""


def _stride(pages: int) -> int:
    """Every how many pages a prefix is named: at most 64 of a document."""
    return max(1, -(-pages // 64))


def _close(draft: Draft, n: int) -> str:
    """A block's last line with what follows it: the next block, or a blank line."""
    return f"{DOCUMENT_CLOSE}\n\n" if n == len(draft.documents) else f"{DOCUMENT_CLOSE}\n"


def frame_tokens(name: str, pages: int, counter: Counter) -> int:
    """What stands round the pages of a document that is sent alone: its first line and its last."""
    return counter.count(document_open(1, name, pages)) + counter.count(f"{DOCUMENT_CLOSE}\n\n")


def rules_part(counter: Counter) -> Part:
    """The part that holds the rules."""
    return text_part(RULES, counter)


def unread(draft: Draft, n: int, document: Document) -> list[LeftOut]:
    """The pages of one document that no prompt can hold: empty, a picture, failed, not asked."""
    left = _reach(draft, n, document).left
    return [LeftOut(f"D{n}", pages, reason) for reason, pages in left.items()]


def _unreadable(page: Page) -> Reason | None:
    """Why a page has nothing to send: its status, or that no reader would see its text."""
    if page.hidden and not page.text.strip():
        return "hidden"
    return _UNREADABLE.get(page.status)


def readable(draft: Draft, n: int, document: Document) -> list[int]:
    """The numbers of the asked pages that have text, or whose picture is sent."""
    return list(_reach(draft, n, document).readable)


class _Reach(NamedTuple):
    """Which of these pages can be sent, and why the others cannot."""

    pages: tuple[Page, ...]
    asked: tuple[frozenset[int] | None, frozenset[int]]
    readable: tuple[int, ...]
    left: dict[Reason, tuple[int, ...]]


_reached: WeakKeyDictionary[Document, _Reach] = WeakKeyDictionary()
"""The last one of each document: every way to answer it asks for the same several times."""


def _reach(draft: Draft, n: int, document: Document) -> _Reach:
    asked = (draft.pages[n - 1], draft.pictured(n))
    known = _reached.get(document)
    if known is None or known.pages is not document.pages or known.asked != asked:
        _reached[document] = known = _divided(document.pages, *asked)
    return known


def _divided(
    pages: tuple[Page, ...], selection: frozenset[int] | None, pictured: frozenset[int]
) -> _Reach:
    held: list[int] = []
    left: dict[Reason, list[int]] = {}
    for page in pages:
        number = page.number
        if selection is not None and number not in selection:
            left.setdefault("not_chosen", []).append(number)
        elif (reason := _unreadable(page)) and number not in pictured:
            left.setdefault(reason, []).append(number)
        else:
            held.append(number)
    reasons = {reason: tuple(numbers) for reason, numbers in left.items()}
    return _Reach(pages, (selection, pictured), tuple(held), reasons)


def numbered(documents: Sequence[Document]) -> list[tuple[int, Document]]:
    """Documents with their numbers in the prompt, from 1."""
    return list(enumerate(documents, 1))
